/* The system's relations.
 *
 * A relation of catalogs.h is read through a subselect: the columns that are open and the rows that the
 * client may see, behind OFFSET 0 if a condition of the client's could tell of other rows.  That is the
 * wall.  Beside it, a relation that names things must not merely be listed: a condition of its own query
 * must say what is looked for. */
#include "policy/catalogs.h"
#include "policy/parse.h"
#include "policy/scope.h"
#include "policy/settings.h"
#include "policy/splice_sql.h"

#include "protocol/sqlstate.h"

#include <string.h>

/* -- what the client may see -- */

bool scope_may_read(struct scoper *s, const struct catalog_relation *rel)
{
    if (s->auth.schema && !scope_is_own_place(s, rel)) { /* there may be very many of them */
        const struct rule_table *entry = rules_find(s->rules, rel->schema, rel->name);
        if (!entry || entry->kind != RULE_SHARED)
            return false;
    }
    struct err before = *s->err;
    bool readable = scope_access_relation(s, rel, -1) != NULL;
    *s->err = before;
    return readable;
}

static char *list_item(char *list, const char *item)
{
    return list ? psprintf("%s, %s", list, item) : pstrdup(item);
}

static const char *readable_relations(struct scoper *s)
{
    const struct catalog_relation *const *all;
    size_t n = catalog_relations(s->catalog, &all);
    StringInfoData list;
    initStringInfo(&list);
    for (size_t i = 0; i < n; i++)
        if (all[i]->kind != 'S' && scope_may_read(s, all[i]))
            appendStringInfo(&list, ", %u", all[i]->oid);
    return psprintf("(0%s)", list.data);
}

static bool on_path(const struct scoper *s, const char *schema)
{
    const char *const *path;
    size_t n = catalog_search_path(s->catalog, &path);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(path[i], schema))
            return true;
    return false;
}

static char *namespace_of(const char *schema)
{
    return psprintf("(SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = %s)", sql_literal(schema));
}

/* Those on the search_path, and those with a relation that may be read. */
static const char *visible_schemas(struct scoper *s, char *(*show)(const char *schema))
{
    const char *const *path;
    size_t npath = catalog_search_path(s->catalog, &path);
    char *list = NULL;
    for (size_t i = 0; i < npath; i++)
        list = list_item(list, show(path[i]));
    const struct catalog_relation *const *all;
    size_t n = catalog_relations(s->catalog, &all);
    const char *last = "";
    for (size_t i = 0; i < n; i++) { /* by schema */
        if (!strcmp(all[i]->schema, last) || on_path(s, all[i]->schema) || all[i]->kind == 'S' ||
            !scope_may_read(s, all[i]))
            continue;
        last = all[i]->schema;
        list = list_item(list, show(last));
    }
    return psprintf("(%s)", list ? list : "NULL");
}

const char *scope_catalog_settings(const struct scoper *s)
{
    char *list = NULL;
    const char *name;
    for (size_t i = 0; (name = settings_nth_readable(s->rules, i)); i++)
        list = list_item(list, sql_literal(name));
    return psprintf("(%s)", list);
}

/* -- the subselect -- */

static char *rows(struct scoper *s, const char *condition)
{
    static const struct {
        const char *name;
        size_t len;
    } words[] = {{"$relations", 10}, {"$schemas", 8}, {"$namespaces", 11}, {"$settings", 9}};
    StringInfoData text;
    initStringInfo(&text);
    for (const char *c = condition; *c;) {
        size_t n = strcspn(c, "$");
        appendBinaryStringInfo(&text, c, (int)n);
        c += n;
        for (size_t i = 0; *c && i < sizeof words / sizeof *words; i++) {
            if (strncmp(c, words[i].name, words[i].len) != 0)
                continue;
            if (!s->seen[i])
                s->seen[i] = i == 0   ? readable_relations(s)
                             : i == 1 ? visible_schemas(s, sql_literal)
                             : i == 2 ? visible_schemas(s, namespace_of)
                                      : scope_catalog_settings(s);
            appendStringInfoString(&text, s->seen[i]);
            c += words[i].len;
            break;
        }
    }
    return text.data;
}

static bool is_of_version(const struct scoper *s, const struct catalogs_column *column)
{
    int version = catalog_server_version(s->catalog);
    return version >= column->since && (!column->until || version <= column->until);
}

/* The one system column that is of use: psql joins comments by it.  It is no column of `*`, so it is there
 * only for who names it. */
