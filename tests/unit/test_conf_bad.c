/* link: conf */
/* Every data/conf/bad/NAME.yaml must be refused with exactly the lines of NAME.expect.  The file's
 * own name at the front of a line is left out there, and its absolute folder is written @. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/conf.h"

#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "data/conf/bad"

/* ${line} as the expectation has it, appended to ${ret}. */
static void put_line(FILE *ret, const char *line, const char *file, const char *absolute)
{
    size_t own = strlen(file), folder = strlen(absolute);
    if (strncmp(line, file, own) == 0 && line[own] == ':')
        line += own + 1;
    for (const char *at; (at = strstr(line, absolute)); line = at + folder)
        fprintf(ret, "%.*s@", (int)(at - line), line);
    fprintf(ret, "%s\n", line);
}

static char *read_whole(const char *path)
{
    char *ret = calloc(1, 65536);
    FILE *f = fopen(path, "r");
    assert_non_null(ret);
    if (!f)
        fail_msg("%s is missing", path);
    assert_true(fread(ret, 1, 65535, f) < 65535);
    fclose(f);
    return ret;
}

static bool refuse(const char *file, const char *absolute)
{
    char expect_path[PATH_MAX], *text = NULL;
    size_t len;
    struct conf_errors errors;
    snprintf(expect_path, sizeof expect_path, "%.*s.expect", (int)(strlen(file) - 5), file);
    char *expected = read_whole(expect_path);
    struct conf *conf = conf_load(file, &errors);
    assert_null(conf);
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    for (size_t i = 0; i < errors.n; i++)
        put_line(out, errors.lines[i], file, absolute);
    fclose(out);
    bool same = errors.n > 0 && strcmp(text, expected) == 0;
    if (!same)
        print_error("%s: expected\n%sbut got\n%s", file, expected, text);
    conf_errors_release(&errors);
    free(expected);
    free(text);
    return same;
}

static void test_all(void **state)
{
    (void)state;
    char absolute[PATH_MAX];
    glob_t found;
    size_t wrong = 0;
    assert_non_null(realpath(FOLDER, absolute));
    assert_int_equal(glob(FOLDER "/*.yaml", 0, NULL, &found), 0);
    assert_true(found.gl_pathc > 40);
    unsetenv("CREDENTIALS_DIRECTORY");
    for (size_t i = 0; i < found.gl_pathc; i++)
        wrong += !refuse(found.gl_pathv[i], absolute);
    globfree(&found);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
