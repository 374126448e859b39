/* link: conf */
/* The table of keys, the reference, the manual page and the example must not part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/load.h"
#include "conf/schema.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXAMPLE "../../conf/partywall.yaml"
#define MANUAL  "../../conf/partywall.yaml.5"

static bool is_key(const struct schema_row *row)
{
    return !(row->types & SCHEMA_LATER);
}

static bool has_parent(const struct schema_row *row)
{
    char parent[128];
    const char *dot = strrchr(row->path, '.');
    if (!dot)
        return true;
    snprintf(parent, sizeof parent, "%.*s", (int)(dot - row->path), row->path);
    const struct schema_row *up = schema_find(parent);
    if (!up || !is_key(up))
        return false;
    return up->types & (strcmp(dot, ".*") == 0 ? SCHEMA_NAMES : SCHEMA_SECTION);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < schema_nrows; i++) {
        const struct schema_row *row = &schema_rows[i];
        size_t len = strlen(row->text);
        uint64_t n;
        assert_ptr_equal(schema_find(row->path), row); /* no path twice */
        assert_true(row->types != 0);
        assert_true(len > 0);
        if (!has_parent(row))
            fail_msg("%s has no parent of the right type", row->path);
        if (!is_key(row))
            continue;
        if (row->text[len - 1] != '.')
            fail_msg("%s: its text is no sentence", row->path);
        assert_true(!(row->types & SCHEMA_WORD) == !row->words);
        if (row->types & SCHEMA_NUMBERS)
            assert_true(row->min < row->max);
        if (row->fallback && row->types & SCHEMA_SCALAR && schema_parse(row, row->fallback, &n) < 0)
            fail_msg("%s: its default is not valid", row->path);
        /* the snapshot keeps milliseconds and numbers in 32 bits */
        if (row->types & (SCHEMA_DURATION | SCHEMA_NUMBER))
            assert_true(row->max <= UINT32_MAX);
    }
    assert_null(schema_find("no.such.key"));
}

static void test_expects(void **state)
{
    (void)state;
    char text[160];
    schema_expects(schema_find("tls.mode"), text, sizeof text);
    assert_string_equal(text, "off, prefer or require");
    schema_expects(schema_find("workers"), text, sizeof text);
    assert_string_equal(text, "auto or a number from 1 to 1024");
    schema_expects(schema_find("policy.limits.statement_bytes"), text, sizeof text);
    assert_string_equal(text, "a size from 1KiB to 16MiB");
    schema_expects(schema_find("policy.tables.*"), text, 12);
    assert_string_equal(text, "scoped, sha"); /* cut, not overrun */
}

/* Each key has its line in the reference: path, default, sentence. */
static void test_reference(void **state)
{
    (void)state;
    char *text = NULL, line[200];
    size_t len;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    conf_reference(out);
    fclose(out);
    for (size_t i = 0; i < schema_nrows; i++) {
        const struct schema_row *row = &schema_rows[i];
        snprintf(line, sizeof line, is_key(row) ? "\n| `%s` | " : "\n- `%s` (", row->path);
        char *at = strstr(text, line);
        if (!at)
            fail_msg("%s is not in the reference", row->path);
        assert_null(strstr(at + 1, line));
        if (!is_key(row))
            continue;
        char *end = strchr(at + 1, '\n');
        *end = '\0';
        if (row->fallback) {
            snprintf(line, sizeof line, "| `%s` |", row->fallback);
            assert_non_null(strstr(at + 1, line));
        }
        *end = '\n';
    }
    free(text);
}

static char *read_whole(const char *path)
{
    char *text = calloc(1, 65536);
    FILE *f = fopen(path, "r");
    assert_non_null(text);
    assert_non_null(f);
    assert_true(fread(text, 1, 65535, f) < 65535);
    fclose(f);
    return text;
}

/* The manual page says of each key what it takes, its default and when a change takes effect. */
static void test_manual(void **state)
{
    (void)state;
    char *text = read_whole(MANUAL), expects[160], entry[400];
    size_t n = 0, entries = 0;
    for (size_t i = 0; i < schema_nrows; i++) {
        const struct schema_row *row = &schema_rows[i];
        if (!is_key(row))
            continue;
        n++;
        schema_expects(row, expects, sizeof expects);
        snprintf(entry, sizeof entry, "\n.B %s\n(%s%s%s%s%s)\n", row->path, expects,
                 row->required || row->fallback ? ", " : "",
                 row->fallback   ? row->fallback
                 : row->required ? "required"
                                 : "",
                 row->fallback ? " unless told" : "", row->reload ? "" : ", at start only");
        if (!strstr(text, entry))
            fail_msg("the manual does not say: %s", entry);
    }
    for (const char *at = text; (at = strstr(at, "\n.B ")); at++)
        entries += strchr(at + 1, '\n')[1] == '(';
    assert_int_equal(entries, n); /* and of no other key */
    free(text);
}

/* -- the example -- */

