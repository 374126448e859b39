/* jsonpath_number.c: the numbers of a jsonpath. */
#include "daemon/store/jsonpath_run.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static struct slice printed(struct jsonpath_run *r, const struct decimal *d)
{
    struct buf out;
    struct slice ret = {"0", 1};
    functions_buf(&out);
    decimal_print(d, &out);
    if (!out.failed && buf_len(&out) > 0) {
        ret.len = buf_len(&out);
        ret.data = arena_copy(&r->arena, buf_peek(&out).data, ret.len);
        if (ret.data == NULL)
            ret = (struct slice){"0", 1};
    }
    buf_release(&out);
    return ret;
}

struct slice jsonpath_int(struct jsonpath_run *r, int64_t v)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%" PRId64, v);
    const char *copy = arena_copy(&r->arena, text, (size_t)len);
    return copy == NULL ? (struct slice){"0", 1} : (struct slice){copy, (size_t)len};
}

/* The remainder, with the dividend's sign. */
static bool modulo(const struct decimal *a, const struct decimal *b, struct decimal *ret)
{
    struct decimal q = {0}, whole = {0};
    bool ok = decimal_div(a, b, 0, true, &q) && decimal_mul(&q, b, &whole) &&
              decimal_add(a, &whole, true, ret);
    decimal_free(&q);
    decimal_free(&whole);
    return ok;
}

static bool compute(enum jsonpath_op op, const struct decimal *a, const struct decimal *b,
                    struct decimal *ret)
{
    switch (op) {
    case JSONPATH_ADD:
    case JSONPATH_SUB:
        return decimal_add(a, b, op == JSONPATH_SUB, ret);
    case JSONPATH_MUL:
        return decimal_mul(a, b, ret);
    case JSONPATH_DIV:
        return decimal_div(a, b, -1, false, ret);
    default:
        return modulo(a, b, ret);
    }
}

enum jsonpath_result jsonpath_arithmetic(struct jsonpath_run *r, const struct jsonpath_node *n,
                                         struct slice a, struct slice b, struct slice *ret)
{
    struct decimal x = {0}, y = {0}, z = {0};
    enum jsonpath_result rc = JSONPATH_OK;
    bool ok = decimal_parse(a, &x) && decimal_parse(b, &y);
    if (ok && y.n == 0 && (n->op == JSONPATH_DIV || n->op == JSONPATH_MOD))
        rc = jsonpath_raise(r, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
    else if (!ok || !compute(n->op, &x, &y, &z))
        rc = jsonpath_raise(r, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE,
                            "value overflows numeric format");
    else
        *ret = printed(r, &z);
    decimal_free(&x);
    decimal_free(&y);
    decimal_free(&z);
    return rc;
}

struct slice jsonpath_negated(struct jsonpath_run *r, struct slice number)
{
    if (number.data[0] == '-')
        return (struct slice){number.data + 1, number.len - 1};
    bool zero = true;
    for (size_t i = 0; i < number.len; i++)
        zero = zero && (number.data[i] == '0' || number.data[i] == '.');
    char *text = zero ? NULL : arena_alloc(&r->arena, number.len + 1);
    if (text == NULL)
        return number;
    text[0] = '-';
    memcpy(text + 1, number.data, number.len);
    return (struct slice){text, number.len + 1};
}

struct slice jsonpath_rounded(struct jsonpath_run *r, enum jsonpath_op op, struct slice number)
{
    struct decimal x = {0}, whole = {0}, one = {0}, ret = {0};
    struct slice text = number;
    if (op == JSONPATH_ABS)
        return number.data[0] == '-' ? jsonpath_negated(r, number) : number;
    if (decimal_parse(number, &x) && decimal_round(&x, 0, true, &whole)) {
        int order = decimal_compare(&whole, &x);
        bool down = op == JSONPATH_FLOOR && order > 0, up = op == JSONPATH_CEILING && order < 0;
        if ((down || up) && decimal_of_int(1, &one) && decimal_add(&whole, &one, down, &ret))
            text = printed(r, &ret);
        else
            text = printed(r, &whole);
    }
    decimal_free(&x);
    decimal_free(&whole);
    decimal_free(&one);
    decimal_free(&ret);
    return text;
}

enum jsonpath_result jsonpath_double(struct jsonpath_run *r, struct slice v, struct slice *ret)
{
    bool number = jsonpath_kind(v) == 'n';
    struct slice text = number ? v : jsonpath_text(r, v);
    const struct types_session *s = &functions_context(r->ctx)->types;
    struct types_value real, numeric;
    struct buf scratch;
    struct err err;
    char digits[64];
    functions_buf(&scratch);
    err_reset(&err);
    bool ok = types_input(s, TYPES_FLOAT8, -1, text, &scratch, &real, &err) == 0 &&
              !isnan(real.r) && !isinf(real.r);
    *ret = v;
    if (ok && !number) {
        struct slice shown = {digits, (size_t)snprintf(digits, sizeof(digits), "%.15g", real.r)};
        ok = types_input(s, TYPES_NUMERIC, -1, shown, &scratch, &numeric, &err) == 0;
        if (ok)
            ret->len = numeric.bytes.len;
        if (ok)
            ret->data = arena_copy(&r->arena, numeric.bytes.data, numeric.bytes.len);
        ok = ok && ret->data != NULL;
    }
    buf_release(&scratch);
    if (ok)
        return JSONPATH_OK;
    return jsonpath_raise(r, "22036", "%s argument of jsonpath item method .double() is %s",
                          number ? "numeric" : "string",
                          number ? "out of range for type double precision"
                                 : "not a valid representation of a double precision number");
}
