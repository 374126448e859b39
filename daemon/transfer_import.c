/* Rows come in the order of the file.  A column that refers to a table whose rows come later, or to its own, is
 * left null at first and set when all rows are there, if it may be null and the row has a key to find it by;
 * else the database is left to judge it. */
#include "daemon/options.h"
#include "daemon/store/store.h"
#include "daemon/transfer.h"
#include "protocol/buf.h"
#include "protocol/sqlstate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SQL_MAX     ((size_t)1 << 30)
#define BATCH_ROWS  100
#define BATCH_BYTES (1u << 20)
#define COLUMNS_MAX 1700

struct target_column {
    const struct catalog_column *column;
    bool tenant, late, key;
};

struct import {
    const struct transfer_options *o;
    struct transfer t;    /* where they come to */
    const char **order;   /* "schema", "table" of what is in the file, in turn; ours */
    size_t norder, at;    /* at: the table that is being read */
    FILE *late;           /* statements, each with a NUL */
    /* the table that is being read */
    const struct transfer_table *table;
    bool skipped; /* a shared one that was not asked for */
    struct target_column columns[COLUMNS_MAX];
    size_t ncolumns;
    struct buf batch, single; /* rows of VALUES: all of them, and each with its length before it */
    size_t nbatch, row, rows;
};

