#include "daemon/store/guc_known.h"

#include "daemon/store/builtin.h"
#include "protocol/sqlstate.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Shown to superusers only. */
static const char *const secret[] = {
    "config_file",
    "data_directory",
    "dynamic_library_path",
    "extension_destdir",
    "external_pid_file",
    "hba_file",
    "ident_file",
    "jit_provider",
    "krb_server_keyfile",
    "log_directory",
    "log_filename",
    "output_plugin_libraries",
    "primary_conninfo",
    "session_preload_libraries",
    "shared_preload_libraries",
    "ssl_ciphers",
    "ssl_dh_params_file",
    "ssl_ecdh_curve",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "ssl_passphrase_command",
    "unix_socket_directories",
};

/* -- the rows -- */

static void field(const struct builtin_table *t, size_t row, const char *column, char *ret,
                  size_t size)
{
    struct slice s;
    int i = builtin_column(t, column);
    ret[0] = '\0';
    if (i < 0 || !builtin_field(t, row, (size_t)i, &s))
        return;
    char text[1024];
    size_t n = s.len <= sizeof text ? builtin_unescape(s, text) : 0;
    if (n >= size)
        n = size - 1;
    memcpy(ret, text, n);
    ret[n] = '\0';
}

static bool is_secret(const char *name)
{
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++)
        if (strcmp(secret[i], name) == 0)
            return true;
    return false;
}

static void read_row(const struct builtin_table *t, size_t row, struct guc_known *ret)
{
    static const char *const types[] = {"bool", "integer", "real", "enum", "string"};
    char text[64];
    *ret = (struct guc_known){.type = GUC_TYPE_STRING};
    field(t, row, "name", ret->name, sizeof ret->name);
    field(t, row, "setting", ret->setting, sizeof ret->setting);
    field(t, row, "unit", ret->unit, sizeof ret->unit);
    field(t, row, "context", ret->context, sizeof ret->context);
    field(t, row, "enumvals", ret->choices, sizeof ret->choices);
    field(t, row, "short_desc", ret->description, sizeof ret->description);
    field(t, row, "min_val", text, sizeof text);
    ret->min = strtod(text, NULL);
    field(t, row, "max_val", text, sizeof text);
    ret->max = strtod(text, NULL);
    field(t, row, "vartype", text, sizeof text);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i], text) == 0)
            ret->type = (enum guc_type)i;
}

bool guc_known_find(const char *name, struct guc_known *ret)
{
    const struct builtin_table *t = builtin_table("pg_settings");
    char one[64];
    for (size_t i = 0; t && i < t->nrows; i++) {
        struct slice s;
        if (!builtin_field(t, i, 0, &s) || s.len >= sizeof one || s.len != strlen(name) ||
            strncasecmp(s.data, name, s.len) != 0)
            continue;
        read_row(t, i, ret);
        return !is_secret(ret->name);
    }
    return false;
}

bool guc_known_at(size_t i, struct guc_known *ret)
{
    const struct builtin_table *t = builtin_table("pg_settings");
    if (!t || i >= t->nrows)
        return false;
    read_row(t, i, ret);
    return true;
}

int guc_known_may(const struct guc_known *k, struct err *err)
{
    if (strcmp(k->context, "user") == 0)
        return 0;
    if (strcmp(k->context, "internal") == 0)
        return err_set(err, "55P02", "parameter \"%s\" cannot be changed", k->name);
    if (strcmp(k->context, "postmaster") == 0)
        return err_set(err, "55P02",
                       "parameter \"%s\" cannot be changed without restarting the server", k->name);
    if (strcmp(k->context, "sighup") == 0)
        return err_set(err, "55P02", "parameter \"%s\" cannot be changed now", k->name);
    if (strcmp(k->context, "superuser") == 0)
        return err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE,
                       "permission denied to set parameter \"%s\"", k->name);
    return err_set(err, "55P02", "parameter \"%s\" cannot be set after connection start", k->name);
}

/* -- units -- */

struct unit {
    const char *name;
    double size; /* in bytes or milliseconds */
};
static const struct unit memory[] = {
    {"TB", 1099511627776.0}, {"GB", 1073741824.0}, {"MB", 1048576.0}, {"kB", 1024.0}, {"B", 1.0}};
static const struct unit durations[] = {{"d", 86400000.0}, {"h", 3600000.0}, {"min", 60000.0},
                                        {"s", 1000.0},     {"ms", 1.0},      {"us", 0.001}};

static bool is_memory(const struct guc_known *k)
{
    return strchr(k->unit, 'B') != NULL;
}

