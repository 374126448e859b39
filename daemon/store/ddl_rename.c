/* ddl_rename.c: RENAME and SET SCHEMA: names live in the catalog alone.
 *
 * SQLite's names never change, so what SQLite has stays as it is; texts that PostgreSQL would print
 * from its trees (checks, expressions in indexes, generated columns) are edited.
 */
#include "daemon/store/depend.h"
#include "daemon/store/ident.h"
#include "daemon/store/pretty.h"
#include "daemon/store/temp.h"
#include "policy/parse.h"

#define REFS_MAX 256

struct rename {
    const char *from, *to;
    int at[REFS_MAX]; /* where the text says ${from}, rising */
    int n;
    bool refused; /* more than that, or t.column */
};

static bool find_refs(Node *node, void *context)
{
    struct rename *r = context;
    if (!node)
        return false;
    if (IsA(node, ColumnRef)) {
        const ColumnRef *c = (const ColumnRef *)node;
        const Node *last = llast(c->fields);
        if (!IsA(last, String) || strcmp(strVal(last), r->from) != 0)
            return false;
        r->refused = r->refused || r->n == REFS_MAX || list_length(c->fields) > 1;
        if (!r->refused)
            r->at[r->n++] = c->location;
    }
    return raw_expression_tree_walker(node, find_refs, context);
}

static int rising(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* A text of the catalog, as it reads with the column's new name: edited, for what PostgreSQL prints
 * need not be printed the same when it is analysed again. */
static int restate_text(struct ddl *d, const char *text, const struct rename *of, const char **ret)
{
    static const char select[] = "SELECT ";
    struct rename r = {.from = of->from, .to = of->to};
    List *list;
    struct buf old, out;
    const char *query = psprintf("%s%s", select, text);
    if (parse_sql(query, (void **)&list, d->err) < 0)
        return -1;
    find_refs(((RawStmt *)linitial(list))->stmt, &r);
    if (r.refused)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "renaming a column in an expression of this form is not supported by the"
                       " store");
    qsort(r.at, (size_t)r.n, sizeof r.at[0], rising);
    buf_init(&old, 1024);
    buf_init(&out, 1 << 20);
    ident_postgres(r.from, &old);
    size_t done = strlen(select), length = strlen(ident_text(&old));
    for (int i = 0; i < r.n; i++) {
        buf_append(&out, query + done, (size_t)r.at[i] - done);
        ident_postgres(r.to, &out);
        done = (size_t)r.at[i] + length;
    }
    ident_format(&out, "%s", query + done);
    *ret = pstrdup(ident_text(&out));
    buf_release(&old);
    buf_release(&out);
    return 0;
}

/* Every row of ${select} (oid, text): ${update} it (?1 oid, ?2 text). */
static int restate_rows(struct ddl *d, const struct store_table *t, const struct rename *r,
                        const char *select, const char *update)
{
    struct row {
        int64_t oid;
        const char *text;
    } *rows = palloc(sizeof *rows);
    size_t n = 0;
    sqlite3_stmt *s = temp_prepare(d->c, t->oid, select, d->err);
    if (!s)
        return -1;
    sqlite3_bind_int64(s, 1, t->oid);
    while (sqlite3_step(s) == SQLITE_ROW) {
        rows = repalloc(rows, (n + 2) * sizeof *rows);
        rows[n].oid = sqlite3_column_int64(s, 0);
        rows[n++].text = pstrdup((const char *)sqlite3_column_text(s, 1));
    }
    sqlite3_finalize(s);
    for (size_t i = 0; i < n; i++) {
        const char *text;
        if (restate_text(d, rows[i].text, r, &text) < 0 ||
            ddl_exec(d, update, "is", rows[i].oid, text) < 0)
            return -1;
    }
    return 0;
}

/* The text of part ${k} of an index; NULL: it is a column. */
static int index_text(struct ddl *d, uint32_t oid, size_t k, const char **ret)
{
    sqlite3_stmt *s = temp_prepare(
        d->c, oid, "SELECT json_extract(texts, '$[' || ?2 || ']') FROM \"store.index\" WHERE oid = ?1",
        d->err);
    if (!s)
        return -1;
    sqlite3_bind_int64(s, 1, oid);
    sqlite3_bind_int64(s, 2, (int64_t)k);
    bool some = sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL;
    *ret = some ? pstrdup((const char *)sqlite3_column_text(s, 0)) : NULL;
    sqlite3_finalize(s);
    return 0;
}

