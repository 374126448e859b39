/* translate_row.c: rows as values: ROW(...), whole rows, their fields and conversions; record.h says
 * how they are stored.
 *
 * A row whose fields are known as expressions keeps them: choosing one of them takes the expression,
 * and a conversion to a type with a name converts each.  Of others just the types are known: from
 * the type's name, or from the query that has made the row. */
#include "daemon/store/emit.h"
#include "daemon/store/record.h"
#include "daemon/store/translate_expr.h"
#include "daemon/store/translate_steps.h"

#include "lib/stringinfo.h"

enum { CHUNK = 100 /* SQLite's functions take 127 arguments */ };

static void check_definition(const struct tr *tr, int location)
{
    if (tr->definition || (tr->capture != NULL && tr->views == 0))
        tr_unsupported((struct tr *)(uintptr_t)tr, location, "a row in a definition");
}

static struct row_shape *shape_new(int n)
{
    struct row_shape *row = palloc0(sizeof(*row));
    row->fields = palloc0(sizeof(row->fields[0]) * (size_t)(n + 1));
    row->n = n;
    return row;
}

const struct row_shape *row_outside(const struct row_shape *row)
{
    if (row == NULL)
        return NULL;
    struct row_shape *bare = shape_new(row->n);
    for (int i = 0; i < row->n; i++) {
        bare->fields[i] = row->fields[i];
        bare->fields[i].expr = NULL;
    }
    return bare;
}

/* -- making rows -- */

/* What a field of an anonymous row is: a domain stays itself. */
static uint32_t field_type(const struct expr *e)
{
    return e->domain != 0 ? e->domain : e->type;
}

static const char *values_text(const char *what, struct expr *const *values, int n)
{
    const char *sql = NULL;
    int i = 0;
    do {
        int count = n - i < CHUNK ? n - i : CHUNK;
        const char *list = emit_list(values + i, count);
        const char *between = count > 0 ? ", " : "";
        sql = sql == NULL ? emit_format("pgf_row(%s%s%s)", what, between, list)
                          : emit_format("pgf_row_more(%s%s%s)", sql, between, list);
        i += CHUNK;
    } while (i < n);
    return sql;
}

/* An anonymous row of the fields of ${row}. */
static const char *anonymous_text(struct tr *tr, const struct row_shape *row)
{
    struct expr **values = palloc(sizeof(values[0]) * (size_t)(row->n + 1));
    struct buf what;
    buf_init(&what, tr->scratch.max);
    for (int i = 0; i < row->n; i++) {
        const struct row_field *f = &row->fields[i];
        values[i] = f->expr;
        record_describe(f->type, f->typmod, f->name, &what);
    }
    const char *text = emit_text(buf_len(&what) ? buf_peek(&what).data : "", buf_len(&what));
    buf_release(&what);
    return values_text(text, values, row->n);
}

/* A row of the type with a name: the fields in the places of their attributes. */
static const char *named_text(const struct types_user *type, struct expr *const *fields)
{
    int16_t last = type->nattributes ? type->attributes[type->nattributes - 1].attnum : 0;
    struct expr **values = palloc(sizeof(values[0]) * (size_t)(last + 1));
    for (int16_t i = 0; i < last; i++)
        values[i] = expr_new(EXPR_CONST, TYPES_UNKNOWN, "NULL", -1);
    for (size_t i = 0; i < type->nattributes; i++)
        values[type->attributes[i].attnum - 1] = fields[i];
    return values_text(emit_format("'%u'", type->info.oid), values, last);
}

static struct expr *of_fields(struct tr *tr, const struct row_shape *row, int location)
{
    struct expr **args = palloc(sizeof(args[0]) * (size_t)(row->n + 1));
    for (int i = 0; i < row->n; i++)
        args[i] = row->fields[i].expr;
    struct expr *e =
        expr_of(TYPES_RECORD, anonymous_text(tr, row), location, args, row->n);
    e->row = row;
    return e;
}

static bool is_star(const Node *node)
{
    return (IsA(node, ColumnRef) && IsA(llast(((const ColumnRef *)node)->fields), A_Star)) ||
           (IsA(node, A_Indirection) && IsA(llast(((const A_Indirection *)node)->indirection), A_Star));
}

