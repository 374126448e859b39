/* translate_window.c: OVER: windows, by name or made of one another, and their frames. */
#include "daemon/store/emit.h"
#include "daemon/store/functions.h"
#include "daemon/store/infer.h"
#include "daemon/store/translate_expr.h"

#include "lib/stringinfo.h"

/* A window with what it takes over from the one it refers to. */
struct window {
    List *partition, *order; /* as parsed */
    const WindowDef *frame;
    int location;
};

/* -- names -- */

static const WindowDef *window_named(struct scope *s, const char *name, int location)
{
    ListCell *cell;
    foreach (cell, s->windows) {
        const WindowDef *w = lfirst(cell);
        if (strcmp(w->name, name) == 0)
            return w;
    }
    tr_fail(s->tr, SQLSTATE_UNDEFINED_OBJECT, location, "window \"%s\" does not exist", name);
}

static void check_doubles(struct scope *s)
{
    for (int i = 0; i < list_length(s->windows); i++)
        for (int k = 0; k < i; k++) {
            const WindowDef *w = list_nth(s->windows, i), *other = list_nth(s->windows, k);
            if (strcmp(w->name, other->name) == 0)
                tr_fail(s->tr, "42P20", w->location, "window \"%s\" is already defined", w->name);
        }
}

static void check_copy(struct scope *s, const WindowDef *w, const struct window *base)
{
    if (w->partitionClause != NIL)
        tr_fail(s->tr, "42P20", w->location, "cannot override PARTITION BY clause of window \"%s\"",
                w->refname);
    if (w->orderClause != NIL && base->order != NIL)
        tr_fail(s->tr, "42P20", w->location, "cannot override ORDER BY clause of window \"%s\"",
                w->refname);
    if (!(base->frame->frameOptions & FRAMEOPTION_NONDEFAULT))
        return;
    tr_set(s->tr, "42P20", w->location, "cannot copy window \"%s\" because it has a frame clause",
           w->refname);
    if (w->name == NULL && w->orderClause == NIL && !(w->frameOptions & FRAMEOPTION_NONDEFAULT))
        err_hint(s->tr->err, "Omit the parentheses in this OVER clause.");
    tr_throw(s->tr);
}

static struct window window_of(struct scope *s, const WindowDef *w)
{
    struct window out = {w->partitionClause, w->orderClause, w, w->location};
    if (w->refname == NULL)
        return out;
    tr_enter(s->tr, w->location);
    struct window base = window_of(s, window_named(s, w->refname, w->location));
    tr_leave(s->tr);
    check_copy(s, w, &base);
    out.partition = base.partition;
    if (base.order != NIL)
        out.order = base.order;
    return out;
}

/* -- frames -- */

/* SQLite takes literals and parameters, and sees to the latter's errors. */
static void check_offset(struct scope *s, const struct expr *e, Node *offset, const char *what)
{
    if (e->kind == EXPR_CONST && e->value == NULL)
        tr_fail(s->tr, "22004", -1, "%s must not be null", what ? what : "frame starting offset");
    if (e->kind == EXPR_CONST && e->value[0] == '-' && what != NULL)
        tr_fail(s->tr, "22013", -1, "%s must not be negative", what);
    if (e->kind == EXPR_CONST && e->value[0] == '-')
        tr_fail(s->tr, "22013", -1, "invalid preceding or following size in window function");
    if (e->kind != EXPR_CONST && e->kind != EXPR_PARAM)
        tr_unsupported(s->tr, exprLocation(offset), "this window frame offset");
}

/* ROWS and GROUPS count. */
static const char *count_text(struct scope *s, const char *mode, bool start, Node *offset)
{
    const char *clause = s->clause;
    s->clause = emit_format("window %s", mode);
    struct expr *e = expr_make(s, offset), *to = infer_coerce(s->tr, e, TYPES_INT8, INFER_ASSIGNMENT);
    s->clause = clause;
    const struct expr *variable = expr_find(e, EXPR_COLUMN, s);
    if (variable != NULL)
        tr_fail(s->tr, "42P10", expr_leftmost(e), "argument of %s must not contain variables", mode);
    if (to == NULL)
        tr_fail(s->tr, SQLSTATE_DATATYPE_MISMATCH, expr_leftmost(e),
                "argument of %s must be type bigint, not type %s", mode,
                infer_type_name(s->tr, e->type));
    check_offset(s, to, offset, start ? "frame starting offset" : "frame ending offset");
    return to->sql;
}

