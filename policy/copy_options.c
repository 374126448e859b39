/* The options of COPY, as ProcessCopyOptions of PostgreSQL 15 reads them.
 *
 * How rows are cut depends on some of them; the server must not understand one otherwise than
 * Partywall has. */
#include "policy/scope.h"

#include "protocol/sqlstate.h"

#include <string.h>

static const DefElem *find(const List *options, const char *name)
{
    ListCell *cell;
    foreach (cell, options) {
        const DefElem *option = lfirst(cell);
        if (!strcmp(option->defname, name))
            return option;
    }
    return NULL;
}

static int check_names(struct scoper *s, const List *options)
{
    static const char *const known[] = {"format", "freeze", "delimiter",   "null",
                                        "header", "quote",  "escape",      "force_quote",
                                        "force_not_null",   "force_null",  "encoding"};
    ListCell *cell;
    foreach (cell, options) {
        const DefElem *option = lfirst(cell);
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            found = found || !strcmp(option->defname, known[i]);
        if (!found)
            return scope_refuse(s, SQLSTATE_SYNTAX_ERROR, option->location,
                                "option \"%s\" not recognized", option->defname);
        if (find(options, option->defname) != option)
            return scope_refuse(s, SQLSTATE_SYNTAX_ERROR, option->location,
                                "conflicting or redundant options");
    }
    return 0;
}

/* The option's value as a text; ${otherwise} if it is not among ${options}; NULL: refused. */
static const char *text_of(struct scoper *s, const List *options, const char *name,
                           const char *otherwise)
{
    const DefElem *option = find(options, name);
    if (!option)
        return otherwise;
    if (option->arg && IsA(option->arg, String))
        return strVal(option->arg);
    if (option->arg && IsA(option->arg, Integer))
        return psprintf("%d", intVal(option->arg));
    scope_refuse(s, SQLSTATE_SYNTAX_ERROR, option->location, "%s requires a text", name);
    return NULL;
}

static int one_byte(struct scoper *s, const List *options, const char *name, char otherwise,
                    char *ret)
{
    const char standard[] = {otherwise, '\0'};
    const char *text = text_of(s, options, name, standard);
    if (!text)
        return -1;
    if (strlen(text) != 1)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, find(options, name)->location,
                            "COPY %s must be a single one-byte character", name);
    *ret = text[0];
    return 0;
}

static int read_kind(struct scoper *s, const List *options, enum copy_kind *ret)
{
    static const char *const names[] = {[COPY_TEXT] = "text", [COPY_CSV] = "csv",
                                        [COPY_BINARY] = "binary"};
    const char *text = text_of(s, options, "format", "text");
    for (int i = COPY_TEXT; text && i <= COPY_BINARY; i++)
        if (!strcmp(text, names[i])) {
            *ret = (enum copy_kind)i;
            return 0;
        }
    return text ? scope_refuse(s, SQLSTATE_INVALID_PARAMETER_VALUE,
                               find(options, "format")->location,
                               "COPY format \"%s\" not recognized", text)
                : -1;
}

static int read_header(struct scoper *s, const List *options, enum copy_header *ret)
{
    static const struct {
        const char *text;
        enum copy_header means;
    } words[] = {{"true", COPY_HEADER},    {"on", COPY_HEADER},     {"1", COPY_HEADER},
                 {"false", COPY_NO_HEADER}, {"off", COPY_NO_HEADER}, {"0", COPY_NO_HEADER},
                 {"match", COPY_HEADER_MATCH}};
    const DefElem *option = find(options, "header");
    *ret = option ? COPY_HEADER : COPY_NO_HEADER;
    if (!option || !option->arg)
        return 0;
    if (IsA(option->arg, Boolean)) {
        *ret = boolVal(option->arg) ? COPY_HEADER : COPY_NO_HEADER;
        return 0;
    }
    const char *text = text_of(s, options, "header", NULL);
    for (size_t i = 0; text && i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(text, words[i].text)) {
            *ret = words[i].means;
            return 0;
        }
    return scope_refuse(s, SQLSTATE_SYNTAX_ERROR, option->location,
                        "header requires a Boolean value or \"match\"");
}

static int check_encoding(struct scoper *s, const CopyStmt *stmt)
{
    const char *name = text_of(s, stmt->options, "encoding", "UTF8");
    if (!name || !stmt->is_from || policy_setting_fits("client_encoding", name))
        return name ? 0 : -1;
    return scope_refuse(s, SQLSTATE_INVALID_PARAMETER_VALUE,
                        find(stmt->options, "encoding")->location,
                        "COPY FROM in encoding \"%s\" is not allowed for confined sessions: only "
                        "UTF8 is", name);
}

static int check_delimiter(struct scoper *s, const CopyStmt *stmt, const struct copy_format *f)
{
    static const char never[] = "\\.abcdefghijklmnopqrstuvwxyz0123456789";
    bool line_end = f->delimiter == '\n' || f->delimiter == '\r';
    if (!line_end && (f->kind == COPY_CSV ? f->delimiter != f->quote
                                          : strchr(never, f->delimiter) == NULL))
        return 0;
    const DefElem *option = find(stmt->options, "delimiter");
    return scope_refuse(s, SQLSTATE_INVALID_PARAMETER_VALUE, option ? option->location : -1,
                        "COPY delimiter cannot be a line end, the quote, or, in text format, a "
                        "backslash, a point, a lower case letter or a digit");
}

int copy_options(struct scoper *s, const CopyStmt *stmt, struct copy_format *ret)
{
    const List *options = stmt->options;
    if (check_names(s, options) < 0 || read_kind(s, options, &ret->kind) < 0 ||
        read_header(s, options, &ret->header) < 0 || check_encoding(s, stmt) < 0 ||
        one_byte(s, options, "delimiter", ret->kind == COPY_CSV ? ',' : '\t',
                 &ret->delimiter) < 0 ||
        one_byte(s, options, "quote", '"', &ret->quote) < 0 ||
        one_byte(s, options, "escape", ret->quote, &ret->escape) < 0)
        return -1;
    return ret->kind == COPY_BINARY ? 0 : check_delimiter(s, stmt, ret);
}

/* -- rows that lack a column -- */

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static int check_list(struct scoper *s, const List *options, const char *name, const char *column)
{
    const DefElem *option = find(options, name);
    ListCell *cell;
    if (!option || !option->arg || !IsA(option->arg, List))
        return 0;
    foreach (cell, (const List *)option->arg)
        if (IsA(lfirst(cell), String) && !strcmp(strVal(lfirst(cell)), column))
            return scope_refuse(s, "42P10", option->location,
                                "%s column \"%s\" not referenced by COPY", name, column);
    return 0;
}

int copy_options_fit(struct scoper *s, const CopyStmt *stmt, const struct copy_format *f,
                     const struct catalog_column *column)
{
    /* copyfromparse.c may take a backslash that is the quote for one twice */
    if (f->kind == COPY_CSV &&
        (f->quote == '\\' || is_line_end(f->quote) || is_line_end(f->escape)))
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, stmt->relation->location,
                            "COPY with this quote or escape must name column \"%s\" and give its "
                            "value", column->name);
    return check_list(s, stmt->options, "force_not_null", column->name) < 0 ||
                   check_list(s, stmt->options, "force_null", column->name) < 0
               ? -1
               : 0;
}
