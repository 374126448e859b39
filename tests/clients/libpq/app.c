/* libpq: every way of connecting, asking and copying that it has, but pipelines.  usage: app URL */
#include "pipeline.h"
#include "show.h"

#include <libpq/libpq-fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OID_INT8 = 20, OID_INT4 = 23, OID_TEXT = 25 };

/* -- connecting -- */

static void on_notice(void *name, const PGresult *r)
{
    show(name, "%s %s %s", PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED),
         PQresultErrorField(r, PG_DIAG_SQLSTATE), PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY));
}

/* Without blocking, and with a good deal of parameters. */
static PGconn *connect_slowly(const char *url)
{
    const char *const keywords[] = {"dbname",  "application_name", "client_encoding",
                                    "options", "keepalives",       NULL};
    const char *const values[] = {
        url, "kit \"c\" ü", "utf-8", "-c statement_timeout=12345 -c search_path=public", "1", NULL};
    PGconn *c = PQconnectStartParams(keywords, values, 1);
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        await(c, state == PGRES_POLLING_WRITING);
        state = PQconnectPoll(c);
    }
    if (state == PGRES_POLLING_FAILED)
        give_up("connect: %s", PQerrorMessage(c));
    PQsetNoticeReceiver(c, on_notice, "notice");
    return c;
}

static void connected(PGconn *c, const char *url)
{
    static const char *const names[] = {"client_encoding",
                                        "DateStyle",
                                        "integer_datetimes",
                                        "IntervalStyle",
                                        "standard_conforming_strings",
                                        "application_name"};
    show("ping", "%d", PQping(url));
    show("protocol", "%d, server %d", PQprotocolVersion(c), PQserverVersion(c) / 10000);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        show(names[i], "%s", PQparameterStatus(c, names[i]));
    query(c, "application_name", "SHOW application_name");
    query(c, "statement_timeout", "SHOW statement_timeout");
    show("key", "%d", PQbackendPID(c) != 0);
    PQreset(c);
    show("reset", "%d", PQstatus(c));
    query(c, "statement_timeout", "SHOW statement_timeout");
}

/* -- asking -- */

static void simple(PGconn *c)
{
    query(c, "users", "SELECT id, level FROM \"User\" ORDER BY id");
    query(c, "empty", "");
    query(c, "comment", "-- nothing");
    query(c, "several", "SELECT 1; UPDATE item SET v = 'c' WHERE app = 'seed' AND n = 1; SELECT 3");
    PQsendQuery(c, "SELECT 1 AS a; INSERT INTO item (app, n) VALUES ('libpq', 1); SELECT count(*) "
                   "FROM item; SELECT 1/0; SELECT 5");
    show_all("each of several", c);
    query(c, "undone", "SELECT count(*) FROM item WHERE app = 'libpq'");
    query(c, "notices", "COMMIT; BEGIN; BEGIN; ROLLBACK");
    query(c, "a long name",
          "SELECT 1 AS a234567890123456789012345678901234567890123456789012345678901234567890");
    show_description("description", PQexec(c, "SELECT *, n + 1 AS more FROM item WHERE false"));
    query(c, "unique", "INSERT INTO item (app, n) VALUES ('seed', 2)");
    query(c, "not null", "INSERT INTO \"User\" (id, email) VALUES ('x', 'x')");
    query(c, "foreign key", "INSERT INTO step (\"workflowId\", title) VALUES ('nowhere', 'x')");
    query(c, "position", "SELECT 'ü', nothing FROM item");
}

static void escaped(PGconn *c)
{
    static const char awkward[] = "it's \\ \"ü\" $1; -- /* ";
    char sql[512];
    char *literal = PQescapeLiteral(c, awkward, strlen(awkward)),
         *name = PQescapeIdentifier(c, awkward, strlen(awkward));
    snprintf(sql, sizeof(sql), "SELECT %s AS %s, E'\\\\x' || $_$ $1 $_$", literal, name);
    query(c, "escaped", sql);
    PQfreemem(literal);
    PQfreemem(name);
    size_t len;
    unsigned char *bytes = PQescapeByteaConn(c, (const unsigned char *)"\0'\\\xff", 4, &len);
    snprintf(sql, sizeof(sql),
             "INSERT INTO types (app, c_bytea) VALUES ('libpq', '%s') RETURNING c_bytea", bytes);
    PQfreemem(bytes);
    query(c, "bytes", sql);
}

