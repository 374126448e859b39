/* range.c: ranges, and their operators; see range.h. */
#include "daemon/store/range.h"

#include "daemon/store/types_impl.h"

#include <inttypes.h>
#include <stdio.h>

uint32_t range_subtype(uint32_t oid)
{
    switch (oid) {
    case TYPES_INT4RANGE:
        return TYPES_INT4;
    case TYPES_INT8RANGE:
        return TYPES_INT8;
    case TYPES_NUMRANGE:
        return TYPES_NUMERIC;
    case TYPES_DATERANGE:
        return TYPES_DATE;
    case TYPES_TSRANGE:
        return TYPES_TIMESTAMP;
    case TYPES_TSTZRANGE:
        return TYPES_TIMESTAMPTZ;
    default:
        return 0;
    }
}

/* -- the stored form -- */

static void print_bound(const struct types_value *v, struct buf *out)
{
    char text[24];
    if (v->kind == TYPES_KIND_TEXT) {
        buf_append(out, v->bytes.data, v->bytes.len);
        return;
    }
    snprintf(text, sizeof text, "%" PRId64, v->i);
    buf_append(out, text, strlen(text));
}

void range_print(const struct range *r, struct buf *out)
{
    if (r->empty) {
        buf_append(out, "empty", 5);
        return;
    }
    buf_append(out, r->lower_inc ? "[" : "(", 1);
    if (!r->lower_inf)
        print_bound(&r->lower, out);
    buf_append(out, ",", 1);
    if (!r->upper_inf)
        print_bound(&r->upper, out);
    buf_append(out, r->upper_inc ? "]" : ")", 1);
}

static bool parse_bound(uint32_t subtype, struct slice text, struct types_value *ret)
{
    struct err ignored;
    if (subtype == TYPES_NUMERIC) {
        *ret = (struct types_value){.kind = TYPES_KIND_TEXT, .bytes = text};
        return true;
    }
    *ret = (struct types_value){.kind = TYPES_KIND_INT};
    return types_int_in(TYPES_INT8, text, &ret->i, &ignored) == 0;
}

bool range_parse(uint32_t oid, struct slice stored, struct range *ret)
{
    *ret = (struct range){.empty = stored.len == 5 && memcmp(stored.data, "empty", 5) == 0};
    if (ret->empty)
        return true;
    const char *comma = stored.len < 3 ? NULL : memchr(stored.data, ',', stored.len);
    if (comma == NULL)
        return false;
    struct slice lower = {stored.data + 1, (size_t)(comma - stored.data) - 1};
    struct slice upper = {comma + 1, (size_t)(stored.data + stored.len - comma) - 2};
    ret->lower_inc = stored.data[0] == '[';
    ret->upper_inc = stored.data[stored.len - 1] == ']';
    ret->lower_inf = lower.len == 0;
    ret->upper_inf = upper.len == 0;
    uint32_t subtype = range_subtype(oid);
    return (ret->lower_inf || parse_bound(subtype, lower, &ret->lower)) &&
           (ret->upper_inf || parse_bound(subtype, upper, &ret->upper));
}

/* -- bounds -- */

struct bound {
    const struct types_value *value; /* NULL: infinite */
    bool inclusive, lower;
};

static struct bound lower_of(const struct range *r)
{
    return (struct bound){r->lower_inf ? NULL : &r->lower, r->lower_inc, true};
}

static struct bound upper_of(const struct range *r)
{
    return (struct bound){r->upper_inf ? NULL : &r->upper, r->upper_inc, false};
}

static int compare_values(uint32_t oid, const struct types_value *a, const struct types_value *b)
{
    if (range_subtype(oid) == TYPES_NUMERIC)
        return types_numeric_compare(a->bytes, b->bytes);
    return (a->i > b->i) - (a->i < b->i);
}

/* By where they stand: -infinity, values, infinity. */
static int compare_places(uint32_t oid, struct bound a, struct bound b)
{
    if (a.value == NULL || b.value == NULL) {
        int x = a.value != NULL ? 0 : a.lower ? -1 : 1;
        int y = b.value != NULL ? 0 : b.lower ? -1 : 1;
        return (x > y) - (x < y);
    }
    return compare_values(oid, a.value, b.value);
}

/* An exclusive lower bound stands a little behind its value, an exclusive upper one before. */
static int compare_bounds(uint32_t oid, struct bound a, struct bound b)
{
    int c = compare_places(oid, a, b);
    if (c != 0 || a.value == NULL)
        return c;
    int x = a.inclusive ? 0 : a.lower ? 1 : -1;
    int y = b.inclusive ? 0 : b.lower ? 1 : -1;
    return (x > y) - (x < y);
}

static void set_lower(struct range *r, struct bound b)
{
    r->lower_inf = b.value == NULL;
    r->lower_inc = b.inclusive && !r->lower_inf;
    if (b.value != NULL)
        r->lower = *b.value;
}

static void set_upper(struct range *r, struct bound b)
{
    r->upper_inf = b.value == NULL;
    r->upper_inc = b.inclusive && !r->upper_inf;
    if (b.value != NULL)
        r->upper = *b.value;
}

/* -- the form that equal ranges share -- */

static int next_value(uint32_t oid, struct types_value *v, struct err *err)
{
    switch (range_subtype(oid)) {
    case TYPES_INT4:
        if (v->i == INT32_MAX)
            return err_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
        break;
    case TYPES_INT8:
        if (v->i == INT64_MAX)
            return err_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range");
        break;
    default: /* date; the infinite ones have no next */
        if (v->i == INT32_MIN || v->i == INT32_MAX)
            return 0;
        if (v->i + 1 >= TYPES_DATE_END)
            return err_set(err, "22008", "date out of range");
        break;
    }
    v->i++;
    return 1;
}

