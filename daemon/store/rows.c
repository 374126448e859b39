/* rows.c: packed rows, slots of them, and the table-valued function that reads them; see rows.h.
 *
 * A row is its length in bytes (4) and its values; a value is its kind (1) and, by kind, nothing,
 * 8 bytes, or a length (4) and bytes.  In memory only: the machine's own byte order. */
#include "daemon/store/rows.h"

#include "daemon/store/conn.h"
#include "daemon/store/functions_impl.h"
#include "daemon/store/rows_before.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS_BYTES_MAX = 1 << 30 };

/* -- packing -- */

static void pack_bytes(struct buf *out, uint8_t kind, const void *data, size_t len)
{
    uint32_t n = (uint32_t)len;
    (void)buf_append(out, &kind, 1);
    (void)buf_append(out, &n, sizeof(n));
    if (n > 0)
        (void)buf_append(out, data, n);
}

static void pack_value(struct buf *out, sqlite3_value *v)
{
    uint8_t kind = (uint8_t)sqlite3_value_type(v);
    int64_t i;
    double r;
    switch (kind) {
    case SQLITE_INTEGER:
        i = sqlite3_value_int64(v);
        (void)buf_append(out, &kind, 1);
        (void)buf_append(out, &i, sizeof(i));
        break;
    case SQLITE_FLOAT:
        r = sqlite3_value_double(v);
        (void)buf_append(out, &kind, 1);
        (void)buf_append(out, &r, sizeof(r));
        break;
    case SQLITE_TEXT: {
        const unsigned char *text = sqlite3_value_text(v);
        pack_bytes(out, kind, text, (size_t)sqlite3_value_bytes(v));
        break;
    }
    case SQLITE_BLOB: {
        const void *blob = sqlite3_value_blob(v);
        pack_bytes(out, kind, blob, (size_t)sqlite3_value_bytes(v));
        break;
    }
    default:
        kind = SQLITE_NULL;
        (void)buf_append(out, &kind, 1);
    }
}

static void finish_blob(sqlite3_context *ctx, struct buf *b)
{
    if (b->failed)
        functions_fail(ctx, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "intermediate result is too large");
    else
        sqlite3_result_blob64(ctx, buf_len(b) ? buf_peek(b).data : "", buf_len(b),
                              SQLITE_TRANSIENT);
    buf_release(b);
}

static void pack_call(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf b;
    buf_init(&b, ROWS_BYTES_MAX);
    for (int i = 0; i < argc; i++)
        pack_value(&b, argv[i]);
    finish_blob(ctx, &b);
}

/* The length of a row is written when all of it is there. */
static void put_row(struct buf *out, size_t before)
{
    uint32_t len = (uint32_t)(buf_len(out) - before - sizeof(uint32_t));
    if (!out->failed)
        memcpy(out->data + out->start + before, &len, sizeof(len));
}

static size_t open_row(struct buf *out)
{
    static const uint32_t none = 0;
    size_t before = buf_len(out);
    (void)buf_append(out, &none, sizeof(none));
    return before;
}

struct collected {
    struct buf rows;
    bool begun;
};

static void rows_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct collected *c = sqlite3_aggregate_context(ctx, sizeof(*c));
    if (c == NULL)
        return;
    if (!c->begun)
        buf_init(&c->rows, ROWS_BYTES_MAX);
    c->begun = true;
    size_t before = open_row(&c->rows);
    for (int i = 0; i < argc; i++) {
        struct slice s = functions_slice(argv[i]);
        if (s.len > 0)
            (void)buf_append(&c->rows, s.data, s.len);
    }
    put_row(&c->rows, before);
}

static void rows_final(sqlite3_context *ctx)
{
    struct collected *c = sqlite3_aggregate_context(ctx, 0);
    if (c != NULL && c->begun)
        finish_blob(ctx, &c->rows);
}

/* -- slots -- */

struct rows_kept *rows_kept_new(int nslots)
{
    struct rows_kept *k = calloc(1, sizeof(*k));
    if (k == NULL)
        return NULL;
    k->slots = calloc((size_t)nslots + 1, sizeof(k->slots[0]));
    k->nslots = nslots;
    for (int i = 0; k->slots != NULL && i < nslots; i++)
        buf_init(&k->slots[i], ROWS_BYTES_MAX);
    if (k->slots == NULL) {
        free(k);
        return NULL;
    }
    return k;
}

