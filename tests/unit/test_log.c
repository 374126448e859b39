/* link: daemon */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct fixture {
    int pipe[2];
    struct daemon_log log;
    char got[LOG_LINE_BYTES + 1];
};

static int setup(void **state)
{
    static struct fixture f;
    if (pipe(f.pipe) != 0)
        return -1;
    log_init(&f.log, f.pipe[1]);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    close(f->pipe[0]);
    close(f->pipe[1]);
    return 0;
}

static const char *read_line(struct fixture *f)
{
    ssize_t n = read(f->pipe[0], f->got, sizeof f->got - 1);
    assert_true(n > 0);
    f->got[n] = 0;
    return f->got;
}

static void levels_below_the_chosen_one_are_silent(void **state)
{
    struct fixture *f = *state;
    log_debug(&f->log, "not this");
    log_configure(&f->log, LOG_LEVEL_WARNING, false);
    log_info(&f->log, "nor this");
    log_warning(&f->log, "but %s", "this");
    assert_non_null(strstr(read_line(f), "Z warning: but this\n"));
    assert_null(strstr(f->got, "not this"));
    log_info(NULL, "no log at all");
}

static void a_client_cannot_forge_lines(void **state)
{
    struct fixture *f = *state;
    log_info(&f->log, "user \"%s\"", "x\n2030-01-01 error: forged\033[2J");
    const char *got = read_line(f);
    assert_ptr_equal(strchr(got, '\n'), got + strlen(got) - 1);
    assert_null(strchr(got, '\033'));
}

static void json_is_escaped(void **state)
{
    struct fixture *f = *state;
    log_configure(&f->log, LOG_LEVEL_INFO, true);
    log_error(&f->log, "a \"b\" c:\\d\te");
    assert_non_null(
        strstr(read_line(f), "\"level\":\"error\",\"message\":\"a \\\"b\\\" c:\\\\d e\"}\n"));
    log_configure(&f->log, LOG_LEVEL_INFO, false);
}

static void long_lines_are_cut_between_characters(void **state)
{
    struct fixture *f = *state;
    char text[3 * LOG_LINE_BYTES];
    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, 'a', shift);
        for (size_t i = shift; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 4);
        log_info(&f->log, "%s", text);
        const char *got = read_line(f);
        size_t len = strlen(got);
        assert_in_range(len, LOG_LINE_BYTES - 16, LOG_LINE_BYTES);
        assert_int_equal(got[len - 1], '\n');
        assert_memory_equal(got + len - 4, "\xe2\x82\xac", 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(levels_below_the_chosen_one_are_silent, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_cannot_forge_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(json_is_escaped, setup, teardown),
        cmocka_unit_test_setup_teardown(long_lines_are_cut_between_characters, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
