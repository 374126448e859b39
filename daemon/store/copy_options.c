/* copy_options.c: the options of COPY, refused in PostgreSQL's order and words. */
#include "daemon/store/copy.h"
#include "daemon/store/statement.h"

#include <strings.h>

struct given {
    const char *delimiter, *null, *quote, *escape;
    const DefElem *force_quote, *force_not_null, *force_null, *encoding;
    bool format, freeze, header;
};

static int at(const struct prepared *p, const DefElem *o, struct err *err)
{
    if (o->location >= 0) {
        err->position = o->location + 1;
        statement_position(p->sql, err);
    }
    return -1;
}

static int twice(const struct prepared *p, const DefElem *o, struct err *err)
{
    err_set(err, SQLSTATE_SYNTAX_ERROR, "conflicting or redundant options");
    return at(p, o, err);
}

static const char *text_of(const DefElem *o)
{
    if (!o->arg)
        return NULL;
    if (IsA(o->arg, String))
        return strVal(o->arg);
    if (IsA(o->arg, Boolean))
        return boolVal(o->arg) ? "true" : "false";
    if (IsA(o->arg, Integer))
        return psprintf("%d", intVal(o->arg));
    return IsA(o->arg, Float) ? ((const Float *)o->arg)->fval : NULL;
}

static int take_text(const struct prepared *p, const DefElem *o, const char **ret, struct err *err)
{
    const char *text = text_of(o);
    if (*ret)
        return twice(p, o, err);
    if (!text)
        return err_set(err, SQLSTATE_SYNTAX_ERROR, "%s requires a parameter", o->defname);
    *ret = text;
    return 0;
}

static int take_bool(const DefElem *o, bool *ret)
{
    const char *text = text_of(o);
    *ret = true;
    if (!o->arg || !text)
        return o->arg ? -1 : 0;
    if (strcasecmp(text, "true") == 0 || strcasecmp(text, "on") == 0 || strcmp(text, "1") == 0)
        return 0;
    *ret = false;
    return strcasecmp(text, "false") == 0 || strcasecmp(text, "off") == 0 || strcmp(text, "0") == 0
               ? 0
               : -1;
}

static int take_header(const CopyStmt *s, const DefElem *o, struct copy_plan *plan, struct err *err)
{
    const char *text = text_of(o);
    bool on;
    if (text && IsA(o->arg, String) && strcasecmp(text, "match") == 0) {
        if (!s->is_from)
            return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "cannot use \"%s\" with HEADER in COPY TO", text);
        plan->header = COPY_HEADER_SAME;
        return 0;
    }
    if (take_bool(o, &on) < 0)
        return err_set(err, SQLSTATE_SYNTAX_ERROR, "%s requires a Boolean value or \"match\"",
                       o->defname);
    plan->header = on ? COPY_HEADER_SKIP : COPY_HEADER_NONE;
    return 0;
}

static int take_format(const struct prepared *p, const DefElem *o, struct copy_plan *plan,
                       struct err *err)
{
    const char *text = text_of(o);
    if (text && strcmp(text, "text") == 0)
        plan->format = COPY_AS_TEXT;
    else if (text && strcmp(text, "csv") == 0)
        plan->format = COPY_AS_CSV;
    else if (text && strcmp(text, "binary") == 0)
        plan->format = COPY_AS_BINARY;
    else {
        err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "COPY format \"%s\" not recognized",
                text ? text : "");
        return at(p, o, err);
    }
    return 0;
}

static int take_list(const struct prepared *p, const DefElem *o, const DefElem **ret, bool star,
                     struct err *err)
{
    if (*ret)
        return twice(p, o, err);
    *ret = o;
    if (o->arg && (IsA(o->arg, List) || (star && IsA(o->arg, A_Star))))
        return 0;
    err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
            "argument to option \"%s\" must be a list of column names", o->defname);
    return at(p, o, err);
}

