/* functions_json.c: json and jsonb values, kept as text (jsonb normalised: a part of it is
 * normalised too). */
#include "daemon/store/functions_impl.h"

#include "daemon/store/array.h"
#include "daemon/store/record.h"

/* -- reading: the texts are valid JSON, checked when they came in -- */

static size_t skip_blank(struct slice t, size_t at)
{
    while (at < t.len &&
           (t.data[at] == ' ' || t.data[at] == '\t' || t.data[at] == '\n' || t.data[at] == '\r'))
        at++;
    return at;
}

static size_t skip_string(struct slice t, size_t at)
{
    for (at++; at < t.len && t.data[at] != '"'; at++)
        if (t.data[at] == '\\')
            at++;
    return at < t.len ? at + 1 : t.len;
}

/* The end of the value at ${at}: no recursion, brackets are counted. */
static size_t skip_value(struct slice t, size_t at)
{
    int depth = 0;
    do {
        at = skip_blank(t, at);
        if (at >= t.len)
            break;
        char c = t.data[at];
        if (c == '"') {
            at = skip_string(t, at);
        } else if (c == '{' || c == '[') {
            depth++;
            at++;
        } else if (c == '}' || c == ']') {
            depth--;
            at++;
        } else if (c == ',' || c == ':') {
            at++;
        } else {
            while (at < t.len && strchr(",:]} \t\n\r", t.data[at]) == NULL)
                at++;
        }
    } while (depth > 0);
    return at;
}

bool functions_json_next(struct slice t, size_t *at, struct slice *ret_key, struct slice *ret)
{
    size_t p = skip_blank(t, *at);
    if (*at == 0) {
        if (p >= t.len || (t.data[p] != '[' && t.data[p] != '{'))
            return false;
        p = skip_blank(t, p + 1);
    } else if (p < t.len && t.data[p] == ',') {
        p = skip_blank(t, p + 1);
    }
    if (p >= t.len || t.data[p] == ']' || t.data[p] == '}')
        return false;
    size_t end = skip_value(t, p), colon = skip_blank(t, end);
    *ret_key = (struct slice){NULL, 0};
    if (colon < t.len && t.data[colon] == ':') {
        *ret_key = (struct slice){t.data + p, end - p};
        p = skip_blank(t, colon + 1);
        end = skip_value(t, p);
    }
    *ret = (struct slice){t.data + p, end - p};
    *at = end;
    return true;
}

static uint32_t hex4(const char *p)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        v = v << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return v;
}

void functions_json_unescape(struct slice quoted, struct buf *out)
{
    for (size_t i = 1; i + 1 < quoted.len; i++) {
        char c = quoted.data[i], bytes[4];
        if (c != '\\') {
            buf_append(out, &c, 1);
            continue;
        }
        c = quoted.data[++i];
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        const char *at = memchr(from, c, sizeof(from) - 1);
        if (at != NULL) {
            buf_append(out, &to[at - from], 1);
        } else if (c == 'u' && i + 4 < quoted.len) {
            uint32_t v = hex4(quoted.data + i + 1);
            i += 4;
            if (v >= 0xd800 && v < 0xdc00 && i + 6 < quoted.len && quoted.data[i + 1] == '\\') {
                v = 0x10000 + ((v - 0xd800) << 10) + (hex4(quoted.data + i + 3) - 0xdc00);
                i += 6;
            }
            buf_append(out, bytes, functions_encode(v, bytes));
        }
    }
}

bool functions_json_key_is(struct slice quoted, struct slice key)
{
    if (memchr(quoted.data, '\\', quoted.len) == NULL)
        return quoted.len == key.len + 2 &&
               (key.len == 0 || memcmp(quoted.data + 1, key.data, key.len) == 0);
    struct buf plain;
    functions_buf(&plain);
    functions_json_unescape(quoted, &plain);
    bool same = slice_equal(buf_peek(&plain), key);
    buf_release(&plain);
    return same;
}

