/* catalog.c: reads the store's catalog into memory. */
#include "daemon/store/catalog.h"

#include "daemon/store/arena.h"
#include "daemon/store/builtin.h"
#include "daemon/store/catalog_impl.h"
#include "daemon/store/extension.h"
#include "daemon/store/ident.h"
#include "daemon/store/temp.h"
#include "daemon/store/catalog_vtab.h"
#include "protocol/sqlstate.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct loader {
    sqlite3 *db;
    struct arena *arena;
    struct store_catalog *c;
    struct err *err;
    struct store_table *tables;
    size_t nsystem; /* tables of the system come first */
    bool temp;      /* of temporary relations (temp.h) */
};

/* Rows of one query, gathered before their number is known. */
struct rows {
    char *data;
    uint32_t *owners; /* oid of the table each belongs to */
    size_t n, cap, size;
};

static void *rows_add(struct loader *l, struct rows *r, uint32_t owner)
{
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 64;
        char *data = realloc(r->data, cap * r->size);
        if (data)
            r->data = data;
        uint32_t *owners = realloc(r->owners, cap * sizeof *owners);
        if (owners)
            r->owners = owners;
        if (!data || !owners) {
            l->arena->failed = true;
            return NULL;
        }
        r->cap = cap;
    }
    r->owners[r->n] = owner;
    void *p = r->data + r->n++ * r->size;
    memset(p, 0, r->size);
    return p;
}

/* Move to the arena. */
static void *rows_keep(struct loader *l, struct rows *r)
{
    return arena_copy(l->arena, r->data, r->n * r->size);
}

static void rows_release(struct rows *r)
{
    free(r->data);
    free(r->owners);
}

static const char *text(struct loader *l, sqlite3_stmt *s, int i)
{
    return arena_strdup(l->arena, (const char *)sqlite3_column_text(s, i));
}

static char letter(sqlite3_stmt *s, int i)
{
    const char *t = (const char *)sqlite3_column_text(s, i);
    return t ? t[0] : 0;
}

/* ["1","2"] as numbers in the arena. */
static const int16_t *numbers(struct loader *l, sqlite3_stmt *s, int i, size_t *ret_n)
{
    const char *p = (const char *)sqlite3_column_text(s, i);
    size_t n = 0;
    for (const char *q = p; q && *q; q++)
        n += *q == ',';
    int16_t *out = arena_alloc(l->arena, (n + 1) * sizeof *out);
    n = 0;
    while (out && p && (p = strpbrk(p, "-0123456789")))
        out[n++] = (int16_t)strtol(p, (char **)&p, 10);
    *ret_n = n;
    return out;
}

