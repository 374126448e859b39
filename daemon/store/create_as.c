/* create_as.c: see create_as.h. */
#include "daemon/store/create_as.h"
#include "daemon/store/ddl_matview.h"
#include "daemon/store/follow.h"
#include "daemon/store/ident.h"
#include "daemon/store/portal.h"
#include "daemon/store/transaction.h"

#include "policy/parse.h"

#include <inttypes.h>
#include <stdio.h>

struct create_as_plan {
    struct execute_plan *execute; /* AS EXECUTE, or NULL */
};

CreateTableAsStmt *create_as_of(Node *stmt)
{
    if (IsA(stmt, CreateTableAsStmt))
        return (CreateTableAsStmt *)stmt;
    if (!IsA(stmt, SelectStmt))
        return NULL;
    SelectStmt *first = (SelectStmt *)stmt;
    while (first->op != SETOP_NONE)
        first = first->larg;
    if (!first->intoClause)
        return NULL;
    CreateTableAsStmt *s = (CreateTableAsStmt *)palloc0(sizeof *s);
    s->type = T_CreateTableAsStmt;
    s->query = stmt;
    s->into = first->intoClause;
    s->objtype = OBJECT_TABLE;
    s->is_select_into = true;
    first->intoClause = NULL;
    return s;
}

static bool is_matview(const CreateTableAsStmt *s)
{
    return s->objtype == OBJECT_MATVIEW;
}

/* -- analysis -- */

/* EXECUTE: its statement and arguments. */
static int analyse_execute(struct store_conn *c, struct prepared *p, struct create_as_plan *plan,
                           const ExecuteStmt *s, struct err *err)
{
    if (named_analyse_execute(c, p, s, err) < 0)
        return -1;
    if (p->inner->modifies)
        return err_set(err, SQLSTATE_WRONG_OBJECT_TYPE, "prepared statement is not a SELECT");
    plan->execute = arena_copy(&p->arena, p->plan, sizeof *plan->execute);
    p->ncolumns = 0;
    p->returns_rows = false;
    return plan->execute ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

int create_as_analyse(struct store_conn *c, struct prepared *p, CreateTableAsStmt *s,
                      struct err *err)
{
    struct create_as_plan *plan = arena_alloc(&p->arena, sizeof *plan);
    if (!plan)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    plan->execute = NULL;
    if (IsA(s->query, ExecuteStmt)) {
        if (analyse_execute(c, p, plan, (const ExecuteStmt *)s->query, err) < 0)
            return -1;
    } else {
        if (statement_inner(c, p->sql, s->query, p->oids, p->noids, &p->inner, err) < 0)
            return -1;
        p->params = p->inner->params;
        p->nparams = p->inner->nparams;
    }
    p->plan = plan;
    if (is_matview(s) && p->nparams > 0)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "materialized views may not be defined using bound parameters");
    return is_matview(s) && p->inner->writes
               ? err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                         "materialized views must not use data-modifying statements in WITH")
               : 0;
}

/* -- running -- */

struct creation {
    struct store_conn *c;
    struct portal *portal;
    struct prepared *query; /* one reference */
    struct rowset rows;
    uint64_t nrows;
    bool skip;    /* it is there already, and that is fine */
    bool no_data;
    bool matview; /* made and filled by ddl_matview.c */
    char *log;    /* what the owner's log gets instead of the statement; sqlite3_malloc'd */
    char tag[32];
};

static CreateTableAsStmt *parse(const struct creation *x, struct err *err)
{
    List *list;
    if (parse_sql(x->portal->prepared->sql, (void **)&list, err) < 0)
        return NULL;
    return create_as_of(((RawStmt *)linitial(list))->stmt);
}

static int check_into(struct ddl *d, const CreateTableAsStmt *s, struct creation *x)
{
    const struct store_schema *schema;
    RangeVar *name = s->into->rel;
    if (is_matview(s) && name->relpersistence == 'u')
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "materialized views cannot be unlogged");
    if (ddl_relation_creation(d, name, &schema) < 0 ||
        ddl_check_free(d, schema->oid, name->relname, s->if_not_exists ? &x->skip : NULL) < 0)
        return -1;
    if (x->skip)
        conn_notice(d->c, "NOTICE", SQLSTATE_DUPLICATE_TABLE,
                    "relation \"%s\" already exists, skipping", name->relname);
    return 0;
}

