/* link: protocol */
/* A stream in any cut gives the same messages, and every body is read within its bounds.
 * Input: one byte for the phase, one for the size of the pieces, then the stream. */
#include "protocol/buf.h"
#include "protocol/frame.h"
#include "protocol/msg_read.h"

#include <stdint.h>
#include <stdlib.h>

#define BODY_MAX 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What came out of a stream: two streams that agree in this agree in all messages. */
struct digest {
    uint64_t hash;
    size_t messages;
    int verdict;
};

static void add(struct digest *d, const void *data, size_t len)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < len; i++)
        d->hash = (d->hash ^ p[i]) * 0x100000001b3ull;
}

static void expect(bool right)
{
    if (!right)
        abort();
}

static void inside(struct slice part, struct slice whole)
{
    expect(part.len == 0 || (part.data >= whole.data && part.len <= whole.len &&
                             (size_t)(part.data - whole.data) <= whole.len - part.len));
}

static void read_bind(struct slice body)
{
    struct msg_bind m;
    struct err err;
    if (msg_read_bind(body, &m, &err) != 0)
        return;
    struct slice cursor = m.params;
    for (uint16_t i = 0; i < m.nparams; i++) {
        expect(cursor.len >= 4);
        inside(msg_bind_next(&cursor), body);
        expect(msg_bind_param_format(&m, i) <= 0xffff);
    }
    expect(cursor.len == 0);
    for (uint16_t i = 0; i < m.nresults; i++)
        (void)msg_bind_result_format(&m, i);
}

static void read_parse(struct slice body)
{
    struct msg_parse m;
    struct err err;
    if (msg_read_parse(body, &m, &err) != 0)
        return;
    inside(m.sql, body);
    expect(m.sql.data[m.sql.len] == '\0');
    for (uint16_t i = 0; i < m.nparams; i++)
        (void)msg_parse_oid(&m, i);
}

static void read_function(struct slice body)
{
    struct msg_function m;
    struct err err;
    if (msg_read_function(body, &m, &err) != 0)
        return;
    for (uint16_t i = 0; i < m.nargs; i++)
        inside(msg_bind_next(&m.args), body);
    expect(m.args.len == 0);
}

static void read_frontend(char type, struct slice body)
{
    struct msg_query query;
    struct msg_target target;
    struct msg_execute execute;
    struct msg_sasl_initial sasl;
    struct slice reason;
    struct err err;
    switch (type) {
    case 'Q':
        if (msg_read_query(body, &query, &err) == 0)
            expect(query.sql.len + 1 == body.len);
        break;
    case 'P':
        read_parse(body);
        break;
    case 'B':
        read_bind(body);
        break;
    case 'D':
    case 'C':
        if (msg_read_target(body, &target, &err) == 0)
            expect(target.name.len + 2 == body.len);
        break;
    case 'E':
        if (msg_read_execute(body, &execute, &err) == 0)
            expect(execute.portal.len + 5 == body.len);
        break;
    case 'F':
        read_function(body);
        break;
    case 'f':
        if (msg_read_copy_fail(body, &reason, &err) == 0)
            expect(reason.len + 1 == body.len);
        break;
    case 'p':
        if (msg_read_sasl_initial(body, &sasl, &err) == 0)
            inside(sasl.data, body);
        break;
    default:
        break;
    }
}

static void read_backend(char type, struct slice body)
{
    struct msg_parameter_status status;
    struct err err;
    char severity[16];
    if (type == 'E' || type == 'N') {
        if (msg_read_error(body, &err, severity) == 0)
            expect(strlen(err.sqlstate) == 5 && strlen(severity) < sizeof(severity));
    } else if (type == 'S' && msg_read_parameter_status(body, &status) == 0) {
        expect(status.name.len + status.value.len + 2 == body.len);
    }
}

/* Each body in memory of its own size, so that a step too far is seen. */
static void read_body(enum frame_phase phase, const struct frame *f)
{
    char *copy = malloc(f->body_len > 0 ? f->body_len : 1);
    expect(copy != NULL);
    memcpy(copy, f->body, f->body_len);
    struct slice body = {copy, f->body_len};
    if (phase == FRAME_BACKEND)
        read_backend(f->type, body);
    else
        read_frontend(f->type, body);
    free(copy);
}

/* Take what is whole from the front of ${b}. */
static void take_messages(enum frame_phase phase, struct buf *b, bool bodies, struct digest *d)
{
    struct frame f;
    struct err err = {0};
    while (d->verdict >= 0 &&
           (d->verdict = frame_next(phase, buf_peek(b), BODY_MAX, &f, &err)) == 1) {
        struct slice bytes = frame_bytes(&f);
        inside(bytes, buf_peek(b));
        add(d, bytes.data, bytes.len);
        d->messages++;
        if (bodies)
            read_body(phase, &f);
        buf_consume(b, bytes.len);
    }
    expect((d->verdict < 0) == (err.sqlstate[0] != '\0'));
}

static struct digest run(enum frame_phase phase, struct slice in, size_t piece)
{
    struct digest d = {.hash = 0xcbf29ce484222325ull};
    struct buf b;
    buf_init(&b, in.len);
    for (size_t at = 0; at < in.len && d.verdict >= 0; at += piece) {
        size_t n = in.len - at < piece ? in.len - at : piece;
        expect(buf_append(&b, in.data + at, n) == 0);
        take_messages(phase, &b, piece == in.len, &d);
    }
    if (d.verdict >= 0)
        add(&d, buf_peek(&b).data, buf_len(&b));
    buf_release(&b);
    return d;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    enum frame_phase phase = (enum frame_phase)(data[0] % 4);
    struct slice in = {(const char *)data + 2, size - 2};
    struct digest whole = run(phase, in, in.len);
    struct digest cut = run(phase, in, data[1] % 32 + 1u);
    expect(whole.hash == cut.hash && whole.messages == cut.messages);
    expect((whole.verdict < 0) == (cut.verdict < 0));
    return 0;
}
