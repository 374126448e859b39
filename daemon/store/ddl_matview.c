/* ddl_matview.c: see ddl_matview.h. */
#include "daemon/store/ddl_matview.h"
#include "daemon/store/ddl_view.h"
#include "daemon/store/depend.h"
#include "daemon/store/ident.h"
#include "daemon/store/transaction.h"

#include "policy/parse.h"

/* -- what is made of a query's columns -- */

ColumnDef *create_as_column(char *name, uint32_t type, int32_t typmod)
{
    ColumnDef *def = (ColumnDef *)palloc0(sizeof *def);
    TypeName *of = (TypeName *)palloc0(sizeof *of);
    of->type = T_TypeName;
    of->typeOid = type;
    of->typemod = typmod;
    of->location = -1;
    def->type = T_ColumnDef;
    def->colname = name;
    def->typeName = of;
    def->is_local = true;
    def->location = -1;
    return def;
}

int create_as_check(struct ddl *d, const IntoClause *into, size_t ncolumns)
{
    if ((size_t)list_length(into->colNames) <= ncolumns)
        return 0;
    return err_set(d->err, SQLSTATE_SYNTAX_ERROR, "too many column names were specified");
}

CreateStmt *create_as_table(const IntoClause *into, List *columns)
{
    CreateStmt *s = (CreateStmt *)palloc0(sizeof *s);
    s->type = T_CreateStmt;
    s->relation = into->rel;
    s->tableElts = columns;
    s->options = into->options;
    s->oncommit = into->onCommit;
    s->tablespacename = into->tableSpaceName;
    s->accessMethod = into->accessMethod;
    return s;
}

/* -- CREATE -- */

static List *columns(const IntoClause *into, const struct view_definition *v)
{
    List *elements = NIL;
    for (size_t i = 0; i < v->ncolumns; i++) {
        const struct translate_column *c = &v->columns[i];
        const char *name = (int)i < list_length(into->colNames)
                               ? strVal(list_nth(into->colNames, (int)i))
                               : c->name;
        elements = lappend(elements, create_as_column(pstrdup(name), c->domain ? c->domain : c->type_oid,
                                                      c->domain ? -1 : c->typmod));
    }
    return elements;
}

/* From a table to a materialized view. */
static int turn(struct ddl *d, uint32_t oid, const struct view_definition *v)
{
    if (ddl_exec(d,
                 "UPDATE \"pg_catalog.pg_class\" SET relkind = 'm', relhasrules = 1,"
                 " relispopulated = 0 WHERE oid = ?1",
                 "i", (int64_t)oid) < 0 ||
        ddl_exec(d, "UPDATE \"store.relation\" SET definition = ?2 WHERE oid = ?1", "is",
                 (int64_t)oid, v->text) < 0 ||
        view_rule_rows(d, oid, v) < 0)
        return -1;
    return ddl_reload(d);
}

static int set_populated(struct ddl *d, uint32_t oid, bool populated)
{
    if (ddl_exec(d, "UPDATE \"pg_catalog.pg_class\" SET relispopulated = ?2 WHERE oid = ?1", "ii",
                 (int64_t)oid, (int64_t)populated) < 0)
        return -1;
    return ddl_reload(d);
}

static int run_insert(struct ddl *d, const struct store_table *t, const char *query)
{
    struct buf sql;
    buf_init(&sql, (size_t)16 << 20);
    ident_format(&sql, "INSERT INTO ");
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " %s", query);
    sqlite3_stmt *s = sql.failed ? NULL : conn_prepare(d->c, ident_text(&sql), d->err);
    if (sql.failed)
        err_set(d->err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "the query is too large");
    buf_release(&sql);
    if (!s)
        return -1;
    int rc = sqlite3_step(s);
    rc = rc == SQLITE_DONE ? 0 : errors_map(d->c, rc, s, NULL, d->err);
    sqlite3_finalize(s);
    return rc;
}

/* The rows that its query has now.  Its indexes are made anew, as PostgreSQL does: errors are theirs. */
static int fill(struct ddl *d, uint32_t oid, const char *query, uint64_t *ret_n)
{
    const struct store_table *t = ddl_table(d, oid);
    if (ddl_empty(d, t) < 0 || ddl_unmake_indexes(d, oid, 0) < 0 || run_insert(d, t, query) < 0)
        return -1;
    *ret_n = (uint64_t)sqlite3_changes64(d->c->db);
    if (ddl_remake_indexes(d, oid, 0) < 0)
        return -1;
    return set_populated(d, oid, true);
}

