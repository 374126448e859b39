/* link: protocol */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/frame.h"
#include "protocol/sqlstate.h"
#include "protocol/startup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define V30        "\0\3\0\0"
#define V32        "\0\3\0\2"
#define BODY(text) ((struct slice){text, sizeof(text) - 1})

/* Parse a copy in memory of its own size, so that a sanitizer sees each byte read too far. */
static int read_copy(struct slice body, struct startup *ret, char **ret_copy, struct err *err)
{
    *ret_copy = malloc(body.len > 0 ? body.len : 1);
    assert_non_null(*ret_copy);
    if (body.len > 0)
        memcpy(*ret_copy, body.data, body.len);
    memset(err, 0, sizeof(*err));
    return startup_read((struct slice){*ret_copy, body.len}, ret, err);
}

static void assert_slice(struct slice s, const char *text)
{
    assert_string_equal(s.data, text);
    assert_int_equal(s.len, strlen(text));
}

/* "name=value;name=value;" */
static void join_params(const struct startup *s, char *ret, size_t size)
{
    size_t n = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < s->nparams; i++) {
        assert_int_equal(strlen(s->params[i].name.data), s->params[i].name.len);
        assert_int_equal(strlen(s->params[i].value.data), s->params[i].value.len);
        n += (size_t)snprintf(ret + n, size - n, "%s=%s;", s->params[i].name.data,
                              s->params[i].value.data);
        assert_true(n < size);
    }
}

