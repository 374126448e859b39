/* Table of contents: parameters; the `options` string; session start-up; the packet. */
#include "protocol/startup.h"

#include "protocol/frame.h"
#include "protocol/msg_read.h"
#include "protocol/sqlstate.h"

#include <strings.h>

#define CODE_MAJOR  1234u /* "versions" that are requests of another kind */
#define CODE_CANCEL 5678u
#define CODE_SSL    5679u
#define CODE_GSSENC 5680u

#define NEWEST_MINOR 2u

/* -- parameters -- */

static int too_many(struct err *err)
{
    return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                   "too many parameters in startup packet, the limit is %d", STARTUP_MAX_PARAMS);
}

/* A name given twice must not be looked at twice: who checks the first and uses the last is fooled.
 */
static void forget_param(struct startup *s, const char *name)
{
    for (size_t i = 0; i < s->nparams; i++) {
        if (strcasecmp(s->params[i].name.data, name) != 0)
            continue;
        s->nparams--;
        memmove(&s->params[i], &s->params[i + 1], (s->nparams - i) * sizeof(s->params[0]));
        return;
    }
}

static int add_param(struct startup *s, struct slice name, struct slice value, struct err *err)
{
    forget_param(s, name.data);
    if (s->nparams == STARTUP_MAX_PARAMS)
        return too_many(err);
    s->params[s->nparams++] = (struct startup_param){name, value};
    return 0;
}

static int add_unknown(struct startup *s, const char *name, struct err *err)
{
    for (size_t i = 0; i < s->nunknown; i++)
        if (strcmp(s->unknown_options[i], name) == 0)
            return 0;
    if (s->nunknown == STARTUP_MAX_PARAMS)
        return too_many(err);
    s->unknown_options[s->nunknown++] = name;
    return 0;
}

/* -- the `options` string, as pg_split_opts and process_postgres_switches read it -- */

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Where words are read from and written to.  A word is never longer than its source, so the scratch
 * space cannot run over: it is larger than a start-up packet. */
struct words {
    const char *in;
    char *out;
};

/* The next blank-separated word, in which a backslash takes the character after it literally.
 * NULL at the end. */
static char *next_word(struct words *w)
{
    while (is_blank(*w->in))
        w->in++;
    if (*w->in == '\0')
        return NULL;
    char *word = w->out;
    for (bool escaped = false; *w->in != '\0'; w->in++) {
        if (!escaped && is_blank(*w->in))
            break;
        if (!escaped && *w->in == '\\') {
            escaped = true;
            continue;
        }
        escaped = false;
        *w->out++ = *w->in;
    }
    *w->out++ = '\0';
    return word;
}

/* "name=value" in place; '-' in a name means '_'. */
static int add_setting(struct startup *s, char *text, const char *prefix, struct err *err)
{
    char *equal = strchr(text, '=');
    char *end = equal ? equal : text + strlen(text);
    for (char *p = text; p < end; p++)
        if (*p == '-')
            *p = '_';
    if (!equal)
        return err_set(err, SQLSTATE_SYNTAX_ERROR, "%s%s requires a value", prefix, text);
    if (equal == text)
        return err_set(err, SQLSTATE_SYNTAX_ERROR, "%s=%s has no parameter name", prefix,
                       equal + 1);
    *equal = '\0';
    struct slice name = {text, (size_t)(equal - text)};
    struct slice value = {equal + 1, strlen(equal + 1)};
    return add_param(s, name, value, err);
}

static int bad_argument(const char *word, struct err *err)
{
    return err_set(err, SQLSTATE_SYNTAX_ERROR,
                   "invalid command-line argument for server process: %s", word);
}

static int read_word(struct startup *s, struct words *w, char *word, struct err *err)
{
    if (word[0] != '-' || word[1] == '\0')
        return bad_argument(word, err);
    if (word[1] == '-')
        return word[2] != '\0' ? add_setting(s, word + 2, "--", err) : bad_argument(word, err);
    if (word[1] != 'c')
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "command-line argument \"%s\" is not supported, use -c name=value", word);
    char *setting = word[2] != '\0' ? word + 2 : next_word(w);
    return setting ? add_setting(s, setting, "-c ", err) : bad_argument(word, err);
}

static int read_options(struct startup *s, const char *options, struct err *err)
{
    struct words w = {.in = options, .out = s->scratch};
    for (char *word; (word = next_word(&w)) != NULL;)
        if (read_word(s, &w, word, err) != 0)
            return -1;
    return 0;
}

/* -- session start-up -- */

/* Is ${text} a beginning, of at least ${least} letters, of ${word}?  Letters' case does not matter.
 */
static bool begins(struct slice text, const char *word, size_t least)
{
    return text.len >= least && text.len <= strlen(word) &&
           strncasecmp(text.data, word, text.len) == 0;
}

