/* Functions about the system's objects, and casts to their names.
 *
 * pg_get_indexdef(16400) and 16400::regclass tell about whatever has that number.  So they take only
 * objects: values of columns that catalogs.h marks with #, read from a relation that scope_catalog.c has
 * confined to rows that the client may see.  An object stays one through subqueries, CTEs, CASE and the like.
 * Names are looked up (to_regclass and its like) only to be compared with an object. */
#include "policy/catalogs.h"
#include "policy/scope.h"

#include "protocol/sqlstate.h"

#include <stdlib.h>
#include <string.h>

static bool is_null(const Node *node)
{
    return IsA(node, A_Const) && ((const A_Const *)node)->isnull;
}

const char *scope_type_name(const TypeName *type)
{
    int n = list_length(type->names);
    if (n > 2 || (n == 2 && strcmp(strVal(linitial(type->names)), "pg_catalog") != 0))
        return "";
    return strVal(llast(type->names));
}

static bool all_objects(struct scoper *s, const struct level *l, const List *nodes)
{
    ListCell *cell;
    foreach (cell, nodes)
        if (!is_null(lfirst(cell)) && !scope_is_object(s, l, lfirst(cell)))
            return false;
    return nodes != NIL;
}

static bool case_is_object(struct scoper *s, const struct level *l, const CaseExpr *node)
{
    List *results = node->defresult ? list_make1(node->defresult) : NIL;
    ListCell *cell;
    foreach (cell, node->args)
        results = lappend(results, lfirst_node(CaseWhen, cell)->result);
    return all_objects(s, l, results);
}

/* Calls that return what they are given, or some of it. */
static bool call_is_object(struct scoper *s, const struct level *l, const FuncCall *call)
{
    static const char *const names[] = {"array_agg", "max", "min", "unnest"};
    const char *name = strVal(llast(call->funcname));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], name))
            return authorise_means_builtin(&s->auth, call->funcname) && all_objects(s, l, call->args);
    return false;
}

static bool sublink_is_object(const struct scoper *s, const SubLink *link)
{
    ListCell *cell;
    if (link->subLinkType != EXPR_SUBLINK && link->subLinkType != ARRAY_SUBLINK)
        return false;
    foreach (cell, s->sublinks) {
        const struct sublink *note = lfirst(cell);
        if (note->link == link)
            return note->outputs && note->outputs->n == 1 && note->outputs->items[0].object;
    }
    return false;
}

static bool cast_keeps(const TypeName *type)
{
    static const char *const names[] = {"int8", "oid", "regclass", "regnamespace", "regtype"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], scope_type_name(type)))
            return true;
    return false;
}

bool scope_is_given(const Node *node)
{
    while (IsA(node, TypeCast))
        node = ((const TypeCast *)node)->arg;
    return IsA(node, A_Const) || IsA(node, ParamRef);
}

bool scope_is_object(struct scoper *s, const struct level *l, const Node *node)
{
    switch (nodeTag(node)) {
    case T_ColumnRef:
        return scope_ref_is_object(l, (const ColumnRef *)node);
    case T_TypeCast:
        return cast_keeps(((const TypeCast *)node)->typeName) &&
               (scope_is_object(s, l, ((const TypeCast *)node)->arg) ||
                (!scope_is_given(((const TypeCast *)node)->arg) &&
                 scope_is_looked_up(s, ((const TypeCast *)node)->arg)));
    case T_A_Indirection: { /* indclass[0] */
        const A_Indirection *part = (const A_Indirection *)node;
        return IsA(linitial(part->indirection), A_Indices) && scope_is_object(s, l, part->arg);
    }
    case T_CaseExpr:
        return case_is_object(s, l, (const CaseExpr *)node);
    case T_CoalesceExpr:
        return all_objects(s, l, ((const CoalesceExpr *)node)->args);
    case T_FuncCall:
        return call_is_object(s, l, (const FuncCall *)node);
    case T_SubLink:
        return sublink_is_object(s, (const SubLink *)node);
    default:
        return false;
    }
}

