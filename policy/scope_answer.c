/* Answers that are not the server's.
 *
 * The name of the database, and of the tenant's schema, is what the client calls it: so these calls become a
 * subselect of one value, which keeps the name of the column.  Sizes are all tenants' together, and nobody's.
 *
 * Names that a query puts together from rows of the system's are therefore not the server's either, and the server
 * would tell of whatever it finds by them.  They are looked up among the relations that the client may see;
 * what is found there has a name that the server knows. */
#include "policy/catalogs.h"
#include "policy/names.h"
#include "policy/parse.h"
#include "policy/scope_nodes.h"
#include "policy/splice_edit.h"
#include "policy/splice_sql.h"

#include "protocol/sqlstate.h"

#include <string.h>

static void answer(struct scoper *s, Node *node, const char *value, const char *label)
{
    struct change *c = scope_change(s, CHANGE_ANSWER, node);
    c->answered = node;
    c->text = value;
    c->ref = label;
    s->puts = true;
}

const char *scope_answer_text(const struct change *c)
{
    const RangeFunction *item = (const RangeFunction *)c->stmt;
    const char *alias = IsA(item, RangeFunction) && !item->alias ? psprintf(" AS %s", sql_ident(c->ref)) : "";
    return psprintf("(SELECT %s AS %s)%s", c->text, sql_ident(c->ref), alias);
}

static const char *name_constant(const char *name)
{
    return psprintf("%s::pg_catalog.name", sql_literal(name));
}

/* -- rows of the system's -- */

struct seen {
    const struct level *l;
    bool rows;  /* a column of such a relation is in it */
    bool other; /* ... or something that is not to be left out or copied */
};

static bool see(Node *node, struct seen *seen)
{
    if (!node)
        return false;
    if (IsA(node, ColumnRef)) {
        bool plain = list_length(((ColumnRef *)node)->fields) <= 2;
        bool catalog = scope_ref_catalog(seen->l, (ColumnRef *)node) != NULL;
        seen->rows = seen->rows || catalog;
        seen->other = seen->other || !plain || !catalog;
    } else if (IsA(node, SubLink)) {
        seen->other = true;
    }
    return raw_expression_tree_walker(node, see, seen);
}

static struct seen look(const struct level *l, Node *node)
{
    struct seen seen = {.l = l};
    (void)see(node, &seen);
    return seen;
}

/* -- sizes -- */

static bool answer_size(struct scoper *s, const struct level *l, FuncCall *call, const char *name)
{
    static const char *const sizes[] = {"pg_database_size", "pg_indexes_size", "pg_relation_size",
                                        "pg_table_size", "pg_tablespace_size", "pg_total_relation_size"};
    if (!names_listed(sizes, NAMES_COUNT(sizes), name))
        return false;
    struct seen seen = look(l, (Node *)call->args);
    if (!seen.rows || seen.other)
        return false;
    answer(s, (Node *)call, "NULL::pg_catalog.int8", name);
    return true;
}

/* -- privileges on what has another name for the client -- */

static bool is_name_of(const struct level *l, const Node *node, bool database)
{
    const ColumnRef *ref = (const ColumnRef *)node;
    const struct catalogs_relation *relation = IsA(node, ColumnRef) ? scope_ref_catalog(l, ref) : NULL;
    struct catalogs_column column;
    for (const char *at = relation ? relation->columns : NULL; catalogs_next_column(&at, &column);)
        if (!strcmp(column.name, strVal(llast(ref->fields))))
            return database ? column.database : column.schema;
    return false;
}

/* What the client may see it may use, and make nothing in it. */
static bool answer_privilege(struct scoper *s, const struct level *l, FuncCall *call, const char *name)
{
    bool database = !strcmp(name, "has_database_privilege");
    if ((!database && strcmp(name, "has_schema_privilege") != 0) || list_length(call->args) != 2)
        return false;
    Node *object = linitial(call->args);
    const char *privilege = scope_constant_text(lsecond(call->args));
    if (!privilege || !is_name_of(l, object, database) || look(l, object).other)
        return false;
    bool has = strcasestr(privilege, database ? "connect" : "usage") && !strcasestr(privilege, "grant");
    const ColumnRef *ref = (const ColumnRef *)object;
    const char *column = list_length(ref->fields) == 2 ? sql_ref(ref) : sql_ident(strVal(linitial(ref->fields)));
    answer(s, (Node *)call, psprintf("CASE WHEN %s IS NOT NULL THEN %s END", column, has ? "true" : "false"), name);
    return true;
}

