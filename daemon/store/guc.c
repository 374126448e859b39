/* guc.c: settings: SET, SHOW, RESET, set_config(); undone with the transaction that made them. */
#include "daemon/store/guc_datestyle.h"
#include "daemon/store/guc_impl.h"
#include "daemon/store/guc_known.h"
#include "daemon/store/statement.h"
#include "daemon/store/transaction.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const struct guc_def defs[] = {
    {"application_name", "", GUC_STRING, true, NULL},
    {"backslash_quote", "safe_encoding", GUC_CHOICE, false, "safe_encoding|on|off"},
    {"block_size", "8192", GUC_FIXED, false, NULL},
    {"bytea_output", "hex", GUC_CHOICE, false, "hex|escape"},
    {"check_function_bodies", "on", GUC_BOOL, false, NULL},
    {"client_encoding", "UTF8", GUC_SPECIAL, true, NULL},
    {"client_min_messages", "notice", GUC_CHOICE, false,
     "debug5|debug4|debug3|debug2|debug1|debug|log|notice|info|warning|error"},
    {"DateStyle", "ISO, MDY", GUC_SPECIAL, true, NULL},
    {"default_tablespace", "", GUC_STRING, false, NULL},
    {"default_table_access_method", "heap", GUC_CHOICE, false, "heap"},
    {"default_transaction_deferrable", "off", GUC_BOOL, false, NULL},
    {"default_transaction_isolation", "read committed", GUC_CHOICE, false,
     "read committed|read uncommitted|repeatable read|serializable"},
    {"default_transaction_read_only", "off", GUC_BOOL, true, NULL},
    {"escape_string_warning", "on", GUC_BOOL, false, NULL},
    {"extra_float_digits", "1", GUC_INT, false, NULL},
    {"geqo", "on", GUC_BOOL, false, NULL},
    {"idle_in_transaction_session_timeout", "0", GUC_MS, false, NULL},
    {"idle_session_timeout", "0", GUC_MS, false, NULL},
    {"in_hot_standby", "off", GUC_FIXED, true, NULL},
    {"integer_datetimes", "on", GUC_FIXED, true, NULL},
    {"IntervalStyle", "postgres", GUC_CHOICE, true,
     "postgres|postgres_verbose|sql_standard|iso_8601"},
    {"is_superuser", "off", GUC_FIXED, true, NULL},
    {"jit", "off", GUC_BOOL, false, NULL},
    {"lc_collate", "C", GUC_FIXED, false, NULL},
    {"lc_ctype", "C", GUC_FIXED, false, NULL},
    {"lc_messages", "C", GUC_STRING, false, NULL},
    {"lc_monetary", "C", GUC_CHOICE, false, "C|POSIX|C.UTF-8"},
    {"lc_numeric", "C", GUC_CHOICE, false, "C|POSIX|C.UTF-8"},
    {"lc_time", "C", GUC_CHOICE, false, "C|POSIX|C.UTF-8"},
    {"lock_timeout", "0", GUC_MS, false, NULL},
    {"max_identifier_length", "63", GUC_FIXED, false, NULL},
    {"max_index_keys", "32", GUC_FIXED, false, NULL},
    {"quote_all_identifiers", "off", GUC_CHOICE, false, "off"},
    {"role", "none", GUC_SPECIAL, false, NULL},
    {"row_security", "on", GUC_BOOL, false, NULL},
    {"search_path", "\"$user\", public", GUC_SPECIAL, false, NULL},
    {"server_encoding", "UTF8", GUC_FIXED, true, NULL},
    {"server_version", "15.20", GUC_FIXED, true, NULL},
    {"server_version_num", "150020", GUC_FIXED, false, NULL},
    {"session_authorization", "partywall", GUC_FIXED, true, NULL},
    {"session_replication_role", "origin", GUC_CHOICE, false, "origin"},
    {"standard_conforming_strings", "on", GUC_CHOICE, true, "on"},
    {"statement_timeout", "0", GUC_MS, false, NULL},
    {"synchronous_commit", "on", GUC_BOOL, false, NULL},
    {"TimeZone", "UTC", GUC_SPECIAL, true, NULL},
    {"transaction_deferrable", "off", GUC_SPECIAL, false, NULL},
    {"transaction_isolation", "read committed", GUC_SPECIAL, false, NULL},
    {"transaction_read_only", "off", GUC_SPECIAL, false, NULL},
    {"transform_null_equals", "off", GUC_CHOICE, false, "off"},
    {"wal_level", "replica", GUC_FIXED, false, NULL},
    {"xmloption", "content", GUC_BOOL, false, NULL},
};
#define DEFS (sizeof defs / sizeof defs[0])

