/* link: protocol */
/* Whatever the start-up packet says, what was read of it is within it and keeps the contract.  The
 * same bytes are also a password message's body, and a stream at the time when one is due. */
#include "protocol/frame.h"
#include "protocol/msg_read.h"
#include "protocol/startup.h"

#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool right)
{
    if (!right)
        abort();
}

static bool within(const char *p, size_t len, const char *from, size_t size)
{
    return p >= from && (size_t)(p - from) < size && len < size - (size_t)(p - from);
}

/* Borrowed from the packet or the scratch space, and NUL-terminated there. */
static void check_text(const struct startup *s, struct slice body, struct slice text)
{
    expect(within(text.data, text.len, body.data, body.len) ||
           within(text.data, text.len, s->scratch, sizeof(s->scratch)));
    expect(strlen(text.data) == text.len);
}

static void check_session(const struct startup *s, struct slice body)
{
    expect(s->major == 3 && (s->speak_minor == 0 || s->speak_minor == 2));
    expect(s->negotiate == (s->minor != s->speak_minor || s->nunknown > 0));
    expect(s->user.len > 0 && s->database.len > 0);
    check_text(s, body, s->user);
    check_text(s, body, s->database);
    expect(s->nparams <= STARTUP_MAX_PARAMS && s->nunknown <= STARTUP_MAX_PARAMS);
    for (size_t i = 0; i < s->nparams; i++) {
        check_text(s, body, s->params[i].name);
        check_text(s, body, s->params[i].value);
        expect(s->params[i].name.len > 0);
        for (size_t k = 0; k < i; k++)
            expect(strcasecmp(s->params[i].name.data, s->params[k].name.data) != 0);
    }
    for (size_t i = 0; i < s->nunknown; i++) {
        expect(within(s->unknown_options[i], 0, body.data, body.len));
        expect(strncmp(s->unknown_options[i], "_pq_.", 5) == 0);
    }
    expect(body.data[body.len - 1] == '\0');
}

static void check_password(struct slice body)
{
    struct err err = {0};
    struct slice password = {NULL, 0};
    int rc = msg_read_password(body, &password, &err);
    expect((rc == 0) == (err.sqlstate[0] == '\0'));
    if (rc == 0)
        expect(password.data == body.data && password.len + 1 == body.len &&
               strlen(password.data) == password.len);
}

static void check_stream(struct slice in)
{
    struct err err = {0};
    struct frame f;
    int rc = frame_next(FRAME_AUTH, in, 1001, &f, &err);
    expect((rc < 0) == (err.sqlstate[0] != '\0'));
    if (rc == 1) {
        expect(f.type == 'p' && f.body_len <= 1001 && f.head_len + f.body_len <= in.len);
        check_password((struct slice){f.body, f.body_len});
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    struct startup *s = malloc(sizeof(*s));
    char *copy = malloc(size > 0 ? size : 1);
    expect(s && copy);
    if (size > 0)
        memcpy(copy, data, size);
    struct slice body = {copy, size};
    int rc = startup_read(body, s, &err);
    expect((rc == 0) == (err.sqlstate[0] == '\0'));
    expect(rc != 0 || size <= FRAME_STARTUP_MAX);
    if (rc == 0 && s->kind == STARTUP_SESSION)
        check_session(s, body);
    if (rc == 0 && s->kind == STARTUP_CANCEL)
        expect(s->cancel_key.len >= 4 && s->cancel_key.len <= 256 &&
               s->cancel_key.data + s->cancel_key.len == copy + size);
    if (rc == 0 && (s->kind == STARTUP_SSL || s->kind == STARTUP_GSSENC))
        expect(size == 4);
    check_password(body);
    check_stream(body);
    free(copy);
    free(s);
    return 0;
}
