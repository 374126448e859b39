#include "policy/policy.h"

#include "policy/cache.h"
#include "policy/guard.h"
#include "policy/notify.h"
#include "policy/parse.h"
#include "policy/plan_make.h"
#include "policy/shape.h"
#include "policy/splice.h"
#include "policy/splice_tokens.h"
#include "policy/type_oids.h"
#include "policy/utility.h"
#include "policy/utility_named.h"
#include "policy/verify.h"
#include "protocol/sqlstate.h"

#include <stdlib.h>
#include <string.h>

/* What one call works on.  Lives outside of PostgreSQL's memory, so that an error raised in there loses
 * nothing. */
struct work {
    const struct policy_request *req;
    struct catalog *catalog; /* the request's, as the tenant sees it */
    char *sql;             /* NUL-terminated copy */
    struct scan_list scanned;
    struct tokens tokens;  /* of all of it: what was scanned */
    struct decision *decision;
    size_t cap;
    bool whole_fences;     /* second try, see scope.h */
    bool untyped;          /* as the request, but PREPARE has types of its own */
    bool resets;           /* one of the statements is RESET ALL */
    bool returned;         /* false: an error was raised past our own code */
    bool parsed;           /* positions are byte offsets + 1 from here on, not characters */
    bool no_memory;
};

enum { FIRST_USER_OID = 16384 }; /* PostgreSQL's FirstNormalObjectId */
enum { HEAVY_BYTES = 8 * 1024 }; /* measured: about 0.25 us for a byte, of an ordinary statement */

bool policy_is_heavy(struct slice sql)
{
    return sql.len > HEAVY_BYTES;
}

void decision_unref(struct decision *d)
{
    if (!d || --d->refs > 0)
        return;
    for (size_t i = 0; i < d->nplans; i++)
        plan_unref(d->plans[i]);
    template_free(d->template);
    free(d);
}

/* -- plans -- */

static struct plan *add_plan(struct work *w)
{
    if (w->decision->nplans == w->cap) {
        size_t cap = 2 * w->cap;
        struct decision *wider =
            realloc(w->decision, sizeof *wider + cap * sizeof(struct plan *));
        if (!wider)
            goto fail_memory;
        w->decision = wider;
        w->cap = cap;
    }
    struct plan *p = plan_new();
    if (!p)
        goto fail_memory;
    w->decision->plans[w->decision->nplans++] = p;
    return p;
fail_memory:
    w->no_memory = true;
    return NULL;
}

/* Byte offset + 1 in the client's text to character number. */
static int characters(const struct work *w, int position)
{
    int n = 0;
    for (int i = 0; i < position && (size_t)i < w->req->sql.len; i++)
        n += ((unsigned char)w->sql[i] & 0xc0) != 0x80;
    return n;
}

static void refuse(struct work *w, struct plan *p, const struct err *err)
{
    p->refused = true;
    p->err = malloc(sizeof *p->err);
    if (!p->err) {
        w->no_memory = true;
        return;
    }
    *p->err = *err;
    if (!err->hint[0] && !strcmp(err->sqlstate, SQLSTATE_INSUFFICIENT_PRIVILEGE))
        rules_hint(w->req->rules, NULL, NULL, p->err); /* built-in rules have no place of their own */
    if (w->parsed && p->err->position > 0)
        p->err->position = characters(w, p->err->position);
}

static void drop_plans(struct work *w)
{
    while (w->decision->nplans > 0)
        plan_unref(w->decision->plans[--w->decision->nplans]);
}

/* One refused plan for the whole text. */
static void refuse_all(struct work *w, enum plan_class class, const struct err *err)
{
    drop_plans(w);
    struct plan *p = add_plan(w);
    if (!p)
        return;
    p->class = class;
    p->source_len = (uint32_t)w->req->sql.len;
    refuse(w, p, err);
    if (p->err && w->req->confined && w->req->rules->hints && !err->hint[0] &&
        !strcmp(err->sqlstate, SQLSTATE_SYNTAX_ERROR)) /* it may be right in a newer version */
        err_hint(p->err, "Statements are read as PostgreSQL " PG_MAJORVERSION " reads them.");
}

