/* COPY ... FROM STDIN: the client's data on their way to the server.
 *
 *   ASKED --CopyInResponse--> DATA --CopyDone, CopyFail--> SENT (Execute)
 *     ^                         |                            |
 *     `--- of a Query, which ---'     error, or the end: no COPY any more
 *          may hold another one
 *
 * ASKED: the client's input waits, so that its data never overtake the answer.  In DATA, Sync and
 * Flush are nothing, as for PostgreSQL (wire case 42), and any other message ends the session.
 * Data that come when there is no COPY are the remains of one that has failed, and are dropped.
 * Pieces of CopyData go on as they come, each as a message of its own: a server is never left with
 * half of one.
 *
 * Where rows may refer to another tenant's, policy has a statement that looks at what has been
 * written: it is sent behind CopyDone (in a Query: behind the COPY), and the COPY's CommandComplete
 * waits for it. */
#include "conf/limits.h"
#include "daemon/session_internal.h"

#include <stdlib.h>

enum { PIECE_BYTES = 8 * 1024, TAG_BYTES = 64 };

enum copy_state { COPY_ASKED, COPY_DATA, COPY_SENT };

struct copying {
    enum copy_state state;
    bool query;  /* of a Query, not of an Execute */
    uint64_t at; /* the entry that ends it, among all that its server ever owed */
    struct plan *plan; /* in DATA and SENT; one reference */
    bool fills;
    struct copy_stream stream;
    struct buf first, header;
    char tag[TAG_BYTES]; /* CommandComplete that waits for the check; "": none */
};

static void let_plan_go(struct copying *c)
{
    plan_unref(c->plan);
    c->plan = NULL;
    c->fills = false;
    buf_release(&c->first);
    buf_release(&c->header);
}

void session_copy_free(struct session *s)
{
    if (!s->copy)
        return;
    let_plan_go(s->copy);
    free(s->copy);
    s->copy = NULL;
}

/* -- before it -- */

static struct slice tenant_of(const struct session *s)
{
    return (struct slice){s->tenant, s->tenant ? strlen(s->tenant) : 0};
}

static int make_values(const struct session *s, const struct plan_copy *p, struct buf *first,
                       struct buf *header, struct err *err)
{
    enum { TYPE_TEXT = 25 };
    struct slice name = {p->column, strlen(p->column)};
    if (copy_first(&p->format, p->type_oid, tenant_of(s), first, err) != 0)
        return -1;
    return p->format.header == COPY_HEADER_MATCH
               ? copy_first(&p->format, TYPE_TEXT, name, header, err)
               : 0;
}

int session_copy_check(const struct session *s, const struct plan *p, struct err *err)
{
    struct buf first, header;
    if (!p->copy || !p->copy->fills)
        return 0;
    buf_init(&first, LIMIT_MESSAGE_BYTES);
    buf_init(&header, LIMIT_MESSAGE_BYTES);
    int r = make_values(s, p->copy, &first, &header, err);
    buf_release(&first);
    buf_release(&header);
    return r;
}

int session_copy_expect(struct session *s, bool query, struct err *err)
{
    struct copying *c = calloc(1, sizeof(*c));
    if (!c)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    c->query = query;
    c->at = s->nowed - 1;
    s->copy = c;
    return 0;
}

bool session_copy_waits(const struct session *s)
{
    return s->copy && s->copy->state == COPY_ASKED;
}

bool session_copy_runs(const struct session *s)
{
    return s->copy && s->copy->state == COPY_DATA;
}

/* -- the answers -- */

/* The number of columns is the client's. */
static void write_response(struct session *s, struct slice body)
{
    struct buf *out = session_out(s);
    struct reader r = reader_of((struct slice){body.data + 1, body.len - 1});
    uint16_t n = read_int16(&r);
    size_t mark = msg_begin(out, 'G');
    msg_byte(out, (uint8_t)body.data[0]);
    msg_int16(out, (uint16_t)(n - 1));
    msg_bytes(out, body.data + 5, body.len - 5);
    msg_end(out, mark);
    session_wrote(s);
}

