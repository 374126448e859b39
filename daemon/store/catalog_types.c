/* catalog_types.c: the user's types, read from pg_type and pg_enum into a struct types_set. */
#include "daemon/store/arena.h"
#include "daemon/store/catalog_impl.h"
#include "daemon/store/temp.h"
#include "protocol/sqlstate.h"

#include <sqlite3.h>

struct reading {
    sqlite3 *db;
    struct arena *arena;
    struct err *err;
    bool temp; /* of temporary relations (temp.h) */
};

static const char *text(struct reading *r, sqlite3_stmt *s, int i)
{
    const char *copy = arena_strdup(r->arena, (const char *)sqlite3_column_text(s, i));
    return copy ? copy : "";
}

static char letter(sqlite3_stmt *s, int i)
{
    const char *t = (const char *)sqlite3_column_text(s, i);
    return t ? t[0] : 0;
}

static int prepare(struct reading *r, const char *sql, sqlite3_stmt **ret)
{
    char *text = r->temp ? temp_text(sql) : NULL;
    int rc = r->temp && !text ? SQLITE_NOMEM
                              : sqlite3_prepare_v2(r->db, text ? text : sql, -1, ret, NULL);
    sqlite3_free(text);
    return rc;
}

/* Prepare ${sql} about ${oid}, after counting its rows in ${ret_n}. */
static sqlite3_stmt *rows(struct reading *r, const char *count, const char *sql, uint32_t oid,
                          size_t *ret_n)
{
    sqlite3_stmt *s = NULL;
    *ret_n = 0;
    int rc = prepare(r, count, &s);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(s, 1, oid);
        if (sqlite3_step(s) == SQLITE_ROW)
            *ret_n = (size_t)sqlite3_column_int64(s, 0);
        rc = sqlite3_finalize(s);
        s = NULL;
    }
    if (rc == SQLITE_OK)
        rc = prepare(r, sql, &s);
    if (rc != SQLITE_OK) {
        err_set(r->err, rc == SQLITE_BUSY ? SQLSTATE_SERIALIZATION_FAILURE : "XX001",
                "could not read the catalog: %s", sqlite3_errmsg(r->db));
        return NULL;
    }
    sqlite3_bind_int64(s, 1, oid);
    return s;
}

static int read_labels(struct reading *r, struct types_user *u)
{
    size_t n;
    sqlite3_stmt *s = rows(r, "SELECT count(*) FROM \"pg_catalog.pg_enum\" WHERE enumtypid = ?1",
                           "SELECT e.oid, e.enumlabel, e.enumsortorder, n.oid IS NOT NULL FROM "
                           "\"pg_catalog.pg_enum\" e"
                           " LEFT JOIN \"store.enum_new\" n ON n.oid = e.oid WHERE e.enumtypid = ?1"
                           " ORDER BY e.enumsortorder",
                           u->info.oid, &n);
    if (!s)
        return -1;
    struct types_label *labels = arena_alloc(r->arena, (n + 1) * sizeof *labels);
    u->labels = labels;
    while (labels && u->nlabels < n && sqlite3_step(s) == SQLITE_ROW)
        labels[u->nlabels++] = (struct types_label){.oid = (uint32_t)sqlite3_column_int64(s, 0),
                                                    .name = text(r, s, 1),
                                                    .order = sqlite3_column_double(s, 2),
                                                    .pending = sqlite3_column_int(s, 3) != 0};
    sqlite3_finalize(s);
    return 0;
}

static int read_checks(struct reading *r, struct types_user *u)
{
    size_t n;
    sqlite3_stmt *s =
        rows(r, "SELECT count(*) FROM \"pg_catalog.pg_constraint\" WHERE contypid = ?1",
             "SELECT k.oid, k.conname, r.sqlite_name, k.conbin FROM"
             " \"pg_catalog.pg_constraint\" k JOIN \"store.relation\" r"
             " ON r.oid = k.oid WHERE k.contypid = ?1 ORDER BY k.conname",
             u->info.oid, &n);
    if (!s)
        return -1;
    struct types_check *checks = arena_alloc(r->arena, (n + 1) * sizeof *checks);
    u->checks = checks;
    while (checks && u->nchecks < n && sqlite3_step(s) == SQLITE_ROW)
        checks[u->nchecks++] = (struct types_check){.oid = (uint32_t)sqlite3_column_int64(s, 0),
                                                    .name = text(r, s, 1),
                                                    .sqlite = text(r, s, 2),
                                                    .sql = text(r, s, 3)};
    sqlite3_finalize(s);
    return 0;
}