bool functions_json_field(struct slice t, struct slice key, struct slice *ret)
{
    bool found = false;
    size_t at = skip_blank(t, 0);
    if (at >= t.len || t.data[at] != '{')
        return false;
    for (at = skip_blank(t, at + 1); at < t.len && t.data[at] == '"';) {
        size_t end = skip_string(t, at);
        struct slice name = {t.data + at, end - at};
        at = skip_blank(t, skip_blank(t, end) + 1); /* the colon */
        end = skip_value(t, at);
        if (functions_json_key_is(name, key)) {
            *ret = (struct slice){t.data + at, end - at};
            found = true;
        }
        at = skip_blank(t, end);
        at = at < t.len && t.data[at] == ',' ? skip_blank(t, at + 1) : t.len;
    }
    return found;
}

int64_t functions_json_element(struct slice t, int64_t index, struct slice *ret)
{
    int64_t n = 0;
    size_t at = skip_blank(t, 0);
    if (at >= t.len || t.data[at] != '[')
        return -1;
    for (at = skip_blank(t, at + 1); at < t.len && t.data[at] != ']'; n++) {
        size_t end = skip_value(t, at);
        if (n == index)
            *ret = (struct slice){t.data + at, end - at};
        at = skip_blank(t, end);
        at = at < t.len && t.data[at] == ',' ? skip_blank(t, at + 1) : t.len;
    }
    if (index < 0 && index >= -n)
        (void)functions_json_element(t, n + index, ret);
    return n;
}

void functions_json_result(sqlite3_context *ctx, struct slice value, bool as_text)
{
    struct buf out;
    if (value.data == NULL)
        return;
    if (!as_text || value.data[0] != '"') {
        if (!(as_text && value.len == 4 && memcmp(value.data, "null", 4) == 0))
            functions_result_text(ctx, value.data, value.len);
        return;
    }
    functions_buf(&out);
    functions_json_unescape(value, &out);
    functions_finish(ctx, &out);
}

bool functions_json_checked(sqlite3_context *ctx, struct slice json)
{
    if (memmem(json.data, json.len, "\\u", 2) == NULL ||
        types_json_check(json, &functions_context(ctx)->raised) == 0)
        return true;
    functions_raised(ctx);
    return false;
}

static void field(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool as_text)
{
    struct slice value = {NULL, 0};
    if (!functions_null(argc, argv) && functions_json_checked(ctx, functions_slice(argv[0])) &&
        functions_json_field(functions_slice(argv[0]), functions_slice(argv[1]), &value))
        functions_json_result(ctx, value, as_text);
}

static void element(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool as_text)
{
    struct slice value = {NULL, 0};
    if (functions_null(argc, argv) || !functions_json_checked(ctx, functions_slice(argv[0])))
        return;
    (void)functions_json_element(functions_slice(argv[0]), sqlite3_value_int64(argv[1]), &value);
    functions_json_result(ctx, value, as_text);
}

static void fn_field(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    field(ctx, argc, argv, false);
}

static void fn_field_text(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    field(ctx, argc, argv, true);
}

/* A bare jsonb scalar counts as an array of one. */
static void jsonb_element(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool as_text)
{
    struct slice json = functions_slice(argv[0]);
    int64_t index = sqlite3_value_int64(argv[1]);
    bool scalar = json.len > 0 && json.data[0] != '{' && json.data[0] != '[';
    if (functions_null(argc, argv) || !scalar)
        element(ctx, argc, argv, as_text);
    else if (index == 0 || index == -1)
        functions_json_result(ctx, json, as_text);
}

static void fn_jsonb_element(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    jsonb_element(ctx, argc, argv, false);
}

static void fn_jsonb_element_text(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    jsonb_element(ctx, argc, argv, true);
}

static void fn_element(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    element(ctx, argc, argv, false);
}

static void fn_element_text(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    element(ctx, argc, argv, true);
}

static void fn_typeof(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice t = functions_slice(argv[0]);
    size_t at = skip_blank(t, 0);
    char c = at < t.len ? t.data[at] : 'n';
    const char *name = c == '{'               ? "object"
                       : c == '['             ? "array"
                       : c == '"'             ? "string"
                       : c == 't' || c == 'f' ? "boolean"
                       : c == 'n'             ? "null"
                                              : "number";
    functions_result_text(ctx, name, strlen(name));
}

static void fn_array_length(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct slice unused = {NULL, 0};
    if (functions_null(argc, argv))
        return;
    struct slice t = functions_slice(argv[0]);
    int64_t n = functions_json_element(t, INT64_MAX, &unused);
    size_t at = skip_blank(t, 0);
    if (n >= 0)
        sqlite3_result_int64(ctx, n);
    else
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "cannot get array length of %s",
                       at < t.len && t.data[at] == '{' ? "a non-array" : "a scalar");
}