int session_copy_begin(struct session *s, struct plan *p, struct slice body)
{
    enum { LEAST_BYTES = 5 }; /* format, number of columns, one column */
    struct copying *c = s->copy;
    struct err err;
    if (!c || c->state != COPY_ASKED || !p || !p->copy)
        return -1;
    let_plan_go(c);
    c->state = COPY_DATA;
    c->plan = plan_ref(p);
    c->fills = p->copy->fills;
    if (!c->fills)
        return 0;
    buf_init(&c->first, LIMIT_MESSAGE_BYTES);
    buf_init(&c->header, LIMIT_MESSAGE_BYTES);
    if (body.len < LEAST_BYTES || make_values(s, p->copy, &c->first, &c->header, &err) != 0)
        return -1;
    copy_stream_init(&c->stream, &p->copy->format, buf_peek(&c->first), buf_peek(&c->header));
    write_response(s, body);
    return 1;
}

bool session_copy_hold(struct session *s, const struct plan *p, struct slice tag)
{
    struct copying *c = s->copy;
    if (!c || !p || !p->copy || !p->copy->check || c->tag[0] != '\0')
        return false;
    err_copy_text(c->tag, sizeof(c->tag), tag.data, tag.len);
    return true;
}

bool session_copy_holds(const struct session *s)
{
    return s->copy && s->copy->tag[0] != '\0';
}

void session_copy_checked(struct session *s)
{
    msg_command_complete(session_out(s), s->copy->tag);
    session_wrote(s);
    s->copy->tag[0] = '\0';
}

void session_copy_over(struct session *s, bool failed)
{
    if (!s->copy || !s->server)
        return;
    uint64_t head = session_answered(s);
    if (head > s->copy->at || (failed && head == s->copy->at))
        session_copy_free(s);
}

/* -- the client's data -- */

static void send_data(struct session *s, struct slice in)
{
    struct copying *c = s->copy;
    struct buf *out = server_out(s);
    size_t mark = msg_begin(out, 'd');
    if (c->fills)
        copy_stream_feed(&c->stream, in, out);
    else
        msg_bytes(out, in.data, in.len);
    msg_end(out, mark);
    server_sent(s);
}

size_t session_copy_data(struct session *s, struct slice in)
{
    size_t n = in.len < s->copy_left ? in.len : s->copy_left;
    n = n < PIECE_BYTES ? n : PIECE_BYTES;
    s->copy_left -= (uint32_t)n;
    if (session_copy_runs(s))
        send_data(s, (struct slice){in.data, n});
    return n;
}

/* What is due to its Execute, the last but one that is owed for it, ends the COPY. */
static int send_check(struct session *s, struct err *err)
{
    struct copying *c = s->copy;
    struct buf text;
    struct owed *o = owed_new(OWED_CHECK);
    if (!o)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    buf_init(&text, LIMIT_MESSAGE_BYTES);
    plan_text_literal(c->plan->copy->check, tenant_of(s), &text);
    if (text.failed)
        buf_fail(server_out(s));
    int r = session_run_own(s, buf_peek(&text), o, err);
    c->at = s->nowed - 2;
    buf_release(&text);
    return r;
}

static int send_done(struct session *s, struct err *err)
{
    struct copying *c = s->copy;
    struct buf *out = server_out(s);
    size_t mark = msg_begin(out, 'd');
    if (c->fills)
        copy_stream_end(&c->stream, out);
    msg_end(out, mark);
    msg_copy_done(out);
    return c->query || !c->plan->copy->check ? 0 : send_check(s, err);
}

static enum verdict on_end(struct session *s, const struct frame *f)
{
    struct slice message = frame_bytes(f);
    struct err err;
    int r = 0;
    if (f->type == 'c')
        r = send_done(s, &err);
    else
        buf_append(server_out(s), message.data, message.len);
    server_sent(s);
    s->copy->state = s->copy->query ? COPY_ASKED : COPY_SENT;
    if (r == 0)
        return TAKEN;
    session_fail(s, &err);
    return GONE;
}

enum verdict session_copy_message(struct session *s, const struct frame *f)
{
    struct err err;
    switch (f->type) {
    case 'c':
    case 'f':
        return session_copy_runs(s) ? on_end(s, f) : TAKEN;
    case 'S':
    case 'H':
        return TAKEN;
    default:
        err_set(&err, SQLSTATE_PROTOCOL_VIOLATION,
                "unexpected message type 0x%02X during COPY from stdin", (unsigned char)f->type);
        session_send_error(s, "ERROR", &err);
        err_set(&err, SQLSTATE_PROTOCOL_VIOLATION,
                "terminating connection because protocol synchronization was lost");
        session_fail(s, &err);
        return GONE;
    }
}