/* The attributes of all types of rows: one query, as there is one such type for each table. */
static int read_attributes(struct reading *r, struct types_user *types, size_t ntypes)
{
    size_t n, i = 0, k = 0;
    sqlite3_stmt *s =
        rows(r, "SELECT count(*) FROM \"pg_catalog.pg_attribute\" WHERE attnum > 0 * ?1",
             "SELECT t.oid, a.attname, a.atttypid, a.atttypmod, a.attnum FROM"
             " \"pg_catalog.pg_type\" t JOIN \"pg_catalog.pg_attribute\" a ON a.attrelid ="
             " t.typrelid WHERE t.typtype = 'c' AND a.attnum > 0 * ?1 AND NOT a.attisdropped ORDER"
             " BY t.oid, a.attnum",
             0, &n);
    if (!s)
        return -1;
    struct types_attribute *all = arena_alloc(r->arena, (n + 1) * sizeof *all);
    while (all && k < n && sqlite3_step(s) == SQLITE_ROW) {
        uint32_t oid = (uint32_t)sqlite3_column_int64(s, 0);
        while (i < ntypes && types[i].info.oid < oid)
            i++;
        if (i == ntypes)
            break;
        all[k] = (struct types_attribute){.name = text(r, s, 1),
                                          .type = (uint32_t)sqlite3_column_int64(s, 2),
                                          .typmod = sqlite3_column_int(s, 3),
                                          .attnum = (int16_t)sqlite3_column_int(s, 4)};
        if (types[i].nattributes++ == 0)
            types[i].attributes = &all[k];
        k++;
    }
    sqlite3_finalize(s);
    return 0;
}

static void read_type(struct reading *r, sqlite3_stmt *s, struct types_user *u)
{
    char type = letter(s, 4), category = letter(s, 5);
    *u = (struct types_user){
        .info = {.oid = (uint32_t)sqlite3_column_int64(s, 0),
                 .name = text(r, s, 1),
                 .len = (int16_t)sqlite3_column_int(s, 2),
                 .byval = sqlite3_column_int(s, 3) != 0,
                 .type = type,
                 .category = category,
                 .preferred = sqlite3_column_int(s, 6) != 0,
                 .delim = letter(s, 7),
                 .relid = (uint32_t)sqlite3_column_int64(s, 8),
                 .elem = category == 'A' ? (uint32_t)sqlite3_column_int64(s, 9) : 0,
                 .array = (uint32_t)sqlite3_column_int64(s, 10),
                 .collation = (uint32_t)sqlite3_column_int64(s, 11)},
        .schema = text(r, s, 12),
        .base = (uint32_t)sqlite3_column_int64(s, 13),
        .base_typmod = sqlite3_column_int(s, 14),
        .not_null = sqlite3_column_int(s, 15) != 0,
        .default_sql = arena_strdup(r->arena, (const char *)sqlite3_column_text(s, 16)),
        .default_sqlite = arena_strdup(r->arena, (const char *)sqlite3_column_text(s, 17)),
    };
}

static int read_types(struct reading *r, struct types_set *ret)
{
    size_t n;
    sqlite3_stmt *s =
        rows(r, "SELECT count(*) FROM \"pg_catalog.pg_type\" WHERE oid >= 16384 + 0 * ?1",
             "SELECT t.oid, t.typname, t.typlen, t.typbyval, t.typtype, t.typcategory,"
             " t.typispreferred, t.typdelim, t.typrelid, t.typelem, t.typarray, t.typcollation,"
             " n.nspname, t.typbasetype, t.typtypmod, t.typnotnull, t.typdefault, d.sqlite_name"
             " FROM \"pg_catalog.pg_type\" t LEFT JOIN \"store.relation\" d ON d.oid = t.oid"
             " JOIN \"pg_catalog.pg_namespace\" n ON n.oid = t.typnamespace"
             " WHERE t.oid >= 16384 + 0 * ?1 ORDER BY t.oid",
             0, &n);
    if (!s)
        return -1;
    struct types_user *types = arena_alloc(r->arena, (n + 1) * sizeof *types);
    ret->types = types;
    while (types && ret->n < n && sqlite3_step(s) == SQLITE_ROW)
        read_type(r, s, &types[ret->n++]);
    sqlite3_finalize(s);
    if (types && read_attributes(r, types, ret->n) < 0)
        return -1;
    for (size_t i = 0; i < ret->n; i++)
        if ((types[i].info.type == 'e' && read_labels(r, &types[i]) < 0) ||
            (types[i].info.type == 'd' && read_checks(r, &types[i]) < 0))
            return -1;
    return r->arena->failed ? err_set(r->err, SQLSTATE_OUT_OF_MEMORY, "out of memory") : 0;
}

int catalog_read_types(sqlite3 *db, struct arena *arena, bool temp, struct types_set *ret,
                       struct err *err)
{
    struct reading r = {db, arena, err, false};
    struct types_set more = {.n = 0};
    if (read_types(&r, ret) < 0)
        return -1;
    r.temp = true;
    if (!temp)
        return 0;
    if (read_types(&r, &more) < 0)
        return -1;
    struct types_user *all = arena_alloc(arena, (ret->n + more.n + 1) * sizeof *all);
    if (!all)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    memcpy(all, ret->types, ret->n * sizeof *all);
    memcpy(all + ret->n, more.types, more.n * sizeof *all);
    ret->types = all;
    ret->n += more.n;
    return 0;
}