static bool is_object_or_given(struct scoper *s, const struct level *l, const Node *node)
{
    return node && (scope_is_given(node) || (IsA(node, ColumnRef) && scope_is_object(s, l, node)));
}

static bool test_is_of_object(struct scoper *s, const struct level *l, const Node *arg)
{
    return IsA(arg, ColumnRef) && scope_is_object(s, l, arg);
}

bool scope_object_finds(struct scoper *s, const struct level *l, const Node *cond)
{
    if (IsA(cond, BoolExpr)) {
        ListCell *cell;
        foreach (cell, ((const BoolExpr *)cond)->args)
            if (!scope_object_finds(s, l, lfirst(cell)))
                return false;
        return true;
    }
    if (IsA(cond, NullTest))
        return test_is_of_object(s, l, (const Node *)((const NullTest *)cond)->arg);
    if (!IsA(cond, A_Expr))
        return false;
    const A_Expr *e = (const A_Expr *)cond;
    const char *name = strVal(llast(e->name));
    return (e->kind == AEXPR_OP || e->kind == AEXPR_OP_ANY) && list_length(e->name) == 1 &&
           (!strcmp(name, "=") || !strcmp(name, "<>")) && is_object_or_given(s, l, e->lexpr) &&
           is_object_or_given(s, l, e->rexpr);
}

/* The number that ${node} is, as text of digits or an integer, maybe cast to oid; 0: none. */
static uint32_t number(const Node *node)
{
    while (IsA(node, TypeCast) &&
           !strcmp(scope_type_name(((const TypeCast *)node)->typeName), "oid"))
        node = ((const TypeCast *)node)->arg;
    if (!IsA(node, A_Const) || ((const A_Const *)node)->isnull)
        return 0;
    const A_Const *c = (const A_Const *)node;
    if (nodeTag(&c->val) == T_Integer)
        return c->val.ival.ival > 0 ? (uint32_t)c->val.ival.ival : 0;
    const char *digits = nodeTag(&c->val) == T_String  ? c->val.sval.sval
                         : nodeTag(&c->val) == T_Float ? c->val.fval.fval
                                                       : "";
    size_t n = strspn(digits, "0123456789");
    if (n == 0 || n > 10 || digits[n])
        return 0;
    unsigned long long value = strtoull(digits, NULL, 10);
    return value <= UINT32_MAX ? (uint32_t)value : 0;
}

/* The number of a relation that the client may read, or of the system's. */
static bool is_readable_number(struct scoper *s, const Node *node)
{
    uint32_t oid = number(node);
    if (oid == 0)
        return false;
    if (oid < 16384)
        return true;
    const struct catalog_relation *rel = catalog_find_oid(s->catalog, oid);
    return rel && rel->kind != 'S' && scope_may_read(s, rel);
}

/* has_x_privilege with a user, and has_x_privilege(user, 'name', ...), are other functions. */
static bool fits(const char *name, int nargs)
{
    if (strncmp(name, "has_", 4) != 0)
        return true;
    return nargs == (strcmp(name, "has_column_privilege") == 0 ? 3 : 2);
}

/* object::regclass::text */
static bool names_object(struct scoper *s, const struct level *l, const Node *node)
{
    if (!IsA(node, TypeCast) ||
        strcmp(scope_type_name(((const TypeCast *)node)->typeName), "text") != 0)
        return false;
    const TypeCast *name = (const TypeCast *)((const TypeCast *)node)->arg;
    return IsA(name, TypeCast) && !strcmp(scope_type_name(name->typeName), "regclass") &&
           scope_is_object(s, l, name->arg);
}

static bool is_serial_sequence(const struct scoper *s, const Node *node)
{
    const FuncCall *call = (const FuncCall *)node;
    return IsA(node, FuncCall) && !strcmp(strVal(llast(call->funcname)), "pg_get_serial_sequence") &&
           authorise_means_builtin(&s->auth, call->funcname);
}

