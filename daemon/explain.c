#include "daemon/explain.h"

#include "conf/conf.h"
#include "daemon/catalog_load.h"
#include "daemon/deep_thread.h"
#include "daemon/options.h"
#include "policy/policy.h"
#include "protocol/sqlstate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RELATIONS_MAX = 256 }; /* to tell of; a statement may join fewer */

struct explain {
    const char *tenant, *sql;
    struct conf *conf;
    struct catalog *catalog;
    enum isolation isolation;
    char *schema;
    struct policy_relation relations[RELATIONS_MAX];
    size_t nrelations;
    int status;
};

/* -- rules -- */

static void remember_relation(void *arg, const struct policy_relation *r)
{
    struct explain *x = arg;
    for (size_t i = 0; i < x->nrelations; i++)
        if (x->relations[i].relation == r->relation)
            return;
    if (x->nrelations < RELATIONS_MAX)
        x->relations[x->nrelations++] = *r;
}

static void print_relation(const struct explain *x, const struct policy_relation *r)
{
    const struct catalog_relation *rel = r->relation;
    const struct rules *rules = &x->conf->rules;
    fprintf(stdout, "  rule    %s.%s: ", rel->schema, rel->name);
    if (r->kind == RULE_SHARED)
        fprintf(stdout, "the same rows for all tenants, read only");
    else if (r->kind == RULE_THROUGH)
        fprintf(stdout, "rows whose %s is a row of %s that is the tenant's", r->column,
                r->parent->name);
    else
        fprintf(stdout, "rows whose %s is the tenant", r->column);
    if (r->kind != RULE_SHARED && r->entry && r->entry->write_deny)
        fprintf(stdout, ", read only");
    struct err err;
    struct rules told = *rules;
    told.hints = true;
    err_set(&err, SQLSTATE_INTERNAL_ERROR, "-");
    rules_hint(&told, r->entry, "unlisted_tables", &err);
    fprintf(stdout, " (%s)\n", err.hint);
}

/* -- what to change -- */