static int out_of_memory(struct err *err)
{
    return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

static int run(struct import *x, struct buf *sql, talk_row *row, void *arg, struct err *err)
{
    const char *text = transfer_sql(sql, err);
    return text ? talk_run(x->t.talk, text, row, arg, err) : -1;
}

static int say(struct import *x, const char *sql, struct err *err)
{
    return talk_run(x->t.talk, sql, NULL, NULL, err);
}

static int in_table(const struct import *x, size_t row, struct err *err)
{
    struct err why = *err;
    err_set(err, why.sqlstate, "table \"%s\", row %zu: %s", x->table->relation->name, row, why.message);
    if (why.detail[0])
        err_detail(err, "%s", why.detail);
    return -1;
}

/* -- a table begins -- */

static size_t place(const struct import *x, const char *schema, const char *table)
{
    for (size_t i = 0; i < x->norder; i++)
        if (strcmp(x->order[2 * i], schema) == 0 && strcmp(x->order[2 * i + 1], table) == 0)
            return i;
    return 0; /* not in the file: its rows are there or they are not */
}

static const struct catalog_key *primary_key(const struct catalog_relation *r)
{
    for (size_t i = 0; i < r->nkeys; i++)
        if (r->keys[i].primary)
            return &r->keys[i];
    return NULL;
}

static bool is_key(const struct catalog_key *k, int16_t attnum)
{
    for (size_t i = 0; k && i < k->nattnums; i++)
        if (k->attnums[i] == attnum)
            return true;
    return false;
}

static bool refers_ahead(const struct import *x, const struct catalog_relation *r,
                         const struct catalog_column *c)
{
    for (size_t i = 0; i < r->nforeign_keys; i++) {
        const struct catalog_foreign_key *fk = &r->foreign_keys[i];
        bool own = strcmp(fk->parent_schema, r->schema) == 0 && strcmp(fk->parent_table, r->name) == 0;
        if (catalog_is_part(fk, c) && (own || place(x, fk->parent_schema, fk->parent_table) > x->at))
            return true;
    }
    return false;
}

static int add_column(struct import *x, const char *name, struct err *err)
{
    const struct catalog_relation *r = x->table->relation;
    const struct catalog_key *key = primary_key(r);
    const struct catalog_column *c = catalog_column(r, name);
    if (!c || x->ncolumns == COLUMNS_MAX)
        return err_set(err, SQLSTATE_UNDEFINED_COLUMN, "table \"%s\" has no column \"%s\"", r->name, name);
    bool tenant = x->table->tenant_column && strcmp(x->table->tenant_column, name) == 0;
    bool in_key = is_key(key, c->attnum);
    x->columns[x->ncolumns++] = (struct target_column){
        c, tenant, key && !tenant && !in_key && !c->not_null && refers_ahead(x, r, c), in_key};
    return 0;
}

static int begin_table(struct import *x, const char *schema, const char *name, struct err *err)
{
    x->ncolumns = x->nbatch = x->row = 0;
    x->table = transfer_find(&x->t, schema, name);
    if (!x->table)
        return err_set(err, SQLSTATE_UNDEFINED_TABLE,
                       "there is no table \"%s\".\"%s\" for rows of tenants", schema, name);
    x->skipped = x->table->shared && !x->o->shared;
    return 0;
}

/* -- rows -- */

static void insert_head(struct import *x, struct buf *sql)
{
    transfer_put(sql, "INSERT INTO ");
    transfer_name(x->table->relation, sql);
    transfer_put(sql, " (");
    for (size_t i = 0, n = 0; i < x->ncolumns; i++) {
        if (x->columns[i].column->generated)
            continue;
        transfer_put(sql, n++ ? ", " : "");
        transfer_quote(x->columns[i].column->name, sql);
    }
    transfer_put(sql, ") OVERRIDING SYSTEM VALUE VALUES ");
}

static int insert(struct import *x, struct slice rows, struct err *err)
{
    struct buf sql;
    buf_init(&sql, SQL_MAX);
    insert_head(x, &sql);
    buf_append(&sql, rows.data, rows.len);
    if (x->table->shared)
        transfer_put(&sql, " ON CONFLICT DO NOTHING");
    int rc = run(x, &sql, NULL, NULL, err);
    buf_release(&sql);
    return rc;
}

/* Which one was it? */
static int one_by_one(struct import *x, struct err *err)
{
    struct err why = *err, ignored;
    size_t row = x->row - x->nbatch;
    if (say(x, "ROLLBACK TO SAVEPOINT batch", &ignored) < 0)
        return in_table(x, x->row, err);
    while (buf_len(&x->single) > 0) {
        struct slice all = buf_peek(&x->single);
        size_t len;
        memcpy(&len, all.data, sizeof len);
        row++;
        if (insert(x, (struct slice){all.data + sizeof len, len}, err) < 0)
            return in_table(x, row, err);
        buf_consume(&x->single, sizeof len + len);
    }
    *err = why; /* of all together only */
    return in_table(x, x->row, err);
}

static int flush(struct import *x, struct err *err)
{
    if (x->nbatch == 0)
        return 0;
    if (x->batch.failed || x->single.failed)
        return out_of_memory(err);
    if (say(x, "SAVEPOINT batch", err) < 0)
        return -1;
    int rc = insert(x, buf_peek(&x->batch), err);
    rc = rc < 0 ? one_by_one(x, err) : say(x, "RELEASE SAVEPOINT batch", err);
    buf_reset(&x->batch);
    buf_reset(&x->single);
    x->rows += x->nbatch;
    x->nbatch = 0;
    return rc;
}

static void put_value(struct slice v, struct buf *sql)
{
    if (v.data)
        transfer_literal(v, sql);
    else
        transfer_put(sql, "NULL");
}

/* The columns that were left null. */
static int keep_late(struct import *x, const struct slice *values, struct err *err)
{
    struct buf sql;
    bool any = false, first = true;
    buf_init(&sql, SQL_MAX);
    transfer_put(&sql, "UPDATE ");
    transfer_name(x->table->relation, &sql);
    for (size_t i = 0; i < x->ncolumns; i++) {
        if (!x->columns[i].late || !values[i].data)
            continue;
        transfer_put(&sql, any ? ", " : " SET ");
        transfer_quote(x->columns[i].column->name, &sql);
        transfer_put(&sql, " = ");
        put_value(values[i], &sql);
        any = true;
    }
    for (size_t i = 0; i < x->ncolumns; i++) {
        if (!x->columns[i].key)
            continue;
        transfer_put(&sql, first ? " WHERE " : " AND ");
        transfer_quote(x->columns[i].column->name, &sql);
        transfer_put(&sql, " = ");
        put_value(x->columns[i].tenant ? (struct slice){x->t.tenant, strlen(x->t.tenant)} : values[i], &sql);
        first = false;
    }
    const char *text = transfer_sql(&sql, err);
    int rc = text ? 0 : -1;
    if (rc == 0 && any && fwrite(text, strlen(text) + 1, 1, x->late) != 1)
        rc = err_set(err, SQLSTATE_IO_ERROR, "could not write a temporary file: %s", strerror(errno));
    buf_release(&sql);
    return rc;
}

static int take_row(void *arg, const struct slice *values, size_t n, struct err *err)
{
    struct import *x = arg;
    struct buf row;
    bool first = true;
    x->row++;
    if (n != x->ncolumns) {
        err_set(err, "22P04", "%zu values for %zu columns", n, x->ncolumns);
        return in_table(x, x->row, err);
    }
    buf_init(&row, SQL_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct target_column *c = &x->columns[i];
        struct slice v = values[i];
        if (c->tenant && !(v.data && v.len == strlen(x->o->tenant) && memcmp(v.data, x->o->tenant, v.len) == 0)) {
            buf_release(&row);
            err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, "it is another tenant's");
            return in_table(x, x->row, err);
        }
        if (c->tenant)
            v = (struct slice){x->t.tenant, strlen(x->t.tenant)};
        if (c->column->generated)
            continue;
        transfer_put(&row, first ? "(" : ", ");
        put_value(c->late ? (struct slice){0} : v, &row);
        first = false;
    }
    transfer_put(&row, ")");
    size_t len = buf_len(&row);
    if (x->nbatch > 0)
        transfer_put(&x->batch, ", ");
    buf_append(&x->batch, buf_peek(&row).data, len);
    buf_append(&x->single, (const char *)&len, sizeof len);
    buf_append(&x->single, buf_peek(&row).data, len);
    bool failed = row.failed;
    buf_release(&row);
    x->nbatch++;
    if (failed || keep_late(x, values, err) < 0)
        return failed ? out_of_memory(err) : -1;
    return x->nbatch == BATCH_ROWS || buf_len(&x->batch) > BATCH_BYTES ? flush(x, err) : 0;
}