struct expr **row_values(struct scope *s, const RowExpr *r, int *ret_n)
{
    List *all = NIL;
    ListCell *cell, *inner;
    foreach (cell, r->args) {
        Node *node = lfirst(cell);
        if (!is_star(node)) {
            all = lappend(all, expr_make(s, node));
            continue;
        }
        List *targets = IsA(node, ColumnRef) ? scope_star(s, (ColumnRef *)node, NIL)
                                             : row_star(s, (A_Indirection *)node, NIL);
        foreach (inner, targets)
            all = lappend(all, ((struct target *)lfirst(inner))->expr);
    }
    struct expr **values = palloc(sizeof(values[0]) * (size_t)(list_length(all) + 1));
    *ret_n = list_length(all);
    for (int i = 0; i < *ret_n; i++)
        values[i] = list_nth(all, i);
    return values;
}

struct expr *row_expr(struct scope *s, const RowExpr *r)
{
    int n;
    check_definition(s->tr, r->location);
    struct expr **values = row_values(s, r, &n);
    if (n > 1664)
        tr_fail(s->tr, "54011", r->location, "ROW expressions can have at most %d entries", 1664);
    struct row_shape *row = shape_new(n);
    for (int i = 0; i < n; i++)
        row->fields[i] = (struct row_field){psprintf("f%d", i + 1), field_type(values[i]),
                                            values[i]->typmod, values[i], NULL};
    return of_fields(s->tr, row, r->location);
}

struct expr *row_of_outputs(struct tr *tr, struct expr *const *values, const char *const *names,
                            int n, int location)
{
    struct row_shape *row = shape_new(n);
    for (int i = 0; i < n; i++)
        row->fields[i] = (struct row_field){names[i], values[i]->type, -1, values[i], NULL};
    return of_fields(tr, row, location);
}

/* ${sql}, or NULL where an outer join has no row of ${item}. */
static const char *unless_missing(struct scope *s, const struct source *item, const char *sql,
                                  int location)
{
    if (!item->nullable)
        return sql;
    if (item->present != NULL)
        return emit_format("(CASE WHEN %s IS NOT NULL THEN %s END)", item->present, sql);
    if (item->table == NULL || item->table->kind != 'r' || item->table->system ||
        steps_table(s->tr, item->table)[0] != '"')
        tr_unsupported(s->tr, location, "a whole row of the nullable side of an outer join");
    return emit_format("(CASE WHEN %s.%s IS NOT NULL THEN %s END)", item->alias,
                       steps_rowid(s->tr, item->table), sql);
}

struct expr *row_whole(struct scope *s, const struct source *item, struct expr **columns,
                       int location)
{
    int n = 0;
    struct row_shape *row = shape_new(item->ncolumns);
    const struct store_table *t = item->table;
    uint32_t oid = t ? t->row_type : item->row_type;
    const struct types_user *type = oid ? types_find_user(s->tr->types, oid) : NULL;
    check_definition(s->tr, location);
    for (int i = 0; i < item->ncolumns; i++) {
        const struct column *c = &item->columns[i];
        if (!c->system)
            row->fields[n++] = (struct row_field){c->name, c->domain ? c->domain : c->type,
                                                  c->typmod, columns[i], NULL};
    }
    row->n = n;
    struct expr *e = of_fields(s->tr, row, location);
    if (t != NULL || oid != 0) {
        if (type == NULL || type->nattributes != (size_t)n)
            tr_unsupported(s->tr, location, "a whole row of \"%s\"", item->name);
        e->type = type->info.oid;
        e->sql = named_text(type, e->args);
        for (int i = 0; i < n; i++) /* whatever this query calls them */
            row->fields[i].real = type->attributes[i].name;
    }
    e->sql = unless_missing(s, item, e->sql, location);
    e->whole = item->name ? item->name : "";
    return e;
}

/* -- taking them apart -- */

/* The fields of ${e}, NULL: it is no row, or nobody knows them. */
static const struct row_shape *fields_of(struct tr *tr, const struct expr *e)
{
    const struct types_user *type = types_find_user(tr->types, infer_base(tr, e->type, NULL));
    if (e->row != NULL)
        return e->row;
    if (type == NULL || type->info.type != 'c')
        return NULL;
    struct row_shape *row = shape_new((int)type->nattributes);
    for (int i = 0; i < row->n; i++) {
        const struct types_attribute *a = &type->attributes[i];
        row->fields[i] = (struct row_field){a->name, a->type, a->typmod, NULL, NULL};
    }
    return row;
}

