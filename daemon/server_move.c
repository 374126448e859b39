/* A server goes to another worker, for a session that waits there: it lets go of the one loop, is sent
 * in the other's mailbox, and takes hold of the other loop. */
#include "daemon/crew.h"
#include "daemon/must.h"
#include "daemon/pool.h"
#include "daemon/server.h"
#include "daemon/store/store.h"
#include "daemon/target.h"
#include "daemon/worker.h"

/* It cannot stay, and no loop has it. */
static void discard(struct server *s)
{
    struct commons *c = s->commons;
    link_drop(&s->link);
    commons_lock(c);
    c->nservers--;
    if (c->host)
        host_part(c->host);
    fair_return(&c->fair, &s->lease, uv_hrtime() / 1000);
    commons_call(c, NULL); /* another one may be opened */
    commons_unlock(c);
    if (s->store)
        store_conn_free(s->store); /* its thread is idle and ends at once */
    server_free(s);
    commons_unref(c);
}

static void on_drop(struct mail *m)
{
    discard(list_entry(m, struct server, mail));
}

static void on_arrival(struct mail *m, struct worker *w)
{
    struct server *s = list_entry(m, struct server, mail);
    struct commons *c = s->commons;
    struct err err;
    commons_lock(c);
    struct target *t = c->seats[w->index];
    commons_unlock(c);
    if (!t || link_join(&s->link, w, &err) != 0) {
        discard(s);
        if (t)
            pool_not_arrived(t, &err);
        return;
    }
    s->worker = w;
    s->target = target_ref(t);
    s->commons = NULL;
    commons_unref(c);
    uv_timer_init(&w->loop, &s->timer);
    s->holds = 2; /* link and timer */
    pool_arrived(s);
}

void server_departs(struct server *s)
{
    struct worker *to = s->worker;
    target_unref(s->target);
    s->target = NULL;
    mailbox_send(&to->mailbox, &s->mail);
}

static void on_timer_closed(uv_handle_t *h)
{
    server_unhold(h->data);
}

static void on_left(struct link *l)
{
    server_unhold(l->owner);
}

/* The set is shared with sessions of this thread. */
static void settle_settings(struct server *s)
{
    struct track_set *own;
    struct err err;
    if (track_set_copy(s->settings, &own, &err) != 0) {
        own = NULL;
        s->settings_unknown = true;
    }
    track_set_unref(s->settings);
    s->settings = own;
}

void server_move(struct server *s, struct worker *to)
{
    must(s->state == SERVER_LEASED && !s->session && flow_len(s->flow) == 0);
    s->state = SERVER_MOVING;
    list_remove(&s->node);
    if (wheel_runs(&s->rest))
        store_rest(s->store);
    wheel_stop(&s->rest);
    s->commons = commons_ref(s->target->commons);
    s->worker = to;
    mail_init(&s->mail, on_arrival, on_drop);
    settle_settings(s);
    uv_close((uv_handle_t *)&s->timer, on_timer_closed);
    link_leave(&s->link, on_left);
}
