/* translate_array.c: ARRAY[...], subscripts of arrays and jsonb, and assignment to them. */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/translate_expr.h"

#include "lib/stringinfo.h"

enum { CHUNK = 100 /* SQLite's functions take 127 arguments */, DIMENSIONS = 6 };

/* -- ARRAY[...] -- */

static const char *chunk_text(const char *name, const char *first, struct expr *const *all, int n)
{
    return emit_format("%s(%s%s%s)", name, first, first[0] && n > 0 ? ", " : "", emit_list(all, n));
}

/* Any number of elements: long lists are put together from short ones. */
static const char *elements_text(uint32_t type, const char *name, const char *first,
                                 struct expr *const *all, int n)
{
    if (n <= CHUNK)
        return chunk_text(name, first, all, n);
    int half = n / 2;
    return emit_format("pgf_array_cat(%u, %s, %s)", type,
                       elements_text(type, name, first, all, half),
                       elements_text(type, name, first, all + half, n - half));
}

static uint32_t array_of(struct tr *tr, uint32_t element, int location)
{
    const struct types_info *info = types_find(tr->types, element);
    if (info == NULL || info->array == 0)
        tr_fail(tr, SQLSTATE_UNDEFINED_OBJECT, location,
                "could not find array type for data type %s", infer_type_name(tr, element));
    if (!types_supported(tr->types, info->array))
        tr_unsupported(tr, location, "an array of %s", infer_type_name(tr, element));
    return info->array;
}

struct expr *expr_array(struct scope *s, A_ArrayExpr *array, uint32_t type)
{
    int n = list_length(array->elements);
    struct expr **all = palloc(sizeof(all[0]) * (size_t)(n + 1));
    bool nested = false, hard = type != 0, same = true;
    int32_t typmod = -1;
    for (int i = 0; i < n; i++) {
        Node *node = list_nth(array->elements, i);
        bool inner = IsA(node, A_ArrayExpr);
        tr_enter(s->tr, array->location);
        all[i] = inner ? expr_array(s, (A_ArrayExpr *)node, type) : expr_make(s, node);
        tr_leave(s->tr);
        nested = nested || infer_category(s->tr, all[i]->type) == 'A';
    }
    if (!hard && n == 0) {
        tr_set(s->tr, SQLSTATE_INDETERMINATE_DATATYPE, array->location,
               "cannot determine type of empty array");
        err_hint(s->tr->err,
                 "Explicitly cast to the desired type, for example ARRAY[]::integer[].");
        tr_throw(s->tr);
    }
    uint32_t domain = hard || n == 0 ? 0 : all[0]->domain;
    for (int i = 1; i < n; i++)
        domain = all[i]->domain == domain ? domain : 0;
    uint32_t common = hard ? (nested ? type : types_find(s->tr->types, type)->elem)
                           : expr_common_type(s->tr, all, n, "ARRAY");
    if (!hard)
        type = nested ? common : array_of(s->tr, common, array->location);
    if (types_is_vector(type))
        tr_unsupported(s->tr, array->location, "ARRAY[...] of type %s",
                       infer_type_name(s->tr, type));
    for (int i = 0; i < n; i++) {
        struct expr *to =
            infer_coerce(s->tr, all[i], common, hard ? INFER_EXPLICIT : INFER_IMPLICIT);
        if (to == NULL && hard)
            tr_fail(s->tr, "42846", all[i]->location, "cannot cast type %s to %s",
                    infer_type_name(s->tr, all[i]->type), infer_type_name(s->tr, common));
        all[i] = to != NULL ? to : expr_to_common(s->tr, all[i], common, "ARRAY");
        typmod = i == 0 || all[i]->typmod == typmod ? all[i]->typmod : -1;
        if (typmod != all[i]->typmod)
            same = false;
        all[i] = infer_padded(all[i]);
    }
    const char *sql =
        nested && n > CHUNK ? NULL
        : nested            ? elements_text(type, "pgf_array_of", "", all, n)
                            : elements_text(type, "pgf_array",
                                            emit_format("%u", types_find(s->tr->types, type)->elem), all, n);
    if (domain != 0 && !nested)
        type = array_of(s->tr, domain, array->location);
    if (sql == NULL)
        tr_unsupported(s->tr, array->location, "an array of more than %d arrays", CHUNK);
    struct expr *e = expr_of(type, sql, array->location, all, n);
    e->typmod = same ? typmod : -1;
    return e;
}

/* -- subscripts -- */

/* What stands in brackets: one pair for each dimension. */
struct subscripts {
    struct expr *low[DIMENSIONS], *high[DIMENSIONS]; /* NULL: left out */
    int n;
    bool slice;
};

static struct expr *integer(struct scope *s, Node *node)
{
    if (node == NULL)
        return NULL;
    struct expr *e = expr_make(s, node);
    struct expr *to = infer_coerce(s->tr, e, TYPES_INT4, INFER_ASSIGNMENT);
    if (to == NULL)
        tr_fail(s->tr, SQLSTATE_DATATYPE_MISMATCH, exprLocation(node),
                "array subscript must have type integer");
    return to;
}