static int each(struct loader *l, const char *sql,
                void (*row)(struct loader *l, sqlite3_stmt *s, struct rows *r), struct rows *r)
{
    sqlite3_stmt *s = NULL;
    char *temp = l->temp ? temp_text(sql) : NULL;
    if (l->temp && !temp)
        return err_set(l->err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    int rc = sqlite3_prepare_v2(l->db, temp ? temp : sql, -1, &s, NULL);
    sqlite3_free(temp);
    while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        row(l, s, r);
        rc = SQLITE_OK;
    }
    if (rc != SQLITE_DONE)
        err_set(l->err, rc == SQLITE_BUSY ? SQLSTATE_SERIALIZATION_FAILURE : "XX001",
                "could not read the catalog: %s", sqlite3_errmsg(l->db));
    sqlite3_finalize(s);
    if (l->arena->failed)
        return err_set(l->err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    return rc == SQLITE_DONE ? 0 : -1;
}

static void add_table(struct loader *l, sqlite3_stmt *s, struct rows *r)
{
    struct store_table *t = rows_add(l, r, 0);
    if (!t)
        return;
    t->oid = (uint32_t)sqlite3_column_int64(s, 0);
    t->schema = text(l, s, 1);
    t->name = text(l, s, 2);
    t->sqlite_name = text(l, s, 3);
    t->kind = letter(s, 4);
    t->view_sql = text(l, s, 5);
    t->row_type = (uint32_t)sqlite3_column_int64(s, 6);
    t->persistence = letter(s, 7);
    t->populated = sqlite3_column_int(s, 9) != 0;
    t->check_option = sqlite3_column_type(s, 10) == SQLITE_NULL ? 0 : letter(s, 10);
    t->on_commit = l->temp && t->kind == 'r' ? letter(s, 8) : 0;
}

static void add_column(struct loader *l, sqlite3_stmt *s, struct rows *r)
{
    struct store_column *c = rows_add(l, r, (uint32_t)sqlite3_column_int64(s, 0));
    if (!c)
        return;
    c->name = text(l, s, 1);
    c->sqlite_name = text(l, s, 2);
    c->type_oid = (uint32_t)sqlite3_column_int64(s, 3);
    c->typmod = sqlite3_column_int(s, 4);
    c->type_len = (int16_t)sqlite3_column_int(s, 5);
    c->attnum = (int16_t)sqlite3_column_int(s, 6);
    c->not_null = sqlite3_column_int(s, 7) != 0;
    c->rowid = sqlite3_column_int(s, 8) != 0;
    c->identity = letter(s, 9);
    c->sequence_oid = (uint32_t)sqlite3_column_int64(s, 10);
    c->default_sql = text(l, s, 11);
    c->default_sqlite = text(l, s, 12);
    c->generated_sqlite = text(l, s, 13);
    c->generated = c->generated_sqlite != NULL;
}

static void add_key(struct loader *l, sqlite3_stmt *s, struct rows *r)
{
    struct store_key *k = rows_add(l, r, (uint32_t)sqlite3_column_int64(s, 0));
    if (!k)
        return;
    k->name = text(l, s, 1);
    k->sqlite_name = text(l, s, 2);
    k->oid = (uint32_t)sqlite3_column_int64(s, 3);
    k->constraint_oid = (uint32_t)sqlite3_column_int64(s, 4);
    k->primary = sqlite3_column_int(s, 5) != 0;
    k->unique = sqlite3_column_int(s, 6) != 0;
    k->predicate_sql = text(l, s, 7);
    k->partial = k->predicate_sql != NULL;
    k->attnums = numbers(l, s, 8, &k->nattnums);
    k->definition = text(l, s, 9);
    k->nulls_not_distinct = sqlite3_column_int(s, 11) != 0;
    size_t n = (size_t)sqlite3_column_int(s, 10);
    if (n < k->nattnums) {
        k->nincluded = k->nattnums - n;
        k->nattnums = n;
    }
}

static void add_foreign_key(struct loader *l, sqlite3_stmt *s, struct rows *r)
{
    size_t n;
    struct store_foreign_key *f = rows_add(l, r, (uint32_t)sqlite3_column_int64(s, 0));
    if (!f)
        return;
    f->name = text(l, s, 1);
    f->oid = (uint32_t)sqlite3_column_int64(s, 2);
    f->parent_oid = (uint32_t)sqlite3_column_int64(s, 3);
    f->attnums = numbers(l, s, 4, &f->nattnums);
    f->parent_attnums = numbers(l, s, 5, &n);
    f->on_delete = letter(s, 6);
    f->on_update = letter(s, 7);
    f->deferred = sqlite3_column_int(s, 8) != 0;
    f->deferrable = sqlite3_column_int(s, 9) != 0;
    f->match_full = letter(s, 10) == 'f';
    f->not_valid = sqlite3_column_int(s, 11) == 0;
    if (sqlite3_column_type(s, 12) != SQLITE_NULL)
        f->set_attnums = numbers(l, s, 12, &f->nset);
}

static void add_check(struct loader *l, sqlite3_stmt *s, struct rows *r)
{
    struct store_check *k = rows_add(l, r, (uint32_t)sqlite3_column_int64(s, 0));
    if (!k)
        return;
    k->name = text(l, s, 1);
    k->oid = (uint32_t)sqlite3_column_int64(s, 2);
    k->sql = text(l, s, 3);
    k->sqlite = text(l, s, 4);
}

static void add_sequence(struct loader *l, sqlite3_stmt *s, struct rows *r)
{
    struct store_sequence *q = rows_add(l, r, 0);
    if (!q)
        return;
    q->oid = (uint32_t)sqlite3_column_int64(s, 0);
    q->schema = text(l, s, 1);
    q->name = text(l, s, 2);
    q->type_oid = (uint32_t)sqlite3_column_int64(s, 3);
    q->start = sqlite3_column_int64(s, 4);
    q->increment = sqlite3_column_int64(s, 5);
    q->min = sqlite3_column_int64(s, 6);
    q->max = sqlite3_column_int64(s, 7);
    q->cycle = sqlite3_column_int(s, 8) != 0;
    q->table_oid = (uint32_t)sqlite3_column_int64(s, 9);
    q->attnum = (int16_t)sqlite3_column_int(s, 10);
}

static void add_schema(struct loader *l, sqlite3_stmt *s, struct rows *r)
{
    struct store_schema *n = rows_add(l, r, 0);
    if (!n)
        return;
    n->oid = (uint32_t)sqlite3_column_int64(s, 0);
    n->name = text(l, s, 1);
    if (l->temp)
        l->c->temp_schema = n->name;
}

/* Those of the system; the others come from the file. */
static void add_system_schemas(struct loader *l, struct rows *r)
{
    const struct builtin_table *t = builtin_table("pg_namespace");
    for (size_t i = 0; t && i < t->nrows; i++) {
        struct slice name;
        struct store_schema *n = rows_add(l, r, 0);
        if (!n)
            return;
        n->oid = (uint32_t)builtin_number(t, i, (size_t)builtin_column(t, "oid"));
        (void)builtin_field(t, i, (size_t)builtin_column(t, "nspname"), &name);
        char *copy = arena_alloc(l->arena, name.len + 1);
        if (copy)
            n->name = memcpy(copy, name.data, name.len);
    }
}

static void set_epoch(struct loader *l, sqlite3_stmt *s, struct rows *r)
{
    (void)r;
    l->c->epoch = (uint64_t)sqlite3_column_int64(s, 0);
}

/* -- the relations of the system schemas: made once from what was built in, never changed -- */

static struct {
    struct store_table *tables; /* NULL without memory */
    size_t n;
} system_relations;

static void make_columns(const struct builtin_line *lines, struct store_column *columns, size_t n)
{
    for (size_t k = 0; k < n; k++)
        columns[k] = (struct store_column){.name = lines[k].name,
                                           .sqlite_name = lines[k].name,
                                           .type_oid = lines[k].oid,
                                           .typmod = lines[k].typmod,
                                           .type_len = lines[k].len,
                                           .attnum = lines[k].attnum,
                                           .not_null = lines[k].not_null};
}

static void make_system(void)
{
    size_t n;
    const struct builtin_line *lines = builtin_lines(&n);
    struct store_table *tables = calloc(n, sizeof *tables);
    struct store_column *columns = calloc(n, sizeof *columns);
    for (size_t i = 0, ncolumns; tables && columns && i < n; i += 1 + ncolumns) {
        char *sqlite_name;
        ncolumns = 0;
        while (i + 1 + ncolumns < n && !lines[i + 1 + ncolumns].relation)
            ncolumns++;
        if (asprintf(&sqlite_name, CATALOG_VTAB_PREFIX "%s", lines[i].name) < 0)
            return;
        tables[system_relations.n++] = (struct store_table){.oid = lines[i].oid,
                                                            .schema = lines[i].schema,
                                                            .name = lines[i].name,
                                                            .sqlite_name = sqlite_name,
                                                            .kind = lines[i].kind,
                                                            .persistence = 'p',
                                                            .system = true,
                                                            .columns = &columns[i + 1],
                                                            .ncolumns = ncolumns};
        make_columns(&lines[i + 1], &columns[i + 1], ncolumns);
    }
    system_relations.tables = columns ? tables : NULL;
}

static void add_system(struct loader *l, struct rows *tables)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, make_system);
    if (!system_relations.tables)
        l->arena->failed = true;
    for (size_t i = 0; system_relations.tables && i < system_relations.n; i++) {
        struct store_table *t = rows_add(l, tables, 0);
        if (t)
            *t = system_relations.tables[i];
    }
}

