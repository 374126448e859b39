/* A row is, for each value, a byte for its kind and then 8 bytes, or 4 bytes of length and the
 * bytes. */
#include "daemon/store/rowset.h"

#include "protocol/sqlstate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWSET_MEMORY  ((size_t)4 << 20) /* of rows, before they go to a file */
#define ROWSET_ROW_MAX ((size_t)1 << 30)

void rowset_init(struct rowset *r, const char *path)
{
    *r = (struct rowset){.path = path, .fd = -1};
    buf_init(&r->tail, ROWSET_MEMORY + ROWSET_ROW_MAX);
    buf_init(&r->row, ROWSET_ROW_MAX);
}

void rowset_release(struct rowset *r)
{
    buf_release(&r->tail);
    buf_release(&r->row);
    if (r->fd >= 0)
        close(r->fd);
    free(r->starts);
    r->fd = -1;
    r->starts = NULL;
    r->n = r->cap = 0;
}

static int failed(const char *what, struct err *err)
{
    return err_set(err, errno == ENOSPC ? "53100" : SQLSTATE_IO_ERROR,
                   "could not %s temporary file of the store: %s", what, strerror(errno));
}

/* A file without a name in the folder of the store. */
static int open_file(const char *path, struct err *err)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    int len = slash ? (int)(slash - path) : 0;
    snprintf(folder, sizeof folder, "%.*s", len, path);
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    snprintf(folder, sizeof folder, "%.*s/rows-XXXXXX", len, path);
    fd = mkostemp(folder, O_CLOEXEC);
    if (fd < 0)
        return failed("create", err);
    unlink(folder);
    return fd;
}

static int spill(struct rowset *r, struct err *err)
{
    if (r->fd < 0 && (r->fd = open_file(r->path, err)) < 0)
        return -1;
    while (buf_len(&r->tail) > 0) {
        struct slice s = buf_peek(&r->tail);
        ssize_t n = pwrite(r->fd, s.data, s.len, (off_t)r->spilled);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return failed("write to", err);
        buf_consume(&r->tail, (size_t)n);
        r->spilled += (uint64_t)n;
    }
    buf_reset(&r->tail);
    return 0;
}

static void append_value(struct buf *b, const struct types_value *v)
{
    char kind = (char)v->kind;
    uint32_t len = (uint32_t)v->bytes.len;
    buf_append(b, &kind, 1);
    switch (v->kind) {
    case TYPES_KIND_NULL:
        break;
    case TYPES_KIND_INT:
        buf_append(b, &v->i, sizeof v->i);
        break;
    case TYPES_KIND_REAL:
        buf_append(b, &v->r, sizeof v->r);
        break;
    case TYPES_KIND_TEXT:
    case TYPES_KIND_BLOB:
        buf_append(b, &len, sizeof len);
        buf_append(b, v->bytes.data, v->bytes.len);
        break;
    }
}

int rowset_add(struct rowset *r, const struct types_value *values, size_t n, struct err *err)
{
    if (r->n + 1 >= r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 16;
        uint64_t *grown = realloc(r->starts, cap * sizeof *grown);
        if (!grown)
            return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        r->starts = grown;
        r->cap = cap;
    }
    r->starts[r->n] = r->spilled + buf_len(&r->tail);
    for (size_t i = 0; i < n; i++)
        append_value(&r->tail, &values[i]);
    if (r->tail.failed)
        return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "row is too large");
    r->starts[++r->n] = r->spilled + buf_len(&r->tail);
    return buf_len(&r->tail) > ROWSET_MEMORY ? spill(r, err) : 0;
}

static int read_back(struct rowset *r, uint64_t at, size_t len, struct err *err)
{
    buf_reset(&r->row);
    char *room = buf_reserve(&r->row, len + 1);
    if (!room)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(r->fd, room + done, len - done, (off_t)(at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return failed("read from", err);
        done += (size_t)n;
    }
    buf_commit(&r->row, len);
    return 0;
}

static const char *take_value(const char *p, struct types_value *ret)
{
    uint32_t len;
    *ret = (struct types_value){.kind = (enum types_kind) * p++};
    switch (ret->kind) {
    case TYPES_KIND_NULL:
        break;
    case TYPES_KIND_INT:
        memcpy(&ret->i, p, sizeof ret->i);
        p += sizeof ret->i;
        break;
    case TYPES_KIND_REAL:
        memcpy(&ret->r, p, sizeof ret->r);
        p += sizeof ret->r;
        break;
    case TYPES_KIND_TEXT:
    case TYPES_KIND_BLOB:
        memcpy(&len, p, sizeof len);
        ret->bytes = (struct slice){p + sizeof len, len};
        p += sizeof len + len;
        break;
    }
    return p;
}

int rowset_get(struct rowset *r, size_t i, struct types_value *ret, size_t n, struct err *err)
{
    uint64_t at = r->starts[i];
    const char *p;
    if (at >= r->spilled) {
        p = buf_peek(&r->tail).data + (at - r->spilled);
    } else {
        if (read_back(r, at, (size_t)(r->starts[i + 1] - at), err) < 0)
            return -1;
        p = buf_peek(&r->row).data;
    }
    for (size_t k = 0; k < n; k++)
        p = take_value(p, &ret[k]);
    return 0;
}