/* A tenant has none of PostgreSQL's own roles, whatever the role has that all run as. */
static bool answer_role(struct scoper *s, FuncCall *call, const char *name)
{
    if (strcmp(name, "pg_has_role") != 0 || list_length(call->args) != 2)
        return false;
    const char *role = scope_constant_text(linitial(call->args));
    const char *privilege = scope_constant_text(lsecond(call->args));
    if (!role || !privilege || strncmp(role, "pg_", 3) != 0)
        return false;
    answer(s, (Node *)call, "false", name);
    return true;
}

/* Of a row of pg_settings: what SHOW would say. */
static bool answer_setting(struct scoper *s, const struct level *l, FuncCall *call, const char *name)
{
    if (strcmp(name, "current_setting") != 0 || list_length(call->args) != 1)
        return false;
    const ColumnRef *ref = linitial(call->args);
    const struct catalogs_relation *relation = IsA(ref, ColumnRef) ? scope_ref_catalog(l, ref) : NULL;
    if (!relation || strcmp(relation->name, "pg_settings") != 0 || list_length(ref->fields) > 2 ||
        strcmp(strVal(llast(ref->fields)), "name") != 0)
        return false;
    const char *column = list_length(ref->fields) == 2 ? sql_ref(ref) : "name";
    answer(s, (Node *)call,
           psprintf("CASE WHEN %s IN %s THEN pg_catalog.current_setting(%s) END", column,
                    scope_catalog_settings(s), column),
           name);
    return true;
}

/* -- names -- */

static const char *boolean(const Node *node)
{
    const A_Const *c = (const A_Const *)node;
    if (!IsA(node, A_Const) || c->isnull || nodeTag(&c->val) != T_Boolean)
        return NULL;
    return c->val.boolval.boolval ? "true" : "false";
}

/* The tenant's schema, and what it shares. */
static bool answer_schemas(struct scoper *s, FuncCall *call)
{
    const char *implicit = list_length(call->args) == 1 ? boolean(linitial(call->args)) : NULL;
    if (!implicit)
        return false;
    const char *said = name_constant(SCOPE_SCHEMA_SAID);
    answer(s, (Node *)call,
           psprintf("pg_catalog.array_replace(pg_catalog.array_remove(pg_catalog.current_schemas(%s), %s), %s, %s)",
                    implicit, said, name_constant(s->auth.schema), said),
           "current_schemas");
    return true;
}

static bool answer_name(struct scoper *s, Node *node, const List *args, const char *name)
{
    const char *value = NULL;
    if (!strcmp(name, "current_database") || !strcmp(name, "current_catalog"))
        value = s->database;
    else if (!strcmp(name, "current_schema"))
        value = s->auth.schema ? SCOPE_SCHEMA_SAID : NULL;
    if (!value || args != NIL)
        return false;
    answer(s, node, name_constant(value), name);
    return true;
}

bool scope_answer_call(struct scoper *s, const struct level *l, FuncCall *call)
{
    const char *name = strVal(llast(call->funcname));
    if (call->agg_filter || call->agg_order || call->over || call->agg_star || call->agg_distinct ||
        call->func_variadic || !authorise_means_builtin(&s->auth, call->funcname))
        return false;
    if (s->auth.schema && !strcmp(name, "current_schemas"))
        return answer_schemas(s, call);
    return answer_name(s, (Node *)call, call->args, name) || answer_size(s, l, call, name) ||
           answer_privilege(s, l, call, name) || answer_role(s, call, name) ||
           answer_setting(s, l, call, name);
}

void scope_answer_value(struct scoper *s, SQLValueFunction *node)
{
    if (node->op == SVFOP_CURRENT_CATALOG)
        (void)answer_name(s, (Node *)node, NIL, "current_catalog");
    else if (node->op == SVFOP_CURRENT_SCHEMA)
        (void)answer_name(s, (Node *)node, NIL, "current_schema");
}

/* -- looking names up -- */

/* PostgreSQL's name for the column of an unnamed expression; NULL: that of a cast around it. */
static const char *label_of(const Node *name)
{
    if (IsA(name, FuncCall))
        return strVal(llast(((const FuncCall *)name)->funcname));
    const ColumnRef *ref = (const ColumnRef *)name;
    return IsA(name, ColumnRef) ? strVal(llast(ref->fields)) : NULL;
}

static struct change *look_up(struct scoper *s, Node *name)
{
    s->puts = true;
    return scope_change(s, CHANGE_LOOKUP, name);
}