static void with_parameters(PGconn *c)
{
    static const char five[4] = {0, 0, 0, 5};
    const char *const values[] = {"seed", five};
    const Oid types[] = {0, OID_INT4};
    const int lengths[] = {0, 4}, formats[] = {0, 1};
    for (int format = 0; format < 2; format++)
        show_result(
            "parameters",
            PQexecParams(c, "SELECT id > 0, n, v FROM item WHERE app = $1 AND n <= $2 ORDER BY n",
                         2, types, values, lengths, formats, format));
    show_result("no parameters",
                PQexecParams(c, "SELECT count(*) FROM item", 0, NULL, NULL, NULL, NULL, 1));
    show_result("a null", PQexecParams(c, "SELECT n FROM item WHERE v = $1", 1, NULL,
                                       (const char *const[]){NULL}, NULL, NULL, 0));
    show_result("one too few",
                PQexecParams(c, "SELECT $1::int + $2::int", 1, NULL, values, NULL, NULL, 0));
    show_result("bad value",
                PQexecParams(c, "SELECT n FROM item WHERE n = $1", 1, NULL, values, NULL, NULL, 0));
    show_result("two statements",
                PQexecParams(c, "SELECT 1; SELECT 2", 0, NULL, NULL, NULL, NULL, 0));
}

static void prepared(PGconn *c)
{
    const char *const values[] = {"seed", "3"};
    show_result("prepare",
                PQprepare(c, "p", "SELECT n, v FROM item WHERE app = $1 AND n = $2", 0, NULL));
    show_description("describe", PQdescribePrepared(c, "p"));
    for (int i = 0; i < 7; i++)
        show_result("execute", PQexecPrepared(c, "p", 2, values, NULL, NULL, i % 2));
    show_result("again", PQprepare(c, "p", "SELECT 1", 0, NULL));
    show_result("typed", PQprepare(c, "t", "SELECT $1, $2 || 'x' FROM \"User\"", 2,
                                   (const Oid[]){OID_INT8, OID_TEXT}));
    show_description("describe", PQdescribePrepared(c, "t"));
    show_result(
        "insert",
        PQprepare(c, "i", "INSERT INTO item (app, n, v) VALUES ($1, $2, $3) RETURNING n", 0, NULL));
    show_description("describe", PQdescribePrepared(c, "i"));
    show_description("unknown", PQdescribePrepared(c, "nothing"));
    query(c, "deallocate", "DEALLOCATE p");
    show_result("gone", PQexecPrepared(c, "p", 2, values, NULL, NULL, 0));
    show_result("prepare", PQprepare(c, "p", "SELECT 'p again'", 0, NULL));
    show_result("execute", PQexecPrepared(c, "p", 0, NULL, NULL, NULL, 0));
    query(c, "deallocate", "DEALLOCATE ALL");
    show_result("gone", PQexecPrepared(c, "i", 0, NULL, NULL, NULL, 0));
    show_result("unnamed", PQprepare(c, "", "SELECT count(*) FROM \"Workflow\"", 0, NULL));
    show_result("unnamed", PQexecPrepared(c, "", 0, NULL, NULL, NULL, 0));
    query(c, "between", "SELECT 1");
    show_result("unnamed", PQexecPrepared(c, "", 0, NULL, NULL, NULL, 0));
}

