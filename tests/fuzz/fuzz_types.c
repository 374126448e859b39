/* link: store */
/* Any bytes as the text and as the binary form of a value of each type.
 *
 * Looked for, beside crashes: an error that says the fault is ours (XX000); a value whose text or binary form is not
 * read again as that value; a typmod that, applied twice, is not what it is once. */
#include "daemon/store/compare.h"
#include "daemon/store/types.h"
#include "policy/policy.h"
#include "protocol/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

struct one {
    struct types_session session;
    const struct types_info *type;
    int32_t typmod;
};

__attribute__((format(printf, 2, 3), noreturn)) static void wrong(const struct one *o, const char *format,
                                                                 ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", o->type->name);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    abort();
}

static int passed(const struct one *o, int rc, const struct err *err)
{
    bool ours = rc < 0 && strcmp(err->sqlstate, "XX000") == 0 &&
                strncmp(err->message, "unsupported json", 16) != 0; /* which PostgreSQL says so too */
    if (rc < 0 && (strlen(err->sqlstate) != 5 || ours))
        wrong(o, "%s %s", err->sqlstate, err->message);
    return rc;
}

static bool same(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static void must_compare(const struct one *o, const struct types_value *a, const struct types_value *b)
{
    if (compare_values(NULL, o->type->oid, a, b) != 0)
        wrong(o, "a value that is not itself");
}

static void check_text(const struct one *o, const struct types_value *v, struct slice text)
{
    struct types_value again;
    struct err err = {0};
    struct buf scratch, out;
    buf_init(&scratch, (size_t)1 << 24);
    buf_init(&out, (size_t)1 << 24);
    if (types_input(&o->session, o->type->oid, -1, text, &scratch, &again, &err) < 0)
        wrong(o, "its own text: %.*s: %s %s", (int)text.len, text.data, err.sqlstate, err.message);
    must_compare(o, v, &again);
    if (types_output(&o->session, o->type->oid, -1, &again, &out, &err) < 0 || !same(text, buf_peek(&out)))
        wrong(o, "%.*s became %.*s", (int)text.len, text.data, (int)buf_len(&out), buf_peek(&out).data);
    buf_release(&scratch);
    buf_release(&out);
}

static void check_binary(const struct one *o, const struct types_value *v, struct slice text)
{
    struct types_value again;
    struct err err = {0};
    struct buf sent, scratch, out;
    buf_init(&sent, (size_t)1 << 24);
    buf_init(&scratch, (size_t)1 << 24);
    buf_init(&out, (size_t)1 << 24);
    if (passed(o, types_send(&o->session, o->type->oid, -1, v, &sent, &err), &err) == 0) {
        if (types_receive(&o->session, o->type->oid, buf_peek(&sent), &scratch, &again, &err) < 0)
            wrong(o, "its own binary form, of %.*s: %s %s", (int)text.len, text.data, err.sqlstate, err.message);
        must_compare(o, v, &again);
        if (types_output(&o->session, o->type->oid, -1, &again, &out, &err) < 0 || !same(text, buf_peek(&out)))
            wrong(o, "%.*s by its binary form is %.*s", (int)text.len, text.data, (int)buf_len(&out),
                  buf_peek(&out).data);
    }
    buf_release(&sent);
    buf_release(&scratch);
    buf_release(&out);
}

static void check_typmod(const struct one *o, const struct types_value *v)
{
    struct types_value once, twice;
    struct err err = {0};
    struct buf a, b;
    buf_init(&a, (size_t)1 << 24);
    buf_init(&b, (size_t)1 << 24);
    if (passed(o, types_apply_typmod(o->type->oid, o->typmod, true, v, &a, &once, &err), &err) == 0) {
        if (types_apply_typmod(o->type->oid, o->typmod, false, &once, &b, &twice, &err) < 0)
            wrong(o, "typmod %d: %s %s", o->typmod, err.sqlstate, err.message);
        must_compare(o, &once, &twice);
    }
    buf_release(&a);
    buf_release(&b);
}

static void check(const struct one *o, const struct types_value *v)
{
    struct err err = {0};
    struct buf text;
    if (v->kind == TYPES_KIND_NULL)
        wrong(o, "NULL");
    buf_init(&text, (size_t)1 << 24);
    if (passed(o, types_output(&o->session, o->type->oid, -1, v, &text, &err), &err) == 0) {
        check_text(o, v, buf_peek(&text));
        check_binary(o, v, buf_peek(&text));
    }
    if (o->typmod >= 0)
        check_typmod(o, v);
    buf_release(&text);
}

/* A typmod that a column of the type may have, or -1. */
static int32_t typmod_of(uint32_t oid, uint8_t how)
{
    switch (oid) {
    case TYPES_VARCHAR:
    case TYPES_BPCHAR:
        return how % 16 + 5;
    case TYPES_NUMERIC:
        return ((how % 12 + 1) << 16 | how / 16 % 12) + 4;
    case TYPES_TIME:
    case TYPES_TIMETZ:
    case TYPES_TIMESTAMP:
    case TYPES_TIMESTAMPTZ:
        return how % 7;
    default:
        return -1;
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    policy_thread_init();
    return 0;
}

static void try_type(struct one *o, struct slice bytes, bool binary)
{
    struct err err = {0};
    struct types_value v;
    struct buf scratch;
    if (!binary && types_text_check(bytes, &err) < 0)
        return;
    buf_init(&scratch, (size_t)1 << 24);
    int rc = binary ? types_receive(&o->session, o->type->oid, bytes, &scratch, &v, &err)
                    : types_input(&o->session, o->type->oid, -1, bytes, &scratch, &v, &err);
    if (passed(o, rc, &err) == 0)
        check(o, &v);
    buf_release(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const zones[] = {"UTC", "Europe/Vienna", "America/St_Johns", "+05:45"};
    struct slice bytes = {(const char *)data, size};
    uint8_t how = size > 0 ? data[size / 2] : 0;
    struct err err = {0};
    struct one o = {0};
    size_t n;
    const struct types_info *all = types_all(&n);
    types_session_init(&o.session);
    if (types_set_timezone(&o.session, zones[how % 4], &err) < 0)
        abort();
    o.session.bytea_escape = how & 4;
    o.session.interval_style = how / 8 % 3;
    for (size_t i = 0; i < n; i++) {
        o.type = &all[i];
        o.typmod = typmod_of(o.type->oid, how);
        if (types_supported(NULL, o.type->oid) && !types_is_reg(o.type->oid)) { /* no names here */
            try_type(&o, bytes, false);
            try_type(&o, bytes, true);
        }
    }
    types_session_release(&o.session);
    return 0;
}
