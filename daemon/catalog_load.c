/* All results are read first, ordered by relation; then one walk over the relations takes what
 * belongs to each from the others. */
#include "daemon/catalog_load.h"

#include "daemon/server_fit.h"
#include "daemon/files.h"
#include "daemon/store/store.h"
#include "protocol/sqlstate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CATALOG_SERVER_MIN 120000 /* pg_attribute.attgenerated */

/* The relations a client can name, but for the system's.  Other sessions' temporary tables are in
 * pg_temp_n. */
#define USER_RELATION                                                                              \
    "c.relkind IN ('r','p','v','m','f','S') AND n.nspname !~ '^pg_' "                              \
    "AND n.nspname <> 'information_schema'"
#define FROM_CLASS "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"

/* The settings that a table's policies look at: of a restrictive policy for everything, or the one that all
 * permissive policies look at which let rows be seen. Any other permissive policy would let through what
 * these keep back. */
#define POLICIES                                                                                   \
    "(SELECT lower(substring(pg_get_expr(p.polqual, p.polrelid) FROM "                             \
    "'current_setting\\(''([^'']+)''')) AS setting FROM pg_policy p "                              \
    "WHERE p.polrelid = c.oid AND p.polqual IS NOT NULL "                                          \
    "AND EXISTS (SELECT 1 FROM unnest(p.polroles) AS r(role) "                                     \
    "WHERE r.role = 0 OR pg_has_role(r.role, 'USAGE')) AND "
#define GUARDS                                                                                     \
    "CASE WHEN c.relrowsecurity AND row_security_active(c.oid) THEN concat_ws(' ', "               \
    "(SELECT string_agg(s.setting, ' ') FROM " POLICIES                                            \
    "NOT p.polpermissive AND p.polcmd = '*') s), "                                                 \
    "(SELECT CASE WHEN count(*) = count(s.setting) AND count(DISTINCT s.setting) = 1 "             \
    "THEN min(s.setting) END FROM " POLICIES "p.polpermissive) s)) ELSE '' END"

enum {
    Q_BEGIN,
    Q_PATH,
    Q_ROLE,
    Q_PIN,
    Q_RELATIONS,
    Q_COLUMNS,
    Q_KEYS,
    Q_FOREIGN,
    Q_FUNCTIONS,
    Q_OPERATORS,
    Q_TYPES,
    Q_COMMIT,
    Q_COUNT
};

