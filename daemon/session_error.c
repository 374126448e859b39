/* Errors and notices: what the server says, made fit for the client that hears it.
 *
 * A confined client gets the fields that can only speak of its own rows (isolation: "What an error
 * may say"): no context, no source, no whole rows; positions are mapped back to the client's text. */
#include "daemon/session_internal.h"
#include "daemon/worker.h"

void session_send_error(struct session *s, const char *severity, const struct err *err)
{
    msg_error(session_out(s), severity, err);
    session_wrote(s);
}

/* Of a Query: the statement that has failed. */
static const struct plan *plan_at(const struct owed *o, int *position)
{
    size_t n = o->decision ? o->decision->nplans : 0;
    if (!o->starts || o->index >= n || o->starts[o->index] == START_OURS)
        return NULL;
    *position -= o->starts[o->index];
    return o->decision->plans[o->index];
}

/* In the client's text; 0 where what was sent is not made from it. */
static int position_for_client(const struct session *s, const struct owed *o, int position)
{
    const struct statement *st = o ? o->statement : NULL;
    if (!o || position <= 0 || (st && st->text && !st->literal))
        return 0;
    const struct plan *p = st ? st->plan : plan_at(o, &position);
    struct slice tenant = {s->tenant, s->tenant ? strlen(s->tenant) : 0};
    return p ? plan_source_position(p, st && !st->literal ? NULL : &tenant, position) : 0;
}

void session_filter_error(const struct session *s, struct err *err, const struct owed *o)
{
    if (!s->confined)
        return;
    struct err failed; /* a check that policy spliced in says what it means by an error's text */
    if (strcmp(err->sqlstate, SQLSTATE_INVALID_TEXT_REPRESENTATION) == 0 &&
        policy_check_failed(err->message, &failed)) {
        *err = failed;
        if (strcmp(err->sqlstate, SQLSTATE_INSUFFICIENT_PRIVILEGE) == 0)
            rules_hint(&s->conf->rules, rules_find(&s->conf->rules, NULL, err->table),
                       "tenant_column", err);
        return;
    }
    bool keeps_detail = strcmp(err->sqlstate, SQLSTATE_UNIQUE_VIOLATION) == 0 ||
                        strcmp(err->sqlstate, SQLSTATE_FOREIGN_KEY_VIOLATION) == 0 ||
                        strncmp(err->sqlstate, "22", 2) == 0 ||
                        strncmp(err->sqlstate, "42", 2) == 0;
    if (!keeps_detail ||
        (strncmp(err->sqlstate, "23", 2) == 0 && policy_detail_tells(&s->conf->rules, err->detail)))
        err->detail[0] = '\0';
    err->position = position_for_client(s, o, err->position);
}