int scope_object_call(struct scoper *s, const struct level *l, const FuncCall *call)
{
    int argument;
    bool may_be_number;
    const char *name = strVal(llast(call->funcname));
    if (!catalogs_find_function(name, &argument, &may_be_number) ||
        !authorise_means_builtin(&s->auth, call->funcname))
        return 0;
    if (call->args && (scope_is_looked_up(s, linitial(call->args)) ||
                       (!strcmp(name, "pg_get_serial_sequence") && names_object(s, l, linitial(call->args)))))
        return 1;
    int nargs = list_length(call->args);
    const Node *object = argument < nargs ? list_nth(call->args, argument) : NULL;
    if (object && fits(name, nargs) && !call->func_variadic && !IsA(object, NamedArgExpr) &&
        (scope_is_object(s, l, object) || (may_be_number && is_readable_number(s, object))))
        return 1;
    return scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, call->location,
                        "function %s is allowed only for a column of a system relation", name);
}

static bool is_column_of_catalog(const struct level *l, const Node *node)
{
    return IsA(node, ColumnRef) && scope_ref_catalog(l, (const ColumnRef *)node);
}

const struct outputs *scope_object_columns(struct scoper *s, const struct level *l,
                                           const RangeFunction *node, const char *alias)
{
    const FuncCall *call = linitial(linitial_node(List, node->functions));
    if (list_length(node->functions) != 1 || !IsA(call, FuncCall) ||
        !authorise_means_builtin(&s->auth, call->funcname))
        return NULL;
    const char *name = strVal(llast(call->funcname));
    bool ancestors = !strcmp(name, "pg_partition_ancestors");
    if (!ancestors && strcmp(name, "unnest") != 0)
        return NULL;
    struct outputs *out = palloc0(sizeof *out);
    out->items = palloc0(((size_t)list_length(call->args) + 1) * sizeof *out->items);
    ListCell *cell;
    foreach (cell, call->args) {
        if (!ancestors && !is_column_of_catalog(l, lfirst(cell)))
            return NULL;
        struct output *column = &out->items[out->n++];
        column->name = alias; /* of the only one; of several they have a list of names */
        column->object = ancestors || scope_is_object(s, l, lfirst(cell));
    }
    if (node->ordinality)
        out->items[out->n++].name = "ordinality";
    return out;
}

/* -- casts to reg* -- */

static bool is_reg(const char *type)
{
    static const char *const names[] = {
        "regclass", "regcollation", "regnamespace", "regoper",   "regoperator",
        "regproc",  "regprocedure", "regrole",      "regtype",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], type))
            return true;
    return false;
}

const char *scope_constant_text(const Node *node)
{
    const A_Const *c = (const A_Const *)node;
    return node && IsA(node, A_Const) && !c->isnull && nodeTag(&c->val) == T_String
               ? c->val.sval.sval
               : NULL;
}

/* pg_catalog.pg_class, pg_class */
static bool names_system_relation(const char *text)
{
    static const char schema[] = "pg_catalog.";
    if (!strncmp(text, schema, sizeof schema - 1))
        text += sizeof schema - 1;
    return catalogs_find("pg_catalog", text) != NULL;
}

/* "Name" or name, folded as PostgreSQL does; moves *at behind it.  NULL: none. */
static char *identifier(const char **at)
{
    const char *c = *at;
    bool quotes = *c == '"';
    char *name = palloc(strlen(c) + 1), *end = name;
    for (c += quotes; *c && (quotes ? *c != '"' || *++c == '"' : *c != '.'); c++)
        *end++ = quotes || *c < 'A' || *c > 'Z' ? *c : (char)(*c - 'A' + 'a');
    *end = '\0';
    *at = c;
    return end > name ? name : NULL;
}

