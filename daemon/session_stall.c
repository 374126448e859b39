/* A client that takes nothing of what its server has for it (wire case 46).
 *
 * It costs one full queue, and the server, which is not read meanwhile.  The clock is the server's: it runs while
 * a confined client's queue is full, and begins anew with every byte the client takes. */
#include "daemon/session_internal.h"

static void on_timer(uv_timer_t *timer);

static void start(struct session *s)
{
    struct server *srv = s->server;
    srv->taken = link_taken(&s->link);
    uv_timer_start(&srv->timer, on_timer, s->conf->limits.client_write_ms, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct server *srv = timer->data;
    struct session *s = srv->session;
    struct err err;
    if (link_taken(&s->link) != srv->taken) {
        start(s);
        return;
    }
    err_set(&err, SQLSTATE_CONNECTION_FAILURE,
            "terminating connection because the client does not read");
    session_fail(s, &err);
}

void session_stalled(struct session *s)
{
    if (s->confined && s->conf->limits.client_write_ms > 0 &&
        !uv_is_active((uv_handle_t *)&s->server->timer))
        start(s);
}

void session_stall_over(struct server *srv)
{
    if (!uv_is_closing((uv_handle_t *)&srv->timer))
        uv_timer_stop(&srv->timer);
}
