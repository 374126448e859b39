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

static bool is_as_it_came(const struct plan *p)
{
    return p && !p->hidden && p->nplaces == 0 && p->text_len == p->source_len &&
           p->source_offset == 0;
}

static const struct plan *plan_of(const struct owed *o)
{
    if (!o)
        return NULL;
    if (o->statement)
        return o->statement->plan;
    return o->decision && o->decision->nplans == 1 ? o->decision->plans[0] : NULL;
}

/* In the client's text; 0 where what was sent is not made from it. */
static int position_for_client(const struct session *s, const struct owed *o, int position)
{
    const struct plan *p = plan_of(o);
    const struct statement *st = o ? o->statement : NULL;
    if (!p || o->answers || (st && st->text && !st->literal))
        return 0;
    position -= o->lead;
    if (position <= 0)
        return 0;
    if (is_as_it_came(p))
        return position;
    struct slice tenant = {s->tenant, s->tenant ? strlen(s->tenant) : 0};
    return plan_source_position(p, st && !st->literal ? NULL : &tenant, position);
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