struct known_def { /* what a GUC_KNOWN is, while it has a value */
    struct guc_def def;
    struct guc_known known;
    char initial[600];
};

/* -- finding -- */

/* Asked for several times in each statement: most names differ in their first letter. */
static struct guc_value *find_kept(struct store_conn *c, const char *name)
{
    const int first = tolower((unsigned char)name[0]);
    for (size_t i = 0; i < c->guc.n; i++) {
        const char *other = guc_value_name(c->guc.values[i]);
        if (tolower((unsigned char)other[0]) == first && strcasecmp(other, name) == 0)
            return c->guc.values[i];
    }
    return NULL;
}

static struct guc_value *add(struct store_conn *c, const struct guc_def *def, const char *name)
{
    struct guc_value **grown = realloc(c->guc.values, (c->guc.n + 1) * sizeof(*grown));
    if (!grown)
        return NULL;
    c->guc.values = grown;
    struct guc_value *v = calloc(1, sizeof *v);
    if (!v)
        return NULL;
    v->def = def;
    v->name = def ? NULL : strdup(name);
    v->text = strdup(def ? def->initial : "");
    v->reported = strdup(def ? def->initial : "");
    if (!v->text || !v->reported || (!def && !v->name)) {
        free(v->name);
        free(v->text);
        free(v->reported);
        free(v);
        return NULL;
    }
    grown[c->guc.n++] = v;
    return v;
}

/* Settings that nothing is done about come into being when they are asked for. */
static struct guc_value *find(struct store_conn *c, const char *name)
{
    struct guc_value *v = find_kept(c, name);
    struct known_def *k = v ? NULL : calloc(1, sizeof *k);
    if (!k)
        return v;
    if (guc_known_find(name, &k->known)) {
        guc_known_show(&k->known, k->known.setting, k->initial, sizeof k->initial);
        k->def = (struct guc_def){k->known.name, k->initial, GUC_KNOWN, false, NULL};
        v = add(c, &k->def, NULL);
    }
    if (!v)
        free(k);
    return v;
}

static void free_def(const struct guc_def *def)
{
    if (def && def->kind == GUC_KNOWN)
        free((struct known_def *)(uintptr_t)def);
}

int guc_unknown(const char *name, struct err *err)
{
    struct guc_known k;
    for (size_t i = 0; guc_known_at(i, &k); i++)
        if (strcasecmp(k.name, name) == 0)
            return err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE,
                           "must be superuser or have privileges of pg_read_all_settings to "
                           "examine \"%s\"",
                           k.name);
    return err_set(err, SQLSTATE_UNDEFINED_OBJECT, "unrecognized configuration parameter \"%s\"",
                   name);
}

int guc_init(struct store_conn *c)
{
    for (size_t i = 0; i < DEFS; i++)
        if (!add(c, &defs[i], NULL))
            return -1;
    c->guc.search_path = find_kept(c, "search_path");
    return 0;
}

const char *guc_search_path(const struct store_conn *c)
{
    return c->guc.search_path->text;
}

void guc_release(struct store_conn *c)
{
    for (size_t i = 0; i < c->guc.nchanges; i++)
        free(c->guc.changes[i].old);
    for (size_t i = 0; i < c->guc.n; i++) {
        free_def(c->guc.values[i]->def);
        free(c->guc.values[i]->name);
        free(c->guc.values[i]->text);
        free(c->guc.values[i]->reported);
        free(c->guc.values[i]);
    }
    free(c->guc.values);
    free(c->guc.changes);
    c->guc = (struct conn_guc){0};
}