static int no_memory(struct work *w, struct err *err)
{
    w->no_memory = true;
    return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

/* -- the text of a plan -- */

/* No more parameters than there are of these. */
static size_t dollars(const char *text, size_t len)
{
    size_t n = 0;
    for (const char *at = text; (at = memchr(at, '$', len - (size_t)(at - text))); at++)
        n++;
    return n;
}

static uint32_t highest_param(const struct tokens *t)
{
    uint32_t highest = 0;
    for (int i = 0; i < t->n; i++)
        if (t->items[i].kind == SCAN_PARAM && scan_param(t->text, &t->items[i]) > highest)
            highest = scan_param(t->text, &t->items[i]);
    return highest;
}

/* Which of $1 ... $nparams stand only once?  Theirs is the type that the one place gives them. */
static const bool *params_once(const struct tokens *t, uint32_t nparams)
{
    bool *once = palloc0(nparams + 1u), *seen = palloc0(nparams + 1u);
    for (int i = 0; i < t->n; i++) {
        uint32_t n = t->items[i].kind == SCAN_PARAM ? scan_param(t->text, &t->items[i]) : 0;
        if (n < 1 || n > nparams)
            continue;
        once[n - 1] = !seen[n - 1];
        seen[n - 1] = true;
    }
    return once;
}

static void find_between(struct plan *p, uint32_t from, uint32_t to, uint32_t hidden)
{
    struct scan s = scan_of(p->text, to);
    s.at = from;
    for (struct scan_token t = scan_next(&s); t.kind != SCAN_END; t = scan_next(&s))
        if (t.kind == SCAN_PARAM && scan_param(p->text, &t) == hidden)
            p->places[p->nplaces++] = (struct plan_place){t.start, t.end - t.start};
}

/* Where the tenant's value stands in the plan's text: between the client's own words, which do not know it. */
static int find_places(struct plan *p, uint32_t hidden)
{
    size_t most = dollars(p->text, p->text_len);
    if (most == 0)
        return 0;
    p->places = calloc(most, sizeof *p->places);
    if (!p->places)
        return -1;
    uint32_t at = 0;
    for (uint32_t i = 0; i < p->nruns; i++) {
        find_between(p, at, p->runs[i].offset, hidden);
        at = p->runs[i].offset + p->runs[i].len;
    }
    find_between(p, at, p->text_len, hidden);
    p->hidden = p->nplaces > 0;
    return 0;
}

static int set_text(struct work *w, struct plan *p, const char *text, size_t len, struct err *err)
{
    p->text = malloc(len + 1);
    if (!p->text)
        return no_memory(w, err);
    memcpy(p->text, text, len);
    p->text[len] = '\0';
    p->text_len = (uint32_t)len;
    return 0;
}

/* Where the client's own words stand in the plan's text: positions in errors are mapped back by it. */
static int set_runs(struct work *w, struct plan *p, const struct run *runs, int n, struct err *err)
{
    p->runs = calloc((size_t)n + 1, sizeof *p->runs);
    if (!p->runs)
        return no_memory(w, err);
    uint32_t counted = 0;
    int position = 1;
    for (int i = 0; i < n; i++) {
        for (; counted < runs[i].source; counted++)
            position += ((unsigned char)w->sql[counted] & 0xc0) != 0x80;
        p->runs[i] = (struct plan_run){runs[i].offset, runs[i].len, position};
    }
    p->nruns = (uint32_t)n;
    return 0;
}

/* -- one statement -- */

static int scope(struct scoper *s, Node *stmt, char **ret_text)
{
    if (scope_statement(s, stmt) < 0 || verify_relations(s, stmt) < 0 ||
        splice_text(s, ret_text) < 0)
        return -1;
    scope_tree_apply(s, stmt);
    return verify_text(s, *ret_text, stmt);
}

static struct authorise authorise_of(const struct work *w)
{
    return (struct authorise){.rules = w->req->rules,
                              .catalog = w->catalog,
                              .isolation = w->req->isolation,
                              .schema = w->req->schema};
}

static struct scoper scoper_of(struct work *w, const struct plan *p, const struct tokens *t,
                               struct err *err)
{
    return (struct scoper){.auth = authorise_of(w),
                           .rules = w->req->rules,
                           .catalog = w->catalog,
                           .database = w->req->database,
                           .sql = w->sql,
                           .start = p->source_offset,
                           .end = p->source_offset + p->source_len,
                           .tokens = t,
                           .nparams = p->nparams,
                           .param_once = params_once(t, p->nparams),
                           .untyped = w->untyped,
                           .whole_fences = w->whole_fences,
                           .err = err};
}

static void tell_relations(const struct policy_request *req, const struct scoper *s)
{
    ListCell *cell;
    if (req->on_relation)
        foreach (cell, s->accesses) {
            const struct access *a = lfirst(cell);
            const struct catalog_column *column = scope_own_column(a);
            req->on_relation(req->arg, &(struct policy_relation){
                                           .relation = a->rel,
                                           .kind = a->kind,
                                           .entry = a->entry,
                                           .column = column ? column->name : NULL,
                                           .parent = a->parent ? a->parent->rel : NULL});
        }
}

static int set_check(struct work *w, struct plan *p, const char *text, struct err *err)
{
    if (!text)
        return 0;
    struct plan *check = p->copy->check = plan_new();
    if (!check)
        return no_memory(w, err);
    if (set_text(w, check, text, strlen(text), err) < 0)
        return -1;
    return find_places(check, p->nparams + 1u) < 0 ? no_memory(w, err) : 0;
}

static int note_copy(struct work *w, struct plan *p, const Node *stmt, struct err *err)
{
    const CopyStmt *copy = IsA(stmt, CopyStmt) ? (const CopyStmt *)stmt : NULL;
    p->literal = copy != NULL;
    if (!copy || !copy->is_from || copy->filename || copy->is_program)
        return 0;
    p->copy = calloc(1, sizeof *p->copy);
    return p->copy ? 0 : no_memory(w, err);
}

static int set_copy(struct work *w, struct plan *p, const struct copy_in *in, struct err *err)
{
    if (!in)
        return 0;
    p->copy->fills = in->fills != NULL;
    p->copy->format = in->format;
    if (in->fills) {
        p->copy->type_oid = in->fills->type_oid;
        p->copy->column = strdup(in->fills->name);
        if (!p->copy->column)
            return no_memory(w, err);
    }
    return set_check(w, p, in->check, err);
}

static bool is_query(const Node *stmt)
{
    return IsA(stmt, SelectStmt) || IsA(stmt, InsertStmt) || IsA(stmt, UpdateStmt) ||
           IsA(stmt, DeleteStmt) || IsA(stmt, MergeStmt);
}

static int decide_query(struct work *w, struct plan *p, const struct tokens *t, Node *stmt,
                        struct err *err)
{
    struct scoper s = scoper_of(w, p, t, err);
    char *text = NULL;
    int status = scope(&s, stmt, &text);
    tell_relations(w->req, &s);
    if (s.writes && p->class == PLAN_READ)
        p->class = PLAN_WRITE;
    p->notifies = s.notifies;
    p->locks = s.locks;
    p->unlocks = s.unlocks;
    if (status < 0 || set_text(w, p, text, strlen(text), err) < 0 ||
        set_runs(w, p, s.runs, s.nruns, err) < 0)
        return -1;
    if (find_places(p, p->nparams + 1u) < 0 || (s.cursor && !(p->cursor = strdup(s.cursor))))
        return no_memory(w, err);
    if (set_copy(w, p, s.copy_in, err) < 0)
        return -1;
    return p->class == PLAN_EXECUTE ? splice_note_execute(p, err) : 0;
}

static int set_types(struct work *w, struct plan *p, const List *types, struct err *err)
{
    const struct authorise auth = authorise_of(w);
    if (list_length(types) >= UINT16_MAX)
        return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "too many parameters");
    p->types = calloc((size_t)list_length(types) + 1, sizeof *p->types);
    if (!p->types)
        return no_memory(w, err);
    ListCell *cell;
    foreach (cell, types) {
        const TypeName *type = lfirst_node(TypeName, cell);
        if (authorise_type(&auth, type, err) < 0)
            return -1;
        uint32_t oid = type_oids_of(w->catalog, type);
        bool moves = auth.isolation == ISOLATION_SCHEMA && oid >= FIRST_USER_OID;
        p->types[p->ntypes++] = moves ? 0 : oid; /* another type in each tenant's schema */
    }
    return 0;
}

