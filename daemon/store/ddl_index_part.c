/* ddl_index_part.c: what an index is on: columns, expressions, operator classes, collations. */
#include "daemon/store/ddl_index.h"
#include "daemon/store/ident.h"
#include "daemon/store/translate.h"
#include "daemon/store/types.h"

void index_spec_init(struct index_spec *x)
{
    memset(x, 0, sizeof *x);
    x->method = 403;
    x->method_name = "btree";
}

int index_method(struct ddl *d, const char *name, struct index_spec *x)
{
    static const struct {
        const char *name;
        uint32_t oid;
    } methods[] = {{"btree", 403}, {"hash", 405},    {"gist", 783}, {"rtree", 783},
                   {"gin", 2742},  {"spgist", 4000}, {"brin", 3580}};
    for (size_t i = 0; name && i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(methods[i].name, name) == 0) {
            x->method = methods[i].oid;
            x->method_name = methods[i].oid == 783 ? "gist" : methods[i].name;
            return 0;
        }
    return !name ? 0
                 : err_set(d->err, SQLSTATE_UNDEFINED_OBJECT, "access method \"%s\" does not exist",
                           name);
}

static const char *quoted(const char *name, void (*how)(const char *, struct buf *))
{
    struct buf b;
    buf_init(&b, 4096);
    how(name, &b);
    const char *text = pstrdup(ident_text(&b));
    buf_release(&b);
    return text;
}

static struct index_part *add(struct ddl *d, struct index_spec *x)
{
    if (x->n < INDEX_PARTS_MAX)
        return &x->parts[x->n++];
    err_set(d->err, "54011", "cannot use more than 32 columns in an index");
    return NULL;
}

/* -- operator classes -- */

/* The type that operator classes know it by. */
static uint32_t class_type(struct ddl *d, uint32_t type)
{
    type = types_base(&d->c->catalog->types, type, NULL);
    const struct types_info *info = types_find(&d->c->catalog->types, type);
    if (type == TYPES_VARCHAR)
        return TYPES_TEXT;
    if (type == 650)
        return 869; /* cidr as inet */
    if (!info)
        return type;
    if (info->category == 'A' && info->elem)
        return TYPES_ANYARRAY;
    return info->type == 'e'   ? 3500
           : info->type == 'r' ? 3831
           : info->type == 'm' ? 4537
           : info->type == 'c' ? TYPES_RECORD
                               : type;
}

static int no_class(struct ddl *d, const struct index_spec *x, const struct index_part *p)
{
    char name[TYPES_NAME_BYTES];
    types_format(&d->c->catalog->types, p->type, -1, name, sizeof name);
    err_set(d->err, SQLSTATE_UNDEFINED_OBJECT,
            "data type %s has no default operator class for access method \"%s\"", name,
            x->method_name);
    err_hint(d->err, "You must specify an operator class for the index or define a default "
                     "operator class for the data type.");
    return -1;
}

static int default_class(struct ddl *d, const struct index_spec *x, const struct index_part *p,
                         int64_t *ret)
{
    *ret = 0;
    return ddl_query_int(d, ret,
                         "SELECT oid FROM \"system.pg_opclass\" WHERE opcmethod = ?1 AND"
                         " opcdefault AND opcintype IN (?2, ?3) ORDER BY opcintype = ?2 DESC",
                         "iii", (int64_t)x->method, (int64_t)p->type,
                         (int64_t)class_type(d, p->type)) < 0
               ? -1
               : 0;
}

static int operator_class(struct ddl *d, const List *names, const struct index_spec *x,
                          struct index_part *p, struct buf *suffix)
{
    int64_t usual, oid = 0, type = 0;
    if (default_class(d, x, p, &usual) < 0)
        return -1;
    p->opclass = (uint32_t)usual;
    if (names == NIL)
        return usual ? 0 : no_class(d, x, p);
    const char *name = strVal(llast(names));
    if (ddl_query_int(d, &oid,
                      "SELECT oid FROM \"system.pg_opclass\" WHERE opcname = ?1 AND opcmethod = ?2",
                      "si", name, (int64_t)x->method) < 0 ||
        ddl_query_int(d, &type, "SELECT opcintype FROM \"system.pg_opclass\" WHERE oid = ?1", "i",
                      oid) < 0)
        return -1;
    if (!oid)
        return err_set(d->err, SQLSTATE_UNDEFINED_OBJECT,
                       "operator class \"%s\" does not exist for access method \"%s\"", name,
                       x->method_name);
    if (type != p->type && type != class_type(d, p->type)) {
        char text[TYPES_NAME_BYTES];
        types_format(&d->c->catalog->types, p->type, -1, text, sizeof text);
        return err_set(d->err, SQLSTATE_DATATYPE_MISMATCH,
                       "operator class \"%s\" does not accept data type %s", name, text);
    }
    p->opclass = (uint32_t)oid;
    if (oid != usual) {
        ident_format(suffix, " ");
        ident_postgres(name, suffix);
    }
    return 0;
}