/* -- the file -- */

struct file {
    FILE *in;
    const char *path;
    char *line;
    size_t size, number;
    ssize_t len;
};

static int broken(const struct file *f, const char *what, struct err *err)
{
    return err_set(err, "22P04", "%s:%zu: %s", f->path, f->number, what);
}

/* 1: there is one, without its end; 0: none. */
static int next_line(struct file *f)
{
    f->len = getline(&f->line, &f->size, f->in);
    f->number++;
    if (f->len > 0 && f->line[f->len - 1] == '\n')
        f->line[--f->len] = '\0';
    return f->len >= 0;
}

/* "name" at ${*at}, which moves behind it; in its place a C string.  NULL: there is none. */
static char *read_name(char **at)
{
    if (**at != '"')
        return NULL;
    char *name = *at + 1, *to = name, *p = name;
    for (; *p && !(p[0] == '"' && p[1] != '"'); p++) {
        if (*p == '"')
            p++;
        *to++ = *p;
    }
    if (!*p)
        return NULL;
    *at = p + 1;
    *to = '\0';
    return name;
}

static bool skip(char **at, const char *text)
{
    size_t n = strlen(text);
    if (strncmp(*at, text, n) != 0)
        return false;
    *at += n;
    return true;
}

/* COPY "schema"."table" (: ${*at} is then behind that. */
static bool read_head(struct file *f, char **ret_schema, char **ret_table, char **at)
{
    *at = f->line;
    return skip(at, "COPY ") && (*ret_schema = read_name(at)) != NULL && skip(at, ".") &&
           (*ret_table = read_name(at)) != NULL && skip(at, " (");
}

static struct slice unescape(char *from, size_t len)
{
    static const char letters[] = "bfnrtv", meant[] = "\b\f\n\r\t\v";
    size_t n = 0;
    if (len == 2 && from[0] == '\\' && from[1] == 'N')
        return (struct slice){0};
    for (size_t i = 0; i < len; i++) {
        if (from[i] != '\\' || i + 1 == len) {
            from[n++] = from[i];
            continue;
        }
        const char *letter = strchr(letters, from[++i]);
        from[n++] = letter && *letter ? meant[letter - letters] : from[i];
    }
    return (struct slice){from, n};
}

static int read_columns(struct import *x, struct file *f, char *at, struct err *err)
{
    char *name;
    do {
        if ((name = read_name(&at)) == NULL)
            return broken(f, "a column's name is missing", err);
        if (!x->skipped && add_column(x, name, err) < 0)
            return -1;
    } while (skip(&at, ", "));
    return skip(&at, ") FROM stdin;") ? 0 : broken(f, "this is no COPY of an export", err);
}

