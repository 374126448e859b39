#include "daemon/channels_store.h"

#include "daemon/store/store.h"
#include "protocol/frame.h"
#include "protocol/msg_read.h"
#include "protocol/msg_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 16384
#define IN_BYTES   ((size_t)64 << 20)

struct channels_store {
    struct store_conn *conn;
    int fd;
    struct buf in, out;
    size_t taken; /* of the message told last */
};

struct channels_store *channels_store_open(struct store *store, struct err *err)
{
    struct channels_store *s = calloc(1, sizeof(*s));
    if (!s) {
        err_set(err, "53200", "out of memory");
        return NULL;
    }
    if (store_connect(store, &s->fd, &s->conn, err) != 0) {
        free(s);
        return NULL;
    }
    buf_init(&s->in, IN_BYTES);
    buf_init(&s->out, IN_BYTES * 2);
    return s;
}

void channels_store_close(struct channels_store *s)
{
    close(s->fd);
    store_conn_free(s->conn);
    buf_release(&s->in);
    buf_release(&s->out);
    free(s);
}

int channels_store_fd(const struct channels_store *s)
{
    return s->fd;
}

int channels_store_query(struct channels_store *s, const char *sql)
{
    msg_query(&s->out, (struct slice){sql, strlen(sql)});
    return s->out.failed ? -1 : 0;
}

int channels_store_flush(struct channels_store *s)
{
    while (buf_len(&s->out) > 0) {
        struct slice out = buf_peek(&s->out);
        ssize_t n = send(s->fd, out.data, out.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? 1 : -1;
        buf_consume(&s->out, (size_t)n);
    }
    return 0;
}

int channels_store_read(struct channels_store *s)
{
    buf_consume(&s->in, s->taken);
    s->taken = 0;
    for (;;) {
        char *room = buf_reserve(&s->in, READ_BYTES);
        ssize_t n = room ? recv(s->fd, room, READ_BYTES, 0) : 0;
        if (n > 0)
            buf_commit(&s->in, (size_t)n);
        else if (n == 0 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK))
            return -1;
        else if (errno != EINTR)
            return 0;
    }
}

enum channels_store_said channels_store_next(struct channels_store *s,
                                             struct channels_store_message *ret)
{
    struct frame f;
    struct err err;
    for (;;) {
        buf_consume(&s->in, s->taken);
        s->taken = 0;
        int rc = frame_next(FRAME_BACKEND, buf_peek(&s->in), FRAME_MESSAGE_MAX, &f, &err);
        if (rc <= 0)
            return rc < 0 ? CHANNELS_STORE_FAILED : CHANNELS_STORE_NOTHING;
        s->taken = (size_t)f.head_len + f.body_len;
        if (f.type == 'Z')
            return CHANNELS_STORE_OVER;
        if (f.type == 'E')
            return CHANNELS_STORE_FAILED;
        if (f.type != 'A')
            continue;
        struct reader r = reader_of((struct slice){f.body, f.body_len});
        ret->pid = read_int32(&r);
        ret->channel = read_string(&r).data;
        ret->payload = read_string(&r).data;
        if (read_done(&r, &err) < 0)
            return CHANNELS_STORE_FAILED;
        return CHANNELS_STORE_HEARD;
    }
}
