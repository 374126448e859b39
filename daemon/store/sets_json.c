/* sets_json.c: rows of json and jsonb; see sets.h. */
#include "daemon/store/array.h"
#include "daemon/store/functions_populate.h"
#include "daemon/store/sets.h"

#include <stdio.h>
#include <stdlib.h>

static int no_memory(struct sets_call *c)
{
    return err_set(&c->context->raised, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

static int refuse(struct sets_call *c, const char *format, const char *name)
{
    char text[160];
    const char *at = strstr(format, "%s");
    if (at == NULL)
        snprintf(text, sizeof(text), "%s", format);
    else
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - format), format, name, at + 2);
    return err_set(&c->context->raised, SQLSTATE_INVALID_PARAMETER_VALUE, "%s", text);
}

static struct slice text_of(struct sets_call *c, int i)
{
    return functions_slice(c->argv[i]);
}

static struct slice blanks_cut(struct slice s)
{
    while (s.len > 0 && strchr(" \t\r\n", s.data[0]) != NULL) {
        s.data++;
        s.len--;
    }
    while (s.len > 0 && strchr(" \t\r\n", s.data[s.len - 1]) != NULL)
        s.len--;
    return s;
}

/* 'o' object, 'a' array, 's' scalar. */
static char shape(struct slice s)
{
    return s.len == 0 ? 's' : s.data[0] == '{' ? 'o' : s.data[0] == '[' ? 'a' : 's';
}

/* A value as text: a string's own, NULL for null; else the JSON. */
static void put_text(struct sets_call *c, int i, struct slice value)
{
    if (value.len == 4 && memcmp(value.data, "null", 4) == 0)
        return;
    if (value.data[0] != '"') {
        sets_text(c, i, value);
        return;
    }
    size_t at = buf_len(&c->text);
    functions_json_unescape(value, &c->text);
    size_t len = buf_len(&c->text) - at;
    sets_text(c, i, (struct slice){len > 0 ? buf_peek(&c->text).data + at : "", len});
}

/* -- each(json, text?, binary?), elements(...), keys(...): a container, one by one -- */

struct walk {
    struct slice json;
    size_t at;
};

static int walk_start(struct sets_call *c, struct slice json)
{
    struct walk *w = calloc(1, sizeof(*w));
    c->state = w;
    if (w == NULL)
        return no_memory(c);
    w->json = json;
    if (memmem(json.data, json.len, "\\u", 2) != NULL)
        return types_json_check(json, &c->context->raised);
    return 0;
}

static bool flag(struct sets_call *c, int i)
{
    return sqlite3_value_int(c->argv[i]) != 0;
}

static int each_open(struct sets_call *c)
{
    struct slice json = blanks_cut(text_of(c, 0));
    char is = shape(json);
    if (is != 'o' && flag(c, 2))
        return refuse(c, "cannot call %s on a non-object",
                      flag(c, 1) ? "jsonb_each_text" : "jsonb_each");
    if (is != 'o')
        return refuse(c,
                      is == 'a' ? "cannot deconstruct an array as an object"
                                : "cannot deconstruct a scalar",
                      "");
    return walk_start(c, json);
}

static int each_next(struct sets_call *c)
{
    struct walk *w = c->state;
    struct slice key, value;
    if (w == NULL || !functions_json_next(w->json, &w->at, &key, &value))
        return 0;
    /* room for both first: what is shown borrows from it */
    if (buf_reserve(&c->text, key.len + value.len + 1) == NULL)
        return no_memory(c);
    put_text(c, 0, key);
    if (flag(c, 1))
        put_text(c, 1, value);
    else
        sets_text(c, 1, value);
    return 1;
}

static int elements_open(struct sets_call *c)
{
    struct slice json = blanks_cut(text_of(c, 0));
    char is = shape(json);
    const char *name = flag(c, 1) ? "json_array_elements_text" : "json_array_elements";
    if (is != 'a' && flag(c, 2))
        return refuse(c,
                      is == 's' ? "cannot extract elements from a scalar"
                                : "cannot extract elements from an object",
                      "");
    if (is != 'a')
        return refuse(c, is == 's' ? "cannot call %s on a scalar" : "cannot call %s on a non-array",
                      name);
    return walk_start(c, json);
}

static int elements_next(struct sets_call *c)
{
    struct walk *w = c->state;
    struct slice key, value;
    if (w == NULL || !functions_json_next(w->json, &w->at, &key, &value))
        return 0;
    if (flag(c, 1))
        put_text(c, 0, value);
    else
        sets_text(c, 0, value);
    return 1;
}

