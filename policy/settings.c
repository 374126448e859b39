#include "policy/settings.h"

#include "policy/names.h"
#include "protocol/sqlstate.h"

#include <ctype.h>
#include <stdlib.h>

/* What drivers send on connect and applications set: of effect on the client's own statements only.
 */
static const char *const settable[] = {
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
};

/* What transactions begin as.  Drivers set these in autocommit mode, and BEGIN may say the same. */
static const char *const defaults[] = {
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
};

/* Of this transaction, over with it: never replayed, so allowed whatever rules say. */
static const char *const transactional[] = {
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_read_only",
};

/* Beyond the reach of rules: who runs, what names mean, how text is read. */
static const char *const never[] = {
    "backslash_quote",          "role", "row_security", "search_path", "session_authorization",
    "session_replication_role",
};

static const char *const readable[] = {
    "default_text_search_config",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "is_superuser",
    "lc_collate",
    "lc_ctype",
    "lc_messages",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "max_identifier_length",
    "max_index_keys",
    "role",
    "row_security",
    "search_path",
    "server_encoding",
    "server_version",
    "server_version_num",
    "session_authorization",
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_read_only",
    "xmloption",
};

bool settings_is_own(const char *name)
{
    return strncasecmp(name, "partywall.", 10) == 0;
}

/* What the daemon does is the operator's to know. */
bool settings_shown(const char *name, bool confined)
{
    static const char *const owners[] = {"partywall.backends", "partywall.handshakes"};
    for (size_t i = 0; !confined && i < sizeof owners / sizeof owners[0]; i++)
        if (strcasecmp(name, owners[i]) == 0)
            return true;
    return strcasecmp(name, "partywall.tenant") == 0;
}

static bool listed_by_rules(const struct rules *rules, const char *name)
{
    for (size_t i = 0; i < rules->nallowed_settings; i++)
        if (strcmp(rules->allowed_settings[i], name) == 0)
            return true;
    return false;
}

bool policy_setting_allowed(const struct rules *rules, const char *name)
{
    if (settings_is_own(name) || names_listed(never, NAMES_COUNT(never), name) ||
        (rules->rls_setting && strcasecmp(name, rules->rls_setting) == 0))
        return false;
    if (names_listed(transactional, NAMES_COUNT(transactional), name))
        return true;
    if (rules->allowed_settings)
        return listed_by_rules(rules, name);
    return names_listed(settable, NAMES_COUNT(settable), name) ||
           names_listed(defaults, NAMES_COUNT(defaults), name);
}

bool settings_readable(const struct rules *rules, const char *name)
{
    char lower[ERR_NAME_BYTES];
    size_t n = strlen(name);
    if (n >= sizeof lower)
        return false;
    for (size_t i = 0; i <= n; i++)
        lower[i] = (char)tolower((unsigned char)name[i]);
    return names_listed(readable, NAMES_COUNT(readable), lower) ||
           names_listed(settable, NAMES_COUNT(settable), lower) ||
           policy_setting_allowed(rules, lower);
}

const char *settings_nth_readable(const struct rules *rules, size_t i)
{
    if (i < NAMES_COUNT(readable))
        return readable[i];
    i -= NAMES_COUNT(readable);
    if (i < NAMES_COUNT(settable))
        return settable[i];
    i -= NAMES_COUNT(settable);
    return rules->allowed_settings && i < rules->nallowed_settings ? rules->allowed_settings[i] : NULL;
}

/* -- values -- */

/* As PostgreSQL's clean_encoding_name: letters and digits only, so that 'utf-8' and UTF8 are the
 * same. */
static bool is_utf8(const char *value)
{
    char clean[16];
    size_t n = 0;
    for (; *value; value++)
        if (isalnum((unsigned char)*value)) {
            if (n + 1 >= sizeof clean)
                return false;
            clean[n++] = (char)tolower((unsigned char)*value);
        }
    clean[n] = '\0';
    return strcmp(clean, "utf8") == 0 || strcmp(clean, "unicode") == 0;
}