void rows_kept_free(struct rows_kept *k)
{
    if (k == NULL)
        return;
    for (int i = 0; i < k->nslots; i++)
        buf_release(&k->slots[i]);
    free(k->slots);
    rows_before_free(k->before, k->nbefore);
    rows_before_free(k->seen, k->seen ? (size_t)k->nslots : 0);
    free(k);
}

bool rows_keep(struct rows_kept *k, int slot, bool once, sqlite3_stmt *stmt)
{
    struct buf *out = &k->slots[slot - 1];
    bool first = true;
    if (once && k->seen == NULL)
        k->seen = rows_seen_new(k->nslots);
    if (once && (k->seen == NULL ||
                 !rows_seen_first(k->seen, slot, sqlite3_column_int64(stmt, 0), &first)))
        return false;
    if (!first)
        return true;
    size_t before = open_row(out);
    for (int i = 0; i < sqlite3_column_count(stmt); i++)
        pack_value(out, sqlite3_column_value(stmt, i));
    put_row(out, before);
    return !out->failed;
}

bool rows_loop(struct rows_kept *k, int slot, size_t *at, int64_t *ret_first)
{
    struct slice all = buf_peek(&k->slots[slot - 1]);
    uint32_t len;
    k->current = (struct slice){NULL, 0};
    if (*at >= all.len)
        return false;
    memcpy(&len, all.data + *at, sizeof(len));
    k->current = (struct slice){all.data + *at, sizeof(len) + len};
    *at += k->current.len;
    *ret_first = 0;
    if (len > sizeof(*ret_first) && k->current.data[sizeof(len)] == SQLITE_INTEGER)
        memcpy(ret_first, k->current.data + sizeof(len) + 1, sizeof(*ret_first));
    return true;
}

void rows_put_before(struct buf *out, int64_t rowid, int n, rows_value_fn *value, void *arg)
{
    uint8_t kind = SQLITE_INTEGER;
    size_t before = open_row(out);
    (void)buf_append(out, &kind, 1);
    (void)buf_append(out, &rowid, sizeof(rowid));
    for (int i = 0; i < n; i++) {
        sqlite3_value *v = value(arg, i);
        if (v != NULL)
            pack_value(out, v);
    }
    put_row(out, before);
}

/* -- store_rows(source) -- */

struct rows_table {
    sqlite3_vtab base;
    struct store_context *context;
};

struct rows_cursor {
    sqlite3_vtab_cursor base;
    struct buf own;     /* a copy of the argument, when it was a blob */
    struct slice bytes; /* all rows */
    size_t at, next;    /* of the current row's values, of the next row */
    int64_t number;
    bool end;
    int n; /* values of the current row */
    size_t values[ROWS_COLUMNS_MAX + 1];
};

static int rows_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                        sqlite3_vtab **ret, char **ret_error)
{
    struct buf sql;
    char column[16];
    (void)argc;
    (void)argv;
    (void)ret_error;
    buf_init(&sql, 1 << 16);
    (void)buf_append(&sql, "CREATE TABLE x(", 15);
    for (int i = 1; i <= ROWS_COLUMNS_MAX; i++) {
        int len = snprintf(column, sizeof(column), "c%d,", i);
        (void)buf_append(&sql, column, (size_t)len);
    }
    (void)buf_append(&sql, "n,source HIDDEN)", 17);
    struct rows_table *t = sqlite3_malloc(sizeof(*t));
    struct store_conn *conn = ((struct store_context *)aux)->conn;
    if (conn != NULL) /* the authorizer sees a CREATE TABLE, which is not the client's */
        conn->internal++;
    int rc = sql.failed || t == NULL ? SQLITE_NOMEM : sqlite3_declare_vtab(db, buf_peek(&sql).data);
    if (conn != NULL)
        conn->internal--;
    buf_release(&sql);
    if (rc != SQLITE_OK) {
        sqlite3_free(t);
        return rc;
    }
    memset(t, 0, sizeof(*t));
    t->context = aux;
    *ret = &t->base;
    return SQLITE_OK;
}

static int rows_disconnect(sqlite3_vtab *t)
{
    sqlite3_free(t);
    return SQLITE_OK;
}