static int keys_open(struct sets_call *c)
{
    struct slice json = blanks_cut(text_of(c, 0));
    char is = shape(json);
    if (is != 'o')
        return refuse(c, is == 's' ? "cannot call %s on a scalar" : "cannot call %s on an array",
                      flag(c, 1) ? "jsonb_object_keys" : "json_object_keys");
    return walk_start(c, json);
}

static int keys_next(struct sets_call *c)
{
    struct walk *w = c->state;
    struct slice key, value;
    if (w == NULL || !functions_json_next(w->json, &w->at, &key, &value))
        return 0;
    put_text(c, 0, key);
    return 1;
}

/* -- record(definition, json, name), records(...): objects as rows with columns of given types --
 */

struct records {
    struct array columns; /* name, type, typmod of each */
    struct slice json;
    size_t at;
    bool many, done;
    struct buf scratch;
};

static int records_start(struct sets_call *c, bool many)
{
    struct records *r = calloc(1, sizeof(*r));
    struct slice json = blanks_cut(text_of(c, 1));
    const char *name = (const char *)sqlite3_value_text(c->argv[2]);
    char is = shape(json);
    c->state = r;
    if (r == NULL)
        return no_memory(c);
    r->json = json;
    r->many = many;
    functions_buf(&r->scratch);
    if (array_parse(text_of(c, 0), false, &r->columns) < 0)
        return no_memory(c);
    if (!many && is != 'o')
        return refuse(c, is == 's' ? "cannot call %s on a scalar" : "cannot call %s on an array",
                      "populate_composite");
    if (many && is != 'a' && strncmp(name, "jsonb", 5) == 0)
        return refuse(c, "cannot call %s on a non-array", name);
    if (is == 's' || (is == 'a') != many)
        return refuse(c,
                      is == 's'   ? "cannot call %s on a scalar"
                      : is == 'a' ? "cannot call %s on an array"
                                  : "cannot call %s on an object",
                      name);
    if (memmem(json.data, json.len, "\\u", 2) != NULL)
        return types_json_check(json, &c->context->raised);
    return 0;
}

static int record_open(struct sets_call *c)
{
    return records_start(c, false);
}

static int records_open(struct sets_call *c)
{
    return records_start(c, true);
}

static int64_t number_of(const struct array *a, size_t i)
{
    char text[24] = "";
    struct slice s = array_item(a, i);
    memcpy(text, s.data, s.len < sizeof(text) - 1 ? s.len : sizeof(text) - 1);
    return strtoll(text, NULL, 10);
}

/* The text that the type's input function reads: of a string its content. */
static struct slice input_of(struct slice value, struct buf *plain)
{
    if (value.data[0] != '"')
        return value;
    buf_reset(plain);
    functions_json_unescape(value, plain);
    struct slice text = buf_peek(plain);
    return text.data != NULL ? text : (struct slice){"", 0};
}

static int expected_array(struct sets_call *c, struct slice name)
{
    err_set(&c->context->raised, SQLSTATE_INVALID_TEXT_REPRESENTATION, "expected JSON array");
    err_hint(&c->context->raised, "See the value of key \"%.*s\".", (int)name.len, name.data);
    return -1;
}

/* A JSON array of scalars as a literal of the array's type; deeper ones are refused. */
static int array_text(struct sets_call *c, struct slice value, struct slice name, struct buf *out)
{
    struct slice key, item;
    struct buf plain;
    size_t at = 0;
    bool first = true;
    if (value.data[0] != '[')
        return expected_array(c, name);
    functions_buf(&plain);
    buf_append(out, "{", 1);
    while (functions_json_next(value, &at, &key, &item)) {
        if (item.data[0] == '[') {
            buf_release(&plain);
            return err_set(&c->context->raised, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "a JSON array of arrays in a record is not supported by the embedded "
                           "store");
        }
        if (!first)
            buf_append(out, ",", 1);
        first = false;
        if (item.len == 4 && memcmp(item.data, "null", 4) == 0) {
            buf_append(out, "NULL", 4);
            continue;
        }
        struct slice text = input_of(item, &plain);
        array_quote(text, out);
    }
    buf_append(out, "}", 1);
    buf_release(&plain);
    return 0;
}

