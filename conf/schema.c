/* The table of all keys.  Order: as the reference prints them. */
#include "conf/schema.h"

#include "conf/limits.h"

#define SECTION  SCHEMA_SECTION
#define NAMES    SCHEMA_NAMES
#define TEXT     SCHEMA_TEXT
#define WORD     SCHEMA_WORD
#define NUMBER   SCHEMA_NUMBER
#define DURATION SCHEMA_DURATION
#define SIZE     SCHEMA_SIZE
#define SWITCH   SCHEMA_SWITCH
#define LIST     SCHEMA_LIST

#define SECOND UINT64_C(1000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)
#define KIB    (UINT64_C(1) << 10)
#define MIB    (UINT64_C(1) << 20)
#define GIB    (UINT64_C(1) << 30)

/* clang-format off */
#define RELOAD .reload = true
#define LATER(key, sentence) {key, SCHEMA_LATER, .text = sentence}

const struct schema_row schema_rows[] = {
{"include", TEXT | LIST, RELOAD,
 .text = "Further files, as patterns relative to this one; sections of several files are "
         "joined."},

{"listen", TEXT | LIST, RELOAD, .fallback = "127.0.0.1:6432",
 .text = "Where clients connect: `host:port`, `[v6]:port` or `unix:/path`; sockets passed by "
         "systemd are used instead when present."},

{"tls", SECTION, RELOAD, .text = "TLS towards clients."},
{"tls.mode", WORD, RELOAD, .words = "off|prefer|require|!verify", .fallback = "off",
 .text = "Whether clients may (`prefer`) or must (`require`) use TLS; must be said when a "
         "certificate is given."},
{"tls.certificate", TEXT, RELOAD, .text = "The server's certificate and its chain, PEM."},
{"tls.key", TEXT, RELOAD, .text = "The private key of the certificate, PEM."},
LATER("tls.client_ca", "client certificates"),

{"clients", SECTION, RELOAD, .text = "Limits of every client."},
{"clients.login_timeout", DURATION, RELOAD, .min = 100, .max = HOUR, .fallback = "30s",
 .text = "A client that has not logged in after this time is disconnected."},
{"clients.handshakes", NUMBER, RELOAD, .min = 1, .max = 1000000, .fallback = "1000",
 .text = "The most clients that are connected and have not logged in yet. With as many, others wait to be "
         "let in, and whoever has not gone on with its login for a second is disconnected with 53300."},
{"clients.idle_timeout", DURATION | WORD, RELOAD, .words = "none", .min = 100, .max = 30 * DAY,
 .fallback = "none",
 .text = "A client that sends nothing for this time, outside of a transaction, is disconnected."},

{"workers", NUMBER | WORD, .words = "auto", .min = 1, .max = 1024, .fallback = "auto",
 .text = "Threads that serve clients, `auto`: one for each processor that the process may use. They share "
         "servers, and limits hold over all of them."},

{"log", SECTION, RELOAD,
 .text = "The log, on standard error. It never holds literals or parameters."},
{"log.level", WORD, RELOAD, .words = "debug|info|warning|error", .fallback = "info",
 .text = "The least severe line that is written."},
{"log.format", WORD, RELOAD, .words = "text|json", .fallback = "text",
 .text = "One line of text, or one JSON object, for each event."},
LATER("log.values", "logging of literals and parameters"),

{"backends", NAMES, RELOAD, .required = true,
 .text = "The databases, each with a name of your choice."},
{"backends.*", SECTION, RELOAD, .max = LIMIT_NAME_BYTES,
 .text = "One database: either `postgres` or `store`."},
{"backends.*.postgres", TEXT, RELOAD,
 .text = "A PostgreSQL server, as a connection string or URL of libpq, without the password."},
{"backends.*.store", TEXT, RELOAD,
 .text = "The folder of an embedded store, which one daemon has at a time."},
{"backends.*.layout", WORD, RELOAD, .words = "shared|file", .fallback = "shared",
 .text = "`store`: `shared`, the rows of all tenants are in one file; `file`, each tenant has a file of its "
         "own, made when it first comes, and the owner's changes of the schema are made in each when it is "
         "used next."},
{"backends.*.synchronous", WORD, .words = "full|normal", .fallback = "full",
 .text = "`store`: `full`, what has been acknowledged survives a power failure; `normal`, it survives the "
         "end of the daemon, but a power failure may take the last transactions."},
{"backends.*.open_files", NUMBER | WORD, RELOAD, .words = "auto", .min = 1, .max = 100000,
 .fallback = "auto",
 .text = "`layout: file`: the most connections to tenants' files at a time, of five descriptors each; who "
         "has not used its own for the longest time gives it to who needs one. `auto`: half of what the "
         "limit of descriptors allows, and not more than 1,000."},
{"backends.*.secret", TEXT, RELOAD, .max = LIMIT_SECRET_BYTES,
 .text = "The password for PostgreSQL."},
{"backends.*.secret_file", TEXT, RELOAD, .text = "A file with the password."},
{"backends.*.secret_credential", TEXT, RELOAD,
 .text = "The password's name in `$CREDENTIALS_DIRECTORY` (systemd's LoadCredential=)."},
{"backends.*.pool", SECTION, RELOAD,
 .text = "The connections to this PostgreSQL, shared by all tenants on it."},
{"backends.*.pool.size", NUMBER, RELOAD, .min = 1, .max = 10000, .fallback = "20",
 .text = "The most connections held at a time."},
{"backends.*.pool.host_size", NUMBER, RELOAD, .min = 1, .max = 100000, .fallback = "80",
 .text = "`isolation: database`: the most connections to the server in all, over the pools of its databases; "
         "fewer than its `max_connections`, and not below `size`, which it is at least unless told. A pool "
         "that needs one gets those that others do not use, and its share of what they do."},
{"backends.*.pool.mode", WORD, RELOAD, .words = "transaction|session|statement",
 .fallback = "transaction",
 .text = "When a client gives its connection back: after each transaction; at its own end, reset "
         "for the next; or after each statement, and BEGIN is refused."},
{"backends.*.pool.idle", DURATION | WORD, RELOAD, .words = "none", .min = SECOND, .max = 7 * DAY,
 .fallback = "10m",
 .text = "An unused connection is closed after this time."},
{"backends.*.pool.lifetime", DURATION | WORD, RELOAD, .words = "none", .min = SECOND,
 .max = 30 * DAY, .fallback = "1h",
 .text = "A connection is closed at this age, or up to a tenth earlier so that not all are closed at "
         "once, when it is free."},
{"backends.*.pool.queue_timeout", DURATION, RELOAD, .min = 10, .max = HOUR, .fallback = "10s",
 .text = "How long a client waits for a connection before its statement fails."},
{"backends.*.pool.connect_timeout", DURATION, RELOAD, .min = 100, .max = HOUR, .fallback = "10s",
 .text = "How long the opening of a connection may take."},
{"backends.*.pool.auto_prepare", SWITCH, RELOAD, .fallback = "on",
 .text = "Whether a connection keeps statements that clients do not name prepared, so that PostgreSQL "
         "reads and plans a text once: at once when it has parameters, else when it comes again."},
{"backends.*.pool.prepared_statements", NUMBER, RELOAD, .min = 1, .max = 10000, .fallback = "500",
 .text = "The most statements that a connection keeps prepared, those that clients name among them; "
         "the one that has not been used for the longest time goes first."},
LATER("backends.*.replicas", "replicas"),
LATER("backends.*.max_lag", "replicas"),
LATER("backends.*.fallback", "a fallback store"),
LATER("backends.*.region", "regions"),

{"logins", NAMES, RELOAD, .required = true, .text = "Who may connect, by user name."},
{"logins.*", SECTION, RELOAD, .max = LIMIT_NAME_BYTES,
 .text = "One login: one way to give its secret, and one of `tenant`, `tenants` and `access`."},
{"logins.*.secret", TEXT, RELOAD, .max = LIMIT_SECRET_BYTES,
 .text = "The password, or better its `SCRAM-SHA-256$` verifier."},
{"logins.*.secret_file", TEXT, RELOAD, .text = "A file with either."},
{"logins.*.secret_credential", TEXT, RELOAD,
 .text = "The name of either in `$CREDENTIALS_DIRECTORY`."},
{"logins.*.method", WORD, RELOAD, .words = "scram|password", .fallback = "scram",
 .text = "How the secret is proved. `password`: it is sent as it is, for clients that know no "
         "SCRAM; taken over TLS, a Unix socket or the loopback interface only."},
{"logins.*.tenant", TEXT, RELOAD, .text = "The tenant this login is bound to."},
{"logins.*.tenants", TEXT | LIST, RELOAD,
 .text = "The tenants this login chooses from, or `\"*\"`: by `SET partywall.tenant`, by "
         "`options=-c partywall.tenant=...` or as user `login.tenant`."},
{"logins.*.access", WORD, RELOAD, .words = "owner|!read|!admin",
 .text = "`owner`: not confined, sees all rows, may change the schema."},
{"logins.*.backend", TEXT, RELOAD,
 .text = "The back end an owner works on; the first one unless told."},

{"tenants", NAMES, RELOAD,
 .text = "The tenants; `\"*\"` stands for any that is not named, without it those are refused."},
{"tenants.*", SECTION, RELOAD, .max = LIMIT_TENANT_NAME_BYTES, .text = "One tenant."},
{"tenants.*.backend", TEXT, RELOAD, .required = true, .text = "The back end that holds its rows."},
{"tenants.*.isolation", WORD, RELOAD, .words = "row|rls|row+rls|schema|database",
 .text = "How it is kept apart; `policy.isolation` unless told."},
{"tenants.*.schema", TEXT, RELOAD, .max = 2 * LIMIT_NAME_BYTES,
 .text = "`isolation: schema`: its schema, in which `{tenant}` stands for its name; its name alone "
         "unless told, but under `\"*\"` it must be told."},
{"tenants.*.database", TEXT, RELOAD, .max = 2 * LIMIT_NAME_BYTES,
 .text = "`isolation: database`: its database on the back end's server, likewise; that of the back "
         "end unless told, which then is no other tenant's."},
{"tenants.*.weight", NUMBER, RELOAD, .min = 1, .max = 1000, .fallback = "1",
 .text = "Its share of the servers' time where tenants compete for them, against the weights of the "
         "others. An owner's login has a share of weight 1."},
{"tenants.*.limits", SECTION, RELOAD,
 .text = "What it may have at a time, over all its clients; those of `policy.limits` unless told."},
{"tenants.*.limits.connections", NUMBER | WORD, RELOAD, .words = "none", .min = 1, .max = 1000000,
 .text = "The most clients connected; one more is refused with 53300."},
{"tenants.*.limits.active", NUMBER | WORD, RELOAD, .words = "none", .min = 1, .max = 10000,
 .text = "The most transactions at a time; further ones wait."},
{"tenants.*.limits.queue", NUMBER | WORD, RELOAD, .words = "none", .min = 1, .max = 1000000,
 .text = "The most clients that wait for a server; the statement of one more fails with 53300."},
{"tenants.*.limits.statements_per_second", NUMBER | WORD, RELOAD, .words = "none", .min = 1,
 .max = 1000000,
 .text = "The most statements in a second. Faster ones wait, and fail with 53400 if they would wait "
         "for longer than `queue_timeout`."},
LATER("tenants.*.region", "regions"),
LATER("tenant_source", "tenants from a table"),

{"policy", SECTION, RELOAD, .required = true, .text = "What confined clients may do."},
{"policy.isolation", WORD, RELOAD, .words = "row|rls|row+rls|schema|database", .fallback = "row",
 .text = "How tenants are kept apart: `row` by predicates in each statement, `rls` by policies of "
         "the database, `row+rls` by both, `schema` and `database` by one for each tenant."},
{"policy.rls_setting", TEXT, RELOAD, .max = LIMIT_NAME_BYTES, .fallback = "app.tenant",
 .text = "`isolation: rls`: the setting on which the policies look, as `prefix.name`."},
{"policy.tenant_column", TEXT, RELOAD, .required = true, .max = LIMIT_NAME_BYTES,
 .text = "The column that holds the tenant, as it is spelt in the database."},
{"policy.unlisted_tables", WORD, RELOAD, .words = "scoped|denied", .fallback = "scoped",
 .text = "Tables without an entry: scoped if they have the tenant column and else denied, or "
         "always denied."},
{"policy.tables", NAMES, RELOAD,
 .text = "Tables as they are spelt in the database, with or without their schema."},
{"policy.tables.*", SECTION | WORD, RELOAD, .words = "scoped|shared|denied",
 .max = 2 * LIMIT_NAME_BYTES + 5,
 .text = "`shared`: the same rows for everyone, read only; `denied`; `scoped`: by the tenant "
         "column; or the keys below."},
{"policy.tables.*.rows", WORD, RELOAD, .words = "scoped|shared|denied", .fallback = "scoped",
 .text = "The same as the word alone, where other keys stand beside it."},
{"policy.tables.*.tenant_column", TEXT, RELOAD, .max = LIMIT_NAME_BYTES,
 .text = "This table's tenant column."},
{"policy.tables.*.through", NAMES, RELOAD,
 .text = "Rows belong to the tenant of a parent row: `{column: Parent.column}`."},
{"policy.tables.*.through.*", TEXT, RELOAD, .max = LIMIT_NAME_BYTES,
 .text = "The parent's table and column, as `Table.column` or `schema.Table.column`."},
{"policy.tables.*.write", WORD, RELOAD, .words = "allow|deny", .fallback = "allow",
 .text = "`deny`: confined clients only read it."},
LATER("policy.tables.*.key", "other names for `id`"),
{"policy.tables.*.columns", NAMES, RELOAD,
 .text = "Rules for columns, as they are spelt in the database. They hold for partitions and "
         "inheriting tables, not for views, which have entries of their own."},
{"policy.tables.*.columns.*", SECTION, RELOAD, .max = LIMIT_NAME_BYTES,
 .text = "What confined clients may do with one column."},
{"policy.tables.*.columns.*.read", WORD, RELOAD, .words = "allow|deny|mask", .fallback = "allow",
 .text = "`deny`: `*` leaves the column out, and naming it is refused. `mask`: it is read, compared "
         "and sorted as what `mask` makes of it."},
{"policy.tables.*.columns.*.mask", SECTION | WORD, RELOAD, .words = "hash",
 .text = "What is shown instead; a fixed `***` unless told. `hash`: an SHA-256 digest of a text, "
         "or a uuid made from a uuid, so that equal values stay equal; what can be guessed can be "
         "recognised."},
{"policy.tables.*.columns.*.mask.fixed", TEXT, RELOAD,
 .text = "This text in every row; it must be a value of the column's type."},
{"policy.tables.*.columns.*.mask.partial", SECTION, RELOAD,
 .text = "The first and last characters of a text, and `***` between; short texts are `***` "
         "alone."},
{"policy.tables.*.columns.*.mask.partial.first", NUMBER, RELOAD, .min = 0, .max = 1000,
 .fallback = "0",
 .text = "How many characters are shown at the beginning."},
{"policy.tables.*.columns.*.mask.partial.last", NUMBER, RELOAD, .min = 0, .max = 1000,
 .fallback = "0",
 .text = "How many at the end."},
{"policy.tables.*.columns.*.write", WORD, RELOAD, .words = "allow|deny", .fallback = "allow",
 .text = "`deny`: no statement of a confined client sets the column. A column that is masked or "
         "not read may be set unless this is said."},
LATER("policy.tables.*.columns.*.check", "checks of values"),
LATER("policy.tables.*.require_filter", "required filters"),
LATER("policy.tables.*.max_rows", "limits of rows"),
{"policy.functions", SECTION, RELOAD, .text = "Functions beside the built-in list of safe ones."},
{"policy.functions.allow", TEXT | LIST, RELOAD,
 .text = "Functions of yours that are safe for tenants, as `schema.name`."},
{"policy.notify", WORD, RELOAD, .words = "deny|allow", .fallback = "deny",
 .text = "`allow`: LISTEN, NOTIFY and pg_notify, of channels that each tenant has for itself."},
{"policy.advisory_locks", WORD, RELOAD, .words = "deny|allow", .fallback = "deny",
 .text = "`allow`: advisory locks, with keys that each tenant has for itself. Who holds one beyond "
         "its transaction keeps a connection of the pool."},
{"policy.held_cursors", WORD, RELOAD, .words = "deny|allow", .fallback = "deny",
 .text = "`allow`: DECLARE CURSOR WITH HOLD. Who has such a cursor beyond its transaction keeps a connection "
         "of the pool."},
{"policy.settings", SECTION, RELOAD, .text = "Settings that confined clients may change."},
{"policy.settings.allow", TEXT | LIST, RELOAD, .text = "These instead of the built-in list."},
{"policy.hints", SWITCH, RELOAD, .fallback = "on",
 .text = "Refusals tell the rule and its place in this file."},
{"policy.limits", SECTION, RELOAD, .text = "Limits of confined statements."},
{"policy.limits.statement_timeout", DURATION | WORD, RELOAD, .words = "none", .min = 10,
 .max = DAY, .fallback = "30s",
 .text = "A statement is cancelled after this time."},
{"policy.limits.transaction", DURATION | WORD, RELOAD, .words = "none", .min = 10, .max = DAY,
 .fallback = "5m",
 .text = "A transaction is ended after this time."},
{"policy.limits.idle_in_transaction", DURATION | WORD, RELOAD, .words = "none", .min = 10,
 .max = DAY, .fallback = "30s",
 .text = "A client that waits this long within a transaction loses it."},
{"policy.limits.client_write", DURATION | WORD, RELOAD, .words = "none", .min = 10, .max = DAY,
 .fallback = "1m",
 .text = "A client that takes nothing of a waiting result for this time loses its connection."},
{"policy.limits.statement_bytes", SIZE, RELOAD, .min = KIB, .max = 16 * MIB, .fallback = "16MiB",
 .text = "The longest statement."},
{"policy.limits.tokens", NUMBER, RELOAD, .min = 100, .max = 1000000, .fallback = "200000",
 .text = "The most words and signs in a statement."},
{"policy.limits.depth", NUMBER, RELOAD, .min = 10, .max = 1000, .fallback = "200",
 .text = "The deepest nesting of parentheses, brackets and CASE."},
{"policy.limits.chain", NUMBER, RELOAD, .min = 100, .max = 50000, .fallback = "10000",
 .text = "The most operators or set operations in a row."},
LATER("policy.limits.result_bytes", "limits of results"),
{"policy.limits.connections", NUMBER | WORD, RELOAD, .words = "none", .min = 1, .max = 1000000,
 .fallback = "none",
 .text = "`tenants.*.limits.connections` of tenants that have none of their own."},
{"policy.limits.active", NUMBER | WORD, RELOAD, .words = "none", .min = 1, .max = 10000,
 .fallback = "none",
 .text = "The same of `active`."},
{"policy.limits.queue", NUMBER | WORD, RELOAD, .words = "none", .min = 1, .max = 1000000,
 .fallback = "none",
 .text = "The same of `queue`."},
{"policy.limits.statements_per_second", NUMBER | WORD, RELOAD, .words = "none", .min = 1,
 .max = 1000000, .fallback = "none",
 .text = "The same of `statements_per_second`."},
LATER("policy.statements", "rules for statements"),
LATER("policy.cache", "the result cache"),

LATER("http", "metrics and the dashboard"),
LATER("audit", "the audit log"),
LATER("operations", "named operations"),
};
/* clang-format on */

const size_t schema_nrows = sizeof schema_rows / sizeof schema_rows[0];
