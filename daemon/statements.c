#define HASH_NONFATAL_OOM 1
#include "daemon/statements.h"

#include "conf/limits.h"
#include "protocol/sqlstate.h"

#include <ctype.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <uv.h>

static uint32_t oid_at(const char *oids, size_t i)
{
    const unsigned char *p = (const unsigned char *)oids + 4 * i;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* A few types stand in the name as they are: no digest is made for each Parse. */
enum { TYPES_IN_NAME = 4 };

static void name_by_types(struct statement *s)
{
    char *name = s->server_name;
    size_t n = (size_t)snprintf(name, sizeof(s->server_name), "pw_%" PRIu64, s->plan->id);
    for (size_t i = 0; i < s->noids; i++)
        n += (size_t)snprintf(name + n, sizeof(s->server_name) - n, "_%" PRIx32, s->oids[i]);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* May a literal in ${text} be a moment of the clock, such as 'now' or 'today 10:00'?  It is read when it is
 * parsed, and what servers keep was parsed long ago. */
static bool names_moment(const char *text, size_t len)
{
    static const char *const words[] = {"now", "today", "tomorrow", "yesterday"};
    if (len == 0)
        return false;
    const char *end = text + len, *at = memchr(text, '\'', len);
    if (!at)
        at = memmem(text, len, "$$", 2);
    for (; at && at < end; at++) {
        if (!strchr("nNtTyY", *at) || is_word(at[-1]))
            continue;
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            size_t n = strlen(words[i]);
            if ((size_t)(end - at) > n && strncasecmp(at, words[i], n) == 0 && !is_word(at[n]) && at[n] != '(')
                return true;
        }
    }
    return false;
}

/* Same text and types, same name; anything else, another name.  A digest that nobody can collide:
 * two tenants' statements meet under these names. */
static int name_on_server(struct statement *s)
{
    s->unnamed_at = 0;
    const struct slice text = statement_text(s);
    const bool moment = names_moment(text.data, text.len);
    if (s->once || statement_is_fleeting(s) || (!s->by_sql && moment)) {
        s->server_name[0] = '\0';
        return 0;
    }
    struct { /* what PREPARE has made is asked for by name: a moment's name is nobody else's */
        const struct statement *statement;
        uint64_t ns;
    } own = {moment ? s : NULL, moment ? uv_hrtime() : 0};
    if (!s->text && !moment && s->noids <= TYPES_IN_NAME) {
        name_by_types(s);
        return 0;
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(md, &own, sizeof(own)) == 1 &&
              EVP_DigestUpdate(md, s->oids, s->noids * sizeof(s->oids[0])) == 1 &&
              EVP_DigestUpdate(md, s->text ? s->text : "", s->text ? strlen(s->text) : 0) == 1 &&
              EVP_DigestFinal_ex(md, digest, NULL) == 1;
    EVP_MD_CTX_free(md);
    if (!ok)
        return -1;
    char hex[33];
    for (size_t i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    if (s->text)
        snprintf(s->server_name, sizeof(s->server_name), "pw_t%u_%s", s->noids, hex);
    else
        snprintf(s->server_name, sizeof(s->server_name), "pw_%" PRIu64 "_%s", s->plan->id, hex);
    return 0;
}

/* oid and the reg types (pg_type.dat).  A bigint column compared with a parameter declared as one of them is
 * cast, and the cast fails on rows out of range: on other tenants' rows, too. */
static bool is_oid_type(uint32_t oid)
{
    static const uint32_t oids[] = {24, 26, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4096, 4191};
    for (size_t i = 0; i < sizeof(oids) / sizeof(oids[0]); i++)
        if (oids[i] == oid)
            return true;
    return false;
}

struct types { /* as the client gave them, in one of two ways */
    const char *wire;
    const uint32_t *list;
    uint16_t n;
    bool confined;
};

static uint32_t declared(const struct types *t, size_t i)
{
    uint32_t oid = t->wire ? oid_at(t->wire, i) : t->list[i];
    return t->confined && is_oid_type(oid) ? 0 : oid;
}

static int take_oids(struct statement *s, const struct types *t)
{
    uint16_t n = t->n;
    while (n > 0 && declared(t, n - 1u) == 0)
        n--;
    uint32_t *oids = n > 0 ? calloc(n, sizeof(s->oids[0])) : NULL;
    if (n > 0 && !oids)
        return -1;
    for (size_t i = 0; i < n; i++)
        oids[i] = declared(t, i);
    free(s->oids);
    s->oids = oids;
    s->noids = n;
    return 0;
}

struct statement *statement_new(const struct statement_spec *spec)
{
    struct statement *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    struct types types = {.wire = spec->oids, .n = spec->noids, .confined = spec->confined};
    if (spec->by_sql)
        types = (struct types){
            .list = spec->plan->types, .n = spec->plan->ntypes, .confined = spec->confined};
    s->refs = 1;
    s->once = spec->once;
    s->by_sql = spec->by_sql;
    s->plan = plan_ref(spec->by_sql ? spec->plan->prepared : spec->plan);
    s->tag = spec->tag;
    s->rows = spec->rows;
    s->name = strndup(spec->name.len > 0 ? spec->name.data : "", spec->name.len);
    s->text = spec->text ? strdup(spec->text) : NULL;
    s->source = strndup(spec->source.len > 0 ? spec->source.data : "", spec->source.len);
    s->epoch = spec->epoch;
    s->place = spec->place;
    if (!s->name || !s->source || (spec->text && !s->text) || take_oids(s, &types) != 0 ||
        name_on_server(s) != 0) {
        statement_unref(s);
        return NULL;
    }
    s->literal = spec->literal;
    bool bare = (spec->text && !spec->literal) || s->plan->literal;
    s->nparams = bare ? 0 : s->plan->nparams;
    if (types.n > s->nparams)
        s->nparams = types.n;
    s->hidden = !spec->text && s->plan->hidden;
    return s;
}

struct statement *statement_ref(struct statement *s)
{
    if (s)
        s->refs++;
    return s;
}

void statement_unref(struct statement *s)
{
    if (!s || --s->refs > 0)
        return;
    plan_unref(s->plan);
    free(s->name);
    free(s->text);
    free(s->oids);
    free(s->source);
    free(s);
}

int statement_renew(struct statement *s, struct plan *p, uint64_t epoch, uint64_t place,
                    struct err *err)
{
    char name[STATEMENT_NAME_BYTES];
    struct plan *old = s->plan;
    if (s->by_sql) { /* its types may have been made anew, too */
        const struct types types = {.list = p->types, .n = p->ntypes, .confined = true};
        if (take_oids(s, &types) != 0)
            return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        p = p->prepared;
    }
    memcpy(name, s->server_name, sizeof(name));
    s->plan = p;
    if (name_on_server(s) != 0) {
        s->plan = old;
        memcpy(s->server_name, name, sizeof(name));
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    plan_ref(p);
    plan_unref(old);
    s->hidden = !s->text && p->hidden;
    s->epoch = epoch;
    s->place = place;
    return 0;
}

int statement_set_text(struct statement *s, char *text, bool literal, struct err *err)
{
    char name[STATEMENT_NAME_BYTES], *old = s->text;
    memcpy(name, s->server_name, sizeof(name));
    s->text = text;
    if (name_on_server(s) != 0) {
        s->text = old;
        memcpy(s->server_name, name, sizeof(name));
        free(text);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    free(old);
    s->literal = literal;
    s->hidden = !text && s->plan->hidden;
    return 0;
}

int statement_keep(struct statement *s, struct err *err)
{
    s->once = false;
    if (name_on_server(s) == 0)
        return 0;
    s->once = true;
    return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

struct slice statement_text(const struct statement *s)
{
    if (s->text)
        return (struct slice){s->text, strlen(s->text)};
    return (struct slice){s->plan->text, s->plan->text_len};
}

void statements_init(struct statements *m)
{
    *m = (struct statements){0};
}

void statements_clear(struct statements *m)
{
    struct statement *s, *next;
    HASH_ITER(hh, m->by_name, s, next)
    {
        statements_take(m, s);
        statement_unref(s);
    }
}

size_t statements_len(const struct statements *m)
{
    return HASH_COUNT(m->by_name);
}

struct statement *statements_find(const struct statements *m, struct slice name)
{
    struct statement *s = NULL;
    const char *key = name.len > 0 ? name.data : "";
    HASH_FIND(hh, m->by_name, key, name.len, s);
    return s;
}

int statements_put(struct statements *m, struct statement *s, struct err *err)
{
    if (statements_len(m) >= LIMIT_CLIENT_STATEMENTS)
        return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                       "too many prepared statements in this session (limit is %d)",
                       LIMIT_CLIENT_STATEMENTS);
    if (m->bytes + strlen(s->source) > LIMIT_CLIENT_STATEMENT_BYTES)
        return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                       "prepared statements of this session are too long together");
    HASH_ADD_KEYPTR(hh, m->by_name, s->name, strlen(s->name), s);
    if (!s->hh.tbl)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    s->map = m;
    m->bytes += strlen(s->source);
    statement_ref(s);
    return 0;
}

void statements_take(struct statements *m, struct statement *s)
{
    HASH_DELETE(hh, m->by_name, s);
    m->bytes -= strlen(s->source);
    s->map = NULL;
    memset(&s->hh, 0, sizeof(s->hh));
}

int statements_move(struct statements *to, struct statements *from, struct statement *s)
{
    struct err err;
    statements_take(from, s);
    bool taken = statements_find(to, (struct slice){s->name, strlen(s->name)}) != NULL;
    int r = taken ? 0 : statements_put(to, s, &err);
    statement_unref(s);
    return r;
}

void prepared_init(struct prepared_set *p)
{
    p->by_name = NULL;
    list_init(&p->lru);
}

static void forget(struct prepared_set *p, struct prepared *e)
{
    HASH_DELETE(hh, p->by_name, e);
    list_remove(&e->lru);
    free(e);
}

void prepared_clear(struct prepared_set *p)
{
    struct prepared *e, *next;
    HASH_ITER(hh, p->by_name, e, next)
    forget(p, e);
}

size_t prepared_len(const struct prepared_set *p)
{
    return HASH_COUNT(p->by_name);
}

static struct prepared *find(const struct prepared_set *p, const char *name)
{
    struct prepared *e = NULL;
    HASH_FIND_STR(p->by_name, name, e);
    return e;
}

bool prepared_use(struct prepared_set *p, const char *name, uint64_t batch)
{
    struct prepared *e = find(p, name);
    if (!e)
        return false;
    e->batch = batch;
    list_remove(&e->lru);
    list_append(&p->lru, &e->lru);
    return true;
}

int prepared_add(struct prepared_set *p, const char *name, uint64_t batch, struct err *err)
{
    struct prepared *e = calloc(1, sizeof(*e));
    if (!e)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    list_init(&e->lru);
    e->batch = batch;
    snprintf(e->name, sizeof(e->name), "%s", name);
    HASH_ADD_STR(p->by_name, name, e);
    if (!e->hh.tbl) {
        free(e);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    list_append(&p->lru, &e->lru);
    return 0;
}

void prepared_remove(struct prepared_set *p, const char *name)
{
    struct prepared *e = find(p, name);
    if (e)
        forget(p, e);
}

bool prepared_evict(struct prepared_set *p, size_t max, uint64_t batch,
                    char ret[STATEMENT_NAME_BYTES])
{
    struct list *first = list_first(&p->lru);
    if (!first || prepared_len(p) < max)
        return false;
    struct prepared *e = list_entry(first, struct prepared, lru);
    if (e->batch == batch)
        return false;
    memcpy(ret, e->name, sizeof(e->name));
    forget(p, e);
    return true;
}
