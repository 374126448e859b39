/* ddl_do.c: the one form of DO that migrations send to make what may be there already:
 *
 *   DO $$ BEGIN statements; EXCEPTION WHEN duplicate_object [OR ...] THEN NULL; END $$
 *
 * is run as what it says: the statements in a savepoint, and those errors end it quietly.  There is
 * no PL/pgSQL; anything else is 0A000. */
#include "daemon/store/ddl.h"
#include "daemon/store/transaction.h"
#include "policy/parse.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

static int refuse(struct ddl *d)
{
    return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED, "DO is not supported by the store");
}

static const char *skip(const char *p)
{
    while (isspace((unsigned char)*p))
        p++;
    return p;
}

/* ${p} behind ${word}, or NULL if it does not stand there. */
static const char *word(const char *p, const char *text)
{
    size_t n = strlen(text);
    p = skip(p);
    if (strncasecmp(p, text, n) != 0 || isalnum((unsigned char)p[n]) || p[n] == '_')
        return NULL;
    return p + n;
}

/* Where EXCEPTION stands, outside of quotes and comments; NULL: nowhere. */
static const char *find_exception(const char *p)
{
    for (char before = ' '; *p; before = *p++) {
        if (*p == '\'' || *p == '"') {
            const char *end = strchr(p + 1, *p);
            if (!end)
                return NULL;
            p = end;
        } else if ((p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*') || *p == '$') {
            return NULL;
        } else if (!isalnum((unsigned char)before) && before != '_' && word(p, "exception") &&
                   !isspace((unsigned char)*p)) {
            return p;
        }
    }
    return NULL;
}

/* WHEN a OR b THEN NULL; END: the SQLSTATEs, one after the other, in ${ret}. */
static const char *conditions(const char *p, char ret[64])
{
    static const struct {
        const char *name, *sqlstate;
    } known[] = {{"duplicate_object", "42710"}, {"duplicate_table", "42P07"},
                 {"duplicate_column", "42701"}, {"duplicate_schema", "42P06"},
                 {"undefined_object", "42704"}, {"undefined_table", "42P01"}};
    ret[0] = '\0';
    if (!(p = word(p, "when")))
        return NULL;
    for (;;) {
        const char *next = NULL;
        for (size_t i = 0; i < sizeof known / sizeof known[0] && !next; i++) {
            next = word(p, known[i].name);
            size_t n = strlen(ret);
            if (next)
                snprintf(ret + n, 64 - n, "%s ", known[i].sqlstate);
        }
        if (!next)
            return NULL;
        p = word(next, "or");
        if (!p)
            return next;
    }
}

static bool ends(const char *p)
{
    if (!(p = word(p, "then")) || !(p = word(p, "null")))
        return false;
    p = skip(p);
    if (*p != ';' || !(p = word(p + 1, "end")))
        return false;
    p = skip(p);
    if (*p == ';')
        p = skip(p + 1);
    return *p == '\0';
}

static int run(struct ddl *d, const char *sql)
{
    List *list;
    ListCell *cell;
    const char *tag;
    if (parse_sql(sql, (void **)&list, d->err) < 0)
        return -1;
    foreach (cell, list)
        if (!ddl_is(((const RawStmt *)lfirst(cell))->stmt))
            return refuse(d);
    foreach (cell, list)
        if (ddl_statement(d, ((const RawStmt *)lfirst(cell))->stmt, &tag) < 0) {
            d->err->position = 0;
            return -1;
        }
    return 0;
}

static int guarded(struct ddl *d, const char *sql, const char *quiet)
{
    struct err ignored;
    if (conn_exec(d->c, "SAVEPOINT \"do\"", d->err) < 0)
        return -1;
    if (run(d, sql) == 0)
        return conn_exec(d->c, "RELEASE \"do\"", d->err);
    bool expected = strstr(quiet, d->err->sqlstate) != NULL;
    if (conn_exec(d->c, "ROLLBACK TO \"do\"; RELEASE \"do\"", &ignored) < 0)
        return -1;
    return expected ? ddl_reload(d) : -1;
}

int ddl_do(struct ddl *d, const DoStmt *s)
{
    const char *body = NULL;
    char quiet[64];
    ListCell *cell;
    foreach (cell, s->args) {
        const DefElem *def = lfirst(cell);
        if (strcmp(def->defname, "as") == 0)
            body = strVal(def->arg);
        else if (strcmp(strVal(def->arg), "plpgsql") != 0)
            return refuse(d);
    }
    const char *start = body ? word(body, "begin") : NULL;
    const char *exception = start ? find_exception(start) : NULL;
    const char *rest = exception ? conditions(exception + 9, quiet) : NULL;
    if (!rest || !ends(rest))
        return refuse(d);
    return guarded(d, psprintf("%.*s", (int)(exception - start), start), quiet);
}
