#include "daemon/deep_thread.h"
#include "daemon/options.h"
#include "daemon/store/store.h"
#include "daemon/transfer.h"
#include "protocol/buf.h"
#include "protocol/sqlstate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SQL_MAX ((size_t)16 << 20)

struct export {
    const struct transfer_options *o;
    struct transfer t;
    FILE *out;
    size_t rows;
};

static int io_failed(const char *path, struct err *err)
{
    return err_set(err, errno == ENOSPC ? "53100" : SQLSTATE_IO_ERROR, "could not write \"%s\": %s",
                   path, strerror(errno));
}

/* -- rows as COPY writes them -- */

static void put_value(FILE *out, struct slice v)
{
    if (!v.data) {
        fputs("\\N", out);
        return;
    }
    for (size_t i = 0; i < v.len; i++) {
        static const char from[] = "\b\f\n\r\t\v\\", to[] = "bfnrtv\\";
        const char *at = v.data[i] ? strchr(from, v.data[i]) : NULL;
        if (at)
            fputc('\\', out);
        fputc(at ? to[at - from] : v.data[i], out);
    }
}

static int put_row(void *arg, const struct slice *values, size_t n, struct err *err)
{
    struct export *x = arg;
    for (size_t i = 0; i < n; i++) {
        if (i)
            fputc('\t', x->out);
        put_value(x->out, values[i]);
    }
    fputc('\n', x->out);
    x->rows++;
    return ferror(x->out) ? io_failed(x->o->path, err) : 0;
}

static void put_columns(const struct catalog_relation *r, struct buf *sql)
{
    bool any = false;
    for (size_t i = 0; i < r->ncolumns; i++) {
        if (r->columns[i].generated)
            continue;
        transfer_put(sql, any ? ", " : "");
        transfer_quote(r->columns[i].name, sql);
        any = true;
    }
}

static int export_table(struct export *x, const struct transfer_table *table, struct err *err)
{
    struct buf head, sql;
    buf_init(&head, SQL_MAX);
    buf_init(&sql, SQL_MAX);
    transfer_put(&head, "\nCOPY ");
    transfer_name(table->relation, &head);
    transfer_put(&head, " (");
    put_columns(table->relation, &head);
    transfer_put(&head, ") FROM stdin;\n");
    transfer_put(&sql, "SELECT ");
    put_columns(table->relation, &sql);
    bool only = table->relation->kind == 'r' && table->relation->nheirs > 0;
    transfer_put(&sql, only ? " FROM ONLY " : " FROM ");
    transfer_name(table->relation, &sql);
    transfer_put(&sql, " WHERE ");
    transfer_condition(&x->t, table, &sql);
    const char *first = transfer_sql(&head, err), *text = transfer_sql(&sql, err);
    int rc = first && text ? 0 : -1;
    if (rc == 0)
        fputs(first, x->out);
    if (rc == 0 && talk_run(x->t.talk, text, put_row, x, err) < 0) {
        struct err why = *err;
        rc = err_set(err, why.sqlstate, "table \"%s\": %s", table->relation->name, why.message);
    }
    if (rc == 0)
        fputs("\\.\n", x->out);
    buf_release(&head);
    buf_release(&sql);
    return rc;
}