/* The run of rows that belong to ${owner}; rows are sorted by owner. */
static size_t run_of(const struct rows *r, uint32_t owner, size_t *ret_n)
{
    size_t low = 0, high = r->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (r->owners[mid] < owner)
            low = mid + 1;
        else
            high = mid;
    }
    size_t n = 0;
    while (low + n < r->n && r->owners[low + n] == owner)
        n++;
    *ret_n = n;
    return low;
}

#define CATALOG(name) "\"pg_catalog." name "\""

static const char sql_tables[] =
    "SELECT c.oid, n.nspname, c.relname, r.sqlite_name, c.relkind, CASE WHEN c.relkind IN "
    "('v','m') THEN r.definition END, c.reltype, c.relpersistence, r.definition, c.relispopulated,"
    " (SELECT lower(substr(value, 14, 1)) FROM json_each(c.reloptions) WHERE value LIKE"
    " 'check_option=%') FROM " CATALOG(
        "pg_class") " c"
                    " JOIN " CATALOG(
                        "pg_namespace") " n ON n.oid = c.relnamespace"
                                        " JOIN \"store.relation\" r ON r.oid = c.oid "
                                        "WHERE c.relkind IN ('r','v','m') ORDER BY c.oid";
static const char sql_columns[] =
    "SELECT a.attrelid, a.attname, s.sqlite_name, a.atttypid, a.atttypmod, a.attlen, a.attnum,"
    " a.attnotnull, s.is_rowid, a.attidentity, s.sequence_oid, d.adbin, s.default_sqlite,"
    " s.generated_sqlite"
    " FROM \"store.attribute\" s JOIN " CATALOG(
        "pg_attribute") " a"
                        " ON a.attrelid = s.relid AND a.attnum = s.attnum"
                        " LEFT JOIN " CATALOG(
                            "pg_attrdef") " d ON d.adrelid = s.relid AND d.adnum = s.attnum"
                                          " ORDER BY s.relid, s.attnum";
