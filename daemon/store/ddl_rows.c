/* ddl_rows.c: reading and writing rows of the catalog; oids and names. */
#include "daemon/store/ddl.h"
#include "daemon/store/ident.h"
#include "daemon/store/temp.h"
#include "daemon/store/transaction.h"

#include <stdio.h>
#include <stdlib.h>

/* Rows of the catalog are of the first object that is bound: the first number that is an oid of
 * the user's (class oids are not). */
static uint32_t object_bound(const char *types, va_list ap)
{
    for (; *types; types++) {
        int64_t value = 0;
        if (*types == 'i')
            value = va_arg(ap, int64_t);
        else
            (void)va_arg(ap, const char *);
        if (value >= TYPES_USER_MIN)
            return value <= UINT32_MAX ? (uint32_t)value : 0;
    }
    return 0;
}

static sqlite3_stmt *prepare(struct ddl *d, const char *sql, const char *types, va_list ap)
{
    va_list copy;
    va_copy(copy, ap);
    bool temp = catalog_is_temp(object_bound(types, copy));
    va_end(copy);
    if (strchr("IUD", sql[0])) { /* INSERT, UPDATE, DELETE */
        d->in_temp = d->in_temp || temp;
        d->in_file = d->in_file || !temp;
    }
    sqlite3_stmt *s = temp_prepare(d->c, temp ? CATALOG_TEMP_OID_MIN : 0, sql, d->err);
    for (int i = 0; s && types[i]; i++) {
        if (types[i] == 'i')
            sqlite3_bind_int64(s, i + 1, va_arg(ap, int64_t));
        else
            sqlite3_bind_text(s, i + 1, va_arg(ap, const char *), -1, SQLITE_TRANSIENT);
    }
    return s;
}

/* SQLITE_ROW, SQLITE_DONE, or an error that is told. */
static int step(struct ddl *d, sqlite3_stmt *s)
{
    d->c->internal++;
    int rc = sqlite3_step(s);
    d->c->internal--;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        errors_map(d->c, rc, NULL, NULL, d->err);
    return rc;
}

int ddl_exec(struct ddl *d, const char *sql, const char *types, ...)
{
    va_list ap;
    va_start(ap, types);
    sqlite3_stmt *s = prepare(d, sql, types, ap);
    va_end(ap);
    if (!s)
        return -1;
    int rc = step(d, s);
    sqlite3_finalize(s);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : -1;
}

int ddl_query_int(struct ddl *d, int64_t *ret, const char *sql, const char *types, ...)
{
    va_list ap;
    va_start(ap, types);
    sqlite3_stmt *s = prepare(d, sql, types, ap);
    va_end(ap);
    if (!s)
        return -1;
    int rc = step(d, s);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : -1;
}

int ddl_new_oid(struct ddl *d, uint32_t *ret)
{
    struct store *s = d->c->store;
    int64_t oid = 0;
    if (d->persistence == 't') {
        *ret = CATALOG_TEMP_OID_MIN + d->c->temp_oids++;
        return 0;
    }
    /* What was rolled back is not given out again: clients may remember it.  Files of tenants must
     * come to the oids of the owner's, whatever failed there. */
    int64_t least = s->role == STORE_SHARED ? atomic_load(&s->next_oid) : 0;
    if (ddl_query_int(d, &oid,
                      "UPDATE \"store.meta\" SET next_oid = max(next_oid, ?1) + 1"
                      " RETURNING next_oid - 1",
                      "i", least) < 0)
        return -1;
    *ret = (uint32_t)oid;
    atomic_store(&s->next_oid, *ret + 1);
    return 0;
}

int ddl_sqlite_name(struct ddl *d, const struct store_schema *schema, const char *plain,
                    uint32_t oid, struct buf *ret)
{
    int64_t taken = 0;
    const char *name = catalog_is_temp(oid) ? psprintf("pg_temp.%s", plain)
                       : strcmp(schema->name, "public") == 0
                           ? plain
                           : psprintf("%s.%s", schema->name, plain);
    if (catalog_is_temp(oid)) {
        if (ddl_query_int(d, &taken,
                          "SELECT count(*) FROM sqlite_temp_schema WHERE name = ?1 COLLATE NOCASE", "s",
                          name) < 0)
            return -1;
    } else if (ddl_query_int(d, &taken,
                      "SELECT count(*) FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE"
                      " OR substr(?1, 1, 8) = 'pg_temp.' COLLATE NOCASE"
                      " OR substr(?1, 1, 7) = 'sqlite_' COLLATE NOCASE"
                      " OR substr(?1, 1, 6) = 'store.' COLLATE NOCASE"
                      " OR substr(?1, 1, 11) = 'pg_catalog.' COLLATE NOCASE"
                      " OR substr(?1, 1, 19) = 'information_schema.' COLLATE NOCASE",
                      "s", name) < 0)
        return -1;
    if (taken)
        ident_format(ret, "#%u ", oid); /* SQLite folds case, and has names of its own */
    ident_format(ret, "%s", name);
    return 0;
}

