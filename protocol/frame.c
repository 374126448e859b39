#include "protocol/frame.h"

#include "protocol/sqlstate.h"

/* PostgreSQL: PQ_SMALL_MESSAGE_LIMIT, for messages that carry a name or nothing. */
#define FRAME_SMALL_MAX 10000u

static uint32_t load32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

bool frame_is_frontend(char type)
{
    switch (type) {
    case 'Q':
    case 'P':
    case 'B':
    case 'D':
    case 'C':
    case 'E':
    case 'F':
    case 'H':
    case 'S':
    case 'X':
    case 'd':
    case 'c':
    case 'f':
        return true;
    default:
        return false;
    }
}

/* The largest length field that PostgreSQL takes for ${type} (SocketBackend). */
static uint32_t frontend_limit(char type)
{
    switch (type) {
    case 'Q':
    case 'P':
    case 'B':
    case 'F':
    case 'd':
        return FRAME_MESSAGE_MAX;
    default:
        return FRAME_SMALL_MAX;
    }
}

static int head_startup(struct slice in, struct frame *ret, struct err *err)
{
    if (in.len < 4)
        return 0;
    uint32_t len = load32(in.data);
    if (len < 8 || len - 4 > FRAME_STARTUP_MAX)
        return err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "invalid length of startup packet");
    *ret = (struct frame){.type = 0, .body_len = len - 4, .head_len = 4, .body = in.data + 4};
    return 1;
}

/* Is ${type} allowed in ${phase}?  Sets the limit of its length field. */
static int check_type(enum frame_phase phase, char type, uint32_t *ret_limit, struct err *err)
{
    switch (phase) {
    case FRAME_AUTH:
        if (type != 'p')
            return err_set(err, SQLSTATE_PROTOCOL_VIOLATION,
                           "expected password response, got message type %d", (unsigned char)type);
        *ret_limit = FRAME_AUTH_MAX;
        return 0;
    case FRAME_FRONTEND:
        if (!frame_is_frontend(type))
            return err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "invalid frontend message type %d",
                           (unsigned char)type);
        *ret_limit = frontend_limit(type);
        return 0;
    case FRAME_BACKEND:
    case FRAME_STARTUP:
        break;
    }
    *ret_limit = FRAME_MESSAGE_MAX;
    return 0;
}

int frame_head(enum frame_phase phase, struct slice in, struct frame *ret, struct err *err)
{
    if (phase == FRAME_STARTUP)
        return head_startup(in, ret, err);
    if (in.len < 1)
        return 0;
    /* the type alone may be wrong already: no waiting for a length that may never come */
    uint32_t limit = 0;
    if (check_type(phase, in.data[0], &limit, err) != 0)
        return -1;
    if (in.len < 5)
        return 0;
    uint32_t len = load32(in.data + 1);
    if (len < 4 || len > limit)
        return err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "invalid message length");
    *ret =
        (struct frame){.type = in.data[0], .body_len = len - 4, .head_len = 5, .body = in.data + 5};
    return 1;
}

int frame_next(enum frame_phase phase, struct slice in, uint32_t max_body, struct frame *ret,
               struct err *err)
{
    struct frame f = {0};
    int rc = frame_head(phase, in, &f, err);
    if (rc <= 0)
        return rc;
    if (f.body_len > max_body) {
        err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "message is too long");
        err_detail(err, "The message has %u bytes, the limit is %u bytes.", f.body_len, max_body);
        return -1;
    }
    if (in.len - f.head_len < f.body_len)
        return 0;
    *ret = f;
    return 1;
}
