/* constraints.c: SET CONSTRAINTS: when this transaction's foreign keys are to hold.
 *
 * SQLite counts what is broken, and lets it be where a key is declared INITIALLY DEFERRED or, with
 * defer_foreign_keys, everywhere.  Keys that are to hold after each statement nonetheless are looked
 * at then, if anything is broken at all. */
#include "daemon/store/constraints.h"
#include "daemon/store/errors.h"
#include "daemon/store/transaction.h"

#include <stdlib.h>

bool keys_deferred(const struct store_conn *c, const struct store_foreign_key *f)
{
    for (size_t i = c->nkey_times; i > 0; i--) {
        const struct key_time *t = &c->key_times[i - 1];
        if (t->oid == f->oid || (t->oid == 0 && f->deferrable))
            return t->deferred;
    }
    return f->deferred;
}

static int add(struct store_conn *c, uint32_t oid, bool deferred, struct err *err)
{
    struct key_time *grown = realloc(c->key_times, (c->nkey_times + 1) * sizeof *grown);
    if (!grown)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    c->key_times = grown;
    grown[c->nkey_times++] = (struct key_time){oid, deferred, c->nsavepoints};
    return 0;
}

/* Does any key wait for the end that was not declared so? */
static bool any_deferred(const struct store_conn *c)
{
    for (size_t i = 0; i < c->nkey_times; i++)
        if (c->key_times[i].deferred)
            return true;
    return false;
}

int keys_begin(struct store_conn *c, struct err *err)
{
    return any_deferred(c) ? conn_exec(c, "PRAGMA defer_foreign_keys=ON", err) : 0;
}

bool keys_are_ours(const struct store_conn *c)
{
    return c->nkey_times > 0 || c->keys_late;
}

static bool broken(const struct store_conn *c)
{
    int now = 0, high;
    sqlite3_db_status(c->db, SQLITE_DBSTATUS_DEFERRED_FKS, &now, &high, 0);
    return now != 0;
}

int keys_hold(struct store_conn *c, struct err *err)
{
    return keys_are_ours(c) && broken(c) && errors_set(c, err) ? -1 : 0;
}

/* With the pragma SQLite has one count for all keys, and forgets it when the pragma is taken back. */
int keys_resume(struct store_conn *c, struct err *err)
{
    bool late = broken(c);
    c->keys_late = c->keys_late || late;
    return late || any_deferred(c) ? 0 : conn_exec(c, "PRAGMA defer_foreign_keys=OFF", err);
}

void keys_forget(struct store_conn *c, size_t depth)
{
    while (c->nkey_times > 0 && c->key_times[c->nkey_times - 1].depth > depth)
        c->nkey_times--;
}

void keys_raise(struct store_conn *c, size_t depth)
{
    for (size_t i = 0; i < c->nkey_times; i++)
        if (c->key_times[i].depth > depth)
            c->key_times[i].depth = depth;
}

/* -- the statement -- */

static bool in_schema(const struct store_conn *c, const struct store_table *t, const RangeVar *name)
{
    return name->schemaname ? strcmp(t->schema, name->schemaname) == 0
                            : store_catalog_rank(c->catalog, t->schema) >= 0;
}

static int not_deferrable(const char *name, struct err *err)
{
    return err_set(err, SQLSTATE_WRONG_OBJECT_TYPE, "constraint \"%s\" is not deferrable", name);
}

/* All constraints of the name in ${t}; ${ret_known}: there is one. */
static int add_named(struct store_conn *c, const struct store_table *t, const char *name,
                     bool deferred, bool *ret_known, struct err *err)
{
    for (size_t k = 0; k < t->nforeign_keys; k++) {
        if (strcmp(t->foreign_keys[k].name, name) != 0)
            continue;
        *ret_known = true;
        if (!t->foreign_keys[k].deferrable)
            return not_deferrable(name, err);
        if (add(c, t->foreign_keys[k].oid, deferred, err) < 0)
            return -1;
    }
    bool other = false;
    for (size_t k = 0; k < t->nchecks; k++)
        other = other || strcmp(t->checks[k].name, name) == 0;
    for (size_t k = 0; k < t->nkeys; k++)
        other = other || (t->keys[k].constraint_oid && strcmp(t->keys[k].name, name) == 0);
    *ret_known = *ret_known || other;
    return other ? not_deferrable(name, err) : 0;
}

static int add_all_named(struct store_conn *c, const RangeVar *name, bool deferred,
                         struct err *err)
{
    bool known = false;
    for (size_t i = 0; i < c->catalog->ntables; i++) {
        const struct store_table *t = &c->catalog->tables[i];
        if (in_schema(c, t, name) &&
            add_named(c, t, name->relname, deferred, &known, err) < 0)
            return -1;
    }
    return known ? 0
                 : err_set(err, SQLSTATE_UNDEFINED_OBJECT, "constraint \"%s\" does not exist",
                           name->relname);
}

int keys_set(struct store_conn *c, const ConstraintsSetStmt *s, bool for_good, struct err *err)
{
    size_t before = c->nkey_times;
    int rc = s->constraints ? 0 : add(c, 0, s->deferred, err);
    ListCell *cell;
    foreach (cell, s->constraints)
        if (rc == 0)
            rc = add_all_named(c, lfirst(cell), s->deferred, err);
    if (rc == 0 && for_good && !s->deferred)
        rc = keys_hold(c, err);
    if (rc < 0 || !for_good)
        c->nkey_times = before;
    return rc;
}