/* The relation that ${text}, made a regclass, names; NULL: none that the client may read. */
static const struct catalog_relation *relation_named(struct scoper *s, const char *text)
{
    char *schema = NULL, *name = identifier(&text);
    if (name && *text == '.') {
        text++;
        schema = name;
        name = identifier(&text);
        if (name && s->auth.schema && !strcmp(schema, SCOPE_SCHEMA_SAID) &&
            catalog_find(s->catalog, s->auth.schema, name))
            schema = pstrdup(s->auth.schema);
    }
    const struct catalog_relation *rel =
        name && *text == '\0' ? catalog_find(s->catalog, schema, name) : NULL;
    return rel && scope_may_read(s, rel) ? rel : NULL;
}

/* A type's plain name, maybe of an array. */
static bool names_type(const struct scoper *s, const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t n = strspn(text, letters);
    if (n == 0 || (text[n] && strcmp(text + n, "[]") != 0))
        return false;
    struct err ignored;
    TypeName *type = makeTypeName(psprintf("%.*s", (int)n, text));
    return authorise_type(&s->auth, type, &ignored) == 0;
}

/* pg_catalog.array_in: drivers compare a type's input function with it. */
static bool names_system_function(const char *text)
{
    static const char schema[] = "pg_catalog.";
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t n = sizeof schema - 1;
    return strncmp(text, schema, n) == 0 && text[n] && text[n + strspn(text + n, letters)] == '\0';
}

bool scope_object_cast(struct scoper *s, const struct level *l, const TypeCast *cast)
{
    const char *type = scope_type_name(cast->typeName);
    if (!is_reg(type) || cast->typeName->arrayBounds != NIL)
        return false;
    const char *text = scope_constant_text(cast->arg);
    return scope_is_object(s, l, cast->arg) || is_serial_sequence(s, cast->arg) ||
           (!strcmp(type, "regclass") && text &&
            (names_system_relation(text) || is_readable_number(s, cast->arg) ||
             relation_named(s, text))) ||
           (!strcmp(type, "regproc") && text && names_system_function(text)) ||
           (!strcmp(type, "regtype") && text && names_type(s, text));
}

/* -- object = name -- */

static bool is_lookup_call(const struct scoper *s, const Node *node)
{
    static const char *const names[] = {"to_regclass", "to_regnamespace", "to_regtype"};
    if (!IsA(node, FuncCall) || list_length(((const FuncCall *)node)->args) != 1)
        return false;
    const List *called = ((const FuncCall *)node)->funcname;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], strVal(llast(called))))
            return authorise_means_builtin(&s->auth, called);
    return false;
}

static Node *looked_up(struct scoper *s, Node *node)
{
    if (IsA(node, TypeCast) && !strcmp(scope_type_name(((TypeCast *)node)->typeName), "oid"))
        node = ((TypeCast *)node)->arg;
    if (is_lookup_call(s, node))
        return linitial(((FuncCall *)node)->args);
    if (!IsA(node, TypeCast) || ((TypeCast *)node)->typeName->arrayBounds != NIL)
        return NULL;
    TypeCast *cast = (TypeCast *)node;
    if (!strcmp(scope_type_name(cast->typeName), "regtype") && IsA(cast->arg, ParamRef))
        return cast->arg;
    if (!strcmp(scope_type_name(cast->typeName), "regclass") && scope_constant_text(cast->arg) &&
        relation_named(s, scope_constant_text(cast->arg)))
        return cast->arg;
    return NULL;
}

Node *scope_object_lookup(struct scoper *s, const struct level *l, const A_Expr *e)
{
    if (e->kind != AEXPR_OP || !e->lexpr || !e->rexpr || strcmp(strVal(llast(e->name)), "=") != 0)
        return NULL;
    if (scope_is_object(s, l, e->lexpr))
        return looked_up(s, e->rexpr);
    return scope_is_object(s, l, e->rexpr) ? looked_up(s, e->lexpr) : NULL;
}
