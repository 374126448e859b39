/* ddl_index.c: indexes, and keys, which are indexes with a constraint. */
#include "daemon/store/depend.h"
#include "daemon/store/errors.h"
#include "daemon/store/ident.h"
#include "daemon/store/translate.h"

#include <stdio.h>

struct index_spec { /* what is to be created; all palloc'd or borrowed */
    const char *name;
    uint32_t oid;
    bool unique, primary;
    int n;
    int16_t attnums[32]; /* 0: an expression */
    uint32_t types[32];
    int options[32];        /* pg_index.indoption: 1 DESC, 2 NULLS FIRST */
    const char *sqlite[32]; /* column or expression in SQLite */
    const char *text[32];   /* in PostgreSQL */
    const char *predicate, *predicate_sqlite;
};

static const struct store_column *need_column(struct ddl *d, const struct store_table *t,
                                              const char *name, const char *where)
{
    const struct store_column *c = store_table_column(t, name);
    if (!c)
        err_set(d->err, SQLSTATE_UNDEFINED_COLUMN,
                where ? "column \"%s\" named in key does not exist"
                      : "column \"%s\" does not exist",
                name);
    return c;
}

static const char *quoted(const char *name, void (*how)(const char *, struct buf *))
{
    struct buf b;
    buf_init(&b, 4096);
    how(name, &b);
    const char *text = pstrdup(ident_text(&b));
    buf_release(&b);
    return text;
}

static int add_column(struct ddl *d, const struct store_table *t, struct index_spec *x,
                      const char *name, const char *where)
{
    const struct store_column *c = need_column(d, t, name, where);
    if (!c)
        return -1;
    if (x->n == 32)
        return err_set(d->err, "54011", "cannot use more than 32 columns in an index");
    x->attnums[x->n] = c->attnum;
    x->types[x->n] = c->type_oid;
    x->sqlite[x->n] = quoted(c->sqlite_name, ident_sqlite);
    x->text[x->n] = quoted(c->name, ident_postgres);
    x->n++;
    return 0;
}

/* JSON arrays of the catalog's vectors. */
static const char *vector(const struct index_spec *x, int what)
{
    struct buf b;
    buf_init(&b, 4096);
    for (int i = 0; i < x->n; i++) {
        long v = what == 0 ? x->attnums[i] : what == 1 ? (long)x->types[i] : x->options[i];
        ident_format(&b, "%s\"%ld\"", i ? "," : "[", v);
    }
    ident_format(&b, "]");
    const char *text = pstrdup(ident_text(&b));
    buf_release(&b);
    return text;
}

static void definition(const struct store_table *t, const struct index_spec *x, struct buf *out)
{
    ident_format(out, "CREATE %sINDEX ", x->unique ? "UNIQUE " : "");
    ident_postgres(x->name, out);
    ident_format(out, " ON ");
    ident_postgres(t->schema, out);
    ident_format(out, ".");
    ident_postgres(t->name, out);
    ident_format(out, " USING btree (");
    for (int i = 0; i < x->n; i++) {
        int o = x->options[i];
        ident_format(out, "%s%s%s%s", i ? ", " : "", x->text[i], o & 1 ? " DESC" : "",
                     o == 1   ? " NULLS LAST"
                     : o == 2 ? " NULLS FIRST"
                              : "");
    }
    ident_format(out, ")");
    if (x->predicate)
        ident_format(out, " WHERE %s", x->predicate);
}

static void sqlite_text(const struct store_table *t, const struct index_spec *x,
                        const char *sqlite_name, struct buf *out)
{
    ident_format(out, "CREATE %sINDEX ", x->unique ? "UNIQUE " : "");
    ident_sqlite(sqlite_name, out);
    ident_format(out, " ON ");
    ident_sqlite(t->sqlite_name, out);
    ident_format(out, " (");
    for (int i = 0; i < x->n; i++)
        ident_format(out, "%s%s%s", i ? ", " : "", x->sqlite[i], x->options[i] & 1 ? " DESC" : "");
    ident_format(out, ")");
    if (x->predicate_sqlite)
        ident_format(out, " WHERE %s", x->predicate_sqlite);
}