static bool wants_tableoid(const struct scoper *s, const struct catalogs_relation *relation)
{
    return relation->columns && relation->columns[0] == '#' &&
           memmem(s->sql + s->start, s->end - s->start, "tableoid", strlen("tableoid"));
}

/* With a schema for each tenant, what the real `public` holds is in the tenant's, as far as it can tell. */
static bool two_are_one(const struct scoper *s)
{
    return s->auth.schema && strcmp(s->auth.schema, SCOPE_SCHEMA_SAID) != 0;
}

static bool is_namespace(const char *column)
{
    static const char end[] = "namespace";
    size_t n = strlen(column), m = sizeof end - 1;
    return n > m && !strcmp(column + n - m, end);
}

static const char *column_shown(const struct scoper *s, const struct catalogs_column *column)
{
    if (column->acl)
        return psprintf("NULL::pg_catalog.aclitem[] AS %s", column->name);
    if (column->shown[0])
        return psprintf("%s AS %s", column->shown, column->name);
    if (column->database && s->database) /* NULL where there is none, as in views of the standard */
        return psprintf("CASE WHEN %s IS NOT NULL THEN %s::pg_catalog.name END AS %s", column->name,
                        sql_literal(s->database), column->name);
    if (column->object && is_namespace(column->name) && two_are_one(s))
        return psprintf("CASE %s WHEN %s THEN %s::pg_catalog.oid ELSE %s END AS %s", column->name,
                        namespace_of(SCOPE_SCHEMA_SAID), namespace_of(s->auth.schema), column->name,
                        column->name);
    if (column->schema && two_are_one(s))
        return psprintf("CASE %s WHEN %s THEN %s::pg_catalog.name ELSE %s END AS %s", column->name,
                        sql_literal(s->auth.schema), sql_literal(SCOPE_SCHEMA_SAID), column->name, column->name);
    return pstrdup(column->name);
}

static char *columns(const struct scoper *s, const struct catalogs_relation *relation)
{
    char *list = NULL;
    struct catalogs_column column;
    for (const char *at = relation->columns; catalogs_next_column(&at, &column);) {
        if (!is_of_version(s, &column))
            continue;
        list = list_item(list, column_shown(s, &column));
    }
    if (list && wants_tableoid(s, relation))
        list = list_item(list, "tableoid");
    return list ? list : pstrdup("*");
}

static const struct outputs *outputs(const struct scoper *s, const struct catalogs_relation *relation)
{
    if (!relation->columns)
        return NULL;
    struct outputs *out = palloc0(sizeof *out);
    struct catalogs_column column;
    out->items = palloc0((strlen(relation->columns) / 2 + 2) * sizeof *out->items);
    for (const char *at = relation->columns; catalogs_next_column(&at, &column);)
        if (is_of_version(s, &column))
            out->items[out->n++] =
                (struct output){pstrdup(column.name), column.type_oid, column.object, false};
    if (wants_tableoid(s, relation))
        out->items[out->n++] = (struct output){.name = "tableoid"};
    return out;
}

static char *subselect(struct scoper *s, const struct catalogs_relation *relation)
{
    const char *condition = relation->rows ? rows(s, relation->rows) : NULL;
    const char *names = !strcmp(relation->name, "pg_namespace") ? "nspname"
                        : !strcmp(relation->name, "schemata")   ? "schema_name"
                                                                : NULL;
    if (names && condition && two_are_one(s))
        condition = psprintf("(%s) AND %s <> %s", condition, names, sql_literal(SCOPE_SCHEMA_SAID));
    return psprintf("(SELECT %s FROM %s.%s%s%s", columns(s, relation), relation->schema,
                    relation->name, condition ? " WHERE " : "", condition ? condition : "");
}

const char *scope_catalog_visible(struct scoper *s, const char *name)
{
    return psprintf("%s)", subselect(s, catalogs_find("pg_catalog", name)));
}

const char *scope_catalog_text(const struct change *c)
{
    return psprintf("%s%s)", c->text, c->barrier ? " OFFSET 0" : "");
}

void scope_catalog_barrier(const struct source *source)
{
    if (source->catalog && source->catalog->rows)
        source->confining->barrier = true;
}