static const char *const catalog_queries[Q_COUNT] = {
    [Q_BEGIN] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    /* as this role's statements will see it, before it is pinned */
    [Q_PATH] = "SELECT u.name FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) "
               "WITH ORDINALITY AS u(name, at) ORDER BY u.at",
    /* 0 name, 1 passes by row security */
    [Q_ROLE] = "SELECT r.rolname, r.rolsuper OR r.rolbypassrls FROM pg_catalog.pg_roles r "
               "WHERE r.rolname = current_user",
    [Q_PIN] = "SELECT pg_catalog.set_config('search_path', 'pg_catalog', true), "
              "pg_catalog.set_config('statement_timeout', '60s', true), "
              "pg_catalog.set_config('lock_timeout', '10s', true)",
    /* 0 oid, 1 schema, 2 name, 3 kind, 4 its parents, 5 has rules beside a view's own, 6 the
       settings that policies look at which hold for this role, if row security does */
    [Q_RELATIONS] =
        "SELECT c.oid, n.nspname, c.relname, c.relkind, "
        "(SELECT string_agg(i.inhparent::oid::text, ' ') FROM pg_inherits i WHERE i.inhrelid = c.oid), "
        "EXISTS (SELECT 1 FROM pg_rewrite w WHERE w.ev_class = c.oid AND w.rulename <> '_RETURN'), "
        GUARDS " "
        "FROM " FROM_CLASS " WHERE " USER_RELATION " ORDER BY c.oid",
    /* 0 relation, 1 attnum, 2 name, 3 type's text, 4 type, 5 typmod, 6 not null, 7 default, 8
       generated */
    [Q_COLUMNS] =
        "SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid, "
        "a.atttypmod, a.attnotnull OR t.typnotnull, "
        "a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL, "
        "a.attgenerated <> '' "
        "FROM " FROM_CLASS " JOIN pg_attribute a ON a.attrelid = c.oid "
        "JOIN pg_type t ON t.oid = a.atttypid "
        "WHERE " USER_RELATION " AND a.attnum > 0 AND NOT a.attisdropped "
        "ORDER BY a.attrelid, a.attnum",
    /* 0 relation, 1 name, 2 primary, 3 attnums.  Only what ON CONFLICT and a foreign key may rely
       on. */
    [Q_KEYS] = "SELECT i.indrelid, x.relname, i.indisprimary, "
               "array_to_string((i.indkey::int2[])[0:i.indnkeyatts - 1], ' ') "
               "FROM " FROM_CLASS " JOIN pg_index i ON i.indrelid = c.oid "
               "JOIN pg_class x ON x.oid = i.indexrelid "
               "WHERE " USER_RELATION " AND i.indisunique AND i.indisvalid AND i.indpred IS NULL "
               "AND i.indexprs IS NULL ORDER BY i.indrelid, NOT i.indisprimary, x.oid",
    /* 0 relation, 1 constraint, 2 name, 3 attnum, 4 parent's schema, 5 parent, 6 parent's column,
     * 7 ON DELETE, 8 ON UPDATE, 9 does ON DELETE SET set this column (PostgreSQL 15 may be told which)?
     * Rows that PostgreSQL adds for each partition of the parent say nothing new. */
    [Q_FOREIGN] =
        "SELECT k.conrelid, k.oid, k.conname, u.child, pn.nspname, p.relname, pa.attname, "
        "k.confdeltype, k.confupdtype, "
        "coalesce(nullif(to_jsonb(k) -> 'confdelsetcols', 'null') @> to_jsonb(u.child), true) "
        "FROM " FROM_CLASS " JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f' "
        "CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS u(child, parent, at) "
        "JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace "
        "JOIN pg_attribute pa ON pa.attrelid = p.oid AND pa.attnum = u.parent "
        "WHERE " USER_RELATION " AND NOT EXISTS (SELECT 1 FROM pg_constraint o "
        "WHERE o.oid = k.conparentid AND o.conrelid = k.conrelid) "
        "ORDER BY k.conrelid, k.oid, u.at",
    /* 0 schema, 1 name, 2 came with the server (16384 is FirstNormalObjectId) */
    [Q_FUNCTIONS] =
        "SELECT DISTINCT n.nspname, p.proname, n.nspname = 'pg_catalog' AND p.oid < 16384 "
        "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
        "WHERE n.nspname !~ '^pg_(toast|temp)'",
    [Q_OPERATORS] = "SELECT DISTINCT n.nspname, o.oprname FROM pg_operator o "
                    "JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oid >= 16384",
    /* no arrays, no row types of tables: 0 schema, 1 name, 2 oid, 3 typtype */
    [Q_TYPES] = "SELECT n.nspname, t.typname, t.oid, t.typtype FROM pg_type t "
                "JOIN pg_namespace n ON n.oid = t.typnamespace "
                "LEFT JOIN pg_class c ON c.oid = t.typrelid "
                "WHERE t.oid >= 16384 AND t.typtype <> 'p' AND (c.oid IS NULL OR c.relkind = 'c') "
                "AND NOT EXISTS (SELECT 1 FROM pg_type e WHERE e.typarray = t.oid)",
    [Q_COMMIT] = "COMMIT",
};

/* -- talking to the server -- */

static void catalog_ignore_notice(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

/* libpq's texts may have several lines: the first one says it. */
static int catalog_connection_error(PGconn *conn, struct err *err)
{
    char text[ERR_MESSAGE_BYTES];
    snprintf(text, sizeof text, "%s", PQerrorMessage(conn));
    text[strcspn(text, "\n")] = 0;
    return err_set(err, SQLSTATE_CONNECTION_FAILURE, "%s", text[0] ? text : "out of memory");
}

int catalog_connect(const char *conninfo, const char *database, const char *password, PGconn **ret,
                    struct err *err)
{
    /* what stands before dbname are defaults, what stands behind overrides the conninfo */
    const char *keys[] = {"connect_timeout",
                          "keepalives_idle",
                          "keepalives_interval",
                          "keepalives_count",
                          "tcp_user_timeout",
                          "target_session_attrs",
                          "dbname",
                          "client_encoding",
                          "application_name",
                          "password",
                          "dbname",
                          NULL};
    const char *values[] = {"10",   "10",     "5",  "3",
                            "30000", SERVER_FIT_SESSION_ATTRS, conninfo, "UTF8",
                            "partywall catalog", password, database, NULL}; /* NULL among them: not given */
    PGconn *conn = PQconnectdbParams(keys, values, 1);
    if (!conn)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (PQstatus(conn) != CONNECTION_OK) {
        catalog_connection_error(conn, err);
        PQfinish(conn);
        return -1;
    }
    PQsetNoticeReceiver(conn, catalog_ignore_notice, NULL);
    if (PQserverVersion(conn) < CATALOG_SERVER_MIN) {
        err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                "the server is older than PostgreSQL 12, which is the oldest that is supported");
        PQfinish(conn);
        return -1;
    }
    if (server_fit(conn, err) != 0) {
        PQfinish(conn);
        return -1;
    }
    *ret = conn;
    return 0;
}

