/* Table of contents: the cursor; frontend messages; backend messages. */
#include "protocol/msg_read.h"

#include "protocol/sqlstate.h"

/* -- the cursor -- */

struct reader reader_of(struct slice body)
{
    return (struct reader){.p = body.data, .end = body.len > 0 ? body.data + body.len : body.data};
}

/* ${len} bytes, or NULL and failed. */
static const char *take(struct reader *r, size_t len)
{
    if (r->failed || len > (size_t)(r->end - r->p)) {
        r->failed = true;
        return NULL;
    }
    const char *p = r->p;
    if (len > 0)
        r->p += len;
    return p;
}

static uint16_t load16(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint16_t)(u[0] << 8 | u[1]);
}

static uint32_t load32(const char *p)
{
    return (uint32_t)load16(p) << 16 | load16(p + 2);
}

uint8_t read_byte(struct reader *r)
{
    const char *p = take(r, 1);
    return p ? (uint8_t)*p : 0;
}

uint16_t read_int16(struct reader *r)
{
    const char *p = take(r, 2);
    return p ? load16(p) : 0;
}

uint32_t read_int32(struct reader *r)
{
    const char *p = take(r, 4);
    return p ? load32(p) : 0;
}

struct slice read_bytes(struct reader *r, size_t len)
{
    const char *p = take(r, len);
    return p ? (struct slice){p, len} : (struct slice){NULL, 0};
}

struct slice read_string(struct reader *r)
{
    size_t left = r->failed ? 0 : (size_t)(r->end - r->p);
    const char *nul = left > 0 ? memchr(r->p, 0, left) : NULL;
    if (!nul) {
        r->failed = true;
        return (struct slice){"", 0};
    }
    struct slice s = {r->p, (size_t)(nul - r->p)};
    r->p = nul + 1;
    return s;
}

int read_done(const struct reader *r, struct err *err)
{
    if (r->failed || r->p != r->end)
        return err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "invalid message format");
    return 0;
}

/* -- frontend messages -- */

int msg_read_query(struct slice body, struct msg_query *ret, struct err *err)
{
    struct reader r = reader_of(body);
    struct msg_query m = {.sql = read_string(&r)};
    if (read_done(&r, err) != 0)
        return -1;
    *ret = m;
    return 0;
}

int msg_read_parse(struct slice body, struct msg_parse *ret, struct err *err)
{
    struct reader r = reader_of(body);
    struct msg_parse m = {.name = read_string(&r)};
    m.sql = read_string(&r);
    m.nparams = read_int16(&r);
    m.oids = read_bytes(&r, (size_t)m.nparams * 4).data;
    if (read_done(&r, err) != 0)
        return -1;
    *ret = m;
    return 0;
}

uint32_t msg_parse_oid(const struct msg_parse *m, uint16_t i)
{
    return i < m->nparams ? load32(m->oids + (size_t)i * 4) : 0;
}

/* All ${n} parameters are walked once here, so that msg_bind_next need not check. */
static struct slice read_params(struct reader *r, uint16_t n)
{
    const char *start = r->p;
    for (uint16_t i = 0; i < n && !r->failed; i++) {
        uint32_t len = read_int32(r);
        if (len != UINT32_MAX) /* -1: NULL; other negative lengths are too long to be there */
            (void)read_bytes(r, len);
    }
    return (struct slice){start, r->failed ? 0 : (size_t)(r->p - start)};
}

int msg_read_bind(struct slice body, struct msg_bind *ret, struct err *err)
{
    struct reader r = reader_of(body);
    struct msg_bind m = {.portal = read_string(&r)};
    m.statement = read_string(&r);
    m.nformats = read_int16(&r);
    m.formats = read_bytes(&r, (size_t)m.nformats * 2).data;
    m.nparams = read_int16(&r);
    m.params = read_params(&r, m.nparams);
    m.nresults = read_int16(&r);
    m.results = read_bytes(&r, (size_t)m.nresults * 2).data;
    if (read_done(&r, err) != 0)
        return -1;
    if (m.nformats > 1 && m.nformats != m.nparams)
        return err_set(err, SQLSTATE_PROTOCOL_VIOLATION,
                       "bind message has %u parameter formats but %u parameters", m.nformats,
                       m.nparams);
    *ret = m;
    return 0;
}

static int format_of(uint16_t n, const char *formats, uint16_t i)
{
    if (n == 0)
        return 0;
    if (n == 1)
        i = 0;
    return i < n ? load16(formats + (size_t)i * 2) : 0;
}

int msg_bind_param_format(const struct msg_bind *m, uint16_t i)
{
    return format_of(m->nformats, m->formats, i);
}

int msg_bind_result_format(const struct msg_bind *m, uint16_t i)
{
    return format_of(m->nresults, m->results, i);
}

struct slice msg_bind_next(struct slice *cursor)
{
    if (cursor->len < 4)
        return (struct slice){NULL, 0};
    uint32_t len = load32(cursor->data);
    cursor->data += 4;
    cursor->len -= 4;
    if (len == UINT32_MAX || len > cursor->len)
        return (struct slice){NULL, 0};
    struct slice value = {cursor->data, len};
    cursor->data += len;
    cursor->len -= len;
    return value;
}

