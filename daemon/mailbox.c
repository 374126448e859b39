#include "daemon/mailbox.h"

#include "protocol/sqlstate.h"

void mail_init(struct mail *m, void (*deliver)(struct mail *m, struct worker *w),
               void (*drop)(struct mail *m))
{
    list_init(&m->node);
    m->deliver = deliver;
    m->drop = drop;
}

static struct mail *next_of(struct mailbox *b, struct list *mails)
{
    pthread_mutex_lock(&b->lock);
    struct list *n = list_shift(mails);
    pthread_mutex_unlock(&b->lock);
    return n ? list_entry(n, struct mail, node) : NULL;
}

/* What comes while this runs rings again, so the loop's other work gets its turn. */
static void on_bell(uv_async_t *bell)
{
    struct mailbox *b = bell->data;
    struct list now;
    list_init(&now);
    pthread_mutex_lock(&b->lock);
    list_splice(&now, &b->mails);
    pthread_mutex_unlock(&b->lock);
    for (struct mail *m; (m = next_of(b, &now));)
        m->deliver(m, b->worker);
}

int mailbox_open(struct mailbox *b, struct worker *w, uv_loop_t *loop, struct err *err)
{
    int rc = uv_async_init(loop, &b->bell, on_bell);
    if (rc != 0)
        return err_set(err, SQLSTATE_INTERNAL_ERROR, "could not make a mailbox: %s",
                       uv_strerror(rc));
    b->bell.data = b;
    b->worker = w;
    pthread_mutex_init(&b->lock, NULL);
    list_init(&b->mails);
    return 0;
}

void mailbox_retire(struct mailbox *b)
{
    uv_unref((uv_handle_t *)&b->bell);
}

static void on_closed(uv_handle_t *bell)
{
    struct mailbox *b = bell->data;
    pthread_mutex_destroy(&b->lock);
}

void mailbox_close(struct mailbox *b)
{
    for (struct mail *m; (m = next_of(b, &b->mails));)
        if (m->drop)
            m->drop(m);
    uv_close((uv_handle_t *)&b->bell, on_closed);
}

void mailbox_send(struct mailbox *b, struct mail *m)
{
    pthread_mutex_lock(&b->lock);
    if (!list_linked(&m->node))
        list_append(&b->mails, &m->node);
    pthread_mutex_unlock(&b->lock);
    uv_async_send(&b->bell); /* costs nothing while it rings already */
}

void mailbox_take_back(struct mailbox *b, struct mail *m)
{
    pthread_mutex_lock(&b->lock);
    list_remove(&m->node);
    pthread_mutex_unlock(&b->lock);
}