static const char *advice(const struct err *err)
{
    static const struct {
        const char *start; /* of the hint, or an SQLSTATE */
        const char *text;
    } known[] = {
        {"rule policy.tables.", "this rule, or leave the relation out of the statement"},
        {"rule policy.unlisted_tables",
         "list the relation in policy.tables: {tenant_column: ...}, {through: {column: "
         "Parent.column}} or shared"},
        {"rule policy.functions", "list it as schema.name in policy.functions.allow, if it neither "
                                  "reads nor changes what is "
                                  "another tenant's"},
        {"rule policy.settings", "list it in policy.settings.allow"},
        {"rule policy.limits", "the limit, or cut the statement in pieces"},
        {SQLSTATE_INSUFFICIENT_PRIVILEGE,
         "nothing: tenants do not do this; a login with access: owner may"},
        {SQLSTATE_FEATURE_NOT_SUPPORTED, "the statement: it cannot be confined as it is written"},
        {SQLSTATE_SYNTAX_ERROR, "the statement: it is not SQL of PostgreSQL 15"},
        {SQLSTATE_UNDEFINED_TABLE, "the name: this back end has no such relation"},
        {SQLSTATE_UNDEFINED_COLUMN, "the name: there is no such column"},
        {SQLSTATE_UNDEFINED_FUNCTION, "the name: this back end has no such function"},
        {SQLSTATE_INTERNAL_ERROR, "nothing: please report this statement"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(err->hint, known[i].start, strlen(known[i].start)) == 0 ||
            strcmp(err->sqlstate, known[i].start) == 0)
            return known[i].text;
    return "the statement";
}

static void print_refusal(const struct err *err)
{
    fprintf(stdout, "  refused %s: %s\n", err->sqlstate, err->message);
    if (err->position > 0)
        fprintf(stdout, "  at      character %d\n", err->position);
    if (err->hint[0])
        fprintf(stdout, "  hint    %s\n", err->hint);
    fprintf(stdout, "  change  %s\n", advice(err));
}

/* -- the text -- */

/* Byte offset of character ${position} (1-based). */
static size_t offset_of(const char *text, int position)
{
    size_t at = 0;
    for (int n = 1; text[at] && n < position; n++)
        do
            at++;
        while (((unsigned char)text[at] & 0xc0) == 0x80);
    return at;
}

static void print_literal(const char *value)
{
    fputc('\'', stdout);
    for (; *value; value++)
        fprintf(stdout, *value == '\'' ? "''" : "%c", *value);
    fputc('\'', stdout);
}

/* ${p}->text from ${at} to ${end}, which Partywall wrote. */
static void print_added(const struct explain *x, const struct plan *p, uint32_t at, uint32_t end)
{
    if (at == end)
        return;
    fprintf(stdout, "[+");
    for (uint32_t i = 0; i < p->nplaces; i++) {
        const struct plan_place *place = &p->places[i];
        if (place->offset < at || place->offset >= end)
            continue;
        fwrite(p->text + at, 1, place->offset - at, stdout);
        print_literal(x->tenant);
        at = place->offset + place->len;
    }
    fwrite(p->text + at, 1, end - at, stdout);
    fprintf(stdout, "+]");
}

static void print_removed(const struct explain *x, size_t at, size_t end)
{
    if (at < end)
        fprintf(stdout, "[-%.*s-]", (int)(end - at), x->sql + at);
}

static void print_text(const struct explain *x, const struct plan *p)
{
    uint32_t at = 0;
    size_t source = p->source_offset;
    fprintf(stdout, "  text    ");
    for (uint32_t i = 0; i < p->nruns; i++) {
        const struct plan_run *run = &p->runs[i];
        size_t begin = offset_of(x->sql, run->source_position);
        print_removed(x, source, begin);
        print_added(x, p, at, run->offset);
        fwrite(p->text + run->offset, 1, run->len, stdout);
        at = run->offset + run->len;
        source = begin + run->len;
    }
    print_removed(x, source, p->source_offset + p->source_len);
    print_added(x, p, at, p->text_len);
    fputc('\n', stdout);
}

/* -- all of it -- */

static const char *class_name(enum plan_class class)
{
    switch (class) {
    case PLAN_READ:
        return "reads";
    case PLAN_WRITE:
        return "writes";
    case PLAN_EMPTY:
        return "is empty";
    default:
        return "is for the session";
    }
}

static void print_plan(const struct explain *x, const struct plan *p)
{
    fprintf(stdout, "%.*s\n", (int)p->source_len, x->sql + p->source_offset);
    if (p->refused)
        print_refusal(p->err);
    else
        fprintf(stdout, "  allowed %s\n", class_name(p->class));
    if (!p->refused && (p->text || p->prepared))
        print_text(x, p->prepared ? p->prepared : p);
}

static int explain_text(struct explain *x, struct err *err)
{
    struct rules rules = x->conf->rules;
    struct policy_request req = {.rules = &rules,
                                 .catalog = x->catalog,
                                 .isolation = x->isolation,
                                 .schema = x->schema,
                                 .confined = true,
                                 .untyped = true, /* as most clients send it */
                                 .sql = {x->sql, strlen(x->sql)},
                                 .on_relation = remember_relation,
                                 .arg = x};
    rules.hints = true;
    struct decision *d = policy_decide(NULL, &req, err);
    if (!d)
        return -1;
    x->status = 0;
    for (size_t i = 0; i < d->nplans; i++) {
        print_plan(x, d->plans[i]);
        if (d->plans[i]->refused)
            x->status = 1;
    }
    for (size_t i = 0; i < x->nrelations; i++)
        print_relation(x, &x->relations[i]);
    decision_unref(d);
    return 0;
}

static int explain_load(struct explain *x, struct err *err)
{
    const struct conf_tenant *t =
        conf_tenant_find(x->conf, (struct slice){x->tenant, strlen(x->tenant)});
    if (!t)
        return err_set(err, SQLSTATE_INVALID_AUTHORIZATION, "tenant \"%s\" does not exist",
                       x->tenant);
    const struct conf_backend *backend = &x->conf->backends[t->backend];
    char *database;
    if (conf_tenant_names(x->conf, t, x->tenant, &x->schema, &database, err) != 0)
        return -1;
    x->isolation = t->isolation;
    fprintf(stdout, "tenant \"%s\" on back end \"%s\"", x->tenant, backend->name);
    if (x->schema || database)
        fprintf(stdout, ", %s \"%s\"", x->schema ? "schema" : "database",
                x->schema ? x->schema : database);
    fputs("\n\n", stdout);
    int rc = catalog_load_backend(backend, database, &x->catalog, err);
    free(database);
    return rc;
}

static void *explain_thread(void *arg)
{
    struct explain *x = arg;
    struct err err;
    policy_thread_init();
    if (explain_load(x, &err) < 0 || explain_text(x, &err) < 0)
        fprintf(stderr, "partywall: %s\n", err.message);
    policy_thread_release();
    return NULL;
}

int explain_run(const char *conf_path, const char *tenant, const char *sql)
{
    struct explain *x = calloc(1, sizeof *x);
    pthread_t thread;
    if (!x)
        return 1;
    *x = (struct explain){.tenant = tenant, .sql = sql, .status = 1};
    x->conf = options_load(conf_path);
    if (x->conf && deep_thread_start(&thread, explain_thread, x) == 0)
        pthread_join(thread, NULL);
    int status = fflush(stdout) == 0 ? x->status : 1;
    catalog_unref(x->catalog);
    free(x->schema);
    conf_unref(x->conf);
    free(x);
    return status;
}