/* PostgreSQL's makeObjectName: both names are cut, the longer first, to 63 bytes in all. */
static void make_name(const char *table, const char *column, const char *label, char ret[64])
{
    size_t overhead = strlen(label) + 1 + (column ? 1 : 0);
    size_t n1 = strlen(table), n2 = column ? strlen(column) : 0;
    while (n1 + n2 + overhead > 63) {
        if (n1 > n2)
            n1--;
        else
            n2--;
    }
    while (n1 > 0 && ((unsigned char)table[n1] & 0xc0) == 0x80)
        n1--;
    while (n2 > 0 && ((unsigned char)column[n2] & 0xc0) == 0x80)
        n2--;
    if (column)
        snprintf(ret, 64, "%.*s_%.*s_%s", (int)n1, table, (int)n2, column, label);
    else
        snprintf(ret, 64, "%.*s_%s", (int)n1, table, label);
}

static int name_taken(struct ddl *d, const char *name, const struct ddl_choice *of, bool *ret)
{
    int64_t n = 0;
    if (ddl_query_int(d, &n,
                      "SELECT (SELECT count(*) FROM \"pg_catalog.pg_class\" WHERE relname = ?1"
                      " AND relnamespace = ?2) + (SELECT count(*) FROM \"pg_catalog.pg_constraint\""
                      " WHERE conname = ?1 AND connamespace = ?2 AND ?3)",
                      "sii", name, (int64_t)of->space, (int64_t)of->constraint) < 0)
        return -1;
    *ret = n > 0;
    return 0;
}

int ddl_choose_name(struct ddl *d, const struct ddl_choice *of, char ret[64])
{
    char numbered[64];
    bool taken = true;
    snprintf(numbered, sizeof numbered, "%s", of->label);
    for (int pass = 1; taken; pass++) {
        make_name(of->table, of->column, numbered, ret);
        if (name_taken(d, ret, of, &taken) < 0)
            return -1;
        snprintf(numbered, sizeof numbered, "%s%d", of->label, pass);
    }
    return 0;
}

int ddl_reload(struct ddl *d)
{
    bool was_temp = !d->any_file && (d->any_temp || d->persistence == 't');
    bool temp = !d->in_file && (d->in_temp || was_temp);
    d->stale = false;
    d->any_file = d->any_file || d->in_file;
    d->any_temp = d->any_temp || d->in_temp;
    d->in_file = d->in_temp = false;
    return temp ? tx_temp_changed(d->c, d->err) : tx_catalog_changed(d->c, d->err);
}

int ddl_not_mixed(struct ddl *d)
{
    if (d->c->store->role != STORE_SCHEMA || !(d->any_file || d->in_file) ||
        !(d->any_temp || d->in_temp))
        return 0;
    return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "a statement about temporary objects and others is not supported by the store where each"
                   " tenant has a file");
}

const struct store_table *ddl_table(struct ddl *d, uint32_t oid)
{
    return store_catalog_table_oid(d->c->catalog, oid);
}

const char *ddl_vector(const int16_t *values, size_t n)
{
    struct buf b;
    buf_init(&b, 4096);
    ident_format(&b, "[");
    for (size_t i = 0; i < n; i++)
        ident_format(&b, "%s\"%d\"", i ? "," : "", values[i]);
    ident_format(&b, "]");
    const char *text = pstrdup(ident_text(&b));
    buf_release(&b);
    return text;
}

const char *ddl_option_text(const DefElem *def)
{
    if (!def->arg)
        return "true";
    switch (nodeTag(def->arg)) {
    case T_Integer:
        return psprintf("%d", intVal(def->arg));
    case T_Float:
        return ((const Float *)def->arg)->fval;
    case T_Boolean:
        return boolVal(def->arg) ? "true" : "false";
    case T_String:
        return strVal(def->arg);
    case T_TypeName:
        return strVal(llast(((const TypeName *)def->arg)->names));
    default:
        return "";
    }
}
