/* functions_regexp.c: the functions of regular expressions; see functions_regex.h. */
#include "daemon/store/functions_regex.h"

/* -- what all begin with -- */

/* One call: the text, the expression, what was asked. */
struct call {
    sqlite3_context *ctx;
    struct slice text;
    struct regex *re;
    struct regex_options options;
    struct regex_match match;
};

/* ${text} and the expression in ${argv}[0] and [1], flags in [${flags}] (-1: none).  ${name} is
 * told when the option `g` does not fit; NULL: it does. */
static bool begin(struct call *c, sqlite3_context *ctx, sqlite3_value **argv, int flags,
                  const char *name)
{
    c->ctx = ctx;
    c->options = (struct regex_options){0};
    c->text = functions_slice(argv[0]);
    if (flags >= 0 && !regex_options(ctx, functions_slice(argv[flags]), &c->options))
        return false;
    if (c->options.global && name != NULL) {
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "%s() does not support the \"global\" option", name);
        if (strcmp(name, "regexp_match") == 0)
            err_hint(&functions_context(ctx)->raised, "Use the regexp_matches function instead.");
        return false;
    }
    struct regex_options asked = c->options;
    asked.global = false;
    c->re = regex_argument(ctx, argv, 1, &asked, c->text);
    return c->re != NULL;
}

/* The next match from ${at}; 1, 0, -1. */
static int next(struct call *c, size_t at, bool captures)
{
    return at > c->text.len ? 0 : regex_find(c->ctx, c->re, c->text, at, captures, &c->match);
}

/* Where to look after this match: an empty one must not be found again. */
static size_t after(const struct call *c)
{
    size_t end = c->match.end[0];
    if (c->match.start[0] != end)
        return end;
    return end < c->text.len ? end + functions_char(c->text.data + end, c->text.len - end)
                             : end + 1;
}

static bool positive(sqlite3_context *ctx, sqlite3_value *v, const char *name, int64_t least)
{
    int64_t n = sqlite3_value_int64(v);
    if (n >= least)
        return true;
    functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                   "invalid value for parameter \"%s\": %lld", name, (long long)n);
    return false;
}

/* Byte offset of the character that ${v} counts from 1, past the end when there is none. */
static size_t offset(struct slice text, sqlite3_value *v)
{
    size_t n = (size_t)sqlite3_value_int64(v) - 1;
    return n > functions_chars(text) ? text.len + 1 : functions_offset(text, n);
}

/* -- yes or no -- */

static void test(sqlite3_context *ctx, sqlite3_value **argv, bool fold)
{
    struct regex_options options = {.fold = fold};
    struct slice text = functions_slice(argv[0]);
    struct regex *re = regex_argument(ctx, argv, 1, &options, text);
    int rc = re == NULL ? -1 : regex_test(ctx, re, text);
    if (rc >= 0)
        sqlite3_result_int(ctx, rc);
}

static void fn_regex(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        test(ctx, argv, false);
}

static void fn_iregex(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        test(ctx, argv, true);
}

static void fn_like(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct call c;
    if (functions_null(argc, argv) || !begin(&c, ctx, argv, argc > 2 ? 2 : -1, "regexp_like"))
        return;
    int rc = regex_test(ctx, c.re, c.text);
    if (rc >= 0)
        sqlite3_result_int(ctx, rc);
}

/* -- arrays of matches -- */

static void put_part(const struct call *c, int i, struct buf *out)
{
    size_t from = c->match.start[i], to = c->match.end[i];
    if (from == SIZE_MAX)
        buf_append(out, "null", 4);
    else
        types_json_string((struct slice){c->text.data + from, to - from}, out);
}

/* The captures of a match, or all of it where there are none. */
static void put_match(const struct call *c, struct buf *out)
{
    int first = c->re->captures > 0 ? 1 : 0;
    buf_append(out, "[", 1);
    for (int i = first; i <= c->re->captures; i++) {
        if (i > first)
            buf_append(out, ",", 1);
        put_part(c, i, out);
    }
    buf_append(out, "]", 1);
}

static void fn_match(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct call c;
    struct buf out;
    if (functions_null(argc, argv) || !begin(&c, ctx, argv, argc > 2 ? 2 : -1, "regexp_match"))
        return;
    if (next(&c, 0, true) <= 0)
        return;
    functions_buf(&out);
    put_match(&c, &out);
    functions_finish(ctx, &out);
}