static int export_sql(struct export *x, struct err *err)
{
    fputs("-- partywall export 1\n-- tenant: ", x->out);
    put_value(x->out, (struct slice){x->t.tenant, strlen(x->t.tenant)});
    fputs("\nSET client_encoding = 'UTF8';\nSET DateStyle = 'ISO, MDY';\nSET IntervalStyle = 'postgres';\n"
          "SET TimeZone = 'UTC';\nSET standard_conforming_strings = on;\nBEGIN;\n",
          x->out);
    if (talk_run(x->t.talk, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", NULL, NULL, err) < 0)
        return -1;
    for (size_t i = 0; i < x->t.ntables; i++)
        if ((!x->t.tables[i].shared || x->o->shared) && export_table(x, &x->t.tables[i], err) < 0)
            return -1;
    fputs("\nCOMMIT;\n", x->out);
    return talk_run(x->t.talk, "COMMIT", NULL, NULL, err);
}

/* Under another name until it is whole. */
static int to_file(struct export *x, struct err *err)
{
    char *part = NULL;
    if (asprintf(&part, "%s.part", x->o->path) < 0)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    mode_t mask = umask(077);
    x->out = fopen(part, "we");
    umask(mask);
    int rc = x->out ? export_sql(x, err) : io_failed(part, err);
    if (x->out && rc == 0 && (fflush(x->out) != 0 || fsync(fileno(x->out)) != 0))
        rc = io_failed(part, err);
    if (x->out && fclose(x->out) != 0 && rc == 0)
        rc = io_failed(part, err);
    if (rc == 0 && rename(part, x->o->path) != 0)
        rc = io_failed(x->o->path, err);
    if (rc < 0 && x->out)
        unlink(part);
    free(part);
    return rc;
}

/* -- a store -- */

static int delete_others(struct transfer *t, const struct catalog_relation *r, struct err *err)
{
    struct buf sql;
    const struct transfer_table *table = transfer_find(t, r->schema, r->name);
    if (r->kind != 'r' || (table && table->shared))
        return 0;
    buf_init(&sql, SQL_MAX);
    transfer_put(&sql, "DELETE FROM ");
    transfer_name(r, &sql);
    if (table) {
        transfer_put(&sql, " WHERE (");
        transfer_condition(t, table, &sql);
        transfer_put(&sql, ") IS NOT TRUE");
    }
    const char *text = transfer_sql(&sql, err);
    int rc = text ? talk_run(t->talk, text, NULL, NULL, err) : -1;
    buf_release(&sql);
    return rc;
}

/* In the copy: rows of others, children first, and of tables that are nobody's. */
static int keep_own(struct transfer *t, struct err *err)
{
    const struct catalog_relation *const *all;
    size_t n = catalog_relations(t->catalog, &all);
    if (talk_run(t->talk, "BEGIN", NULL, NULL, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (!transfer_find(t, all[i]->schema, all[i]->name) && delete_others(t, all[i], err) < 0)
            return -1;
    for (size_t i = t->ntables; i > 0; i--)
        if (delete_others(t, t->tables[i - 1].relation, err) < 0)
            return -1;
    return talk_run(t->talk, "COMMIT", NULL, NULL, err);
}

static void remove_folder(const char *folder)
{
    static const char *const names[] = {"store.sqlite3", "store.sqlite3-wal", "store.sqlite3-shm", "lock"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = NULL;
        if (asprintf(&path, "%s/%s", folder, names[i]) >= 0)
            unlink(path);
        free(path);
    }
    rmdir(folder);
}

static int copy_into(struct talk *from, const char *folder, struct err *err)
{
    char *path = NULL;
    if (mkdir(folder, 0700) != 0)
        return io_failed(folder, err);
    if (asprintf(&path, "%s/store.sqlite3", folder) < 0)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    int rc = store_copy(talk_store(from), path, err);
    free(path);
    return rc;
}

/* The whole, without the others' rows, copied again so that nothing of them is left in free pages. */
static int to_store(struct export *x, struct err *err)
{
    char *part = NULL;
    struct talk *talk = NULL;
    struct transfer t = {0};
    if (!talk_store(x->t.talk))
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "only a tenant of a store can be exported as a store: export SQL, and import that");
    if (asprintf(&part, "%s.part", x->o->path) < 0)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    int rc = copy_into(x->t.talk, part, err);
    if (rc == 0)
        rc = talk_open_folder(part, &talk, err);
    if (rc == 0) {
        rc = transfer_begin(&t, x->t.conf, x->t.tenant, talk, err);
        if (rc == 0)
            rc = keep_own(&t, err);
        if (rc == 0)
            rc = copy_into(t.talk, x->o->path, err);
        transfer_end(&t);
    }
    remove_folder(part);
    free(part);
    return rc;
}

/* -- the command -- */

static int run(struct export *x, struct conf *conf, struct err *err)
{
    int rc = transfer_begin(&x->t, conf, x->o->tenant, NULL, err);
    if (rc == 0)
        rc = x->o->to_store ? to_store(x, err) : to_file(x, err);
    transfer_end(&x->t);
    return rc;
}

int transfer_export(const struct transfer_options *o)
{
    struct err err = {0};
    struct export x = {.o = o};
    struct conf *conf = options_load(o->conf_path);
    if (!conf)
        return 1;
    int rc = run(&x, conf, &err);
    if (rc < 0)
        fprintf(stderr, "partywall: %s: %s\n", err.sqlstate, err.message);
    else if (!o->to_store)
        printf("tenant \"%s\": %zu rows of %zu tables\n", o->tenant, x.rows, x.t.ntables);
    conf_unref(conf);
    return rc < 0 ? 1 : 0;
}
