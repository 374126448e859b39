/* listener    made by             left by
 * fresh       listeners_prepare   commit -> accepting; abandon -> gone
 * accepting   listeners_commit    a plan that does not name it, listeners_close -> gone
 *
 * `wanted` is the mark of the plan under way: what lacks it at commit is closed. */
#include "daemon/listener.h"

#include "daemon/crew.h"
#include "daemon/handshakes.h"
#include "daemon/must.h"
#include "daemon/worker.h"
#include "protocol/msg_write.h"
#include "protocol/sqlstate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LISTENER_TURN     64    /* accepted before other work gets its turn */
#define LISTENER_RETRY_MS 200   /* when not even the reserve helps */
#define LISTENER_WARN_MS  10000 /* between two lines about the same shortage */

struct listener {
    struct list node;
    struct listeners *all;
    struct listen_address address;
    uv_poll_t poll;
    int fd;
    bool polled; /* the handle is initialised */
    bool wanted;
    bool fresh;
    dev_t dev; /* of the unix socket's file: unlink only our own */
    ino_t ino;
};

struct listeners {
    struct worker *worker;
    struct list list;
    uv_timer_t retry; /* accepting stands still until it fires */
    int reserve_fd;
    bool inherited; /* systemd's, and fixed */
    bool takes;     /* addresses of the daemon before us, until the first commit */
    uint64_t warned_ms;
};

/* -- one listener -- */

static struct listener *listener_new(struct listeners *all, const struct listen_address *a, int fd)
{
    struct listener *l = calloc(1, sizeof *l);
    struct stat st;
    if (!l)
        return NULL;
    l->all = all;
    l->address = *a;
    l->fd = fd;
    l->fresh = l->wanted = true;
    bool is_file = a->addr.any.sa_family == AF_UNIX && !all->inherited;
    if (is_file && lstat(a->addr.unix_path.sun_path, &st) == 0) {
        l->dev = st.st_dev;
        l->ino = st.st_ino;
    }
    list_append(&all->list, &l->node);
    return l;
}

