/* SHOW of Partywall's own names: who the client is, and, to an owner, what the daemon does. */
#include "daemon/crew.h"
#include "daemon/handshakes.h"
#include "daemon/session_internal.h"
#include "daemon/worker.h"

#include <stdio.h>
#include <string.h>

#define SHOW_TEXT_OID     25
#define SHOW_COLUMNS      7
#define SHOW_NUMBER_BYTES 24

static void begin(struct session *s, const char *const *columns, size_t n)
{
    struct msg_field fields[SHOW_COLUMNS];
    for (size_t i = 0; i < n; i++)
        fields[i] = (struct msg_field){
            .name = columns[i], .type_oid = SHOW_TEXT_OID, .type_len = -1, .typmod = -1};
    msg_row_description(session_out(s), fields, n);
}

static void one_value(struct session *s, const char *name, const char *value)
{
    begin(s, &name, 1);
    msg_row_text(session_out(s), &value, 1);
}

static const char *number(size_t n, char ret[SHOW_NUMBER_BYTES])
{
    snprintf(ret, SHOW_NUMBER_BYTES, "%zu", n);
    return ret;
}

static void backend(struct session *s, struct commons *c)
{
    char servers[SHOW_NUMBER_BYTES], size[SHOW_NUMBER_BYTES], waiting[SHOW_NUMBER_BYTES];
    commons_lock(c);
    const char *values[SHOW_COLUMNS] = {
        c->name,
        c->database,
        number(c->nservers - c->nopening, servers),
        number(c->size, size),
        number(c->fair.waiting, waiting),
        c->down ? "down" : "up",
        c->down ? c->last.message : NULL,
    };
    msg_row_text(session_out(s), values, SHOW_COLUMNS);
    commons_unlock(c);
}

/* Each back end, and each database of a tenant there, that is in use. */
static void backends(struct session *s)
{
    static const char *const columns[SHOW_COLUMNS] = {
        "backend", "database", "servers", "size", "waiting", "state", "reason"};
    struct crew *crew = s->worker->crew;
    begin(s, columns, SHOW_COLUMNS);
    crew_lock(crew);
    list_foreach (node, &crew->commons)
        backend(s, list_entry(node, struct commons, node));
    crew_unlock(crew);
}

void session_show(struct session *s, const char *name)
{
    char text[SHOW_NUMBER_BYTES];
    if (strcmp(name, "partywall.backends") == 0)
        backends(s);
    else if (strcmp(name, "partywall.handshakes") == 0)
        one_value(s, name, number(handshakes_taken(s->worker->crew->handshakes), text));
    else
        one_value(s, name, s->tenant ? s->tenant : "");
}
