/* statement.c: a text becomes a prepared statement: split, classed, translated, kept.
 *
 * Everything that touches PostgreSQL's tree happens in the bodies given to parse_protect; what must
 * live longer is copied into the statement's own arena before the body returns. */
#include "daemon/store/brief.h"
#include "daemon/store/create_as.h"
#include "daemon/store/follow.h"
#include "daemon/store/guc.h"
#include "daemon/store/transaction.h"
#include "daemon/store/translate.h"
#include "policy/guard.h"
#include "policy/nodes.h"
#include "policy/parse.h"

#include <stdlib.h>

static int guarded(struct slice sql, struct err *err)
{
    return guard_check(&rules_default, sql, NULL, err);
}

/* -- splitting -- */

struct split {
    const char *sql;
    struct statement_place *places;
    size_t n;
};

static int characters(const char *text, size_t len)
{
    int n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

static int split_body(void *arg, struct err *err)
{
    struct split *s = arg;
    List *list;
    ListCell *cell;
    size_t total = strlen(s->sql);
    if (parse_sql(s->sql, (void **)&list, err) < 0)
        return -1;
    s->places = calloc((size_t)list_length(list) + 1, sizeof *s->places);
    if (!s->places)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    foreach (cell, list) {
        const RawStmt *raw = lfirst(cell);
        struct statement_place *p = &s->places[s->n++];
        p->offset = (size_t)raw->stmt_location;
        p->len = raw->stmt_len ? (size_t)raw->stmt_len : total - p->offset;
        p->characters = characters(s->sql, p->offset);
    }
    return 0;
}

/* Without a semicolon before its end it is one statement at most: it is parsed, once, when that is
 * prepared. */
static int whole(size_t len, struct statement_place **ret, size_t *ret_n, struct err *err)
{
    struct statement_place *place = calloc(1, sizeof *place);
    if (!place)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    place->len = len;
    *ret = place;
    *ret_n = 1;
    return 0;
}

int statement_split(const char *sql, struct statement_place **ret, size_t *ret_n, struct err *err)
{
    struct split s = {.sql = sql};
    size_t before = strcspn(sql, ";");
    if (!sql[before] || !sql[before + 1])
        return whole(before, ret, ret_n, err);
    if (guarded((struct slice){sql, strlen(sql)}, err) < 0)
        return -1;
    if (parse_protect(split_body, &s, err) < 0) {
        free(s.places);
        return -1;
    }
    *ret = s.places;
    *ret_n = s.n;
    return 0;
}

/* -- analysis -- */

struct analysis {
    struct store_conn *c;
    struct prepared *p;
    const char *text; /* p->sql, or with the semicolon behind it: errors are about that, too */
};

static bool is_query(const Node *stmt)
{
    switch (nodeTag(stmt)) {
    case T_SelectStmt:
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
    case T_MergeStmt:
        return true;
    default:
        return false;
    }
}

static bool writes_at_sight(const Node *stmt)
{
    return !IsA(stmt, SelectStmt) || ((const SelectStmt *)stmt)->lockingClause != NIL;
}

/* The table that ${name}, NULL for any, is in FROM. */
static const char *table_of(const SelectStmt *s, const char *name)
{
    ListCell *cell;
    foreach (cell, s->fromClause) {
        const RangeVar *rv = lfirst(cell);
        if (IsA(rv, RangeVar) &&
            (!name || strcmp(rv->alias ? rv->alias->aliasname : rv->relname, name) == 0))
            return rv->relname;
    }
    return name ? name : "";
}

/* NOWAIT: the table that an error would name; ${ret_skip}: SKIP LOCKED. */
static const char *nowait_of(const Node *stmt, bool *ret_skip)
{
    ListCell *cell;
    const SelectStmt *s = (const SelectStmt *)stmt;
    foreach (cell, IsA(stmt, SelectStmt) ? s->lockingClause : NIL) {
        const LockingClause *lock = lfirst(cell);
        const RangeVar *of = lock->lockedRels ? linitial(lock->lockedRels) : NULL;
        *ret_skip = lock->waitPolicy == LockWaitSkip;
        if (lock->waitPolicy != LockWaitBlock)
            return table_of(s, of ? of->relname : NULL);
    }
    return NULL;
}

static bool is_transaction_exit(const Node *stmt)
{
    if (!IsA(stmt, TransactionStmt))
        return false;
    switch (((const TransactionStmt *)stmt)->kind) {
    case TRANS_STMT_COMMIT:
    case TRANS_STMT_ROLLBACK:
    case TRANS_STMT_ROLLBACK_TO:
    case TRANS_STMT_PREPARE:
        return true;
    default:
        return false;
    }
}

static int one_column(struct store_conn *c, struct prepared *p, const char *name, struct err *err)
{
    (void)c;
    p->columns = arena_alloc(&p->arena, sizeof *p->columns);
    if (!p->columns)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    p->columns[0] = (struct msg_field){.name = arena_strdup(&p->arena, name),
                                       .type_oid = TYPES_TEXT,
                                       .type_len = -1,
                                       .typmod = -1};
    p->ncolumns = 1;
    p->returns_rows = true;
    return 0;
}

static int show_columns(struct store_conn *c, struct prepared *p, const char *name, struct err *err)
{
    static const char *const all[] = {"name", "setting", "description"};
    if (strcmp(name, "all") != 0) {
        const char *known = guc_name(c, name);
        if (!known)
            return guc_unknown(name, err);
        return one_column(c, p, known, err);
    }
    p->columns = arena_alloc(&p->arena, 3 * sizeof *p->columns);
    if (!p->columns)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    for (size_t i = 0; i < 3; i++)
        p->columns[i] = (struct msg_field){
            .name = all[i], .type_oid = TYPES_TEXT, .type_len = -1, .typmod = -1};
    p->ncolumns = 3;
    p->returns_rows = true;
    return 0;
}

static void keep_steps(struct prepared *p, const struct translate_result *t)
{
    p->nsteps = t->nsteps;
    p->nslots = t->nslots;
    p->nwatched = t->nwatched;
    p->watched = arena_copy(&p->arena, t->watched, t->nwatched * sizeof *t->watched);
    p->steps = arena_copy(&p->arena, t->steps, t->nsteps * sizeof *t->steps);
    for (size_t i = 0; i < t->nsteps && p->steps; i++) {
        p->steps[i].sql = arena_strdup(&p->arena, t->steps[i].sql);
        if (p->steps[i].word)
            p->steps[i].word = arena_strdup(&p->arena, t->steps[i].word);
    }
}

static int keep_translation(struct prepared *p, const struct translate_result *t, struct err *err)
{
    static const char *const tags[] = {
        [TRANSLATE_SELECT] = "SELECT", [TRANSLATE_INSERT] = "INSERT 0",
        [TRANSLATE_UPDATE] = "UPDATE", [TRANSLATE_DELETE] = "DELETE",
        [TRANSLATE_MERGE] = "MERGE",
    };
    p->tag = tags[t->tag];
    p->modifies = t->tag != TRANSLATE_SELECT;
    p->returns_rows = !p->modifies || t->ncolumns > 0;
    p->writes = t->writes;
    p->settings = t->settings;
    p->target_oid = t->target_oid;
    p->sqlite = arena_strdup(&p->arena, t->sql);
    p->folds = t->folds ? arena_strdup(&p->arena, t->folds) : NULL;
    p->nparams = t->nparams;
    p->params = arena_copy(&p->arena, t->params, t->nparams * sizeof *t->params);
    p->ncolumns = t->ncolumns;
    p->columns = arena_alloc(&p->arena, t->ncolumns * sizeof *p->columns);
    p->domains = arena_alloc(&p->arena, t->ncolumns * sizeof *p->domains);
    for (size_t i = 0; i < t->ncolumns && p->columns && p->domains; i++) {
        const struct translate_column *from = &t->columns[i];
        p->domains[i] = from->domain;
        p->columns[i] = (struct msg_field){.name = arena_strdup(&p->arena, from->name),
                                           .table_oid = from->table_oid,
                                           .attnum = from->attnum,
                                           .type_oid = from->type_oid,
                                           .type_len = from->type_len,
                                           .typmod = from->typmod};
    }
    keep_steps(p, t);
    return p->arena.failed ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory") : 0;
}

/* The translator counts bytes, clients count characters. */
void statement_position(const char *sql, struct err *err)
{
    size_t bytes = err->position > 0 ? (size_t)err->position - 1 : 0, len = strlen(sql);
    if (err->position > 0)
        err->position = characters(sql, bytes < len ? bytes : len) + 1;
}

/* Has it a predicate, or an expression? */
static bool by_constants(const struct store_key *k)
{
    bool any = k->partial;
    for (size_t i = 0; i < k->nattnums; i++)
        any = any || k->attnums[i] == 0;
    return any;
}

static int may_use(const void *arg, const struct store_table *t, struct err *err)
{
    const struct analysis *a = arg;
    for (size_t i = 0; i < t->nkeys; i++)
        a->p->needs_constants |= by_constants(&t->keys[i]);
    return a->c->lent ? brief_may_use(a->c, t, err) : follow_may_use(a->c, t, err);
}

static int go_on(const void *arg, size_t nodes, struct err *err)
{
    struct store_conn *c = ((const struct analysis *)arg)->c;
    if (c->lent)
        return nodes > BRIEF_NODES ? brief_decline(c, err) : 0;
    return store_ended(&c->context) ? errors_map(c, SQLITE_INTERRUPT, NULL, NULL, err) : 0;
}

static int analyse_query(struct analysis *a, const RawStmt *raw, struct err *err)
{
    struct prepared *p = a->p;
    struct translate_result t;
    bool write = a->c->eager && !p->inside && !a->c->read_only && writes_at_sight(raw->stmt);
    const char *nowait = nowait_of(raw->stmt, &p->skips);
    p->nowait = nowait ? arena_strdup(&p->arena, nowait) : NULL;
    write = write && !nowait;
    if ((a->c->eager && tx_fresh(a->c, write, err) < 0) || tx_enter(a->c, write, err) < 0)
        return -1;
    p->generation = a->c->catalog->generation;
    p->path = arena_strdup(&p->arena, a->c->catalog->path_setting);
    memset(&t, 0, sizeof t);
    a->c->catalog->may_use = may_use;
    a->c->catalog->go_on = go_on;
    a->c->catalog->may_use_arg = a;
    a->c->catalog->no_views = a->c->guc.no_views;
    int rc = translate(a->c->catalog, raw, p->sql, p->oids, p->noids, &t, err);
    a->c->catalog->may_use = NULL;
    a->c->catalog->go_on = NULL;
    a->c->catalog->no_views = false;
    if (rc < 0 && a->c->lent)
        return brief_decline(a->c, err);
    if (rc < 0) {
        statement_position(p->sql, err);
        return -1;
    }
    return keep_translation(p, &t, err);
}

static struct prepared *prepared_new(struct slice sql, const uint32_t *oids, size_t noids)
{
    struct prepared *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->refs = 1;
    char *text = arena_alloc(&p->arena, sql.len + 1);
    if (text)
        memcpy(text, sql.data, sql.len);
    p->sql = text;
    p->oids = arena_copy(&p->arena, oids, noids * sizeof *oids);
    p->noids = noids;
    if (p->arena.failed) {
        prepared_unref(p);
        return NULL;
    }
    return p;
}

int statement_inner(struct store_conn *c, const char *sql, void *stmt, const uint32_t *oids,
                    size_t noids, struct prepared **ret, struct err *err)
{
    struct prepared *p = prepared_new((struct slice){sql, strlen(sql)}, oids, noids);
    if (!p)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    struct analysis a = {c, p, p->sql};
    const RawStmt raw = {.type = T_RawStmt, .stmt = stmt};
    p->inside = true;
    p->kind = PREPARED_QUERY;
    if (analyse_query(&a, &raw, err) < 0) {
        prepared_unref(p);
        return -1;
    }
    *ret = p;
    return 0;
}

/* A name that PREPARE has made: what it is for stands inside its text. */
static int analyse_inside(struct analysis *a, const RawStmt *raw, struct err *err)
{
    const RawStmt inner = {.type = T_RawStmt, .stmt = ((const PrepareStmt *)raw->stmt)->query};
    a->p->kind = PREPARED_QUERY;
    return analyse_query(a, &inner, err);
}

static int analyse_body(void *arg, struct err *err)
{
    struct analysis *a = arg;
    struct prepared *p = a->p;
    List *list;
    if (parse_sql(a->text, (void **)&list, err) < 0)
        return -1;
    if (list_length(list) > 1)
        return err_set(err, SQLSTATE_SYNTAX_ERROR,
                       "cannot insert multiple commands into a prepared statement");
    if (list == NIL) {
        p->kind = PREPARED_EMPTY;
        return 0;
    }
    RawStmt *raw = linitial(list);
    if (p->inside)
        return analyse_inside(a, raw, err);
    CreateTableAsStmt *create_as = create_as_of(raw->stmt);
    if (create_as)
        raw->stmt = (Node *)create_as;
    p->kind = is_query(raw->stmt) ? PREPARED_QUERY : PREPARED_UTILITY;
    p->transaction_exit = is_transaction_exit(raw->stmt);
    if (!p->transaction_exit && tx_check(a->c, err) < 0)
        return -1;
    if (p->kind == PREPARED_QUERY)
        return analyse_query(a, raw, err);
    if (IsA(raw->stmt, VariableShowStmt))
        return show_columns(a->c, p, ((const VariableShowStmt *)raw->stmt)->name, err);
    return verb_analyse(a->c, p, raw->stmt, err);
}

static int analyse(struct store_conn *c, struct slice sql, const uint32_t *oids, size_t noids,
                   bool inside, struct prepared **ret, struct err *err)
{
    if (c->lent && !brief_is_query(sql))
        return brief_decline(c, err);
    struct prepared *p = prepared_new(sql, oids, noids);
    if (!p)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    bool ended = sql.data[sql.len] == ';' && sql.data[sql.len + 1] == '\0';
    struct analysis a = {c, p, ended ? sql.data : p->sql};
    p->inside = inside;
    if (guarded(sql, err) < 0 || parse_protect(analyse_body, &a, err) < 0) {
        prepared_unref(p);
        return -1;
    }
    *ret = p;
    return 0;
}

/* Do names still mean what they meant when it was translated? */
static bool is_current(const struct store_conn *c, const struct prepared *p)
{
    return p->generation == c->catalog->generation && strcmp(p->path, c->catalog->path_setting) == 0;
}

int statement_enter(struct store_conn *c, const struct prepared *p, struct err *err)
{
    bool write = c->eager && p->writes && !p->nowait && !c->read_only;
    return (c->eager && tx_fresh(c, write, err) < 0) || tx_enter(c, write, err) < 0 ? -1 : 0;
}

int statement_prepare(struct store_conn *c, struct slice sql, const uint32_t *oids, size_t noids,
                      struct prepared **ret, struct err *err)
{
    if (c->tx != TX_FAILED) {
        struct prepared *hit = statement_cache_find(c, sql, oids, noids);
        if (hit) {
            hit->refs++;
            if (statement_enter(c, hit, err) < 0) {
                prepared_unref(hit);
                return -1;
            }
            if (is_current(c, hit)) {
                *ret = hit;
                return 0;
            }
            prepared_unref(hit);
        }
    }
    if (analyse(c, sql, oids, noids, false, ret, err) < 0)
        return -1;
    if ((*ret)->kind == PREPARED_QUERY && !(*ret)->settings)
        statement_cache_add(c, *ret);
    return 0;
}

int statement_prepare_once(struct store_conn *c, struct slice sql, struct prepared **ret, struct err *err)
{
    return analyse(c, sql, NULL, 0, false, ret, err);
}

static bool same_shape(const struct prepared *a, const struct prepared *b)
{
    if (a->ncolumns != b->ncolumns)
        return false;
    for (size_t i = 0; i < a->ncolumns; i++)
        if (a->columns[i].type_oid != b->columns[i].type_oid ||
            a->columns[i].typmod != b->columns[i].typmod ||
            strcmp(a->columns[i].name, b->columns[i].name) != 0)
            return false;
    return true;
}

/* What another cursor, name or catalog would make of the statement inside. */
static bool is_stale(const struct store_conn *c, const struct prepared *p)
{
    if (p->verb == VERB_FETCH || p->verb == VERB_EXECUTE)
        return true;
    const struct prepared *query = p->kind == PREPARED_QUERY ? p : p->inner;
    return query && !is_current(c, query);
}

int statement_refresh(struct store_conn *c, struct prepared **p, struct err *err)
{
    struct prepared *old = *p, *fresh;
    if (!is_stale(c, old))
        return 0;
    struct slice sql = {old->sql, strlen(old->sql)};
    int rc = old->inside ? analyse(c, sql, old->oids, old->noids, true, &fresh, err)
                         : statement_prepare(c, sql, old->oids, old->noids, &fresh, err);
    if (rc < 0)
        return -1;
    if (old->kind == PREPARED_QUERY && !same_shape(old, fresh)) {
        prepared_unref(fresh);
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "cached plan must not change result type");
    }
    prepared_unref(old);
    *p = fresh;
    return 0;
}
