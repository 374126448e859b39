#include "show.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer values are shown by their length. */
#define LONG_VALUE 200

void give_up(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    exit(1);
}

void show(const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%s: ", name);
    vprintf(format, args);
    printf("\n");
    va_end(args);
}

static const char *field(const PGresult *r, int code)
{
    const char *text = PQresultErrorField(r, code);
    return text ? text : "-";
}

static void show_error(const char *name, const PGresult *r)
{
    bool unique = strcmp(field(r, PG_DIAG_SQLSTATE), "23505") == 0;
    show(name, "%s %s, constraint %s of %s, at %s, detail %s", PQresStatus(PQresultStatus(r)),
         field(r, PG_DIAG_SQLSTATE), field(r, PG_DIAG_CONSTRAINT_NAME),
         field(r, PG_DIAG_TABLE_NAME), field(r, PG_DIAG_STATEMENT_POSITION),
         unique ? field(r, PG_DIAG_MESSAGE_DETAIL) : "-");
}

static void show_value(const PGresult *r, int row, int column)
{
    int len = PQgetlength(r, row, column);
    const unsigned char *v = (const unsigned char *)PQgetvalue(r, row, column);
    if (PQgetisnull(r, row, column)) {
        printf(" null");
    } else if (len > LONG_VALUE) {
        printf(" (%d bytes, %02x...%02x)", len, v[0], v[len - 1]);
    } else if (PQfformat(r, column) == 0) {
        printf(" %s", v);
    } else {
        printf(" x");
        for (int i = 0; i < len; i++)
            printf("%02x", v[i]);
    }
}

static void show_rows(const char *name, const PGresult *r)
{
    printf("%s: %s %s, %d rows:", name, PQresStatus(PQresultStatus(r)), PQcmdStatus((PGresult *)r),
           PQntuples(r));
    for (int row = 0; row < PQntuples(r) && row < 10; row++) {
        for (int column = 0; column < PQnfields(r); column++)
            show_value(r, row, column);
        printf(";");
    }
    printf("\n");
}

void show_result(const char *name, PGresult *r)
{
    if (!r)
        give_up("%s: no result", name);
    if (PQresultErrorField(r, PG_DIAG_SQLSTATE))
        show_error(name, r);
    else
        show_rows(name, r);
    PQclear(r);
}

void show_description(const char *name, PGresult *r)
{
    printf("%s: %s, parameters", name, PQresStatus(PQresultStatus(r)));
    for (int i = 0; i < PQnparams(r); i++)
        printf(" %u", PQparamtype(r, i));
    printf(", columns");
    for (int i = 0; i < PQnfields(r); i++) /* oids of tables and of types of ours differ */
        printf(" %s(%u %d %d %s.%d)", PQfname(r, i), PQftype(r, i) < 10000 ? PQftype(r, i) : 0,
               PQfsize(r, i), PQfmod(r, i), PQftable(r, i) ? "table" : "-", PQftablecol(r, i));
    printf("\n");
    PQclear(r);
}

void show_all(const char *name, PGconn *c)
{
    PGresult *r;
    while ((r = next_result(c)))
        show_result(name, r);
}

void query(PGconn *c, const char *name, const char *sql)
{
    show_result(name, PQexec(c, sql));
}

const char *value(PGconn *c, PGresult **ret, const char *sql)
{
    *ret = PQexec(c, sql);
    if (PQresultStatus(*ret) != PGRES_TUPLES_OK || PQntuples(*ret) != 1)
        give_up("%s: %s", sql, PQerrorMessage(c));
    return PQgetvalue(*ret, 0, 0);
}

void await(PGconn *c, bool writing)
{
    struct pollfd p = {.fd = PQsocket(c), .events = writing ? POLLIN | POLLOUT : POLLIN};
    if (poll(&p, 1, 60000) <= 0)
        give_up("nothing came");
}

PGresult *next_result(PGconn *c)
{
    while (PQisBusy(c)) {
        await(c, false);
        if (!PQconsumeInput(c))
            give_up("lost: %s", PQerrorMessage(c));
    }
    return PQgetResult(c);
}
