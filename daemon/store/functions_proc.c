/* functions_proc.c: what is said of functions: arguments, results, definitions.  All functions are
 * built in. */
#include "daemon/store/builtin.h"
#include "daemon/store/functions_impl.h"
#include "daemon/store/ident.h"
#include "daemon/store/objects.h"

#include <stdio.h>
#include <stdlib.h>

#define ARGUMENTS_MAX 64
#define TEXT_BYTES    4096

struct proc {
    const struct builtin_table *table;
    size_t row;
    uint32_t types[ARGUMENTS_MAX];
    char modes[ARGUMENTS_MAX];
    char names[ARGUMENTS_MAX][64];
    int n, ninput, ndefaults;
    char kind;
};

static bool field(const struct proc *p, const char *column, struct slice *ret)
{
    return builtin_field(p->table, p->row, (size_t)builtin_column(p->table, column), ret);
}

static int64_t number(const struct proc *p, const char *column)
{
    return builtin_number(p->table, p->row, (size_t)builtin_column(p->table, column));
}

/* Of a float4. */
static int64_t whole(const struct proc *p, const char *column)
{
    struct slice text;
    return field(p, column, &text) ? (int64_t)strtod(text.data, NULL) : 0;
}

/* The next text of a JSON array; false: no more. */
static bool next_text(struct slice *rest, struct slice *ret)
{
    const char *from = memchr(rest->data, '"', rest->len);
    if (!from)
        return false;
    size_t left = rest->len - (size_t)(from + 1 - rest->data);
    const char *to = memchr(from + 1, '"', left);
    if (!to)
        return false;
    *ret = (struct slice){from + 1, (size_t)(to - from - 1)};
    *rest = (struct slice){to + 1, left - ret->len - 1};
    return true;
}

static bool is_input(char mode)
{
    return mode == 'i' || mode == 'b' || mode == 'v';
}

static void read_arguments(struct proc *p)
{
    struct slice list, item;
    if (!field(p, "proallargtypes", &list) && !field(p, "proargtypes", &list))
        return;
    for (; p->n < ARGUMENTS_MAX && next_text(&list, &item); p->n++) {
        p->types[p->n] = (uint32_t)strtoul(item.data, NULL, 10);
        p->modes[p->n] = 'i';
    }
    if (field(p, "proargmodes", &list))
        for (int i = 0; i < p->n && next_text(&list, &item); i++)
            p->modes[i] = item.data[0];
    else if (number(p, "provariadic") != 0)
        p->modes[p->n - 1] = 'v';
    if (field(p, "proargnames", &list))
        for (int i = 0; i < p->n && next_text(&list, &item); i++)
            snprintf(p->names[i], sizeof p->names[i], "%.*s", (int)item.len, item.data);
    for (int i = 0; i < p->n; i++)
        p->ninput += is_input(p->modes[i]);
    p->ndefaults = (int)number(p, "pronargdefaults");
}

/* The function of the first argument; false: NULL is the answer. */
static bool proc_of(int argc, sqlite3_value **argv, struct proc *ret)
{
    struct slice kind;
    memset(ret, 0, sizeof *ret);
    if (functions_null(argc, argv))
        return false;
    ret->table = builtin_table("pg_proc");
    if (!builtin_row(ret->table, "oid", sqlite3_value_int64(argv[0]), &ret->row))
        return false;
    read_arguments(ret);
    ret->kind = field(ret, "prokind", &kind) ? kind.data[0] : 'f';
    return true;
}

static void print_type(sqlite3_context *ctx, uint32_t type, struct buf *out)
{
    (void)objects_print_type(functions_context(ctx), type, out);
}

/* Default ${which} of the list, without surrounding blanks: they are separated by commas outside of
 * parentheses and quotes. */
static struct slice default_at(const struct proc *p, int which)
{
    struct slice list;
    int depth = 0, at = 0;
    bool quoted = false;
    size_t from = 0, i;
    if (!field(p, "proargdefaults", &list))
        return (struct slice){"", 0};
    for (i = 0; i < list.len; i++) {
        char c = list.data[i];
        if (c == '\'')
            quoted = !quoted;
        if (!quoted && (c == '(' || c == '['))
            depth++;
        if (!quoted && (c == ')' || c == ']'))
            depth--;
        if (c != ',' || quoted || depth > 0)
            continue;
        if (at++ == which)
            break;
        from = i + 2;
    }
    return (struct slice){list.data + from, i - from};
}