static const struct unit *units_of(const struct guc_known *k, size_t *ret_n)
{
    *ret_n =
        is_memory(k) ? sizeof memory / sizeof memory[0] : sizeof durations / sizeof durations[0];
    return is_memory(k) ? memory : durations;
}

static double unit_size(const struct guc_known *k, const char *name)
{
    size_t n;
    const struct unit *u = units_of(k, &n);
    if (strcmp(name, "8kB") == 0)
        return 8192;
    for (size_t i = 0; i < n; i++)
        if (strcmp(u[i].name, name) == 0)
            return u[i].size;
    return 0;
}

void guc_known_show(const struct guc_known *k, const char *setting, char *ret, size_t size)
{
    size_t n;
    const struct unit *u = units_of(k, &n);
    double value = strtod(setting, NULL), base = unit_size(k, k->unit);
    snprintf(ret, size, "%s", setting);
    if (!k->unit[0] || value <= 0)
        return;
    for (size_t i = 0; i < n; i++) {
        double of = value * base / u[i].size;
        if (of >= 1 && of == floor(of)) {
            snprintf(ret, size, "%.0f%s", of, u[i].name);
            return;
        }
    }
    snprintf(ret, size, "%g%s", value, k->unit);
}

void guc_known_raw(const struct guc_known *k, const char *shown, char *ret, size_t size)
{
    char *end;
    double value = strtod(shown, &end), unit = k->unit[0] && *end ? unit_size(k, end) : 0;
    if (unit > 0)
        snprintf(ret, size, "%.15g", value * unit / unit_size(k, k->unit));
    else
        snprintf(ret, size, "%s", shown);
}

/* -- values -- */

static int invalid(const struct guc_known *k, const char *value, struct err *err)
{
    return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                   "invalid value for parameter \"%s\": \"%s\"", k->name, value);
}

static int keep(const char *text, char **ret, struct err *err)
{
    *ret = strdup(text);
    return *ret ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

/* A number with a unit, in units of the setting.  -1: invalid, with a hint. */
static int parse_number(const struct guc_known *k, const char *value, double *ret, struct err *err)
{
    char *end;
    bool whole = k->type == GUC_TYPE_INT;
    double v = strtod(value, &end);
    if (end == value || isnan(v))
        return invalid(k, value, err);
    while (isspace((unsigned char)*end))
        end++;
    char unit[8] = "";
    size_t n = 0;
    while (*end && !isspace((unsigned char)*end) && n < sizeof unit - 1)
        unit[n++] = *end++;
    while (isspace((unsigned char)*end))
        end++;
    double size = k->unit[0] && unit[0] ? unit_size(k, unit) : 0;
    if (*end || (unit[0] && (size == 0 || strcmp(unit, "8kB") == 0))) {
        invalid(k, value, err);
        if (k->unit[0])
            err_hint(err,
                     is_memory(k)
                         ? "Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and "
                           "\"TB\"."
                         : "Valid units for this parameter are \"us\", \"ms\", \"s\", \"min\", "
                           "\"h\", and \"d\".");
        return -1;
    }
    if (unit[0])
        v = v * size / unit_size(k, k->unit);
    *ret = whole ? rint(v) : v;
    if (whole && (*ret > INT_MAX || *ret < INT_MIN)) {
        invalid(k, value, err);
        err_hint(err, "Value exceeds integer range.");
        return -1;
    }
    return 0;
}

static int check_number(const struct guc_known *k, const char *value, char **ret, struct err *err)
{
    double v = 0; /* for compilers that do not see that it is set */
    char text[64], shown[64];
    const char *space = k->unit[0] ? " " : "";
    if (parse_number(k, value, &v, err) < 0)
        return -1;
    if (v < k->min || v > k->max)
        return err_set(
            err, SQLSTATE_INVALID_PARAMETER_VALUE,
            k->type == GUC_TYPE_INT
                ? "%.0f%s%s is outside the valid range for parameter \"%s\" (%.0f .. %.0f)"
                : "%g%s%s is outside the valid range for parameter \"%s\" (%g .. %g)",
            v, space, k->unit, k->name, k->min, k->max);
    snprintf(text, sizeof text, k->type == GUC_TYPE_INT ? "%.0f" : "%g", v);
    guc_known_show(k, text, shown, sizeof shown);
    return keep(shown, ret, err);
}

/* As PostgreSQL reads booleans in settings: -1 none. */
static int parse_bool(const char *value)
{
    static const char *const words[] = {"true", "yes", "on", "1", "false", "no", "off", "0"};
    size_t len = strlen(value);
    for (size_t i = 0; i < 8; i++) {
        bool alone = words[i][0] == 'o' ? len >= 2 : len >= 1; /* "o" is neither on nor off */
        if (alone && len <= strlen(words[i]) && strncasecmp(words[i], value, len) == 0)
            return i < 4;
    }
    return -1;
}

/* "{a,b}": the next word; false: no more. */
static bool next_choice(const char **p, char ret[64])
{
    size_t n = 0;
    while (**p == '{' || **p == '}' || **p == ',' || **p == '"' || **p == '[')
        (*p)++;
    while (**p && !strchr(",}\"]", **p) && n < 63)
        ret[n++] = *(*p)++;
    ret[n] = '\0';
    return n > 0;
}

static int check_enum(const struct guc_known *k, const char *value, char **ret, struct err *err)
{
    char word[64], list[600] = "";
    const char *p = k->choices;
    int on = parse_bool(value);
    /* Two that are understood, but not listed. */
    if (strcmp(k->name, "client_min_messages") == 0 && strcasecmp(value, "debug") == 0)
        return keep("debug2", ret, err);
    if (strcmp(k->name, "client_min_messages") == 0 && strcasecmp(value, "info") == 0)
        return keep("info", ret, err);
    while (next_choice(&p, word)) {
        if (strcasecmp(word, value) == 0)
            return keep(word, ret, err);
        if (on >= 0 && strcmp(word, on ? "on" : "off") == 0)
            return keep(word, ret, err);
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", list[0] ? ", " : "",
                 word);
    }
    invalid(k, value, err);
    err_hint(err, "Available values: %s.", list);
    return -1;
}

