/* link: conf */
/* Good files: what the snapshot holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/limits.h"
#include "conf/load.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIR "data/conf/"

static struct slice text(const char *s)
{
    return (struct slice){s, strlen(s)};
}

static struct conf *load_text(const char *yaml)
{
    struct conf_errors errors;
    struct conf *c = conf_load_text(DIR "test.yaml", yaml, strlen(yaml), &errors);
    for (size_t i = 0; i < errors.n; i++)
        print_error("%s\n", errors.lines[i]);
    conf_errors_release(&errors);
    assert_non_null(c);
    return c;
}

static struct conf *load_file(const char *path)
{
    struct conf_errors errors;
    struct conf *c = conf_load(path, &errors);
    for (size_t i = 0; i < errors.n; i++)
        print_error("%s\n", errors.lines[i]);
    conf_errors_release(&errors);
    assert_non_null(c);
    return c;
}

static char *absolute(const char *path)
{
    char *ret = realpath(path, NULL);
    assert_non_null(ret);
    return ret;
}

/* Does the login's verifier stand for ${password}?  The same salt must give the same keys. */
static bool takes(const struct conf *c, const char *login, const char *password)
{
    struct scram_verifier wanted;
    struct err err;
    const struct conf_login *l = conf_login_find(c, text(login));
    assert_non_null(l);
    const struct scram_verifier *v = &l->verifier;
    assert_true(v->salt_len >= 8);
    assert_int_equal(scram_verifier_derive(text(password),
                                           (struct slice){(const char *)v->salt, v->salt_len},
                                           v->iterations, &wanted, &err),
                     0);
    return memcmp(v->stored_key, wanted.stored_key, SCRAM_KEY_BYTES) == 0 &&
           memcmp(v->server_key, wanted.server_key, SCRAM_KEY_BYTES) == 0;
}

#define MINIMAL                                                                                    \
    "backends: {main: {store: db}}\n"                                                              \
    "logins: {o: {secret: x, access: owner}}\n"                                                    \
    "policy: {tenant_column: tenantId}\n"

static void test_defaults(void **state)
{
    (void)state;
    struct conf *c = load_text(MINIMAL);
    char *dir = absolute(DIR);
    assert_int_equal(c->nlisten, 1);
    assert_string_equal(c->listen[0].host, "127.0.0.1");
    assert_int_equal(c->listen[0].port, 6432);
    assert_int_equal(c->tls.mode, CONF_TLS_OFF);
    assert_null(c->tls.certificate);
    assert_int_equal(c->workers, 0);
    assert_int_equal(c->log.level, 1);
    assert_false(c->log.json);
    assert_int_equal(c->nbackends, 1);
    assert_null(c->backends[0].postgres);
    assert_int_equal(strncmp(c->backends[0].store, dir, strlen(dir)), 0);
    assert_string_equal(c->backends[0].store + strlen(dir), "/db");
    assert_string_equal(c->path + strlen(dir), "/test.yaml");
    assert_string_equal(c->backends[0].file, "test.yaml");
    assert_int_equal(c->backends[0].line, 1);
    assert_int_equal(c->ntenants, 0);
    assert_null(c->tenant_default);
    assert_null(conf_tenant_find(c, text("acme")));
    assert_null(conf_tenant_find(c, text("")));
    assert_true(c->rules.unlisted_scoped);
    assert_true(c->rules.hints);
    assert_null(c->rules.allowed_settings);
    assert_int_equal(c->rules.nallowed_functions, 0);
    assert_string_equal(c->rules.file, "test.yaml");
    assert_int_equal(c->rules.line, 3);
    assert_memory_equal(&c->rules.limits, &rules_default.limits, sizeof rules_default.limits);
    assert_int_equal(c->limits.statement_timeout_ms, 30000);
    assert_int_equal(c->limits.transaction_ms, 300000);
    assert_int_equal(c->limits.idle_in_transaction_ms, 30000);
    assert_int_equal(c->limits.client_write_ms, 60000);
    assert_string_equal(c->logins[0].backend, "main");
    conf_unref(c);
    free(dir);
}