const char *guc_name(struct store_conn *c, const char *name)
{
    struct guc_value *v = find(c, name);
    return v ? guc_value_name(v) : NULL;
}

static const char *current(struct store_conn *c, const struct guc_value *v)
{
    if (v->def && strcmp(v->def->name, "transaction_isolation") == 0 && c->tx != TX_IDLE) {
        if (!c->repeatable)
            return strcasecmp(v->text, "read uncommitted") == 0 ? "read uncommitted"
                                                                : "read committed";
        return strncmp(v->text, "read", 4) == 0 && v->text[4] == ' '
                   ? store_setting(&c->context, "default_transaction_isolation")
                   : v->text;
    }
    if (v->def && strcmp(v->def->name, "transaction_isolation") == 0)
        return store_setting(&c->context, "default_transaction_isolation");
    if (v->def && strcmp(v->def->name, "transaction_read_only") == 0)
        return c->read_only ? "on" : "off";
    if (v->def && strcmp(v->def->name, "TimeZone") == 0)
        return c->context.types.timezone;
    return v->text;
}

const char *store_setting(struct store_context *context, const char *name)
{
    struct guc_value *v = find(context->conn, name);
    return v ? current(context->conn, v) : NULL;
}

const char *store_setting_raw(struct store_context *context, const char *name)
{
    struct guc_known k;
    const char *shown = store_setting(context, name);
    char *raw = context->conn->guc.raw;
    if (!shown || !guc_known_find(name, &k) || !k.unit[0])
        return shown;
    guc_known_raw(&k, shown, raw, sizeof context->conn->guc.raw);
    return raw;
}

bool guc_at(struct store_conn *c, size_t i, struct guc_known *ret, const char **ret_value)
{
    if (!guc_known_at(i, ret))
        return false;
    *ret_value = store_setting(&c->context, ret->name);
    return true;
}

/* -- setting -- */

static void take_effect(struct store_conn *c, const struct guc_value *v)
{
    struct err ignored;
    const char *name = guc_value_name(v);
    if (strcmp(name, "statement_timeout") == 0)
        c->guc.statement_timeout_ms = guc_parse_ms(v->text);
    else if (strcmp(name, "lock_timeout") == 0)
        c->guc.lock_timeout_ms = guc_parse_ms(v->text);
    else if (strcmp(name, "idle_in_transaction_session_timeout") == 0)
        c->guc.idle_timeout_ms = guc_parse_ms(v->text);
    else if (strcmp(name, "idle_session_timeout") == 0)
        c->guc.session_timeout_ms = guc_parse_ms(v->text);
    else if (strcmp(name, "restrict_nonsystem_relation_kind") == 0) {
        char ignored_word[64];
        c->guc.no_views = guc_restricts_views(v->text, ignored_word);
        statement_cache_clear(c);
    } else if (strcmp(name, "extra_float_digits") == 0)
        c->context.types.extra_float_digits = (int)strtol(v->text, NULL, 10);
    else if (strcmp(name, "IntervalStyle") == 0)
        c->context.types.interval_style = guc_interval_style(v->text);
    else if (strcmp(name, "DateStyle") == 0) {
        struct guc_datestyle style = {0};
        char bad[32];
        (void)guc_datestyle_read(v->text, &style, bad);
        c->context.types.date_style = style.style;
        c->context.types.date_order = style.order;
    } else if (strcmp(name, "bytea_output") == 0)
        c->context.types.bytea_escape = strcmp(v->text, "escape") == 0;
    else if (strcmp(name, "TimeZone") == 0 &&
             types_set_timezone(&c->context.types, v->text, &ignored) < 0)
        return; /* it was a zone before: its file has gone */
    else if (strcmp(name, "default_transaction_isolation") == 0)
        c->guc.repeatable =
            strcmp(v->text, "repeatable read") == 0 || strcmp(v->text, "serializable") == 0;
    else if (strcmp(name, "default_transaction_read_only") == 0) {
        c->guc.read_only = strcmp(v->text, "on") == 0;
        if (c->tx == TX_IDLE && !c->began)
            c->read_only = c->guc.read_only;
    }
    c->guc.touched = true;
}

