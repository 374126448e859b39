#include "daemon/listen_socket.h"

#include "protocol/sqlstate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* Names such as localhost have one address for each family. */
#define LISTEN_PER_ENTRY 8
#define LISTEN_UNIX_MODE 0660 /* for the owner and its group */

static void listen_text(struct listen_address *a)
{
    char host[64] = "?", port[8] = "?";
    if (a->addr.any.sa_family == AF_UNIX) {
        snprintf(a->text, sizeof a->text, "unix:%s", a->addr.unix_path.sun_path);
        return;
    }
    (void)getnameinfo(&a->addr.any, a->len, host, sizeof host, port, sizeof port,
                      NI_NUMERICHOST | NI_NUMERICSERV);
    bool v6 = a->addr.any.sa_family == AF_INET6;
    snprintf(a->text, sizeof a->text, v6 ? "[%s]:%s" : "%s:%s", host, port);
}

/* -- from the configuration -- */

static void plan_unix(struct listen_plan *p, size_t entry, const char *path)
{
    struct listen_address *a = &p->items[p->n++];
    *a = (struct listen_address){.entry = entry, .len = sizeof a->addr.unix_path};
    a->addr.unix_path.sun_family = AF_UNIX;
    /* conf has checked that it fits */
    snprintf(a->addr.unix_path.sun_path, sizeof a->addr.unix_path.sun_path, "%s", path);
    listen_text(a);
}

static int plan_tcp(struct listen_plan *p, size_t entry, const char *host, uint16_t port,
                    struct err *err)
{
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    int rc = getaddrinfo(host, service, &hints, &found);
    if (rc != 0)
        return err_set(err, SQLSTATE_CANNOT_CONNECT_NOW,
                       "could not resolve \"%s\" to listen on: %s", host, gai_strerror(rc));
    size_t taken = 0;
    for (const struct addrinfo *i = found; i && taken < LISTEN_PER_ENTRY; i = i->ai_next) {
        struct listen_address *a = &p->items[p->n];
        if (i->ai_addrlen > sizeof a->addr)
            continue;
        *a = (struct listen_address){.entry = entry, .len = i->ai_addrlen};
        memcpy(&a->addr, i->ai_addr, i->ai_addrlen);
        listen_text(a);
        p->n++;
        taken++;
    }
    freeaddrinfo(found);
    return 0;
}

int listen_plan_make(const struct conf *conf, struct listen_plan *ret, struct err *err)
{
    struct listen_plan p = {0};
    p.items = calloc(conf->nlisten * LISTEN_PER_ENTRY + 1, sizeof p.items[0]);
    if (!p.items)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    for (size_t i = 0; i < conf->nlisten; i++) {
        const struct conf_listen *l = &conf->listen[i];
        if (l->unix_path) {
            plan_unix(&p, i, l->unix_path);
        } else if (plan_tcp(&p, i, l->host, l->port, err) != 0) {
            listen_plan_release(&p);
            return -1;
        }
    }
    *ret = p;
    return 0;
}

void listen_plan_release(struct listen_plan *p)
{
    free(p->items);
    *p = (struct listen_plan){0};
}

/* -- sockets -- */

static int listen_error(const struct listen_address *a, const char *what, int error,
                        struct err *err)
{
    err_set(err, SQLSTATE_CANNOT_CONNECT_NOW, "could not %s %s: %s", what, a->text,
            strerror(error));
    if (error == EADDRINUSE)
        err_hint(err, "Is another server already listening there?");
    return error == EADDRNOTAVAIL || error == EAFNOSUPPORT ? LISTEN_NO_SUCH_ADDRESS : -1;
}