int scope_catalog_item(struct scoper *s, struct level *l, Node **slot)
{
    RangeVar *var = (RangeVar *)*slot;
    const struct catalogs_relation *relation;
    if (authorise_catalog_relation(&s->auth, var->schemaname, var->relname, &relation,
                                   var->location, s->err) < 0)
        return -1;
    if (l->locked)
        return scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, var->location,
                            "permission denied to lock rows of relation \"%s\"", var->relname);
    if (!var->inh)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, var->location,
                            "ONLY is not supported for relation \"%s\"", var->relname);
    if (relation->closed && var->alias && var->alias->colnames)
        return scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, var->location,
                            "columns of relation \"%s\" cannot be renamed", var->relname);
    struct source *source = scope_add_source(l, var->alias ? var->alias->aliasname : var->relname);
    source->colnames = var->alias ? var->alias->colnames : NIL;
    source->catalog = relation;
    source->named = var->schemaname != NULL;
    source->outputs = outputs(s, relation);
    struct change *c = scope_change(s, CHANGE_CATALOG, NULL);
    c->anchor = var;
    c->slot = slot;
    c->text = subselect(s, relation);
    source->confining = c;
    l->confined = true;
    return 0;
}

Node *scope_catalog_tree(const struct change *c)
{
    void *parsed;
    struct err err;
    if (parse_sql(psprintf("SELECT FROM %s AS t", scope_catalog_text(c)), &parsed, &err) < 0)
        elog(ERROR, "the text of relation %s cannot be parsed", c->anchor->relname);
    const RawStmt *raw = linitial_node(RawStmt, (List *)parsed);
    RangeSubselect *node = linitial(((const SelectStmt *)raw->stmt)->fromClause);
    node->alias = c->anchor->alias ? copyObjectImpl(c->anchor->alias)
                                   : makeAlias(c->anchor->relname, NIL);
    return (Node *)node;
}

/* -- lookup, not listing -- */

static bool mentions(Node *node, const struct source *source)
{
    if (!node)
        return false;
    if (IsA(node, ColumnRef))
        return scope_ref_may_mean(source, (ColumnRef *)node);
    if (IsA(node, RangeSubselect))
        return false; /* a query of its own */
    if (IsA(node, JoinExpr)) {
        ListCell *cell;
        foreach (cell, ((JoinExpr *)node)->usingClause)
            if (scope_source_has(source, strVal(lfirst(cell))))
                return true;
        if (((JoinExpr *)node)->isNatural)
            return true;
    }
    return raw_expression_tree_walker(node, mentions, (void *)(uintptr_t)source);
}

/* TABLE t is written otherwise when t is: the change must know the statement. */
static void note_statement(const struct scoper *s, SelectStmt *stmt)
{
    const Node *first = stmt->fromClause ? linitial(stmt->fromClause) : NULL;
    ListCell *cell;
    foreach (cell, s->changes) {
        struct change *c = lfirst(cell);
        if (c->kind == CHANGE_CATALOG && (const Node *)c->anchor == first)
            c->stmt = (Node *)stmt;
    }
}

/* What must not be listed of ${source}; NULL: nothing. */
static const char *listed(const struct source *source)
{
    const struct catalogs_relation *relation = source->catalog;
    if (!relation)
        return source->lists;
    bool may = relation->listing == CATALOGS_LISTED || (relation->listing == CATALOGS_NAMED && source->named);
    return may ? NULL : relation->name;
}

int scope_catalog_listing(struct scoper *s, struct level *l, SelectStmt *stmt)
{
    note_statement(s, stmt);
    for (const struct source *source = l->sources; source; source = source->next) {
        const char *lists = listed(source);
        if (!lists || mentions(stmt->whereClause, source) || mentions((Node *)stmt->fromClause, source))
            continue;
        if (l->item) { /* the query around it may search in what it lists */
            l->lists = lists;
            continue;
        }
        scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, -1,
                     "relation \"%s\" may be searched but not listed", lists);
        if (s->rules->hints)
            err_hint(s->err, "Add a condition on one of its columns.");
        return -1;
    }
    return 0;
}

/* -- columns that are closed -- */

static int deny_column(struct scoper *s, const struct source *source, const char *name, int location)
{
    return scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, location,
                        name ? "permission denied for column \"%2$s\" of relation \"%1$s\""
                             : "permission denied for all columns of relation \"%s\"",
                        source->catalog->name, name);
}

int scope_catalog_ref(struct scoper *s, const struct source *source, const char *column,
                      int location)
{
    if (!source->catalog || !source->catalog->closed)
        return 0;
    if (!column || catalogs_is_closed(source->catalog, column))
        return deny_column(s, source, column, location);
    return 0;
}