/* What comes before the query runs; it is analysed again, because the catalog may have changed. */
static int begin_body(void *arg, struct err *err)
{
    struct creation *x = arg;
    const struct prepared *p = x->portal->prepared;
    const struct create_as_plan *plan = p->plan;
    CreateTableAsStmt *s = parse(x, err);
    if (!s)
        return -1;
    const char *what = is_matview(s)       ? "CREATE MATERIALIZED VIEW"
                       : s->is_select_into ? "SELECT INTO"
                                           : "CREATE TABLE AS";
    struct ddl d = {.c = x->c, .sql = p->sql, .err = err};
    x->no_data = s->into->skipData;
    x->matview = is_matview(s);
    snprintf(x->tag, sizeof x->tag, "%s",
             IsA(s->query, ExecuteStmt) ? "SELECT 0"
             : s->is_select_into        ? "CREATE TABLE AS"
                                        : what);
    if (x->c->read_only)
        return err_set(err, SQLSTATE_READ_ONLY_SQL_TRANSACTION,
                       "cannot execute %s in a read-only transaction", what);
    if (tx_enter(x->c, true, err) < 0 || check_into(&d, s, x) < 0)
        return -1;
    if (x->skip)
        return 0;
    if (x->matview)
        return matview_create(&d, s, &x->nrows);
    if (!plan->execute)
        return statement_inner(x->c, p->sql, s->query, p->params, p->nparams, &x->query, err);
    struct named *n = named_find(x->c, plan->execute->name);
    if (!n)
        return err_set(err, SQLSTATE_INVALID_SQL_STATEMENT_NAME,
                       "prepared statement \"%s\" does not exist", plan->execute->name);
    x->query = n->prepared;
    x->query->refs++;
    return 0;
}

static int run_query(struct creation *x, struct err *err)
{
    const struct create_as_plan *plan = x->portal->prepared->plan;
    const struct portal_sink sink = {.to = &x->rows};
    struct portal *inner;
    struct rowset arguments;
    struct rowset *params = x->portal->params;
    int rc = plan->execute ? statement_refresh(x->c, &x->query, err) : 0;
    rowset_init(&arguments, x->c->store->path);
    if (rc == 0 && plan->execute && plan->execute->arguments) {
        rc = named_arguments(x->c, plan->execute, x->query->nparams, &arguments, err);
        params = &arguments;
    }
    if (rc == 0)
        rc = portal_open_inner(x->c, NULL, x->query, params, &inner, err);
    if (rc == 0) {
        rc = portal_finish(x->c, inner, &sink, err);
        portal_close(x->c, inner);
    }
    rowset_release(&arguments);
    return rc;
}

/* -- the table -- */

static const char *column_name(const IntoClause *into, const struct prepared *q, int i)
{
    return i < list_length(into->colNames) ? strVal(list_nth(into->colNames, i))
                                           : q->columns[i].name;
}

static List *columns(const IntoClause *into, const struct prepared *q)
{
    List *elements = NIL;
    for (size_t i = 0; i < q->ncolumns; i++) {
        const struct msg_field *f = &q->columns[i];
        uint32_t domain = q->domains ? q->domains[i] : 0;
        elements = lappend(elements, create_as_column(pstrdup(column_name(into, q, (int)i)),
                                                      domain ? domain : f->type_oid,
                                                      domain ? -1 : f->typmod));
    }
    return elements;
}

/* The definition alone, for files that follow this one. */
static char *log_text(const struct ddl *d, const struct store_table *t)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    ident_format(&text, "CREATE TABLE ");
    ident_postgres(t->schema, &text);
    ident_format(&text, ".");
    ident_postgres(t->name, &text);
    ident_format(&text, " (");
    for (size_t i = 0; i < t->ncolumns; i++) {
        const struct store_column *c = &t->columns[i];
        char type[TYPES_NAME_BYTES];
        types_format(&d->c->catalog->types, c->type_oid, c->typmod, type, sizeof type);
        ident_format(&text, i ? ", " : "");
        ident_postgres(c->name, &text);
        ident_format(&text, " %s", c->type_oid == TYPES_BPCHAR && c->typmod < 0 ? "bpchar" : type);
    }
    ident_format(&text, ")");
    char *copy = text.failed ? NULL : sqlite3_mprintf("%s", ident_text(&text));
    buf_release(&text);
    return copy;
}

