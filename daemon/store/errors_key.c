/* errors_key.c: what the values of a key are, expressions included; see errors.h.
 *
 * What an index is on is kept as the text of its CREATE INDEX in SQLite ("store.index"), which
 * ddl_index_text.c writes: its parts are found there again. */
#include "daemon/store/errors.h"
#include "daemon/store/ident.h"
#include "daemon/store/pretty.h"
#include "daemon/store/temp.h"
#include "daemon/store/transaction.h"

#include <stdlib.h>

#define KEY_SQL_MAX   ((size_t)1 << 20)
#define KEY_PARTS_MAX 64

struct key {
    struct watch *w;
    const struct store_table *t;
    const struct store_key *k;
    char *sql;                     /* CREATE INDEX; parts point into it */
    const char *parts[KEY_PARTS_MAX]; /* NUL-terminated, in SQLite */
    size_t n;
    const char *predicate; /* or NULL */
};

/* Past a quoted name or text. */
static char *skip_quoted(char *p)
{
    char quote = *p++;
    while (*p && *p != quote)
        p++;
    return *p ? p + 1 : p;
}

/* Cut what stands in the parenthesis at ${p} into parts; its end. */
static char *cut_parts(struct key *key, char *p)
{
    int depth = 0;
    for (key->parts[key->n++] = ++p; *p && depth >= 0;) {
        if (*p == '\'' || *p == '"') {
            p = skip_quoted(p);
            continue;
        }
        depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
        if (depth == 0 && *p == ',' && key->n < KEY_PARTS_MAX) {
            *p++ = '\0';
            key->parts[key->n++] = p;
        }
        p++;
    }
    if (p > key->sql && p[-1] == ')')
        p[-1] = '\0';
    return p;
}

static void strip_end(char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    if (n > m && strcmp(text + n - m, end) == 0)
        text[n - m] = '\0';
}

/* Parts of NULLS NOT DISTINCT come in pairs: ifnull(x, 0), x IS NULL. */
static void unpair(struct key *key)
{
    for (size_t i = 0; 2 * i + 1 < key->n; i++) {
        strip_end((char *)(uintptr_t)key->parts[2 * i + 1], " IS NULL");
        key->parts[i] = key->parts[2 * i + 1];
    }
    key->n /= 2;
}

