#include "policy/parse.h"

#include "policy/nodes.h"
#include "policy/parse_jump.h"
#include "policy/policy.h"
#include "policy/scan.h"
#include "protocol/sqlstate.h"

#include "parser/parser.h"

/* PostgreSQL's five characters of six bits each. */
static void unpack_sqlstate(int code, char ret[6])
{
    for (int i = 0; i < 5; i++) {
        ret[i] = (char)((code & 0x3f) + '0');
        code >>= 6;
    }
    ret[5] = '\0';
}

int parse_take_error(struct err *err)
{
    ErrorData *raised = CopyErrorData();
    char sqlstate[6];
    unpack_sqlstate(raised->sqlerrcode, sqlstate);
    err_set(err, sqlstate, "%s", raised->message ? raised->message : "parser failed");
    if (raised->detail)
        err_detail(err, "%s", raised->detail);
    if (raised->hint)
        err_hint(err, "%s", raised->hint);
    err->position = raised->cursorpos > 0 ? raised->cursorpos : 0;
    FlushErrorState();
    return -1;
}

int parse_protect(int (*body)(void *arg, struct err *err), void *arg, struct err *err)
{
    void *around = parse_context();
    MemoryContext context = pg_query_enter_memory_context();
    int status = parse_jump(body, arg, err);
    pg_query_exit_memory_context(context);
    parse_context_back(around);
    return status;
}

/* Does the grammar want to know what follows, as in NOT IN, NULLS FIRST, WITH TIME, U&'text' UESCAPE '!'? */
static bool looks_ahead(const char *sql, const struct scan_token *t, const struct scan_token *next)
{
    return scan_is_word(sql, t, "not") || scan_is_word(sql, t, "nulls") || scan_is_word(sql, t, "with") ||
           scan_is_word(sql, t, "uescape") || scan_is_word(sql, next, "uescape");
}

/* The library takes a comment there for what follows, and PostgreSQL does not: it becomes blanks.  Others stay, for
 * a string that goes on after a line break does not go on after a comment. */
static const char *without_comments_ahead(const char *sql)
{
    if (!strstr(sql, "--") && !strstr(sql, "/*"))
        return sql;
    char *copy = pstrdup(sql);
    struct scan s = scan_of(sql, strlen(sql));
    struct scan_token t = scan_next(&s);
    while (t.kind != SCAN_END) {
        struct scan_token next = scan_next(&s);
        if (next.kind != SCAN_END && looks_ahead(sql, &t, &next))
            memset(copy + t.end, ' ', next.start - t.end);
        t = next;
    }
    return copy;
}

int parse_sql(const char *sql, void **ret, struct err *err)
{
    (void)err; /* a syntax error is raised, and taken by the handler around us */
    *ret = raw_parser(without_comments_ahead(sql), RAW_PARSE_DEFAULT);
    return 0;
}

struct TypeName *parse_type(const char *text)
{
    return linitial_node(TypeName, raw_parser(text, RAW_PARSE_TYPE_NAME));
}

void policy_thread_init(void)
{
    MemoryContext context = pg_query_enter_memory_context(); /* the library sets itself up */
    pg_query_exit_memory_context(context);
}

void policy_thread_release(void)
{
    /* The library frees what it holds for a thread by a destructor of its own when the thread ends;
     * pg_query_exit() before that would free it twice. */
}