static void transactions(PGconn *c)
{
    show("status", "%d", PQtransactionStatus(c));
    query(c, "begin", "BEGIN ISOLATION LEVEL REPEATABLE READ");
    show("status", "%d", PQtransactionStatus(c));
    query(c, "declare",
          "DECLARE k SCROLL CURSOR FOR SELECT n, v FROM item WHERE app = 'seed' ORDER BY n");
    show_description("portal", PQdescribePortal(c, "k"));
    query(c, "fetch", "FETCH 3 FROM k");
    query(c, "fetch", "FETCH BACKWARD 2 FROM k");
    query(c, "move", "MOVE ABSOLUTE 39 IN k");
    show_result("fetch", PQexecParams(c, "FETCH ALL FROM k", 0, NULL, NULL, NULL, NULL, 1));
    query(c, "savepoint", "SAVEPOINT s");
    query(c, "error", "SELECT 1/0");
    show("status", "%d", PQtransactionStatus(c));
    query(c, "failed", "SELECT 1");
    query(c, "back", "ROLLBACK TO s");
    query(c, "close", "CLOSE k");
    query(c, "commit", "COMMIT AND CHAIN");
    show("status", "%d", PQtransactionStatus(c));
    query(c, "isolation", "SHOW transaction_isolation");
    query(c, "rollback", "ROLLBACK");
    query(c, "no cursor", "FETCH 1 FROM k");
}

/* -- while it runs -- */

static void row_by_row(PGconn *c)
{
    PGresult *r;
    long rows = 0;
    PQsendQuery(c, "SELECT a.n, b.v FROM item a, item b WHERE a.app = 'seed' AND b.app = 'more'");
    PQsetSingleRowMode(c);
    while ((r = next_result(c)) && PQresultStatus(r) == PGRES_SINGLE_TUPLE) {
        rows += PQntuples(r);
        PQclear(r);
    }
    show("row by row", "%ld", rows);
    show_result("end", r);
    show_all("nothing", c);
    PQsendQueryParams(c, "SELECT 10 / (3 - n) FROM generate_series(1, $1::int) n", 1, NULL,
                      (const char *const[]){"9"}, NULL, NULL, 0);
    PQsetSingleRowMode(c);
    show_all("rows, then an error", c);
}

/* Cancel it, now that something of it has come, and show what it ends with. */
static void cancel_the_rest(PGconn *c, const char *name)
{
    char text[256];
    PGcancel *cancel = PQgetCancel(c);
    PGresult *r, *last = NULL;
    PQsetSingleRowMode(c);
    PQclear(next_result(c));
    if (PQcancel(cancel, text, sizeof(text)) != 1)
        give_up("%s: %s", name, text);
    PQfreeCancel(cancel);
    while ((r = next_result(c))) {
        PQclear(last);
        last = r;
    }
    show_result(name, last);
}

static void cancelled(PGconn *c)
{
    char text[256];
    PGcancel *cancel = PQgetCancel(c);
    show("cancel while idle", "%d", PQcancel(cancel, text, sizeof(text)));
    PQfreeCancel(cancel);
    query(c, "unharmed", "SELECT 1");
    PQsendQuery(c, "SELECT repeat(id, 90000) FROM \"User\"; "
                   "SELECT count(*) FROM item a, item b, item c, item d, item e");
    cancel_the_rest(c, "cancelled");
    query(c, "begin", "BEGIN");
    PQsendQueryParams(c, "SELECT a.n FROM item a, item b, item c, item d WHERE a.app = $1", 1, NULL,
                      (const char *const[]){"seed"}, NULL, NULL, 1);
    cancel_the_rest(c, "cancelled among rows");
    show("status", "%d", PQtransactionStatus(c));
    query(c, "rollback", "ROLLBACK");
    query(c, "goes on", "SELECT count(*) FROM item WHERE app = 'seed'");
}

static void large(PGconn *c)
{
    enum { BYTES = 3 << 20, PARAMETERS = 2000 };
    char *text = malloc(BYTES + 1);
    memset(text, 'x', BYTES);
    text[BYTES] = '\0';
    const char *const one[] = {text};
    show_result("3 MB there and back",
                PQexecParams(c, "SELECT $1::text, length($1)", 1, NULL, one, NULL, NULL, 0));
    query(c, "20 MB back",
          "SELECT repeat(u.id, 100000), i.n FROM \"User\" u, item i WHERE i.app = 'seed' ORDER BY "
          "u.id, i.n");
    free(text);

    char *sql = malloc(PARAMETERS * 8 + 100), *end = sql;
    const char **values = calloc(PARAMETERS, sizeof(*values));
    end += sprintf(end, "SELECT count(*) FROM item WHERE app = 'seed' AND n IN (0");
    for (int i = 0; i < PARAMETERS; i++) {
        end += sprintf(end, ",$%d", i + 1);
        values[i] = i % 3 ? "7" : "8";
    }
    strcpy(end, ")");
    show_result("many parameters", PQexecParams(c, sql, PARAMETERS, NULL, values, NULL, NULL, 0));
    free(values);
    free(sql);
}

