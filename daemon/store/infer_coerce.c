/* infer_coerce.c: which conversions there are, and how to make them; see infer.h. */
#include "daemon/store/infer.h"

#include "daemon/store/translate_capture.h"

#include "daemon/store/emit.h"
#include "daemon/store/ident.h"
#include "daemon/store/range.h"
#include "daemon/store/record.h"
#include "daemon/store/translate_expr.h"
#include "daemon/store/translate_fold.h"

enum path { PATH_NONE, PATH_RELABEL, PATH_FUNCTION, PATH_TEXT, PATH_ARRAY };

static const struct infer_cast *cast_find(uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < infer_ncasts; i++)
        if (infer_casts[i].source == from && infer_casts[i].target == to)
            return &infer_casts[i];
    return NULL;
}

static bool is_array(const struct tr *tr, uint32_t type)
{
    return infer_category(tr, type) == 'A';
}

/* A vector is an array whose elements count from 0. */
static uint32_t vector_array(uint32_t vector)
{
    return vector == TYPES_INT2VECTOR ? TYPES_INT2_ARRAY : TYPES_OID_ARRAY;
}

static enum path cast_path(const struct tr *tr, uint32_t from, uint32_t to,
                           enum infer_context context, uint32_t *ret_proc);

/* Arrays are converted element by element. */
static bool array_path(const struct tr *tr, uint32_t from, uint32_t to, enum infer_context context)
{
    const struct types_info *f = types_find(tr->types, from), *t = types_find(tr->types, to);
    uint32_t proc;
    if (f == NULL || t == NULL || !is_array(tr, from) || !is_array(tr, to) || f->elem == 0 ||
        t->elem == 0 || types_is_vector(to))
        return false;
    return cast_path(tr, f->elem, t->elem, context, &proc) != PATH_NONE;
}

/* find_coercion_pathway of PostgreSQL, for types without domains. */
static enum path cast_path(const struct tr *tr, uint32_t from, uint32_t to,
                           enum infer_context context, uint32_t *ret_proc)
{
    if (from == to || (types_is_vector(from) && to == vector_array(from)))
        return PATH_RELABEL;
    const struct infer_cast *cast = cast_find(from, to);
    if (cast != NULL) {
        enum infer_context needs = cast->context == 'i'   ? INFER_IMPLICIT
                                   : cast->context == 'a' ? INFER_ASSIGNMENT
                                                          : INFER_EXPLICIT;
        if (context < needs)
            return PATH_NONE;
        *ret_proc = cast->proc;
        return cast->method == 'f' ? PATH_FUNCTION : cast->method == 'b' ? PATH_RELABEL : PATH_TEXT;
    }
    if (array_path(tr, from, to, context))
        return PATH_ARRAY;
    if (context >= INFER_ASSIGNMENT && infer_category(tr, to) == 'S')
        return PATH_TEXT;
    if (context >= INFER_EXPLICIT && infer_category(tr, from) == 'S')
        return PATH_TEXT;
    return PATH_NONE;
}

bool infer_is_polymorphic(uint32_t type)
{
    switch (type) {
    case ANYOID:
    case ANYELEMENTOID:
    case ANYNONARRAYOID:
    case ANYARRAYOID:
    case ANYENUMOID:
    case ANYRANGEOID:
    case ANYCOMPATIBLEOID:
    case ANYCOMPATIBLEARRAYOID:
    case ANYCOMPATIBLENONARRAYOID:
        return true;
    default:
        return false;
    }
}

static bool polymorphic_accepts(const struct tr *tr, uint32_t from, uint32_t to)
{
    if (from == TYPES_UNKNOWN)
        return true;
    if (to == ANYARRAYOID || to == ANYCOMPATIBLEARRAYOID)
        return is_array(tr, from);
    if (to == ANYNONARRAYOID || to == ANYCOMPATIBLENONARRAYOID)
        return !is_array(tr, from);
    if (to == ANYRANGEOID)
        return range_subtype(from) != 0;
    if (to == ANYENUMOID)
        return infer_is_enum(tr, from);
    return true;
}

bool infer_is_enum(const struct tr *tr, uint32_t type)
{
    const struct types_user *user = types_find_user(tr->types, type);
    return user != NULL && user->info.type == 'e';
}

uint32_t infer_base(const struct tr *tr, uint32_t type, int32_t *typmod)
{
    return types_base(tr->types, type, typmod);
}