/* Rows of pg_class, pg_index and store.relation.  SQLite's own text waits in "store.relation" under
 * the index's definition until the table exists: see ddl_make_index. */
static int index_rows(struct ddl *d, const struct store_table *t, struct index_spec *x)
{
    struct buf name, text, sqlite;
    if (ddl_new_oid(d, &x->oid) < 0)
        return -1;
    buf_init(&name, 4096);
    buf_init(&text, 1 << 20);
    buf_init(&sqlite, 1 << 20);
    int rc =
        ddl_sqlite_name(d, store_catalog_schema(d->c->catalog, t->schema), x->name, x->oid, &name);
    definition(t, x, &text);
    sqlite_text(t, x, ident_text(&name), &sqlite);
    if (rc == 0)
        rc = ddl_exec(d, "INSERT INTO \"store.relation\" VALUES (?1, ?2, ?3)", "iss",
                      (int64_t)x->oid, ident_text(&name), ident_text(&text));
    if (rc == 0)
        rc = ddl_exec(d, "INSERT INTO \"store.index\" VALUES (?1, ?2)", "is", (int64_t)x->oid,
                      ident_text(&sqlite));
    buf_release(&name);
    buf_release(&text);
    buf_release(&sqlite);
    if (rc == 0)
        rc = ddl_exec(
            d,
            "INSERT INTO \"pg_catalog.pg_class\" (oid, relname, relnamespace, relowner, relam,"
            " relfilenode, relkind, relnatts, relpersistence, relreplident, relispopulated)"
            " VALUES (?1, ?2, ?4, 10, 403, ?1, 'i', ?3, 'p', 'n', 1)",
            "isii", (int64_t)x->oid, x->name, (int64_t)x->n, (int64_t)ddl_space(d, t));
    if (rc == 0)
        rc = ddl_exec(
            d,
            "INSERT INTO \"pg_catalog.pg_index\" (indexrelid, indrelid, indnatts, indnkeyatts,"
            " indisunique, indisprimary, indimmediate, indisvalid, indisready, indislive, indkey,"
            " indcollation, indclass, indoption, indpred) VALUES (?1, ?2, ?3, ?3, ?4, ?5, 1, 1, 1, "
            "1, ?6,"
            " (SELECT json_group_array(CAST(coalesce(y.typcollation, 0) AS TEXT)) FROM "
            "json_each(?7) j"
            "  LEFT JOIN \"system.pg_type\" y ON y.oid = CAST(j.value AS INTEGER)),"
            " (SELECT json_group_array(CAST(coalesce((SELECT o.oid FROM \"system.pg_opclass\" o"
            "  WHERE o.opcmethod = 403 AND o.opcdefault AND o.opcintype ="
            "  CASE j.value WHEN '1043' THEN 25 ELSE CAST(j.value AS INTEGER) END), 0) AS TEXT))"
            "  FROM json_each(?7) j), ?8, ?9)",
            "iiiiissss", (int64_t)x->oid, (int64_t)t->oid, (int64_t)x->n, (int64_t)x->unique,
            (int64_t)x->primary, vector(x, 0), vector(x, 1), vector(x, 2), x->predicate);
    if (rc == 0)
        rc = ddl_exec(d, "UPDATE \"pg_catalog.pg_class\" SET relhasindex = 1 WHERE oid = ?1", "i",
                      (int64_t)t->oid);
    return rc;
}

