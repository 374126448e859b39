/* Clients that cost next to nothing: each asks the same prepared point read again as soon as it is answered.
 *
 *   light_client CLIENTS SECONDS CONNINFO     prints the transactions of the last SECONDS, after one to warm up
 *
 * libpq logs in and prepares; from then on the same bytes are sent and the answer's end is looked for. */
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#define NAME "point"
#define SQL  "SELECT abalance FROM pgbench_accounts WHERE aid = $1"
#define AID  "1"

static char batch[256];
static size_t batch_len;

static void put(const void *data, size_t len)
{
    memcpy(batch + batch_len, data, len);
    batch_len += len;
}

static void put_int(uint32_t value, size_t bytes)
{
    uint32_t be = htonl(value);
    put((const char *)&be + 4 - bytes, bytes);
}

/* Bind with one text parameter, Execute, Sync. */
static void make_batch(void)
{
    put("B", 1);
    put_int(4 + 1 + sizeof NAME + 2 + 2 + 4 + sizeof AID - 1 + 2, 4);
    put("", 1); /* the unnamed portal */
    put(NAME, sizeof NAME);
    put_int(0, 2);
    put_int(1, 2);
    put_int(sizeof AID - 1, 4);
    put(AID, sizeof AID - 1);
    put_int(0, 2);
    put("E\0\0\0\11\0\0\0\0\0", 10);
    put("S\0\0\0\4", 5);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int connect_one(const char *conninfo)
{
    PGconn *c = PQconnectdb(conninfo);
    PGresult *r = PQstatus(c) == CONNECTION_OK ? PQprepare(c, NAME, SQL, 0, NULL) : NULL;
    if (PQresultStatus(r) != PGRES_COMMAND_OK) {
        fprintf(stderr, "%s", PQerrorMessage(c));
        exit(1);
    }
    PQclear(r);
    return PQsocket(c);
}

static void ask(int fd)
{
    if (send(fd, batch, batch_len, MSG_NOSIGNAL) != (ssize_t)batch_len) {
        perror("send");
        exit(1);
    }
}

/* -> true: the answer is whole, and has a row. */
static bool answered(int fd)
{
    char data[4096];
    ssize_t n = recv(fd, data, sizeof data, 0);
    if (n < 6 || data[0] != '2' || data[5] != 'D') {
        fprintf(stderr, "not an answer: %zd bytes\n", n);
        exit(1);
    }
    return memcmp(data + n - 6, "Z\0\0\0\5I", 6) == 0;
}

static void wait_turn(int epoll, uint64_t *count)
{
    struct epoll_event events[64];
    int n = epoll_wait(epoll, events, 64, 10000);
    for (int i = 0; i < n; i++)
        if (answered(events[i].data.fd)) {
            ++*count;
            ask(events[i].data.fd);
        }
    if (n <= 0) {
        fprintf(stderr, "no answer\n");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    int clients = atoi(argv[1]), epoll = epoll_create1(0);
    double seconds = atof(argv[2]);
    uint64_t count = 0;
    make_batch();
    int *fds = calloc((size_t)clients, sizeof *fds);
    for (int i = 0; i < clients; i++) {
        fds[i] = connect_one(argv[3]);
        struct epoll_event e = {.events = EPOLLIN, .data.fd = fds[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &e);
    }
    for (int i = 0; i < clients; i++)
        ask(fds[i]);
    for (double end = now() + 1; now() < end;)
        wait_turn(epoll, &count);
    puts("warm"); /* whoever measures begins now */
    fflush(stdout);
    count = 0;
    double begin = now();
    while (now() < begin + seconds)
        wait_turn(epoll, &count);
    printf("%.3f %llu\n", now() - begin, (unsigned long long)count);
    free(fds);
    return 0;
}