static int take_encoding(const struct prepared *p, const DefElem *o, struct err *err)
{
    const char *text = text_of(o);
    if (text && (strcasecmp(text, "utf8") == 0 || strcasecmp(text, "utf-8") == 0 ||
                 strcasecmp(text, "unicode") == 0))
        return 0;
    err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
            "COPY with ENCODING \"%s\" is not supported by the embedded store", text ? text : "");
    return at(p, o, err);
}

static int take(const struct prepared *p, const CopyStmt *s, const DefElem *o, struct given *g,
                struct copy_plan *plan, struct err *err)
{
    const char *name = o->defname;
    if (strcmp(name, "format") == 0) {
        bool before = g->format;
        g->format = true;
        return before ? twice(p, o, err) : take_format(p, o, plan, err);
    }
    if (strcmp(name, "freeze") == 0) {
        bool before = g->freeze;
        g->freeze = true;
        if (before)
            return twice(p, o, err);
        return take_bool(o, &plan->freeze) == 0
                   ? 0
                   : err_set(err, SQLSTATE_SYNTAX_ERROR, "%s requires a Boolean value", name);
    }
    if (strcmp(name, "header") == 0) {
        bool before = g->header;
        g->header = true;
        return before ? twice(p, o, err) : take_header(s, o, plan, err);
    }
    if (strcmp(name, "delimiter") == 0)
        return take_text(p, o, &g->delimiter, err);
    if (strcmp(name, "null") == 0)
        return take_text(p, o, &g->null, err);
    if (strcmp(name, "quote") == 0)
        return take_text(p, o, &g->quote, err);
    if (strcmp(name, "escape") == 0)
        return take_text(p, o, &g->escape, err);
    if (strcmp(name, "force_quote") == 0)
        return take_list(p, o, &g->force_quote, true, err);
    if (strcmp(name, "force_not_null") == 0)
        return take_list(p, o, &g->force_not_null, false, err);
    if (strcmp(name, "force_null") == 0)
        return take_list(p, o, &g->force_null, false, err);
    if (strcmp(name, "encoding") == 0) {
        if (g->encoding)
            return twice(p, o, err);
        g->encoding = o;
        return take_encoding(p, o, err);
    }
    err_set(err, SQLSTATE_SYNTAX_ERROR, "option \"%s\" not recognized", name);
    return at(p, o, err);
}

static int no(struct err *err, const char *sqlstate, const char *message)
{
    return err_set(err, sqlstate, "%s", message);
}

static int check_quotes(const CopyStmt *s, const struct given *g, const struct copy_plan *plan,
                        struct err *err)
{
    static const char unsupported[] = SQLSTATE_FEATURE_NOT_SUPPORTED;
    bool csv = plan->format == COPY_AS_CSV;
    if (!csv && g->quote)
        return no(err, unsupported, "COPY quote available only in CSV mode");
    if (csv && g->quote && strlen(g->quote) != 1)
        return no(err, unsupported, "COPY quote must be a single one-byte character");
    if (csv && plan->delimiter == plan->quote)
        return no(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                  "COPY delimiter and quote must be different");
    if (!csv && g->escape)
        return no(err, unsupported, "COPY escape available only in CSV mode");
    if (csv && g->escape && strlen(g->escape) != 1)
        return no(err, unsupported, "COPY escape must be a single one-byte character");
    if (!csv && g->force_quote)
        return no(err, unsupported, "COPY force quote available only in CSV mode");
    if (g->force_quote && s->is_from)
        return no(err, unsupported, "COPY force quote only available using COPY TO");
    if (!csv && g->force_not_null)
        return no(err, unsupported, "COPY force not null available only in CSV mode");
    if (g->force_not_null && !s->is_from)
        return no(err, unsupported, "COPY force not null only available using COPY FROM");
    if (!csv && g->force_null)
        return no(err, unsupported, "COPY force null available only in CSV mode");
    if (g->force_null && !s->is_from)
        return no(err, unsupported, "COPY force null only available using COPY FROM");
    if (strchr(plan->null, plan->delimiter))
        return no(err, unsupported, "COPY delimiter must not appear in the NULL specification");
    if (csv && strchr(plan->null, plan->quote))
        return no(err, unsupported,
                  "CSV quote character must not appear in the NULL specification");
    return 0;
}