bool infer_can_coerce(const struct tr *tr, uint32_t from, uint32_t to, enum infer_context context)
{
    uint32_t proc;
    from = infer_base(tr, from, NULL);
    to = infer_base(tr, to, NULL);
    if (from == to)
        return true;
    if (infer_is_polymorphic(to))
        return polymorphic_accepts(tr, from, to);
    if (from == TYPES_UNKNOWN)
        return true;
    if (record_is_type(tr->types, from) && record_is_type(tr->types, to))
        return from == TYPES_RECORD || to == TYPES_RECORD;
    return cast_path(tr, from, to, context, &proc) != PATH_NONE;
}

static bool is_compatible(uint32_t type)
{
    return type == ANYCOMPATIBLEOID || type == ANYCOMPATIBLEARRAYOID ||
           type == ANYCOMPATIBLENONARRAYOID;
}

/* select_common_type_from_oids: 0 if there is none. */
static uint32_t common_type(const struct tr *tr, uint32_t a, uint32_t b)
{
    if (a == b || b == 0)
        return a;
    if (a == 0)
        return b;
    if (infer_category(tr, a) != infer_category(tr, b))
        return 0;
    bool forth = infer_can_coerce(tr, a, b, INFER_IMPLICIT);
    bool back = infer_can_coerce(tr, b, a, INFER_IMPLICIT);
    if (!infer_preferred(tr, a) && forth && !back)
        return b;
    return back ? a : 0;
}

uint32_t infer_polymorphic(const struct tr *tr, uint32_t declared, const uint32_t *declared_args,
                           const uint32_t *actual_args, int nargs)
{
    uint32_t element = 0, range = 0;
    bool open = false;
    for (int i = 0; i < nargs; i++) {
        uint32_t d = declared_args[i], a = actual_args[i];
        if (!infer_is_polymorphic(d) || d == ANYOID)
            continue;
        if (a == TYPES_UNKNOWN) {
            open = true;
            continue;
        }
        bool array = d == ANYARRAYOID || d == ANYCOMPATIBLEARRAYOID;
        bool plain = d == ANYNONARRAYOID || d == ANYCOMPATIBLENONARRAYOID;
        uint32_t e = array && types_find(tr->types, a) ? types_find(tr->types, a)->elem
                     : d == ANYRANGEOID                ? range_subtype(a)
                                                       : a;
        if (e == 0 || (plain && is_array(tr, a)))
            return 0;
        if (d == ANYRANGEOID && range != 0 && range != a)
            return 0;
        range = d == ANYRANGEOID ? a : range;
        if (element != 0 && element != e && !is_compatible(d))
            return 0;
        element = common_type(tr, element, e);
        if (element == 0)
            return 0;
    }
    if (!infer_is_polymorphic(declared) || declared == ANYOID)
        return declared;
    if (element == 0 && !open)
        return 0;
    element = element != 0 ? element : TYPES_TEXT;
    if (declared == ANYARRAYOID || declared == ANYCOMPATIBLEARRAYOID)
        return types_find(tr->types, element) ? types_find(tr->types, element)->array : 0;
    return declared == ANYRANGEOID && range != 0 ? range : element;
}

bool infer_undetermined(const uint32_t *declared, const uint32_t *actual, int nargs)
{
    bool open = false;
    for (int i = 0; i < nargs; i++) {
        if (!infer_is_polymorphic(declared[i]) || declared[i] == ANYOID ||
            is_compatible(declared[i]))
            continue;
        if (actual[i] != TYPES_UNKNOWN)
            return false;
        open = true;
    }
    return open;
}

/* -- making conversions -- */

/* ${text} as the session reads it, here and now. */
static void literal_read(struct tr *tr, const struct expr *e, uint32_t type, int32_t typmod,
                         struct types_value *ret)
{
    const struct slice text = {e->value, strlen(e->value)};
    const struct types_session utc = {.timezone = "UTC"};
    struct types_session session = tr->catalog->session ? *tr->catalog->session : utc;
    unsigned used = 0;
    session.set = tr->types;
    session.used = &used;
    buf_reset(&tr->scratch);
    if (types_input(&session, type, typmod, text, &tr->scratch, ret, tr->err) < 0) {
        tr->err->position = e->location < 0 ? 0 : e->location + 1;
        tr_throw(tr);
    }
    if (used != 0)
        capture_literal(tr, e, type, ret);
    tr->settings = tr->settings || used != 0;
}