/* The first token of the query in PREPARE name (types) AS query; 0: not found. */
static uint32_t prepared_start(const struct tokens *t)
{
    for (int i = 1; i + 1 < t->n; i = t->match[i] > i ? t->match[i] + 1 : i + 1)
        if (scan_is_word(t->text, &t->items[i], "as"))
            return t->items[i + 1].start;
    return 0;
}

/* PREPARE: the statement in it is decided as if it had come alone. */
static int decide_prepare(struct work *w, struct plan *p, const struct tokens *t,
                          const PrepareStmt *stmt, struct err *err)
{
    const struct authorise auth = authorise_of(w);
    const RawStmt raw = {.type = T_RawStmt, .stmt = stmt->query};
    uint32_t start = prepared_start(t), end = p->source_offset + p->source_len;
    if (start == 0)
        return err_set(err, SQLSTATE_INTERNAL_ERROR, "self-check failed: PREPARE is not as meant");
    if (set_types(w, p, stmt->argtypes, err) < 0)
        return -1;
    struct plan *query = p->prepared = plan_new();
    if (!query)
        return no_memory(w, err);
    w->untyped = false;
    query->source_offset = start;
    query->source_len = end - start;
    query->nparams = p->nparams > p->ntypes ? p->nparams : p->ntypes;
    query->query = true;
    const struct tokens part = tokens_part(t, start, end);
    return utility_decide(&auth, &raw, true, query, err) < 0
               ? -1
               : decide_query(w, query, &part, stmt->query, err);
}

