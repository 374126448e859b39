/* functions_session.c: what a session knows: version, names, settings, sequences; and uuids. */
#include "daemon/store/functions_impl.h"
#include "daemon/store/ident.h"
#include "daemon/store/objects.h"

#include <openssl/rand.h>

#include <stdio.h>

static void fn_version(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    char text[128];
    const char *version = store_setting(functions_context(ctx), "server_version");
    (void)argc;
    (void)argv;
    int n = snprintf(text, sizeof(text),
                     "PostgreSQL %s (Partywall %s embedded store), SQLite %s, 64-bit",
                     version ? version : "15", PARTYWALL_VERSION, sqlite3_libversion());
    functions_result_text(ctx, text, (size_t)n);
}

static void text_result(sqlite3_context *ctx, const char *text)
{
    if (text != NULL)
        functions_result_text(ctx, text, strlen(text));
}

static void fn_user(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    text_result(ctx, functions_context(ctx)->user);
}

static void fn_userbyid(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    struct buf out;
    if (functions_null(argc, argv))
        return;
    uint32_t oid = (uint32_t)sqlite3_value_int64(argv[0]);
    functions_buf(&out);
    if (!objects_role(c, oid, &out))
        ident_format(&out, "unknown (OID=%u)", oid);
    functions_finish(ctx, &out);
}

static void fn_database(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    text_result(ctx, functions_context(ctx)->database);
}

static void fn_schema(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct store_catalog *c = functions_context(ctx)->catalog;
    (void)argc;
    (void)argv;
    if (c->npath > c->nimplicit)
        text_result(ctx, c->path[c->nimplicit]);
}

static void fn_my_temp_schema(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct store_catalog *c = functions_context(ctx)->catalog;
    const struct store_schema *s = c->temp_schema ? store_catalog_schema(c, c->temp_schema) : NULL;
    (void)argc;
    (void)argv;
    sqlite3_result_int64(ctx, s ? s->oid : 0);
}

/* A JSON array: see types.h. */
static void fn_schemas(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct store_catalog *c = functions_context(ctx)->catalog;
    struct buf out;
    if (functions_null(argc, argv))
        return;
    size_t first = sqlite3_value_int(argv[0]) ? 0 : c->nimplicit;
    functions_buf(&out);
    buf_append(&out, "[", 1);
    for (size_t i = first; i < c->npath; i++) {
        struct slice name = {c->path[i], strlen(c->path[i])};
        if (i > first)
            buf_append(&out, ",", 1);
        types_json_string(name, &out);
    }
    buf_append(&out, "]", 1);
    functions_finish(ctx, &out);
}

static void fn_pid(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    sqlite3_result_int64(ctx, functions_context(ctx)->pid);
}

/* -- settings -- */

static void fn_current_setting(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    const char *name = (const char *)sqlite3_value_text(argv[0]);
    const char *value = store_setting(functions_context(ctx), name);
    if (value == NULL && sqlite3_value_int(argv[1]) == 0)
        functions_fail(ctx, SQLSTATE_UNDEFINED_OBJECT,
                       "unrecognized configuration parameter \"%s\"", name);
    else
        text_result(ctx, value);
}

static void fn_set_config(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL) {
        functions_fail(ctx, "22004", "SET requires parameter name");
        return;
    }
    const char *name = (const char *)sqlite3_value_text(argv[0]);
    const char *value = (const char *)sqlite3_value_text(argv[1]);
    if (store_setting_set(c, name, value, sqlite3_value_int(argv[2]) != 0, &c->raised) < 0)
        functions_raised(ctx);
    else
        text_result(ctx, store_setting(c, name));
}

/* -- sequences -- */

static void number_result(sqlite3_context *ctx, int status, int64_t value)
{
    if (status < 0)
        functions_raised(ctx);
    else
        sqlite3_result_int64(ctx, value);
}