static struct expr *field(struct tr *tr, struct expr *e, const struct row_shape *row, int i)
{
    const struct row_field *f = &row->fields[i];
    if (f->expr != NULL)
        return infer_settle(tr, f->expr);
    int32_t typmod = f->typmod;
    uint32_t type = infer_base(tr, f->type == TYPES_UNKNOWN ? TYPES_TEXT : f->type, &typmod);
    struct expr *one =
        expr_of(type, emit_format("pgf_row_field(%s, %d)", e->sql, i), e->location, &e, 1);
    one->typmod = typmod;
    one->domain = type == f->type || f->type == TYPES_UNKNOWN ? 0 : f->type;
    return one;
}

static void no_field(struct scope *s, const struct expr *e, const char *name, int location)
{
    struct tr *tr = s->tr;
    if (e->whole != NULL)
        tr_fail(tr, SQLSTATE_UNDEFINED_COLUMN, location, "column %s.%s does not exist", e->whole,
                name);
    if (e->type == TYPES_RECORD)
        tr_fail(tr, SQLSTATE_UNDEFINED_COLUMN, location,
                "could not identify column \"%s\" in record data type", name);
    if (record_is_type(tr->types, infer_base(tr, e->type, NULL)))
        tr_fail(tr, SQLSTATE_UNDEFINED_COLUMN, location,
                "column \"%s\" not found in data type %s", name, infer_type_name(tr, e->type));
    tr_fail(tr, SQLSTATE_WRONG_OBJECT_TYPE, location,
            "column notation .%s applied to type %s, which is not a composite type", name,
            infer_type_name(tr, e->type));
}

struct expr *row_field(struct scope *s, struct expr *e, const char *name, int location)
{
    const struct row_shape *row = fields_of(s->tr, e);
    check_definition(s->tr, location);
    for (int i = 0; row != NULL && i < row->n; i++) {
        const char *real = row->fields[i].real ? row->fields[i].real : row->fields[i].name;
        if (strcmp(real, name) == 0)
            return field(s->tr, e, row, i);
    }
    no_field(s, e, name, location);
    return NULL;
}

List *row_star(struct scope *s, const A_Indirection *a, List *targets)
{
    A_Indirection *inner = palloc(sizeof(*inner));
    *inner = *a;
    inner->indirection = list_truncate(list_copy(a->indirection), list_length(a->indirection) - 1);
    Node *node = inner->indirection == NIL ? a->arg : (Node *)inner;
    struct expr *e = expr_make(s, node);
    const struct row_shape *row = fields_of(s->tr, e);
    check_definition(s->tr, exprLocation(a->arg));
    if (row == NULL && e->type == TYPES_RECORD)
        tr_unsupported(s->tr, exprLocation(a->arg), "the fields of this record");
    if (row == NULL)
        tr_fail(s->tr, SQLSTATE_WRONG_OBJECT_TYPE, exprLocation(a->arg),
                "type %s is not composite", infer_type_name(s->tr, e->type));
    for (int i = 0; i < row->n; i++) {
        struct target *t = palloc0(sizeof(*t));
        t->name = row->fields[i].real ? row->fields[i].real : row->fields[i].name;
        t->expr = field(s->tr, e, row, i);
        targets = lappend(targets, t);
    }
    return targets;
}

const char *row_null_text(const struct expr *e, bool null)
{
    StringInfoData out;
    if (e->row == NULL || (e->row->n > 0 && e->row->fields[0].expr == NULL))
        return emit_format("pgf_row_%snull(%s)", null ? "" : "not_", e->sql);
    initStringInfo(&out);
    for (int i = 0; i < e->row->n; i++)
        appendStringInfo(&out, "%s%s IS %sNULL", i == 0 ? "(" : " AND ",
                         e->row->fields[i].expr->sql, null ? "" : "NOT ");
    return e->row->n > 0 ? emit_format("%s)", out.data) : "1";
}

/* -- conversions -- */