/* Expressions in indexes are kept one by one, and in pg_index one after the other. */
static int restate_index_parts(struct ddl *d, const struct store_key *key, const struct rename *r)
{
    const char *all = NULL;
    for (size_t k = 0; k < key->nattnums; k++) {
        const char *text;
        if (index_text(d, key->oid, k, &text) < 0)
            return -1;
        if (!text)
            continue;
        if (restate_text(d, text, r, &text) < 0 ||
            ddl_exec(d,
                     "UPDATE \"store.index\" SET texts = json_set(texts, '$[' || ?2 || ']', ?3)"
                     " WHERE oid = ?1",
                     "iis", (int64_t)key->oid, (int64_t)k, text) < 0)
            return -1;
        struct slice bare = pretty_index_part((struct slice){text, strlen(text)});
        const char *comma = !all ? "" : bare.data[0] == '\n' ? "," : ", ";
        all = psprintf("%s%s%.*s", all ? all : "", comma, (int)bare.len, bare.data);
    }
    return !all ? 0
                : ddl_exec(d,
                           "UPDATE \"pg_catalog.pg_index\" SET indexprs = ?2 WHERE indexrelid = ?1",
                           "is", (int64_t)key->oid, all);
}

static int restate_column(struct ddl *d, uint32_t table, const struct rename *r)
{
    const struct store_table *t = ddl_table(d, table);
    if (restate_rows(d, t, r,
                     "SELECT oid, conbin FROM \"pg_catalog.pg_constraint\" WHERE conrelid = ?1 AND"
                     " contype = 'c'",
                     "UPDATE \"pg_catalog.pg_constraint\" SET conbin = ?2 WHERE oid = ?1") < 0 ||
        restate_rows(d, t, r,
                     "SELECT f.oid, f.adbin FROM \"pg_catalog.pg_attrdef\" f JOIN"
                     " \"pg_catalog.pg_attribute\" a ON a.attrelid = f.adrelid AND"
                     " a.attnum = f.adnum WHERE f.adrelid = ?1 AND a.attgenerated <> ''",
                     "UPDATE \"pg_catalog.pg_attrdef\" SET adbin = ?2 WHERE oid = ?1") < 0 ||
        restate_rows(d, t, r,
                     "SELECT indexrelid, indpred FROM \"pg_catalog.pg_index\" WHERE indrelid = ?1"
                     " AND indpred IS NOT NULL",
                     "UPDATE \"pg_catalog.pg_index\" SET indpred = ?2 WHERE indexrelid = ?1") < 0)
        return -1;
    for (size_t i = 0; i < t->nkeys; i++)
        if (restate_index_parts(d, &t->keys[i], r) < 0)
            return -1;
    if (ddl_restate_indexes(d, table) < 0)
        return -1;
    return ddl_reload(d);
}

static int rename_relation(struct ddl *d, uint32_t oid, const char *name)
{
    int64_t space = 0;
    if (ddl_query_int(d, &space, "SELECT relnamespace FROM \"pg_catalog.pg_class\" WHERE oid = ?1",
                      "i", (int64_t)oid) < 0 ||
        ddl_check_free(d, (uint32_t)space, name, NULL) < 0 ||
        ddl_rename_row_type(d, oid, (uint32_t)space, name) < 0)
        return -1;
    return ddl_exec(d, "UPDATE \"pg_catalog.pg_class\" SET relname = ?2 WHERE oid = ?1", "is",
                    (int64_t)oid, name);
}

