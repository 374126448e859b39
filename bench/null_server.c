/* A server that costs next to nothing: in front of a real one, whose answers to batches of Bind, Execute and
 * Sync it learns and gives from memory from then on.  Everything else (start-up, catalogs, Parse) it passes on.
 *
 *   null_server LISTEN_PORT SERVER_PORT       on 127.0.0.1; prints "ready"
 *
 * A batch is known by its bytes, so it must come in one write, as Partywall's do, and its answer must not
 * depend on time: point reads of rows that nobody changes. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES 65536
#define KNOWN 64 /* batches */

struct pair;

struct side { /* of a connection */
    struct pair *pair;
    int fd;
};

struct pair {
    struct side client, server;
    size_t asked;  /* the length of the batch that is being learnt */
    size_t answer; /* bytes of its answer so far */
    char ask[1024], said[4096];
};

static struct known {
    size_t asked, answer;
    char ask[1024], said[4096];
} known[KNOWN];
static size_t nknown;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in loopback(const char *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static void send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* its end is met when it is read */
        data += n;
        len -= (size_t)n;
    }
}

static void watch(int epoll, struct side *s)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = s};
    int on = 1;
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &e) != 0)
        fail("epoll_ctl");
}

static void begin(int epoll, int fd, const struct sockaddr_in *server)
{
    struct pair *p = calloc(1, sizeof *p);
    if (!p)
        fail("calloc");
    p->client = (struct side){.pair = p, .fd = fd};
    p->server = (struct side){.pair = p, .fd = socket(AF_INET, SOCK_STREAM, 0)};
    if (connect(p->server.fd, (const struct sockaddr *)server, sizeof *server) != 0)
        fail("connect");
    watch(epoll, &p->client);
    watch(epoll, &p->server);
}

/* The other side's events of this turn may still come, so its memory is left: there are few. */
static void end(struct pair *p)
{
    close(p->client.fd);
    close(p->server.fd);
    p->client.fd = p->server.fd = -1;
}

static void from_client(struct pair *p, const char *data, size_t len)
{
    for (size_t i = 0; i < nknown; i++)
        if (known[i].asked == len && memcmp(known[i].ask, data, len) == 0) {
            send_all(p->client.fd, known[i].said, known[i].answer);
            return;
        }
    p->asked = 0;
    if (data[0] == 'B' && len <= sizeof p->ask && memcmp(data + len - 5, "S\0\0\0\4", 5) == 0) {
        memcpy(p->ask, data, len);
        p->asked = len;
        p->answer = 0;
    }
    send_all(p->server.fd, data, len);
}

static void from_server(struct pair *p, const char *data, size_t len)
{
    send_all(p->client.fd, data, len);
    if (p->asked == 0)
        return;
    if (p->answer + len > sizeof p->said) {
        p->asked = 0;
        return;
    }
    memcpy(p->said + p->answer, data, len);
    p->answer += len;
    if (p->answer < 6 || memcmp(p->said + p->answer - 6, "Z\0\0\0\5I", 6) != 0)
        return;
    if (nknown < KNOWN && p->said[0] == '2') {
        struct known *k = &known[nknown++];
        k->asked = p->asked;
        k->answer = p->answer;
        memcpy(k->ask, p->ask, p->asked);
        memcpy(k->said, p->said, p->answer);
    }
    p->asked = 0;
}

static void serve(struct side *s)
{
    static char data[BYTES];
    struct pair *p = s->pair;
    if (s->fd < 0)
        return;
    ssize_t n = recv(s->fd, data, sizeof data, 0);
    if (n <= 0)
        end(p);
    else if (s == &p->client)
        from_client(p, data, (size_t)n);
    else
        from_server(p, data, (size_t)n);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    struct sockaddr_in own = loopback(argv[1]), server = loopback(argv[2]);
    int epoll = epoll_create1(0), on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&own, sizeof own) != 0 || listen(listener, 512) != 0)
        fail("listen");
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[64];
        int n = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                serve(events[i].data.ptr);
            else
                begin(epoll, accept(listener, NULL, NULL), &server);
        }
    }
}
