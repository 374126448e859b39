/* named.c: PREPARE, EXECUTE, DEALLOCATE: the names that the protocol gives, too. */
#include "daemon/store/portal.h"
#include "daemon/store/transaction.h"
#include "daemon/store/translate.h"
#include "daemon/store/verbs.h"

#include <stdio.h>
#include <stdlib.h>

static int unknown(const char *name, struct err *err)
{
    return err_set(err, SQLSTATE_INVALID_SQL_STATEMENT_NAME,
                   "prepared statement \"%s\" does not exist", name);
}

/* -- PREPARE -- */

int named_analyse_prepare(struct store_conn *c, struct prepared *p, const PrepareStmt *s,
                          struct err *err)
{
    struct prepare_plan *plan = arena_alloc(&p->arena, sizeof *plan);
    size_t n = 0;
    uint32_t *oids = palloc0(((size_t)list_length(s->argtypes) + 1) * sizeof *oids);
    ListCell *cell;
    if (tx_enter(c, false, err) < 0)
        return -1;
    foreach (cell, s->argtypes) {
        int32_t typmod;
        if (translate_type(c->catalog, lfirst(cell), p->sql, &oids[n++], &typmod, err) < 0) {
            statement_position(p->sql, err);
            return -1;
        }
    }
    if (!plan || !(plan->name = arena_strdup(&p->arena, s->name)))
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    p->plan = plan;
    return statement_inner(c, p->sql, s->query, oids, n, &p->inner, err);
}

int named_prepare(struct store_conn *c, struct portal *p, struct err *err)
{
    const struct prepare_plan *plan = p->prepared->plan;
    struct prepared *inner = p->prepared->inner;
    snprintf(p->tag, sizeof p->tag, "PREPARE");
    if (named_set(c, plan->name, inner, err) < 0)
        return -1;
    inner->refs++;
    named_find(c, plan->name)->from_sql = true;
    return 0;
}

/* -- EXECUTE -- */

static int check_count(const char *name, size_t expected, size_t got, struct err *err)
{
    if (expected == got || expected == 0) /* as PostgreSQL, which does not look then */
        return 0;
    err_set(err, SQLSTATE_SYNTAX_ERROR, "wrong number of parameters for prepared statement \"%s\"",
            name);
    err_detail(err, "Expected %zu parameters but got %zu.", expected, got);
    return -1;
}

/* An argument that does not fit is told of by its number. */
static int argument_error(struct store_conn *c, const struct prepared *p, size_t i, uint32_t type,
                          struct err *err)
{
    char was[TYPES_NAME_BYTES] = "", wanted[TYPES_NAME_BYTES];
    int position = err->position;
    const char *of = strstr(err->message, "but expression is of type ");
    statement_position(p->sql, err);
    if (strcmp(err->sqlstate, SQLSTATE_DATATYPE_MISMATCH) != 0 || !of)
        return -1;
    position = err->position;
    snprintf(was, sizeof was, "%s", of + strlen("but expression is of type "));
    types_format(c->context.types.set, type, -1, wanted, sizeof wanted);
    err_set(err, SQLSTATE_DATATYPE_MISMATCH,
            "parameter $%zu of type %s cannot be coerced to the expected type %s", i + 1, was,
            wanted);
    err_hint(err, "You will need to rewrite or cast the expression.");
    err->position = position;
    return -1;
}

static int arguments_text(struct store_conn *c, struct prepared *p, const ExecuteStmt *s,
                          const uint32_t *types, const char **ret, struct err *err)
{
    struct buf text;
    ListCell *cell;
    size_t i = 0;
    int rc = 0;
    buf_init(&text, FRAME_MESSAGE_MAX);
    buf_append(&text, "SELECT ", 7);
    foreach (cell, s->params) {
        const char *one;
        rc = translate_expression(c->catalog, NULL, lfirst(cell), p->sql, types[i], -1, &one, err);
        if (rc < 0) {
            argument_error(c, p, i, types[i], err);
            break;
        }
        if (i++ > 0)
            buf_append(&text, ", ", 2);
        buf_append(&text, one, strlen(one));
    }
    buf_append(&text, "", 1);
    if (rc == 0) {
        *ret = arena_strdup(&p->arena, text.failed ? NULL : buf_peek(&text).data);
        rc = *ret ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    buf_release(&text);
    return rc;
}

int named_analyse_execute(struct store_conn *c, struct prepared *p, const ExecuteStmt *s,
                          struct err *err)
{
    struct named *n = named_find(c, s->name);
    struct execute_plan *plan = arena_alloc(&p->arena, sizeof *plan);
    if (!plan || !(plan->name = arena_strdup(&p->arena, s->name)))
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    p->plan = plan;
    if (!n)
        return unknown(s->name, err);
    if (n->prepared->kind != PREPARED_QUERY)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "EXECUTE of a utility statement is not supported by the store");
    if ((c->eager && tx_fresh(c, false, err) < 0) || tx_enter(c, false, err) < 0)
        return -1;
    p->inner = n->prepared;
    p->inner->refs++;
    if (check_count(s->name, p->inner->nparams, (size_t)list_length(s->params), err) < 0 ||
        verb_columns(p, p->inner, err) < 0)
        return -1;
    return p->inner->nparams == 0
               ? 0
               : arguments_text(c, p, s, p->inner->params, &plan->arguments, err);
}

int named_arguments(struct store_conn *c, const struct execute_plan *plan, size_t n,
                    struct rowset *ret, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    struct types_value *values = calloc(n + 1, sizeof *values);
    if (!values)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    int rc = sqlite3_prepare_v3(c->db, plan->arguments, -1, 0, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        for (size_t i = 0; i < n; i++)
            values[i] = value_of(sqlite3_column_value(stmt, (int)i));
        rc = rowset_add(ret, values, n, err);
    } else {
        rc = errors_map(c, rc, NULL, NULL, err);
    }
    sqlite3_finalize(stmt);
    free(values);
    return rc;
}

int named_execute(struct store_conn *c, struct portal *p, struct err *err)
{
    const struct execute_plan *plan = p->prepared->plan;
    struct named *n = named_find(c, plan->name);
    struct portal *inner;
    struct rowset arguments;
    if (!n)
        return unknown(plan->name, err);
    if (tx_enter(c, false, err) < 0 || statement_refresh(c, &n->prepared, err) < 0)
        return -1;
    struct prepared *q = n->prepared;
    bool same = q == p->prepared->inner || q->ncolumns == p->prepared->ncolumns;
    if (!same || (q->returns_rows && portal_keep(c, p, err) < 0))
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "cached plan must not change result type");
    rowset_init(&arguments, c->store->path);
    int rc = plan->arguments ? named_arguments(c, plan, q->nparams, &arguments, err) : 0;
    if (rc == 0)
        rc = portal_open_inner(c, NULL, q, plan->arguments ? &arguments : NULL, &inner, err);
    rowset_release(&arguments);
    if (rc < 0)
        return -1;
    const struct portal_sink sink = {.to = p->rows};
    rc = portal_finish(c, inner, &sink, err);
    snprintf(p->tag, sizeof p->tag, "%s", q->returns_rows ? q->tag : inner->tag);
    p->counts = q->returns_rows;
    portal_close(c, inner);
    return rc;
}
