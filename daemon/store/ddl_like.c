/* ddl_like.c: LIKE in CREATE TABLE: it stands for columns and constraints, which take its place. */
#include "daemon/store/ddl.h"
#include "policy/parse.h"

#include "parser/parser.h"

static Constraint *constraint(ConstrType type)
{
    Constraint *con = (Constraint *)palloc0(sizeof *con);
    con->type = T_Constraint;
    con->contype = type;
    con->location = -1;
    con->initially_valid = true;
    return con;
}

static Node *parse_expression(struct ddl *d, const char *text)
{
    List *list;
    if (parse_sql(psprintf("SELECT %s", text), (void **)&list, d->err) < 0)
        return NULL;
    const SelectStmt *select = (const SelectStmt *)((const RawStmt *)linitial(list))->stmt;
    return ((ResTarget *)linitial(select->targetList))->val;
}

/* What of a column's own goes with it. */
static int column_extras(struct ddl *d, const struct store_column *c, bits32 options,
                         ColumnDef *def)
{
    bool takes = c->generated ? (options & CREATE_TABLE_LIKE_GENERATED) != 0
                              : (options & CREATE_TABLE_LIKE_DEFAULTS) != 0;
    if (c->not_null)
        def->constraints = lappend(def->constraints, constraint(CONSTR_NOTNULL));
    if (c->identity && (options & CREATE_TABLE_LIKE_IDENTITY)) {
        Constraint *con = constraint(CONSTR_IDENTITY);
        con->generated_when = c->identity;
        def->constraints = lappend(def->constraints, con);
    }
    if (!c->default_sql || c->identity || !takes)
        return 0;
    Constraint *con = constraint(c->generated ? CONSTR_GENERATED : CONSTR_DEFAULT);
    con->raw_expr = parse_expression(d, c->default_sql);
    def->constraints = lappend(def->constraints, con);
    return con->raw_expr ? 0 : -1;
}

static int columns(struct ddl *d, const struct store_table *t, bits32 options, List **elements)
{
    for (size_t i = 0; i < t->ncolumns; i++) {
        const struct store_column *c = &t->columns[i];
        char type[TYPES_NAME_BYTES];
        ColumnDef *def = (ColumnDef *)palloc0(sizeof *def);
        types_format(&d->c->catalog->types, c->type_oid, c->typmod, type, sizeof type);
        def->type = T_ColumnDef;
        def->colname = pstrdup(c->name);
        def->location = -1;
        def->typeName = linitial(raw_parser(type, RAW_PARSE_TYPE_NAME));
        def->typeName->location = -1;
        if (column_extras(d, c, options, def) < 0)
            return -1;
        *elements = lappend(*elements, def);
    }
    return 0;
}

static int checks(struct ddl *d, const struct store_table *t, List **elements)
{
    for (size_t i = 0; i < t->nchecks; i++) {
        Constraint *con = constraint(CONSTR_CHECK);
        con->conname = pstrdup(t->checks[i].name);
        con->raw_expr = parse_expression(d, t->checks[i].sql);
        if (!con->raw_expr)
            return -1;
        *elements = lappend(*elements, con);
    }
    return 0;
}

/* Keys; an index that is none is 0A000. */
static int keys(struct ddl *d, const struct store_table *t, List **elements)
{
    for (size_t i = 0; i < t->nkeys; i++) {
        const struct store_key *k = &t->keys[i];
        if (!k->constraint_oid || k->nincluded)
            return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "LIKE INCLUDING INDEXES of a table with indexes that are no keys is not"
                           " supported by the store");
        Constraint *con = constraint(k->primary ? CONSTR_PRIMARY : CONSTR_UNIQUE);
        con->nulls_not_distinct = k->nulls_not_distinct;
        for (size_t a = 0; a < k->nattnums; a++) {
            const struct store_column *c = store_table_attnum(t, k->attnums[a]);
            con->keys = lappend(con->keys, makeString(pstrdup(c ? c->name : "")));
        }
        *elements = lappend(*elements, con);
    }
    return 0;
}

static int expand(struct ddl *d, const TableLikeClause *like, List **elements)
{
    const struct store_table *t;
    bits32 o = like->options;
    if (ddl_find_table(d, like->relation, false, &t) < 0) {
        d->err->position = like->relation->location + 1;
        return -1;
    }
    if (o & (CREATE_TABLE_LIKE_COMMENTS | CREATE_TABLE_LIKE_STATISTICS) &&
        (o & CREATE_TABLE_LIKE_ALL) != CREATE_TABLE_LIKE_ALL)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "LIKE INCLUDING COMMENTS is not supported by the store");
    int64_t comments = 0;
    if ((o & CREATE_TABLE_LIKE_COMMENTS) &&
        ddl_query_int(d, &comments,
                      "SELECT count(*) FROM \"pg_catalog.pg_description\" WHERE objoid = ?1"
                      " AND objsubid > 0",
                      "i", (int64_t)t->oid) < 0)
        return -1;
    if (comments)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "LIKE INCLUDING COMMENTS is not supported by the store");
    if (columns(d, t, o, elements) < 0 ||
        ((o & CREATE_TABLE_LIKE_CONSTRAINTS) && checks(d, t, elements) < 0))
        return -1;
    return (o & CREATE_TABLE_LIKE_INDEXES) ? keys(d, t, elements) : 0;
}

int ddl_expand_like(struct ddl *d, CreateStmt *s)
{
    List *elements = NIL;
    ListCell *cell;
    foreach (cell, s->tableElts) {
        if (!IsA(lfirst(cell), TableLikeClause))
            elements = lappend(elements, lfirst(cell));
        else if (expand(d, lfirst(cell), &elements) < 0)
            return -1;
    }
    s->tableElts = elements;
    return 0;
}
