/* ddl_index.c: indexes: their rows, building them, CREATE INDEX. */
#include "daemon/store/ddl_index.h"
#include "daemon/store/errors.h"
#include "daemon/store/ident.h"
#include "daemon/store/pretty.h"
#include "daemon/store/temp.h"
#include "daemon/store/transaction.h"
#include "daemon/store/translate.h"
#include "policy/parse.h"

#include <stdio.h>

/* JSON arrays of the catalog's vectors. */
static const char *vector(const struct index_spec *x, int n, long (*of)(const struct index_part *p))
{
    struct buf b;
    buf_init(&b, 4096);
    ident_format(&b, "[");
    for (int i = 0; i < n; i++)
        ident_format(&b, "%s\"%ld\"", i ? "," : "", of(&x->parts[i]));
    ident_format(&b, "]");
    const char *text = pstrdup(ident_text(&b));
    buf_release(&b);
    return text;
}

static long part_attnum(const struct index_part *p)
{
    return p->attnum;
}

static long part_collation(const struct index_part *p)
{
    return (long)p->collation;
}

static long part_opclass(const struct index_part *p)
{
    return (long)p->opclass;
}

static long part_option(const struct index_part *p)
{
    return p->option;
}

/* pg_get_expr() of the expressions: one after the other. */
static const char *expressions(const struct index_spec *x)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < x->n; i++)
        if (x->parts[i].text) {
            struct slice text = {x->parts[i].text, strlen(x->parts[i].text)};
            text = pretty_index_part(text);
            const char *comma = !buf_len(&b) ? "" : text.data[0] == '\n' ? "," : ", ";
            ident_format(&b, "%s%.*s", comma, (int)text.len, text.data);
        }
    const char *text = buf_len(&b) ? pstrdup(ident_text(&b)) : NULL;
    buf_release(&b);
    return text;
}

static int own_rows(struct ddl *d, const struct store_table *t, const struct index_spec *x)
{
    struct buf name;
    buf_init(&name, 4096);
    int rc =
        ddl_sqlite_name(d, store_catalog_schema(d->c->catalog, t->schema), x->name, x->oid, &name);
    if (rc == 0)
        rc = ddl_exec(d, "INSERT INTO \"store.relation\" VALUES (?1, ?2, '')", "is",
                      (int64_t)x->oid, ident_text(&name));
    if (rc == 0)
        rc = ddl_exec(d, "INSERT INTO \"store.index\" VALUES (?1, ?2, ?3, ?4, ?5)", "issss",
                      (int64_t)x->oid, index_sqlite(t, x, ident_text(&name)), x->method_name,
                      index_json(x, index_part_text), index_json(x, index_part_suffix));
    buf_release(&name);
    return rc;
}

/* Rows are equal by their fields, which SQLite's indexes know nothing of. */
static int refuse_rows(struct ddl *d, const struct index_spec *x)
{
    const struct types_set *types = &d->c->catalog->types;
    for (int i = 0; x->unique && i < x->n; i++) {
        const struct types_info *info = types_find(types, types_base(types, x->parts[i].type, NULL));
        if (info && info->category == 'A' && info->elem)
            info = types_find(types, types_base(types, info->elem, NULL));
        if (info && info->type == 'c')
            return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "a unique index on a column of a row type is not supported by the store");
    }
    return 0;
}

int index_rows(struct ddl *d, const struct store_table *t, struct index_spec *x)
{
    if (refuse_rows(d, x) < 0)
        return -1;
    if (ddl_new_oid(d, &x->oid) < 0 || own_rows(d, t, x) < 0 ||
        ddl_exec(d,
                 "INSERT INTO \"pg_catalog.pg_class\" (oid, relname, relnamespace, relowner, relam,"
                 " relfilenode, relkind, relnatts, relpersistence, relreplident, relispopulated,"
                 " reloptions) VALUES (?1, ?2, ?4, 10, ?5, ?1, 'i', ?3, ?7, 'n', 1, ?6)",
                 "isiiiss", (int64_t)x->oid, x->name, (int64_t)x->n, (int64_t)ddl_space(d, t),
                 (int64_t)x->method, x->options, (char[2]){t->persistence, 0}) < 0 ||
        ddl_exec(d,
                 "INSERT INTO \"pg_catalog.pg_index\" (indexrelid, indrelid, indnatts,"
                 " indnkeyatts, indisunique, indisprimary, indimmediate, indisvalid, indisready,"
                 " indislive, indkey, indcollation, indclass, indoption, indexprs, indpred,"
                 " indnullsnotdistinct) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, 1, 1, 1, ?7, ?8, ?9,"
                 " ?10, ?11, ?12, ?13)",
                 "iiiiiissssssi", (int64_t)x->oid, (int64_t)t->oid, (int64_t)x->n,
                 (int64_t)x->nkeys, (int64_t)x->unique, (int64_t)x->primary,
                 vector(x, x->n, part_attnum), vector(x, x->nkeys, part_collation),
                 vector(x, x->nkeys, part_opclass), vector(x, x->nkeys, part_option),
                 expressions(x), x->predicate, (int64_t)x->nulls_not_distinct) < 0 ||
        index_columns(d, x) < 0)
        return -1;
    return ddl_exec(d, "UPDATE \"pg_catalog.pg_class\" SET relhasindex = 1 WHERE oid = ?1", "i",
                    (int64_t)t->oid);
}

