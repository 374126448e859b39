/* ddl_enum_rename.c: ALTER TYPE ... RENAME VALUE.
 *
 * PostgreSQL's rows and expressions hold a label's oid, ours its text: the columns are changed, and so
 * are the texts of defaults, checks and indexes, where a label stands as 'label'::type.  What SQLite
 * has of them is then made anew. */
#include "daemon/store/ddl.h"
#include "daemon/store/ident.h"
#include "daemon/store/temp.h"
#include "daemon/store/transaction.h"
#include "daemon/store/translate.h"
#include "policy/parse.h"

#include <stdio.h>

struct renaming {
    struct ddl *d;
    const struct types_user *type;
    char names[2][TYPES_NAME_BYTES]; /* how texts say the type */
    const char *from, *to;
};

static int refuse(struct renaming *r, const char *where)
{
    return err_set(r->d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "renaming an enum value that %s uses is not supported by the store", where);
}

static bool has_label(const struct types_user *type, const char *label)
{
    size_t rank;
    return types_enum_label(type, (struct slice){label, strlen(label)}, &rank) != NULL;
}

/* Is ${label} a literal in ${text}?  Cautious: yes, if it looks so. */
static bool mentions(const char *text, const char *label)
{
    struct buf quoted;
    buf_init(&quoted, 1024);
    ident_literal(label, &quoted);
    bool found = text && strstr(text, ident_text(&quoted));
    buf_release(&quoted);
    return found;
}

/* -- texts -- */

/* The end of the literal that begins at ${p}. */
static const char *literal_end(const char *p)
{
    for (p++; *p && (p[0] != '\'' || p[1] == '\''); p++)
        p += p[0] == '\'';
    return *p ? p + 1 : p;
}

/* Is `::type` at ${p}?  ${ret_array}: `::type[]`. */
static bool says_type(const struct renaming *r, const char *p, bool *ret_array)
{
    for (int i = 0; strncmp(p, "::", 2) == 0 && i < 2; i++) {
        size_t n = strlen(r->names[i]);
        if (strncmp(p + 2, r->names[i], n) != 0 || strchr("_.$", p[2 + n] ? p[2 + n] : ' ') ||
            (p[2 + n] >= '0' && p[2 + n] <= '9') || (p[2 + n] >= 'a' && p[2 + n] <= 'z'))
            continue;
        *ret_array = p[2 + n] == '[';
        return true;
    }
    return false;
}

/* ${text} with the new label; NULL: it is not in there.  ${ret_array}: it may be, in a literal of an
 * array. */
static const char *renamed(const struct renaming *r, const char *text, bool *ret_array)
{
    struct buf out, from;
    bool found = false, array;
    if (!text || !mentions(text, r->from)) {
        *ret_array = text && strstr(text, r->from) && strstr(text, "}'::");
        return NULL;
    }
    buf_init(&out, (size_t)16 << 20);
    buf_init(&from, 4096);
    ident_literal(r->from, &from);
    for (const char *p = text; *p;) {
        const char *end = *p == '\'' ? literal_end(p) : p + 1;
        if (*p == '\'' && says_type(r, end, &array)) {
            *ret_array = *ret_array || array;
            if (!array && strlen(ident_text(&from)) == (size_t)(end - p) &&
                strncmp(p, ident_text(&from), (size_t)(end - p)) == 0) {
                ident_literal(r->to, &out);
                found = true;
                p = end;
                continue;
            }
        }
        buf_append(&out, p, (size_t)(end - p));
        p = end;
    }
    const char *text_now = found ? pstrdup(ident_text(&out)) : NULL;
    buf_release(&out);
    buf_release(&from);
    return text_now;
}

/* Column ${column} of ${table}, whose rows are known by oid. */
static int rename_texts_of(struct renaming *r, uint32_t where, const char *table,
                           const char *column)
{
    struct buf sql;
    buf_init(&sql, 4096);
    ident_format(&sql, "SELECT oid, %s FROM \"%s\" WHERE %s <> ''", column, table, column);
    sqlite3_stmt *s = temp_prepare(r->d->c, where, ident_text(&sql), r->d->err);
    buf_reset(&sql);
    ident_format(&sql, "UPDATE \"%s\" SET %s = ?2 WHERE oid = ?1", table, column);
    int rc = s ? 0 : -1;
    while (rc == 0 && sqlite3_step(s) == SQLITE_ROW) {
        bool array = false;
        const char *text = renamed(r, (const char *)sqlite3_column_text(s, 1), &array);
        if (array)
            rc = refuse(r, "a literal of an array");
        else if (text)
            rc = ddl_exec(r->d, ident_text(&sql), "is", sqlite3_column_int64(s, 0), text);
    }
    sqlite3_finalize(s);
    buf_release(&sql);
    return rc;
}