/* 23505 of an index being built: some key is there twice. */
static int duplicates(struct ddl *d, const struct store_table *t, const struct store_key *k)
{
    struct buf sql;
    struct watch w = {.c = d->c};
    sqlite3_stmt *s;
    buf_init(&sql, 1 << 20);
    ident_format(&sql, "SELECT 1");
    for (size_t i = 0; i < k->nattnums; i++) {
        const struct store_column *c = store_table_attnum(t, k->attnums[i]);
        ident_format(&sql, ", ");
        ident_sqlite(c ? c->sqlite_name : "", &sql);
    }
    ident_format(&sql, " FROM ");
    ident_sqlite(t->sqlite_name, &sql);
    for (size_t i = 0; i < k->nattnums; i++) {
        const struct store_column *c = store_table_attnum(t, k->attnums[i]);
        ident_format(&sql, i ? " AND " : " WHERE ");
        ident_sqlite(c ? c->sqlite_name : "", &sql);
        ident_format(&sql, " IS NOT NULL");
    }
    ident_format(&sql, " GROUP BY");
    for (size_t i = 0; i < k->nattnums; i++)
        ident_format(&sql, "%s %zu", i ? "," : "", i + 2);
    ident_format(&sql, " HAVING count(*) > 1 LIMIT 1");
    err_set(d->err, SQLSTATE_UNIQUE_VIOLATION, "could not create unique index \"%s\"", k->name);
    snprintf(d->err->schema, sizeof d->err->schema, "%s", t->schema);
    snprintf(d->err->table, sizeof d->err->table, "%s", t->name);
    snprintf(d->err->constraint, sizeof d->err->constraint, "%s", k->name);
    struct err ignored;
    s = conn_prepare(d->c, ident_text(&sql), &ignored);
    if (s && sqlite3_step(s) == SQLITE_ROW)
        watch_statement_detail(&w, s, t, k->attnums, k->nattnums, true, " is duplicated.", d->err);
    sqlite3_finalize(s);
    watch_release(&w);
    buf_release(&sql);
    return -1;
}

int ddl_make_index(struct ddl *d, const struct store_table *t, const struct store_key *k)
{
    sqlite3_stmt *s = conn_prepare(d->c, "SELECT sql FROM \"store.index\" WHERE oid = ?1", d->err);
    if (!s)
        return -1;
    sqlite3_bind_int64(s, 1, k->oid);
    char *sql =
        sqlite3_step(s) == SQLITE_ROW ? sqlite3_mprintf("%s", sqlite3_column_text(s, 0)) : NULL;
    sqlite3_finalize(s);
    if (!sql)
        return err_set(d->err, SQLSTATE_INTERNAL_ERROR, "definition of index \"%s\" not found",
                       k->name);
    d->c->internal++;
    int rc = sqlite3_exec(d->c->db, sql, NULL, NULL, NULL);
    d->c->internal--;
    sqlite3_free(sql);
    if (rc == SQLITE_OK)
        return 0;
    return (rc & 0xff) == SQLITE_CONSTRAINT ? duplicates(d, t, k)
                                            : errors_map(d->c, rc, NULL, NULL, d->err);
}

const struct store_key *ddl_find_index(struct ddl *d, uint32_t oid,
                                       const struct store_table **ret_owner)
{
    const struct store_catalog *c = d->c->catalog;
    for (size_t i = 0; i < c->ntables; i++)
        for (size_t k = 0; k < c->tables[i].nkeys; k++)
            if (c->tables[i].keys[k].oid == oid) {
                *ret_owner = &c->tables[i];
                return &c->tables[i].keys[k];
            }
    return NULL;
}

/* -- keys -- */

static int set_not_null(struct ddl *d, uint32_t table, const struct index_spec *x)
{
    for (int i = 0; i < x->n; i++)
        if (ddl_exec(d,
                     "UPDATE \"pg_catalog.pg_attribute\" SET attnotnull = 1 WHERE attrelid = ?1 "
                     "AND attnum = ?2",
                     "ii", (int64_t)table, (int64_t)x->attnums[i]) < 0)
            return -1;
    return 0;
}

/* PostgreSQL names an index after its columns: "a_b". */
static const char *joined(const struct store_table *t, const struct index_spec *x)
{
    struct buf b;
    buf_init(&b, 4096);
    for (int i = 0; i < x->n; i++) {
        const struct store_column *c = store_table_attnum(t, x->attnums[i]);
        ident_format(&b, "%s%s", i ? "_" : "", c ? c->name : "expr");
    }
    const char *text = pstrdup(ident_text(&b));
    buf_release(&b);
    return text;
}

