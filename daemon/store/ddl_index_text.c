/* ddl_index_text.c: an index as text: SQLite's, and PostgreSQL's definition from the catalog's
 * rows. */
#include "daemon/store/ddl_index.h"
#include "daemon/store/ident.h"
#include "daemon/store/temp.h"
#include "daemon/store/types.h"

const char *index_part_text(const struct index_part *p)
{
    return p->text;
}

const char *index_part_suffix(const struct index_part *p)
{
    return p->suffix;
}

static const char *kept(struct buf *b)
{
    const char *text = pstrdup(ident_text(b));
    buf_release(b);
    return text;
}

const char *index_json(const struct index_spec *x, const char *(*of)(const struct index_part *p))
{
    struct buf b;
    buf_init(&b, 1 << 20);
    ident_format(&b, "[");
    for (int i = 0; i < x->n; i++) {
        const char *text = of(&x->parts[i]);
        ident_format(&b, "%s%s", i ? "," : "", text ? "" : "null");
        if (text)
            types_json_string((struct slice){text, strlen(text)}, &b);
    }
    ident_format(&b, "]");
    return kept(&b);
}

/* What SQLite need not know: of other methods no order is asked, and only btree and hash say what
 * is equal. */
static bool in_sqlite(const struct index_spec *x)
{
    return strcmp(x->method_name, "btree") == 0 || strcmp(x->method_name, "hash") == 0;
}

const char *index_sqlite(const struct store_table *t, const struct index_spec *x,
                         const char *sqlite_name)
{
    struct buf b;
    if (!in_sqlite(x))
        return "";
    buf_init(&b, 1 << 20);
    ident_format(&b, "CREATE %sINDEX ", x->unique ? "UNIQUE " : "");
    ident_sqlite(sqlite_name, &b);
    ident_format(&b, " ON ");
    ident_sqlite(t->sqlite_name, &b);
    ident_format(&b, " (");
    for (int i = 0; i < x->nkeys; i++) {
        const struct index_part *p = &x->parts[i];
        ident_format(&b, "%s", i ? ", " : "");
        if (x->nulls_not_distinct)
            ident_format(&b, "ifnull(%s, 0), %s IS NULL", p->sqlite, p->sqlite);
        else
            ident_format(&b, "%s%s", p->sqlite, p->option & 1 ? " DESC" : "");
    }
    ident_format(&b, ")");
    if (x->predicate_sqlite)
        ident_format(&b, " WHERE %s", x->predicate_sqlite);
    return kept(&b);
}

/* -- the definition -- */

static void parts(struct ddl *d, const struct store_table *t, uint32_t oid, struct buf *out)
{
    sqlite3_stmt *s = temp_prepare(
        d->c, oid,
        "SELECT CAST(k.value AS INTEGER), json_extract(x.texts, '$[' || k.key || ']'),"
        " json_extract(x.suffixes, '$[' || k.key || ']'), k.key >= i.indnkeyatts"
        " FROM \"pg_catalog.pg_index\" i JOIN \"store.index\" x ON x.oid = i.indexrelid,"
        " json_each(i.indkey) k WHERE i.indexrelid = ?1 ORDER BY k.key",
        d->err);
    bool included = false, first = true;
    if (!s)
        return;
    sqlite3_bind_int64(s, 1, oid);
    while (sqlite3_step(s) == SQLITE_ROW) {
        const struct store_column *c = store_table_attnum(t, (int16_t)sqlite3_column_int(s, 0));
        const char *text = (const char *)sqlite3_column_text(s, 1);
        const char *suffix = (const char *)sqlite3_column_text(s, 2);
        bool now = sqlite3_column_int(s, 3) != 0;
        ident_format(out, now != included ? ") INCLUDE (" : first ? "" : ", ");
        included = now;
        first = false;
        if (c)
            ident_postgres(c->name, out);
        else
            ident_format(out, "%s", text ? text : "");
        ident_format(out, "%s", suffix ? suffix : "");
    }
    sqlite3_finalize(s);
}

static void tail(struct ddl *d, uint32_t oid, struct buf *out)
{
    sqlite3_stmt *s = temp_prepare(
        d->c, oid,
        "SELECT i.indnullsnotdistinct, i.indpred, (SELECT group_concat(substr(o.value, 1,"
        " instr(o.value, '=') - 1) || '=''' || substr(o.value, instr(o.value, '=') + 1) || '''',"
        " ', ') FROM json_each(c.reloptions) o) FROM \"pg_catalog.pg_index\" i JOIN"
        " \"pg_catalog.pg_class\" c ON c.oid = i.indexrelid WHERE i.indexrelid = ?1",
        d->err);
    if (!s)
        return;
    sqlite3_bind_int64(s, 1, oid);
    if (sqlite3_step(s) == SQLITE_ROW) {
        const char *predicate = (const char *)sqlite3_column_text(s, 1);
        const char *options = (const char *)sqlite3_column_text(s, 2);
        if (sqlite3_column_int(s, 0))
            ident_format(out, " NULLS NOT DISTINCT");
        if (options)
            ident_format(out, " WITH (%s)", options);
        if (predicate)
            ident_format(out, " WHERE %s", predicate);
    }
    sqlite3_finalize(s);
}

static int restate(struct ddl *d, const struct store_table *t, const struct store_key *k)
{
    struct buf text;
    sqlite3_stmt *s =
        temp_prepare(d->c, k->oid, "SELECT method FROM \"store.index\" WHERE oid = ?1", d->err);
    if (!s)
        return -1;
    sqlite3_bind_int64(s, 1, k->oid);
    buf_init(&text, 1 << 20);
    ident_format(&text, "CREATE %sINDEX ", k->unique ? "UNIQUE " : "");
    ident_postgres(k->name, &text);
    ident_format(&text, " ON ");
    ident_postgres(catalog_is_temp(t->oid) ? "pg_temp" : t->schema, &text);
    ident_format(&text, ".");
    ident_postgres(t->name, &text);
    if (sqlite3_step(s) == SQLITE_ROW)
        ident_format(&text, " USING %s (", sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    parts(d, t, k->oid, &text);
    ident_format(&text, ")");
    tail(d, k->oid, &text);
    int rc = ddl_exec(d, "UPDATE \"store.relation\" SET definition = ?2 WHERE oid = ?1", "is",
                      (int64_t)k->oid, ident_text(&text));
    buf_release(&text);
    return rc;
}

int ddl_restate_indexes(struct ddl *d, uint32_t table)
{
    const struct store_table *t = ddl_table(d, table);
    d->stale = true;
    for (size_t i = 0; t && i < t->nkeys; i++)
        if (restate(d, t, &t->keys[i]) < 0)
            return -1;
    return 0;
}