static void cannot_cast(struct tr *tr, const struct expr *e, uint32_t type, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void cannot_cast(struct tr *tr, const struct expr *e, uint32_t type, const char *format, ...)
{
    char detail[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(detail, sizeof(detail), format, ap);
    va_end(ap);
    tr_set(tr, "42846", e->location, "cannot cast type %s to %s", infer_type_name(tr, e->type),
           infer_type_name(tr, type));
    err_detail(tr->err, "%s", detail);
    tr_throw(tr);
}

/* A row without a name, whose fields are known, as the type. */
static struct expr *named_row(struct tr *tr, struct expr *e, const struct types_user *type,
                              enum infer_context context)
{
    uint32_t oid = type->info.oid;
    int n = (int)type->nattributes;
    struct row_shape *row = shape_new(n);
    struct expr **values = palloc(sizeof(values[0]) * (size_t)(n + 1));
    for (int i = 0; i < n; i++) {
        const struct types_attribute *a = &type->attributes[i];
        if (i >= e->row->n)
            cannot_cast(tr, e, oid, "Input has too few columns.");
        struct expr *from = e->row->fields[i].expr;
        values[i] = infer_coerce(tr, from, a->type, context);
        if (values[i] == NULL)
            cannot_cast(tr, e, oid, "Cannot cast type %s to %s in column %d.",
                        infer_type_name(tr, from->type), infer_type_name(tr, a->type), i + 1);
        if (infer_base(tr, a->type, NULL) == a->type)
            values[i] = infer_typmod(tr, values[i], a->type, a->typmod, context == INFER_EXPLICIT);
        row->fields[i] = (struct row_field){a->name, a->type, a->typmod, values[i], NULL};
    }
    if (e->row->n > n)
        cannot_cast(tr, e, oid, "Input has too many columns.");
    struct expr *to = expr_of(oid, named_text(type, values), e->location, values, n);
    to->row = row;
    return to;
}

struct expr *row_coerce(struct tr *tr, struct expr *e, uint32_t type, enum infer_context context)
{
    if (type == TYPES_RECORD) /* a value says itself what it is */
        return e;
    const struct types_user *user = types_find_user(tr->types, type);
    if (e->type != TYPES_RECORD || user == NULL || e->row == NULL ||
        (e->row->n > 0 && e->row->fields[0].expr == NULL))
        return NULL;
    struct expr *to = named_row(tr, e, user, context);
    if (strncmp(e->sql, "(CASE ", 6) == 0) /* of an outer join: named_row has the fields alone */
        to->sql = emit_format("(CASE WHEN %s IS NOT NULL THEN %s END)", e->sql, to->sql);
    return to;
}

/* -- assignment to fields -- */

static struct expr *field_value(struct scope *s, const struct types_attribute *a, Node *node,
                                int location)
{
    if (IsA(node, SetToDefault))
        tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, location, "cannot set a subfield to DEFAULT");
    struct expr *e = expr_make(s, node);
    struct expr *to = infer_coerce(s->tr, e, a->type, INFER_ASSIGNMENT);
    if (to == NULL) {
        tr_set(s->tr, SQLSTATE_DATATYPE_MISMATCH, location,
               "subfield \"%s\" is of type %s but expression is of type %s", a->name,
               infer_type_name(s->tr, a->type), infer_type_name(s->tr, e->type));
        err_hint(s->tr->err, "You will need to rewrite or cast the expression.");
        tr_throw(s->tr);
    }
    return infer_base(s->tr, a->type, NULL) == a->type
               ? infer_typmod(s->tr, to, a->type, a->typmod, false)
               : to;
}

struct expr *row_assign(struct scope *s, const struct store_column *column, struct expr *current,
                        List *path, Node *value, int location)
{
    struct tr *tr = s->tr;
    const char *name = strVal(linitial(path));
    const struct types_user *type = types_find_user(tr->types, current->type);
    size_t i = 0;
    if (type == NULL || type->info.type != 'c')
        tr_fail(tr, SQLSTATE_DATATYPE_MISMATCH, location,
                "cannot assign to field \"%s\" of column \"%s\" because its type %s is not a "
                "composite type",
                name, column->name, infer_type_name(tr, current->type));
    while (i < type->nattributes && strcmp(type->attributes[i].name, name) != 0)
        i++;
    if (i == type->nattributes)
        tr_fail(tr, SQLSTATE_UNDEFINED_COLUMN, location,
                "cannot assign to field \"%s\" of column \"%s\" because there is no such column in "
                "data type %s",
                name, column->name, infer_type_name(tr, current->type));
    struct expr *args[2] = {current, NULL};
    const struct types_attribute *a = &type->attributes[i];
    List *rest = list_copy_tail(path, 1);
    if (rest == NIL)
        args[1] = field_value(s, a, value, location);
    else
        args[1] = expr_assign_part(s, column, field(tr, current, fields_of(tr, current), (int)i),
                                   rest, value, location);
    return expr_of(current->type,
                   emit_format("pgf_row_set(%s, %u, %zu, %s)", current->sql, current->type, i,
                               args[1]->sql),
                   location, args, 2);
}