static int rename_texts(struct renaming *r, const char *table, const char *column)
{
    if (r->d->c->catalog->temp_schema &&
        rename_texts_of(r, CATALOG_TEMP_OID_MIN, table, column) < 0)
        return -1;
    return rename_texts_of(r, 0, table, column);
}

/* -- tables -- */

static bool concerns(const struct renaming *r, const struct store_column *c, bool *ret_array)
{
    const struct types_set *types = &r->d->c->catalog->types;
    uint32_t base = types_base(types, c->type_oid, NULL);
    const struct types_info *info = types_find(types, base);
    *ret_array = info && info->elem && types_base(types, info->elem, NULL) == r->type->info.oid;
    return *ret_array || base == r->type->info.oid;
}

static int change_column(struct renaming *r, const struct store_table *t,
                         const struct store_column *c, bool array)
{
    struct buf sql;
    buf_init(&sql, 1 << 16);
    ident_format(&sql, "UPDATE ");
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " SET ");
    ident_sqlite(c->sqlite_name, &sql);
    ident_format(&sql, array ? " = pgf_enum_array_rename(" : " = ?2 WHERE ");
    ident_sqlite(c->sqlite_name, &sql);
    ident_format(&sql, array ? ", ?1, ?2)" : " = ?1");
    int rc = ddl_exec(r->d, ident_text(&sql), "ss", r->from, r->to);
    buf_release(&sql);
    return rc;
}

/* Before the catalog knows the new label: nothing of SQLite's may judge the rows. */
static int change_rows(struct renaming *r, const struct store_table *t)
{
    bool array;
    for (size_t i = 0; i < t->ncolumns; i++) {
        const struct store_column *c = &t->columns[i];
        if (c->generated && mentions(c->generated_sqlite, r->from))
            return refuse(r, "a generated column");
        if (concerns(r, c, &array) &&
            (c->generated || ddl_unmake_indexes(r->d, t->oid, c->attnum) < 0 ||
             change_column(r, t, c, array) < 0))
            return c->generated ? refuse(r, "a generated column") : -1;
    }
    return 0;
}

static int restate_defaults(struct renaming *r, uint32_t table)
{
    for (size_t i = 0; i < ddl_table(r->d, table)->ncolumns; i++) {
        const struct store_column *c = &ddl_table(r->d, table)->columns[i];
        if (!c->generated && mentions(c->default_sql, r->to) &&
            (ddl_restate_default(r->d, table, c->attnum, pstrdup(c->default_sql)) < 0 ||
             ddl_reload(r->d) < 0))
            return -1;
    }
    return 0;
}

static int remake_table(struct renaming *r, uint32_t table)
{
    bool array;
    if (restate_defaults(r, table) < 0 || ddl_remake_checks(r->d, table, 0) < 0 ||
        ddl_reload(r->d) < 0 || ddl_sync_table(r->d, ddl_table(r->d, table)) < 0)
        return -1;
    for (size_t i = 0; i < ddl_table(r->d, table)->ncolumns; i++) {
        const struct store_column *c = &ddl_table(r->d, table)->columns[i];
        if (concerns(r, c, &array) && (ddl_unmake_indexes(r->d, table, c->attnum) < 0 ||
                                       ddl_remake_indexes(r->d, table, c->attnum) < 0))
            return -1;
    }
    return 0;
}