static int rename_column(struct ddl *d, const struct store_table *t, const char *from,
                         const char *to)
{
    uint32_t table = t->oid;
    const struct rename r = {.from = from, .to = to};
    const struct store_column *c = store_table_column(t, from);
    if (!c)
        return err_set(d->err, SQLSTATE_UNDEFINED_COLUMN, "column \"%s\" does not exist", from);
    if (store_table_column(t, to))
        return err_set(d->err, "42701", "column \"%s\" of relation \"%s\" already exists", to,
                       t->name);
    struct ddl_rename views = {.oid = table, .attnum = c->attnum, .name = to};
    if (ddl_views_rename(d, &views) < 0 || ddl_index_names_stay(d, t, c->attnum) < 0 ||
        ddl_exec(d,
                 "UPDATE \"pg_catalog.pg_attribute\" SET attname = ?3 WHERE attrelid = ?1 AND "
                 "attnum = ?2",
                 "iis", (int64_t)table, (int64_t)c->attnum, to) < 0 ||
        ddl_reload(d) < 0 || ddl_views_renamed(d, &views) < 0)
        return -1;
    return restate_column(d, table, &r);
}

static int rename_constraint(struct ddl *d, const struct store_table *t, const char *from,
                             const char *to)
{
    uint32_t table = t->oid;
    int64_t oid, index = 0;
    int found = ddl_query_int(
        d, &oid,
        "SELECT oid FROM \"pg_catalog.pg_constraint\" WHERE conrelid = ?1 AND conname = ?2", "is",
        (int64_t)table, from);
    if (found <= 0)
        return found < 0
                   ? -1
                   : err_set(d->err, SQLSTATE_UNDEFINED_OBJECT,
                             "constraint \"%s\" for table \"%s\" does not exist", from, t->name);
    if (ddl_query_int(d, &index,
                      "SELECT conindid FROM \"pg_catalog.pg_constraint\" WHERE oid = ?1 AND "
                      "contype IN ('p','u')",
                      "i", oid) < 0 ||
        (index && rename_relation(d, (uint32_t)index, to) < 0) ||
        (!index && ddl_check_constraint(d, t, to) < 0) ||
        ddl_exec(d, "UPDATE \"pg_catalog.pg_constraint\" SET conname = ?2 WHERE oid = ?1", "is",
                 oid, to) < 0 ||
        ddl_reload(d) < 0)
        return -1;
    return index ? ddl_restate_indexes(d, table) : ddl_sync_table(d, ddl_table(d, table));
}

/* A table, index, sequence or view: ALTER TABLE takes all of them. */
static int rename_any(struct ddl *d, const struct store_table *owner, uint32_t oid,
                      const char *name)
{
    uint32_t table = owner ? owner->oid : 0;
    struct ddl_rename views = {.oid = oid, .name = name};
    if (ddl_views_rename(d, &views) < 0 || rename_relation(d, oid, name) < 0 ||
        ddl_exec(d,
                 "UPDATE \"pg_catalog.pg_constraint\" SET conname = ?2 WHERE conindid = ?1"
                 " AND contype IN ('p','u')",
                 "is", (int64_t)oid, name) < 0 ||
        ddl_reload(d) < 0 || ddl_views_renamed(d, &views) < 0)
        return -1;
    if (!table)
        return 0;
    return ddl_restate_indexes(d, table);
}

static int wrong_kind(struct ddl *d, const char *name, ObjectType type, char relkind)
{
    const char *what = type == OBJECT_INDEX      ? "an index"
                       : type == OBJECT_SEQUENCE ? "a sequence"
                       : type == OBJECT_VIEW     ? "a view"
                       : type == OBJECT_MATVIEW  ? "a materialized view"
                                                 : NULL;
    bool right = type == OBJECT_INDEX      ? relkind == 'i'
                 : type == OBJECT_SEQUENCE ? relkind == 'S'
                 : type == OBJECT_VIEW     ? relkind == 'v'
                 : type == OBJECT_MATVIEW  ? relkind == 'm'
                                           : true;
    return right ? 0 : err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not %s", name, what);
}

static int rename_named(struct ddl *d, const RenameStmt *s)
{
    const struct store_table *owner = NULL;
    char relkind;
    uint32_t oid;
    if (ddl_find_relation(d, s->relation, s->missing_ok, &oid) < 0)
        return -1;
    if (!oid)
        return 0;
    if (ddl_relkind(d, oid, &relkind) < 0 ||
        wrong_kind(d, s->relation->relname, s->renameType, relkind) < 0)
        return -1;
    if (!ddl_find_index(d, oid, &owner))
        owner = ddl_table(d, oid);
    return rename_any(d, owner, oid, s->newname);
}