static int decide_notify(struct work *w, struct plan *p, const struct tokens *t,
                         const NotifyStmt *stmt, struct err *err)
{
    struct scoper s = scoper_of(w, p, t, err);
    char *text = NULL;
    if (notify_text(&s, stmt, &text) < 0 || set_text(w, p, text, strlen(text), err) < 0)
        return -1;
    return find_places(p, p->nparams + 1u) < 0 ? no_memory(w, err) : 0;
}

static int decide_stmt(struct work *w, struct plan *p, RawStmt *raw, struct err *err)
{
    struct authorise auth = authorise_of(w);
    bool clears = w->resets && w->req->confined && utility_clears(raw->stmt, p);
    int decided = clears ? 1 : utility_decide(&auth, raw, w->req->confined, p, err);
    if (decided < 0)
        return -1;
    const struct tokens t = tokens_part(&w->tokens, p->source_offset, p->source_offset + p->source_len);
    uint32_t nparams = highest_param(&t);
    if (nparams > UINT16_MAX)
        return err_set(err, SQLSTATE_UNDEFINED_PARAMETER, "there is no parameter $%u", nparams);
    p->nparams = (uint16_t)nparams;
    p->query = is_query(raw->stmt);
    if (p->class == PLAN_PREPARE) {
        int r = decide_prepare(w, p, &t, (const PrepareStmt *)raw->stmt, err);
        p->nparams = 0; /* those in it are of the statement that it prepares */
        return r;
    }
    if (IsA(raw->stmt, PrepareStmt))
        p->nparams = 0;
    if (p->class == PLAN_NOTIFY && decided == 0)
        return decide_notify(w, p, &t, (const NotifyStmt *)raw->stmt, err);
    if (note_copy(w, p, raw->stmt, err) < 0)
        return -1;
    if (decided == 0 && w->req->confined)
        return decide_query(w, p, &t, raw->stmt, err);
    const struct run all = {0, p->source_len, p->source_offset};
    return set_text(w, p, w->sql + p->source_offset, p->source_len, err) < 0
               ? -1
               : set_runs(w, p, &all, 1, err);
}

/* From its first token to the end of its last. */
static void set_source(const struct work *w, struct plan *p, const RawStmt *raw)
{
    uint32_t start = (uint32_t)raw->stmt_location;
    uint32_t end = raw->stmt_len > 0 ? start + (uint32_t)raw->stmt_len : (uint32_t)w->req->sql.len;
    const struct tokens *t = &w->tokens;
    int first = tokens_begun(t, start), last = tokens_begun(t, end) - 1;
    while (first < last && scan_is_char(w->sql, &t->items[first], ';')) /* empty statements before */
        first++;
    while (first < last && scan_is_char(w->sql, &t->items[last], ';'))
        last--;
    if (first > last)
        return; /* scanned otherwise than parsed: nothing is left to run */
    p->source_offset = t->items[first].start;
    end = t->items[last].end < end ? t->items[last].end : end;
    p->source_len = end - p->source_offset;
}