/* -- COPY -- */

/* All of it into one string, which the caller frees. */
static char *copy_out(PGconn *c, const char *name, const char *sql, size_t *ret_len)
{
    char *all = malloc(1 << 20), *line;
    int len;
    *ret_len = 0;
    PGresult *r = PQexec(c, sql);
    show("formats", "%s: %d, %d columns", name, PQbinaryTuples(r), PQnfields(r));
    PQclear(r);
    while ((len = PQgetCopyData(c, &line, 1)) != -1) {
        if (len == -2)
            give_up("%s: %s", name, PQerrorMessage(c));
        if (len == 0) {
            await(c, false);
            if (!PQconsumeInput(c))
                give_up("%s: %s", name, PQerrorMessage(c));
            continue;
        }
        memcpy(all + *ret_len, line, (size_t)len);
        *ret_len += (size_t)len;
        PQfreemem(line);
    }
    all[*ret_len] = '\0';
    show_all(name, c);
    return all;
}

/* ${data} in pieces of ${piece} bytes; then the end, with ${error} if there is one. */
static void copy_in(PGconn *c, const char *name, const char *sql, const char *data, size_t len,
                    size_t piece, const char *error)
{
    PGresult *r = PQexec(c, sql);
    if (PQresultStatus(r) != PGRES_COPY_IN) {
        show_result(name, r);
        return;
    }
    PQclear(r);
    for (size_t at = 0; at < len; at += piece)
        if (PQputCopyData(c, data + at, (int)(len - at < piece ? len - at : piece)) != 1)
            give_up("%s: %s", name, PQerrorMessage(c));
    PQputCopyEnd(c, error);
    show_all(name, c);
}

static void copies(PGconn *c)
{
    static const char lines[] = "copied\t1\tone\ncopied\t2\t\\N\ncopied\t3\tt\\tab\n";
    size_t len;
    char *data = copy_out(
        c, "copy out",
        "COPY (SELECT n, v FROM item WHERE app = 'seed' AND n < 4 ORDER BY n) TO STDOUT", &len);
    show("copied", "%s", data);
    free(data);
    for (size_t piece = 1; piece < 100; piece += 33) {
        copy_in(c, "copy in", "COPY item (app, n, v) FROM STDIN", lines, strlen(lines), piece,
                NULL);
        query(c, "copied", "WITH gone AS (DELETE FROM item WHERE app = 'copied' RETURNING n, v) "
                           "SELECT * FROM gone ORDER BY n");
    }
    data = copy_out(
        c, "binary",
        "COPY (SELECT 'binary' AS app, n, v FROM item WHERE app = 'seed' ORDER BY n) TO STDOUT "
        "(FORMAT binary)",
        &len);
    copy_in(c, "binary in", "COPY item (app, n, v) FROM STDIN (FORMAT binary)", data, len, 50,
            NULL);
    free(data);
    query(c, "binary", "SELECT count(*), min(v), max(v) FROM item WHERE app = 'binary'");
    data = copy_out(c, "table", "COPY item TO STDOUT (FORMAT csv, HEADER)", &len);
    size_t rows = 0;
    for (const char *at = data; (at = strchr(at, '\n')); at++)
        rows++;
    show("table", "%zu lines, others: %d", rows, strstr(data, "globex") != NULL);
    free(data);
    copy_in(c, "csv", "COPY item (app, n, v) FROM STDIN (FORMAT csv)", "copied,4,\"a \"\"b\n\"\n",
            18, 5, NULL);
    copy_in(c, "given up", "COPY item (app, n, v) FROM STDIN", lines, strlen(lines), 7, "no more");
    copy_in(c, "unique", "COPY item (app, n) FROM STDIN", "seed\t1\n", 7, 7, NULL);
    copy_in(c, "bad row", "COPY item (app, n) FROM STDIN", "seed\tx\n", 7, 7, NULL);
    query(c, "after", "SELECT count(*) FROM item WHERE app = 'copied'");
    query(c, "begin", "BEGIN");
    copy_in(c, "in a transaction", "COPY item (app, n, v) FROM STDIN", lines, strlen(lines), 9,
            NULL);
    query(c, "rollback", "ROLLBACK");
    query(c, "after", "SELECT count(*) FROM item WHERE app = 'copied'");
}