static int read_rows(struct import *x, struct file *f, struct err *err)
{
    struct slice *values = calloc(COLUMNS_MAX + 1, sizeof *values);
    int rc = values ? 0 : out_of_memory(err);
    while (rc == 0) {
        if (!next_line(f)) {
            rc = broken(f, "the file ends within a table", err);
            break;
        }
        if (strcmp(f->line, "\\.") == 0)
            break;
        size_t n = 0;
        for (char *at = f->line, *end; at && n <= COLUMNS_MAX; at = end ? end + 1 : NULL) {
            end = memchr(at, '\t', (size_t)(f->line + f->len - at));
            values[n++] = unescape(at, (size_t)((end ? end : f->line + f->len) - at));
        }
        if (!x->skipped)
            rc = take_row(x, values, n, err);
    }
    free(values);
    return rc == 0 && !x->skipped ? flush(x, err) : rc;
}

static int read_tables(struct import *x, struct file *f, struct err *err)
{
    static const char *const harmless[] = {"", "--", "SET ", "BEGIN;"};
    char *schema, *table, *at;
    while (next_line(f)) {
        if (strcmp(f->line, "COMMIT;") == 0)
            return 0;
        if (read_head(f, &schema, &table, &at)) {
            if (begin_table(x, schema, table, err) < 0 || read_columns(x, f, at, err) < 0 ||
                read_rows(x, f, err) < 0)
                return -1;
            x->at++;
            continue;
        }
        bool known = f->len == 0;
        for (size_t i = 1; i < sizeof harmless / sizeof harmless[0]; i++)
            known = known || strncmp(f->line, harmless[i], strlen(harmless[i])) == 0;
        if (!known)
            return broken(f, "this is not a line of an export", err);
    }
    return broken(f, "the file ends too soon", err);
}

static int keep_order(struct import *x, const char *schema, const char *table, struct err *err)
{
    const char **grown = realloc(x->order, (2 * x->norder + 2) * sizeof *grown);
    if (grown)
        x->order = grown;
    char *a = grown ? strdup(schema) : NULL, *b = grown ? strdup(table) : NULL;
    if (!a || !b) {
        free(a);
        free(b);
        return out_of_memory(err);
    }
    grown[2 * x->norder] = a;
    grown[2 * x->norder + 1] = b;
    x->norder++;
    return 0;
}

/* Whose it is, and which tables come when. */
static int look_through(struct import *x, struct file *f, struct err *err)
{
    char *schema, *table, *at;
    bool within = false;
    if (!next_line(f) || strcmp(f->line, "-- partywall export 1") != 0)
        return broken(f, "this is no export of partywall", err);
    if (!next_line(f) || strncmp(f->line, "-- tenant: ", 11) != 0)
        return broken(f, "the tenant is missing", err);
    struct slice tenant = unescape(f->line + 11, (size_t)f->len - 11);
    if (tenant.len != strlen(x->o->tenant) || memcmp(tenant.data, x->o->tenant, tenant.len) != 0)
        return broken(f, "it is another tenant's; --tenant is its name in the file, --as the new one", err);
    while (next_line(f)) {
        if (within)
            within = strcmp(f->line, "\\.") != 0;
        else if ((within = read_head(f, &schema, &table, &at)) && keep_order(x, schema, table, err) < 0)
            return -1;
    }
    rewind(f->in);
    f->number = 0;
    return 0;
}

static int from_file(struct import *x, struct err *err)
{
    struct file f = {.path = x->o->path};
    f.in = fopen(f.path, "re");
    if (!f.in)
        return err_set(err, SQLSTATE_IO_ERROR, "could not open \"%s\": %s", f.path, strerror(errno));
    int rc = look_through(x, &f, err);
    if (rc == 0)
        rc = read_tables(x, &f, err);
    fclose(f.in);
    free(f.line);
    return rc;
}

/* -- a store's folder -- */

static int copy_table(struct import *x, struct transfer *from, const struct transfer_table *table,
                      struct err *err)
{
    struct buf sql;
    bool any = false;
    if (begin_table(x, table->relation->schema, table->relation->name, err) < 0)
        return -1;
    if (x->skipped)
        return 0;
    buf_init(&sql, SQL_MAX);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < table->relation->ncolumns; i++) {
        if (table->relation->columns[i].generated)
            continue;
        transfer_put(&sql, any ? ", " : "SELECT ");
        transfer_quote(table->relation->columns[i].name, &sql);
        rc = add_column(x, table->relation->columns[i].name, err);
        any = true;
    }
    transfer_put(&sql, " FROM ");
    transfer_name(table->relation, &sql);
    transfer_put(&sql, " WHERE ");
    transfer_condition(from, table, &sql);
    const char *text = transfer_sql(&sql, err);
    if (rc == 0)
        rc = text ? talk_run(from->talk, text, take_row, x, err) : -1;
    buf_release(&sql);
    return rc == 0 ? flush(x, err) : rc;
}

