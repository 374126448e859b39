/* Errors of servers: the other end of scope_marker, from an error text back to what failed; and details. */
#include "policy/policy.h"

#include "protocol/sqlstate.h"

#include <string.h>

enum { STATE_CHARS = 5 };

/* Up to ${end}, cut at the size of a name. */
static void take_name(char ret[ERR_NAME_BYTES], const char *from, const char *end)
{
    size_t n = (size_t)(end - from);
    n = n < ERR_NAME_BYTES ? n : ERR_NAME_BYTES - 1;
    memcpy(ret, from, n);
    ret[n] = '\0';
}

static bool fill(struct err *ret, const char *state, const char *table, const char *name)
{
    if (!strncmp(state, SQLSTATE_INSUFFICIENT_PRIVILEGE, STATE_CHARS)) {
        err_set(ret, SQLSTATE_INSUFFICIENT_PRIVILEGE,
                "value of column \"%s\" of relation \"%s\" is not the session's tenant", name,
                table);
        take_name(ret->column, name, name + strlen(name));
    } else if (!strncmp(state, SQLSTATE_FOREIGN_KEY_VIOLATION, STATE_CHARS)) {
        err_set(ret, SQLSTATE_FOREIGN_KEY_VIOLATION,
                "insert or update on table \"%s\" violates foreign key constraint \"%s\"", table,
                name);
        take_name(ret->constraint, name, name + strlen(name));
    } else if (!strncmp(state, SQLSTATE_FEATURE_NOT_SUPPORTED, STATE_CHARS)) {
        err_set(ret, SQLSTATE_FEATURE_NOT_SUPPORTED,
                "foreign key \"%s\" of relation \"%s\" may refer to a row that the same statement writes: "
                "let its WITH return the key, or write it before", name, table);
    } else if (!strncmp(state, SQLSTATE_UNIQUE_VIOLATION, STATE_CHARS)) {
        err_set(ret, SQLSTATE_UNIQUE_VIOLATION,
                "duplicate key value violates a unique constraint of relation \"%s\"", table);
    } else {
        return false;
    }
    take_name(ret->table, table, table + strlen(table));
    return true;
}

/* partywall:23503:table:constraint, in quotes of the server's language. */
bool policy_check_failed(const char *message, struct err *ret)
{
    static const char prefix[] = "partywall:";
    const char *state = message ? strstr(message, prefix) : NULL;
    if (!state)
        return false;
    state += sizeof prefix - 1;
    if (strnlen(state, STATE_CHARS + 1) <= STATE_CHARS || state[STATE_CHARS] != ':')
        return false;
    const char *table = state + STATE_CHARS + 1;
    const char *colon = strchr(table, ':');
    const char *end = colon ? strrchr(colon, '"') : NULL;
    if (!end)
        end = colon ? colon + strlen(colon) : NULL;
    if (!colon)
        return false;
    char table_name[ERR_NAME_BYTES], name[ERR_NAME_BYTES];
    take_name(table_name, table, colon);
    take_name(name, colon + 1, end);
    return fill(ret, state, table_name, name);
}

/* Key (email, lower("taxNumber"))=(...) ...: is ${name} among the columns? */
static bool shows_column(const char *detail, const char *name)
{
    const char *end = strstr(detail, "=(");
    const char *at = strstr(detail, name);
    bool doubled = strchr(name, '"') != NULL; /* in there it is not found */
    return detail[0] && (doubled || (at && (!end || at < end)));
}

bool policy_detail_tells(const struct rules *rules, const char *detail)
{
    for (size_t i = 0; i < rules->ntables; i++)
        for (size_t k = 0; k < rules->tables[i].ncolumns; k++) {
            const struct rule_column *c = &rules->tables[i].columns[k];
            if (c->read != RULE_READ_ALLOW && shows_column(detail, c->name))
                return true;
        }
    return false;
}