static void test_demo(void **state)
{
    (void)state;
    struct conf *c = load_file("../../conf/demo.yaml");
    assert_int_equal(c->nlogins, 4);
    assert_true(takes(c, "acme", "acme"));
    assert_false(takes(c, "acme", "globex"));
    assert_true(takes(c, "owner", "owner"));
    assert_string_equal(conf_login_find(c, text("globex"))->tenant, "globex");
    assert_true(conf_login_find(c, text("webapp"))->any_tenant);
    assert_int_equal(conf_login_find(c, text("owner"))->access, CONF_ACCESS_OWNER);
    assert_null(conf_login_find(c, text("nobody")));
    assert_null(conf_login_find(c, text("acm")));
    assert_null(conf_login_find(c, text("acmee")));
    assert_ptr_equal(conf_tenant_find(c, text("anything")), c->tenant_default);
    assert_string_equal(c->rules.tables[0].tenant_column, "id");
    assert_true(c->rules.tables[0].write_deny);
    conf_unref(c);
}

static void test_daemon(void **state)
{
    (void)state;
    struct conf *c =
        load_text("listen: [\"[::1]:6433\", localhost:1, unix:/run/x, unix:sock, 0.0.0.0:65535]\n"
                  "tls: {mode: require, certificate: test.pem, key: ./test.pem}\n"
                  "workers: 3\n"
                  "log: {level: warning, format: json}\n" MINIMAL);
    char *pem = absolute(DIR "test.pem");
    assert_int_equal(c->nlisten, 5);
    assert_string_equal(c->listen[0].host, "::1");
    assert_int_equal(c->listen[0].port, 6433);
    assert_string_equal(c->listen[1].host, "localhost");
    assert_null(c->listen[2].host);
    assert_string_equal(c->listen[2].unix_path, "/run/x");
    assert_true(c->listen[3].unix_path[0] == '/');
    assert_int_equal(c->listen[4].port, 65535);
    assert_int_equal(c->tls.mode, CONF_TLS_REQUIRE);
    assert_string_equal(c->tls.certificate, pem);
    assert_string_equal(c->tls.key, pem);
    assert_int_equal(c->workers, 3);
    assert_int_equal(c->log.level, 2);
    assert_true(c->log.json);
    conf_unref(c);
    free(pem);
}

static void test_backends(void **state)
{
    (void)state;
    struct conf *c = load_text(
        "backends:\n"
        "  a: {postgres: host=x dbname=password_db, secret: p w, pool: {size: 3, idle: none, "
        "lifetime: 7d,"
        " queue_timeout: 250ms, auto_prepare: off, prepared_statements: 7}}\n"
        "  b: {postgres: 'postgresql://u@h/d', secret_file: secrets/good}\n"
        "  c: {store: /abs/olute}\n"
        "logins: {o: {secret: x, access: owner, backend: c}, p: {secret: y, access: owner}}\n"
        "tenants: {zeta: {backend: b}, alpha: {backend: a, isolation: row}, '*': {backend: c}}\n"
        "policy: {tenant_column: t}\n");
    assert_int_equal(c->nbackends, 3);
    assert_string_equal(c->backends[0].postgres, "host=x dbname=password_db");
    assert_string_equal(c->backends[0].secret, "p w");
    assert_int_equal(c->backends[0].pool.size, 3);
    assert_int_equal(c->backends[0].pool.idle_ms, 0);
    assert_int_equal(c->backends[0].pool.lifetime_ms, 7 * 86400000);
    assert_int_equal(c->backends[0].pool.queue_timeout_ms, 250);
    assert_false(c->backends[0].pool.auto_prepare);
    assert_int_equal(c->backends[0].pool.statements, 7);
    assert_true(c->backends[1].pool.auto_prepare);
    assert_int_equal(c->backends[1].pool.statements, 500);
    assert_string_equal(c->backends[1].secret, "from file");
    assert_int_equal(c->backends[1].pool.size, 20);
    assert_int_equal(c->backends[1].pool.idle_ms, 600000);
    assert_int_equal(c->backends[1].pool.lifetime_ms, 3600000);
    assert_int_equal(c->backends[1].pool.queue_timeout_ms, 10000);
    assert_string_equal(c->backends[2].store, "/abs/olute");
    assert_null(c->backends[2].secret);
    assert_string_equal(conf_login_find(c, text("o"))->backend, "c");
    assert_string_equal(conf_login_find(c, text("p"))->backend, "a");
    assert_int_equal(c->ntenants, 2);
    assert_string_equal(c->tenants[0].name, "alpha");
    assert_int_equal(conf_tenant_find(c, text("zeta"))->backend, 1);
    assert_int_equal(conf_tenant_find(c, text("alpha"))->backend, 0);
    assert_int_equal(conf_tenant_find(c, text("zet"))->backend, 2);
    assert_int_equal(conf_tenant_find(c, (struct slice){"alpha\0x", 7})->backend, 2);
    conf_unref(c);
}