static void print_default(const struct proc *p, int which, struct buf *out)
{
    char text[TEXT_BYTES];
    struct slice value = default_at(p, which);
    if (value.len < sizeof text)
        buf_append(out, text, builtin_unescape(value, text));
}

static void print_argument(sqlite3_context *ctx, const struct proc *p, int i, struct buf *out)
{
    char mode = p->modes[i];
    ident_format(out, "%s",
                 mode == 'o'                     ? "OUT "
                 : mode == 'b'                   ? "INOUT "
                 : mode == 'v'                   ? "VARIADIC "
                 : p->kind == 'p' && mode == 'i' ? "IN "
                                                 : "");
    if (p->names[i][0]) {
        ident_postgres(p->names[i], out);
        buf_append(out, " ", 1);
    }
    print_type(ctx, p->types[i], out);
}

/* An aggregate over sorted rows: how many arguments stand before ORDER BY; -1: it is none. */
static int direct_arguments(const struct proc *p, uint32_t oid)
{
    const struct builtin_table *t = builtin_table("pg_aggregate");
    struct slice kind;
    size_t row;
    if (p->kind != 'a' || !builtin_row(t, "aggfnoid", oid, &row) ||
        !builtin_field(t, row, (size_t)builtin_column(t, "aggkind"), &kind) || kind.data[0] == 'n')
        return -1;
    return (int)builtin_number(t, row, (size_t)builtin_column(t, "aggnumdirectargs"));
}

static int print_arguments(sqlite3_context *ctx, const struct proc *p, int direct, bool defaults,
                           struct buf *out)
{
    int printed = 0, input = 0;
    for (int i = 0; i < p->n; i++) {
        bool is_in = is_input(p->modes[i]);
        if (p->modes[i] == 't')
            continue;
        if (printed == direct)
            ident_format(out, printed ? " ORDER BY " : "ORDER BY ");
        else if (printed)
            ident_format(out, ", ");
        print_argument(ctx, p, i, out);
        int which = input - (p->ninput - p->ndefaults);
        if (defaults && is_in && which >= 0) {
            ident_format(out, " DEFAULT ");
            print_default(p, which, out);
        }
        input += is_in;
        printed++;
        if (printed == direct && i == p->n - 1) { /* they all stand on both sides */
            ident_format(out, " ORDER BY ");
            print_argument(ctx, p, i, out);
        }
    }
    return printed;
}

static void arguments(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool defaults)
{
    struct proc p;
    struct buf out;
    if (!proc_of(argc, argv, &p))
        return;
    functions_buf(&out);
    print_arguments(ctx, &p, direct_arguments(&p, (uint32_t)sqlite3_value_int64(argv[0])), defaults,
                    &out);
    functions_finish(ctx, &out);
}

static void fn_arguments(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    arguments(ctx, argc, argv, true);
}

static void fn_identity(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    arguments(ctx, argc, argv, false);
}

static void print_result(sqlite3_context *ctx, const struct proc *p, struct buf *out)
{
    bool first = true;
    for (int i = 0; i < p->n; i++) {
        if (p->modes[i] != 't')
            continue;
        ident_format(out, first ? "TABLE(" : ", ");
        if (p->names[i][0]) {
            ident_postgres(p->names[i], out);
            buf_append(out, " ", 1);
        }
        print_type(ctx, p->types[i], out);
        first = false;
    }
    if (!first) {
        ident_format(out, ")");
        return;
    }
    if (number(p, "proretset"))
        ident_format(out, "SETOF ");
    print_type(ctx, (uint32_t)number(p, "prorettype"), out);
}

static void fn_result(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct proc p;
    struct buf out;
    if (!proc_of(argc, argv, &p) || p.kind == 'p')
        return;
    functions_buf(&out);
    print_result(ctx, &p, &out);
    functions_finish(ctx, &out);
}

