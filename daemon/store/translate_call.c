/* translate_call.c: arguments by name, and VARIADIC arrays. */
#include "daemon/store/builtin.h"
#include "daemon/store/emit.h"
#include "daemon/store/extension.h"
#include "daemon/store/infer.h"
#include "daemon/store/translate_expr.h"

#include "lib/stringinfo.h"

/* Functions whose arguments have names that calls are written with, and what stands for one that is left
 * out: a number, t or f, a text in quotes; NULL: it must be there. */
static const struct call_names {
    const char *function;
    int nargs;
    const char *args[7], *defaults[7];
} call_names[] = {
    {"make_date", 3, {"year", "month", "day"}, {NULL}},
    {"make_interval",
     7,
     {"years", "months", "weeks", "days", "hours", "mins", "secs"},
     {"0", "0", "0", "0", "0", "0", "0"}},
    {"make_time", 3, {"hour", "min", "sec"}, {NULL}},
    {"make_timestamp", 6, {"year", "month", "mday", "hour", "min", "sec"}, {NULL}},
    {"make_timestamptz", 6, {"year", "month", "mday", "hour", "min", "sec"}, {NULL}},
    {"make_timestamptz", 7, {"year", "month", "mday", "hour", "min", "sec", "timezone"}, {NULL}},
    {"jsonb_set",
     4,
     {"jsonb_in", "path", "replacement", "create_if_missing"},
     {NULL, NULL, NULL, "t"}},
    {"jsonb_set_lax",
     5,
     {"jsonb_in", "path", "replacement", "create_if_missing", "null_value_treatment"},
     {NULL, NULL, NULL, "t", "'use_json_null"}},
    {"jsonb_insert", 4, {"jsonb_in", "path", "replacement", "insert_after"}, {NULL, NULL, NULL, "f"}},
    {"jsonb_path_exists", 4, {"target", "path", "vars", "silent"}, {NULL, NULL, "'{}", "f"}},
    {"jsonb_path_match", 4, {"target", "path", "vars", "silent"}, {NULL, NULL, "'{}", "f"}},
    {"jsonb_path_query", 4, {"target", "path", "vars", "silent"}, {NULL, NULL, "'{}", "f"}},
    {"jsonb_path_query_array", 4, {"target", "path", "vars", "silent"}, {NULL, NULL, "'{}", "f"}},
    {"jsonb_path_query_first", 4, {"target", "path", "vars", "silent"}, {NULL, NULL, "'{}", "f"}},
    {"parse_ident", 2, {"str", "strict"}, {NULL, "t"}},
};

static Node *call_default(const char *text)
{
    A_Const *c = palloc0(sizeof(*c));
    c->type = T_A_Const;
    c->location = -1;
    if (text[0] == '\'') {
        c->val.sval.type = T_String;
        c->val.sval.sval = pstrdup(text + 1);
    } else if (text[0] == '0') {
        c->val.ival.type = T_Integer;
    } else {
        c->val.boolval.type = T_Boolean;
        c->val.boolval.boolval = text[0] == 't';
    }
    return (Node *)c;
}

static int call_slot(const struct call_names *names, const char *name)
{
    for (int i = 0; i < names->nargs; i++)
        if (strcmp(names->args[i], name) == 0)
            return i;
    return -1;
}

static void call_named_refuse(struct scope *s, const FuncCall *f)
{
    tr_unsupported(s->tr, f->location, "a named argument of this call");
}

/* An argument that its place would not take is refused: the error would name other types. */
void call_named_fit(struct scope *s, const struct call *c)
{
    const struct infer_proc *p = infer_proc_named(c->name);
    while (p != NULL && p->nargs != c->nargs)
        p = infer_proc_next(p);
    for (int i = 0; i < c->nargs; i++)
        if (p == NULL || !infer_can_coerce(s->tr, c->args[i]->type, p->args[i], INFER_IMPLICIT))
            call_named_refuse(s, c->node);
}

/* The names that are said, in an order that may be. */
static bool call_names_any(struct scope *s, const FuncCall *f)
{
    bool named = false;
    for (int i = 0; i < list_length(f->args); i++) {
        const Node *arg = list_nth(f->args, i);
        const NamedArgExpr *with = IsA(arg, NamedArgExpr) ? (const NamedArgExpr *)arg : NULL;
        if (named && with == NULL)
            tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, exprLocation(arg),
                    "positional argument cannot follow named argument");
        for (int k = 0; with != NULL && k < i; k++) {
            const NamedArgExpr *before = list_nth(f->args, k);
            if (IsA(before, NamedArgExpr) && strcmp(before->name, with->name) == 0)
                tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, with->location,
                        "argument name \"%s\" used more than once", with->name);
        }
        named = named || with != NULL;
    }
    return named;
}