/* -- writing -- */

static int level_json(struct store_context *c, uint32_t type, const struct array *a, int level,
                      size_t *item, struct buf *out)
{
    buf_append(out, "[", 1);
    for (int32_t i = 0; a->ndim > 0 && i < a->dims[level]; i++) {
        struct types_value v;
        struct buf scratch;
        if (i > 0)
            buf_append(out, ",", 1);
        if (level + 1 < a->ndim) {
            if (level_json(c, type, a, level + 1, item, out) < 0)
                return -1;
            continue;
        }
        struct slice text = array_item(a, (*item)++);
        if (text.data == NULL) {
            buf_append(out, "null", 4);
            continue;
        }
        functions_buf(&scratch);
        int rc = functions_element(c, type, text, &scratch, &v);
        if (rc == 0)
            rc = functions_json_of(c, types_find(c->types.set, type)->elem, -1, v, out);
        buf_release(&scratch);
        if (rc < 0)
            return -1;
    }
    buf_append(out, "]", 1);
    return 0;
}

static int array_json(struct store_context *c, uint32_t type, struct slice stored, struct buf *out)
{
    struct array a;
    size_t item = 0;
    if (array_parse(stored, types_is_vector(type), &a) < 0)
        return err_set(&c->raised, SQLSTATE_INTERNAL_ERROR, "a stored array is malformed");
    int rc = level_json(c, type, &a, 0, &item, out);
    array_release(&a);
    return rc;
}

/* A value as JSON, as to_json() has it.  -1: an error is in the context. */
static int value_json(struct store_context *c, uint32_t type, sqlite3_value *value, struct buf *out)
{
    struct types_value v;
    if (sqlite3_value_type(value) == SQLITE_NULL) {
        buf_append(out, "null", 4);
        return 0;
    }
    functions_value(value, &v);
    return functions_json_of(c, type, -1, v, out);
}

int functions_json_of(struct store_context *c, uint32_t type, int32_t typmod,
                      struct types_value v, struct buf *out)
{
    struct buf text;
    type = types_base(c->types.set, type, &typmod);
    if (record_is_type(c->types.set, type))
        return functions_record_json(c, v.bytes, false, out);
    const struct types_info *info = types_find(c->types.set, type);
    if (info != NULL && info->category == 'A' && info->elem != 0)
        return array_json(c, type, v.bytes, out);
    if (type == TYPES_BOOL) {
        buf_append(out, v.i ? "true" : "false", v.i ? 4 : 5);
        return 0;
    }
    struct types_session iso = c->types; /* dates look alike in all settings */
    iso.date_style = TYPES_DATE_ISO;
    functions_buf(&text);
    if (types_output(&iso, type == TYPES_UNKNOWN ? TYPES_TEXT : type, typmod, &v, &text,
                     &c->raised) < 0) {
        buf_release(&text);
        return -1;
    }
    struct slice t = buf_peek(&text);
    bool number = type == TYPES_INT2 || type == TYPES_INT4 || type == TYPES_INT8 ||
                  type == TYPES_FLOAT4 || type == TYPES_FLOAT8 || type == TYPES_NUMERIC;
    if (number && t.len > 0 && (t.data[t.len - 1] < '0' || t.data[t.len - 1] > '9'))
        number = false; /* NaN, Infinity */
    if (type == TYPES_JSON || type == TYPES_JSONB || number) {
        buf_append(out, t.data, t.len);
    } else if (type == TYPES_TIMESTAMP || type == TYPES_TIMESTAMPTZ) {
        /* ISO 8601: T between date and time, minutes in the offset */
        char *blank = memchr(t.data, ' ', t.len);
        if (blank != NULL)
            *blank = 'T';
        if (type == TYPES_TIMESTAMPTZ && t.len > 3 &&
            (t.data[t.len - 3] == '+' || t.data[t.len - 3] == '-'))
            buf_append(&text, ":00", 3);
        types_json_string(buf_peek(&text), out);
    } else {
        types_json_string(t, out);
    }
    buf_release(&text);
    return 0;
}

static void fn_to_json(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    (void)argc;
    functions_buf(&out);
    if (value_json(functions_context(ctx), (uint32_t)sqlite3_value_int64(argv[0]), argv[1], &out) <
        0) {
        buf_release(&out);
        functions_raised(ctx);
        return;
    }
    functions_finish(ctx, &out);
}