/* As parse_bool: any unique beginning of true, yes, on, and 1. */
static bool is_true(const char *value)
{
    size_t n = strlen(value);
    return n > 0 && (strncasecmp(value, "true", n) == 0 || strncasecmp(value, "yes", n) == 0 ||
                     (n == 2 && strcasecmp(value, "on") == 0) || strcmp(value, "1") == 0);
}

/* The debug levels show the server's view of a statement, which is not the client's; the log's may
 * show plans (auto_explain) and who waits for whom. */
static bool is_quiet(const char *value)
{
    static const char *const levels[] = {"error", "notice", "warning"};
    for (size_t i = 0; i < NAMES_COUNT(levels); i++)
        if (strcasecmp(levels[i], value) == 0)
            return true;
    return false;
}

static const struct {
    const char *name;
    bool (*fits)(const char *value);
    const char *hint;
    bool owner_too; /* would make the parser read a text otherwise than the server does */
} values[] = {
    {"client_encoding", is_utf8, "Only UTF8 is served.", true},
    {"standard_conforming_strings", is_true, "Only \"on\" is served.", true},
    {"client_min_messages", is_quiet, "Only \"notice\", \"warning\" and \"error\" are served.",
     false},
    {"default_transaction_read_only", is_true, "What a server has made read-only stays so.", false},
};

bool policy_setting_fits(const char *name, const char *value)
{
    for (size_t i = 0; i < NAMES_COUNT(values); i++)
        if (strcmp(values[i].name, name) == 0)
            return values[i].fits(value);
    return true;
}

static int check_value(bool confined, const char *name, const char *value, struct err *err)
{
    for (size_t i = 0; i < NAMES_COUNT(values); i++) {
        if (strcmp(values[i].name, name) != 0 || !(confined || values[i].owner_too))
            continue;
        if (!value || values[i].fits(value))
            return 0;
        err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                "invalid value for parameter \"%s\": \"%.64s\"", name, value);
        err_hint(err, "%s", values[i].hint);
        return -1;
    }
    return 0;
}

/* A name with a value that its statement must not set: serializable transactions cost memory that all
 * tenants share, so a client asks for them where it means them. */
static bool is_costly(const char *name, const char *value)
{
    return value && strcmp(name, "default_transaction_isolation") == 0 &&
           strcasecmp(value, "serializable") == 0;
}

int settings_check(const struct rules *rules, bool confined, const char *name, const char *value,
                   struct err *err)
{
    if (settings_is_own(name)) {
        if (strcmp(name, "partywall.tenant") == 0)
            return 0; /* the session knows who may choose */
        return err_set(err, SQLSTATE_UNDEFINED_OBJECT,
                       "unrecognized configuration parameter \"%s\"", name);
    }
    if (confined && !policy_setting_allowed(rules, name)) {
        err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, "setting \"%s\" is not allowed", name);
        if (!names_listed(never, NAMES_COUNT(never), name))
            rules_hint(rules, NULL, "settings.allow", err);
        return -1;
    }
    if (confined && is_costly(name, value)) {
        err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, "setting \"%s\" to \"%s\" is not allowed",
                name, value);
        err_hint(err, "Give the level to BEGIN, or use SET SESSION CHARACTERISTICS.");
        return -1;
    }
    return check_value(confined, name, value, err);
}

int settings_characteristic(const struct rules *rules, bool confined, const char *name,
                            const char *value, struct err *err)
{
    if (!confined || (policy_setting_allowed(rules, name) && policy_setting_fits(name, value)))
        return 0;
    return err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE,
                   "SET SESSION CHARACTERISTICS is not allowed to set \"%s\" to \"%s\"", name,
                   value);
}

/* -- from the tree to text -- */

struct text { /* a string that grows; `failed` sticks */
    char *bytes;
    size_t len;
    bool failed;
};