static int rows_best_index(sqlite3_vtab *t, sqlite3_index_info *info)
{
    (void)t;
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].iColumn != ROWS_COLUMNS_MAX + 1 ||
            info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        if (!info->aConstraint[i].usable)
            return SQLITE_CONSTRAINT; /* the items it speaks of come first */
        info->aConstraintUsage[i].argvIndex = 1;
        info->aConstraintUsage[i].omit = 1;
        info->estimatedCost = 20;
        info->estimatedRows = 20;
        return SQLITE_OK;
    }
    return SQLITE_CONSTRAINT;
}

static int rows_open(sqlite3_vtab *t, sqlite3_vtab_cursor **ret)
{
    struct rows_cursor *c = sqlite3_malloc(sizeof(*c));
    (void)t;
    if (c == NULL)
        return SQLITE_NOMEM;
    memset(c, 0, sizeof(*c));
    buf_init(&c->own, ROWS_BYTES_MAX);
    *ret = &c->base;
    return SQLITE_OK;
}

static int rows_close(sqlite3_vtab_cursor *base)
{
    struct rows_cursor *c = (struct rows_cursor *)base;
    buf_release(&c->own);
    sqlite3_free(c);
    return SQLITE_OK;
}

static size_t value_length(const char *p)
{
    uint32_t len;
    switch (*p) {
    case SQLITE_INTEGER:
    case SQLITE_FLOAT:
        return 1 + 8;
    case SQLITE_TEXT:
    case SQLITE_BLOB:
        memcpy(&len, p + 1, sizeof(len));
        return 1 + sizeof(len) + len;
    default:
        return 1;
    }
}

static int rows_next(sqlite3_vtab_cursor *base)
{
    struct rows_cursor *c = (struct rows_cursor *)base;
    uint32_t len;
    c->end = c->next >= c->bytes.len;
    if (c->end)
        return SQLITE_OK;
    memcpy(&len, c->bytes.data + c->next, sizeof(len));
    c->at = c->next + sizeof(len);
    c->next = c->at + len;
    c->number++;
    c->n = 0;
    for (size_t at = c->at; at < c->next && c->n < ROWS_COLUMNS_MAX;) {
        c->values[c->n++] = at;
        at += value_length(c->bytes.data + at);
    }
    return SQLITE_OK;
}

static struct slice kept_rows(const struct rows_kept *k, int64_t source)
{
    static const struct slice none = {NULL, 0};
    if (k == NULL)
        return none;
    if (source == 0)
        return k->current;
    if (source < 0)
        return rows_before_rows(k->before, k->nbefore, (uint32_t)-source);
    return source >= 1 && source <= k->nslots ? buf_peek(&k->slots[source - 1]) : none;
}

static int rows_filter(sqlite3_vtab_cursor *base, int number, const char *text, int argc,
                       sqlite3_value **argv)
{
    struct rows_cursor *c = (struct rows_cursor *)base;
    const struct rows_table *t = (const struct rows_table *)base->pVtab;
    (void)number;
    (void)text;
    buf_reset(&c->own);
    c->bytes = (struct slice){NULL, 0};
    c->next = 0;
    c->number = 0;
    if (argc == 1 && sqlite3_value_type(argv[0]) == SQLITE_INTEGER)
        c->bytes = kept_rows(t->context->kept, sqlite3_value_int64(argv[0]));
    if (argc == 1 && sqlite3_value_type(argv[0]) == SQLITE_BLOB) {
        struct slice s = functions_slice(argv[0]);
        if (s.len > 0 && buf_append(&c->own, s.data, s.len) < 0)
            return SQLITE_NOMEM;
        c->bytes = buf_peek(&c->own);
    }
    return rows_next(base);
}

static int rows_eof(sqlite3_vtab_cursor *base)
{
    return ((struct rows_cursor *)base)->end;
}

static void result_value(sqlite3_context *ctx, const char *p)
{
    int64_t i;
    double r;
    uint32_t len;
    switch (*p) {
    case SQLITE_INTEGER:
        memcpy(&i, p + 1, sizeof(i));
        sqlite3_result_int64(ctx, i);
        break;
    case SQLITE_FLOAT:
        memcpy(&r, p + 1, sizeof(r));
        sqlite3_result_double(ctx, r);
        break;
    case SQLITE_TEXT:
        memcpy(&len, p + 1, sizeof(len));
        sqlite3_result_text64(ctx, p + 5, len, SQLITE_TRANSIENT, SQLITE_UTF8);
        break;
    case SQLITE_BLOB:
        memcpy(&len, p + 1, sizeof(len));
        sqlite3_result_blob64(ctx, p + 5, len, SQLITE_TRANSIENT);
        break;
    default:
        sqlite3_result_null(ctx);
    }
}