static void read_subscripts(struct scope *s, List *list, struct subscripts *ret)
{
    ListCell *cell;
    memset(ret, 0, sizeof(*ret));
    foreach (cell, list)
        ret->slice = ret->slice || ((A_Indices *)lfirst(cell))->is_slice;
    foreach (cell, list) {
        const A_Indices *i = lfirst(cell);
        if (ret->n == DIMENSIONS)
            tr_fail(s->tr, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, -1,
                    "number of array dimensions (%d) exceeds the maximum allowed (%d)",
                    list_length(list), DIMENSIONS);
        ret->low[ret->n] = ret->slice && !i->is_slice ? expr_new(EXPR_CONST, TYPES_INT4, "1", -1)
                                                      : integer(s, i->lidx);
        ret->high[ret->n++] = integer(s, i->uidx);
    }
}

/* The subscripts as further arguments of a function; all of them into ${args} from ${ret_n} on. */
static const char *subscripts_text(const struct subscripts *sub, struct expr **args, int *ret_n)
{
    StringInfoData given, list;
    initStringInfo(&given);
    initStringInfo(&list);
    for (int i = 0; i < sub->n; i++) {
        for (int k = sub->slice ? 0 : 1; k < 2; k++) {
            struct expr *e = k == 0 ? sub->low[i] : sub->high[i];
            appendStringInfoChar(&given, e == NULL ? ' ' : k == 0 ? 'l' : 'u');
            appendStringInfo(&list, ", %s", e == NULL ? "NULL" : e->sql);
            if (e != NULL)
                args[(*ret_n)++] = e;
        }
    }
    return sub->slice ? emit_format(", '%s'%s", given.data, list.data) : list.data;
}

/* A vector's slice is an array. */
static uint32_t slice_type(uint32_t type)
{
    return type == TYPES_INT2VECTOR  ? TYPES_INT2_ARRAY
           : type == TYPES_OIDVECTOR ? TYPES_OID_ARRAY
                                     : type;
}

static struct expr *array_part(struct scope *s, struct expr *array, List *list, int location)
{
    struct subscripts sub;
    struct expr *args[2 * DIMENSIONS + 1] = {array};
    int n = 1;
    read_subscripts(s, list, &sub);
    const char *text = subscripts_text(&sub, args, &n);
    uint32_t type =
        sub.slice ? slice_type(array->type) : types_find(s->tr->types, array->type)->elem;
    const char *sql = emit_format("pgf_array_%s(%u, %s%s)", sub.slice ? "slice" : "get",
                                  array->type, array->sql, text);
    if (type == TYPES_BPCHAR && array->typmod > 4)
        sql = emit_format("rtrim(%s, ' ')", sql);
    struct expr *e = expr_of(type, sql, location, args, n);
    e->typmod = array->typmod;
    return e;
}

/* -- jsonb: a path of texts -- */

static struct expr *jsonb_step(struct scope *s, const A_Indices *i)
{
    if (i->is_slice) {
        Node *bad = i->uidx != NULL ? i->uidx : i->lidx;
        tr_fail(s->tr, SQLSTATE_DATATYPE_MISMATCH, exprLocation(bad),
                "jsonb subscript does not support slices");
    }
    struct expr *e = expr_make(s, i->uidx);
    uint32_t type = e->type == TYPES_UNKNOWN                                       ? TYPES_TEXT
                    : infer_can_coerce(s->tr, e->type, TYPES_INT4, INFER_IMPLICIT) ? TYPES_INT4
                    : infer_can_coerce(s->tr, e->type, TYPES_TEXT, INFER_IMPLICIT) ? TYPES_TEXT
                                                                                   : 0;
    if (type == 0) {
        tr_set(s->tr, SQLSTATE_DATATYPE_MISMATCH, exprLocation(i->uidx),
               "subscript type %s is not supported", infer_type_name(s->tr, e->type));
        err_hint(s->tr->err, "jsonb subscript must be coercible to either integer or text.");
        tr_throw(s->tr);
    }
    return infer_coerce(s->tr, e, type, INFER_IMPLICIT);
}

/* The path as an array of texts, NULL where a subscript is. */
static const char *jsonb_path(struct scope *s, List *list, struct expr **args, int *n)
{
    StringInfoData out;
    ListCell *cell;
    initStringInfo(&out);
    foreach (cell, list) {
        struct expr *e = jsonb_step(s, lfirst(cell));
        args[(*n)++] = e;
        appendStringInfo(&out, ", %s",
                         e->type == TYPES_INT4 ? emit_format("CAST(%s AS TEXT)", e->sql) : e->sql);
    }
    return emit_format("pgf_array(25%s)", out.data);
}

static struct expr *jsonb_part(struct scope *s, struct expr *json, List *list, int location)
{
    int n = 1;
    if (list_length(list) > CHUNK)
        tr_unsupported(s->tr, location, "so many subscripts");
    struct expr **args = palloc(sizeof(args[0]) * (size_t)(list_length(list) + 1));
    args[0] = json;
    const char *path = jsonb_path(s, list, args, &n);
    return expr_of(TYPES_JSONB, emit_format("pgf_json_path(%s, %s)", json->sql, path), location,
                   args, n);
}