static void requests_before_the_session(void **state)
{
    (void)state;
    static char cancel_256[8 + 256] = "\x04\xd2\x16\x2e\0\0\0\7";
    static char cancel_257[8 + 257] = "\x04\xd2\x16\x2e\0\0\0\7";
    static const struct {
        struct slice body;
        int rc;
        enum startup_kind kind;
        size_t key_len;
        const char *sqlstate;
    } rows[] = {
        {BODY("\x04\xd2\x16\x2f"), 0, STARTUP_SSL, 0, ""},
        {BODY("\x04\xd2\x16\x30"), 0, STARTUP_GSSENC, 0, ""},
        {BODY("\x04\xd2\x16\x2f\0"), -1, 0, 0, "08P01"}, /* something rides along */
        {BODY("\x04\xd2\x16\x30user"), -1, 0, 0, "08P01"},
        {BODY("\x04\xd2\x16\x31"), -1, 0, 0, "0A000"},
        {BODY("\x04\xd2\x16\x2e"), -1, 0, 0, "08P01"},
        {BODY("\x04\xd2\x16\x2e\0\0\0\7"), -1, 0, 0, "08P01"},
        {BODY("\x04\xd2\x16\x2e\0\0\0\7key"), -1, 0, 0, "08P01"},
        {BODY("\x04\xd2\x16\x2e\0\0\0\7keys"), 0, STARTUP_CANCEL, 4, ""},
        {BODY("\x04\xd2\x16\x2e\0\0\0\7abcdefghijklmnopqrstuvwxyzabcdef"), 0, STARTUP_CANCEL, 32,
         ""},
        {{cancel_256, sizeof(cancel_256)}, 0, STARTUP_CANCEL, 256, ""},
        {{cancel_257, sizeof(cancel_257)}, -1, 0, 0, "08P01"},
        {BODY(""), -1, 0, 0, "08P01"},
        {BODY("\0\3\0"), -1, 0, 0, "08P01"},
        {BODY("\0\2\0\0user\0x\0\0"), -1, 0, 0, "0A000"},
        {BODY("\0\4\0\0user\0x\0\0"), -1, 0, 0, "0A000"},
        {BODY("\0\0\x16\x2f"), -1, 0, 0, "0A000"},
        {BODY("\xff\xff\xff\xff"), -1, 0, 0, "0A000"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct startup s;
        struct err err;
        char *copy;
        if (read_copy(rows[i].body, &s, &copy, &err) != rows[i].rc)
            fail_msg("row %zu: wrong verdict (%s)", i, err.message);
        assert_string_equal(err.sqlstate, rows[i].sqlstate);
        if (rows[i].rc == 0) {
            assert_int_equal(s.kind, rows[i].kind);
            assert_int_equal(s.cancel_key.len, rows[i].key_len);
            if (rows[i].kind == STARTUP_CANCEL)
                assert_int_equal(s.cancel_pid, 7);
        }
        free(copy);
    }
}

struct session_row {
    struct slice body;
    const char *sqlstate; /* "" if it is taken */
    const char *user, *database, *params;
};

static const struct session_row sessions[] = {
    {BODY(V30 "user\0acme\0\0"), "", "acme", "acme", ""},
    {BODY(V30 "user\0acme\0database\0app\0\0"), "", "acme", "app", ""},
    {BODY(V30 "database\0app\0user\0acme\0\0"), "", "acme", "app", ""},
    {BODY(V30 "user\0acme\0database\0\0\0"), "", "acme", "acme", ""},
    {BODY(V30 "user\0a\0user\0b\0\0"), "", "b", "b", ""}, /* later wins */
    {BODY(V30 "user\0a\0application_name\0kit pg \xc3\xbc\0\0"), "", "a", "a",
     "application_name=kit pg \xc3\xbc;"},
    {BODY(V30 "user\0a\0DateStyle\0ISO\0TimeZone\0UTC\0\0"), "", "a", "a",
     "DateStyle=ISO;TimeZone=UTC;"},
    {BODY(V30 "user\0a\0TimeZone\0UTC\0jit\0off\0timezone\0CET\0\0"), "", "a", "a",
     "jit=off;timezone=CET;"},
    {BODY(V30 "user\0a\0client_encoding\0'utf-8'\0\0"), "", "a", "a", "client_encoding='utf-8';"},
    {BODY(V30 "user\0a\0empty\0\0x\0y\0\0"), "", "a", "a", "empty=;x=y;"},
    {BODY(V30 "user\0a\0User\0b\0\0"), "", "a", "a", "User=b;"}, /* only "user" is the user */
    /* the terminator is the packet's last byte, and there is one */
    {BODY(V30), "08P01", NULL, NULL, NULL},
    {BODY(V30 "user\0acme\0"), "08P01", NULL, NULL, NULL},
    {BODY(V30 "user\0acme"), "08P01", NULL, NULL, NULL},
    {BODY(V30 "user\0acme\0\0\0"), "08P01", NULL, NULL, NULL},
    {BODY(V30 "user\0acme\0\0x\0y\0\0"), "08P01", NULL, NULL, NULL},
    {BODY(V30 "user\0acme\0database\0"), "08P01", NULL, NULL, NULL},
    {BODY(V30 "user"), "08P01", NULL, NULL, NULL},
    {BODY(V30 "\0x"), "08P01", NULL, NULL, NULL},
    /* somebody must be named */
    {BODY(V30 "\0"), "28000", NULL, NULL, NULL},
    {BODY(V30 "user\0\0\0"), "28000", NULL, NULL, NULL},
    {BODY(V30 "database\0app\0\0"), "28000", NULL, NULL, NULL},
    {BODY(V30 "replication\0maybe\0user\0a\0\0"), "22023", NULL, NULL, NULL},
    {BODY(V30 "replication\0\0user\0a\0\0"), "22023", NULL, NULL, NULL},
};

static void sessions_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(sessions) / sizeof(sessions[0]); i++) {
        const struct session_row *row = &sessions[i];
        struct startup s;
        struct err err;
        char *copy, params[1000];
        int rc = read_copy(row->body, &s, &copy, &err);
        if (strcmp(err.sqlstate, row->sqlstate) != 0)
            fail_msg("row %zu: '%s' (%s)", i, err.sqlstate, err.message);
        assert_int_equal(rc, row->sqlstate[0] ? -1 : 0);
        if (rc == 0) {
            assert_int_equal(s.kind, STARTUP_SESSION);
            assert_slice(s.user, row->user);
            assert_slice(s.database, row->database);
            join_params(&s, params, sizeof(params));
            assert_string_equal(params, row->params);
            assert_false(s.negotiate);
            assert_false(s.replication);
        }
        free(copy);
    }
}