static void listener_unlink(const struct listener *l)
{
    struct stat st;
    const char *path = l->address.addr.unix_path.sun_path;
    if (l->ino && lstat(path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
        (void)unlink(path);
}

static void listener_on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void listener_close(struct listener *l)
{
    list_remove(&l->node);
    listener_unlink(l);
    if (l->polled)
        uv_close((uv_handle_t *)&l->poll, listener_on_closed);
    close(l->fd);
    if (!l->polled)
        free(l);
}

/* -- accepting -- */

/* It has hardly said anything yet: what it did is read
 * first, as closing with unread input would send a reset, which may overtake the answer. */
void listener_refuse(int fd, const struct err *err)
{
    struct buf b;
    char ignored[1024];
    buf_init(&b, 4096);
    msg_error(&b, "FATAL", err);
    (void)recv(fd, ignored, sizeof ignored, MSG_DONTWAIT);
    struct slice text = buf_peek(&b);
    if (!b.failed)
        (void)send(fd, text.data, text.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)shutdown(fd, SHUT_WR);
    close(fd);
    buf_release(&b);
}

static void listeners_warn(struct listeners *all, const char *what)
{
    uint64_t now = uv_now(&all->worker->loop);
    if (all->warned_ms && now - all->warned_ms < LISTENER_WARN_MS)
        return;
    all->warned_ms = now;
    log_warning(all->worker->log, "%s", what);
}

static void listener_on_poll(uv_poll_t *poll, int status, int events);

static void listeners_go_on(struct listeners *all)
{
    uv_timer_stop(&all->retry);
    if (all->reserve_fd < 0)
        all->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    list_foreach (n, &all->list) {
        struct listener *l = list_entry(n, struct listener, node);
        if (l->polled)
            (void)uv_poll_start(&l->poll, UV_READABLE, listener_on_poll);
    }
}

static void listeners_on_retry(uv_timer_t *timer)
{
    listeners_go_on(timer->data);
}

/* Who comes waits in the system's queue. */
static void listeners_pause(struct listeners *all, uint64_t ms)
{
    list_foreach (n, &all->list) {
        struct listener *l = list_entry(n, struct listener, node);
        if (l->polled)
            uv_poll_stop(&l->poll);
    }
    uv_timer_start(&all->retry, listeners_on_retry, ms, 0);
}

/* The system has nothing left: try again in a while, not at once and for ever. */
static void listeners_rest(struct listeners *all, int error)
{
    char text[160];
    snprintf(text, sizeof text, "could not accept connections: %s", strerror(error));
    listeners_warn(all, text);
    listeners_pause(all, LISTENER_RETRY_MS);
}

void listeners_room(struct worker *w)
{
    if (w->listeners)
        listeners_go_on(w->listeners);
}

/* -> false: no more than so many may be logging in, and as many are. */
static bool listeners_take_place(struct listeners *all)
{
    uint64_t wait_ms;
    struct worker *w = all->worker;
    if (handshakes_take(w->crew->handshakes, uv_hrtime() / 1000000, &wait_ms))
        return true;
    listeners_warn(all, "too many clients are logging in: others wait, slow ones are disconnected");
    listeners_pause(all, wait_ms);
    return false;
}

/* No descriptors left.  Use the reserve to take one client and tell it.  -> false: rest. */
static bool listener_refuse_one(struct listener *l)
{
    struct listeners *all = l->all;
    struct err err;
    if (all->reserve_fd < 0)
        return false;
    close(all->reserve_fd);
    int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        err_set(&err, SQLSTATE_TOO_MANY_CONNECTIONS, "sorry, too many clients already");
        listener_refuse(fd, &err);
        listeners_warn(all, "refused a client: out of file descriptors");
    }
    all->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return fd >= 0;
}

static bool listener_is_transient(int error)
{
    switch (error) { /* accept(2): errors of the connection, not of the listener */
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case EPERM: /* a firewall's */
        return true;
    default:
        return false;
    }
}

/* -> false: nothing more for now. */
static bool listener_accept_one(struct listener *l)
{
    struct worker *w = l->all->worker;
    struct err err;
    if (!listeners_take_place(l->all))
        return false;
    int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        if (crew_place(w->crew, fd, l->address.addr.any.sa_family == AF_UNIX, &err) != 0) {
            log_warning(w->log, "refused a client: %s", err.message);
            listener_refuse(fd, &err);
        }
        return true;
    }
    int error = errno;
    handshakes_give(w->crew->handshakes);
    if (error == EAGAIN || error == EWOULDBLOCK)
        return false;
    if (listener_is_transient(error))
        return true;
    if ((error == EMFILE || error == ENFILE) && listener_refuse_one(l))
        return true;
    listeners_rest(l->all, error);
    return false;
}

static void listener_on_poll(uv_poll_t *poll, int status, int events)
{
    struct listener *l = poll->data;
    (void)events;
    if (status < 0) {
        listeners_rest(l->all, -status);
        return;
    }
    for (int i = 0; i < LISTENER_TURN; i++)
        if (uv_is_closing((uv_handle_t *)poll) || !listener_accept_one(l))
            return;
}

/* -- the set -- */