static void not_subscriptable(struct tr *tr, uint32_t type, int location)
{
    tr_fail(tr, SQLSTATE_DATATYPE_MISMATCH, location,
            "cannot subscript type %s because it does not support subscripting",
            infer_type_name(tr, type));
}

/* A name is an array of its bytes. */
static struct expr *name_part(struct scope *s, struct expr *name, const A_Indices *at, int location)
{
    if (at->is_slice)
        tr_unsupported(s->tr, location, "a part of a name");
    struct expr *i = expr_make(s, at->uidx), *to = infer_coerce(s->tr, i, TYPES_INT4, INFER_ASSIGNMENT);
    if (to == NULL)
        tr_fail(s->tr, SQLSTATE_DATATYPE_MISMATCH, i->location,
                "array subscript must have type integer");
    struct expr *both[2] = {name, to};
    return expr_of(TYPES_CHAR, emit_format("pgf_name_at(%s, %s)", name->sql, to->sql), location, both,
                   2);
}

static struct expr *subscript(struct scope *s, struct expr *e, List *list, int location)
{
    if (e->type == TYPES_JSONB)
        return jsonb_part(s, e, list, location);
    if (e->type == TYPES_NAME && list_length(list) == 1)
        return name_part(s, e, linitial(list), location);
    if (infer_category(s->tr, e->type) != 'A' || types_find(s->tr->types, e->type)->elem == 0)
        not_subscriptable(s->tr, e->type, location);
    return array_part(s, e, list, location);
}

struct expr *expr_indirection(struct scope *s, A_Indirection *a)
{
    int location = exprLocation(a->arg);
    struct expr *e = expr_make(s, a->arg);
    List *indices = NIL;
    ListCell *cell;
    foreach (cell, a->indirection) {
        Node *node = lfirst(cell);
        if (IsA(node, A_Indices)) {
            indices = lappend(indices, node);
            continue;
        }
        if (indices != NIL)
            e = subscript(s, e, indices, location);
        indices = NIL;
        if (!IsA(node, String))
            tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, location,
                    "row expansion via \"*\" is not supported here");
        e = row_field(s, e, strVal(node), location);
    }
    return indices != NIL ? subscript(s, e, indices, location) : e;
}

/* -- assignment -- */

static struct expr *coerced(struct scope *s, Node *node, uint32_t type,
                            const struct store_column *column, int location)
{
    struct expr *e = expr_make(s, node);
    struct expr *to = infer_coerce(s->tr, e, type, INFER_ASSIGNMENT);
    if (to == NULL) {
        tr_set(s->tr, SQLSTATE_DATATYPE_MISMATCH, location,
               "subscripted assignment to \"%s\" requires type %s but expression is of type %s",
               column->name, infer_type_name(s->tr, type), infer_type_name(s->tr, e->type));
        err_hint(s->tr->err, "You will need to rewrite or cast the expression.");
        tr_throw(s->tr);
    }
    return infer_typmod(s->tr, to, type, column->typmod, false);
}

/* The value ${current} with ${node} in the place that ${list} says: subscripts alone. */
static struct expr *array_assigned(struct scope *s, const struct store_column *column,
                                   struct expr *current, List *list, Node *node, int location)
{
    int n = 2;
    struct expr **args = palloc(sizeof(args[0]) * (size_t)(list_length(list) * 2 + 2));
    uint32_t oid = current->type;
    args[0] = current;
    if (oid == TYPES_JSONB) {
        args[1] = coerced(s, node, TYPES_JSONB, column, location);
        const char *path = jsonb_path(s, list, args, &n);
        return expr_of(
            TYPES_JSONB,
            emit_format("pgf_jsonb_assign(%s, %s, %s)", current->sql, path, args[1]->sql), location,
            args, n);
    }
    const struct types_info *type = types_find(s->tr->types, oid);
    if (infer_category(s->tr, oid) != 'A' || type->elem == 0)
        not_subscriptable(s->tr, oid, location);
    struct subscripts sub;
    read_subscripts(s, list, &sub);
    args[1] = coerced(s, node, sub.slice ? oid : type->elem, column, location);
    const char *text = subscripts_text(&sub, args, &n);
    return expr_of(oid,
                   emit_format("pgf_array_set%s(%u, %s, %s%s)", sub.slice ? "_slice" : "", oid,
                               current->sql, args[1]->sql, text),
                   location, args, n);
}

struct expr *expr_assign_part(struct scope *s, const struct store_column *column,
                              struct expr *current, List *indirection, Node *value, int location)
{
    int indices = 0, n = list_length(indirection);
    while (indices < n && IsA(list_nth(indirection, indices), A_Indices))
        indices++;
    if (indices == n)
        return array_assigned(s, column, current, indirection, value, location);
    if (indices > 0)
        tr_unsupported(s->tr, location, "assigning to a field of an element");
    return row_assign(s, column, current, indirection, value, location);
}