/* The options string, alone or with one more parameter of the packet. */
static void options_are_taken_apart_as_postgresql_does(void **state)
{
    (void)state;
    static const struct {
        const char *options, *sqlstate, *params;
    } rows[] = {
        {"", "", ""},
        {"   ", "", ""},
        {"-c a=b", "", "a=b;"},
        {"-ca=b", "", "a=b;"},
        {"--a=b", "", "a=b;"},
        {" \t-c\n a=b \v\f\r --c=d", "", "a=b;c=d;"},
        {"-c geqo=off -c statement_timeout=5min", "", "geqo=off;statement_timeout=5min;"},
        {"--statement-timeout=5", "", "statement_timeout=5;"},
        {"-c statement-timeout=5", "", "statement_timeout=5;"},
        {"-c a=x-y", "", "a=x-y;"}, /* only the name's hyphens */
        {"-c a=", "", "a=;"},
        {"-c a=b=c", "", "a=b=c;"},
        {"-c a=b -c a=c", "", "a=c;"},
        {"-c a=b -c A=c", "", "A=c;"},
        {"-c search_path=a,b", "", "search_path=a,b;"},
        /* backslash: the next character is a letter, even a blank */
        {"-c a=x\\ y", "", "a=x y;"},
        {"-c a=x\\\\y", "", "a=x\\y;"},
        {"-c a=x\\y", "", "a=xy;"},
        {"-c a=x\\", "", "a=x;"},
        {"-c\\ a=b", "", " a=b;"},
        {"-c partywall.tenant=acme\\ -c\\ partywall.tenant=globex", "",
         "partywall.tenant=acme -c partywall.tenant=globex;"},
        {"-c a=\\-c\\ b=c", "", "a=-c b=c;"},
        {"-c a=b+c%20d", "", "a=b+c%20d;"}, /* no other escapes exist */
        {"-c a='b c'", "42601", NULL},      /* nor quotes */
        {"-c a=\"b c\"", "42601", NULL},
        /* refused, never skipped */
        {"-c", "42601", NULL},
        {"-c a", "42601", NULL},
        {"--a", "42601", NULL},
        {"--", "42601", NULL},
        {"-", "42601", NULL},
        {"-c =b", "42601", NULL},
        {"--=b", "42601", NULL},
        {"\\", "42601", NULL},
        {"a=b", "42601", NULL},
        {"-c a=b c=d", "42601", NULL},
        {"-c -c a=b", "42601", NULL},
        {"-s", "22023", NULL},
        {"-S 1000", "22023", NULL},
        {"-e -c a=b", "22023", NULL},
        {"-ec a=b", "22023", NULL},
        {"-C a=b", "22023", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char body[1000] = V30 "user\0acme\0options", params[1000];
        size_t n = sizeof(V30 "user\0acme\0options");
        size_t len = strlen(rows[i].options);
        memcpy(body + n, rows[i].options, len);
        n += len + 2; /* its NUL, and the terminator */
        struct startup s;
        struct err err;
        char *copy;
        int rc = read_copy((struct slice){body, n}, &s, &copy, &err);
        if (strcmp(err.sqlstate, rows[i].sqlstate) != 0)
            fail_msg("options '%s': '%s' (%s)", rows[i].options, err.sqlstate, err.message);
        if (rc == 0) {
            join_params(&s, params, sizeof(params));
            assert_string_equal(params, rows[i].params);
        }
        free(copy);
    }
}

static void plain_parameters_come_after_options_wherever_they_stand(void **state)
{
    (void)state;
    struct startup s;
    struct err err;
    char params[200];
    struct slice body = BODY(V30 "a\0packet\0options\0-c a=options -c b=options\0user\0u\0\0");
    assert_int_equal(startup_read(body, &s, &err), 0);
    join_params(&s, params, sizeof(params));
    assert_string_equal(params, "b=options;a=packet;");

    struct slice twice = BODY(V30 "options\0-c a=1\0user\0u\0options\0-c b=2\0\0");
    assert_int_equal(startup_read(twice, &s, &err), 0);
    join_params(&s, params, sizeof(params));
    assert_string_equal(params, "b=2;");
}

static void replication_values(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int want; /* -1: refused */
    } rows[] = {{"true", 1}, {"on", 1},    {"yes", 1}, {"1", 1},      {"database", 1}, {"TRUE", 1},
                {"t", 1},    {"false", 0}, {"off", 0}, {"no", 0},     {"0", 0},        {"F", 0},
                {"of", 0},   {"o", -1},    {"2", -1},  {"truex", -1}, {"Database", -1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char body[100];
        int n = snprintf(body, sizeof(body), "....user%ca%creplication%c%s%c%c", 0, 0, 0,
                         rows[i].value, 0, 0);
        memcpy(body, V30, 4);
        struct startup s;
        struct err err;
        int rc = startup_read((struct slice){body, (size_t)n}, &s, &err);
        assert_int_equal(rc, rows[i].want < 0 ? -1 : 0);
        if (rc == 0)
            assert_int_equal(s.replication, rows[i].want);
        else
            assert_string_equal(err.sqlstate, SQLSTATE_INVALID_PARAMETER_VALUE);
    }
}

static void versions_are_negotiated(void **state)
{
    (void)state;
    static const struct {
        struct slice body;
        int speak;
        bool negotiate;
        size_t nunknown;
    } rows[] = {
        {BODY("\0\3\0\0user\0a\0\0"), 0, false, 0},
        {BODY("\0\3\0\1user\0a\0\0"), 0, true, 0},
        {BODY("\0\3\0\2user\0a\0\0"), 2, false, 0},
        {BODY("\0\3\0\3user\0a\0\0"), 2, true, 0},
        {BODY("\0\3\x27\x0fuser\0a\0\0"), 2, true, 0},
        {BODY("\0\3\xff\xffuser\0a\0\0"), 2, true, 0},
        {BODY("\0\3\0\0user\0a\0_pq_.x\0y\0\0"), 0, true, 1},
        {BODY("\0\3\0\2_pq_.x\0y\0user\0a\0_pq_.z\0\0_pq_.x\0u\0\0"), 2, true, 2},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct startup s;
        struct err err;
        assert_int_equal(startup_read(rows[i].body, &s, &err), 0);
        assert_int_equal(s.speak_minor, rows[i].speak);
        assert_int_equal(s.negotiate, rows[i].negotiate);
        assert_int_equal(s.nunknown, rows[i].nunknown);
        assert_int_equal(s.nparams, 0);
        if (s.nunknown > 0)
            assert_string_equal(s.unknown_options[0], "_pq_.x");
        if (s.nunknown > 1)
            assert_string_equal(s.unknown_options[1], "_pq_.z");
    }
}

static void an_unsupported_version_is_named(void **state)
{
    (void)state;
    struct startup s;
    struct err err;
    assert_int_equal(startup_read(BODY("\0\2\0\7user\0a\0\0"), &s, &err), -1);
    assert_string_equal(err.message,
                        "unsupported frontend protocol 2.7: server supports 3.0 to 3.2");
}

/* ${n} parameters named by ${format} in a packet of their own. */
static int read_many(const char *format, int n, struct startup *ret, struct err *err)
{
    static char body[FRAME_STARTUP_MAX * 2];
    size_t len = 4;
    memcpy(body, V30, 4);
    memcpy(body + len, "user\0a", 7);
    len += 7;
    for (int i = 0; i < n; i++) {
        char name[32];
        if (strcmp(format, "x%d") == 0)
            snprintf(name, sizeof(name), "x%d", i);
        else
            snprintf(name, sizeof(name), "_pq_.x%d", i);
        memcpy(body + len, name, strlen(name) + 1);
        len += strlen(name) + 1;
        memcpy(body + len, "v", 2);
        len += 2;
    }
    body[len++] = '\0';
    return startup_read((struct slice){body, len}, ret, err);
}

static void numbers_and_sizes_are_bounded(void **state)
{
    (void)state;
    struct startup s;
    struct err err;
    static const char *const formats[] = {"x%d", "_pq_.x%d"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(read_many(formats[i], STARTUP_MAX_PARAMS, &s, &err), 0);
        assert_int_equal(i == 0 ? s.nparams : s.nunknown, STARTUP_MAX_PARAMS);
        assert_int_equal(read_many(formats[i], STARTUP_MAX_PARAMS + 1, &s, &err), -1);
        assert_string_equal(err.sqlstate, SQLSTATE_PROGRAM_LIMIT_EXCEEDED);
    }
    static char large[FRAME_STARTUP_MAX + 1];
    memset(large, 'x', sizeof(large));
    memcpy(large, V30 "user\0a\0options", 4 + 5 + 2 + 8);
    large[sizeof(large) - 1] = '\0';
    large[sizeof(large) - 2] = '\0';
    large[sizeof(large) - 3] = '\0';
    assert_int_equal(startup_read((struct slice){large, sizeof(large)}, &s, &err), -1);
    assert_string_equal(err.sqlstate, SQLSTATE_PROTOCOL_VIOLATION);
    /* the largest options string that a packet can hold, as one setting */
    memcpy(large + 19, "-c", 2);
    large[21] = ' ';
    large[30] = '=';
    assert_int_equal(startup_read((struct slice){large, sizeof(large) - 1}, &s, &err), 0);
    assert_int_equal(s.nparams, 1);
    assert_int_equal(s.params[0].name.len + s.params[0].value.len, FRAME_STARTUP_MAX - 2 - 23);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_before_the_session),
        cmocka_unit_test(sessions_are_read),
        cmocka_unit_test(options_are_taken_apart_as_postgresql_does),
        cmocka_unit_test(plain_parameters_come_after_options_wherever_they_stand),
        cmocka_unit_test(replication_values),
        cmocka_unit_test(versions_are_negotiated),
        cmocka_unit_test(an_unsupported_version_is_named),
        cmocka_unit_test(numbers_and_sizes_are_bounded),
    };
    return cmocka_run_group_tests_name("startup", tests, NULL, NULL);
}