static char *index_text(struct store_conn *c, uint32_t oid)
{
    struct err ignored;
    sqlite3_stmt *s =
        temp_prepare(c, oid, "SELECT sql FROM \"store.index\" WHERE oid = ?1", &ignored);
    char *text = NULL;
    if (s)
        sqlite3_bind_int64(s, 1, oid);
    if (s && sqlite3_step(s) == SQLITE_ROW)
        text = strdup((const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    return text;
}

static bool key_open(struct key *key, struct watch *w, const struct store_table *t,
                     const struct store_key *k)
{
    *key = (struct key){.w = w, .t = t, .k = k, .sql = index_text(w->c, k->oid)};
    char *p = key->sql ? strstr(key->sql, " ON ") : NULL;
    p = p ? skip_quoted(p + 4) : NULL;
    if (!p || p[0] != ' ' || p[1] != '(') {
        free(key->sql);
        return false;
    }
    p = cut_parts(key, p + 1);
    key->predicate = strncmp(p, " WHERE ", 7) == 0 ? p + 7 : NULL;
    if (k->nulls_not_distinct)
        unpair(key);
    for (size_t i = 0; i < key->n; i++)
        strip_end((char *)(uintptr_t)key->parts[i], " DESC");
    if (key->n == k->nattnums)
        return true;
    free(key->sql);
    return false;
}

/* -- values -- */

static void parts_list(const struct key *key, const char *between, const char *after,
                       struct buf *sql)
{
    for (size_t i = 0; i < key->n; i++)
        ident_format(sql, "%s(%s)%s", i ? between : "", key->parts[i], after);
}

/* FROM of the one row that was shown. */
static void row_text(const struct store_table *t, struct buf *sql)
{
    ident_format(sql, " FROM (SELECT ");
    for (size_t i = 0; i < t->ncolumns; i++) {
        ident_format(sql, "%s?%zu AS ", i ? ", " : "", i + 1);
        ident_sqlite(t->columns[i].sqlite_name, sql);
    }
    ident_format(sql, ")");
}

static sqlite3_stmt *run(const struct key *key, struct buf *sql, bool bind)
{
    struct err ignored;
    sqlite3_stmt *s = conn_prepare(key->w->c, ident_text(sql), &ignored);
    for (size_t i = 0; bind && s && i < key->w->n; i++)
        sqlite3_bind_value(s, (int)i + 1, key->w->values[i]);
    buf_release(sql);
    if (s && sqlite3_step(s) == SQLITE_ROW)
        return s;
    sqlite3_finalize(s);
    return NULL;
}

/* What part ${i} is called, and its type. */
static void part_name(const struct key *key, size_t i, uint32_t *ret_type, struct buf *out)
{
    struct err ignored;
    sqlite3_stmt *s = temp_prepare(
        key->w->c, key->k->oid,
        "SELECT a.atttypid, json_extract(x.texts, '$[' || (?2 - 1) || ']') FROM \"store.index\" x"
        " JOIN \"pg_catalog.pg_attribute\" a ON a.attrelid = x.oid AND a.attnum = ?2"
        " WHERE x.oid = ?1",
        &ignored);
    if (s) {
        sqlite3_bind_int64(s, 1, key->k->oid);
        sqlite3_bind_int64(s, 2, (int64_t)i + 1);
    }
    if (s && sqlite3_step(s) == SQLITE_ROW && sqlite3_column_text(s, 1)) {
        *ret_type = (uint32_t)sqlite3_column_int64(s, 0);
        const char *name = (const char *)sqlite3_column_text(s, 1);
        pretty_index_column((struct slice){name, strlen(name)}, out);
    }
    sqlite3_finalize(s);
}

/* `Key (a, lower(b))=(1, x)${tail}`: the values are the first columns of ${s}. */
static void tell(const struct key *key, sqlite3_stmt *s, const char *tail, struct err *err)
{
    struct buf names, values;
    buf_init(&names, KEY_SQL_MAX);
    buf_init(&values, KEY_SQL_MAX);
    for (size_t i = 0; i < key->n; i++) {
        const struct store_column *c = store_table_attnum(key->t, key->k->attnums[i]);
        uint32_t type = c ? c->type_oid : TYPES_TEXT;
        ident_format(&names, i ? ", " : "");
        if (c)
            ident_postgres(c->name, &names);
        else
            part_name(key, i, &type, &names);
        ident_format(&values, i ? ", " : "");
        watch_value_text(key->w, type, c ? c->typmod : -1, sqlite3_column_value(s, (int)i),
                         &values);
    }
    err_detail(err, "Key (%s)=(%s)%s", ident_text(&names), ident_text(&values), tail);
    buf_release(&names);
    buf_release(&values);
}

void watch_key_detail(struct watch *w, const struct store_table *t, const struct store_key *k,
                      const char *tail, struct err *err)
{
    struct key key;
    struct buf sql;
    if (!key_open(&key, w, t, k))
        return;
    buf_init(&sql, KEY_SQL_MAX);
    ident_format(&sql, "SELECT ");
    parts_list(&key, ", ", "", &sql);
    row_text(t, &sql);
    sqlite3_stmt *s = run(&key, &sql, true);
    if (s)
        tell(&key, s, tail, err);
    sqlite3_finalize(s);
    free(key.sql);
}

/* The values as the row has them, in a WHERE clause on the table. */
static void same_values(const struct key *key, struct buf *sql)
{
    for (size_t i = 0; i < key->n; i++) {
        ident_format(sql, "%s(%s) %s (SELECT %s", i ? " AND " : "", key->parts[i],
                     key->k->nulls_not_distinct ? "IS" : "=", key->parts[i]);
        row_text(key->t, sql);
        ident_format(sql, ")");
    }
}

bool watch_key_exists(struct watch *w, const struct store_table *t, const struct store_key *k)
{
    struct key key;
    struct buf sql;
    if (!key_open(&key, w, t, k))
        return false;
    buf_init(&sql, KEY_SQL_MAX);
    ident_format(&sql, "SELECT 1 FROM %s.", temp_database(t->oid));
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " WHERE ");
    same_values(&key, &sql);
    if (key.predicate) {
        ident_format(&sql, " AND (%s) AND (SELECT %s", key.predicate, key.predicate);
        row_text(t, &sql);
        ident_format(&sql, ")");
    }
    sqlite3_stmt *s = run(&key, &sql, true);
    bool exists = s != NULL;
    sqlite3_finalize(s);
    free(key.sql);
    return exists;
}

void watch_duplicates_detail(struct watch *w, const struct store_table *t,
                             const struct store_key *k, const char *tail, struct err *err)
{
    struct key key;
    struct buf sql;
    if (!key_open(&key, w, t, k))
        return;
    buf_init(&sql, KEY_SQL_MAX);
    ident_format(&sql, "SELECT ");
    parts_list(&key, ", ", "", &sql);
    ident_format(&sql, " FROM %s.", temp_database(t->oid));
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " WHERE (%s)", key.predicate ? key.predicate : "1");
    if (!k->nulls_not_distinct) {
        ident_format(&sql, " AND ");
        parts_list(&key, " AND ", " IS NOT NULL", &sql);
    }
    ident_format(&sql, " GROUP BY ");
    for (size_t i = 0; i < key.n; i++)
        ident_format(&sql, "%s%zu", i ? ", " : "", i + 1);
    ident_format(&sql, " HAVING count(*) > 1 LIMIT 1");
    sqlite3_stmt *s = run(&key, &sql, false);
    if (s)
        tell(&key, s, tail, err);
    sqlite3_finalize(s);
    free(key.sql);
}