static int check(const CopyStmt *s, const struct given *g, struct copy_plan *plan, struct err *err)
{
    bool csv = plan->format == COPY_AS_CSV, binary = plan->format == COPY_AS_BINARY;
    if (binary && g->delimiter)
        return no(err, SQLSTATE_SYNTAX_ERROR, "cannot specify DELIMITER in BINARY mode");
    if (binary && g->null)
        return no(err, SQLSTATE_SYNTAX_ERROR, "cannot specify NULL in BINARY mode");
    const char *delimiter = g->delimiter ? g->delimiter : csv ? "," : "\t";
    plan->null = g->null ? g->null : csv ? "" : "\\N";
    plan->quote = g->quote && g->quote[0] ? g->quote[0] : '"';
    plan->escape = g->escape && g->escape[0] ? g->escape[0] : plan->quote;
    if (strlen(delimiter) != 1)
        return no(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                  "COPY delimiter must be a single one-byte character");
    plan->delimiter = delimiter[0];
    if (strchr("\r\n", delimiter[0]))
        return no(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                  "COPY delimiter cannot be newline or carriage return");
    if (strpbrk(plan->null, "\r\n"))
        return no(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                  "COPY null representation cannot use newline or carriage return");
    if (!csv && strchr("\\.abcdefghijklmnopqrstuvwxyz0123456789", delimiter[0]))
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "COPY delimiter cannot be \"%s\"",
                       delimiter);
    if (binary && plan->header != COPY_HEADER_NONE)
        return no(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "cannot specify HEADER in BINARY mode");
    return check_quotes(s, g, plan, err);
}

static struct copy_column *find(struct copy_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->ncolumns; i++)
        if (strcmp(plan->columns[i].name, name) == 0)
            return &plan->columns[i];
    return NULL;
}

/* FORCE_QUOTE and the like name columns of the COPY. */
static int mark(struct copy_plan *plan, const struct store_table *t, const DefElem *o, size_t field,
                const char *word, struct err *err)
{
    ListCell *cell;
    if (!o)
        return 0;
    if (IsA(o->arg, A_Star)) {
        for (size_t i = 0; i < plan->ncolumns; i++)
            *(bool *)((char *)&plan->columns[i] + field) = true;
        return 0;
    }
    foreach (cell, (const List *)o->arg) {
        const char *name = strVal(lfirst(cell));
        struct copy_column *col = find(plan, name);
        if (!col && !t)
            return err_set(err, SQLSTATE_UNDEFINED_COLUMN, "column \"%s\" does not exist", name);
        if (!col && !store_table_column(t, name))
            return err_set(err, SQLSTATE_UNDEFINED_COLUMN,
                           "column \"%s\" of relation \"%s\" does not exist", name, t->name);
        if (!col)
            return err_set(err, "42P10", "%s column \"%s\" not referenced by COPY", word, name);
        *(bool *)((char *)col + field) = true;
    }
    return 0;
}

int copy_plan_options(struct prepared *p, const CopyStmt *s, const struct store_table *t,
                      struct copy_plan *plan, struct err *err)
{
    struct given g = {0};
    ListCell *cell;
    foreach (cell, s->options)
        if (take(p, s, lfirst(cell), &g, plan, err) < 0)
            return -1;
    if (check(s, &g, plan, err) < 0)
        return -1;
    plan->null = arena_strdup(&p->arena, plan->null);
    if (!plan->null)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (mark(plan, t, g.force_quote, offsetof(struct copy_column, force_quote), "FORCE_QUOTE",
             err) < 0 ||
        mark(plan, t, g.force_not_null, offsetof(struct copy_column, force_not_null),
             "FORCE_NOT_NULL", err) < 0)
        return -1;
    return mark(plan, t, g.force_null, offsetof(struct copy_column, force_null), "FORCE_NULL", err);
}