/* A JSON array with an array for each match. */
static void fn_matches(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct call c;
    struct buf out;
    int rc;
    bool any = false;
    if (functions_null(argc, argv) || !begin(&c, ctx, argv, argc > 2 ? 2 : -1, NULL))
        return;
    functions_buf(&out);
    buf_append(&out, "[", 1);
    for (size_t at = 0; (rc = next(&c, at, true)) > 0 && !out.failed; at = after(&c)) {
        if (any)
            buf_append(&out, ",", 1);
        put_match(&c, &out);
        any = true;
        if (!c.options.global)
            break;
    }
    buf_append(&out, "]", 1);
    if (rc < 0)
        buf_release(&out);
    else
        functions_finish(ctx, &out);
}

/* A JSON array of the texts between matches.  pgf_regexp_split(text, pattern, flags, name) */
static void fn_split(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct call c;
    struct buf out;
    size_t from = 0;
    int rc;
    if (functions_null(argc, argv) ||
        !begin(&c, ctx, argv, 2, (const char *)sqlite3_value_text(argv[3])))
        return;
    functions_buf(&out);
    buf_append(&out, "[", 1);
    size_t last = 0;
    for (size_t at = 0; (rc = next(&c, at, false)) > 0 && !out.failed; at = after(&c)) {
        size_t end = c.match.end[0];
        bool counts = c.match.start[0] < c.text.len && end > last;
        last = end;
        if (!counts)
            continue;
        types_json_string((struct slice){c.text.data + from, c.match.start[0] - from}, &out);
        buf_append(&out, ",", 1);
        from = end;
    }
    types_json_string((struct slice){c.text.data + from, c.text.len - from}, &out);
    buf_append(&out, "]", 1);
    if (rc < 0)
        buf_release(&out);
    else
        functions_finish(ctx, &out);
}

/* -- one part -- */

/* substring(text from pattern): the first capture if there is one. */
static void fn_substring(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct call c;
    if (functions_null(argc, argv) || !begin(&c, ctx, argv, -1, NULL) || next(&c, 0, true) <= 0)
        return;
    int i = c.re->captures > 0 ? 1 : 0;
    if (c.match.start[i] != SIZE_MAX)
        functions_result_text(ctx, c.text.data + c.match.start[i],
                              c.match.end[i] - c.match.start[i]);
}

static void fn_count(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct call c;
    int64_t n = 0;
    int rc;
    if (functions_null(argc, argv) || !positive(ctx, argv[2], "start", 1) ||
        !begin(&c, ctx, argv, 3, "regexp_count"))
        return;
    for (size_t at = offset(c.text, argv[2]); (rc = next(&c, at, false)) > 0; at = after(&c))
        n++;
    if (rc == 0)
        sqlite3_result_int64(ctx, n);
}

/* Which of the match's parts is subexpression ${v}; -1: it has none such.  Without parentheses the
 * whole is the first. */
static int64_t part_of(const struct call *c, sqlite3_value *v)
{
    int64_t part = sqlite3_value_int64(v);
    if (c->re->captures == 0)
        return part <= 1 ? 0 : -1;
    return part <= c->re->captures ? part : -1;
}

/* The ${n}th match from ${start} on: 1, 0, -1. */
static int nth(struct call *c, sqlite3_value *start, int64_t n)
{
    int rc = 0;
    for (size_t at = offset(c->text, start); n > 0 && (rc = next(c, at, true)) > 0; at = after(c))
        n--;
    return rc;
}

/* pgf_regexp_instr(text, pattern, start, n, endoption, flags, subexpression) */
static void fn_instr(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct call c;
    if (functions_null(argc, argv) || !positive(ctx, argv[2], "start", 1) ||
        !positive(ctx, argv[3], "n", 1))
        return;
    int64_t end = sqlite3_value_int64(argv[4]);
    if (end != 0 && end != 1) {
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "invalid value for parameter \"%s\": %lld", "endoption", (long long)end);
        return;
    }
    if (!positive(ctx, argv[6], "subexpr", 0) || !begin(&c, ctx, argv, 5, "regexp_instr"))
        return;
    int64_t part = part_of(&c, argv[6]);
    int rc = part < 0 ? 0 : nth(&c, argv[2], sqlite3_value_int64(argv[3]));
    if (rc == 0 || (rc > 0 && c.match.start[part] == SIZE_MAX))
        sqlite3_result_int(ctx, 0);
    else if (rc > 0)
        sqlite3_result_int64(ctx,
                             1 + (int64_t)functions_chars((struct slice){
                                     c.text.data, end ? c.match.end[part] : c.match.start[part]}));
}