/* The texts around the client's, which names a relation: by its number, as it is shown, or by a part of that. */
static void look_up_relation(struct scoper *s, struct change *c, const char *label)
{
    const char *database = s->database ? name_constant(s->database) : "pg_catalog.current_database()";
    c->text = psprintf("(SELECT c.oid::pg_catalog.regclass::pg_catalog.text%s "
                       "FROM (SELECT CASE WHEN y.said OPERATOR(pg_catalog.~) '^[0-9]+$' THEN ARRAY[y.said] "
                       "ELSE pg_catalog.parse_ident(y.said) END AS said FROM (SELECT (", label);
    c->close =
        psprintf(")::pg_catalog.text AS said OFFSET 0) AS y OFFSET 0) AS x, %s AS c, %s AS n "
                 "WHERE n.oid OPERATOR(pg_catalog.=) c.relnamespace AND (x.said OPERATOR(pg_catalog.=) "
                 "ARRAY[c.oid::pg_catalog.text] OR x.said OPERATOR(pg_catalog.=) "
                 "ARRAY[n.nspname::pg_catalog.text, c.relname] OR x.said OPERATOR(pg_catalog.=) "
                 "ARRAY[%s::pg_catalog.text, n.nspname, c.relname] OR (x.said OPERATOR(pg_catalog.=) "
                 "ARRAY[c.relname::pg_catalog.text] AND pg_catalog.pg_table_is_visible(c.oid))) "
                 "ORDER BY pg_catalog.pg_table_is_visible(c.oid) DESC LIMIT 1)",
                 scope_catalog_visible(s, "pg_class"), scope_catalog_visible(s, "pg_namespace"), database);
}

/* A type has more names than those it is shown by: it is looked at what the server finds. */
static void look_up_type(struct scoper *s, struct change *c, const char *label)
{
    const char *own = s->auth.schema ? psprintf("%s.", sql_ident(s->auth.schema)) : NULL;
    c->text = psprintf("(SELECT t.oid::pg_catalog.regtype::pg_catalog.text%s "
                       "FROM (SELECT (", label);
    const char *found = own ? psprintf("COALESCE(pg_catalog.to_regtype(%s OPERATOR(pg_catalog.||) "
                                       "pg_catalog.substring(x.said, '^\"?" SCOPE_SCHEMA_SAID
                                       "\"?[.](.*)$')), pg_catalog.to_regtype(x.said))",
                                       sql_literal(own))
                            : "pg_catalog.to_regtype(x.said)";
    c->close = psprintf(")::pg_catalog.text AS said OFFSET 0) AS x, %s AS t "
                        "WHERE t.oid OPERATOR(pg_catalog.=) %s)",
                        scope_catalog_visible(s, "pg_type"), found);
}

/* By its number, as psql asks about the columns of a result: no name but of what may be seen. */
static void look_up_number(struct scoper *s, struct change *c)
{
    c->text = "(SELECT t.oid FROM (SELECT (";
    c->close = psprintf(")::pg_catalog.oid AS said OFFSET 0) AS x, %s AS t "
                        "WHERE t.oid OPERATOR(pg_catalog.=) x.said)",
                        scope_catalog_visible(s, "pg_type"));
}

static struct change *look_up_name(struct scoper *s, Node *name,
                                   void (*fill)(struct scoper *s, struct change *c, const char *label))
{
    struct change *c = look_up(s, name);
    const char *label = label_of(name);
    fill(s, c, label ? psprintf(" AS %s", sql_ident(label)) : "");
    if (!label) { /* an expression without a name stays one */
        c->text = psprintf("(%s", c->text);
        c->close = psprintf("%s OPERATOR(pg_catalog.||) '')", c->close);
    }
    return c;
}

static bool casts_to(const TypeCast *cast, const char *wanted)
{
    return !cast->typeName->arrayBounds && !strcmp(scope_type_name(cast->typeName), wanted);
}

bool scope_lookup_cast(struct scoper *s, const struct level *l, const TypeCast *cast)
{
    Node *name = cast->arg;
    bool fit = IsA(name, A_Expr) || IsA(name, FuncCall) || IsA(name, ColumnRef);
    bool type = casts_to(cast, "regtype");
    if (!fit || (!type && !casts_to(cast, "regclass")) || !look(l, name).rows)
        return false;
    look_up_name(s, name, type ? look_up_type : look_up_relation)->cast = cast;
    return true;
}

void scope_lookup_argument(struct scoper *s, const struct level *l, const FuncCall *call)
{
    static const char *const names[] = {"has_any_column_privilege", "has_sequence_privilege",
                                        "has_table_privilege", "pg_get_serial_sequence"};
    if (list_length(call->args) != 2 || !authorise_means_builtin(&s->auth, call->funcname))
        return;
    const char *function = strVal(llast(call->funcname));
    Node *name = linitial(call->args);
    if (names_listed(names, NAMES_COUNT(names), function)) {
        if ((IsA(name, A_Expr) || IsA(name, FuncCall)) && look(l, name).rows)
            look_up_name(s, name, look_up_relation)->call = call;
    } else if (!strcmp(function, "format_type") && !scope_is_object(s, l, name) &&
               (IsA(name, A_Const) || IsA(name, ColumnRef) || IsA(name, ParamRef) || IsA(name, TypeCast))) {
        struct change *c = look_up(s, name);
        c->call = call;
        look_up_number(s, c);
    }
}

