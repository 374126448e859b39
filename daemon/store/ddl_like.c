/* ddl_like.c: LIKE in CREATE TABLE: it stands for columns and constraints, which take its place. */
#include "daemon/store/ddl.h"
#include "daemon/store/temp.h"
#include "policy/parse.h"

#include "parser/parser.h"

#include <inttypes.h>

struct ddl_like { /* a LIKE whose table has been read */
    uint32_t from;
    bits32 options;
    List *indexes; /* that are no keys */
};

struct like_index {
    uint32_t oid;
    const char *definition;
};

static Constraint *constraint(ConstrType type)
{
    Constraint *con = (Constraint *)palloc0(sizeof *con);
    con->type = T_Constraint;
    con->contype = type;
    con->location = -1;
    con->initially_valid = true;
    return con;
}

static DefElem *option(const char *name, int64_t value)
{
    return makeDefElem(pstrdup(name), (Node *)makeFloat(psprintf("%" PRId64, value)), -1);
}

/* The identity's sequence is one like the other's. */
static int sequence_options(struct ddl *d, uint32_t oid, List **ret)
{
    const struct store_sequence *s = store_catalog_sequence_oid(d->c->catalog, oid);
    int64_t cache = 1;
    if (!s)
        return err_set(d->err, SQLSTATE_INTERNAL_ERROR, "sequence of column not found");
    if (ddl_query_int(d, &cache,
                      "SELECT seqcache FROM \"pg_catalog.pg_sequence\" WHERE seqrelid = ?1", "i",
                      (int64_t)oid) < 0)
        return -1;
    *ret = list_make4(option("cache", cache), option("increment", s->increment),
                      option("maxvalue", s->max), option("minvalue", s->min));
    *ret = lappend(*ret, option("start", s->start));
    *ret = lappend(*ret, makeDefElem(pstrdup("cycle"), (Node *)makeBoolean(s->cycle), -1));
    return 0;
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
        if (sequence_options(d, c->sequence_oid, &con->options) < 0)
            return -1;
        def->constraints = lappend(def->constraints, con);
    }
    if (!c->default_sql || c->identity || !takes)
        return 0;
    Constraint *con = constraint(c->generated ? CONSTR_GENERATED : CONSTR_DEFAULT);
    con->raw_expr = ddl_parse_expression(d, c->default_sql);
    def->constraints = lappend(def->constraints, con);
    return con->raw_expr ? 0 : -1;
}

/* COLLATE, where it is not the type's own. */
static int collation(struct ddl *d, const struct store_table *t, const struct store_column *c,
                     ColumnDef *def)
{
    sqlite3_stmt *s = temp_prepare(
        d->c, t->oid,
        "SELECT collname FROM \"pg_catalog.pg_attribute\" a JOIN \"system.pg_type\" t ON"
        " t.oid = a.atttypid JOIN \"system.pg_collation\" c ON c.oid = a.attcollation WHERE"
        " attrelid = ?1 AND attnum = ?2 AND attcollation <> typcollation",
        d->err);
    if (!s)
        return -1;
    sqlite3_bind_int64(s, 1, t->oid);
    sqlite3_bind_int64(s, 2, c->attnum);
    if (sqlite3_step(s) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(s, 0);
        def->collClause = (CollateClause *)palloc0(sizeof *def->collClause);
        def->collClause->type = T_CollateClause;
        def->collClause->collname = list_make1(makeString(pstrdup(name)));
        def->collClause->location = -1;
    }
    sqlite3_finalize(s);
    return 0;
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
        if (column_extras(d, c, options, def) < 0 || collation(d, t, c, def) < 0)
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
        con->raw_expr = ddl_parse_expression(d, t->checks[i].sql);
        if (!con->raw_expr)
            return -1;
        *elements = lappend(*elements, con);
    }
    return 0;
}

/* A key is made with the table, another index afterwards. */
static void keys(const struct store_table *t, struct ddl_like *like, List **elements)
{
    for (size_t i = 0; i < t->nkeys; i++) {
        const struct store_key *k = &t->keys[i];
        if (!k->constraint_oid) {
            struct like_index *x = palloc(sizeof *x);
            *x = (struct like_index){k->oid, pstrdup(k->definition)};
            like->indexes = lappend(like->indexes, x);
            continue;
        }
        Constraint *con = constraint(k->primary ? CONSTR_PRIMARY : CONSTR_UNIQUE);
        con->nulls_not_distinct = k->nulls_not_distinct;
        for (size_t a = 0; a < k->nattnums + k->nincluded; a++) {
            const struct store_column *c = store_table_attnum(t, k->attnums[a]);
            List **names = a < k->nattnums ? &con->keys : &con->including;
            *names = lappend(*names, makeString(pstrdup(c ? c->name : "")));
        }
        *elements = lappend(*elements, con);
    }
}