static void check_names(const struct conf *c, const char *tenant, const char *schema,
                        const char *database)
{
    struct err err;
    char *got[2];
    const struct conf_tenant *t = conf_tenant_find(c, text(tenant));
    assert_int_equal(conf_tenant_names(c, t, tenant, &got[0], &got[1], &err), 0);
    const char *want[] = {schema, database};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(got[i] == NULL, want[i] == NULL);
        if (want[i])
            assert_string_equal(got[i], want[i]);
        free(got[i]);
    }
}

static void check_no_names(const struct conf *c, const char *tenant)
{
    struct err err;
    char *schema, *database;
    assert_int_equal(conf_tenant_names(c, conf_tenant_find(c, text(tenant)), tenant, &schema,
                                       &database, &err),
                     -1);
    assert_string_equal(err.sqlstate, "28000");
}

static void test_isolation(void **state)
{
    (void)state;
    struct conf *c = load_text(
        "backends: {a: {postgres: host=x}, b: {postgres: host=y}}\n"
        "logins: {o: {secret: x, tenants: '*'}}\n"
        "tenants:\n"
        "  rowy: {backend: a, isolation: row}\n"
        "  both: {backend: a, isolation: row+rls}\n"
        "  plain: {backend: a, isolation: schema}\n"
        "  named: {backend: a, isolation: schema, schema: s_x}\n"
        "  other: {backend: b}\n"
        "  based: {backend: b, isolation: database, database: 'd_{tenant}'}\n"
        "  '*': {backend: a, isolation: schema, schema: 's_{tenant}'}\n"
        "policy: {tenant_column: t, isolation: rls, rls_setting: My.Tenant,"
        " tables: {s_ref.t: shared}}\n");
    assert_int_equal(conf_tenant_find(c, text("rowy"))->isolation, ISOLATION_ROW);
    assert_int_equal(conf_tenant_find(c, text("both"))->isolation, ISOLATION_ROW_RLS);
    assert_int_equal(conf_tenant_find(c, text("other"))->isolation, ISOLATION_RLS);
    assert_int_equal(conf_tenant_find(c, text("based"))->isolation, ISOLATION_DATABASE);
    assert_int_equal(conf_tenant_find(c, text("anyone"))->isolation, ISOLATION_SCHEMA);
    assert_string_equal(c->rules.rls_setting, "my.tenant");
    check_names(c, "rowy", NULL, NULL);
    check_names(c, "plain", "plain", NULL);
    check_names(c, "named", "s_x", NULL);
    check_names(c, "based", NULL, "d_based");
    check_names(c, "anyone", "s_anyone", NULL);
    check_names(c, "{tenant}", "s_{tenant}", NULL);
    check_no_names(c, "x"); /* named's */
    check_no_names(c, "ref"); /* a schema with rules */
    check_no_names(c, "a1234567890123456789012345678901234567890123456789012345678901234567890");
    conf_unref(c);
}