static int rename_schema(struct ddl *d, const RenameStmt *s)
{
    const struct store_schema *schema;
    if (ddl_find_schema(d, s->subname, &schema) < 0)
        return -1;
    if (store_catalog_schema(d->c->catalog, s->newname))
        return err_set(d->err, "42P06", "schema \"%s\" already exists", s->newname);
    if (strncmp(s->newname, "pg_", 3) == 0) {
        err_set(d->err, "42939", "unacceptable schema name \"%s\"", s->newname);
        err_detail(d->err, "The prefix \"pg_\" is reserved for system schemas.");
        return -1;
    }
    struct ddl_rename views = {.from_schema = schema->name, .schema = s->newname};
    if (ddl_views_rename(d, &views) < 0 ||
        ddl_exec(d, "UPDATE \"pg_catalog.pg_namespace\" SET nspname = ?2 WHERE oid = ?1", "is",
                 (int64_t)schema->oid, s->newname) < 0 ||
        ddl_reload(d) < 0 || ddl_views_renamed(d, &views) < 0)
        return -1;
    for (size_t i = 0; i < d->c->catalog->ntables; i++) {
        const struct store_table *t = &d->c->catalog->tables[i];
        if (strcmp(t->schema, s->newname) == 0 && ddl_restate_indexes(d, t->oid) < 0)
            return -1;
    }
    return 0;
}

static int rename_object(struct ddl *d, const RenameStmt *s, const char **ret_tag)
{
    const struct store_table *t;
    switch (s->renameType) {
    case OBJECT_TYPE:
        *ret_tag = "ALTER TYPE";
        return ddl_rename_type(d, s);
    case OBJECT_DOMAIN:
        *ret_tag = "ALTER DOMAIN";
        return ddl_rename_type(d, s);
    case OBJECT_ATTRIBUTE:
        *ret_tag = "ALTER TYPE";
        return ddl_rename_attribute(d, s);
    case OBJECT_DOMCONSTRAINT:
        *ret_tag = "ALTER DOMAIN";
        return ddl_rename_domain_constraint(d, s);
    case OBJECT_SCHEMA:
        *ret_tag = "ALTER SCHEMA";
        return rename_schema(d, s);
    case OBJECT_INDEX:
        *ret_tag = "ALTER INDEX";
        return rename_named(d, s);
    case OBJECT_SEQUENCE:
        *ret_tag = "ALTER SEQUENCE";
        return rename_named(d, s);
    case OBJECT_VIEW:
        *ret_tag = "ALTER VIEW";
        return rename_named(d, s);
    case OBJECT_MATVIEW:
        *ret_tag = "ALTER MATERIALIZED VIEW";
        return rename_named(d, s);
    case OBJECT_TABLE:
        *ret_tag = "ALTER TABLE";
        return rename_named(d, s);
    case OBJECT_COLUMN:
    case OBJECT_TABCONSTRAINT:
        break;
    default:
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "renaming this kind of object is not supported by the store");
    }
    *ret_tag = "ALTER TABLE";
    if (ddl_find_table(d, s->relation, s->missing_ok, &t) < 0)
        return -1;
    if (!t)
        return ddl_missing_relation(d, s->relation, true);
    if (s->renameType == OBJECT_COLUMN && s->relationType == OBJECT_VIEW)
        *ret_tag = "ALTER VIEW";
    if (s->renameType == OBJECT_COLUMN && s->relationType == OBJECT_MATVIEW)
        *ret_tag = "ALTER MATERIALIZED VIEW";
    if (t->kind != 'r' && ((t->kind != 'v' && t->kind != 'm') || s->renameType != OBJECT_COLUMN))
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "renaming parts of \"%s\", which is not a table, is not supported by the"
                       " store",
                       t->name);
    return s->renameType == OBJECT_COLUMN ? rename_column(d, t, s->subname, s->newname)
                                          : rename_constraint(d, t, s->subname, s->newname);
}

int ddl_rename(struct ddl *d, const RenameStmt *s, const char **ret_tag)
{
    const struct ddl_names *names = ddl_names(d);
    return rename_object(d, s, ret_tag) < 0 ? -1 : ddl_names_follow(d, names);
}

/* -- SET SCHEMA -- */