/* An interval as SQLite can add it to moments: a number of what they are kept in.  Months have no such
 * length, and in a time zone days have none. */
static const char *span_text(struct scope *s, const struct expr *key, Node *offset)
{
    struct types_interval v;
    struct types_value value;
    const struct types_session *session = s->tr->catalog->session;
    struct expr *e = expr_make(s, offset);
    if (e->type != TYPES_UNKNOWN && e->type != TYPES_INTERVAL) {
        tr_set(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, expr_leftmost(e),
               "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s and offset type"
               " %s",
               infer_type_name(s->tr, key->type), infer_type_name(s->tr, e->type));
        err_hint(s->tr->err, "Cast the offset value to an appropriate type.");
        tr_throw(s->tr);
    }
    const struct expr *to = infer_coerce(s->tr, e, TYPES_INTERVAL, INFER_IMPLICIT);
    if (expr_find(e, EXPR_COLUMN, s) != NULL)
        tr_fail(s->tr, "42P10", expr_leftmost(e), "argument of RANGE must not contain variables");
    if (to == NULL || to->kind != EXPR_CONST)
        tr_unsupported(s->tr, exprLocation(offset), "this window frame offset");
    check_offset(s, to, offset, NULL);
    buf_reset(&s->tr->scratch);
    if (types_input(session, TYPES_INTERVAL, -1, (struct slice){to->value, strlen(to->value)},
                    &s->tr->scratch, &value, s->tr->err) < 0)
        tr_throw(s->tr);
    if (!types_interval_unpack(value.bytes, &v))
        tr_unsupported(s->tr, exprLocation(offset), "this window frame offset");
    bool is_time = key->type == TYPES_TIME;
    if (is_time)
        v.months = v.days = 0; /* a time of day takes no notice of them */
    if (v.months != 0 || (v.days != 0 && key->type == TYPES_TIMESTAMPTZ && session != NULL &&
                          strcmp(session->timezone, "UTC") != 0))
        tr_unsupported(s->tr, exprLocation(offset), "RANGE with an offset of %s",
                       v.months != 0 ? "months" : "days in a time zone");
    int64_t us;
    if (__builtin_mul_overflow((int64_t)v.days, INT64_C(86400000000), &us) ||
        __builtin_add_overflow(us, v.us, &us))
        tr_unsupported(s->tr, exprLocation(offset), "this window frame offset");
    if (us < 0)
        tr_fail(s->tr, "22013", -1, "invalid preceding or following size in window function");
    s->tr->settings = s->tr->settings || key->type == TYPES_TIMESTAMPTZ;
    if (key->type != TYPES_DATE)
        return emit_format("%lld", (long long)us);
    return us % INT64_C(86400000000) == 0
               ? emit_format("%lld", (long long)(us / INT64_C(86400000000)))
               : emit_format("%.17g", (double)us / 86400e6);
}

/* RANGE adds to the sort key, which SQLite does for numbers alone. */
static const char *range_text(struct scope *s, const struct expr *key, Node *offset)
{
    uint32_t wanted = 0;
    switch (key->type) {
    case TYPES_DATE:
    case TYPES_TIME:
    case TYPES_TIMESTAMP:
    case TYPES_TIMESTAMPTZ:
        return span_text(s, key, offset);
    case TYPES_INT2:
    case TYPES_INT4:
    case TYPES_INT8:
        wanted = TYPES_INT8;
        break;
    case TYPES_FLOAT4:
    case TYPES_FLOAT8:
        wanted = TYPES_FLOAT8;
        break;
    case TYPES_NUMERIC:
    case TYPES_TIMETZ:
    case TYPES_INTERVAL:
        tr_unsupported(s->tr, exprLocation(offset), "RANGE with an offset for type %s",
                       infer_type_name(s->tr, key->type));
    default:
        tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, exprLocation(offset),
                "RANGE with offset PRECEDING/FOLLOWING is not supported for column type %s",
                infer_type_name(s->tr, key->type));
    }
    struct expr *e = expr_make(s, offset);
    struct expr *to = infer_coerce(s->tr, e, wanted, INFER_IMPLICIT);
    if (expr_find(e, EXPR_COLUMN, s) != NULL)
        tr_fail(s->tr, "42P10", expr_leftmost(e), "argument of RANGE must not contain variables");
    if (to == NULL)
        tr_unsupported(s->tr, exprLocation(offset), "this window frame offset");
    check_offset(s, to, offset, NULL);
    return to->sql;
}