/* -- what is refused, or not -- */

/* Large objects and functions by oid belong to no tenant: both are done, or refused at once, and
 * the connection goes on. */
static void by_function_call(PGconn *c)
{
    char bytes[5] = "";
    query(c, "begin", "BEGIN");
    Oid object = lo_creat(c, INV_READ | INV_WRITE);
    int fd = object ? lo_open(c, object, INV_READ | INV_WRITE) : -1;
    if (object && (lo_write(c, fd, "12345", 5) != 5 || lo_lseek(c, fd, 0, SEEK_SET) != 0 ||
                   lo_read(c, fd, bytes, 5) != 5 || memcmp(bytes, "12345", 5) != 0))
        give_up("large object: %s", PQerrorMessage(c));
    query(c, "rollback", "ROLLBACK");
    int result = 0, len = 0;
    const PQArgBlock five = {.len = 4, .isint = 1, .u.integer = -5};
    PGresult *r = PQfn(c, 1397, &result, &len, 1, &five, 1); /* abs(int4) */
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    if (state ? strcmp(state, "0A000") != 0 : result != 5)
        give_up("function: %s", PQerrorMessage(c));
    PQclear(r);
    show("status", "%d", PQtransactionStatus(c));
    query(c, "goes on", "SELECT count(*) FROM item WHERE app = 'seed'");
}

static void settings(PGconn *c)
{
    query(c, "set",
          "SET TIME ZONE 'Asia/Tokyo'; SET DateStyle = 'SQL, DMY'; SET extra_float_digits = -5");
    show("reported", "%s, %s", PQparameterStatus(c, "TimeZone"), PQparameterStatus(c, "DateStyle"));
    query(c, "as set", "SELECT c_timestamptz, c_date, c_float8 / 3 FROM types WHERE app = 'seed'");
    query(c, "local", "BEGIN; SET LOCAL TIME ZONE 'UTC'; SET statement_timeout = 1234; ROLLBACK");
    show("reported", "%s", PQparameterStatus(c, "TimeZone"));
    query(c, "statement_timeout", "SHOW statement_timeout");
    query(c, "discard", "DISCARD ALL");
    show("reported", "%s", PQparameterStatus(c, "DateStyle"));
    query(c, "statement_timeout", "SHOW statement_timeout");
    show("encoding", "%d", PQsetClientEncoding(c, "UTF8"));
}

/* Bytes as they are: what client_encoding=auto asks for where there is no locale. */
static void without_encoding(const char *url)
{
    const char *const keywords[] = {"dbname", "client_encoding", NULL};
    const char *const values[] = {url, "SQL_ASCII", NULL};
    PGconn *c = PQconnectdbParams(keywords, values, 1);
    query(c, "without encoding", "SELECT 'ü', c_text FROM types WHERE app = 'seed'");
    query(c, "not UTF-8", "SELECT '\xfc'");
    PQfinish(c);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    PGconn *c = connect_slowly(argv[1]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    connected(c, argv[1]);
    simple(c);
    escaped(c);
    with_parameters(c);
    prepared(c);
    transactions(c);
    row_by_row(c);
    large(c);
    copies(c);
    by_function_call(c);
    settings(c);
    pipelines(c);
    cancelled(c);
    PQfinish(c);
    without_encoding(argv[1]);
    printf("done\n");
    return 0;
}