/* All collations of the store order by bytes. */
static int collation(struct ddl *d, const struct store_table *t, const List *names,
                     struct index_part *p, struct buf *suffix)
{
    int64_t oid = 0, own = 0;
    const struct types_info *info = types_find(&d->c->catalog->types, p->type);
    if (p->attnum && ddl_query_int(d, &own,
                                   "SELECT attcollation FROM \"pg_catalog.pg_attribute\" WHERE"
                                   " attrelid = ?1 AND attnum = ?2",
                                   "ii", (int64_t)t->oid, (int64_t)p->attnum) < 0)
        return -1;
    p->collation = p->attnum ? (uint32_t)own : info ? info->collation : 0;
    if (names == NIL)
        return 0;
    const char *name = strVal(llast(names));
    if (!p->collation) {
        char text[TYPES_NAME_BYTES];
        types_format(&d->c->catalog->types, p->type, -1, text, sizeof text);
        return err_set(d->err, SQLSTATE_DATATYPE_MISMATCH,
                       "collations are not supported by type %s", text);
    }
    if (ddl_query_int(d, &oid, "SELECT oid FROM \"system.pg_collation\" WHERE collname = ?1", "s",
                      name) < 0)
        return -1;
    if (!oid)
        return err_set(d->err, SQLSTATE_UNDEFINED_OBJECT,
                       "collation \"%s\" for encoding \"UTF8\" does not exist", name);
    if ((uint32_t)oid != p->collation) {
        ident_format(suffix, " COLLATE ");
        ident_postgres(name, suffix);
    }
    p->collation = (uint32_t)oid;
    return 0;
}

/* -- parts -- */

static int fill_column(struct ddl *d, const struct store_table *t, const char *name, bool key,
                       struct index_part *p)
{
    const struct store_column *c = store_table_column(t, name);
    if (!c)
        return err_set(d->err, SQLSTATE_UNDEFINED_COLUMN,
                       key ? "column \"%s\" named in key does not exist"
                           : "column \"%s\" does not exist",
                       name);
    *p = (struct index_part){.attnum = c->attnum,
                             .type = c->type_oid,
                             .sqlite = quoted(c->sqlite_name, ident_sqlite),
                             .suffix = "",
                             .naming = c->name};
    return 0;
}

int index_column(struct ddl *d, const struct store_table *t, const char *name, bool key,
                 struct index_spec *x)
{
    struct buf unused;
    struct index_part *p = add(d, x);
    if (!p || fill_column(d, t, name, key, p) < 0)
        return -1;
    buf_init(&unused, 4096);
    int rc = collation(d, t, NIL, p, &unused);
    if (rc == 0)
        rc = operator_class(d, NIL, x, p, &unused);
    buf_release(&unused);
    return rc;
}

/* FigureIndexColname. */
static const char *naming(const Node *node)
{
    const Node *inner;
    switch (nodeTag(node)) {
    case T_FuncCall:
        return strVal(llast(((const FuncCall *)node)->funcname));
    case T_CoalesceExpr:
        return "coalesce";
    case T_MinMaxExpr:
        return ((const MinMaxExpr *)node)->op == IS_GREATEST ? "greatest" : "least";
    case T_CaseExpr:
        return "case";
    case T_A_ArrayExpr:
        return "array";
    case T_ColumnRef:
        inner = llast(((const ColumnRef *)node)->fields);
        return IsA(inner, String) ? strVal(inner) : "expr";
    case T_CollateClause:
        return naming(((const CollateClause *)node)->arg);
    case T_A_Indirection:
        return naming(((const A_Indirection *)node)->arg);
    case T_TypeCast: {
        const char *name = naming(((const TypeCast *)node)->arg);
        return strcmp(name, "expr") != 0 ? name
                                         : strVal(llast(((const TypeCast *)node)->typeName->names));
    }
    case T_A_Expr:
        return ((const A_Expr *)node)->kind == AEXPR_NULLIF ? "nullif" : "expr";
    default:
        return "expr";
    }
}

static bool like_function(const Node *node)
{
    return (IsA(node, FuncCall) && ((const FuncCall *)node)->funcformat == COERCE_EXPLICIT_CALL) ||
           IsA(node, CoalesceExpr) || IsA(node, MinMaxExpr) || IsA(node, SQLValueFunction) ||
           (IsA(node, A_Expr) && ((const A_Expr *)node)->kind == AEXPR_NULLIF);
}