/* Accepted sockets inherit these from the listening one: no system call per client. */
static void listen_tune(int fd)
{
    const int on = 1, idle_s = 60, interval_s = 10, count = 6;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

/* Does somebody listen on this unix socket? */
static bool unix_answers(const struct listen_address *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return true; /* don't know: leave it alone */
    int rc = connect(fd, &a->addr.any, a->len);
    bool refused = rc != 0 && errno == ECONNREFUSED;
    close(fd);
    return !refused;
}

/* Make way for a new socket at this path, if what is there is one that nobody serves any more. */
static int unix_clear(const struct listen_address *a, struct err *err)
{
    struct stat st;
    const char *path = a->addr.unix_path.sun_path;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? 0 : listen_error(a, "look at", errno, err);
    if (!S_ISSOCK(st.st_mode))
        return err_set(err, SQLSTATE_CANNOT_CONNECT_NOW,
                       "could not listen on %s: it is not a socket", a->text);
    if (unix_answers(a))
        return listen_error(a, "listen on", EADDRINUSE, err);
    if (unlink(path) != 0 && errno != ENOENT)
        return listen_error(a, "remove the stale socket", errno, err);
    return 0;
}

/* Clients go to the socket that joined last.  The number is that among the sockets of the address; when those
 * before it have been closed it stands for none, and the kernel chooses the one that is left. */
static int take_all(int fd)
{
    struct sock_filter second = {.code = BPF_RET | BPF_K, .k = 1};
    struct sock_fprog program = {.len = 1, .filter = &second};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}

static int listen_prepare(int fd, const struct listen_address *a, bool take, struct err *err)
{
    const int on = 1;
    switch (a->addr.any.sa_family) {
    case AF_UNIX:
        /* bind() makes the file with the socket's own mode less the umask: never a moment with a
         * wider one */
        if (fchmod(fd, LISTEN_UNIX_MODE) != 0)
            return listen_error(a, "set the mode of", errno, err);
        return unix_clear(a, err);
    case AF_INET6: /* the same port may be open on IPv4 */
        if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
            return listen_error(a, "listen on", errno, err);
        break;
    default:
        break;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (take && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0))
        return listen_error(a, "listen on", errno, err);
    listen_tune(fd);
    return 0;
}

static int listen_bind(int fd, const struct listen_address *a, struct err *err)
{
    if (bind(fd, &a->addr.any, a->len) != 0)
        return listen_error(a, "listen on", errno, err);
    if (a->addr.any.sa_family == AF_UNIX &&
        chmod(a->addr.unix_path.sun_path, LISTEN_UNIX_MODE) != 0)
        return listen_error(a, "set the mode of", errno, err);
    if (listen(fd, SOMAXCONN) != 0)
        return listen_error(a, "listen on", errno, err);
    return 0;
}

static int listen_open(const struct listen_address *a, bool take, int *ret_fd, struct err *err)
{
    const int on = 1;
    int fd = socket(a->addr.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return listen_error(a, "make a socket for", errno, err);
    int rc = listen_prepare(fd, a, take, err);
    if (rc == 0)
        rc = listen_bind(fd, a, err);
    /* Only now: who binds without it excludes all others, and may still be taken over later. */
    if (rc == 0 && a->addr.any.sa_family != AF_UNIX &&
        (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
         (take && take_all(fd) != 0)))
        rc = listen_error(a, "listen on", errno, err);
    if (rc != 0) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

int listen_socket_open(const struct listen_address *a, int *ret_fd, struct err *err)
{
    return listen_open(a, false, ret_fd, err);
}

/* A unix socket is made beside the old one and takes its name at once. */
static int take_unix(const struct listen_address *a, int *ret_fd, struct err *err)
{
    struct listen_address beside = *a;
    struct sockaddr_un *to = &beside.addr.unix_path;
    int fd, n = snprintf(to->sun_path, sizeof to->sun_path, "%s.new", a->addr.unix_path.sun_path);
    if (n < 0 || (size_t)n >= sizeof to->sun_path)
        return listen_error(a, "make a socket beside", ENAMETOOLONG, err);
    int rc = listen_open(&beside, false, &fd, err);
    if (rc != 0)
        return rc;
    if (rename(to->sun_path, a->addr.unix_path.sun_path) != 0) {
        rc = listen_error(a, "take over", errno, err);
        (void)unlink(to->sun_path);
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return 0;
}

int listen_socket_take(const struct listen_address *a, int *ret_fd, struct err *err)
{
    struct stat st;
    if (a->addr.any.sa_family != AF_UNIX)
        return listen_open(a, true, ret_fd, err);
    bool is_socket = lstat(a->addr.unix_path.sun_path, &st) == 0 && S_ISSOCK(st.st_mode);
    return is_socket ? take_unix(a, ret_fd, err) : listen_open(a, false, ret_fd, err);
}

/* -- from systemd -- */

int listen_socket_inherited(void)
{
    return sd_listen_fds(1);
}

int listen_socket_adopt(int fd, struct listen_address *ret, struct err *err)
{
    struct listen_address a = {.len = sizeof a.addr};
    if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0 ||
        getsockname(fd, &a.addr.any, &a.len) != 0)
        return err_set(err, SQLSTATE_CANNOT_CONNECT_NOW,
                       "descriptor %d given by systemd is not a listening stream socket", fd);
    listen_text(&a);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        return listen_error(&a, "set up", errno, err);
    if (a.addr.any.sa_family != AF_UNIX)
        listen_tune(fd);
    *ret = a;
    return 0;
}