/* pgf_regexp_substr(text, pattern, start, n, flags, subexpression) */
static void fn_substr(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct call c;
    if (functions_null(argc, argv) || !positive(ctx, argv[2], "start", 1) ||
        !positive(ctx, argv[3], "n", 1) || !positive(ctx, argv[5], "subexpr", 0) ||
        !begin(&c, ctx, argv, 4, "regexp_substr"))
        return;
    int64_t part = part_of(&c, argv[5]);
    int rc = part < 0 ? 0 : nth(&c, argv[2], sqlite3_value_int64(argv[3]));
    if (rc > 0 && c.match.start[part] != SIZE_MAX)
        functions_result_text(ctx, c.text.data + c.match.start[part],
                              c.match.end[part] - c.match.start[part]);
}

/* -- regexp_replace() -- */

static void put_replacement(const struct call *c, struct slice with, struct buf *out)
{
    for (size_t i = 0; i < with.len; i++) {
        char e = i + 1 < with.len ? with.data[i + 1] : '\0';
        int part = e == '&' ? 0 : e >= '1' && e <= '9' ? e - '0' : -1;
        if (with.data[i] != '\\' || (part < 0 && e != '\\')) {
            buf_append(out, &with.data[i], 1);
            continue;
        }
        i++;
        if (part < 0)
            buf_append(out, "\\", 1);
        else if (part <= c->re->captures && c->match.start[part] != SIZE_MAX)
            buf_append(out, c->text.data + c->match.start[part],
                       c->match.end[part] - c->match.start[part]);
    }
}

/* From ${at} on the ${n}th match, 0: all. */
static void replace(struct call *c, struct slice with, size_t at, int64_t n)
{
    struct buf out;
    size_t done = 0;
    int64_t seen = 0;
    int rc;
    bool captures = with.len > 0 && memchr(with.data, '\\', with.len) != NULL;
    functions_buf(&out);
    for (; (rc = next(c, at, captures)) > 0 && !out.failed; at = after(c)) {
        if (++seen < n)
            continue;
        buf_append(&out, c->text.data + done, c->match.start[0] - done);
        put_replacement(c, with, &out);
        done = c->match.end[0];
        if (n > 0)
            break;
    }
    if (rc < 0) {
        buf_release(&out);
        return;
    }
    buf_append(&out, c->text.data + done, c->text.len - done);
    functions_finish(c->ctx, &out);
}

/* pgf_regexp_replace(text, pattern, with[, flags]) */
static void fn_replace(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct call c;
    if (functions_null(argc, argv))
        return;
    struct slice flags = argc > 3 ? functions_slice(argv[3]) : (struct slice){"", 0};
    if (flags.len > 0 && flags.data[0] >= '0' && flags.data[0] <= '9') {
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "invalid regular expression option: \"%.*s\"", 1, flags.data);
        err_hint(&functions_context(ctx)->raised,
                 "If you meant to use regexp_replace() with a start parameter, cast the fourth "
                 "argument to integer explicitly.");
        return;
    }
    if (begin(&c, ctx, argv, argc > 3 ? 3 : -1, NULL))
        replace(&c, functions_slice(argv[2]), 0, c.options.global ? 0 : 1);
}

/* pgf_regexp_replace_at(text, pattern, with, start, n, flags) */
static void fn_replace_at(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct call c;
    if (functions_null(argc, argv) || !positive(ctx, argv[3], "start", 1))
        return;
    if (positive(ctx, argv[4], "n", 0) && begin(&c, ctx, argv, 5, NULL))
        replace(&c, functions_slice(argv[2]), offset(c.text, argv[3]),
                sqlite3_value_int64(argv[4]));
}

const struct function_row functions_regexp_rows[] = {
    {"pgf_regex", 2, true, fn_regex, NULL, NULL},
    {"pgf_iregex", 2, true, fn_iregex, NULL, NULL},
    {"pgf_regexp_like", -1, true, fn_like, NULL, NULL},
    {"pgf_regexp_match", -1, true, fn_match, NULL, NULL},
    {"pgf_regexp_matches", -1, true, fn_matches, NULL, NULL},
    {"pgf_regexp_split", 4, true, fn_split, NULL, NULL},
    {"pgf_regexp_substring", 2, true, fn_substring, NULL, NULL},
    {"pgf_regexp_count", 4, true, fn_count, NULL, NULL},
    {"pgf_regexp_instr", 7, true, fn_instr, NULL, NULL},
    {"pgf_regexp_substr", 6, true, fn_substr, NULL, NULL},
    {"pgf_regexp_replace", -1, true, fn_replace, NULL, NULL},
    {"pgf_regexp_replace_at", 6, true, fn_replace_at, NULL, NULL},
};
const size_t functions_regexp_n = sizeof(functions_regexp_rows) / sizeof(functions_regexp_rows[0]);