static const char *bound_text(struct scope *s, int options, bool start, const char *offset)
{
    if (options & (start ? FRAMEOPTION_START_UNBOUNDED_PRECEDING : 0))
        return "UNBOUNDED PRECEDING";
    if (options & (start ? 0 : FRAMEOPTION_END_UNBOUNDED_FOLLOWING))
        return "UNBOUNDED FOLLOWING";
    if (options & (start ? FRAMEOPTION_START_CURRENT_ROW : FRAMEOPTION_END_CURRENT_ROW))
        return "CURRENT ROW";
    if (offset == NULL)
        tr_unsupported(s->tr, -1, "this window frame");
    bool preceding =
        options & (start ? FRAMEOPTION_START_OFFSET_PRECEDING : FRAMEOPTION_END_OFFSET_PRECEDING);
    return emit_format("%s %s", offset, preceding ? "PRECEDING" : "FOLLOWING");
}

static const char *frame_text(struct scope *s, const struct window *w, const struct expr *key)
{
    const WindowDef *f = w->frame;
    int o = f->frameOptions;
    const char *start = NULL, *end = NULL;
    if (!(o & FRAMEOPTION_NONDEFAULT))
        return "";
    const char *mode = o & FRAMEOPTION_RANGE ? "RANGE" : o & FRAMEOPTION_ROWS ? "ROWS" : "GROUPS";
    bool range = (o & FRAMEOPTION_RANGE) && (f->startOffset != NULL || f->endOffset != NULL);
    if (range && list_length(w->order) != 1)
        tr_fail(s->tr, "42P20", w->location,
                "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column");
    if ((o & FRAMEOPTION_GROUPS) && w->order == NIL)
        tr_fail(s->tr, "42P20", w->location, "GROUPS mode requires an ORDER BY clause");
    if (f->startOffset != NULL)
        start = range ? range_text(s, key, f->startOffset)
                      : count_text(s, mode, true, f->startOffset);
    if (f->endOffset != NULL)
        end = range ? range_text(s, key, f->endOffset) : count_text(s, mode, false, f->endOffset);
    const char *exclude = o & FRAMEOPTION_EXCLUDE_CURRENT_ROW ? " EXCLUDE CURRENT ROW"
                          : o & FRAMEOPTION_EXCLUDE_GROUP     ? " EXCLUDE GROUP"
                          : o & FRAMEOPTION_EXCLUDE_TIES      ? " EXCLUDE TIES"
                                                              : "";
    return emit_format(" %s BETWEEN %s AND %s%s", mode, bound_text(s, o, true, start),
                       bound_text(s, o, false, end), exclude);
}

/* -- calls -- */

/* The window's text, and the expressions it is made of. */
static List *window_parts(struct scope *s, const struct window *w, StringInfo out)
{
    List *parts = NIL;
    ListCell *cell;
    const struct expr *key = NULL;
    foreach (cell, w->partition) {
        struct expr *e = infer_settle(s->tr, expr_make(s, lfirst(cell)));
        type_groupable(s->tr, e->type, e->location);
        appendStringInfo(out, "%s%s", parts == NIL ? "PARTITION BY " : ", ",
                         emit_group_key(s->tr, e));
        parts = lappend(parts, e);
    }
    bool first = true;
    foreach (cell, w->order) {
        SortBy *by = order_using(s->tr, lfirst(cell));
        struct expr *e = infer_settle(s->tr, expr_make(s, by->node));
        type_sortable(s->tr, e->type, e->location);
        appendStringInfo(out, "%s%s", first ? " ORDER BY " : ", ",
                         order_item(s->tr, by, e->type, e->kind == EXPR_CONST ? "NULL" : e->sql));
        parts = lappend(parts, e);
        key = e;
        first = false;
    }
    appendStringInfoString(out, frame_text(s, w, key));
    return parts;
}