static const char sql_keys[] =
    "SELECT i.indrelid, c.relname, r.sqlite_name, i.indexrelid, coalesce(k.oid, 0), i.indisprimary,"
    " i.indisunique, i.indpred, i.indkey, r.definition, i.indnkeyatts,"
    " i.indnullsnotdistinct FROM " CATALOG(
        "pg_index") " i"
                    " JOIN " CATALOG(
                        "pg_class") " c ON c.oid = i.indexrelid"
                                    " JOIN \"store.relation\" r ON r.oid = i.indexrelid"
                                    " LEFT JOIN " CATALOG(
                                        "pg_constraint") " k ON k.conindid = i.indexrelid AND "
                                                         "k.contype IN ('p','u')"
                                                         " ORDER BY i.indrelid, i.indisprimary "
                                                         "DESC, i.indexrelid";
static const char sql_foreign_keys[] =
    "SELECT conrelid, conname, oid, confrelid, conkey, confkey, confdeltype, confupdtype, "
    "condeferred, condeferrable, confmatchtype, convalidated, confdelsetcols"
    " FROM " CATALOG("pg_constraint") " WHERE contype = 'f' ORDER BY conrelid, oid";
static const char sql_checks[] =
    "SELECT k.conrelid, k.conname, k.oid, k.conbin, r.sqlite_name FROM " CATALOG(
        "pg_constraint") " k"
                         " JOIN \"store.relation\" r ON r.oid = k.oid WHERE k.contype = 'c' ORDER "
                         "BY k.conrelid, k.conname";
static const char sql_sequences[] =
    "SELECT q.seqrelid, n.nspname, c.relname, q.seqtypid, q.seqstart, q.seqincrement, q.seqmin,"
    " q.seqmax, q.seqcycle, coalesce(p.refobjid, 0), coalesce(p.refobjsubid, 0)"
    " FROM " CATALOG(
        "pg_sequence") " q"
                       " JOIN " CATALOG(
                           "pg_class") " c ON c.oid = q.seqrelid"
                                       " JOIN " CATALOG(
                                           "pg_namespace") " n ON n.oid = c.relnamespace"
                                                           " LEFT JOIN " CATALOG(
                                                               "pg_depend") " p ON p.classid = "
                                                                            "1259 AND p.objid = "
                                                                            "q.seqrelid"
                                                                            " AND p.refclassid = "
                                                                            "1259 AND p.deptype IN "
                                                                            "('a', 'i') ORDER BY "
                                                                            "q.seqrelid";

/* A column without a default has its domain's; and one that must not be NULL says so. */
static void domain_default(struct loader *l, struct store_column *c)
{
    const struct types_set *types = &l->c->types;
    const struct types_user *user = types_find_user(types, c->type_oid);
    if (!user || user->info.type != 'd' || c->default_sqlite)
        return;
    if (!user->default_sqlite && !types_constrained(types, c->type_oid))
        return;
    struct buf text;
    buf_init(&text, 1 << 20);
    types_domain_text(types, c->type_oid, user->default_sqlite ? user->default_sqlite : "NULL",
                      &text);
    c->default_sqlite = arena_strdup(l->arena, ident_text(&text));
    buf_release(&text);
}

static int has_temp(struct loader *l, bool *ret)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(l->db,
                                "SELECT 1 FROM sqlite_temp_schema WHERE name = 'store.temp.relation'",
                                -1, &s, NULL);
    if (rc == SQLITE_OK)
        *ret = sqlite3_step(s) == SQLITE_ROW;
    sqlite3_finalize(s);
    return rc == SQLITE_OK ? 0
                           : err_set(l->err, "XX001", "could not read the catalog: %s",
                                     sqlite3_errmsg(l->db));
}