static sqlite3_stmt *prepare_insert(struct ddl *d, const struct store_table *t)
{
    struct buf sql;
    buf_init(&sql, 1 << 20);
    ident_format(&sql, "INSERT INTO ");
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, t->ncolumns ? " VALUES (" : " DEFAULT VALUES");
    for (size_t i = 0; i < t->ncolumns; i++)
        ident_format(&sql, "%s?%zu", i ? ", " : "", i + 1);
    ident_format(&sql, t->ncolumns ? ")" : "");
    sqlite3_stmt *s = conn_prepare(d->c, ident_text(&sql), d->err);
    buf_release(&sql);
    return s;
}

static int insert_rows(struct creation *x, struct ddl *d, const struct store_table *t)
{
    struct types_value *values = palloc((t->ncolumns + 1) * sizeof *values);
    int rc = 0;
    if (x->rows.n > 0 && follow_may_use(d->c, t, d->err) < 0)
        return -1;
    sqlite3_stmt *s = prepare_insert(d, t);
    if (!s)
        return -1;
    for (size_t i = 0; i < x->rows.n && rc == 0; i++) {
        rc = rowset_get(&x->rows, i, values, t->ncolumns, d->err);
        for (size_t k = 0; k < t->ncolumns && rc == 0; k++)
            (void)stmt_bind_value(s, (int)k + 1, &values[k]); /* what fails, fails below too */
        int stepped = rc == 0 ? sqlite3_step(s) : SQLITE_DONE;
        if (stepped != SQLITE_DONE)
            rc = errors_map(d->c, stepped, NULL, NULL, d->err);
        sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    x->nrows = x->rows.n;
    return rc;
}

static int make_body(void *arg, struct err *err)
{
    struct creation *x = arg;
    struct ddl d = {.c = x->c, .sql = x->portal->prepared->sql, .err = err};
    const struct store_schema *schema;
    CreateTableAsStmt *s = parse(x, err);
    if (!s || create_as_check(&d, s->into, x->query->ncolumns) < 0)
        return -1;
    CreateStmt *made = create_as_table(s->into, columns(s->into, x->query));
    if (ddl_create_table(&d, made) < 0 || (d.stale && ddl_reload(&d) < 0) ||
        ddl_relation_creation(&d, made->relation, &schema) < 0)
        return -1;
    const struct store_table *t =
        store_catalog_table(x->c->catalog, schema->name, made->relation->relname);
    if (!t)
        return err_set(err, SQLSTATE_INTERNAL_ERROR, "the table that was made is not there");
    if (!catalog_is_temp(t->oid) && !(x->log = log_text(&d, t)))
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    return insert_rows(x, &d, t);
}

static int run(struct creation *x, struct err *err)
{
    if (parse_protect(begin_body, x, err) < 0)
        return -1;
    if (!x->skip && !x->matview &&
        ((!x->no_data && run_query(x, err) < 0) || parse_protect(make_body, x, err) < 0)) {
        statement_position(x->portal->prepared->sql, err);
        return -1;
    }
    if (x->skip) /* never of SELECT INTO */
        snprintf(x->portal->tag, sizeof x->portal->tag, "%s",
                 x->matview ? "CREATE MATERIALIZED VIEW" : "CREATE TABLE AS");
    else if (x->no_data)
        snprintf(x->portal->tag, sizeof x->portal->tag, "%s", x->tag);
    else
        snprintf(x->portal->tag, sizeof x->portal->tag, "SELECT %" PRIu64, x->nrows);
    return 0;
}

int create_as_run(struct store_conn *c, struct portal *p, struct err *err)
{
    struct creation x = {.c = c, .portal = p};
    rowset_init(&x.rows, c->store->path);
    int rc = run(&x, err);
    rowset_release(&x.rows);
    prepared_unref(x.query);
    c->log_sql = x.log;
    return rc;
}
