/* ddl_schema.c: the table that SQLite has, as the catalog implies it.
 *
 * Keys are indexes of their own, defaults are put in by the translator: the text holds columns,
 * not-null, what a type can hold (checks named "#<attnum>:<table>"), foreign keys and checks.
 * RESTRICT is written as NO ACTION, which SQLite checks at the end of the statement, as PostgreSQL
 * does for what differs least. */
#include "daemon/store/compare.h"
#include "daemon/store/ddl.h"
#include "daemon/store/ident.h"
#include "daemon/store/temp.h"
#include "daemon/store/transaction.h"

#include <stdio.h>

static void type_check(const struct store_table *t, const struct store_column *c, struct buf *out)
{
    const char *name = c->sqlite_name;
    struct buf q;
    buf_init(&q, 4096);
    ident_sqlite(name, &q);
    const char *column = ident_text(&q);
    ident_format(out, ", CONSTRAINT \"#%d:%u\" CHECK (", c->attnum, t->oid);
    switch (c->type_oid) {
    case TYPES_BOOL:
        ident_format(out, "%s IN (0, 1)", column);
        break;
    case TYPES_INT2:
        ident_format(out, "%s BETWEEN -32768 AND 32767", column);
        break;
    case TYPES_INT4:
    case TYPES_DATE:
        ident_format(out, "%s BETWEEN -2147483648 AND 2147483647", column);
        break;
    case TYPES_OID:
        ident_format(out, "%s BETWEEN 0 AND 4294967295", column);
        break;
    default:
        ident_format(out, "length(%s) <= %d", column, c->typmod - 4);
    }
    ident_format(out, ")");
    buf_release(&q);
}

static bool has_type_check(const struct store_column *c)
{
    switch (c->type_oid) {
    case TYPES_BOOL:
    case TYPES_INT2:
    case TYPES_INT4:
    case TYPES_DATE:
    case TYPES_OID:
        return true;
    case TYPES_VARCHAR:
    case TYPES_BPCHAR:
        return c->typmod > 4;
    default:
        return false;
    }
}

static void column_list(const struct store_table *t, const int16_t *attnums, size_t n,
                        struct buf *out)
{
    ident_format(out, "(");
    for (size_t i = 0; i < n; i++) {
        const struct store_column *c = store_table_attnum(t, attnums[i]);
        if (i)
            ident_format(out, ", ");
        ident_sqlite(c ? c->sqlite_name : "", out);
    }
    ident_format(out, ")");
}

static const char *action(char code)
{
    switch (code) {
    case 'c':
        return "CASCADE";
    case 'n':
        return "SET NULL";
    case 'd':
        return "SET DEFAULT";
    default:
        return "NO ACTION";
    }
}

static void foreign_key(const struct store_catalog *c, const struct store_table *t,
                        const struct store_foreign_key *f, struct buf *out)
{
    const struct store_table *parent = store_catalog_table_oid(c, f->parent_oid);
    if (!parent)
        return;
    ident_format(out, ", CONSTRAINT ");
    ident_sqlite(f->name, out);
    ident_format(out, " FOREIGN KEY ");
    column_list(t, f->attnums, f->nattnums, out);
    ident_format(out, " REFERENCES ");
    ident_sqlite(parent->sqlite_name, out);
    ident_format(out, " ");
    column_list(parent, f->parent_attnums, f->nattnums, out);
    ident_format(out, " ON DELETE %s ON UPDATE %s%s",
                 action(f->nset > 0 ? 'a' : f->on_delete), action(f->on_update),
                 f->deferred ? " DEFERRABLE INITIALLY DEFERRED" : "");
}

static void column(const struct types_set *types, const struct store_column *c, bool loose,
                   struct buf *out)
{
    char buf[32];
    const char *collation = compare_collation(NULL, types_base(types, c->type_oid, NULL), buf);
    ident_sqlite(c->sqlite_name, out);
    const char *storage = types_storage(types, c->type_oid);
    if (loose) {
        ident_format(out, " ANY");
        return;
    }
    ident_format(out, " %s%s", storage[0] == 'R' ? "ANY" : storage, /* NaN is a text */
                 c->not_null ? " NOT NULL" : "");
    if (collation != NULL)
        ident_format(out, " COLLATE \"%s\"", collation);
    if (c->generated)
        ident_format(out, " GENERATED ALWAYS AS (%s) STORED", c->generated_sqlite);
}

/* ON DELETE SET DEFAULT takes SQLite's default, which nothing else does. */
static bool defaults_by_key(const struct store_table *t, int16_t attnum)
{
    for (size_t i = 0; i < t->nforeign_keys; i++) {
        const struct store_foreign_key *f = &t->foreign_keys[i];
        for (size_t k = 0; k < f->nattnums; k++)
            if (f->attnums[k] == attnum && (f->on_delete == 'd' || f->on_update == 'd'))
                return true;
    }
    return false;
}