/* '"User"'::regclass and the like: names become oids here, where the catalog is. */
static bool literal_oid(struct tr *tr, const struct expr *e, uint32_t type, uint32_t *ret)
{
    char *schema = NULL, *name = NULL;
    if ((e->value[0] >= '0' && e->value[0] <= '9') || strcmp(e->value, "-") == 0)
        return false;
    if (type == TYPES_REGTYPE) {
        int32_t typmod;
        *ret = infer_type(tr, infer_parse_type(tr, e->value, e->location), &typmod);
        return true;
    }
    if (type != TYPES_REGCLASS)
        return false;
    infer_split_name(tr, e->value, e->location, &schema, &name);
    if (schema != NULL && store_catalog_schema(tr->catalog, schema) == NULL)
        tr_fail(tr, "3F000", e->location, "schema \"%s\" does not exist", schema);
    *ret = store_catalog_relation(tr->catalog, schema, name);
    if (*ret == 0)
        tr_fail(tr, SQLSTATE_UNDEFINED_TABLE, e->location, "relation \"%s%s%s\" does not exist",
                schema ? schema : "", schema ? "." : "", name);
    return true;
}

static struct expr *coerce_literal(struct tr *tr, struct expr *e, uint32_t type)
{
    struct expr *to = expr_new(EXPR_CONST, type, "NULL", e->location);
    to->value = e->value;
    if (e->value == NULL)
        return to;
    if (!types_supported(tr->types, type))
        tr_unsupported(tr, e->location, "type %s", infer_type_name(tr, type));
    struct types_value value;
    uint32_t oid;
    if (literal_oid(tr, e, type, &oid)) {
        to->sql = emit_format("%u", oid);
        return to;
    }
    literal_read(tr, e, type, type == TYPES_INTERVAL ? tr->literal_typmod : -1, &value);
    to->sql = emit_value(&value);
    return to;
}

static struct expr *coerce_param(struct tr *tr, struct expr *e, uint32_t type)
{
    uint32_t *slot = &tr->params[e->param - 1];
    if (*slot == 0 || *slot == TYPES_UNKNOWN) {
        if (!types_supported(tr->types, type))
            tr_unsupported(tr, e->location, "a parameter of type %s", infer_type_name(tr, type));
        *slot = type;
    } else if (*slot != type) {
        tr_set(tr, "42P08", e->location, "inconsistent types deduced for parameter $%d", e->param);
        err_detail(tr->err, "%s versus %s", infer_type_name(tr, *slot), infer_type_name(tr, type));
        tr_throw(tr);
    }
    struct expr *to = expr_new(EXPR_PARAM, type, e->sql, e->location);
    to->param = e->param;
    return to;
}

/* Conversions by text: output of one type, input of the other. */
static const char *cast_by_text(struct tr *tr, struct expr *e, uint32_t type)
{
    if (!types_supported(tr->types, e->type) || !types_supported(tr->types, type))
        tr_unsupported(tr, e->location, "the cast from %s to %s", infer_type_name(tr, e->type),
                       infer_type_name(tr, type));
    const char *text = e->sql;
    if (infer_category(tr, e->type) != 'S' && e->type != TYPES_JSON && e->type != TYPES_JSONB &&
        e->type != TYPES_UUID && e->type != TYPES_NUMERIC && !infer_is_enum(tr, e->type))
        text = emit_format("pgf_output(%u, %s)", e->type, e->sql);
    if (e->type == TYPES_NUMERIC)
        text = emit_format("(%s || '')", text); /* a column's collation must not come along */
    if (type == TYPES_TEXT || type == TYPES_VARCHAR)
        return text;
    return emit_format("pgf_input(%u, %s)", type, text);
}

/* Are elements, which arrays keep as texts, the same as the other type, whatever they are? */
static bool same_texts(uint32_t from, uint32_t to)
{
    static const uint32_t wider[] = {TYPES_INT2, TYPES_INT4,    TYPES_INT8,
                                     TYPES_NUMERIC, TYPES_VARCHAR, TYPES_TEXT};
    size_t at[2] = {0, 0};
    for (size_t i = 0; i < sizeof(wider) / sizeof(wider[0]); i++) {
        at[0] = wider[i] == from ? i + 1 : at[0];
        at[1] = wider[i] == to ? i + 1 : at[1];
    }
    return at[0] > 0 && at[0] <= at[1];
}

