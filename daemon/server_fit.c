#include "daemon/server_fit.h"

#include "protocol/sqlstate.h"

#include <string.h>

static const struct {
    const char *name, *value, *why;
} wanted[] = {
    {"standard_conforming_strings", "on", "standard_conforming_strings is off by default; it must be on"},
    {"client_encoding", "UTF8", "the database's encoding must be UTF8"},
    {"server_encoding", "UTF8", "the database's encoding must be UTF8"},
    {"integer_datetimes", "on", "integer_datetimes is off; it must be on"},
};

int server_fit(const PGconn *pg, struct err *err)
{
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        const char *value = PQparameterStatus(pg, wanted[i].name);
        if (!value || strcmp(value, wanted[i].value) != 0)
            return err_set(err, SQLSTATE_CONNECTION_FAILURE, "%s", wanted[i].why);
    }
    return 0;
}

/* Not the setting's value, which may be a client's, but what it is without one. */
#define IN_RECOVERY "pg_catalog.pg_is_in_recovery()"
#define READS_ONLY                                                                                 \
    "EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name OPERATOR(pg_catalog.=) "                \
    "'default_transaction_read_only' AND reset_val OPERATOR(pg_catalog.=) 'on')"

const char *server_fit_question(const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    const char *attrs = SERVER_FIT_SESSION_ATTRS;
    for (const PQconninfoOption *o = options; o && o->keyword; o++)
        if (strcmp(o->keyword, "target_session_attrs") == 0 && o->val && o->val[0])
            attrs = o->val;
    const char *question = strcmp(attrs, "primary") == 0 ? "SELECT " IN_RECOVERY
                           : strcmp(attrs, "read-write") == 0
                               ? "SELECT " IN_RECOVERY " OR " READS_ONLY
                               : NULL;
    PQconninfoFree(options);
    return question;
}