int catalog_query(PGconn *conn, const char *sql, const char *const *params, int nparams,
                  PGresult **ret, struct err *err)
{
    PGresult *res = PQexecParams(conn, sql, nparams, NULL, params, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(res);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        *ret = res;
        return 0;
    }
    const char *sqlstate = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    if (sqlstate && text)
        err_set(err, sqlstate, "could not read the catalog: %s", text);
    else
        catalog_connection_error(conn, err);
    PQclear(res);
    return -1;
}

/* -- reading results -- */

static uint32_t read_oid(const PGresult *res, int row, int column)
{
    return (uint32_t)strtoul(PQgetvalue(res, row, column), NULL, 10);
}

static int read_int(const PGresult *res, int row, int column)
{
    return (int)strtol(PQgetvalue(res, row, column), NULL, 10);
}

static bool read_bool(const PGresult *res, int row, int column)
{
    return PQgetvalue(res, row, column)[0] == 't';
}

/* Is ${row} one of ${oid}'s?  Rows of all results are ordered by relation. */
static bool is_of(const PGresult *res, int row, uint32_t oid)
{
    return row < PQntuples(res) && read_oid(res, row, 0) == oid;
}

/* Pass over rows of relations that are not there (none, in one snapshot). */
static int skip_to(const PGresult *res, int row, uint32_t oid)
{
    while (row < PQntuples(res) && read_oid(res, row, 0) < oid)
        row++;
    return row;
}

static int add_columns(struct catalog_relation *r, const PGresult *res, int row)
{
    for (row = skip_to(res, row, r->oid); is_of(res, row, r->oid); row++) {
        struct catalog_column column = {
            .name = PQgetvalue(res, row, 2),
            .type_name = PQgetvalue(res, row, 3),
            .type_oid = read_oid(res, row, 4),
            .typmod = read_int(res, row, 5),
            .attnum = (int16_t)read_int(res, row, 1),
            .not_null = read_bool(res, row, 6),
            .has_default = read_bool(res, row, 7),
            .generated = read_bool(res, row, 8),
        };
        catalog_add_column(r, &column);
    }
    return row;
}

#define CATALOG_KEY_COLUMNS 32 /* INDEX_MAX_KEYS */

static int add_keys(struct catalog_relation *r, const PGresult *res, int row)
{
    for (row = skip_to(res, row, r->oid); is_of(res, row, r->oid); row++) {
        int16_t attnums[CATALOG_KEY_COLUMNS];
        size_t n = 0;
        char *at = PQgetvalue(res, row, 3);
        while (*at && n < CATALOG_KEY_COLUMNS)
            attnums[n++] = (int16_t)strtol(at, &at, 10);
        catalog_add_key(r, PQgetvalue(res, row, 1), read_bool(res, row, 2), attnums, n);
    }
    return row;
}

static int add_foreign_keys(struct catalog_relation *r, const PGresult *res, int row)
{
    row = skip_to(res, row, r->oid);
    while (is_of(res, row, r->oid)) {
        int16_t attnums[CATALOG_KEY_COLUMNS];
        const char *columns[CATALOG_KEY_COLUMNS];
        bool resets[CATALOG_KEY_COLUMNS];
        size_t n = 0;
        int first = row;
        uint32_t constraint = read_oid(res, row, 1);
        for (; is_of(res, row, r->oid) && read_oid(res, row, 1) == constraint; row++) {
            if (n == CATALOG_KEY_COLUMNS)
                continue;
            attnums[n] = (int16_t)read_int(res, row, 3);
            resets[n] = read_bool(res, row, 9);
            columns[n++] = PQgetvalue(res, row, 6);
        }
        catalog_add_foreign_key(r, PQgetvalue(res, first, 2), attnums, PQgetvalue(res, first, 4),
                                PQgetvalue(res, first, 5), columns, n);
        catalog_set_actions(r, PQgetvalue(res, first, 7)[0], PQgetvalue(res, first, 8)[0], resets);
    }
    return row;
}

static void add_parents(struct catalog_relation *r, const char *oids)
{
    for (char *at = (char *)(uintptr_t)oids; *at;)
        catalog_add_parent(r, (uint32_t)strtoul(at, &at, 10));
}