static void text_add(struct text *t, const char *more, size_t n)
{
    char *wider = t->failed ? NULL : realloc(t->bytes, t->len + n + 1);
    if (!wider) {
        t->failed = true;
        return;
    }
    t->bytes = wider;
    memcpy(wider + t->len, more, n);
    t->len += n;
    wider[t->len] = '\0';
}

/* Lists whose elements are identifiers: PostgreSQL's GUC_LIST_QUOTE. */
static bool quotes_elements(const char *name)
{
    static const char *const list[] = {
        "local_preload_libraries",  "search_path",      "session_preload_libraries",
        "shared_preload_libraries", "temp_tablespaces", "unix_socket_directories",
    };
    return names_listed(list, NAMES_COUNT(list), name);
}

/* Quoting is always legal in such a list, so no list of key words is needed. */
static void text_add_identifier(struct text *t, const char *identifier)
{
    text_add(t, "\"", 1);
    for (const char *c = identifier; *c; c++) {
        if (*c == '"')
            text_add(t, "\"", 1);
        text_add(t, c, 1);
    }
    text_add(t, "\"", 1);
}

/* INTERVAL '...' [HOUR | HOUR TO MINUTE], the only casts that SET takes.  set_config reads the
 * interval without its fields, so a bare number gets its unit here. */
static int text_add_interval(struct text *t, const TypeCast *cast, struct err *err)
{
    const A_Const *c = (const A_Const *)cast->arg;
    if (!IsA(c, A_Const) || c->isnull || nodeTag(&c->val) != T_String)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "this form of SET is not supported");
    const char *text = c->val.sval.sval;
    size_t digits = strspn(text, "+-0123456789");
    const char *unit = "";
    if (text[digits] == '\0' && cast->typeName->typmods != NIL) {
        const A_Const *mask = (const A_Const *)linitial(cast->typeName->typmods);
        const int hours = 1 << 10; /* INTERVAL_MASK(HOUR) */
        unit = IsA(mask, A_Const) && mask->val.ival.ival == hours ? " hours" : " minutes";
        if (nodeTag(&mask->val) == T_Integer && mask->val.ival.ival == 0x7fff)
            unit = ""; /* INTERVAL_FULL_RANGE */
    }
    if (strpbrk(text, "'\\"))
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid interval \"%.64s\"", text);
    text_add(t, "INTERVAL '", 10);
    text_add(t, text, strlen(text));
    text_add(t, unit, strlen(unit));
    text_add(t, "'", 1);
    return 0;
}

static int text_add_argument(struct text *t, const char *name, const Node *node, struct err *err)
{
    if (IsA(node, TypeCast))
        return text_add_interval(t, (const TypeCast *)node, err);
    if (!IsA(node, A_Const) || ((const A_Const *)node)->isnull)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "this form of SET is not supported");
    const A_Const *c = (const A_Const *)node;
    char number[16];
    switch (nodeTag(&c->val)) {
    case T_Integer:
        text_add(t, number, (size_t)snprintf(number, sizeof number, "%d", c->val.ival.ival));
        return 0;
    case T_Float:
        text_add(t, c->val.fval.fval, strlen(c->val.fval.fval));
        return 0;
    case T_String:
        if (quotes_elements(name))
            text_add_identifier(t, c->val.sval.sval);
        else
            text_add(t, c->val.sval.sval, strlen(c->val.sval.sval));
        return 0;
    default:
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "this form of SET is not supported");
    }
}

char *settings_value(const char *name, const List *args, struct err *err)
{
    struct text t = {0};
    text_add(&t, "", 0); /* an empty value is not NULL */
    for (int i = 0; i < list_length(args); i++) {
        if (i > 0)
            text_add(&t, ", ", 2);
        if (text_add_argument(&t, name, list_nth(args, i), err) < 0)
            goto fail;
    }
    if (!t.failed)
        return t.bytes;
    err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
fail:
    free(t.bytes);
    return NULL;
}