/* (name) is the column. */
static const char *plain_column(const struct store_table *t, const Node *e)
{
    const List *fields = IsA(e, ColumnRef) ? ((const ColumnRef *)e)->fields : NIL;
    int n = list_length(fields);
    const char *name = n > 0 && IsA(llast(fields), String) ? strVal(llast(fields)) : NULL;
    if (n > 2 || !name || (n == 2 && strcmp(strVal(linitial(fields)), t->name) != 0))
        return NULL;
    return store_table_column(t, name) ? name : NULL;
}

static int fill_expression(struct ddl *d, const struct store_table *t, Node *e,
                           struct index_part *p)
{
    struct buf text;
    *p = (struct index_part){.suffix = "", .naming = naming(e)};
    if (translate_index_part(d->c->catalog, t, e, d->sql, &p->sqlite, &p->type, d->err) < 0)
        return -1;
    if (p->sqlite[0] == '\'') /* SQLite would take a literal for a column's name */
        p->sqlite = psprintf("ifnull(%s, NULL)", p->sqlite);
    buf_init(&text, 1 << 20);
    bool mutable;
    int rc = deparse_checked(d->c, t, e, 0, &text, &mutable, d->err);
    if (rc == 0 && mutable)
        rc = err_set(d->err, "42P17", "functions in index expression must be marked IMMUTABLE");
    p->text = like_function(e) ? pstrdup(ident_text(&text)) : psprintf("(%s)", ident_text(&text));
    buf_release(&text);
    return rc;
}

static int order(struct ddl *d, const IndexElem *e, const struct index_spec *x,
                 struct index_part *p, struct buf *suffix)
{
    bool descending = e->ordering == SORTBY_DESC;
    bool first = e->nulls_ordering == SORTBY_NULLS_FIRST ||
                 (e->nulls_ordering == SORTBY_NULLS_DEFAULT && descending);
    bool ordered = e->ordering != SORTBY_DEFAULT, nulls = e->nulls_ordering != SORTBY_NULLS_DEFAULT;
    if (x->method != 403 && (ordered || nulls))
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "access method \"%s\" does not support %s options", x->method_name,
                       ordered ? "ASC/DESC" : "NULLS FIRST/LAST");
    p->option = (descending ? 1 : 0) | (first ? 2 : 0);
    ident_format(suffix, "%s%s", descending ? " DESC" : "",
                 p->option == 1   ? " NULLS LAST"
                 : p->option == 2 ? " NULLS FIRST"
                                  : "");
    return 0;
}

int index_element(struct ddl *d, const struct store_table *t, const IndexElem *e,
                  struct index_spec *x)
{
    struct buf suffix;
    struct index_part *p = add(d, x);
    const char *column = e->name ? e->name : plain_column(t, e->expr);
    if (!p || (column ? fill_column(d, t, column, false, p) : fill_expression(d, t, e->expr, p)) < 0)
        return -1;
    buf_init(&suffix, 4096);
    int rc = collation(d, t, e->collation, p, &suffix);
    if (rc == 0)
        rc = operator_class(d, e->opclass, x, p, &suffix);
    if (rc == 0)
        rc = order(d, e, x, p, &suffix);
    p->suffix = pstrdup(ident_text(&suffix));
    buf_release(&suffix);
    return rc;
}

/* -- options and names -- */

int index_options(struct ddl *d, const List *options, struct index_spec *x)
{
    static const char *const known[] = {
        "fillfactor",    "deduplicate_items", "fastupdate", "buffering", "gin_pending_list_limit",
        "autosummarize", "pages_per_range",   NULL};
    struct buf b;
    ListCell *cell;
    int rc = 0;
    buf_init(&b, 8192);
    foreach (cell, options) {
        const DefElem *def = lfirst(cell);
        size_t i = 0;
        while (known[i] && strcmp(known[i], def->defname) != 0)
            i++;
        if (!known[i])
            rc = err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE, "unrecognized parameter \"%s\"",
                         def->defname);
        const char *text = psprintf("%s=%s", def->defname, ddl_option_text(def));
        ident_format(&b, "%s", buf_len(&b) ? "," : "[");
        types_json_string((struct slice){text, strlen(text)}, &b);
    }
    if (options != NIL)
        x->options = psprintf("%s]", ident_text(&b));
    buf_release(&b);
    return rc;
}

static bool taken(const struct index_spec *x, int n, const char *const *names, const char *name)
{
    (void)x;
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

const char *index_naming(const struct index_spec *x)
{
    const char *names[INDEX_PARTS_MAX];
    struct buf b;
    buf_init(&b, 4096);
    for (int i = 0; i < x->n; i++) {
        names[i] = x->parts[i].naming;
        for (int k = 1; taken(x, i, names, names[i]); k++)
            names[i] = psprintf("%s%d", x->parts[i].naming, k);
        if (buf_len(&b) < 64)
            ident_format(&b, "%s%s", i ? "_" : "", names[i]);
    }
    const char *text = pstrdup(ident_text(&b));
    buf_release(&b);
    return text;
}