/* 23505 of an index being built: some key is there twice. */
static int duplicates(struct ddl *d, const struct store_table *t, const struct store_key *k)
{
    struct watch w = {.c = d->c};
    err_set(d->err, SQLSTATE_UNIQUE_VIOLATION, "could not create unique index \"%s\"", k->name);
    snprintf(d->err->schema, sizeof d->err->schema, "%s", t->schema);
    snprintf(d->err->table, sizeof d->err->table, "%s", t->name);
    snprintf(d->err->constraint, sizeof d->err->constraint, "%s", k->name);
    watch_duplicates_detail(&w, t, k, " is duplicated.", d->err);
    watch_release(&w);
    return -1;
}

int ddl_make_index(struct ddl *d, const struct store_table *t, const struct store_key *k)
{
    sqlite3_stmt *s = temp_prepare(
        d->c, k->oid, "SELECT sql FROM \"store.index\" WHERE oid = ?1", d->err);
    if (!s)
        return -1;
    sqlite3_bind_int64(s, 1, k->oid);
    char *sql =
        sqlite3_step(s) == SQLITE_ROW ? sqlite3_mprintf("%s", sqlite3_column_text(s, 0)) : NULL;
    sqlite3_finalize(s);
    if (sql && !*sql) { /* SQLite needs none */
        sqlite3_free(sql);
        return 0;
    }
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

/* -- CREATE INDEX -- */

/* What the method can do. */
static int check_method(struct ddl *d, const IndexStmt *s, const struct index_spec *x)
{
    bool tree = x->method == 403;
    if (s->unique && !tree)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "access method \"%s\" does not support unique indexes", x->method_name);
    if (s->indexIncludingParams != NIL && !tree && x->method != 783 && x->method != 4000)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "access method \"%s\" does not support included columns", x->method_name);
    if (list_length(s->indexParams) > 1 && (x->method == 405 || x->method == 4000))
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "access method \"%s\" does not support multicolumn indexes", x->method_name);
    if (s->tableSpace && strcmp(s->tableSpace, "pg_default") != 0)
        return err_set(d->err, SQLSTATE_UNDEFINED_OBJECT, "tablespace \"%s\" does not exist",
                       s->tableSpace);
    return 0;
}

static int predicate(struct ddl *d, const struct store_table *t, Node *where, struct index_spec *x)
{
    struct buf text;
    if (translate_condition(d->c->catalog, t, where, d->sql, "WHERE", &x->predicate_sqlite,
                            d->err) < 0)
        return -1;
    buf_init(&text, 1 << 20);
    bool mutable;
    int rc = deparse_checked(d->c, t, where, TYPES_BOOL, &text, &mutable, d->err);
    if (rc == 0 && mutable)
        rc = err_set(d->err, "42P17", "functions in index predicate must be marked IMMUTABLE");
    x->predicate = pstrdup(ident_text(&text));
    buf_release(&text);
    return rc;
}

static int index_spec(struct ddl *d, const struct store_table *t, const IndexStmt *s,
                      struct index_spec *x)
{
    ListCell *cell;
    x->unique = s->unique;
    x->name = s->idxname;
    x->nulls_not_distinct = s->nulls_not_distinct;
    if (index_method(d, s->accessMethod, x) < 0 || check_method(d, s, x) < 0 ||
        (s->whereClause && predicate(d, t, s->whereClause, x) < 0))
        return -1;
    foreach (cell, s->indexParams)
        if (index_element(d, t, lfirst(cell), x) < 0)
            return -1;
    x->nkeys = x->n;
    foreach (cell, s->indexIncludingParams) {
        const IndexElem *e = lfirst(cell);
        if (!e->name)
            return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "expressions are not supported in included columns");
        if (index_column(d, t, e->name, false, x) < 0)
            return -1;
    }
    return index_options(d, s->options, x);
}