static void test_logins(void **state)
{
    (void)state;
    char *dir = absolute(DIR "secrets");
    setenv("CREDENTIALS_DIRECTORY", dir, 1);
    struct conf *c = load_text(
        "backends: {main: {store: db}}\n"
        "logins:\n"
        "  file: {secret_file: secrets/good, tenant: acme}\n"
        "  crlf: {secret_file: secrets/crlf, tenant: acme}\n"
        "  bare: {secret_file: secrets/bare, tenants: globex}\n"
        "  credential: {secret_credential: good, tenants: [acme, globex]}\n"
        "  number: {secret: 0123, tenants: '*'}\n"
        "  plain: {secret_file: secrets/good, tenant: acme, method: password}\n"
        "  scram: {secret_file: secrets/good, tenant: acme, method: scram}\n"
        "  md5ish: {secret: md5 is not a hash here, tenants: ['*']}\n"
        "  verifier:\n"
        "    secret: SCRAM-SHA-256$4096:c2FsdHNhbHQ=$VK1YyA9FgeSlkcHT2Lm2nZnITYUMoLQP2VQJsSAlDbQ=:"
        "dmktN1VYGJ1yMWMyhaZhzkOgeypjbRhmvCV0QzZScYc=\n"
        "    tenant: acme\n"
        "tenants: {acme: {backend: main}, globex: {backend: main}}\n"
        "policy: {tenant_column: t}\n");
    assert_true(takes(c, "file", "from file"));
    assert_true(takes(c, "crlf", "from file"));
    assert_true(takes(c, "bare", "from file"));
    assert_true(takes(c, "credential", "from file"));
    assert_true(takes(c, "number", "0123"));
    char verifier[SCRAM_VERIFIER_TEXT_MAX];
    scram_verifier_format(&conf_login_find(c, text("verifier"))->verifier, verifier);
    assert_string_equal(
        verifier, "SCRAM-SHA-256$4096:c2FsdHNhbHQ=$VK1YyA9FgeSlkcHT2Lm2nZnITYUMoLQP2VQJsSAlDbQ=:"
                  "dmktN1VYGJ1yMWMyhaZhzkOgeypjbRhmvCV0QzZScYc=");
    const struct conf_login *l = conf_login_find(c, text("credential"));
    assert_int_equal(l->access, CONF_ACCESS_TENANT);
    assert_null(l->tenant);
    assert_false(l->any_tenant);
    assert_int_equal(l->ntenants, 2);
    assert_string_equal(l->tenants[1], "globex");
    l = conf_login_find(c, text("bare"));
    assert_int_equal(l->ntenants, 1);
    l = conf_login_find(c, text("number"));
    assert_true(l->any_tenant);
    assert_null(l->tenants);
    assert_true(conf_login_find(c, text("md5ish"))->any_tenant);
    assert_int_equal(l->method, CONF_METHOD_SCRAM);
    assert_int_equal(conf_login_find(c, text("scram"))->method, CONF_METHOD_SCRAM);
    assert_int_equal(conf_login_find(c, text("plain"))->method, CONF_METHOD_PASSWORD);
    assert_true(takes(c, "plain", "from file"));
    conf_unref(c);
    unsetenv("CREDENTIALS_DIRECTORY");
    free(dir);
}

#define POLICY_HEAD                                                                                \
    "backends: {main: {store: db}}\nlogins: {o: {secret: x, access: owner}}\npolicy:\n"            \
    "  tenant_column: tenantId\n"

static void test_tables(void **state)
{
    (void)state;
    struct conf *c =
        load_text(POLICY_HEAD "  tables:\n"
                              "    step: {through: {workflowId: Workflow.id}, write: deny}\n"
                              "    Workflow: {}\n"
                              "    Tenant: {tenant_column: id, write: deny}\n"
                              "    audit.Workflow: denied\n"
                              "    country: shared\n"
                              "    '\"a.b\".\"c\"\"d\"': scoped\n"
                              "    leaf: {through: {stepId: '\"public\".step.id'}}\n");
    const struct rules *r = &c->rules;
    assert_int_equal(r->ntables, 7);
    const struct rule_table *t = rules_find(r, "public", "step");
    assert_int_equal(t->kind, RULE_THROUGH);
    assert_string_equal(t->through_column, "workflowId");
    assert_null(t->parent_schema);
    assert_string_equal(t->parent_table, "Workflow");
    assert_string_equal(t->parent_column, "id");
    assert_true(t->write_deny);
    assert_string_equal(t->file, "test.yaml");
    assert_int_equal(t->line, 6);
    t = rules_find(r, "public", "leaf");
    assert_string_equal(t->parent_schema, "public");
    assert_false(t->write_deny);
    t = rules_find(r, "public", "Workflow");
    assert_int_equal(t->kind, RULE_SCOPED);
    assert_string_equal(t->tenant_column, "tenantId");
    assert_int_equal(rules_find(r, "audit", "Workflow")->kind, RULE_DENIED);
    t = rules_find(r, NULL, "Tenant");
    assert_string_equal(t->tenant_column, "id");
    assert_true(t->write_deny);
    t = rules_find(r, "public", "country");
    assert_int_equal(t->kind, RULE_SHARED);
    assert_true(t->write_deny);
    assert_string_equal(rules_find(r, "a.b", "c\"d")->tenant_column, "tenantId");
    assert_null(rules_find(r, "public", "workflow"));
    conf_unref(c);
}