static bool is_internal(const struct err *err)
{
    return !strcmp(err->sqlstate, SQLSTATE_INTERNAL_ERROR);
}

static int decide_all(struct work *w, struct err *err)
{
    void *parsed;
    if (parse_sql(w->sql, &parsed, err) < 0)
        return -1;
    w->parsed = true;
    List *statements = parsed;
    if (w->req->single && list_length(statements) > 1)
        return err_set(err, SQLSTATE_SYNTAX_ERROR,
                       "cannot insert multiple commands into a prepared statement");
    w->resets = utility_resets(statements);
    for (int i = 0; i < list_length(statements); i++) {
        RawStmt *raw = list_nth_node(RawStmt, statements, i);
        struct plan *p = add_plan(w);
        if (!p)
            return no_memory(w, err);
        set_source(w, p, raw);
        err_reset(err);
        if (decide_stmt(w, p, raw, err) < 0 && is_internal(err) && !w->whole_fences)
            return -1; /* all of it once more */
        if (err->sqlstate[0])
            refuse(w, p, err);
        if (w->no_memory)
            return -1;
    }
    if (!statements && !add_plan(w)) /* PLAN_EMPTY */
        return no_memory(w, err);
    return 0;
}

static int body(void *arg, struct err *err)
{
    struct work *w = arg;
    int status = decide_all(w, err);
    w->returned = true;
    return status;
}

/* Where conditions cannot be told apart in the text, a second try fences them as a whole. */
static int decide(struct work *w, struct err *err)
{
    w->parsed = true;
    if (guard_check(w->req->rules, w->req->sql, &w->scanned, err) < 0)
        return -1;
    w->parsed = false;
    w->tokens = (struct tokens){.text = w->sql, .n = (int)w->scanned.n, .items = w->scanned.items};
    int status = parse_protect(body, w, err);
    if (status == 0 || !w->parsed || w->no_memory || (w->returned && !is_internal(err)))
        return status;
    drop_plans(w);
    w->whole_fences = true;
    w->returned = false;
    err_reset(err);
    status = parse_protect(body, w, err);
    if (status < 0 && !w->returned && !w->no_memory)
        err_set(err, SQLSTATE_INTERNAL_ERROR,
                "self-check failed: the confined statement cannot be parsed");
    return status;
}

static int work_init(struct work *w, const struct policy_request *req)
{
    enum { FIRST_PLANS = 1 };
    *w = (struct work){.req = req, .untyped = req->untyped, .cap = FIRST_PLANS};
    w->catalog = req->schema ? catalog_within(req->catalog, req->schema) : catalog_ref(req->catalog);
    w->sql = malloc(req->sql.len + 1);
    w->decision = calloc(1, sizeof *w->decision + FIRST_PLANS * sizeof(struct plan *));
    if (!w->catalog || !w->sql || !w->decision) {
        catalog_unref(w->catalog);
        free(w->sql);
        free(w->decision);
        return -1;
    }
    if (req->sql.len)
        memcpy(w->sql, req->sql.data, req->sql.len);
    w->sql[req->sql.len] = '\0';
    w->decision->refs = 1;
    return 0;
}

static struct decision *decide_anew(const struct policy_request *req, struct err *err)
{
    struct work w;
    if (work_init(&w, req) < 0) {
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        return NULL;
    }
    struct err why;
    err_reset(&why);
    if (decide(&w, &why) < 0 && !w.no_memory)
        refuse_all(&w, req->confined ? PLAN_READ : PLAN_OTHER, &why);
    free(w.sql);
    free(w.scanned.items);
    catalog_unref(w.catalog);
    if (w.no_memory) {
        decision_unref(w.decision);
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        return NULL;
    }
    return w.decision;
}

struct decision *policy_decide(struct policy_cache *cache, const struct policy_request *req,
                               struct err *err)
{
    if (!cache)
        return decide_anew(req, err);
    struct decision *known = cache_get(cache, req, false);
    return known ? known : shaped_decide(cache, req, decide_anew, err);
}