/* A table that has the type, or may: ${change} it.  Catalogs are read again meanwhile. */
static int each_table(struct renaming *r, int (*change)(struct renaming *r, uint32_t table))
{
    size_t n = r->d->c->catalog->ntables;
    uint32_t *oids = palloc(sizeof(*oids) * (n + 1));
    size_t k = 0;
    bool array;
    for (size_t i = 0; i < n; i++) {
        const struct store_table *t = &r->d->c->catalog->tables[i];
        bool has = false;
        for (size_t a = 0; a < t->ncolumns; a++)
            has = has || concerns(r, &t->columns[a], &array);
        if (!t->system && t->kind == 'r' && has)
            oids[k++] = t->oid;
    }
    for (size_t i = 0; i < k; i++)
        if (change(r, oids[i]) < 0)
            return -1;
    return 0;
}

static int change_table(struct renaming *r, uint32_t table)
{
    return change_rows(r, ddl_table(r->d, table));
}

/* -- domains -- */

/* PostgreSQL leaves the text of their defaults as it was. */
static int rename_domain_defaults(struct renaming *r)
{
    const struct types_set *types = &r->d->c->catalog->types;
    struct buf from, to;
    buf_init(&from, 4096);
    buf_init(&to, 4096);
    ident_literal(r->from, &from);
    ident_literal(r->to, &to);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < types->n; i++) {
        const struct types_user *u = &types->types[i];
        if (u->info.type != 'd' || !mentions(u->default_sqlite, r->from) ||
            types_base(types, u->info.oid, NULL) != r->type->info.oid)
            continue;
        rc = strcmp(u->default_sqlite, ident_text(&from)) != 0
                 ? refuse(r, "the default of a domain")
                 : ddl_exec(r->d, "UPDATE \"store.relation\" SET sqlite_name = ?2 WHERE oid = ?1",
                            "is", (int64_t)u->info.oid, ident_text(&to));
    }
    buf_release(&from);
    buf_release(&to);
    return rc;
}

/* -- all -- */

static int refuse_views(struct renaming *r)
{
    const struct store_catalog *c = r->d->c->catalog;
    for (size_t i = 0; i < c->ntables; i++)
        if (!c->tables[i].system && c->tables[i].kind != 'r' &&
            mentions(c->tables[i].view_sql, r->from))
            return refuse(r, "a view");
    return 0;
}

static int change_all(struct renaming *r)
{
    if (conn_exec(r->d->c, "PRAGMA ignore_check_constraints=ON", r->d->err) < 0)
        return -1;
    int rc = each_table(r, change_table);
    struct err ignored;
    if (conn_exec(r->d->c, "PRAGMA ignore_check_constraints=OFF",
                  rc == 0 ? r->d->err : &ignored) < 0)
        rc = -1;
    return rc;
}

int ddl_rename_value(struct ddl *d, const struct types_user *type, const AlterEnumStmt *s)
{
    struct renaming r = {.d = d, .from = s->oldVal, .to = s->newVal};
    struct types_user copy = *type;
    struct buf name;
    if (!has_label(type, s->oldVal))
        return err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "\"%s\" is not an existing enum label", s->oldVal);
    if (has_label(type, s->newVal))
        return err_set(d->err, "42710", "enum label \"%s\" already exists", s->newVal);
    r.type = &copy; /* the catalog goes when it is read again; its oid counts */
    types_format(&d->c->catalog->types, type->info.oid, -1, r.names[0], sizeof r.names[0]);
    buf_init(&name, TYPES_NAME_BYTES);
    ident_postgres(type->schema, &name);
    ident_format(&name, ".");
    ident_postgres(type->info.name, &name);
    snprintf(r.names[1], sizeof r.names[1], "%s", ident_text(&name));
    buf_release(&name);
    if (refuse_views(&r) < 0 || change_all(&r) < 0 ||
        ddl_exec(d,
                 "UPDATE \"pg_catalog.pg_enum\" SET enumlabel = ?3 WHERE enumtypid = ?1"
                 " AND enumlabel = ?2",
                 "iss", (int64_t)copy.info.oid, s->oldVal, s->newVal) < 0 ||
        rename_texts(&r, "pg_catalog.pg_attrdef", "adbin") < 0 ||
        rename_texts(&r, "pg_catalog.pg_constraint", "conbin") < 0 ||
        rename_domain_defaults(&r) < 0 ||
        rename_texts(&r, "store.relation", "definition") < 0 || ddl_reload(d) < 0 ||
        ddl_remake_domains(d, copy.info.oid) < 0 || ddl_reload(d) < 0)
        return -1;
    return each_table(&r, remake_table);
}