static void fn_nextval(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    int64_t value = 0;
    if (!functions_null(argc, argv)) {
        int status = store_nextval(c, (uint32_t)sqlite3_value_int64(argv[0]), &value, &c->raised);
        number_result(ctx, status, value);
    }
}

static void fn_currval(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    int64_t value = 0;
    if (!functions_null(argc, argv)) {
        int status = store_currval(c, (uint32_t)sqlite3_value_int64(argv[0]), &value, &c->raised);
        number_result(ctx, status, value);
    }
}

static void fn_lastval(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    int64_t value = 0;
    (void)argc;
    (void)argv;
    int status = store_lastval(c, &value, &c->raised);
    number_result(ctx, status, value);
}

static void fn_setval(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    if (functions_null(argc, argv))
        return;
    int64_t value = sqlite3_value_int64(argv[1]);
    int status = store_setval(c, (uint32_t)sqlite3_value_int64(argv[0]), value,
                              sqlite3_value_int(argv[2]) != 0, &c->raised);
    number_result(ctx, status, value);
}

/* -- catalog -- */

static void fn_format_type(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    char text[TYPES_NAME_BYTES] = "-";
    struct buf out;
    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    uint32_t oid = (uint32_t)sqlite3_value_int64(argv[0]);
    bool typmod = sqlite3_value_type(argv[1]) != SQLITE_NULL;
    if (typmod && (oid == 1560 || oid == 1561) && sqlite3_value_int(argv[1]) < 0) {
        text_result(ctx, oid == 1560 ? "\"bit\"" : "\"bit\"[]"); /* bare, it would be bit(1) */
        return;
    }
    if (typmod && oid != 2287 && types_find(c->types.set, oid)) {
        types_format(c->types.set, oid, sqlite3_value_int(argv[1]), text, sizeof(text));
        text_result(ctx, text);
        return;
    }
    functions_buf(&out);
    if (oid == 0)
        buf_append(&out, "-", 1);
    else if (!objects_print_type(c, oid, &out))
        buf_append(&out, "???", 3);
    functions_finish(ctx, &out);
}

static void fn_uuid(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    unsigned char b[16];
    char text[40];
    (void)argc;
    (void)argv;
    if (RAND_bytes(b, sizeof(b)) != 1) {
        functions_fail(ctx, SQLSTATE_INTERNAL_ERROR, "could not generate random values");
        return;
    }
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* RFC 4122, version 4 */
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(text, sizeof(text),
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
    text_result(ctx, text);
}

const struct function_row functions_session_rows[] = {
    {"pgf_version", 0, false, fn_version, NULL, NULL},
    {"pgf_current_user", 0, false, fn_user, NULL, NULL},
    {"pgf_get_userbyid", 1, false, fn_userbyid, NULL, NULL},
    {"pgf_current_database", 0, false, fn_database, NULL, NULL},
    {"pgf_current_schema", 0, false, fn_schema, NULL, NULL},
    {"pgf_current_schemas", 1, false, fn_schemas, NULL, NULL},
    {"pgf_my_temp_schema", 0, false, fn_my_temp_schema, NULL, NULL},
    {"pgf_backend_pid", 0, false, fn_pid, NULL, NULL},
    {"pgf_current_setting", 2, false, fn_current_setting, NULL, NULL},
    {"pgf_set_config", 3, false, fn_set_config, NULL, NULL},
    {"pgf_nextval", 1, false, fn_nextval, NULL, NULL},
    {"pgf_currval", 1, false, fn_currval, NULL, NULL},
    {"pgf_lastval", 0, false, fn_lastval, NULL, NULL},
    {"pgf_setval", 3, false, fn_setval, NULL, NULL},
    {"pgf_format_type", 2, false, fn_format_type, NULL, NULL},
    {"pgf_gen_random_uuid", 0, false, fn_uuid, NULL, NULL},
};
const size_t functions_session_n =
    sizeof(functions_session_rows) / sizeof(functions_session_rows[0]);
