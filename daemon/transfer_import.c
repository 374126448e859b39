/* transfer_import.c: `partywall import`.
 *
 * Rows come in the order of the file.  A column that refers to a table whose rows come later, or to its own, is
 * left null at first and set when all rows are there, if it may be null and the row has a key to find it by;
 * else the database is left to judge it. */
#include "daemon/options.h"
#include "daemon/store/store.h"
#include "daemon/transfer_import.h"
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

int import_order(struct import *x, const char *schema, const char *table, struct err *err)
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

int import_column(struct import *x, const char *name, struct err *err)
{
    const struct catalog_relation *r = x->table->relation;
    const struct catalog_key *key = primary_key(r);
    const struct catalog_column *c = catalog_column(r, name);
    if (!c || x->ncolumns == IMPORT_COLUMNS_MAX)
        return err_set(err, SQLSTATE_UNDEFINED_COLUMN, "table \"%s\" has no column \"%s\"", r->name, name);
    bool tenant = x->table->tenant_column && strcmp(x->table->tenant_column, name) == 0;
    bool in_key = is_key(key, c->attnum);
    x->columns[x->ncolumns++] = (struct target_column){
        c, tenant, key && !tenant && !in_key && !c->not_null && refers_ahead(x, r, c), in_key};
    return 0;
}

int import_table(struct import *x, const char *schema, const char *name, struct err *err)
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

int import_flush(struct import *x, struct err *err)
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

int import_row(void *arg, const struct slice *values, size_t n, struct err *err)
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
    return x->nbatch == BATCH_ROWS || buf_len(&x->batch) > BATCH_BYTES ? import_flush(x, err) : 0;
}

/* -- a store's folder -- */

static int copy_table(struct import *x, struct transfer *from, const struct transfer_table *table,
                      struct err *err)
{
    struct buf sql;
    bool any = false;
    if (import_table(x, table->relation->schema, table->relation->name, err) < 0)
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
        rc = import_column(x, table->relation->columns[i].name, err);
        any = true;
    }
    transfer_put(&sql, " FROM ");
    transfer_name(table->relation, &sql);
    transfer_put(&sql, " WHERE ");
    transfer_condition(from, table, &sql);
    const char *text = transfer_sql(&sql, err);
    if (rc == 0)
        rc = text ? talk_run(from->talk, text, import_row, x, err) : -1;
    buf_release(&sql);
    return rc == 0 ? import_flush(x, err) : rc;
}

static int from_store(struct import *x, struct err *err)
{
    struct transfer from = {0};
    struct talk *talk;
    if (talk_open_folder(x->o->path, &talk, err) < 0)
        return -1;
    int rc = transfer_begin(&from, x->t.conf, x->o->tenant, talk, err);
    for (size_t i = 0; rc == 0 && i < from.ntables; i++)
        rc = import_order(x, from.tables[i].relation->schema, from.tables[i].relation->name, err);
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
    if ((folder ? from_store(x, err) : import_file(x, err)) < 0)
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