/* The elements as rows, converted, and put together in the same shape. */
static const char *cast_by_array(struct tr *tr, struct expr *e, uint32_t type,
                                 enum infer_context context)
{
    uint32_t from = types_find(tr->types, e->type)->elem, to = types_find(tr->types, type)->elem;
    bool vector = types_is_vector(e->type);
    const char *array = vector ? emit_format("pgf_array_vector(%s)", e->sql) : e->sql;
    uint32_t proc = 0;
    if (from == to ||
        (cast_path(tr, from, to, context, &proc) == PATH_RELABEL && to != TYPES_BPCHAR))
        return array;
    if (same_texts(from, to))
        return array;
    if (tr->no_subquery)
        tr_unsupported(tr, e->location, "a cast from %s to %s in this expression",
                       infer_type_name(tr, e->type), infer_type_name(tr, type));
    const char *alias = tr_alias(tr);
    struct expr *one = expr_new(EXPR_PLAIN, from, emit_format("%s.\"c1\"", alias), e->location);
    struct expr *converted = infer_coerce(tr, one, to, context);
    return emit_format("pgf_array_shape(%s, (SELECT pgf_array_agg(%u, %s) FROM "
                       "pgf_set('unnest/2/1', %u, %s) AS %s))",
                       array, to, converted->sql, e->type, e->sql, alias);
}

static const char *cast_by_relabel(struct expr *e, uint32_t type)
{
    if (types_is_vector(e->type) && !types_is_vector(type))
        return emit_format("pgf_vector_array(%s)", e->sql);
    return e->sql;
}

static const char *cast_by_function(struct tr *tr, struct expr *e, uint32_t type, uint32_t proc)
{
    const char *pattern = emit_proc_template(proc);
    if (pattern == NULL)
        tr_unsupported(tr, e->location, "the cast from %s to %s", infer_type_name(tr, e->type),
                       infer_type_name(tr, type));
    return emit_apply(pattern, &e, 1);
}

/* Values of a domain are of its base type once they are checked. */
static struct expr *coerce_to_domain(struct tr *tr, struct expr *e, uint32_t domain,
                                     enum infer_context context)
{
    int32_t typmod = -1;
    uint32_t base = infer_base(tr, domain, &typmod);
    struct expr *to;
    if (e->type == TYPES_UNKNOWN && e->kind == EXPR_PARAM) {
        to = coerce_param(tr, e, domain);
        to->type = base;
    } else {
        to = infer_coerce(tr, e, base, context);
    }
    if (to == NULL)
        return NULL;
    to = infer_typmod(tr, to, base, typmod, context == INFER_EXPLICIT);
    if (!types_constrained(tr->types, domain)) {
        to = expr_of(base, to->sql, e->location, &to, 1);
        to->typmod = typmod;
        to->domain = domain;
        return to;
    }
    struct buf text;
    buf_init(&text, tr->scratch.max);
    types_domain_text(tr->types, domain, to->sql, &text);
    struct expr *checked = expr_of(base, emit_format("%s", ident_text(&text)), e->location, &to, 1);
    checked->typmod = typmod;
    checked->domain = domain;
    buf_release(&text);
    return checked;
}

struct expr *infer_coerce(struct tr *tr, struct expr *e, uint32_t type, enum infer_context context)
{
    if (infer_base(tr, type, NULL) != type)
        return coerce_to_domain(tr, e, type, context);
    if (e->type == type || type == ANYOID)
        return e;
    if (infer_is_polymorphic(type))
        return infer_settle(tr, e);
    if (e->type == TYPES_UNKNOWN && e->kind == EXPR_CONST)
        return coerce_literal(tr, e, type);
    if (e->type == TYPES_UNKNOWN && e->kind == EXPR_PARAM)
        return coerce_param(tr, e, type);
    if (record_is_type(tr->types, e->type) && record_is_type(tr->types, type))
        return row_coerce(tr, e, type, context);
    uint32_t proc = 0;
    const char *sql = NULL;
    enum path path = cast_path(tr, e->type, type, context, &proc);
    switch (path) {
    case PATH_NONE:
        return NULL;
    case PATH_RELABEL:
        sql = cast_by_relabel(e, type);
        break;
    case PATH_FUNCTION:
        sql = cast_by_function(tr, e, type, proc);
        break;
    case PATH_TEXT:
        sql = cast_by_text(tr, e, type);
        break;
    case PATH_ARRAY:
        sql = cast_by_array(tr, e, type, context);
        break;
    }
    struct expr *to = expr_of(type, sql, e->location, &e, 1);
    if (e->kind == EXPR_CONST && (e->value == NULL || strcmp(sql, e->sql) == 0)) {
        to->kind = EXPR_CONST; /* still NULL, or still the same literal */
        to->value = e->value;
        to->sql = e->value == NULL ? "NULL" : sql;
    }
    if (path == PATH_FUNCTION || path == PATH_RELABEL)
        fold_cast(tr, to, e, proc);
    return to;
}