/* A plain index goes with the columns it is on. */
static int index_needs(struct ddl *d, const struct store_table *t, const IndexStmt *s,
                       const struct index_spec *x)
{
    struct object o = object_of(DEPEND_RELATION, x->oid);
    ListCell *cell;
    bool column = false;
    for (int i = 0; i < x->n; i++) {
        int16_t attnum = x->parts[i].attnum;
        column = column || attnum;
        if (attnum && depend_add(d, o, object_column(t->oid, attnum), 'a') < 0)
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
    struct index_spec x;
    char chosen[64];
    bool exists = false;
    index_spec_init(&x);
    if ((s->concurrent && ddl_outside_block(d, "CREATE INDEX CONCURRENTLY") < 0) ||
        ddl_find_table(d, s->relation, false, &t) < 0)
        return -1;
    if (t->kind != 'r' && t->kind != 'm')
        return ddl_wrong_relation(d, t, "cannot create index on relation \"%s\"", t->name);
    if (s->idxname &&
        ddl_check_free(d, ddl_space(d, t), s->idxname, s->if_not_exists ? &exists : NULL) < 0)
        return -1;
    if (exists) {
        conn_notice(d->c, "NOTICE", SQLSTATE_DUPLICATE_TABLE,
                    "relation \"%s\" already exists, skipping", s->idxname);
        return 0;
    }
    if (index_spec(d, t, s, &x) < 0)
        return -1;
    if (!x.name) {
        struct ddl_choice choice = {t->name, index_naming(&x), "idx", ddl_space(d, t), false};
        if (ddl_choose_name(d, &choice, chosen) < 0)
            return -1;
        x.name = chosen;
    }
    uint32_t table = t->oid;
    if (index_rows(d, t, &x) < 0 || index_needs(d, t, s, &x) < 0 || ddl_reload(d) < 0 ||
        ddl_restate_indexes(d, table) < 0)
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

/* -- when a column changes -- */

/* 1: it knows the column, by itself or in an expression; 0: not. */
static int concerned(struct ddl *d, const struct store_table *t, const struct store_key *k,
                     int16_t attnum)
{
    int64_t depends = 0;
    if (attnum == 0)
        return 1;
    for (size_t i = 0; i < k->nattnums + k->nincluded; i++)
        if (k->attnums[i] == attnum)
            return 1;
    if (ddl_query_int(d, &depends,
                      "SELECT count(*) FROM \"pg_catalog.pg_depend\" WHERE classid = 1259 AND"
                      " objid = ?1 AND refclassid = 1259 AND refobjid = ?2 AND refobjsubid = ?3",
                      "iii", (int64_t)k->oid, (int64_t)t->oid, (int64_t)attnum) < 0)
        return -1;
    return depends > 0;
}

int ddl_unmake_indexes(struct ddl *d, uint32_t table, int16_t attnum)
{
    const struct store_table *t = ddl_table(d, table);
    for (size_t i = 0; i < t->nkeys; i++) {
        struct buf sql;
        int found = concerned(d, t, &t->keys[i], attnum);
        if (found < 0)
            return -1;
        if (!found)
            continue;
        buf_init(&sql, 4096);
        ident_format(&sql, "DROP INDEX IF EXISTS ");
        ident_sqlite(t->keys[i].sqlite_name, &sql);
        int rc = conn_exec(d->c, ident_text(&sql), d->err);
        buf_release(&sql);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* From its definition, as PostgreSQL does it. */
static int remake(struct ddl *d, const struct store_table *t, const struct store_key *k)
{
    List *list;
    struct index_spec x;
    index_spec_init(&x);
    if (parse_sql(k->definition, (void **)&list, d->err) < 0 ||
        index_spec(d, t, (const IndexStmt *)((const RawStmt *)linitial(list))->stmt, &x) < 0) {
        d->err->position = 0;
        return -1;
    }
    x.oid = k->oid;
    if (index_columns(d, &x) < 0)
        return -1;
    return ddl_exec(d,
                    "UPDATE \"store.index\" SET sql = ?2, texts = ?3, suffixes = ?4 WHERE oid = ?1",
                    "isss", (int64_t)k->oid, index_sqlite(t, &x, k->sqlite_name),
                    index_json(&x, index_part_text), index_json(&x, index_part_suffix)) < 0
               ? -1
               : ddl_exec(d,
                          "UPDATE \"pg_catalog.pg_index\" SET indcollation = ?2, indclass = ?3,"
                          " indexprs = ?4, indpred = ?5 WHERE indexrelid = ?1",
                          "issss", (int64_t)k->oid, vector(&x, x.nkeys, part_collation),
                          vector(&x, x.nkeys, part_opclass), expressions(&x), x.predicate);
}

int ddl_remake_indexes(struct ddl *d, uint32_t table, int16_t attnum)
{
    const struct store_table *t = ddl_table(d, table);
    for (size_t i = 0; i < t->nkeys; i++) {
        int found = concerned(d, t, &t->keys[i], attnum);
        if (found < 0 ||
            (found && (remake(d, t, &t->keys[i]) < 0 || ddl_make_index(d, t, &t->keys[i]) < 0)))
            return -1;
    }
    return ddl_restate_indexes(d, table);
}