/* MATCH FULL: all of a key is NULL, or nothing of it. */
static void match_full(const struct store_table *t, const struct store_foreign_key *f,
                       struct buf *out)
{
    ident_format(out, ", CONSTRAINT \"#f:%u\" CHECK ((", f->oid);
    for (int nulls = 1; nulls >= 0; nulls--) {
        for (size_t i = 0; i < f->nattnums; i++) {
            const struct store_column *c = store_table_attnum(t, f->attnums[i]);
            ident_format(out, i ? " AND " : nulls ? "" : ") OR (");
            ident_sqlite(c ? c->sqlite_name : "", out);
            ident_format(out, nulls ? " IS NULL" : " IS NOT NULL");
        }
    }
    ident_format(out, "))");
}

void ddl_table_text(const struct store_catalog *c, const struct store_table *t, int16_t loose,
                    struct buf *out)
{
    ident_format(out, "CREATE TABLE ");
    ident_sqlite(t->sqlite_name, out);
    ident_format(out, " (");
    for (size_t i = 0; i < t->ncolumns; i++) {
        if (i)
            ident_format(out, ", ");
        const struct store_column *col = &t->columns[i];
        column(&c->types, col, col->attnum == loose, out);
        if (col->default_sqlite && defaults_by_key(t, col->attnum))
            ident_format(out, " DEFAULT (%s)", col->default_sqlite);
    }
    if (t->ncolumns == 0) /* PostgreSQL allows it, SQLite does not */
        ident_format(out, "\"#none\" INTEGER");
    for (size_t i = 0; i < t->ncolumns; i++)
        if (t->columns[i].attnum != loose && has_type_check(&t->columns[i]))
            type_check(t, &t->columns[i], out);
    for (size_t i = 0; i < t->nforeign_keys; i++)
        foreign_key(c, t, &t->foreign_keys[i], out);
    for (size_t i = 0; i < t->nforeign_keys; i++)
        if (t->foreign_keys[i].match_full && t->foreign_keys[i].nattnums > 1)
            match_full(t, &t->foreign_keys[i], out);
    for (size_t i = 0; i < t->nchecks; i++) {
        ident_format(out, ", CONSTRAINT ");
        ident_sqlite(t->checks[i].name, out);
        ident_format(out, " CHECK (%s)", t->checks[i].sqlite);
    }
    ident_format(out, ") STRICT");
}

static int text_of(struct ddl *d, const struct store_table *t, int16_t loose, struct buf *text)
{
    buf_init(text, (size_t)16 << 20);
    ddl_table_text(d->c->catalog, t, loose, text);
    if (!text->failed && ident_text(text)[0])
        return 0;
    buf_release(text);
    return err_set(d->err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "table definition is too large");
}

int ddl_make_table(struct ddl *d, const struct store_table *t)
{
    struct buf text;
    if (text_of(d, t, 0, &text) < 0)
        return -1;
    char *sql = sqlite3_mprintf("CREATE %s%s", catalog_is_temp(t->oid) ? "TEMP " : "",
                                ident_text(&text) + strlen("CREATE "));
    buf_release(&text);
    int rc = sql ? conn_exec(d->c, sql, d->err)
                 : err_set(d->err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    sqlite3_free(sql);
    return rc;
}

static int write_text(struct ddl *d, const struct store_table *t, const char *text)
{
    char *sql = sqlite3_mprintf("UPDATE %s.sqlite_schema SET sql = %Q WHERE type = 'table' AND name = %Q",
                                temp_database(t->oid), text, t->sqlite_name);
    int rc = sql ? conn_exec(d->c, sql, d->err)
                 : err_set(d->err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    sqlite3_free(sql);
    return rc;
}

/* sqlite_schema may be written only with SQLite's defences down, and must be read again afterwards.
 */
int ddl_sync_table_loose(struct ddl *d, const struct store_table *t, int16_t loose)
{
    struct buf text;
    int64_t version = 0;
    char pragma[64];
    bool temp = catalog_is_temp(t->oid);
    if (text_of(d, t, loose, &text) < 0)
        return -1;
    sqlite3_db_config(d->c->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    int rc = conn_exec(d->c, "PRAGMA writable_schema=ON", d->err);
    if (rc == 0)
        rc = write_text(d, t, ident_text(&text));
    if (rc == 0)
        rc = ddl_query_int(d, &version,
                           temp ? "PRAGMA temp.schema_version" : "PRAGMA schema_version", "") == 1
                 ? 0
                 : -1;
    snprintf(pragma, sizeof pragma, "PRAGMA %s.schema_version=%lld", temp_database(t->oid),
             (long long)version + 1);
    if (rc == 0)
        rc = conn_exec(d->c, pragma, d->err);
    struct err ignored;
    if (conn_exec(d->c, "PRAGMA writable_schema=RESET", rc == 0 ? d->err : &ignored) < 0)
        rc = -1;
    sqlite3_db_config(d->c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    buf_release(&text);
    return rc;
}

int ddl_sync_table(struct ddl *d, const struct store_table *t)
{
    return ddl_sync_table_loose(d, t, 0);
}