struct expr *infer_padded(struct expr *e)
{
    if (e->type != TYPES_BPCHAR || e->typmod <= 4)
        return e;
    return expr_of(e->type, emit_format("pgf_rpad(%s, %d, ' ')", e->sql, e->typmod - 4),
                   e->location, &e, 1);
}

/* A literal's length or precision is applied here and now, as PostgreSQL's planner does. */
static struct expr *typmod_literal(struct tr *tr, const struct expr *e, uint32_t type,
                                   int32_t typmod, bool explicit_cast)
{
    struct expr *to =
        expr_new(EXPR_PLAIN, type, NULL, e->location); /* `value` would be the uncut one */
    struct types_value value, cut;
    struct buf scratch;
    literal_read(tr, e, type, type == TYPES_INTERVAL ? typmod : -1, &value);
    buf_init(&scratch, tr->scratch.max);
    int status = types_apply_typmod(type, typmod, explicit_cast, &value, &scratch, &cut, tr->err);
    if (status == 0)
        to->sql = emit_value(&cut);
    buf_release(&scratch);
    if (status < 0)
        tr_throw(tr);
    to->typmod = typmod;
    return to;
}

struct expr *infer_typmod(struct tr *tr, struct expr *e, uint32_t type, int32_t typmod,
                          bool explicit_cast)
{
    if (typmod < 0 && type == TYPES_BPCHAR && e->typmod > 4)
        return infer_padded(e);
    if (typmod < 0 || e->typmod == typmod || (e->kind == EXPR_CONST && e->value == NULL)) {
        struct expr *same = palloc(sizeof(*same));
        *same = *e;
        same->typmod = typmod;
        return same;
    }
    if (e->kind == EXPR_CONST && e->type == type && strncmp(e->sql, "pgf_", 4) != 0)
        return typmod_literal(tr, e, type, typmod, explicit_cast);
    struct expr *to = expr_of(
        type,
        emit_format("pgf_typmod(%u, %d, %d, %s)", type, typmod, explicit_cast ? 1 : 0, e->sql),
        e->location, &e, 1);
    to->typmod = typmod;
    fold_cast(tr, to, e, 0);
    return to;
}

struct expr *infer_coerce_typmod(struct tr *tr, struct expr *e, uint32_t type, int32_t typmod,
                                 enum infer_context context)
{
    tr->literal_typmod = typmod;
    struct expr *to = infer_coerce(tr, e, type, context);
    tr->literal_typmod = -1;
    return to;
}

struct expr *infer_assign(struct tr *tr, struct expr *e, const struct store_column *column)
{
    struct expr *to =
        infer_coerce_typmod(tr, e, column->type_oid, column->typmod, INFER_ASSIGNMENT);
    if (to == NULL) {
        tr_set(tr, SQLSTATE_DATATYPE_MISMATCH, expr_leftmost(e),
               "column \"%s\" is of type %s but expression is of type %s", column->name,
               infer_type_name(tr, column->type_oid), infer_type_name(tr, e->type));
        err_hint(tr->err, "You will need to rewrite or cast the expression.");
        tr_throw(tr);
    }
    return infer_base(tr, column->type_oid, NULL) == column->type_oid
               ? infer_typmod(tr, to, column->type_oid, column->typmod, false)
               : to;
}

struct expr *infer_settle(struct tr *tr, struct expr *e)
{
    return e->type == TYPES_UNKNOWN ? infer_coerce(tr, e, TYPES_TEXT, INFER_IMPLICIT) : e;
}