int guc_known_check(const struct guc_known *k, const char *value, char **ret, struct err *err)
{
    int on;
    switch (k->type) {
    case GUC_TYPE_BOOL:
        on = parse_bool(value);
        if (on < 0)
            return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                           "parameter \"%s\" requires a Boolean value", k->name);
        return keep(on ? "on" : "off", ret, err);
    case GUC_TYPE_INT:
    case GUC_TYPE_REAL:
        return check_number(k, value, ret, err);
    case GUC_TYPE_ENUM:
        return check_enum(k, value, ret, err);
    case GUC_TYPE_STRING:
        break;
    }
    return keep(value, ret, err);
}

/* -- texts -- */

bool guc_is_custom_name(const char *name)
{
    bool first = true;
    for (const char *p = name; *p; p++) {
        unsigned char c = (unsigned char)*p;
        bool letter = isalpha(c) || c == '_' || c >= 0x80;
        if (c == '.' ? first : !(letter || (!first && (isdigit(c) || c == '$'))))
            return false;
        first = c == '.';
    }
    return !first;
}

int64_t guc_parse_ms(const char *value)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    char *end;
    double n = strtod(value, &end);
    if (end == value || n < 0 || n > 2147483647.0)
        return -1;
    while (isspace((unsigned char)*end))
        end++;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end, units[i].unit) == 0) {
            double ms = n * (double)units[i].ms;
            return ms > 2147483647.0 ? -1 : (int64_t)(ms + 0.5);
        }
    return -1;
}

bool guc_is_choice(const char *choices, const char *value)
{
    size_t len = strlen(value);
    for (const char *p = choices; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
        if (strcspn(p, "|") == len && strncmp(p, value, len) == 0)
            return true;
    return false;
}

/* Without effect at their defaults, and not to be had otherwise. */
static const char *const unchangeable[] = {
    "array_nulls",
    "exit_on_error",
    "xmlbinary",
    "timezone_abbreviations",
    "local_preload_libraries",
    "temp_tablespaces",
};

bool guc_is_unchangeable(const char *name)
{
    for (size_t i = 0; i < sizeof unchangeable / sizeof unchangeable[0]; i++)
        if (strcmp(unchangeable[i], name) == 0)
            return true;
    return false;
}

bool guc_next_word(const char **p, char *word, size_t size)
{
    size_t n = 0;
    while (**p == ',' || isspace((unsigned char)**p))
        (*p)++;
    bool quoted = **p == '"';
    if (quoted)
        (*p)++;
    while (**p && (quoted ? **p != '"' : **p != ',' && !isspace((unsigned char)**p))) {
        if (n < size - 1)
            word[n++] = **p;
        (*p)++;
    }
    if (quoted && **p == '"')
        (*p)++;
    word[n] = '\0';
    return n > 0;
}

bool guc_restricts_views(const char *value, char bad[64])
{
    bool views = false;
    char word[64];
    bad[0] = '\0';
    while (guc_next_word(&value, word, sizeof word)) {
        if (strcasecmp(word, "view") == 0)
            views = true;
        else if (strcasecmp(word, "foreign-table") != 0) /* of which there are none */
            memcpy(bad, word, sizeof word);
    }
    return views;
}