static char *read_example(bool all)
{
    char *text = calloc(1, 65536), line[512];
    FILE *f = fopen(EXAMPLE, "r");
    size_t len = 0;
    assert_non_null(text);
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        /* "#key" and "#  key" are settings that are off, "# Word" is prose */
        bool setting = line[0] == '#' && (line[1] != ' ' || line[2] == ' ');
        const char *kept = all && setting ? line + 1 : line;
        size_t n = strlen(kept);
        assert_true(len + n < 65535);
        memcpy(text + len, kept, n);
        len += n;
    }
    fclose(f);
    return text;
}

static void write_file(const char *dir, const char *name, const char *content)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(content, f);
    fclose(f);
}

/* What the example refers to, in a folder of its own. */
static void make_folder(char *dir)
{
    char path[256];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/secrets", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    const char *const names[] = {"server.crt",    "server.key",     "remote",       "acme",
                                 "secrets/owner", "secrets/webapp", "secrets/other"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        write_file(dir, names[i], "content\n");
    setenv("CREDENTIALS_DIRECTORY", dir, 1);
}

static void remove_folder(const char *dir)
{
    char command[300];
    const char *const names[] = {"server.crt",    "server.key",    "remote",
                                 "acme",          "secrets/owner", "secrets/webapp",
                                 "secrets/other", "secrets",       "."};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(command, sizeof command, "%s/%s", dir, names[i]);
        if (unlink(command) < 0)
            rmdir(i + 1 == sizeof names / sizeof names[0] ? dir : command);
    }
}

static struct conf *load_example(const char *dir, const char *text)
{
    char path[256];
    struct conf_errors errors;
    snprintf(path, sizeof path, "%s/partywall.yaml", dir);
    struct conf *c = conf_load_text(path, text, strlen(text), &errors);
    for (size_t i = 0; i < errors.n; i++)
        print_error("%s\n", errors.lines[i]);
    conf_errors_release(&errors);
    assert_non_null(c);
    return c;
}

/* Mark the rows that ${n} and what is below it make use of. */
static void mark(bool *seen, const struct schema_row *row, const struct tree_node *n)
{
    const char *path = row ? row->path : "";
    if (row)
        seen[row - schema_rows] = true;
    if (n->kind != TREE_MAPPING)
        return;
    for (const struct tree_node *c = n->first; c; c = c->next) {
        const char *name = row && row->types & SCHEMA_NAMES ? "*" : c->name;
        for (size_t i = 0; i < schema_nrows; i++) {
            const char *own = schema_child(&schema_rows[i], path);
            if (own && strcmp(own, name) == 0)
                mark(seen, &schema_rows[i], c);
        }
    }
}

static void check_default(const struct schema_row *row, const struct tree_node *root)
{
    /* keys at fixed places: what the example shows as off is the default */
    char path[128];
    const struct tree_node *n = root;
    if (!row->fallback || !(row->types & SCHEMA_SCALAR) || strchr(row->path, '*') ||
        strcmp(row->path, "tls.mode") == 0)
        return;
    snprintf(path, sizeof path, "%s", row->path);
    char *rest = NULL;
    for (char *part = strtok_r(path, ".", &rest); part; part = strtok_r(NULL, ".", &rest))
        n = tree_get(n, part);
    assert_non_null(n);
    if (strcmp(n->text, row->fallback) != 0)
        fail_msg("%s: the example shows %s, the default is %s", row->path, n->text, row->fallback);
}

static void test_example(void **state)
{
    (void)state;
    char dir[] = "/tmp/test_conf.XXXXXX";
    make_folder(dir);
    char *text = read_example(false);
    struct conf *c = load_example(dir, text);
    assert_int_equal(c->nlogins, 2);
    assert_non_null(c->tenant_default);
    conf_unref(c);
    free(text);
    remove_folder(dir);
}

static void test_example_has_all_keys(void **state)
{
    (void)state;
    char dir[] = "/tmp/test_conf.XXXXXX";
    bool *seen = calloc(schema_nrows, sizeof *seen);
    make_folder(dir);
    char *text = read_example(true);
    struct conf *c = load_example(dir, text);
    conf_unref(c);
    struct diag d = {.arena = conf_arena_new()};
    struct tree_node *root = tree_load_text(&d, "partywall.yaml", dir, text, strlen(text));
    assert_non_null(root);
    mark(seen, NULL, root);
    for (size_t i = 0; i < schema_nrows; i++) {
        if (is_key(&schema_rows[i]) && !seen[i])
            fail_msg("%s is not in the example", schema_rows[i].path);
        if (is_key(&schema_rows[i]))
            check_default(&schema_rows[i], root);
    }
    conf_arena_free(d.arena);
    free(seen);
    free(text);
    remove_folder(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),      cmocka_unit_test(test_expects),
        cmocka_unit_test(test_reference), cmocka_unit_test(test_manual),
        cmocka_unit_test(test_example),   cmocka_unit_test(test_example_has_all_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