static int field(struct sets_call *c, struct records *r, int i, struct slice object)
{
    struct store_context *x = c->context;
    struct slice name = array_item(&r->columns, (size_t)i * 3), value = {NULL, 0};
    uint32_t type = (uint32_t)number_of(&r->columns, (size_t)i * 3 + 1);
    int32_t typmod = (int32_t)number_of(&r->columns, (size_t)i * 3 + 2);
    const struct types_info *info = types_find(x->types.set, type);
    if (!functions_json_field(object, name, &value) ||
        (value.len == 4 && memcmp(value.data, "null", 4) == 0))
        return 0;
    if (type == TYPES_JSON || type == TYPES_JSONB) {
        if (type == TYPES_JSON)
            sets_text(c, i, value);
        return type == TYPES_JSON
                   ? 0
                   : types_input(&x->types, type, -1, value, &r->scratch, &c->out[i], &x->raised);
    }
    struct buf text;
    struct types_value v;
    functions_buf(&text);
    bool list = info != NULL && info->category == 'A' && value.data[0] != '"';
    int rc = list ? array_text(c, value, name, &text) : 0;
    struct slice input = list ? buf_peek(&text) : input_of(value, &text);
    if (rc == 0)
        rc = types_input(&x->types, type, typmod, input, &r->scratch, &v, &x->raised);
    if (rc == 0) { /* it may point into what goes now */
        size_t at = buf_len(&c->text);
        if (v.kind == TYPES_KIND_TEXT || v.kind == TYPES_KIND_BLOB) {
            buf_append(&c->text, v.bytes.data, v.bytes.len);
            v.bytes.data = v.bytes.len > 0 && !c->text.failed ? buf_peek(&c->text).data + at : "";
        }
        c->out[i] = v;
    }
    buf_release(&text);
    return rc;
}

static int record_fields(struct sets_call *c, struct records *r, struct slice object)
{
    /* the text may not move while columns borrow from it */
    if (buf_reserve(&c->text, object.len * 8 + 1024) == NULL)
        return no_memory(c);
    buf_reset(&r->scratch);
    if (buf_reserve(&r->scratch, object.len * 8 + 1024) == NULL)
        return no_memory(c);
    for (int i = 0; i < c->ncolumns; i++)
        if (field(c, r, i, object) < 0)
            return -1;
    return 1;
}

static int records_next(struct sets_call *c)
{
    struct records *r = c->state;
    struct slice key, value;
    if (!r->many) {
        bool again = r->done;
        r->done = true;
        return again ? 0 : record_fields(c, r, r->json);
    }
    if (!functions_json_next(r->json, &r->at, &key, &value))
        return 0;
    if (value.data[0] != '{')
        return refuse(c, "argument of %s must be an array of objects",
                      (const char *)sqlite3_value_text(c->argv[2]));
    return record_fields(c, r, value);
}

static void records_close(struct sets_call *c)
{
    struct records *r = c->state;
    if (r == NULL)
        return;
    array_release(&r->columns);
    buf_release(&r->scratch);
    free(r);
}

/* -- populate(type, row or NULL, json, name): objects as rows of a type -- */

static int populate_open(struct sets_call *c)
{
    struct slice json = blanks_cut(text_of(c, 2));
    const char *name = (const char *)sqlite3_value_text(c->argv[3]);
    char is = shape(json);
    struct walk *w = calloc(1, sizeof(*w));
    c->state = w;
    if (w == NULL)
        return no_memory(c);
    if (sqlite3_value_type(c->argv[2]) == SQLITE_NULL)
        return 0;
    if (is != 'a' && strncmp(name, "jsonb", 5) == 0)
        return refuse(c, "cannot call %s on a non-array", name);
    if (is != 'a')
        return refuse(c, is == 's' ? "cannot call %s on a scalar" : "cannot call %s on an object",
                      name);
    w->json = json;
    return 0;
}

static int populate_next(struct sets_call *c)
{
    struct walk *w = c->state;
    struct slice key, value, base = {NULL, 0};
    if (w == NULL || w->json.data == NULL || !functions_json_next(w->json, &w->at, &key, &value))
        return 0;
    if (value.data[0] != '{')
        return refuse(c, "argument of %s must be an array of objects",
                      (const char *)sqlite3_value_text(c->argv[3]));
    if (sqlite3_value_type(c->argv[1]) != SQLITE_NULL)
        base = functions_slice(c->argv[1]);
    if (populate_row(c->context, (uint32_t)sqlite3_value_int64(c->argv[0]), base, value, &c->text) <
        0)
        return -1;
    sets_text(c, 0, buf_peek(&c->text));
    return 1;
}

const struct sets_function sets_json_functions[] = {
    {"each", true, each_open, each_next, NULL},
    {"elements", true, elements_open, elements_next, NULL},
    {"keys", true, keys_open, keys_next, NULL},
    {"record", true, record_open, records_next, records_close},
    {"records", true, records_open, records_next, records_close},
    {"populate", false, populate_open, populate_next, NULL},
};
const size_t sets_json_n = sizeof(sets_json_functions) / sizeof(sets_json_functions[0]);
