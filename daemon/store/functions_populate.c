/* functions_populate.c: JSON objects as rows of a type: json_populate_record() and its like. */
#include "daemon/store/functions_populate.h"

#include "daemon/store/record.h"

#include <stdio.h>

enum { DEPTH_MAX = 200 };

struct populate {
    struct store_context *c;
    struct slice name; /* of the field at hand */
    int depth;
};

static int value_of(struct populate *p, uint32_t type, int32_t typmod, struct slice json,
                    struct buf *hold, struct types_value *ret);

static bool is_null(struct slice json)
{
    return json.len == 4 && memcmp(json.data, "null", 4) == 0;
}

/* The text that an input function reads: of a string its content. */
static struct slice input_of(struct slice json, struct buf *plain)
{
    if (json.data[0] != '"')
        return json;
    functions_json_unescape(json, plain);
    struct slice text = buf_peek(plain);
    return text.data != NULL ? text : (struct slice){"", 0};
}

static int scalar(struct populate *p, uint32_t type, int32_t typmod, struct slice json,
                  struct buf *hold, struct types_value *ret)
{
    struct buf plain, read;
    struct types_value v;
    functions_buf(&plain);
    functions_buf(&read);
    int rc = types_input(&p->c->types, type, typmod, input_of(json, &plain), &read, &v,
                         &p->c->raised);
    if (rc == 0 && (v.kind == TYPES_KIND_TEXT || v.kind == TYPES_KIND_BLOB)) {
        buf_append(hold, v.bytes.data, v.bytes.len);
        v.bytes.data = v.bytes.len > 0 ? buf_peek(hold).data : "";
    }
    if (rc == 0)
        *ret = v;
    buf_release(&plain);
    buf_release(&read);
    return rc;
}

/* -- arrays -- */

static int no_array(struct populate *p)
{
    err_set(&p->c->raised, SQLSTATE_INVALID_TEXT_REPRESENTATION, "expected JSON array");
    err_hint(&p->c->raised, "See the value of key \"%.*s\".", (int)p->name.len, p->name.data);
    return -1;
}

static int uneven(struct populate *p)
{
    err_set(&p->c->raised, SQLSTATE_INVALID_TEXT_REPRESENTATION, "malformed JSON array");
    err_detail(&p->c->raised,
               "Multidimensional arrays must have sub-arrays with matching dimensions.");
    return -1;
}

static int element(struct populate *p, uint32_t type, int32_t typmod, struct slice json,
                   struct array *a)
{
    struct buf hold, text;
    struct types_value v;
    functions_buf(&hold);
    functions_buf(&text);
    int rc = value_of(p, type, typmod, json, &hold, &v);
    if (rc == 0 && v.kind != TYPES_KIND_NULL)
        rc = types_element_out(p->c->types.set, type, &v, &text, &p->c->raised);
    if (rc == 0 && v.kind == TYPES_KIND_NULL)
        array_add(a, (struct slice){NULL, 0});
    else if (rc == 0)
        array_add(a, buf_len(&text) ? buf_peek(&text) : (struct slice){"", 0});
    buf_release(&hold);
    buf_release(&text);
    return rc;
}

/* The lists at ${level}; ${a} learns from the first that is met how deep and long they are. */
static int elements(struct populate *p, uint32_t type, int32_t typmod, struct slice json, int level,
                    struct array *a)
{
    struct slice key, item;
    size_t at = 0;
    int32_t n = 0;
    bool known = a->ndim > level;
    if (!known)
        a->ndim = level + 1;
    while (functions_json_next(json, &at, &key, &item)) {
        bool list = item.data[0] == '[', deeper = a->ndim > level + 1;
        n++;
        if (n == 1 && !known && list)
            deeper = true;
        if (deeper && !list)
            return uneven(p);
        if (deeper && level + 1 == ARRAY_DIMENSIONS)
            return err_set(&p->c->raised, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                           "number of array dimensions (%d) exceeds the maximum allowed (%d)",
                           level + 2, ARRAY_DIMENSIONS);
        if ((deeper ? elements(p, type, typmod, item, level + 1, a)
                    : element(p, type, typmod, item, a)) < 0)
            return -1;
    }
    if (known && a->dims[level] != n)
        return uneven(p);
    a->dims[level] = n;
    a->lower[level] = 1;
    return 0;
}

static int array_of(struct populate *p, const struct types_info *type, int32_t typmod,
                    struct slice json, struct buf *hold, struct types_value *ret)
{
    struct array a;
    if (json.data[0] != '[')
        return no_array(p);
    array_init(&a);
    int rc = elements(p, type->elem, typmod, json, 0, &a);
    if (rc == 0) {
        array_write(&a, hold);
        *ret = (struct types_value){.kind = TYPES_KIND_TEXT, .bytes = buf_peek(hold)};
    }
    array_release(&a);
    return rc;
}

/* -- rows -- */

static int refuse_shape(struct populate *p, struct slice json)
{
    return err_set(&p->c->raised, SQLSTATE_INVALID_PARAMETER_VALUE,
                   "cannot call populate_composite on %s", json.data[0] == '[' ? "an array" : "a scalar");
}