/* PostgreSQL's parse_bool, and "database". */
static int read_replication(struct slice v, bool *ret, bool *ret_logical, struct err *err)
{
    static const struct {
        const char *word;
        size_t least;
        bool value;
    } words[] = {{"true", 1, true},   {"yes", 1, true}, {"on", 2, true},   {"1", 1, true},
                 {"false", 1, false}, {"no", 1, false}, {"off", 2, false}, {"0", 1, false}};
    *ret_logical = strcmp(v.data, "database") == 0;
    if (*ret_logical) {
        *ret = true;
        return 0;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (begins(v, words[i].word, words[i].least)) {
            *ret = words[i].value;
            return 0;
        }
    }
    err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid value for parameter \"%s\": \"%s\"",
            "replication", v.data);
    err_hint(err, "Valid values are: \"false\", 0, \"true\", 1, \"database\".");
    return -1;
}

/* One walk over the name/value pairs.  ${first_pass}: only what names the session; then the
 * settings, because `options` comes before them in effect and wherever it may in the packet. */
static int read_pair(struct startup *s, bool first_pass, struct slice name, struct slice value,
                     const char **options, struct err *err)
{
    bool user = strcmp(name.data, "user") == 0;
    bool database = strcmp(name.data, "database") == 0;
    bool opts = strcmp(name.data, "options") == 0;
    bool replication = strcmp(name.data, "replication") == 0;
    if (!first_pass) {
        if (user || database || opts || replication)
            return 0;
        if (strncmp(name.data, "_pq_.", 5) == 0)
            return add_unknown(s, name.data, err);
        return add_param(s, name, value, err);
    }
    if (user)
        s->user = value;
    else if (database)
        s->database = value;
    else if (opts)
        *options = value.data;
    else if (replication)
        return read_replication(value, &s->replication, &s->logical, err);
    return 0;
}

static int read_pairs(struct startup *s, bool first_pass, struct slice pairs, const char **options,
                      struct err *err)
{
    struct reader r = reader_of(pairs);
    for (;;) {
        struct slice name = read_string(&r);
        if (r.failed || name.len == 0)
            break;
        struct slice value = read_string(&r);
        if (r.failed)
            break;
        if (read_pair(s, first_pass, name, value, options, err) != 0)
            return -1;
    }
    if (r.failed || r.p != r.end)
        return err_set(err, SQLSTATE_PROTOCOL_VIOLATION,
                       "invalid startup packet layout: expected terminator as last byte");
    return 0;
}

static int read_session(struct startup *s, struct slice pairs, struct err *err)
{
    const char *options = "";
    s->kind = STARTUP_SESSION;
    if (read_pairs(s, true, pairs, &options, err) != 0 || read_options(s, options, err) != 0 ||
        read_pairs(s, false, pairs, &options, err) != 0)
        return -1;
    if (s->user.len == 0)
        return err_set(err, SQLSTATE_INVALID_AUTHORIZATION,
                       "no PostgreSQL user name specified in startup packet");
    if (s->database.len == 0)
        s->database = s->user;
    s->speak_minor = s->minor >= NEWEST_MINOR ? NEWEST_MINOR : 0;
    s->negotiate = s->minor != s->speak_minor || s->nunknown > 0;
    return 0;
}

/* -- the packet -- */

static int bad_length(struct err *err)
{
    return err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "invalid length of startup packet");
}

static int read_cancel(struct startup *s, struct reader *r, struct err *err)
{
    s->kind = STARTUP_CANCEL;
    s->cancel_pid = read_int32(r);
    if (r->failed)
        return bad_length(err);
    size_t len = (size_t)(r->end - r->p);
    if (len < 4 || len > 256)
        return bad_length(err);
    s->cancel_key = read_bytes(r, len);
    return 0;
}

static int read_request(struct startup *s, struct reader *r, struct err *err)
{
    switch (s->major == CODE_MAJOR ? s->minor : 0) {
    case CODE_CANCEL:
        return read_cancel(s, r, err);
    case CODE_SSL:
    case CODE_GSSENC:
        s->kind = s->minor == CODE_SSL ? STARTUP_SSL : STARTUP_GSSENC;
        return r->p == r->end ? 0 : bad_length(err);
    default:
        break;
    }
    return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "unsupported frontend protocol %u.%u: server supports %u.%u to %u.%u", s->major,
                   s->minor, 3u, 0u, 3u, NEWEST_MINOR);
}

int startup_read(struct slice body, struct startup *ret, struct err *err)
{
    memset(ret, 0, offsetof(struct startup, scratch));
    if (body.len < 4 || body.len > FRAME_STARTUP_MAX)
        return bad_length(err);
    struct reader r = reader_of(body);
    ret->major = read_int16(&r);
    ret->minor = read_int16(&r);
    if (ret->major != 3)
        return read_request(ret, &r, err);
    return read_session(ret, (struct slice){r.p, (size_t)(r.end - r.p)}, err);
}