static int key_constraint(struct ddl *d, const struct store_table *t, const struct index_spec *x,
                          const Constraint *con)
{
    uint32_t oid;
    if (ddl_new_oid(d, &oid) < 0 || depend_add(d, object_of(DEPEND_RELATION, x->oid),
                                               object_of(DEPEND_CONSTRAINT, oid), 'i') < 0)
        return -1;
    for (int i = 0; i < x->n; i++)
        if (depend_add(d, object_of(DEPEND_CONSTRAINT, oid), object_column(t->oid, x->attnums[i]),
                       'a') < 0)
            return -1;
    return ddl_exec(
        d,
        "INSERT INTO \"pg_catalog.pg_constraint\" (oid, conname, connamespace, contype,"
        " convalidated, conrelid, conindid, conislocal, connoinherit, conkey, confupdtype,"
        " confdeltype, confmatchtype, condeferrable, condeferred)"
        " VALUES (?1, ?2, ?7, ?3, 1, ?4, ?5, 1, 1, ?6, ' ', ' ', ' ', 0, 0)",
        "issiisi", (int64_t)oid, x->name, con->contype == CONSTR_PRIMARY ? "p" : "u",
        (int64_t)t->oid, (int64_t)x->oid, vector(x, 0), (int64_t)ddl_space(d, t));
}

int ddl_add_key(struct ddl *d, uint32_t table, const Constraint *con, const char *column)
{
    const struct store_table *t = ddl_table(d, table);
    struct index_spec x = {
        .unique = true, .primary = con->contype == CONSTR_PRIMARY, .name = con->conname};
    ListCell *cell;
    char chosen[64];
    if (con->deferrable || con->indexname || con->nulls_not_distinct || con->exclusions != NIL)
        return err_set(
            d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
            "a deferrable key, or a key USING INDEX or NULLS NOT DISTINCT, is not supported by"
            " the store");
    int64_t have = 0;
    if (x.primary &&
        ddl_query_int(d, &have,
                      "SELECT count(*) FROM \"pg_catalog.pg_constraint\" WHERE conrelid = ?1"
                      " AND contype = 'p'",
                      "i", (int64_t)table) < 0)
        return -1;
    if (have)
        return err_set(d->err, "42P16", "multiple primary keys for table \"%s\" are not allowed",
                       t->name);
    if (column && con->keys == NIL && add_column(d, t, &x, column, "key") < 0)
        return -1;
    foreach (cell, con->keys)
        if (add_column(d, t, &x, strVal(lfirst(cell)), "key") < 0)
            return -1;
    if (!x.name) {
        struct ddl_choice choice = {t->name, x.primary ? NULL : joined(t, &x),
                                    x.primary ? "pkey" : "key", ddl_space(d, t), true};
        if (ddl_choose_name(d, &choice, chosen) < 0)
            return -1;
        x.name = chosen;
    } else if (ddl_check_free(d, ddl_space(d, t), x.name, NULL) < 0) {
        return -1;
    }
    if ((x.primary && set_not_null(d, table, &x) < 0) || index_rows(d, t, &x) < 0)
        return -1;
    return key_constraint(d, t, &x, con);
}

/* -- CREATE INDEX -- */

static int index_element(struct ddl *d, const struct store_table *t, const IndexElem *e,
                         struct index_spec *x)
{
    int at = x->n;
    if (e->collation != NIL)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "COLLATE in an index is not supported by the store");
    if (e->name) {
        if (add_column(d, t, x, e->name, NULL) < 0)
            return -1;
    } else {
        struct buf text;
        if (x->n == 32)
            return err_set(d->err, "54011", "cannot use more than 32 columns in an index");
        if (translate_expression(d->c->catalog, t, e->expr, d->sql, 0, -1, &x->sqlite[at], d->err) <
            0)
            return -1;
        buf_init(&text, 1 << 20);
        int rc = deparse(d->c, t, e->expr, 0, &text, d->err);
        x->text[at] = IsA(e->expr, FuncCall) && ((FuncCall *)e->expr)->funcformat ==
                                                    COERCE_EXPLICIT_CALL
                          ? pstrdup(ident_text(&text))
                          : psprintf("(%s)", ident_text(&text));
        buf_release(&text);
        if (rc < 0)
            return -1;
        x->n++;
    }
    bool descending = e->ordering == SORTBY_DESC;
    bool first = e->nulls_ordering == SORTBY_NULLS_FIRST ||
                 (e->nulls_ordering == SORTBY_NULLS_DEFAULT && descending);
    x->options[at] = (descending ? 1 : 0) | (first ? 2 : 0);
    return 0;
}