static int row_of(struct populate *p, const struct types_user *type, struct slice base,
                  struct slice json, struct buf *out)
{
    struct array parts;
    struct record old = {.n = 0};
    char oid[16];
    int rc = 0;
    if (json.data[0] != '{')
        return refuse_shape(p, json);
    if (++p->depth > DEPTH_MAX)
        return err_set(&p->c->raised, SQLSTATE_STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
    if (base.data != NULL && record_parse(p->c->types.set, base, &old, &p->c->raised) < 0)
        return -1;
    snprintf(oid, sizeof(oid), "%u", type->info.oid);
    record_begin(&parts, (struct slice){oid, strlen(oid)});
    for (size_t i = 0; rc == 0 && i < type->nattributes; i++) {
        const struct types_attribute *a = &type->attributes[i];
        struct slice name = {a->name, strlen(a->name)}, value = {NULL, 0};
        struct buf hold;
        struct types_value v = {.kind = TYPES_KIND_NULL};
        while (parts.n < (size_t)a->attnum)
            array_add(&parts, (struct slice){NULL, 0});
        if (!functions_json_field(json, name, &value)) {
            array_add(&parts, i < old.n ? old.fields[i].value : (struct slice){NULL, 0});
            continue;
        }
        p->name = name;
        functions_buf(&hold);
        rc = value_of(p, a->type, a->typmod, value, &hold, &v);
        if (rc == 0)
            record_add(&parts, &v);
        buf_release(&hold);
    }
    array_flat(&parts);
    if (rc == 0)
        array_write(&parts, out);
    array_release(&parts);
    if (base.data != NULL)
        record_release(&old);
    p->depth--;
    return rc;
}

static int value_of(struct populate *p, uint32_t type, int32_t typmod, struct slice json,
                    struct buf *hold, struct types_value *ret)
{
    const struct types_set *set = p->c->types.set;
    *ret = (struct types_value){.kind = TYPES_KIND_NULL};
    if (types_constrained(set, type))
        return err_set(&p->c->raised, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "a domain with constraints in a row is not supported by the embedded store");
    type = types_base(set, type, &typmod);
    const struct types_info *info = types_find(set, type);
    const struct types_user *user = types_find_user(set, type);
    if (is_null(json))
        return 0;
    if (type == TYPES_JSON) {
        *ret = (struct types_value){.kind = TYPES_KIND_TEXT, .bytes = json};
        return 0;
    }
    if (type == TYPES_JSONB) {
        *ret = (struct types_value){.kind = TYPES_KIND_TEXT};
        return types_input(&p->c->types, type, -1, json, hold, ret, &p->c->raised);
    }
    if (user != NULL && user->info.type == 'c' && json.data[0] != '"') {
        if (row_of(p, user, (struct slice){NULL, 0}, json, hold) < 0)
            return -1;
        *ret = (struct types_value){.kind = TYPES_KIND_TEXT, .bytes = buf_peek(hold)};
        return 0;
    }
    if (info != NULL && info->category == 'A' && info->elem != 0 && json.data[0] != '"')
        return array_of(p, info, typmod, json, hold, ret);
    return scalar(p, type, typmod, json, hold, ret);
}

int populate_row(struct store_context *c, uint32_t type, struct slice base, struct slice json,
                 struct buf *out)
{
    struct populate p = {.c = c};
    const struct types_user *user = types_find_user(c->types.set, type);
    if (user == NULL || user->info.type != 'c')
        return err_set(&c->raised, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "a row without a name here is not supported by the embedded store");
    while (json.len > 0 && strchr(" \t\n\r", json.data[0]) != NULL) {
        json.data++;
        json.len--;
    }
    if (memmem(json.data, json.len, "\\u", 2) != NULL && types_json_check(json, &c->raised) < 0)
        return -1;
    if (row_of(&p, user, base, json, out) < 0)
        return -1;
    return out->failed ? err_set(&c->raised, SQLSTATE_OUT_OF_MEMORY, "out of memory") : 0;
}

/* pgf_json_populate(type, row or NULL, json) */
static void fn_populate(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    struct slice base = {NULL, 0};
    (void)argc;
    if (sqlite3_value_type(argv[2]) == SQLITE_NULL) {
        sqlite3_result_value(ctx, argv[1]);
        return;
    }
    if (sqlite3_value_type(argv[1]) != SQLITE_NULL)
        base = functions_slice(argv[1]);
    functions_buf(&out);
    if (populate_row(functions_context(ctx), (uint32_t)sqlite3_value_int64(argv[0]), base,
                     functions_slice(argv[2]), &out) == 0) {
        functions_finish(ctx, &out);
        return;
    }
    buf_release(&out);
    functions_raised(ctx);
}

const struct function_row functions_populate_rows[] = {
    {"pgf_json_populate", 3, false, fn_populate, NULL, NULL},
};
const size_t functions_populate_n =
    sizeof(functions_populate_rows) / sizeof(functions_populate_rows[0]);
