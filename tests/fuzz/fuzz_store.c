/* link: store */
/* Any statement through the embedded store, from Parse to the last row, in a transaction that is rolled back.
 *
 * Run at the top of the project: the tables are those of tests/integration/store.  The mutations know SQL
 * (sql_mutator.h).  Looked for, beside crashes: an error that says the fault is ours (XX000), one without a code,
 * a position outside of the text, rows that are not what was described, a conversation out of step. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#define MUST(x)                                                                                    \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)
#define assert_true(x)            MUST(x) /* what store_client.h uses of cmocka */
#define assert_non_null(x)        MUST(x)
#define assert_int_equal(x, y)    MUST((x) == (y))
#define print_error(...)          fprintf(stderr, __VA_ARGS__)
#define fail_msg(format, ...)     (fprintf(stderr, format "\n", __VA_ARGS__), abort())
#include "fuzz/sql_mutator.h"
#include "policy/guard.h"
#include "policy/nodes.h"
#include "policy/parse.h"
#include "policy/policy.h"
#include "unit/store_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct rules rules;
static struct client client;
static char directory[64] = "/dev/shm/fuzz_store_XXXXXX";

/* -- what comes back -- */

struct reply {
    const char *sql;
    size_t characters;
    int nparams, nfields; /* -1: not said */
    bool failed, tolerant;
};

static void check_error(struct reply *r, struct slice body)
{
    struct err e = {0};
    char severity[16];
    MUST(msg_read_error(body, &e, severity) == 0);
    r->failed = true;
    bool theirs = strncmp(e.message, "unrecognized objtype", 20) == 0; /* acldefault('x', 10) in PostgreSQL */
    bool ours = strcmp(e.sqlstate, "XX000") == 0 && !r->tolerant && !theirs;
    ours = ours || strcmp(severity, "FATAL") == 0;
    if (ours || strlen(e.sqlstate) != 5 || e.position < 0 || (size_t)e.position > r->characters + 1) {
        fprintf(stderr, "%s\n  %s %s %s (at %d)\n", r->sql, severity, e.sqlstate, e.message, (int)e.position);
        abort();
    }
}

static void take(struct reply *r, const struct frame *f)
{
    struct slice body = {f->body, f->body_len};
    struct reader in = reader_of(body);
    switch (f->type) {
    case 't':
        r->nparams = read_int16(&in);
        break;
    case 'T':
        r->nfields = read_int16(&in);
        break;
    case 'D':
        MUST(r->nfields < 0 || read_int16(&in) == r->nfields);
        break;
    case 'E':
        check_error(r, body);
        break;
    case 'G': /* no rows; a Sync that was on its way is not heard in a COPY */
        msg_copy_done(&client.out);
        msg_sync(&client.out);
        client_send(&client);
        break;
    default:
        break;
    }
}

static void converse(struct reply *r)
{
    struct frame f;
    struct err err;
    client_send(&client);
    for (char type = 0; type != 'Z';) {
        int rc = frame_next(FRAME_BACKEND, buf_peek(&client.in), FRAME_MESSAGE_MAX, &f, &err);
        MUST(rc >= 0);
        if (rc > 0) {
            type = f.type;
            take(r, &f);
            buf_consume(&client.in, (size_t)f.head_len + f.body_len);
            continue;
        }
        char *room = buf_reserve(&client.in, 65536);
        MUST(room);
        ssize_t n = recv(client.fd, room, 65536, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            fprintf(stderr, "%s\n", r->sql);
        MUST(n > 0);
        buf_commit(&client.in, (size_t)n);
    }
    MUST(buf_len(&client.in) == 0);
}

static void command(const char *sql)
{
    struct reply r = {.sql = sql, .tolerant = true, .characters = strlen(sql)};
    msg_query(&client.out, (struct slice){sql, strlen(sql)});
    converse(&r);
}

/* -- the tables -- */

static void set_up(const char *file)
{
    static char line[65536];
    FILE *in = fopen(file, "r");
    MUST(in);
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\t\n")] = '\0';
        const char *sql = line[0] == '+' ? line + 1 : line;
        if (sql > line || strncmp(sql, "create ", 7) == 0)
            command(sql);
    }
    fclose(in);
    command("ROLLBACK");
    command("DISCARD ALL");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char folder[] = "tests/integration/store";
    struct dirent **all;
    char file[512];
    (void)argc;
    (void)argv;
    policy_thread_init();
    store_init();
    rules = rules_default;
    rules.limits.tokens = 4000;
    rules.limits.chain = 500;
    rules.limits.depth = 50;
    MUST(mkdtemp(directory));
    client_open(open_store(directory), &client);
    int n = scandir(folder, &all, NULL, alphasort);
    MUST(n > 2);
    for (int i = 0; i < n; i++) {
        snprintf(file, sizeof file, "%s/%s", folder, all[i]->d_name);
        if (all[i]->d_name[0] != '.')
            set_up(file);
        free(all[i]);
    }
    free(all);
    command("SET statement_timeout = '200ms'");
    remove_tree(directory); /* the files stay open */
    return 0;
}

/* -- one statement -- */

/* Would it end the transaction, or last beyond it? */
static int body(void *arg, struct err *err)
{
    void *list;
    if (parse_sql(arg, &list, err) < 0)
        return -1;
    if (list_length((List *)list) != 1)
        return -1;
    const Node *stmt = ((RawStmt *)linitial((List *)list))->stmt;
    return IsA(stmt, TransactionStmt) || IsA(stmt, VariableSetStmt) || IsA(stmt, DiscardStmt) ? -1 : 0;
}

static void run(const char *sql, struct slice text, bool binary)
{
    struct reply r = {.sql = sql, .nparams = -1, .nfields = -1};
    for (size_t i = 0; i < text.len; i++)
        r.characters += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    command("BEGIN");
    msg_parse(&client.out, "", text, NULL, 0);
    msg_describe(&client.out, 'S', "");
    msg_sync(&client.out);
    converse(&r);
    if (!r.failed) {
        MUST(r.nparams >= 0);
        size_t mark = msg_begin(&client.out, 'B');
        msg_string(&client.out, "");
        msg_string(&client.out, "");
        msg_int16(&client.out, 0);
        msg_int16(&client.out, (uint16_t)r.nparams);
        for (int i = 0; i < r.nparams; i++)
            msg_int32(&client.out, UINT32_MAX);
        msg_int16(&client.out, 1);
        msg_int16(&client.out, binary);
        msg_end(&client.out, mark);
        msg_execute(&client.out, "", 1000);
        msg_sync(&client.out);
        converse(&r);
    }
    command("ROLLBACK");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    char *sql = malloc(size + 1);
    if (!sql)
        return 0;
    memcpy(sql, data, size);
    sql[size] = '\0';
    struct slice text = {sql, strlen(sql)};
    err_reset(&err);
    if (text.len == size && guard_check(&rules, text, NULL, &err) == 0 &&
        parse_protect(body, sql, &err) == 0)
        run(sql, text, size % 2);
    free(sql);
    return 0;
}