/* public.x, where that is the tenant's own schema; $1 may be. */
static bool may_say_schema(const Node *name)
{
    const char *text = scope_constant_text(name);
    size_t quoted = text && *text == '"', n = sizeof SCOPE_SCHEMA_SAID - 1;
    return IsA(name, ParamRef) || (text && !strncmp(text + quoted, SCOPE_SCHEMA_SAID, n) &&
                                   text[n + quoted] == (quoted ? '"' : '.'));
}

void scope_lookup_said(struct scoper *s, const Node *node)
{
    const TypeCast *cast = (const TypeCast *)node;
    if (!s->auth.schema)
        return;
    if (IsA(node, TypeCast) && casts_to(cast, "oid"))
        node = (const Node *)(cast = (const TypeCast *)cast->arg);
    if (IsA(node, TypeCast) && may_say_schema(cast->arg) && (casts_to(cast, "regclass") || casts_to(cast, "regtype"))) {
        look_up_name(s, cast->arg, casts_to(cast, "regtype") ? look_up_type : look_up_relation)->cast = cast;
    } else if (IsA(node, FuncCall)) {
        const FuncCall *call = (const FuncCall *)node;
        bool type = !strcmp(strVal(llast(call->funcname)), "to_regtype");
        bool fit = type || !strcmp(strVal(llast(call->funcname)), "to_regclass");
        if (fit && may_say_schema(linitial(call->args)))
            look_up_name(s, linitial(call->args), type ? look_up_type : look_up_relation)->call = call;
    }
}

static const struct change *change_of(const struct scoper *s, const Node *node)
{
    ListCell *cell;
    foreach (cell, s->changes) {
        const struct change *c = lfirst(cell);
        if ((c->kind == CHANGE_ANSWER || c->kind == CHANGE_LOOKUP) && c->stmt == node)
            return c;
    }
    return NULL;
}

bool scope_is_looked_up(const struct scoper *s, const Node *node)
{
    const struct change *c = change_of(s, node);
    return c && c->kind == CHANGE_LOOKUP;
}

/* The column of a function in FROM is called as the item is. */
int scope_answer_from(struct scoper *s, RangeFunction *node)
{
    Node *call = linitial(linitial_node(List, node->functions));
    struct change *c = (struct change *)(uintptr_t)change_of(s, call);
    if (!c)
        return 0;
    if (node->is_rowsfrom || node->ordinality || node->coldeflist)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, exprLocation(call),
                            "function %s is not supported in this form", c->ref);
    c->stmt = (Node *)node;
    if (node->alias)
        c->ref = node->alias->aliasname;
    return 0;
}

/* -- the tree -- */

static Node *parsed(const char *text)
{
    void *statements;
    struct err err;
    if (parse_sql(psprintf("SELECT %s", text), &statements, &err) < 0)
        elog(ERROR, "an answer cannot be parsed");
    const SelectStmt *stmt = (SelectStmt *)linitial_node(RawStmt, (List *)statements)->stmt;
    return linitial_node(ResTarget, stmt->targetList)->val;
}

static Node *item(const struct change *c, const RangeFunction *function)
{
    RangeSubselect *node = NODE(RangeSubselect);
    const SubLink *link = (SubLink *)parsed(psprintf("(SELECT %s AS %s)", c->text, sql_ident(c->ref)));
    node->subquery = link->subselect;
    node->lateral = function->lateral;
    node->alias = function->alias ? function->alias : makeAlias(c->ref, NIL);
    return (Node *)node;
}

/* ${name} in the place of PLACE, which is cast; true: done. */
#define PLACE "$0"
static bool put(Node *node, Node *name)
{
    TypeCast *cast = (TypeCast *)node;
    if (!node)
        return false;
    if (IsA(node, TypeCast) && IsA(cast->arg, ParamRef) && ((ParamRef *)cast->arg)->number == 0) {
        cast->arg = name;
        return true;
    }
    return raw_expression_tree_walker(node, put, name);
}

Node *scope_answer_tree(const struct scoper *s, Node *node)
{
    const struct change *c = change_of(s, node);
    if (!c)
        return node;
    if (c->kind == CHANGE_ANSWER)
        return IsA(node, RangeFunction) ? item(c, (RangeFunction *)node) : parsed(scope_answer_text(c));
    Node *lookup = parsed(psprintf("%s" PLACE "%s", c->text, c->close));
    if (!put(lookup, node))
        elog(ERROR, "a lookup has no place for the name");
    return lookup;
}
