/* compare.c: PostgreSQL's order of values; see compare.h. */
#include "daemon/store/compare.h"

#include "daemon/store/array.h"
#include "daemon/store/functions_impl.h"
#include "daemon/store/record.h"

#include <stdio.h>

enum { DEPTH_MAX = 1000 };

static int sign(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_bytes(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n == 0 ? 0 : memcmp(a.data, b.data, n);
    return c != 0 ? c : sign((int64_t)a.len, (int64_t)b.len);
}

/* -- jsonb: scalars by kind and value, containers by size, then member by member -- */

enum kind { KIND_NULL, KIND_STRING, KIND_NUMBER, KIND_BOOL, KIND_ARRAY, KIND_OBJECT };

static enum kind kind_of(struct slice v)
{
    switch (v.len > 0 ? v.data[0] : 'n') {
    case '{':
        return KIND_OBJECT;
    case '[':
        return KIND_ARRAY;
    case '"':
        return KIND_STRING;
    case 't':
    case 'f':
        return KIND_BOOL;
    case 'n':
        return KIND_NULL;
    default:
        return KIND_NUMBER;
    }
}

static int64_t size_of(struct slice v)
{
    struct slice key, value;
    size_t at = 0;
    int64_t n = 0;
    while (functions_json_next(v, &at, &key, &value))
        n++;
    return n;
}

static int compare_strings(struct slice a, struct slice b)
{
    if (memchr(a.data, '\\', a.len) == NULL && memchr(b.data, '\\', b.len) == NULL)
        return compare_bytes((struct slice){a.data + 1, a.len - 2},
                             (struct slice){b.data + 1, b.len - 2});
    struct buf x, y;
    functions_buf(&x);
    functions_buf(&y);
    functions_json_unescape(a, &x);
    functions_json_unescape(b, &y);
    int c = compare_bytes(buf_peek(&x), buf_peek(&y));
    buf_release(&x);
    buf_release(&y);
    return c;
}

static int compare_json(struct slice a, struct slice b, int depth)
{
    enum kind x = kind_of(a), y = kind_of(b);
    if (x != y)
        return sign(x, y);
    switch (x) {
    case KIND_NULL:
        return 0;
    case KIND_STRING:
        return compare_strings(a, b);
    case KIND_NUMBER:
        return types_numeric_compare(a, b);
    case KIND_BOOL:
        return sign(a.data[0] == 't', b.data[0] == 't');
    default:
        break;
    }
    int64_t n = size_of(a), m = size_of(b);
    if (n != m)
        return sign(n, m);
    struct slice akey, avalue, bkey, bvalue;
    size_t at = 0, bt = 0;
    int c = 0;
    while (c == 0 && depth < DEPTH_MAX && functions_json_next(a, &at, &akey, &avalue) &&
           functions_json_next(b, &bt, &bkey, &bvalue)) {
        if (akey.data != NULL)
            c = compare_strings(akey, bkey);
        if (c == 0)
            c = compare_json(avalue, bvalue, depth + 1);
    }
    return c;
}

int compare_jsonb(struct slice a, struct slice b)
{
    enum kind x = kind_of(a), y = kind_of(b);
    /* a bare scalar counts as an array of one, which is why an empty array is less */
    if (x == KIND_ARRAY && y < KIND_ARRAY)
        return size_of(a) == 0 ? -1 : 1;
    if (y == KIND_ARRAY && x < KIND_ARRAY)
        return size_of(b) == 0 ? 1 : -1;
    return compare_json(a, b, 0);
}

/* -- intervals -- */

static int compare_intervals(struct slice a, struct slice b)
{
    struct types_interval x, y;
    if (!types_interval_unpack(a, &x) || !types_interval_unpack(b, &y))
        return compare_bytes(a, b);
    __int128 p = ((__int128)x.months * 30 + x.days) * 86400000000 + x.us;
    __int128 q = ((__int128)y.months * 30 + y.days) * 86400000000 + y.us;
    return (p > q) - (p < q);
}

/* -- arrays -- */

/* Do elements of the type sort as the bytes of their texts? */
static bool sorts_as_text(uint32_t oid)
{
    switch (oid) {
    case TYPES_TEXT:
    case TYPES_VARCHAR:
    case TYPES_BPCHAR:
    case TYPES_NAME:
    case TYPES_CHAR:
    case TYPES_UUID:
    case TYPES_BOOL:
    case TYPES_BYTEA:
        return true;
    default:
        return false;
    }
}

int compare_elements(const struct types_set *set, uint32_t oid, struct slice a, struct slice b)
{
    const struct types_session utc = {.timezone = "UTC", .extra_float_digits = 1, .set = set};
    for (; oid == TYPES_BPCHAR && a.len > 0 && a.data[a.len - 1] == ' '; a.len--)
        ;
    for (; oid == TYPES_BPCHAR && b.len > 0 && b.data[b.len - 1] == ' '; b.len--)
        ;
    if (sorts_as_text(oid))
        return compare_bytes(a, b);
    if (oid == TYPES_NUMERIC)
        return types_numeric_compare(a, b);
    struct types_value x, y;
    struct buf p, q;
    struct err err = {0};
    functions_buf(&p);
    functions_buf(&q);
    int c = 0;
    if (types_element_in(&utc, oid, a, &p, &x, &err) == 0 &&
        types_element_in(&utc, oid, b, &q, &y, &err) == 0)
        c = compare_values(set, oid, &x, &y);
    buf_release(&p);
    buf_release(&q);
    return c;
}

static int compare_arrays(const struct types_set *set, const struct types_info *type,
                          struct slice a, struct slice b)
{
    struct array x, y;
    bool vector = types_is_vector(type->oid);
    if (array_parse(a, vector, &x) < 0)
        return compare_bytes(a, b);
    if (array_parse(b, vector, &y) < 0) {
        array_release(&x);
        return compare_bytes(a, b);
    }
    int c = 0;
    for (size_t i = 0; c == 0 && i < x.n && i < y.n; i++) {
        struct slice p = array_item(&x, i), q = array_item(&y, i);
        c = p.data == NULL || q.data == NULL ? (p.data == NULL) - (q.data == NULL)
                                             : compare_elements(set, type->elem, p, q);
    }
    c = c != 0 ? c : sign((int64_t)x.n, (int64_t)y.n);
    c = c != 0 ? c : sign(x.ndim, y.ndim);
    for (int d = 0; c == 0 && d < x.ndim; d++)
        c = sign(x.dims[d], y.dims[d]);
    for (int d = 0; c == 0 && d < x.ndim; d++)
        c = sign(x.lower[d], y.lower[d]);
    array_release(&x);
    array_release(&y);
    return c;
}

/* -- all -- */

static int64_t enum_rank(const struct types_user *user, struct slice label)
{
    size_t rank = 0;
    return types_enum_label(user, label, &rank) != NULL ? (int64_t)rank : -1;
}

int compare_values(const struct types_set *set, uint32_t oid, const struct types_value *a,
                   const struct types_value *b)
{
    if (a->kind == TYPES_KIND_INT && b->kind == TYPES_KIND_INT)
        return sign(a->i, b->i);
    if (oid == TYPES_NUMERIC)
        return types_numeric_compare(a->bytes, b->bytes);
    if (oid == TYPES_FLOAT4 || oid == TYPES_FLOAT8) {
        if (a->kind == TYPES_KIND_TEXT || b->kind == TYPES_KIND_TEXT) /* NaN */
            return (a->kind == TYPES_KIND_TEXT) - (b->kind == TYPES_KIND_TEXT);
        double x = a->kind == TYPES_KIND_INT ? (double)a->i : a->r;
        double y = b->kind == TYPES_KIND_INT ? (double)b->i : b->r;
        return (x > y) - (x < y);
    }
    const struct types_info *type = types_find(set, oid);
    if (type != NULL && type->category == 'A' && type->elem != 0)
        return compare_arrays(set, type, a->bytes, b->bytes);
    if (record_is_type(set, oid)) {
        struct err err = {0};
        int c = 0; /* that they are alike was seen before */
        return record_compare(set, a->bytes, b->bytes, false, &c, &err) < 0
                   ? compare_bytes(a->bytes, b->bytes)
                   : c;
    }
    const struct types_user *user = types_find_user(set, oid);
    if (user != NULL && user->info.type == 'e')
        return sign(enum_rank(user, a->bytes), enum_rank(user, b->bytes));
    switch (oid) {
    case TYPES_JSONB:
        return compare_jsonb(a->bytes, b->bytes);
    case TYPES_INTERVAL:
        return compare_intervals(a->bytes, b->bytes);
    default:
        return compare_bytes(a->bytes, b->bytes);
    }
}

/* -- collations -- */

const char *compare_collation(const struct types_set *set, uint32_t oid, char buf[32])
{
    const struct types_info *type = types_find(NULL, oid); /* of user types SQLite knows nothing */
    if (record_is_type(set, oid))
        return "record";
    if (oid == TYPES_NUMERIC)
        return "numeric";
    if (oid != TYPES_JSONB && (type == NULL || type->category != 'A' || type->elem == 0))
        return NULL;
    snprintf(buf, 32, "type_%u", oid);
    return buf;
}

static int collate(void *arg, int alen, const void *a, int blen, const void *b)
{
    struct types_value x = {.kind = TYPES_KIND_TEXT, .bytes = {a, (size_t)alen}};
    struct types_value y = {.kind = TYPES_KIND_TEXT, .bytes = {b, (size_t)blen}};
    return compare_values(NULL, (uint32_t)(uintptr_t)arg, &x, &y);
}

int compare_register(struct sqlite3 *db)
{
    size_t n;
    const struct types_info *all = types_all(&n);
    int rc = SQLITE_OK;
    for (size_t i = 0; i < n && rc == SQLITE_OK; i++) {
        char buf[32];
        const char *name = compare_collation(NULL, all[i].oid, buf);
        if (name != NULL && types_supported(NULL, all[i].oid))
            rc = sqlite3_create_collation(db, name, SQLITE_UTF8, (void *)(uintptr_t)all[i].oid,
                                          collate);
    }
    return rc;
}