static int move(struct ddl *d, uint32_t oid, const struct store_schema *to)
{
    return ddl_move_row_type(d, oid, to->oid) < 0 ||
                   ddl_exec(d, "UPDATE \"pg_catalog.pg_class\" SET relnamespace = ?2 WHERE oid = ?1", "ii",
                    (int64_t)oid, (int64_t)to->oid) < 0
               ? -1
               : ddl_exec(d,
                          "UPDATE \"pg_catalog.pg_depend\" SET refobjid = ?2 WHERE classid = 1259"
                          " AND objid = ?1 AND refclassid = 2615",
                          "ii", (int64_t)oid, (int64_t)to->oid);
}

/* Indexes, constraints and owned sequences go with the table. */
static int move_parts(struct ddl *d, const struct store_table *t, const struct store_schema *to)
{
    const struct store_catalog *c = d->c->catalog;
    for (size_t i = 0; i < t->nkeys; i++)
        if (move(d, t->keys[i].oid, to) < 0)
            return -1;
    for (size_t i = 0; i < c->nsequences; i++)
        if (c->sequences[i].table_oid == t->oid && move(d, c->sequences[i].oid, to) < 0)
            return -1;
    return ddl_exec(d,
                    "UPDATE \"pg_catalog.pg_constraint\" SET connamespace = ?2 WHERE conrelid = ?1",
                    "ii", (int64_t)t->oid, (int64_t)to->oid);
}

static int set_schema(struct ddl *d, const AlterObjectSchemaStmt *s, const char **ret_tag)
{
    const struct store_schema *to;
    *ret_tag = s->objectType == OBJECT_SEQUENCE ? "ALTER SEQUENCE"
               : s->objectType == OBJECT_VIEW    ? "ALTER VIEW"
               : s->objectType == OBJECT_MATVIEW ? "ALTER MATERIALIZED VIEW"
                                                 : "ALTER TABLE";
    if (s->objectType == OBJECT_TYPE || s->objectType == OBJECT_DOMAIN)
        return ddl_move_type(d, s, ret_tag);
    if (s->objectType != OBJECT_TABLE && s->objectType != OBJECT_SEQUENCE &&
        s->objectType != OBJECT_VIEW && s->objectType != OBJECT_MATVIEW)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "SET SCHEMA of this kind of object is not supported by the store");
    uint32_t oid;
    if (ddl_find_relation(d, s->relation, s->missing_ok, &oid) < 0)
        return -1;
    if (!oid)
        return 0;
    const struct store_table *t = ddl_table(d, oid);
    const struct store_sequence *q = store_catalog_sequence_oid(d->c->catalog, oid);
    if (q && q->table_oid) {
        err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                "cannot move an owned sequence into another schema");
        const struct store_table *owner = ddl_table(d, q->table_oid);
        err_detail(d->err, "Sequence \"%s\" is linked to table \"%s\".", q->name,
                   owner ? owner->name : "");
        return -1;
    }
    if (ddl_find_schema(d, s->newschema, &to) < 0)
        return -1;
    if (catalog_is_temp(oid) != catalog_is_temp(to->oid))
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "cannot move objects into or out of temporary schemas");
    if (strcmp(t ? t->schema : q ? q->schema : "", to->name) == 0)
        return 0;
    if (ddl_check_free(d, to->oid, s->relation->relname, NULL) < 0) {
        err_set(d->err, SQLSTATE_DUPLICATE_TABLE, "relation \"%s\" already exists in schema \"%s\"",
                s->relation->relname, to->name);
        return -1;
    }
    const struct store_schema kept = {to->oid, pstrdup(to->name)};
    struct ddl_rename views = {.oid = oid, .schema = kept.name};
    if (ddl_views_rename(d, &views) < 0 || move(d, oid, &kept) < 0 ||
        (t && move_parts(d, t, &kept) < 0) || ddl_reload(d) < 0 || ddl_views_renamed(d, &views) < 0)
        return -1;
    return t ? ddl_restate_indexes(d, oid) : 0;
}

int ddl_set_schema(struct ddl *d, const AlterObjectSchemaStmt *s, const char **ret_tag)
{
    const struct ddl_names *names = ddl_names(d);
    return set_schema(d, s, ret_tag) < 0 ? -1 : ddl_names_follow(d, names);
}