static void check_call(struct scope *s, const struct call *c, const struct expr *e)
{
    if (s->windows_refused)
        tr_fail(s->tr, "42P20", c->node->location, "window functions are not allowed in %s",
                s->clause ? s->clause : "HAVING");
    if (c->node->agg_distinct)
        tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, c->node->location,
                "DISTINCT is not implemented for window functions");
    if (c->node->agg_order != NIL)
        tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, c->node->location,
                "aggregate ORDER BY is not implemented for window functions");
    if (c->node->agg_filter != NULL && c->found.proc->kind == 'w')
        tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, c->node->location,
                "FILTER is not implemented for non-aggregate window functions");
    for (int i = 0; i < c->nargs && c->found.proc->kind == 'w'; i++)
        if (c->args[i]->kind == EXPR_CONST && c->args[i]->value == NULL &&
            (strcmp(c->name, "ntile") == 0 || (strcmp(c->name, "nth_value") == 0 && i == 1)))
            tr_unsupported(s->tr, c->node->location, "%s of NULL", c->name);
    const struct expr *inner = expr_find(e, EXPR_WINDOW, s);
    if (inner != NULL)
        tr_fail(s->tr, "42P20", inner->location, "window function calls cannot be nested");
}

/* Aggregates of ours must be able to let rows go again. */
static void moving_aggregate(struct scope *s, const struct call *c, struct expr *e)
{
    const char *open = strchr(e->sql, '(');
    bool moves = open != NULL && c->found.proc->oid != 2818 /* regr_count: 0, not NULL */ &&
                 functions_moves(e->sql, (size_t)(open - e->sql));
    if (moves)
        e->sql = emit_format("pgf_window('%.*s', %s", (int)(open - e->sql) - 4, e->sql + 4, open + 1);
    const char *sum = strncmp(e->sql, "pgf_sum_numeric(", 16) == 0   ? "sum"
                      : strncmp(e->sql, "pgf_avg_numeric(", 16) == 0 ? "avg"
                                                                     : NULL;
    if (sum != NULL && c->args[0]->type == TYPES_NUMERIC) { /* integers can leave a sum again */
        e->sql = emit_format("pgf_window('%s_exact', %s", sum, e->sql + 16);
        moves = true;
    }
    bool least = strncmp(e->sql, "pgf_min_of(", 11) == 0;
    if (least || strncmp(e->sql, "pgf_max_of(", 11) == 0) {
        e->sql = emit_format("pgf_extreme_window(%d, %s", least ? -1 : 1, e->sql + 11);
        moves = true;
    }
    moves = moves || (open != NULL && functions_collects(e->sql, (size_t)(open - e->sql)));
    bool total = moves || strncmp(e->sql, "pgf_sum_numeric(", 16) == 0 ||
                 strncmp(e->sql, "pgf_avg_numeric(", 16) == 0;
    if (c->found.proc->kind == 'a' && strncmp(e->sql, "pgf_", 4) == 0 && !total)
        tr_unsupported(s->tr, c->node->location, "%s as a window function", c->name);
}

struct expr *window_call(struct scope *s, const struct call *c, struct expr *e)
{
    const WindowDef *named = c->node->over;
    check_call(s, c, e);
    check_doubles(s);
    struct window w = window_of(
        s, named->name != NULL ? window_named(s, named->name, named->location) : named);
    moving_aggregate(s, c, e);
    StringInfoData out;
    initStringInfo(&out);
    List *parts = window_parts(s, &w, &out);
    struct expr **all = palloc(sizeof(all[0]) * (size_t)(e->nargs + list_length(parts) + 1));
    int n = 0;
    for (int i = 0; i < e->nargs; i++)
        all[n++] = e->args[i];
    for (int i = 0; i < list_length(parts); i++)
        all[n++] = list_nth(parts, i);
    struct expr *ret =
        expr_of(e->type, emit_format("%s OVER (%s)", e->sql, out.data), e->location, all, n);
    ret->kind = EXPR_WINDOW;
    ret->scope = s;
    s->has_window = true;
    return ret;
}