static int listeners_inherit(struct listeners *all, struct err *err)
{
    int n = listen_socket_inherited();
    all->inherited = n > 0;
    for (int fd = LISTEN_SOCKET_FIRST; fd < LISTEN_SOCKET_FIRST + n; fd++) {
        struct listen_address a;
        if (listen_socket_adopt(fd, &a, err) != 0)
            return -1;
        if (!listener_new(all, &a, fd))
            return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    return 0;
}

/* NULL: the error is told.  What was made is left to listeners_close. */
static struct listeners *listeners_open(struct worker *w, struct err *err)
{
    struct listeners *all = calloc(1, sizeof *all);
    if (!all) {
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        return NULL;
    }
    all->worker = w;
    all->takes = w->crew->takes_over;
    list_init(&all->list);
    all->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    uv_timer_init(&w->loop, &all->retry);
    all->retry.data = all;
    w->listeners = all;
    return listeners_inherit(all, err) == 0 ? all : NULL;
}

static struct listener *listeners_find(struct listeners *all, const struct listen_address *a)
{
    list_foreach (n, &all->list) {
        struct listener *l = list_entry(n, struct listener, node);
        if (l->address.len == a->len && memcmp(&l->address.addr, &a->addr, a->len) == 0)
            return l;
    }
    return NULL;
}

static int listeners_add(struct listeners *all, const struct listen_address *a, struct err *err)
{
    int fd;
    struct listener *l = listeners_find(all, a);
    if (l) {
        l->wanted = true;
        return 0;
    }
    int rc = all->takes ? listen_socket_take(a, &fd, err) : listen_socket_open(a, &fd, err);
    if (rc != 0)
        return rc;
    if (!listener_new(all, a, fd)) {
        close(fd);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    return 0;
}

/* Of the addresses of one entry (a name may have several) one must work. */
static int listeners_add_entry(struct listeners *all, const struct listen_plan *plan, size_t *i,
                               struct err *err)
{
    size_t entry = plan->items[*i].entry;
    bool any = false;
    for (; *i < plan->n && plan->items[*i].entry == entry; (*i)++) {
        int rc = listeners_add(all, &plan->items[*i], err);
        if (rc == 0)
            any = true;
        else if (rc != LISTEN_NO_SUCH_ADDRESS) /* in use, say: half an entry would hide it */
            return -1;
    }
    return any ? 0 : -1;
}

int listeners_prepare(struct worker *w, const struct listen_plan *plan, struct err *err)
{
    struct listeners *all = w->listeners ? w->listeners : listeners_open(w, err);
    if (!all)
        return -1;
    if (all->inherited)
        return 0;
    list_foreach (n, &all->list)
        list_entry(n, struct listener, node)->wanted = false;
    for (size_t i = 0; i < plan->n;) {
        if (listeners_add_entry(all, plan, &i, err) != 0) {
            listeners_abandon(w);
            return -1;
        }
    }
    return 0;
}

void listeners_abandon(struct worker *w)
{
    list_foreach (n, &w->listeners->list) {
        struct listener *l = list_entry(n, struct listener, node);
        if (l->fresh)
            listener_close(l);
        else
            l->wanted = true;
    }
}

static void listener_begin(struct listener *l)
{
    struct worker *w = l->all->worker;
    l->fresh = false;
    int rc = uv_poll_init(&w->loop, &l->poll, l->fd);
    must(rc == 0); /* a listening socket of our own */
    l->polled = true;
    l->poll.data = l;
    rc = uv_poll_start(&l->poll, UV_READABLE, listener_on_poll);
    must(rc == 0);
    log_info(w->log, "listening on %s", l->address.text);
}

void listeners_commit(struct worker *w)
{
    w->listeners->takes = false;
    list_foreach (n, &w->listeners->list) {
        struct listener *l = list_entry(n, struct listener, node);
        if (l->fresh) {
            listener_begin(l);
        } else if (!l->wanted) {
            log_info(w->log, "no longer listening on %s", l->address.text);
            listener_close(l);
        }
    }
}

static void listeners_on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void listeners_close(struct worker *w)
{
    struct listeners *all = w->listeners;
    if (!all)
        return;
    w->listeners = NULL;
    list_foreach (n, &all->list)
        listener_close(list_entry(n, struct listener, node));
    if (all->reserve_fd >= 0)
        close(all->reserve_fd);
    uv_close((uv_handle_t *)&all->retry, listeners_on_closed);
}