static int from_store(struct import *x, struct err *err)
{
    struct transfer from = {0};
    struct talk *talk;
    if (talk_open_folder(x->o->path, &talk, err) < 0)
        return -1;
    int rc = transfer_begin(&from, x->t.conf, x->o->tenant, talk, err);
    for (size_t i = 0; rc == 0 && i < from.ntables; i++)
        rc = keep_order(x, from.tables[i].relation->schema, from.tables[i].relation->name, err);
    if (rc == 0)
        rc = talk_run(from.talk, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", NULL, NULL, err);
    for (size_t i = 0; rc == 0 && i < from.ntables; i++, x->at++)
        rc = copy_table(x, &from, &from.tables[i], err);
    transfer_end(&from);
    return rc;
}

/* -- before and after -- */

static int count_row(void *arg, const struct slice *values, size_t n, struct err *err)
{
    (void)values;
    (void)n;
    (void)err;
    ++*(size_t *)arg;
    return 0;
}

static int make_room_in(struct import *x, const struct transfer_table *table, struct err *err)
{
    struct buf sql;
    size_t found = 0;
    buf_init(&sql, SQL_MAX);
    transfer_put(&sql, x->o->replace ? "DELETE FROM " : "SELECT 1 FROM ");
    transfer_name(table->relation, &sql);
    transfer_put(&sql, " WHERE ");
    transfer_condition(&x->t, table, &sql);
    if (!x->o->replace)
        transfer_put(&sql, " LIMIT 1");
    int rc = run(x, &sql, x->o->replace ? NULL : count_row, &found, err);
    buf_release(&sql);
    if (rc == 0 && found > 0)
        return err_set(err, "55000", "tenant \"%s\" has rows in \"%s\" already; --replace takes them away",
                       x->t.tenant, table->relation->name);
    return rc;
}

static int make_room(struct import *x, struct err *err)
{
    for (size_t i = x->t.ntables; i > 0; i--)
        if (!x->t.tables[i - 1].shared && make_room_in(x, &x->t.tables[i - 1], err) < 0)
            return -1;
    return 0;
}

static int set_late(struct import *x, struct err *err)
{
    char *sql = NULL;
    size_t size = 0;
    int rc = 0;
    rewind(x->late);
    while (rc == 0 && getdelim(&sql, &size, '\0', x->late) > 0)
        rc = say(x, sql, err);
    free(sql);
    return rc;
}

static int take_text(void *arg, const struct slice *values, size_t n, struct err *err)
{
    char **text = arg;
    free(*text);
    *text = n == 1 && values[0].data ? strndup(values[0].data, values[0].len) : NULL;
    (void)err;
    return 0;
}

static int ask_text(struct import *x, char **ret, struct buf *sql, struct err *err)
{
    int rc = run(x, sql, take_text, ret, err);
    buf_reset(sql);
    return rc;
}

static void call(struct buf *sql, const char *function, const char *sequence, const char *value)
{
    transfer_put(sql, "SELECT ");
    transfer_put(sql, function);
    transfer_put(sql, "(");
    transfer_literal((struct slice){sequence, strlen(sequence)}, sql);
    transfer_put(sql, value ? ", " : "");
    transfer_put(sql, value ? value : "");
    transfer_put(sql, ")");
}

static int find_sequence(struct import *x, const struct catalog_relation *r, const struct catalog_column *c,
                         char **ret, struct err *err)
{
    struct buf sql, name;
    struct store *store = talk_store(x->t.talk);
    if (store)
        return store_serial_sequence(store, r->schema, r->name, c->name, ret, err);
    buf_init(&sql, SQL_MAX);
    buf_init(&name, SQL_MAX);
    transfer_name(r, &name);
    transfer_put(&sql, "SELECT pg_get_serial_sequence(");
    transfer_literal(buf_peek(&name), &sql);
    transfer_put(&sql, ", ");
    transfer_literal((struct slice){c->name, strlen(c->name)}, &sql);
    transfer_put(&sql, ")");
    int rc = ask_text(x, ret, &sql, err);
    buf_release(&sql);
    buf_release(&name);
    return rc;
}

/* What it gives next is beyond all that is there. */
static int advance(struct import *x, const struct catalog_relation *r, const struct catalog_column *c,
                   struct err *err)
{
    struct buf sql;
    char *sequence = NULL, *most = NULL, *next = NULL;
    buf_init(&sql, SQL_MAX);
    int rc = find_sequence(x, r, c, &sequence, err);
    if (rc == 0 && sequence) {
        transfer_put(&sql, "SELECT max(");
        transfer_quote(c->name, &sql);
        transfer_put(&sql, ") FROM ");
        transfer_name(r, &sql);
        rc = ask_text(x, &most, &sql, err);
    }
    if (rc == 0 && most) {
        call(&sql, "nextval", sequence, NULL);
        rc = ask_text(x, &next, &sql, err);
    }
    if (rc == 0 && next && strtoimax(next, NULL, 10) <= strtoimax(most, NULL, 10)) {
        call(&sql, "setval", sequence, most);
        rc = run(x, &sql, NULL, NULL, err);
    }
    free(sequence);
    free(most);
    free(next);
    buf_release(&sql);
    return rc;
}

static int advance_all(struct import *x, struct err *err)
{
    for (size_t i = 0; i < x->t.ntables; i++) {
        const struct catalog_relation *r = x->t.tables[i].relation;
        for (size_t k = 0; k < r->ncolumns && !x->t.tables[i].shared; k++) {
            uint32_t type = r->columns[k].type_oid;
            bool integer = type == 20 || type == 21 || type == 23; /* int8, int2, int4 */
            if (integer && !r->columns[k].generated && advance(x, r, &r->columns[k], err) < 0)
                return -1;
        }
    }
    return 0;
}

/* -- the command -- */

static int import_all(struct import *x, struct err *err)
{
    struct stat st;
    bool folder = stat(x->o->path, &st) == 0 && S_ISDIR(st.st_mode);
    if (say(x, "BEGIN", err) < 0 ||
        (!talk_store(x->t.talk) && say(x, "SET CONSTRAINTS ALL DEFERRED", err) < 0) ||
        make_room(x, err) < 0)
        return -1;
    if ((folder ? from_store(x, err) : from_file(x, err)) < 0)
        return -1;
    if (set_late(x, err) < 0 || advance_all(x, err) < 0)
        return -1;
    return say(x, "COMMIT", err);
}

static int run_import(struct import *x, struct conf *conf, struct err *err)
{
    buf_init(&x->batch, SQL_MAX);
    buf_init(&x->single, SQL_MAX);
    x->late = tmpfile();
    int rc = !x->late ? err_set(err, SQLSTATE_IO_ERROR, "could not make a temporary file: %s", strerror(errno))
                      : transfer_begin(&x->t, conf, x->o->as ? x->o->as : x->o->tenant, NULL, err);
    if (rc == 0)
        rc = import_all(x, err);
    transfer_end(&x->t); /* what was not committed is rolled back */
    if (x->late)
        fclose(x->late);
    for (size_t i = 0; i < 2 * x->norder; i++)
        free((char *)x->order[i]);
    free(x->order);
    buf_release(&x->batch);
    buf_release(&x->single);
    return rc;
}

int transfer_import(const struct transfer_options *o)
{
    struct err err = {0};
    struct conf *conf = options_load(o->conf_path);
    struct import *x = conf ? calloc(1, sizeof *x) : NULL;
    if (!x) {
        if (conf)
            conf_unref(conf);
        return 1;
    }
    x->o = o;
    int rc = run_import(x, conf, &err);
    if (rc < 0)
        fprintf(stderr, "partywall: %s: %s\n", err.sqlstate, err.message);
    if (rc < 0 && err.detail[0])
        fprintf(stderr, "DETAIL: %s\n", err.detail);
    if (rc == 0)
        printf("tenant \"%s\": %zu rows\n", o->as ? o->as : o->tenant, x->rows);
    free(x);
    conf_unref(conf);
    return rc < 0 ? 1 : 0;
}