static int check_order(uint32_t oid, struct range *r, struct err *err)
{
    r->lower_inc = r->lower_inc && !r->lower_inf;
    r->upper_inc = r->upper_inc && !r->upper_inf;
    int c = compare_places(oid, lower_of(r), upper_of(r));
    if (c > 0)
        return err_set(err, "22000",
                       "range lower bound must be less than or equal to range upper bound");
    r->empty = c == 0 && !(r->lower_inc && r->upper_inc);
    return 0;
}

int range_settle(uint32_t oid, struct range *r, struct err *err)
{
    if (r->empty)
        return 0;
    if (check_order(oid, r, err) < 0)
        return -1;
    uint32_t subtype = range_subtype(oid);
    if (r->empty || (subtype != TYPES_INT4 && subtype != TYPES_INT8 && subtype != TYPES_DATE))
        return 0;
    if (!r->lower_inf && !r->lower_inc) {
        int rc = next_value(oid, &r->lower, err);
        if (rc < 0)
            return -1;
        r->lower_inc = rc > 0;
    }
    if (!r->upper_inf && r->upper_inc) {
        int rc = next_value(oid, &r->upper, err);
        if (rc < 0)
            return -1;
        r->upper_inc = rc == 0;
    }
    return check_order(oid, r, err);
}

int range_compare(uint32_t oid, const struct range *a, const struct range *b)
{
    if (a->empty || b->empty)
        return (int)b->empty - (int)a->empty;
    int c = compare_bounds(oid, lower_of(a), lower_of(b));
    return c != 0 ? c : compare_bounds(oid, upper_of(a), upper_of(b));
}

/* -- operators -- */

bool range_contains_value(uint32_t oid, const struct range *r, const struct types_value *v)
{
    struct bound as_lower = {v, true, true}, as_upper = {v, true, false};
    return !r->empty && compare_bounds(oid, lower_of(r), as_lower) <= 0 &&
           compare_bounds(oid, upper_of(r), as_upper) >= 0;
}

bool range_contains(uint32_t oid, const struct range *a, const struct range *b)
{
    if (a->empty || b->empty)
        return b->empty;
    return compare_bounds(oid, lower_of(a), lower_of(b)) <= 0 &&
           compare_bounds(oid, upper_of(a), upper_of(b)) >= 0;
}

bool range_overlaps(uint32_t oid, const struct range *a, const struct range *b)
{
    return !a->empty && !b->empty && compare_bounds(oid, lower_of(a), upper_of(b)) <= 0 &&
           compare_bounds(oid, lower_of(b), upper_of(a)) <= 0;
}

static bool touches(uint32_t oid, struct bound upper, struct bound lower)
{
    return upper.value != NULL && lower.value != NULL && upper.inclusive != lower.inclusive &&
           compare_values(oid, upper.value, lower.value) == 0;
}

bool range_adjacent(uint32_t oid, const struct range *a, const struct range *b)
{
    return !a->empty && !b->empty &&
           (touches(oid, upper_of(a), lower_of(b)) || touches(oid, upper_of(b), lower_of(a)));
}

bool range_before(uint32_t oid, const struct range *a, const struct range *b)
{
    return !a->empty && !b->empty && compare_bounds(oid, upper_of(a), lower_of(b)) < 0;
}

bool range_overleft(uint32_t oid, const struct range *a, const struct range *b)
{
    return !a->empty && !b->empty && compare_bounds(oid, upper_of(a), upper_of(b)) <= 0;
}

bool range_overright(uint32_t oid, const struct range *a, const struct range *b)
{
    return !a->empty && !b->empty && compare_bounds(oid, lower_of(a), lower_of(b)) >= 0;
}

int range_union(uint32_t oid, const struct range *a, const struct range *b, bool strict,
                struct range *ret, struct err *err)
{
    if (a->empty || b->empty) {
        *ret = a->empty ? *b : *a;
        return 0;
    }
    if (strict && !range_overlaps(oid, a, b) && !range_adjacent(oid, a, b))
        return err_set(err, "22000", "result of range union would not be contiguous");
    *ret = *a;
    if (compare_bounds(oid, lower_of(b), lower_of(a)) < 0)
        set_lower(ret, lower_of(b));
    if (compare_bounds(oid, upper_of(b), upper_of(a)) > 0)
        set_upper(ret, upper_of(b));
    return 0;
}

void range_intersect(uint32_t oid, const struct range *a, const struct range *b, struct range *ret)
{
    *ret = *a;
    ret->empty = !range_overlaps(oid, a, b);
    if (ret->empty)
        return;
    if (compare_bounds(oid, lower_of(b), lower_of(a)) > 0)
        set_lower(ret, lower_of(b));
    if (compare_bounds(oid, upper_of(b), upper_of(a)) < 0)
        set_upper(ret, upper_of(b));
}

int range_minus(uint32_t oid, const struct range *a, const struct range *b, struct range *ret,
                struct err *err)
{
    *ret = *a;
    if (!range_overlaps(oid, a, b))
        return 0;
    bool left =
        compare_bounds(oid, lower_of(a), lower_of(b)) < 0; /* something stays on this side */
    bool right = compare_bounds(oid, upper_of(a), upper_of(b)) > 0;
    if (left && right)
        return err_set(err, "22000", "result of range difference would not be contiguous");
    struct bound cut = left ? lower_of(b) : upper_of(b);
    cut.inclusive = !cut.inclusive;
    ret->empty = !left && !right;
    if (left)
        set_upper(ret, cut);
    else if (right)
        set_lower(ret, cut);
    return range_settle(oid, ret, err);
}