int msg_read_target(struct slice body, struct msg_target *ret, struct err *err)
{
    struct reader r = reader_of(body);
    struct msg_target m = {.what = (char)read_byte(&r)};
    m.name = read_string(&r);
    if (read_done(&r, err) != 0)
        return -1;
    if (m.what != 'S' && m.what != 'P')
        return err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "invalid message subtype %d",
                       (unsigned char)m.what);
    *ret = m;
    return 0;
}

int msg_read_execute(struct slice body, struct msg_execute *ret, struct err *err)
{
    struct reader r = reader_of(body);
    struct msg_execute m = {.portal = read_string(&r)};
    m.max_rows = read_int32(&r);
    if (read_done(&r, err) != 0)
        return -1;
    *ret = m;
    return 0;
}

int msg_read_sasl_initial(struct slice body, struct msg_sasl_initial *ret, struct err *err)
{
    struct reader r = reader_of(body);
    struct msg_sasl_initial m = {.mechanism = read_string(&r)};
    uint32_t len = read_int32(&r);
    if (len != UINT32_MAX)
        m.data = read_bytes(&r, len);
    if (read_done(&r, err) != 0)
        return -1;
    *ret = m;
    return 0;
}

int msg_read_password(struct slice body, struct slice *ret, struct err *err)
{
    struct reader r = reader_of(body);
    struct slice password = read_string(&r);
    if (read_done(&r, err) != 0)
        return -1;
    *ret = password;
    return 0;
}

int msg_read_function(struct slice body, struct msg_function *ret, struct err *err)
{
    struct reader r = reader_of(body);
    struct msg_function m = {.oid = read_int32(&r)};
    m.nformats = read_int16(&r);
    m.formats = read_bytes(&r, (size_t)m.nformats * 2).data;
    m.nargs = read_int16(&r);
    m.args = read_params(&r, m.nargs);
    m.result_format = read_int16(&r);
    if (read_done(&r, err) != 0)
        return -1;
    if (m.nformats > 1 && m.nformats != m.nargs)
        return err_set(err, SQLSTATE_PROTOCOL_VIOLATION,
                       "function call message contains %u argument formats but %u arguments",
                       m.nformats, m.nargs);
    *ret = m;
    return 0;
}

int msg_read_copy_fail(struct slice body, struct slice *ret_reason, struct err *err)
{
    struct reader r = reader_of(body);
    struct slice reason = read_string(&r);
    if (read_done(&r, err) != 0)
        return -1;
    *ret_reason = reason;
    return 0;
}

/* -- backend messages -- */

#define SEVERITY_BYTES 16

static int parse_position(struct slice text)
{
    int v = 0;
    for (size_t i = 0; i < text.len && i < 9; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return 0;
        v = v * 10 + (text.data[i] - '0');
    }
    return v;
}

/* One field of an ErrorResponse; fields that a struct err has no place for are skipped. */
static void take_field(struct err *e, char code, struct slice text)
{
    const struct {
        char code;
        char *field;
        size_t size;
    } fields[] = {
        {'C', e->sqlstate, sizeof(e->sqlstate)},     {'M', e->message, sizeof(e->message)},
        {'D', e->detail, sizeof(e->detail)},         {'H', e->hint, sizeof(e->hint)},
        {'s', e->schema, sizeof(e->schema)},         {'t', e->table, sizeof(e->table)},
        {'c', e->column, sizeof(e->column)},         {'d', e->datatype, sizeof(e->datatype)},
        {'n', e->constraint, sizeof(e->constraint)},
    };
    if (code == 'P')
        e->position = parse_position(text);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (fields[i].code == code)
            err_copy_text(fields[i].field, fields[i].size, text.data, text.len);
}

int msg_read_error(struct slice body, struct err *ret, char *ret_severity)
{
    struct reader r = reader_of(body);
    struct err e;
    char severity[SEVERITY_BYTES] = "";
    bool have_v = false;
    err_reset(&e);
    for (char code; (code = (char)read_byte(&r)) != 0;) {
        struct slice text = read_string(&r);
        if (code == 'V' || (code == 'S' && !have_v))
            err_copy_text(severity, sizeof(severity), text.data, text.len);
        have_v = have_v || code == 'V';
        take_field(&e, code, text);
    }
    if (read_done(&r, NULL) != 0)
        return -1;
    /* some proxies in between send errors without a code: never let that read as "no error" */
    if (strlen(e.sqlstate) != 5)
        memcpy(e.sqlstate, SQLSTATE_INTERNAL_ERROR, sizeof(e.sqlstate));
    if (severity[0] == '\0')
        memcpy(severity, "ERROR", sizeof("ERROR"));
    *ret = e;
    memcpy(ret_severity, severity, sizeof(severity));
    return 0;
}

int msg_read_parameter_status(struct slice body, struct msg_parameter_status *ret)
{
    struct reader r = reader_of(body);
    struct msg_parameter_status m = {.name = read_string(&r)};
    m.value = read_string(&r);
    if (read_done(&r, NULL) != 0)
        return -1;
    *ret = m;
    return 0;
}
