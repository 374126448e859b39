/* link: policy */
#include "policy/settings.h"

#include "unit/policy_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_builtin_list(void **state)
{
    (void)state;
    const struct rules *r = &rules_default;
    static const char *const good[] = {
        "application_name",
        "bytea_output",
        "client_encoding",
        "client_min_messages",
        "datestyle",
        "escape_string_warning",
        "extra_float_digits",
        "geqo",
        "idle_in_transaction_session_timeout",
        "intervalstyle",
        "jit",
        "lock_timeout",
        "standard_conforming_strings",
        "statement_timeout",
        "timezone",
        "default_transaction_isolation",
        "default_transaction_read_only",
        "default_transaction_deferrable",
        "transaction_isolation",
        "transaction_read_only",
        "transaction_deferrable",
    };
    static const char *const bad[] = {
        "",
        "search_path",
        "role",
        "session_authorization",
        "row_security",
        "work_mem",
        "array_nulls",
        "partywall.tenant",
        "session_replication_role",
        "backslash_quote",
        "temp_tablespaces",
        "app.tenant",
        "TimeZone",
        "local_preload_libraries",
        "log_statement",
        "debug_print_parse",
        "xmloption",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(policy_setting_allowed(r, good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(policy_setting_allowed(r, bad[i]));
}

static void test_rules_list(void **state)
{
    (void)state;
    static char work_mem[] = "work_mem", path[] = "search_path", role[] = "role";
    static char *list[] = {role, path, work_mem};
    struct rules r = rules_default;
    r.allowed_settings = list;
    r.nallowed_settings = 3;
    assert_true(policy_setting_allowed(&r, "work_mem"));
    assert_false(policy_setting_allowed(&r, "jit")); /* the list replaces the built-in one */
    assert_false(policy_setting_allowed(&r, "search_path")); /* beyond the reach of rules */
    assert_false(policy_setting_allowed(&r, "role"));
    assert_true(policy_setting_allowed(&r, "transaction_isolation"));
    r.nallowed_settings = 0; /* an empty list: nothing */
    assert_false(policy_setting_allowed(&r, "work_mem"));
    assert_true(settings_readable(&r, "jit"));
}

static void check(bool confined, const char *name, const char *value, const char *sqlstate)
{
    struct err err = {0};
    int status = settings_check(&rules_default, confined, name, value, &err);
    assert_int_equal(status, sqlstate ? -1 : 0);
    if (sqlstate)
        assert_string_equal(err.sqlstate, sqlstate);
}

static void test_values(void **state)
{
    (void)state;
    static const char *const utf8[] = {"UTF8", "utf8", "UTF-8", "'utf-8'", "unicode", "Utf_8"};
    for (size_t i = 0; i < sizeof utf8 / sizeof *utf8; i++)
        check(true, "client_encoding", utf8[i], NULL);
    static const char *const others[] = {"SJIS", "LATIN1", "SQL_ASCII",
                                         "",     "utf8x",  "utf80000000000000"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        check(true, "client_encoding", others[i], "22023");
        check(false, "client_encoding", others[i], "22023");
    }
    check(true, "client_encoding", NULL, NULL);
    check(true, "standard_conforming_strings", "ON", NULL);
    check(true, "standard_conforming_strings", "t", NULL);
    check(true, "standard_conforming_strings", "1", NULL);
    check(true, "standard_conforming_strings", "", "22023");
    check(true, "standard_conforming_strings", "o", "22023");
    check(true, "standard_conforming_strings", "false", "22023");
    check(false, "standard_conforming_strings", "off", "22023");
    check(true, "client_min_messages", "error", NULL);
    check(true, "client_min_messages", "DEBUG1", "22023");
    check(true, "client_min_messages", "log", "22023");
    assert_false(policy_setting_fits("standard_conforming_strings", "off"));
    assert_false(policy_setting_fits("client_min_messages", "debug5"));
    assert_true(policy_setting_fits("standard_conforming_strings", "on"));
    assert_true(policy_setting_fits("timezone", "anything"));
    check(false, "client_min_messages", "debug", NULL);
    check(true, "default_transaction_isolation", "repeatable read", NULL);
    check(true, "default_transaction_isolation", "Serializable", "42501");
    check(true, "default_transaction_isolation", NULL, NULL);
    check(false, "default_transaction_isolation", "serializable", NULL);
    check(true, "default_transaction_read_only", "on", NULL);
    check(true, "default_transaction_read_only", "off", "22023");
    check(true, "partywall.tenant", "acme", NULL);
    check(true, "partywall.login", "acme", "42704");
    check(false, "partywall.login", "acme", "42704");
    check(true, "work_mem", "1GB", "42501");
    check(false, "work_mem", "1GB", NULL);
    check(false, "search_path", "a", NULL);
}

static void test_readable(void **state)
{
    (void)state;
    static const char *const good[] = {
        "server_version", "Server_Version_Num",    "TimeZone",  "search_path",
        "is_superuser",   "transaction_isolation", "xmloption", "default_transaction_isolation",
        "in_hot_standby"};
    static const char *const bad[] = {"all",
                                      "data_directory",
                                      "hba_file",
                                      "config_file",
                                      "pgward.tenant",
                                      "partywall.tenant",
                                      "ssl_key_file",
                                      "primary_conninfo",
                                      "log_directory",
                                      "shared_preload_libraries",
                                      ""};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(settings_readable(&rules_default, good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(settings_readable(&rules_default, bad[i]));
    char longer[200];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_false(settings_readable(&rules_default, longer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builtin_list),
        cmocka_unit_test(test_rules_list),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_readable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
