/* record.c: stored rows taken apart and put together, and compared; see record.h. */
#include "daemon/store/record.h"

#include "daemon/store/compare.h"
#include "daemon/store/types.h"
#include "protocol/sqlstate.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define RECORD_SCRATCH_MAX ((size_t)256 << 20)

bool record_is_type(const struct types_set *set, uint32_t oid)
{
    const struct types_info *type = oid == TYPES_RECORD ? NULL : types_find(set, oid);
    return oid == TYPES_RECORD || (type && type->type == 'c');
}

/* -- taking apart -- */

static int broken(struct err *err)
{
    return err_set(err, SQLSTATE_INTERNAL_ERROR, "a stored row is malformed");
}

static int no_memory(struct err *err)
{
    return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

/* A number at ${at}, and what must stand behind it. */
static bool take_number(struct slice t, size_t *at, char end, int64_t *ret)
{
    size_t p = *at;
    bool negative = p < t.len && t.data[p] == '-';
    *ret = 0;
    for (p += negative; p < t.len && isdigit((unsigned char)t.data[p]); p++)
        *ret = *ret * 10 + (t.data[p] - '0');
    if (negative)
        *ret = -*ret;
    *at = p + 1;
    return p < t.len && t.data[p] == end;
}

static bool described(struct slice what, struct record *r)
{
    int64_t type, typmod, len;
    for (size_t at = 0; at < what.len; at += (size_t)len + 1) {
        if (r->n + 1 >= r->parts.n || !take_number(what, &at, ' ', &type) ||
            !take_number(what, &at, ' ', &typmod) || !take_number(what, &at, ':', &len) ||
            len < 0 || (size_t)len > what.len - at)
            return false;
        r->fields[r->n] = (struct record_field){.type = (uint32_t)type,
                                                .typmod = (int32_t)typmod,
                                                .name = {what.data + at, (size_t)len},
                                                .value = array_item(&r->parts, r->n + 1)};
        r->n++;
    }
    return r->n + 1 == r->parts.n;
}

static void named(const struct types_user *type, struct record *r)
{
    r->type = type->info.oid;
    for (size_t i = 0; i < type->nattributes; i++) {
        const struct types_attribute *a = &type->attributes[i];
        struct slice value = {NULL, 0};
        if ((size_t)a->attnum < r->parts.n)
            value = array_item(&r->parts, (size_t)a->attnum);
        r->fields[r->n++] = (struct record_field){.type = a->type,
                                                  .typmod = a->typmod,
                                                  .name = {a->name, strlen(a->name)},
                                                  .value = value};
    }
}

int record_parse(const struct types_set *set, struct slice stored, struct record *ret,
                 struct err *err)
{
    struct record r = {.type = TYPES_RECORD};
    *ret = r;
    if (array_parse(stored, false, &r.parts) < 0)
        return broken(err);
    struct slice what = array_item(&r.parts, 0);
    bool is_named = what.len > 0 && memchr(what.data, ' ', what.len) == NULL;
    size_t at = 0;
    int64_t oid = 0;
    if (is_named) {
        char text[16] = "";
        snprintf(text, sizeof text, "%.*s;", (int)(what.len > 12 ? 12 : what.len), what.data);
        (void)take_number((struct slice){text, strlen(text)}, &at, ';', &oid);
    }
    const struct types_user *type = is_named ? types_find_user(set, (uint32_t)oid) : NULL;
    size_t n = type ? type->nattributes : r.parts.n;
    r.fields = calloc(n + 1, sizeof *r.fields);
    bool ok = r.fields != NULL;
    if (ok && type)
        named(type, &r);
    else if (ok)
        ok = !is_named && described(what, &r);
    *ret = r;
    if (ok)
        return 0;
    bool memory = r.fields == NULL;
    record_release(ret);
    return memory ? no_memory(err) : broken(err);
}

void record_release(struct record *r)
{
    free(r->fields);
    array_release(&r->parts);
    *r = (struct record){.type = 0};
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int bytes_of(struct slice hex, struct buf *scratch, struct slice *ret, struct err *err)
{
    size_t before = buf_len(scratch);
    for (size_t i = 0; i + 1 < hex.len; i += 2) {
        char byte = (char)(hex_digit(hex.data[i]) << 4 | hex_digit(hex.data[i + 1]));
        buf_append(scratch, &byte, 1);
    }
    if (scratch->failed)
        return no_memory(err);
    *ret = (struct slice){hex.len > 1 ? buf_peek(scratch).data + before : "", hex.len / 2};
    return 0;
}

int record_value(const struct types_set *set, const struct record_field *f, struct buf *scratch,
                 struct types_value *ret, struct err *err)
{
    char text[40];
    snprintf(text, sizeof text, "%.*s", (int)(f->value.len > 39 ? 39 : f->value.len),
             f->value.data ? f->value.data : "");
    *ret = (struct types_value){.kind = TYPES_KIND_NULL};
    if (!f->value.data)
        return 0;
    switch (types_storage(set, f->type)[0]) {
    case 'I':
        *ret = (struct types_value){.kind = TYPES_KIND_INT, .i = strtoll(text, NULL, 10)};
        return 0;
    case 'R':
        *ret = (struct types_value){.kind = TYPES_KIND_REAL, .r = strtod(text, NULL)};
        if (strcmp(text, "NaN") == 0) /* as SQLite has it */
            *ret = (struct types_value){.kind = TYPES_KIND_TEXT, .bytes = {"NaN", 3}};
        return 0;
    case 'B':
        ret->kind = TYPES_KIND_BLOB;
        return bytes_of(f->value, scratch, &ret->bytes, err);
    default:
        *ret = (struct types_value){.kind = TYPES_KIND_TEXT, .bytes = f->value};
        return 0;
    }
}

/* -- putting together -- */

void record_describe(uint32_t type, int32_t typmod, const char *name, struct buf *out)
{
    char text[64];
    snprintf(text, sizeof text, "%" PRIu32 " %" PRId32 " %zu:", type, typmod, strlen(name));
    buf_append(out, text, strlen(text));
    buf_append(out, name, strlen(name));
    buf_append(out, ";", 1);
}

void record_begin(struct array *parts, struct slice what)
{
    array_init(parts);
    array_add(parts, what.data ? what : (struct slice){"", 0});
}

void record_add(struct array *parts, const struct types_value *v)
{
    char text[40];
    struct buf hex;
    switch (v->kind) {
    case TYPES_KIND_NULL:
        array_add(parts, (struct slice){NULL, 0});
        return;
    case TYPES_KIND_INT:
        snprintf(text, sizeof text, "%" PRId64, v->i);
        array_add(parts, (struct slice){text, strlen(text)});
        return;
    case TYPES_KIND_REAL:
        snprintf(text, sizeof text, "%.17g", v->r);
        array_add(parts, (struct slice){text, strlen(text)});
        return;
    case TYPES_KIND_TEXT:
        array_add(parts, v->bytes.data ? v->bytes : (struct slice){"", 0});
        return;
    case TYPES_KIND_BLOB:
        break;
    }
    buf_init(&hex, RECORD_SCRATCH_MAX);
    for (size_t i = 0; i < v->bytes.len; i++) {
        snprintf(text, sizeof text, "%02x", (unsigned char)v->bytes.data[i]);
        buf_append(&hex, text, 2);
    }
    parts->failed = parts->failed || hex.failed;
    array_add(parts, buf_len(&hex) ? buf_peek(&hex) : (struct slice){"", 0});
    buf_release(&hex);
}

/* -- comparing -- */

static int unlike(const struct types_set *set, const struct record_field *a,
                  const struct record_field *b, size_t column, struct err *err)
{
    char x[TYPES_NAME_BYTES], y[TYPES_NAME_BYTES];
    types_format(set, a->type, -1, x, sizeof x);
    types_format(set, b->type, -1, y, sizeof y);
    return err_set(err, SQLSTATE_DATATYPE_MISMATCH,
                   "cannot compare dissimilar column types %s and %s at record column %zu", x, y,
                   column);
}

static bool has_no_order(uint32_t type)
{
    return type == TYPES_JSON || type == TYPES_JSON_ARRAY || type == TYPES_JSONPATH ||
           type == TYPES_JSONPATH_ARRAY || type == TYPES_UNKNOWN;
}

static int compare_fields(const struct types_set *set, const struct record_field *a,
                          const struct record_field *b, bool equality, int *ret, struct err *err)
{
    struct types_value x, y;
    struct buf p, q;
    uint32_t type = types_base(set, a->type, NULL);
    if (has_no_order(type)) {
        char name[TYPES_NAME_BYTES];
        types_format(set, type, -1, name, sizeof name);
        return err_set(err, SQLSTATE_UNDEFINED_FUNCTION, "could not identify %s for type %s",
                       equality ? "an equality operator" : "a comparison function", name);
    }
    *ret = (a->value.data == NULL) - (b->value.data == NULL);
    if (!a->value.data || !b->value.data)
        return 0;
    if (record_is_type(set, type))
        return record_compare(set, a->value, b->value, equality, ret, err);
    buf_init(&p, RECORD_SCRATCH_MAX);
    buf_init(&q, RECORD_SCRATCH_MAX);
    int rc = record_value(set, a, &p, &x, err);
    if (rc == 0)
        rc = record_value(set, b, &q, &y, err);
    if (rc == 0)
        *ret = compare_values(set, type, &x, &y);
    buf_release(&p);
    buf_release(&q);
    return rc;
}

int record_compare(const struct types_set *set, struct slice a, struct slice b, bool equality,
                   int *ret, struct err *err)
{
    struct record x, y;
    int rc = 0, result = 0;
    if (record_parse(set, a, &x, err) < 0)
        return -1;
    if (record_parse(set, b, &y, err) < 0) {
        record_release(&x);
        return -1;
    }
    for (size_t i = 0; rc == 0 && result == 0 && i < x.n && i < y.n; i++)
        rc = x.fields[i].type != y.fields[i].type
                 ? unlike(set, &x.fields[i], &y.fields[i], i + 1, err)
                 : compare_fields(set, &x.fields[i], &y.fields[i], equality, &result, err);
    if (rc == 0 && result == 0 && x.n != y.n)
        rc = err_set(err, SQLSTATE_DATATYPE_MISMATCH,
                     "cannot compare record types with different numbers of columns");
    record_release(&x);
    record_release(&y);
    *ret = result;
    return rc;
}