int matview_create(struct ddl *d, const CreateTableAsStmt *s, uint64_t *ret_n)
{
    struct view_definition v = {.text = NULL};
    const struct store_schema *schema;
    if (d->c->store->role != STORE_SHARED)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "a materialized view is not supported by the store where each tenant has a"
                       " file");
    if (view_define(d, (SelectStmt *)s->query, &v) < 0)
        return -1;
    if (view_uses_temp(&v))
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "materialized views must not use temporary tables or views");
    if (create_as_check(d, s->into, v.ncolumns) < 0)
        return -1;
    CreateStmt *made = create_as_table(s->into, columns(s->into, &v));
    if (ddl_create_table(d, made) < 0 || (d->stale && ddl_reload(d) < 0) ||
        ddl_relation_creation(d, made->relation, &schema) < 0)
        return -1;
    const struct store_table *t =
        store_catalog_table(d->c->catalog, schema->name, made->relation->relname);
    if (!t)
        return err_set(d->err, SQLSTATE_INTERNAL_ERROR, "the relation that was made is not there");
    uint32_t oid = t->oid;
    if (turn(d, oid, &v) < 0)
        return -1;
    return s->into->skipData ? 0 : fill(d, oid, v.sqlite, ret_n);
}

/* -- REFRESH -- */

static int missing_index(struct ddl *d, const struct store_table *t)
{
    struct buf name;
    buf_init(&name, 1024);
    ident_postgres(t->schema, &name);
    ident_format(&name, ".");
    ident_postgres(t->name, &name);
    err_set(d->err, "55000", "cannot refresh materialized view \"%s\" concurrently",
            ident_text(&name));
    err_hint(d->err, "Create a unique index with no WHERE clause on one or more columns of the"
                     " materialized view.");
    buf_release(&name);
    return -1;
}

static bool has_whole_key(const struct store_table *t)
{
    for (size_t i = 0; i < t->nkeys; i++) {
        bool whole = t->keys[i].unique && !t->keys[i].partial;
        for (size_t k = 0; k < t->keys[i].nattnums; k++)
            whole = whole && t->keys[i].attnums[k] > 0;
        if (whole)
            return true;
    }
    return false;
}

static int check_refresh(struct ddl *d, const RefreshMatViewStmt *s, const struct store_table *t)
{
    if (t->kind != 'm')
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED, "\"%s\" is not a materialized view",
                       t->name);
    if (s->concurrent && !t->populated)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "CONCURRENTLY cannot be used when the materialized view is not populated");
    if (s->concurrent && s->skipData)
        return err_set(d->err, SQLSTATE_SYNTAX_ERROR, "%s and %s options cannot be used together",
                       "CONCURRENTLY", "WITH NO DATA");
    return s->concurrent && !has_whole_key(t) ? missing_index(d, t) : 0;
}

int ddl_refresh_matview(struct ddl *d, const RefreshMatViewStmt *s)
{
    const struct store_table *t;
    struct translate_result r;
    uint64_t n;
    List *parsed;
    if (ddl_find_table(d, s->relation, false, &t) < 0 || check_refresh(d, s, t) < 0)
        return -1;
    uint32_t oid = t->oid;
    if (s->skipData)
        return ddl_empty(d, t) < 0 ? -1 : set_populated(d, oid, false);
    if (parse_sql(t->view_sql, (void **)&parsed, d->err) < 0 ||
        translate_view_query(d->c->catalog, (SelectStmt *)((RawStmt *)linitial(parsed))->stmt,
                             t->view_sql, NULL, &r, d->err) < 0)
        return -1;
    if (fill(d, oid, r.sql, &n) == 0)
        return 0;
    if (s->concurrent && strcmp(d->err->sqlstate, SQLSTATE_UNIQUE_VIOLATION) == 0)
        err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                "REFRESH MATERIALIZED VIEW CONCURRENTLY with rows that are there twice is not"
                " supported by the store");
    return -1;
}