static void add_relations(struct catalog *c, PGresult *const *res)
{
    int column = 0, key = 0, foreign = 0;
    for (int i = 0; i < PQntuples(res[Q_RELATIONS]); i++) {
        const PGresult *relations = res[Q_RELATIONS];
        struct catalog_relation *r =
            catalog_add_relation(c, read_oid(relations, i, 0), PQgetvalue(relations, i, 1),
                                 PQgetvalue(relations, i, 2), PQgetvalue(relations, i, 3)[0]);
        add_parents(r, PQgetvalue(relations, i, 4));
        r->has_rules = read_bool(relations, i, 5);
        catalog_set_guards(r, PQgetvalue(relations, i, 6));
        column = add_columns(r, res[Q_COLUMNS], column);
        key = add_keys(r, res[Q_KEYS], key);
        foreign = add_foreign_keys(r, res[Q_FOREIGN], foreign);
    }
}

static void add_names(struct catalog *c, PGresult *const *res)
{
    for (int i = 0; i < PQntuples(res[Q_FUNCTIONS]); i++)
        catalog_add_function(c, PQgetvalue(res[Q_FUNCTIONS], i, 0),
                             PQgetvalue(res[Q_FUNCTIONS], i, 1), read_bool(res[Q_FUNCTIONS], i, 2));
    for (int i = 0; i < PQntuples(res[Q_OPERATORS]); i++)
        catalog_add_operator(c, PQgetvalue(res[Q_OPERATORS], i, 0),
                             PQgetvalue(res[Q_OPERATORS], i, 1));
    for (int i = 0; i < PQntuples(res[Q_TYPES]); i++)
        catalog_add_type(c, PQgetvalue(res[Q_TYPES], i, 0), PQgetvalue(res[Q_TYPES], i, 1),
                         read_oid(res[Q_TYPES], i, 2), PQgetvalue(res[Q_TYPES], i, 3)[0]);
}

static int add_path(struct catalog *c, const PGresult *path, struct err *err)
{
    size_t n = (size_t)PQntuples(path);
    const char **schemas = calloc(n ? n : 1, sizeof *schemas);
    if (!schemas)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    for (size_t i = 0; i < n; i++)
        schemas[i] = PQgetvalue(path, (int)i, 0);
    catalog_set_search_path(c, schemas, n);
    free(schemas);
    return 0;
}

static int catalog_build(PGresult *const *res, int version, struct catalog **ret, struct err *err)
{
    struct catalog *c = catalog_new();
    if (!c)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    catalog_set_server_version(c, version);
    add_relations(c, res);
    add_names(c, res);
    if (PQntuples(res[Q_ROLE]) == 1)
        catalog_set_role(c, PQgetvalue(res[Q_ROLE], 0, 0), read_bool(res[Q_ROLE], 0, 1));
    if (add_path(c, res[Q_PATH], err) != 0 || catalog_seal(c, err) != 0) {
        catalog_unref(c);
        return -1;
    }
    *ret = c;
    return 0;
}

int catalog_load_postgres(const char *conninfo, const char *database, const char *password,
                          struct catalog **ret, struct err *err)
{
    PGresult *res[Q_COUNT] = {NULL};
    PGconn *conn = NULL;
    int rc = catalog_connect(conninfo, database, password, &conn, err);
    if (rc != 0)
        return rc;
    for (int i = 0; i < Q_COUNT && rc == 0; i++)
        rc = catalog_query(conn, catalog_queries[i], NULL, 0, &res[i], err);
    int version = PQserverVersion(conn) / 10000;
    PQfinish(conn);
    if (rc == 0)
        rc = catalog_build(res, version, ret, err);
    for (int i = 0; i < Q_COUNT; i++)
        PQclear(res[i]);
    return rc;
}

int catalog_load_backend(const struct conf_backend *backend, const char *database,
                         struct catalog **ret, struct err *err)
{
    if (backend->postgres)
        return catalog_load_postgres(backend->postgres, database, backend->secret, ret, err);
    struct store *store;
    if (access(backend->store, F_OK) != 0) /* opening it would make one */
        return err_set(err, SQLSTATE_IO_ERROR, "there is no store in \"%s\" yet", backend->store);
    struct files *files = files_new(backend, NULL, 0, true);
    if (!files)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    int rc = files_open(files, NULL, &store, err);
    if (rc == 0)
        rc = store_read_catalog(store, ret, err);
    files_unref(files);
    return rc;
}
