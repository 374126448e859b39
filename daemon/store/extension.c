/* extension.c: see extension.h. */
#include "daemon/store/extension.h"
#include "daemon/store/arena.h"
#include "daemon/store/emit_proc.h"
#include "daemon/store/functions_impl.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>

#define UUID TYPES_UUID
#define TEXT TYPES_TEXT

/* uuid_generate_v1() and v1mc(), of the time and the network card, have no template: 0A000. */
static const struct infer_proc procs[] = {
    {16000, "uuid_nil", 'f', false, 0, UUID, 0, 'i', 0, {0}},
    {16001, "uuid_ns_dns", 'f', false, 0, UUID, 0, 'i', 0, {0}},
    {16002, "uuid_ns_url", 'f', false, 0, UUID, 0, 'i', 0, {0}},
    {16003, "uuid_ns_oid", 'f', false, 0, UUID, 0, 'i', 0, {0}},
    {16004, "uuid_ns_x500", 'f', false, 0, UUID, 0, 'i', 0, {0}},
    {16005, "uuid_generate_v1", 'f', false, 0, UUID, 0, 'v', 0, {0}},
    {16006, "uuid_generate_v1mc", 'f', false, 0, UUID, 0, 'v', 0, {0}},
    {16007, "uuid_generate_v3", 'f', false, 0, UUID, 0, 'i', 2, {UUID, TEXT}},
    {16008, "uuid_generate_v4", 'f', false, 0, UUID, 0, 'v', 0, {0}},
    {16009, "uuid_generate_v5", 'f', false, 0, UUID, 0, 'i', 2, {UUID, TEXT}},
};
#define NPROCS (sizeof procs / sizeof procs[0])

static const struct emit_proc_entry entries[] = {
    {16000, "'00000000-0000-0000-0000-000000000000'"},
    {16001, "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'"},
    {16002, "'6ba7b811-9dad-11d1-80b4-00c04fd430c8'"},
    {16003, "'6ba7b812-9dad-11d1-80b4-00c04fd430c8'"},
    {16004, "'6ba7b814-9dad-11d1-80b4-00c04fd430c8'"},
    {16007, "pgf_uuid_named(3, %1, %2)"},
    {16008, "pgf_gen_random_uuid()"},
    {16009, "pgf_uuid_named(5, %1, %2)"},
};
const struct emit_proc_set emit_proc_extension = {entries, sizeof(entries) / sizeof(entries[0])};

const struct infer_proc *extension_proc(const struct store_catalog *c, const char *schema,
                                        const char *name)
{
    if (!c->uuid_ossp ||
        (schema ? strcmp(schema, c->uuid_ossp) != 0 : store_catalog_rank(c, c->uuid_ossp) < 0))
        return NULL;
    for (size_t i = 0; i < NPROCS; i++)
        if (strcmp(procs[i].name, name) == 0)
            return &procs[i];
    return NULL;
}

int extension_read(struct sqlite3 *db, struct arena *arena, struct store_catalog *c,
                   struct err *err)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db,
                           "SELECT e.oid, n.nspname FROM \"pg_catalog.pg_extension\" e JOIN"
                           " \"pg_catalog.pg_namespace\" n ON n.oid = e.extnamespace WHERE"
                           " e.extname = 'uuid-ossp'",
                           -1, &s, NULL) != SQLITE_OK)
        return err_set(err, SQLSTATE_INTERNAL_ERROR, "cannot read the extensions of the store");
    if (sqlite3_step(s) == SQLITE_ROW) {
        c->uuid_ossp_oid = (uint32_t)sqlite3_column_int64(s, 0);
        c->uuid_ossp = arena_strdup(arena, (const char *)sqlite3_column_text(s, 1));
    }
    sqlite3_finalize(s);
    return 0;
}

/* -- names as UUIDs (RFC 4122, 4.3) -- */

static bool bytes_of(const char *text, unsigned char ret[16])
{
    size_t n = 0;
    for (const char *p = text; *p && n < 32; p++) {
        if (*p == '-')
            continue;
        int c = tolower((unsigned char)*p), digit = c >= 'a' ? c - 'a' + 10 : c - '0';
        if (digit < 0 || digit > 15)
            return false;
        ret[n / 2] = (unsigned char)(n % 2 ? ret[n / 2] | digit : digit << 4);
        n++;
    }
    return n == 32;
}

/* pgf_uuid_named(3 | 5, namespace, name): by MD5, by SHA-1 */
static void fn_uuid_named(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    unsigned char b[16], digest[EVP_MAX_MD_SIZE];
    char text[40];
    if (functions_null(argc, argv))
        return;
    int version = sqlite3_value_int(argv[0]);
    struct slice name = functions_slice(argv[2]);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool done = md && bytes_of((const char *)sqlite3_value_text(argv[1]), b) &&
                EVP_DigestInit_ex(md, version == 3 ? EVP_md5() : EVP_sha1(), NULL) == 1 &&
                EVP_DigestUpdate(md, b, sizeof b) == 1 &&
                EVP_DigestUpdate(md, name.data, name.len) == 1 &&
                EVP_DigestFinal_ex(md, digest, NULL) == 1;
    EVP_MD_CTX_free(md);
    if (!done) {
        functions_fail(ctx, SQLSTATE_INTERNAL_ERROR, "could not hash a name");
        return;
    }
    digest[6] = (unsigned char)((digest[6] & 0x0f) | version << 4);
    digest[8] = (unsigned char)((digest[8] & 0x3f) | 0x80);
    char *p = text;
    for (int i = 0; i < 16; i++)
        p += snprintf(p, 4, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", digest[i]);
    sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
}

const struct function_row functions_extension_rows[] = {
    {"pgf_uuid_named", 3, true, fn_uuid_named, NULL, NULL},
};
const size_t functions_extension_n =
    sizeof(functions_extension_rows) / sizeof(functions_extension_rows[0]);