void guc_report(struct store_conn *c)
{
    for (size_t i = 0; c->guc.touched && i < DEFS; i++) {
        struct guc_value *v = c->guc.values[i];
        const char *now = v->def->report ? current(c, v) : v->reported;
        if (strcmp(now, v->reported) == 0)
            continue;
        msg_parameter_status(&c->out, v->def->name, now);
        char *copy = strdup(now);
        if (!copy)
            return; /* told again next time */
        free(v->reported);
        v->reported = copy;
    }
    c->guc.touched = false;
}

static void put_back(struct store_conn *c, struct guc_change *change)
{
    bool same = strcmp(change->value->text, change->old) == 0;
    free(change->value->text);
    change->value->text = change->old;
    if (!same)
        take_effect(c, change->value);
}

static int remember(struct store_conn *c, struct guc_value *v, bool local, struct err *err)
{
    struct guc_change *grown = realloc(c->guc.changes, (c->guc.nchanges + 1) * sizeof *grown);
    if (grown)
        c->guc.changes = grown;
    char *old = strdup(v->text);
    if (!grown || !old) {
        free(old);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    grown[c->guc.nchanges++] = (struct guc_change){v, old, local};
    return 0;
}

/* pg_clean_ascii() */
static void ascii_only(char *text)
{
    for (; *text; text++)
        if (*text < 0x20 || *text > 0x7e)
            *text = '?';
}

int guc_set(struct store_conn *c, const char *name, const char *value, bool local, struct err *err)
{
    struct guc_value *v = find(c, name);
    char *text = NULL;
    if (!v && strchr(name, '.')) {
        if (!guc_is_custom_name(name)) {
            err_set(err, "42602", "invalid configuration parameter name \"%s\"", name);
            err_detail(err,
                       "Custom parameter names must be two or more simple identifiers separated "
                       "by dots.");
            return -1;
        }
        v = add(c, NULL, name);
    }
    if (!v)
        return guc_unknown(name, err);
    if (!value)
        value = v->def ? v->def->initial : "";
    bool fixed = v->def && v->def->kind == GUC_FIXED;
    if (fixed && strcmp(value, v->def->initial) == 0)
        return 0;
    if (remember(c, v, local, err) < 0)
        return -1;
    if (guc_check(c, v, name, value, &text, err) < 0) {
        free(c->guc.changes[--c->guc.nchanges].old);
        return -1;
    }
    if (strcmp(guc_value_name(v), "application_name") == 0)
        ascii_only(text);
    free(v->text);
    v->text = text;
    take_effect(c, v);
    return 0;
}

int store_setting_set(struct store_context *context, const char *name, const char *value,
                      bool local, struct err *err)
{
    return guc_set(context->conn, name, value, local, err);
}

int guc_reset_all(struct store_conn *c, struct err *err)
{
    for (size_t i = 0; i < c->guc.n; i++) {
        struct guc_value *v = c->guc.values[i];
        if (v->def && strcmp(v->text, v->def->initial) == 0)
            continue;
        if (v->def && (v->def->kind == GUC_FIXED || strncmp(v->def->name, "transaction_", 12) == 0))
            continue;
        if (guc_set(c, guc_value_name(v), NULL, false, err) < 0)
            return -1;
    }
    return 0;
}

size_t guc_mark(const struct store_conn *c)
{
    return c->guc.nchanges;
}

void guc_rollback(struct store_conn *c, size_t mark)
{
    while (c->guc.nchanges > mark)
        put_back(c, &c->guc.changes[--c->guc.nchanges]);
}

/* Local changes go back; a SET that came after one stays. */
void guc_commit(struct store_conn *c)
{
    for (size_t i = c->guc.nchanges; i > 0; i--) {
        struct guc_change *change = &c->guc.changes[i - 1];
        bool set_later = false;
        for (size_t k = i; k < c->guc.nchanges; k++)
            set_later =
                set_later || (c->guc.changes[k].value == change->value && !c->guc.changes[k].local);
        if (change->local && !set_later) {
            put_back(c, change);
            change->old = NULL;
        }
    }
    for (size_t i = 0; i < c->guc.nchanges; i++)
        free(c->guc.changes[i].old);
    c->guc.nchanges = 0;
}
