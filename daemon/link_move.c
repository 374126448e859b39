/* A link changes its worker: its poll is closed in one loop and made in the other.  In between it is
 * plain data, with a descriptor that nobody watches. */
#include "daemon/link.h"
#include "daemon/link_hub.h"
#include "daemon/link_io.h"
#include "daemon/must.h"
#include "daemon/worker.h"
#include "protocol/sqlstate.h"

#include <unistd.h>

static void on_left(uv_handle_t *handle)
{
    struct link *l = handle->data;
    void (*left)(struct link *l) = l->closed;
    l->closed = NULL;
    l->worker = NULL;
    left(l);
}

void link_leave(struct link *l, void (*left)(struct link *l))
{
    must(l->closing == LINK_LIVE && !l->ended);
    l->closing = LINK_LEAVING;
    l->closed = left;
    l->events = 0;
    list_remove(&l->flush_node);
    list_remove(&l->serve_node);
    uv_close((uv_handle_t *)&l->poll, on_left);
}

int link_join(struct link *l, struct worker *w, struct err *err)
{
    must(l->closing == LINK_LEAVING && !l->worker);
    int rc = uv_poll_init(&w->loop, &l->poll, l->fd);
    if (rc != 0)
        return err_set(err, SQLSTATE_CONNECTION_FAILURE, "could not watch a connection: %s",
                       uv_strerror(rc));
    l->poll.data = l;
    l->worker = w;
    l->closing = LINK_LIVE;
    if (!l->broken)
        link_watch(l, UV_READABLE);
    if (buf_len(&l->out) > 0)
        list_append(&w->flush_list, &l->flush_node);
    if (buf_len(&l->in) > 0 || l->reading || l->doomed)
        list_append(&w->serve_list, &l->serve_node);
    return 0;
}

void link_drop(struct link *l)
{
    must(l->closing == LINK_LEAVING && !l->worker);
    link_io_shutdown(l);
    if (l->owns)
        close(l->fd);
    l->fd = -1;
    link_release(l);
}