/* The result ${b}, of JSON text, as jsonb. */
void functions_finish_jsonb(sqlite3_context *ctx, struct buf *b)
{
    struct store_context *c = functions_context(ctx);
    struct types_value v;
    struct buf scratch;
    functions_buf(&scratch);
    if (b->failed)
        functions_fail(ctx, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "requested length too large");
    else if (types_input(&c->types, TYPES_JSONB, -1, buf_peek(b), &scratch, &v, &c->raised) < 0)
        functions_raised(ctx);
    else
        functions_result(ctx, &v);
    buf_release(&scratch);
    buf_release(b);
}

static void build_object(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool binary)
{
    struct buf out;
    if (argc % 2 != 0) {
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "argument list must have even number of elements");
        err_hint(&functions_context(ctx)->raised,
                 "The arguments of %s_build_object() must consist of alternating keys and values.",
                 binary ? "jsonb" : "json");
        return;
    }
    functions_buf(&out);
    buf_append(&out, "{", 1);
    for (int i = 0; i < argc; i += 2) {
        if (sqlite3_value_type(argv[i]) == SQLITE_NULL) {
            buf_release(&out);
            if (binary)
                functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                               "argument %d: key must not be null", i + 1);
            else
                functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "argument %d cannot be null",
                               i + 1);
            if (!binary)
                err_hint(&functions_context(ctx)->raised, "Object keys should be text.");
            return;
        }
        struct slice value = functions_slice(argv[i + 1]);
        if (i > 0)
            buf_append(&out, ", ", 2);
        types_json_string(functions_slice(argv[i]), &out);
        buf_append(&out, " : ", 3);
        buf_append(&out, value.data, value.len);
    }
    buf_append(&out, "}", 1);
    if (binary)
        functions_finish_jsonb(ctx, &out);
    else
        functions_finish(ctx, &out);
}

static void fn_build_object(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    build_object(ctx, argc, argv, false);
}

static void fn_build_object_b(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    build_object(ctx, argc, argv, true);
}

static void build_array(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool binary)
{
    struct buf out;
    functions_buf(&out);
    buf_append(&out, "[", 1);
    for (int i = 0; i < argc; i++) {
        struct slice value = functions_slice(argv[i]);
        if (i > 0)
            buf_append(&out, ", ", 2);
        buf_append(&out, value.data, value.len);
    }
    buf_append(&out, "]", 1);
    if (binary)
        functions_finish_jsonb(ctx, &out);
    else
        functions_finish(ctx, &out);
}

static void fn_build_array(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    build_array(ctx, argc, argv, false);
}

static void fn_build_array_b(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    build_array(ctx, argc, argv, true);
}

/* The second argument unless the first is NULL. */
static void fn_strict(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        sqlite3_result_value(ctx, argv[1]);
}

const struct function_row functions_json_rows[] = {
    {"pgf_json_field", 2, true, fn_field, NULL, NULL},
    {"pgf_json_field_text", 2, true, fn_field_text, NULL, NULL},
    {"pgf_jsonb_element", 2, true, fn_jsonb_element, NULL, NULL},
    {"pgf_jsonb_element_text", 2, true, fn_jsonb_element_text, NULL, NULL},
    {"pgf_json_element", 2, true, fn_element, NULL, NULL},
    {"pgf_json_element_text", 2, true, fn_element_text, NULL, NULL},
    {"pgf_json_typeof", 1, true, fn_typeof, NULL, NULL},
    {"pgf_json_array_length", 1, true, fn_array_length, NULL, NULL},
    {"pgf_to_json", 2, false, fn_to_json, NULL, NULL},
    {"pgf_json_build_object", -1, true, fn_build_object, NULL, NULL},
    {"pgf_jsonb_build_object", -1, true, fn_build_object_b, NULL, NULL},
    {"pgf_json_build_array", -1, true, fn_build_array, NULL, NULL},
    {"pgf_jsonb_build_array", -1, true, fn_build_array_b, NULL, NULL},
    {"pgf_strict", 2, true, fn_strict, NULL, NULL},
};
const size_t functions_json_n = sizeof(functions_json_rows) / sizeof(functions_json_rows[0]);