/* A comment on the index of a key has nowhere to go. */
static int refuse_comment(struct ddl *d, uint32_t table)
{
    int64_t n = 0;
    if (ddl_query_int(d, &n,
                      "SELECT count(*) FROM \"pg_catalog.pg_description\" x JOIN"
                      " \"pg_catalog.pg_constraint\" c ON c.conindid = x.objoid WHERE"
                      " c.conrelid = ?1 AND c.contype <> 'f' AND x.classoid = 1259",
                      "i", (int64_t)table) < 0)
        return -1;
    return n == 0 ? 0
                  : err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                            "LIKE INCLUDING COMMENTS of a key's index with a comment is not"
                            " supported by the store");
}

static int expand(struct ddl *d, const TableLikeClause *clause, bool temp, List **elements,
                  List **likes)
{
    const struct store_table *t;
    bits32 o = clause->options;
    if (ddl_find_table(d, clause->relation, false, &t) < 0) {
        d->err->position = clause->relation->location + 1;
        return -1;
    }
    if (d->c->store->role == STORE_SCHEMA && catalog_is_temp(t->oid) && !temp)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "LIKE of a temporary table is not supported by the store where each tenant has a"
                       " file");
    struct ddl_like *like = (struct ddl_like *)palloc0(sizeof *like);
    like->from = t->oid;
    like->options = o;
    *likes = lappend(*likes, like);
    if ((o & CREATE_TABLE_LIKE_COMMENTS) && (o & CREATE_TABLE_LIKE_INDEXES) &&
        refuse_comment(d, t->oid) < 0)
        return -1;
    if (columns(d, t, o, elements) < 0 ||
        ((o & CREATE_TABLE_LIKE_CONSTRAINTS) && checks(d, t, elements) < 0))
        return -1;
    if (o & CREATE_TABLE_LIKE_INDEXES)
        keys(t, like, elements);
    return 0;
}

int ddl_expand_like(struct ddl *d, CreateStmt *s, List **ret)
{
    List *elements = NIL;
    ListCell *cell;
    *ret = NIL;
    foreach (cell, s->tableElts) {
        if (!IsA(lfirst(cell), TableLikeClause))
            elements = lappend(elements, lfirst(cell));
        else if (expand(d, lfirst(cell), s->relation->relpersistence == 't', &elements, ret) < 0)
            return -1;
    }
    s->tableElts = elements;
    return 0;
}

/* -- when the table is there -- */

static int copy_comments(struct ddl *d, const struct ddl_like *like, uint32_t table)
{
    if (ddl_exec(d,
                 "INSERT INTO \"pg_catalog.pg_description\" (objoid, classoid, objsubid,"
                 " description) SELECT ?2, 1259, n.attnum, x.description FROM"
                 " \"pg_catalog.pg_description\" x JOIN \"pg_catalog.pg_attribute\" o ON"
                 " o.attrelid = ?1 AND o.attnum = x.objsubid JOIN \"pg_catalog.pg_attribute\" n ON"
                 " n.attrelid = ?2 AND n.attname = o.attname WHERE x.objoid = ?1 AND"
                 " x.classoid = 1259 AND x.objsubid > 0",
                 "ii", (int64_t)like->from, (int64_t)table) < 0)
        return -1;
    if (!(like->options & CREATE_TABLE_LIKE_CONSTRAINTS))
        return 0;
    return ddl_exec(d,
                    "INSERT INTO \"pg_catalog.pg_description\" (objoid, classoid, objsubid,"
                    " description) SELECT n.oid, 2606, 0, x.description FROM"
                    " \"pg_catalog.pg_description\" x JOIN \"pg_catalog.pg_constraint\" o ON"
                    " o.oid = x.objoid JOIN \"pg_catalog.pg_constraint\" n ON n.conrelid = ?2 AND"
                    " n.conname = o.conname AND n.contype = 'c' WHERE o.conrelid = ?1 AND"
                    " o.contype = 'c' AND x.classoid = 2606",
                    "ii", (int64_t)like->from, (int64_t)table);
}

/* PostgreSQL copies what it has of expressions: they are not analysed again, which could change how
 * they are printed; and it does not copy how many dimensions were said. */