static int index_spec(struct ddl *d, const struct store_table *t, const IndexStmt *s,
                      struct index_spec *x)
{
    ListCell *cell;
    if (s->accessMethod && strcmp(s->accessMethod, "btree") != 0 &&
        strcmp(s->accessMethod, "hash") != 0)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "index method %s is not supported by the store", s->accessMethod);
    if (s->nulls_not_distinct)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "NULLS NOT DISTINCT is not supported by the store");
    foreach (cell, s->indexParams)
        if (index_element(d, t, lfirst(cell), x) < 0)
            return -1;
    if (!s->whereClause)
        return 0;
    struct buf text;
    if (translate_expression(d->c->catalog, t, s->whereClause, d->sql, TYPES_BOOL, -1,
                             &x->predicate_sqlite, d->err) < 0)
        return -1;
    buf_init(&text, 1 << 20);
    int rc = deparse(d->c, t, s->whereClause, TYPES_BOOL, &text, d->err);
    x->predicate = pstrdup(ident_text(&text));
    buf_release(&text);
    return rc;
}

/* A plain index goes with the columns it is on. */
static int index_needs(struct ddl *d, const struct store_table *t, const IndexStmt *s,
                       const struct index_spec *x)
{
    struct object o = object_of(DEPEND_RELATION, x->oid);
    ListCell *cell;
    bool column = false;
    for (int i = 0; i < x->n; i++) {
        column = column || x->attnums[i];
        if (x->attnums[i] && depend_add(d, o, object_column(t->oid, x->attnums[i]), 'a') < 0)
            return -1;
    }
    foreach (cell, s->indexParams) {
        const IndexElem *e = lfirst(cell);
        if (e->expr && depend_expression(d, o, t, e->expr, 'a') < 0)
            return -1;
    }
    if (s->whereClause && depend_expression(d, o, t, s->whereClause, 'a') < 0)
        return -1;
    return column ? 0 : depend_add(d, o, object_of(DEPEND_RELATION, t->oid), 'a');
}

int ddl_create_index(struct ddl *d, const IndexStmt *s)
{
    const struct store_table *t;
    struct index_spec x = {.unique = s->unique, .name = s->idxname};
    char chosen[64];
    bool exists = false;
    if (ddl_find_table(d, s->relation, false, &t) < 0)
        return -1;
    if (x.name && ddl_check_free(d, ddl_space(d, t), x.name, s->if_not_exists ? &exists : NULL) < 0)
        return -1;
    if (exists) {
        conn_notice(d->c, "NOTICE", SQLSTATE_DUPLICATE_TABLE,
                    "relation \"%s\" already exists, skipping", x.name);
        return 0;
    }
    if (index_spec(d, t, s, &x) < 0)
        return -1;
    if (!x.name) {
        struct ddl_choice choice = {t->name, joined(t, &x), "idx", ddl_space(d, t), false};
        if (ddl_choose_name(d, &choice, chosen) < 0)
            return -1;
        x.name = chosen;
    }
    uint32_t table = t->oid;
    if (index_rows(d, t, &x) < 0 || index_needs(d, t, s, &x) < 0 || ddl_reload(d) < 0)
        return -1;
    return ddl_make_index_oid(d, table, x.oid);
}

int ddl_make_index_oid(struct ddl *d, uint32_t table, uint32_t index)
{
    const struct store_table *t = ddl_table(d, table);
    for (size_t i = 0; t && i < t->nkeys; i++)
        if (t->keys[i].oid == index)
            return ddl_make_index(d, t, &t->keys[i]);
    return err_set(d->err, SQLSTATE_INTERNAL_ERROR, "index not found in the catalog");
}