static int load(struct loader *l)
{
    struct rows tables = {.size = sizeof(struct store_table)};
    struct rows columns = {.size = sizeof(struct store_column)};
    struct rows keys = {.size = sizeof(struct store_key)};
    struct rows foreign_keys = {.size = sizeof(struct store_foreign_key)};
    struct rows checks = {.size = sizeof(struct store_check)};
    struct rows sequences = {.size = sizeof(struct store_sequence)};
    struct rows schemas = {.size = sizeof(struct store_schema)};
    const struct {
        const char *sql;
        void (*add)(struct loader *l, sqlite3_stmt *s, struct rows *r);
        struct rows *rows;
    } parts[] = {
        {sql_tables, add_table, &tables},
        {sql_columns, add_column, &columns},
        {sql_keys, add_key, &keys},
        {sql_foreign_keys, add_foreign_key, &foreign_keys},
        {sql_checks, add_check, &checks},
        {sql_sequences, add_sequence, &sequences},
        {"SELECT oid, nspname FROM " CATALOG("pg_namespace") " ORDER BY oid", add_schema, &schemas},
    };
    const size_t nparts = sizeof parts / sizeof parts[0];
    add_system(l, &tables);
    l->nsystem = tables.n;
    add_system_schemas(l, &schemas);
    bool temp = false;
    int rc = each(l, "SELECT epoch FROM \"store.meta\"", set_epoch, NULL);
    if (rc == 0)
        rc = has_temp(l, &temp);
    for (size_t i = 0; rc == 0 && i < nparts * (temp ? 2 : 1); i++) { /* those are the youngest */
        l->temp = i >= nparts;
        rc = each(l, parts[i % nparts].sql, parts[i % nparts].add, parts[i % nparts].rows);
    }
    l->temp = false;
    if (rc == 0)
        rc = catalog_read_types(l->db, l->arena, temp, &l->c->types, l->err);
    if (rc == 0)
        rc = extension_read(l->db, l->arena, l->c, l->err);
    struct store_table *t = rows_keep(l, &tables);
    struct store_column *all_columns = rows_keep(l, &columns);
    struct store_key *all_keys = rows_keep(l, &keys);
    struct store_foreign_key *all_foreign = rows_keep(l, &foreign_keys);
    struct store_check *all_checks = rows_keep(l, &checks);
    l->c->sequences = rows_keep(l, &sequences);
    l->c->nsequences = sequences.n;
    l->c->schemas = rows_keep(l, &schemas);
    l->c->nschemas = schemas.n;
    l->c->tables = t;
    l->c->ntables = tables.n;
    const struct store_table **by_name = arena_alloc(l->arena, tables.n * sizeof *by_name);
    if (rc == 0 && l->arena->failed)
        rc = err_set(l->err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    for (size_t i = l->nsystem; rc == 0 && i < tables.n; i++) {
        t[i].columns = all_columns + run_of(&columns, t[i].oid, &t[i].ncolumns);
        t[i].keys = all_keys + run_of(&keys, t[i].oid, &t[i].nkeys);
        t[i].foreign_keys = all_foreign + run_of(&foreign_keys, t[i].oid, &t[i].nforeign_keys);
        t[i].checks = all_checks + run_of(&checks, t[i].oid, &t[i].nchecks);
    }
    if (rc == 0)
        store_catalog_sort(l->c, by_name);
    for (size_t i = 0; rc == 0 && i < columns.n; i++)
        domain_default(l, &all_columns[i]);
    struct rows *all[] = {&tables, &columns, &keys, &foreign_keys, &checks, &sequences, &schemas};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        rows_release(all[i]);
    return rc;
}

int store_catalog_read(sqlite3 *db, struct store_catalog **ret, struct err *err)
{
    struct store_catalog *c = calloc(1, sizeof *c);
    struct arena *arena = calloc(1, sizeof *arena);
    struct loader l = {.db = db, .arena = arena, .c = c, .err = err};
    if (!c || !arena) {
        free(c);
        free(arena);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    c->arena = arena;
    if (load(&l) < 0) {
        store_catalog_free(c);
        return -1;
    }
    *ret = c;
    return 0;
}

void store_catalog_free(struct store_catalog *c)
{
    if (!c)
        return;
    store_catalog_forget_path(c);
    arena_release(c->arena);
    free(c->arena);
    free(c);
}