static int copy_texts(struct ddl *d, const struct ddl_like *like, uint32_t table)
{
    static const char *const copies[] = {
        "UPDATE \"pg_catalog.pg_attribute\" SET attndims = 0 WHERE attrelid = ?2 AND attname IN"
        " (SELECT attname FROM \"pg_catalog.pg_attribute\" WHERE attrelid = ?1)",
        "UPDATE \"pg_catalog.pg_constraint\" AS c SET conbin = o.conbin FROM"
        " \"pg_catalog.pg_constraint\" o WHERE c.conrelid = ?2 AND o.conrelid = ?1 AND"
        " c.conname = o.conname AND c.contype = 'c' AND o.contype = 'c'",
        "UPDATE \"pg_catalog.pg_attrdef\" AS f SET adbin = o.adbin FROM \"pg_catalog.pg_attrdef\" o"
        " JOIN \"pg_catalog.pg_attribute\" a ON a.attrelid = ?1 AND a.attnum = o.adnum JOIN"
        " \"pg_catalog.pg_attribute\" n ON n.attrelid = ?2 AND n.attname = a.attname WHERE"
        " o.adrelid = ?1 AND f.adrelid = ?2 AND f.adnum = n.attnum",
    };
    for (size_t i = 0; i < sizeof copies / sizeof copies[0]; i++)
        if (ddl_exec(d, copies[i], "ii", (int64_t)like->from, (int64_t)table) < 0)
            return -1;
    return ddl_reload(d);
}

static int copy_index(struct ddl *d, const struct like_index *x, bool comment, uint32_t table)
{
    const struct store_table *t = ddl_table(d, table);
    List *list;
    if (parse_sql(x->definition, (void **)&list, d->err) < 0)
        return -1;
    IndexStmt *s = (IndexStmt *)((RawStmt *)linitial(list))->stmt;
    s->idxname = NULL;
    s->relation->schemaname = pstrdup(t->schema);
    s->relation->relname = pstrdup(t->name);
    int64_t made = 0;
    if (catalog_is_temp(x->oid) != catalog_is_temp(table))
        return ddl_create_index(d, s);
    if (ddl_create_index(d, s) < 0 ||
        ddl_query_int(d, &made,
                      "SELECT max(indexrelid) FROM \"pg_catalog.pg_index\" WHERE indrelid = ?1",
                      "i", (int64_t)table) < 0 ||
        ddl_exec(d,
                 "UPDATE \"pg_catalog.pg_index\" AS i SET indpred = o.indpred, indexprs ="
                 " o.indexprs FROM \"pg_catalog.pg_index\" o WHERE o.indexrelid = ?1 AND"
                 " i.indexrelid = ?2",
                 "ii", (int64_t)x->oid, made) < 0 ||
        ddl_exec(d,
                 "UPDATE \"store.index\" AS i SET texts = o.texts FROM \"store.index\" o WHERE"
                 " o.oid = ?1 AND i.oid = ?2",
                 "ii", (int64_t)x->oid, made) < 0)
        return -1;
    return !comment ? 0
                    : ddl_exec(d,
                               "INSERT INTO \"pg_catalog.pg_description\" (objoid, classoid,"
                               " objsubid, description) SELECT ?2, 1259, 0, description FROM"
                               " \"pg_catalog.pg_description\" WHERE objoid = ?1 AND"
                               " classoid = 1259 AND objsubid = 0",
                               "ii", (int64_t)x->oid, made);
}

/* Between the file and what is temporary no rows are copied: expressions are analysed again. */
static int refuse_comments_between(struct ddl *d, const struct ddl_like *like)
{
    int64_t n = 0;
    if (ddl_query_int(d, &n,
                      "SELECT count(*) FROM \"pg_catalog.pg_description\" WHERE (objoid = ?1 AND"
                      " objsubid > 0) OR objoid IN (SELECT oid FROM \"pg_catalog.pg_constraint\""
                      " WHERE conrelid = ?1) OR objoid IN (SELECT indexrelid FROM"
                      " \"pg_catalog.pg_index\" WHERE indrelid = ?1)",
                      "i", (int64_t)like->from) < 0)
        return -1;
    return n == 0 ? 0
                  : err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                            "LIKE INCLUDING COMMENTS between temporary tables and others is not"
                            " supported by the store");
}

int ddl_finish_like(struct ddl *d, const List *likes, uint32_t table)
{
    ListCell *cell, *index;
    foreach (cell, likes) {
        const struct ddl_like *like = lfirst(cell);
        bool comments = like->options & CREATE_TABLE_LIKE_COMMENTS;
        bool between = catalog_is_temp(like->from) != catalog_is_temp(table);
        if (between && comments && refuse_comments_between(d, like) < 0)
            return -1;
        comments = comments && !between;
        if ((!between && copy_texts(d, like, table) < 0) ||
            (comments && copy_comments(d, like, table) < 0))
            return -1;
        foreach (index, like->indexes)
            if (copy_index(d, lfirst(index), comments, table) < 0)
                return -1;
    }
    return likes ? ddl_restate_indexes(d, table) : 0;
}