/* pg_get_function_arg_default(oid, number from 1 among all arguments) */
static void fn_arg_default(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct proc p;
    struct buf out;
    if (!proc_of(argc, argv, &p))
        return;
    int wanted = sqlite3_value_int(argv[1]), input = 0;
    if (wanted < 1 || wanted > p.n || !is_input(p.modes[wanted - 1]))
        return;
    for (int i = 0; i < wanted - 1; i++)
        input += is_input(p.modes[i]);
    int which = input - (p.ninput - p.ndefaults);
    if (which < 0)
        return;
    functions_buf(&out);
    print_default(&p, which, &out);
    functions_finish(ctx, &out);
}

/* -- pg_get_functiondef -- */

static void print_options(sqlite3_context *ctx, const struct proc *p, struct buf *out)
{
    struct slice f;
    (void)ctx;
    size_t before = buf_len(out);
    if (p->kind == 'w')
        ident_format(out, " WINDOW");
    if (field(p, "provolatile", &f) && f.data[0] != 'v')
        ident_format(out, f.data[0] == 'i' ? " IMMUTABLE" : " STABLE");
    if (field(p, "proparallel", &f) && f.data[0] != 'u')
        ident_format(out, f.data[0] == 's' ? " PARALLEL SAFE" : " PARALLEL RESTRICTED");
    if (number(p, "proisstrict"))
        ident_format(out, " STRICT");
    if (number(p, "prosecdef"))
        ident_format(out, " SECURITY DEFINER");
    if (number(p, "proleakproof"))
        ident_format(out, " LEAKPROOF");
    int64_t language = number(p, "prolang");
    int64_t cost = whole(p, "procost"), usual = language == 14 ? 100 : 1;
    if (cost != usual)
        ident_format(out, " COST %lld", (long long)cost);
    int64_t rows = whole(p, "prorows");
    if (rows > 0 && rows != 1000)
        ident_format(out, " ROWS %lld", (long long)rows);
    if (number(p, "prosupport") != 0) {
        struct proc support = {.table = p->table};
        if (builtin_row(p->table, "oid", number(p, "prosupport"), &support.row) &&
            field(&support, "proname", &f))
            ident_format(out, " SUPPORT %.*s", (int)f.len, f.data);
    }
    if (buf_len(out) > before)
        ident_format(out, "\n");
}

static void fn_definition(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct proc p;
    struct buf out;
    struct slice name, source, body;
    char text[TEXT_BYTES];
    if (!proc_of(argc, argv, &p))
        return;
    (void)field(&p, "proname", &name);
    (void)field(&p, "prosrc", &source);
    if (p.kind == 'a') {
        functions_fail(ctx, "42809", "\"%.*s\" is an aggregate function", (int)name.len, name.data);
        return;
    }
    if (field(&p, "prosqlbody", &body) || source.len >= sizeof text) {
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "the definition of function %.*s is not supported by the embedded store",
                       (int)name.len, name.data);
        return;
    }
    snprintf(text, sizeof text, "%.*s", (int)name.len, name.data);
    functions_buf(&out);
    ident_format(&out, "CREATE OR REPLACE FUNCTION pg_catalog.");
    ident_postgres(text, &out);
    ident_format(&out, "(");
    print_arguments(ctx, &p, -1, true, &out);
    ident_format(&out, ")\n RETURNS ");
    print_result(ctx, &p, &out);
    int64_t language = number(&p, "prolang");
    ident_format(&out, "\n LANGUAGE %s\n",
                 language == 14   ? "sql"
                 : language == 12 ? "internal"
                                  : "c");
    print_options(ctx, &p, &out);
    ident_format(&out, "AS $function$");
    buf_append(&out, text, builtin_unescape(source, text));
    ident_format(&out, "$function$\n");
    functions_finish(ctx, &out);
}

const struct function_row functions_proc_rows[] = {
    {"pgf_function_arguments", 1, false, fn_arguments, NULL, NULL},
    {"pgf_function_identity", 1, false, fn_identity, NULL, NULL},
    {"pgf_function_result", 1, false, fn_result, NULL, NULL},
    {"pgf_function_arg_default", 2, false, fn_arg_default, NULL, NULL},
    {"pgf_functiondef", 1, false, fn_definition, NULL, NULL},
};
const size_t functions_proc_n = sizeof(functions_proc_rows) / sizeof(functions_proc_rows[0]);