static void test_columns(void **state)
{
    (void)state;
    struct conf *c =
        load_text(POLICY_HEAD "  tables:\n"
                              "    country: {rows: shared, columns: {note: {read: deny}}}\n"
                              "    secret: {rows: denied}\n"
                              "    User:\n"
                              "      columns:\n"
                              "        password: {read: deny}\n"
                              "        email: {read: mask, mask: {partial: {first: 1, last: 5}}}\n"
                              "        phone: {read: mask}\n"
                              "        code: {read: mask, mask: {fixed: none}, write: deny}\n"
                              "        tax: {read: mask, mask: hash}\n"
                              "        tenantId: {write: deny}\n");
    const struct rule_table *t = rules_find(&c->rules, NULL, "country");
    assert_int_equal(t->kind, RULE_SHARED);
    assert_true(t->write_deny);
    assert_int_equal(t->ncolumns, 1);
    assert_int_equal(rules_find(&c->rules, NULL, "secret")->kind, RULE_DENIED);
    t = rules_find(&c->rules, NULL, "User");
    assert_int_equal(t->kind, RULE_SCOPED);
    assert_int_equal(t->ncolumns, 6);
    const struct rule_column *k = t->columns;
    assert_string_equal(k[0].name, "password");
    assert_string_equal(k[0].table, "User");
    assert_string_equal(k[0].file, "test.yaml");
    assert_int_equal(k[0].line, 10);
    assert_int_equal(k[0].read, RULE_READ_DENY);
    assert_false(k[0].write_deny);
    assert_int_equal(k[1].read, RULE_READ_MASK);
    assert_int_equal(k[1].mask, RULE_MASK_PARTIAL);
    assert_int_equal(k[1].first, 1);
    assert_int_equal(k[1].last, 5);
    assert_int_equal(k[2].mask, RULE_MASK_FIXED);
    assert_string_equal(k[2].fixed, "***");
    assert_string_equal(k[3].fixed, "none");
    assert_true(k[3].write_deny);
    assert_int_equal(k[4].mask, RULE_MASK_HASH);
    assert_int_equal(k[5].read, RULE_READ_ALLOW);
    assert_true(k[5].write_deny);
    conf_unref(c);
}

static void test_policy(void **state)
{
    (void)state;
    struct conf *c = load_text(
        POLICY_HEAD "  unlisted_tables: denied\n"
                    "  hints: off\n"
                    "  functions: {allow: [z.f, app.slugify, '\"A\".b']}\n"
                    "  settings: {allow: [TimeZone, application_name]}\n"
                    "  limits: {statement_timeout: none, transaction: 1h, idle_in_transaction: "
                    "10ms, client_write: 2s, statement_bytes: 64KiB, tokens: 100, depth: 10, "
                    "chain: 100}\n");
    const struct rules *r = &c->rules;
    assert_false(r->unlisted_scoped);
    assert_false(r->hints);
    assert_int_equal(r->nallowed_functions, 3);
    assert_string_equal(r->allowed_functions[0], "A.b");
    assert_string_equal(r->allowed_functions[1], "app.slugify");
    assert_string_equal(r->allowed_functions[2], "z.f");
    assert_int_equal(r->nallowed_settings, 2);
    assert_string_equal(r->allowed_settings[0], "application_name");
    assert_string_equal(r->allowed_settings[1], "timezone");
    assert_int_equal(c->limits.statement_timeout_ms, 0);
    assert_int_equal(c->limits.transaction_ms, 3600000);
    assert_int_equal(c->limits.idle_in_transaction_ms, 10);
    assert_int_equal(c->limits.client_write_ms, 2000);
    assert_int_equal(r->limits.statement_bytes, 65536);
    assert_int_equal(r->limits.tokens, 100);
    assert_int_equal(r->limits.depth, 10);
    assert_int_equal(r->limits.chain, 100);
    conf_unref(c);
}