/* The arguments in the places that ${names} gives them; NIL: it is no such call. */
static List *call_placed(const struct call_names *names, const FuncCall *f)
{
    Node *slots[7] = {NULL};
    List *args = NIL;
    int n = list_length(f->args);
    for (int i = 0; i < n; i++) {
        Node *arg = list_nth(f->args, i);
        const NamedArgExpr *with = IsA(arg, NamedArgExpr) ? (const NamedArgExpr *)arg : NULL;
        int slot = with != NULL ? call_slot(names, with->name) : i;
        if (slot < 0 || slot >= names->nargs || slots[slot] != NULL)
            return NIL;
        slots[slot] = with != NULL ? (Node *)with->arg : arg;
    }
    for (int i = 0; i < names->nargs; i++) {
        if (slots[i] == NULL && names->defaults[i] == NULL)
            return NIL;
        args = lappend(args, slots[i] != NULL ? slots[i] : call_default(names->defaults[i]));
    }
    return args;
}

/* Of all functions of that name, none says what its arguments are called? */
static bool call_has_no_names(const char *name)
{
    const struct builtin_table *t = builtin_table("pg_proc");
    const struct builtin_key *key = builtin_key(t, (size_t)builtin_column(t, "proname"));
    uint32_t hash = builtin_hash_text((struct slice){name, strlen(name)});
    size_t at = 0, row;
    struct slice names;
    while (builtin_next(t, key, hash, &at, &row))
        if (builtin_field(t, row, (size_t)builtin_column(t, "proargnames"), &names))
            return false;
    return true;
}

/* 42883, with the names that were said. */
static void __attribute__((noreturn)) call_named_missing(struct scope *s, const char *name,
                                                         const FuncCall *f)
{
    StringInfoData text;
    ListCell *cell;
    initStringInfo(&text);
    foreach (cell, f->args) {
        Node *arg = lfirst(cell);
        const NamedArgExpr *with = IsA(arg, NamedArgExpr) ? (const NamedArgExpr *)arg : NULL;
        const struct expr *e = expr_make(s, with != NULL ? (Node *)with->arg : arg);
        appendStringInfo(&text, "%s%s%s%s", text.len == 0 ? "" : ", ", with != NULL ? with->name : "",
                         with != NULL ? " => " : "", infer_type_name(s->tr, infer_said(e)));
    }
    tr_set(s->tr, SQLSTATE_UNDEFINED_FUNCTION, f->location, "function %s(%s) does not exist", name,
           text.data);
    err_hint(s->tr->err, "No function matches the given name and argument types. You might need to add"
                         " explicit type casts.");
    tr_throw(s->tr);
}

/* Those of the call, unless it names some. */
List *call_named(struct scope *s, const char *name, const FuncCall *f)
{
    if (!call_names_any(s, f))
        return f->args;
    if (s->tr->capture != NULL || f->agg_star || f->agg_order != NIL || f->agg_filter != NULL ||
        f->over != NULL || f->agg_distinct || f->func_variadic)
        call_named_refuse(s, f);
    bool known = call_has_no_names(name);
    for (size_t i = 0; i < sizeof(call_names) / sizeof(call_names[0]); i++) {
        bool same = strcmp(call_names[i].function, name) == 0;
        List *args = same ? call_placed(&call_names[i], f) : NIL;
        known = known || same;
        if (args != NIL)
            return args;
    }
    if (!known || extension_proc(s->tr->catalog, NULL, name) != NULL)
        call_named_refuse(s, f);
    call_named_missing(s, name, f);
}

/* VARIADIC: the array itself, where a list of its elements would stand. */
void call_variadic(struct scope *s, struct call *c)
{
    uint32_t types[FUNC_MAX_ARGS];
    const struct infer_proc *p = infer_proc_named(c->name);
    const char *as = strcmp(c->name, "concat") == 0 || strcmp(c->name, "concat_ws") == 0
                         ? "array_to_string"
                         : c->name;
    struct expr *last = c->args[c->nargs - 1];
    if (as != c->name && infer_category(s->tr, last->type) != 'A')
        tr_unsupported(s->tr, c->node->location, "VARIADIC of this argument");
    if (as != c->name) { /* elements that are NULL are left out by both */
        struct expr *by = c->nargs == 2 ? c->args[0] : expr_new(EXPR_CONST, TYPES_UNKNOWN, "''", -1);
        by->value = c->nargs == 2 ? by->value : "";
        if (c->nargs != (strcmp(c->name, "concat") == 0 ? 1 : 2))
            tr_unsupported(s->tr, c->node->location, "VARIADIC of this call");
        c->args[0] = last;
        c->args[1] = by;
        c->nargs = 2;
        p = NULL;
    } else {
        while (p != NULL && (p->variadic == 0 || p->nargs != c->nargs))
            p = infer_proc_next(p);
        if (p == NULL || p->variadic == ANYOID)
            tr_unsupported(s->tr, c->node->location, "VARIADIC of this call");
    }
    for (int i = 0; i < c->nargs; i++)
        types[i] = infer_said(c->args[i]);
    if (p == NULL) {
        infer_call_find(s->tr, as, types, c->nargs, false, c->node->location, &c->found);
    } else {
        c->found = (struct infer_call){.proc = p, .result = p->result};
        for (int i = 0; i < c->nargs; i++) {
            if (!infer_can_coerce(s->tr, types[i], p->args[i], INFER_IMPLICIT))
                tr_unsupported(s->tr, c->node->location, "VARIADIC of this argument");
            c->found.types[i] = p->args[i];
        }
    }
}