static int rows_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int column)
{
    const struct rows_cursor *c = (const struct rows_cursor *)base;
    if (column < c->n)
        result_value(ctx, c->bytes.data + c->values[column]);
    else if (column == ROWS_COLUMNS_MAX)
        sqlite3_result_int64(ctx, c->number);
    return SQLITE_OK;
}

static int rows_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
    *ret = ((struct rows_cursor *)base)->number;
    return SQLITE_OK;
}

static void untouched_call(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct rows_kept *k = functions_context(ctx)->kept;
    (void)argc;
    sqlite3_result_int(ctx, k == NULL || !rows_before_touched(k->before, k->nbefore,
                                                              (uint32_t)sqlite3_value_int64(argv[0]),
                                                              sqlite3_value_int64(argv[1])));
}

/* pgf_claim(oid, rowid): the rowid, if no other part of the statement has changed the row. */
static void claim_call(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *context = functions_context(ctx);
    const struct rows_kept *k = context->kept;
    (void)argc;
    sqlite3_result_value(ctx, argv[1]);
    if (k == NULL || !rows_before_touched(k->before, k->nbefore, (uint32_t)sqlite3_value_int64(argv[0]),
                                          sqlite3_value_int64(argv[1])))
        return;
    functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "changing a row in several parts of a statement is not supported by the "
                   "embedded store");
}

/* pgf_xmax(): of the row that INSERT has just put in, or changed instead. */
static void xmax_call(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct store_context *context = functions_context(ctx);
    bool changed = context->kept != NULL && context->kept->updated;
    (void)argc;
    (void)argv;
    sqlite3_result_int64(ctx, changed ? (uint32_t)context->transaction_us | 1 : 0);
}

/* pgf_merge_once(slot, rowid): the rowid, if it is the first time. */
static void merge_once_call(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *context = functions_context(ctx);
    struct rows_kept *k = context->kept;
    bool first = true;
    (void)argc;
    if (k != NULL && k->seen == NULL)
        k->seen = rows_seen_new(k->nslots);
    if (k == NULL || k->seen == NULL ||
        !rows_seen_first(k->seen, sqlite3_value_int(argv[0]), sqlite3_value_int64(argv[1]), &first)) {
        sqlite3_result_error_nomem(ctx);
        return;
    }
    sqlite3_result_value(ctx, argv[1]);
    if (first)
        return;
    err_set(&context->raised, "21000", "MERGE command cannot affect row a second time");
    err_hint(&context->raised,
             "Ensure that not more than one source row matches any one target row.");
    functions_raised(ctx);
}

int rows_register(struct sqlite3 *db, struct store_context *context)
{
    static const sqlite3_module module = {
        .iVersion = 2, /* no xCreate: it exists without being created */
        .xConnect = rows_connect,
        .xBestIndex = rows_best_index,
        .xDisconnect = rows_disconnect,
        .xOpen = rows_open,
        .xClose = rows_close,
        .xFilter = rows_filter,
        .xNext = rows_next,
        .xEof = rows_eof,
        .xColumn = rows_column,
        .xRowid = rows_rowid,
    };
    const int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS;
    int rc = sqlite3_create_module_v2(db, "store_rows", &module, context, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(db, "pgf_pack", -1, flags | SQLITE_DETERMINISTIC, context,
                                        pack_call, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(db, "pgf_rows", -1, flags, context, NULL, rows_step,
                                        rows_final, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(db, "pgf_untouched", 2, flags, context, untouched_call,
                                        NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(db, "pgf_claim", 2, flags, context, claim_call, NULL, NULL,
                                        NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(db, "pgf_xmax", 0, flags, context, xmax_call, NULL, NULL,
                                        NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(db, "pgf_merge_once", 2, flags, context, merge_once_call,
                                        NULL, NULL, NULL);
    return rc;
}