/* Sections of several files are joined, and each entry remembers its own file. */
static void test_include(void **state)
{
    (void)state;
    struct conf *c = load_file(DIR "good/main.yaml");
    assert_int_equal(c->nlogins, 3);
    assert_int_equal(c->ntenants, 2);
    assert_int_equal(c->rules.ntables, 3);
    assert_string_equal(rules_find(&c->rules, NULL, "Tenant")->file, "main.yaml");
    const struct rule_table *t = rules_find(&c->rules, NULL, "country");
    assert_string_equal(t->file, "policy/tables.yaml");
    assert_int_equal(t->line, 3);
    assert_int_equal(c->log.level, 3);
    /* paths in an included file are relative to the main one, too */
    assert_true(takes(c, "included", "from file"));
    conf_unref(c);
}

static void test_references(void **state)
{
    (void)state;
    struct conf *a = load_text(MINIMAL), *b = load_text(MINIMAL);
    assert_true(b->epoch > a->epoch);
    assert_ptr_equal(conf_ref(a), a);
    conf_unref(a);
    assert_string_equal(a->logins[0].name, "o"); /* one reference is left */
    conf_unref(a);
    conf_unref(b);
    conf_unref(NULL);
}

static void *load_often(void *arg)
{
    uint64_t *epochs = arg;
    for (size_t i = 0; i < 20; i++) {
        struct conf_errors errors;
        struct conf *c = conf_load(i % 2 ? "../../conf/demo.yaml" : DIR "good/main.yaml", &errors);
        if (c)
            epochs[i] = c->epoch;
        conf_unref(c);
        conf_errors_release(&errors);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    uint64_t epochs[4][20] = {{0}};
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, load_often, epochs[i]), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < 80; i++) {
        assert_true((&epochs[0][0])[i] > 0);
        for (size_t k = 0; k < i; k++)
            assert_true((&epochs[0][0])[i] != (&epochs[0][0])[k]);
    }
}

/* Thousands of tenants must load in a moment: no step is quadratic in them. */
static void test_many_tenants(void **state)
{
    (void)state;
    char *yaml = NULL;
    size_t len;
    FILE *out = open_memstream(&yaml, &len);
    assert_non_null(out);
    fputs(MINIMAL "tenants:\n", out);
    for (int i = 0; i < 20000; i++)
        fprintf(out, "  tenant-%05d: {backend: main}\n", i * 7919 % 20000);
    fclose(out);
    struct conf *c = load_text(yaml);
    assert_int_equal(c->ntenants, 20000);
    for (size_t i = 1; i < c->ntenants; i++)
        assert_true(strcmp(c->tenants[i - 1].name, c->tenants[i].name) < 0);
    assert_non_null(conf_tenant_find(c, text("tenant-19999")));
    assert_null(conf_tenant_find(c, text("tenant-20000")));
    conf_unref(c);
    free(yaml);
}

static void test_too_large(void **state)
{
    (void)state;
    char path[] = "/tmp/test_conf.XXXXXX";
    int fd = mkstemp(path);
    struct conf_errors errors;
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)LIMIT_CONF_FILE_BYTES + 1), 0);
    assert_null(conf_load(path, &errors));
    assert_int_equal(errors.n, 1);
    assert_non_null(strstr(errors.lines[0], ":1:1: could not read the file: File too large"));
    conf_errors_release(&errors);
    unlink(path);
    close(fd);
    assert_null(conf_load("/no/such/folder/x.yaml", &errors));
    assert_int_equal(errors.n, 1);
    assert_string_equal(errors.lines[0],
                        "/no/such/folder/x.yaml:1:1: could not read the file: No such "
                        "file or directory");
    conf_errors_release(&errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),     cmocka_unit_test(test_demo),
        cmocka_unit_test(test_daemon),       cmocka_unit_test(test_backends),  cmocka_unit_test(test_isolation),
        cmocka_unit_test(test_logins),       cmocka_unit_test(test_tables),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_policy),       cmocka_unit_test(test_include),
        cmocka_unit_test(test_references),   cmocka_unit_test(test_threads),
        cmocka_unit_test(test_many_tenants), cmocka_unit_test(test_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
