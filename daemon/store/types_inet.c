/* types_inet.c: inet, cidr, macaddr and macaddr8 in text and binary; see inet.h. */
#include "daemon/store/inet.h"
#include "daemon/store/types_impl.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int keep(const void *bytes, size_t len, struct buf *scratch, struct slice *ret,
                struct err *err)
{
    size_t at = buf_len(scratch);
    if (buf_append(scratch, bytes, len) < 0)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    *ret = (struct slice){buf_peek(scratch).data + at, len};
    return 0;
}

static int keep_inet(const struct inet *v, struct buf *scratch, struct slice *ret, struct err *err)
{
    unsigned char stored[INET_STORED_MAX];
    return keep(stored, inet_pack(v, stored), scratch, ret, err);
}

static int damaged(struct err *err)
{
    return err_set(err, SQLSTATE_INTERNAL_ERROR, "a stored address has the wrong form");
}

static const char *name_of(uint32_t oid)
{
    return oid == TYPES_INET      ? "inet"
           : oid == TYPES_CIDR    ? "cidr"
           : oid == TYPES_MACADDR ? "macaddr"
                                  : "macaddr8";
}

/* -- reading; what is at the end of a slice reads as 0 -- */

static char peek(struct slice s)
{
    return s.len > 0 ? s.data[0] : '\0';
}

static void skip(struct slice *s)
{
    s->data++;
    s->len--;
}

static bool at_digit(struct slice s)
{
    return isdigit((unsigned char)peek(s));
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

/* Digits up to the first that is none.  False: there is none, or more than ${max}. */
static bool take_number(struct slice *s, int max, int *ret)
{
    *ret = 0;
    if (!at_digit(*s))
        return false;
    for (; at_digit(*s); skip(s)) {
        *ret = *ret * 10 + (peek(*s) - '0');
        if (*ret > max)
            return false;
    }
    return true;
}

/* Likewise the whole of ${s}, without leading zeros, as masks of IPv6 are read. */
static bool only_number(struct slice s, int max, int *ret)
{
    bool zero = s.len > 1 && s.data[0] == '0';
    return take_number(&s, max, ret) && s.len == 0 && !zero;
}

/* Octets with dots between them; how many, -1: it is no such thing.  ${lax}: a dot may be the
 * last. */
static int take_octets(struct slice *s, bool lax, unsigned char *ret)
{
    for (int n = 0;;) {
        int octet;
        if (n == 4 || !take_number(s, 255, &octet))
            return -1;
        ret[n++] = (unsigned char)octet;
        if (peek(*s) != '.')
            return n;
        skip(s);
        if (lax && !at_digit(*s))
            return n;
    }
}

/* Half bytes from the left, as cidr takes them. */
static int take_hex(struct slice *s, unsigned char *ret)
{
    int n = 0;
    for (; hex_digit(peek(*s)) >= 0; skip(s), n++) {
        if (n == 8)
            return -1;
        ret[n / 2] |= (unsigned char)(hex_digit(peek(*s)) << (n % 2 == 0 ? 4 : 0));
    }
    return (n + 1) / 2;
}

/* The mask of a network given by so many octets: by its class, but never less than the octets. */
static int class_bits(const unsigned char *address, int octets)
{
    int first = address[0];
    int bits = first >= 240 ? 32 : first >= 224 ? 8 : first >= 192 ? 24 : first >= 128 ? 16 : 8;
    if (bits < octets * 8)
        bits = octets * 8;
    return bits == 8 && first == 224 ? 4 : bits;
}

static bool mask_4(struct slice *s, int *ret)
{
    if (peek(*s) != '/')
        return s->len == 0;
    skip(s);
    return take_number(s, 32, ret) && s->len == 0;
}

static bool cidr_4(struct slice s, struct inet *v)
{
    bool hex = s.len > 2 && s.data[0] == '0' && (s.data[1] == 'x' || s.data[1] == 'X') &&
               hex_digit(s.data[2]) >= 0;
    int octets;
    if (hex) {
        skip(&s);
        skip(&s);
        octets = take_hex(&s, v->address);
    } else {
        octets = take_octets(&s, false, v->address);
    }
    v->bits = -1;
    if (octets < 0 || !mask_4(&s, &v->bits))
        return false;
    if (v->bits < 0)
        v->bits = class_bits(v->address, octets);
    return true;
}

/* An address of fewer than four octets needs a mask, and none of more bits than it has. */
static bool inet_4(struct slice s, struct inet *v)
{
    int octets = take_octets(&s, true, v->address);
    v->bits = -1;
    if (octets < 0 || !mask_4(&s, &v->bits))
        return false;
    if (v->bits < 0 && octets == 4)
        v->bits = 32;
    return v->bits >= 0 && v->bits / 8 <= octets;
}

/* The IPv4 address at the end of an IPv6 one, mask included; fewer octets are let pass. */
static bool dotted_end(struct slice s, unsigned char *ret, int *ret_bits)
{
    for (int n = 0; n < 4; n++) {
        bool zero = s.len > 1 && s.data[0] == '0' && isdigit((unsigned char)s.data[1]);
        int octet = 0; /* also where there is none before a dot */
        if (zero || s.len == 0 || (at_digit(s) && !take_number(&s, 255, &octet)))
            return false;
        ret[n] = (unsigned char)octet;
        if (s.len == 0)
            return true;
        char c = peek(s);
        skip(&s);
        if (c == '/')
            return only_number(s, 128, ret_bits);
        if (c != '.')
            return false;
    }
    return false;
}

/* One group of hexadecimal digits, 1 to 4. */
static bool take_group(struct slice *s, unsigned char ret[2])
{
    unsigned value = 0;
    int n = 0;
    for (; hex_digit(peek(*s)) >= 0; skip(s), n++)
        value = value << 4 | (unsigned)hex_digit(peek(*s));
    ret[0] = (unsigned char)(value >> 8);
    ret[1] = (unsigned char)value;
    return n >= 1 && n <= 4;
}

/* The bytes that were read before and after `::`, if ${gap} >= 0, to their places. */
static bool place(struct inet *v, const unsigned char *read, int n, int gap)
{
    if (gap < 0 ? n != 16 : n == 16)
        return false;
    if (gap < 0)
        gap = n;
    memcpy(v->address, read, (size_t)gap);
    memcpy(v->address + 16 - (n - gap), read + gap, (size_t)(n - gap));
    return true;
}

static bool inet_6(struct slice s, struct inet *v)
{
    unsigned char read[16] = {0};
    int n = 0, gap = -1;
    v->bits = 128;
    if (s.len >= 2 && s.data[0] == ':' && s.data[1] != ':')
        return false;
    if (peek(s) == ':')
        skip(&s);
    while (s.len > 0) {
        struct slice token = s;
        if (peek(s) == ':') { /* the second of two */
            if (gap >= 0)
                return false;
            gap = n;
            skip(&s);
            continue;
        }
        if (peek(s) == '/') {
            skip(&s);
            return only_number(s, 128, &v->bits) && place(v, read, n, gap);
        }
        if (n > 14 || (peek(s) != '.' && !take_group(&s, read + n)))
            return false;
        if (peek(s) == '.') {
            if (n > 12 || !dotted_end(token, read + n, &v->bits))
                return false;
            n += 4;
            break;
        }
        n += 2;
        if (peek(s) == ':' && s.len == 1)
            return false;
        if (peek(s) == ':')
            skip(&s);
        else if (s.len > 0 && peek(s) != '/')
            return false;
    }
    return place(v, read, n, gap);
}

static bool host_bits(const struct inet *v)
{
    struct inet network = *v;
    inet_clear_host(&network, v->bits);
    return memcmp(network.address, v->address, sizeof v->address) != 0;
}

static int network_input(uint32_t oid, struct slice text, struct buf *scratch, struct slice *ret,
                         struct err *err)
{
    struct inet v = {.family = INET_FAMILY_4};
    bool good;
    if (text.len > 0 && memchr(text.data, ':', text.len) != NULL) {
        v.family = INET_FAMILY_6;
        good = inet_6(text, &v);
    } else {
        good = oid == TYPES_CIDR ? cidr_4(text, &v) : inet_4(text, &v);
    }
    if (!good)
        return types_bad_input(name_of(oid), text, err);
    if (oid == TYPES_CIDR && host_bits(&v)) {
        err_set(err, SQLSTATE_INVALID_TEXT_REPRESENTATION, "invalid cidr value: \"%.*s\"",
                (int)text.len, text.data);
        err_detail(err, "Value has bits set to right of mask.");
        return -1;
    }
    return keep_inet(&v, scratch, ret, err);
}

/* -- hardware addresses -- */

#define SCAN(form) (sscanf(text, form, o, o + 1, o + 2, o + 3, o + 4, o + 5, junk) == 6)

/* The forms of a macaddr; what is not blank behind it would be junk. */
static bool scan_macaddr(const char *text, unsigned o[6])
{
    char junk[2];
    return SCAN("%x:%x:%x:%x:%x:%x%1s") || SCAN("%x-%x-%x-%x-%x-%x%1s") ||
           SCAN("%2x%2x%2x:%2x%2x%2x%1s") || SCAN("%2x%2x%2x-%2x%2x%2x%1s") ||
           SCAN("%2x%2x.%2x%2x.%2x%2x%1s") || SCAN("%2x%2x-%2x%2x-%2x%2x%1s") ||
           SCAN("%2x%2x%2x%2x%2x%2x%1s");
}

static int macaddr_input(struct slice text, struct buf *scratch, struct slice *ret, struct err *err)
{
    char *copy = strndup(text.data ? text.data : "", text.len);
    unsigned o[6] = {0};
    unsigned char bytes[6];
    if (copy == NULL)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    bool good = scan_macaddr(copy, o);
    free(copy);
    if (!good)
        return types_bad_input("macaddr", text, err);
    for (int i = 0; i < 6; i++) {
        if (o[i] > 255)
            return err_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE,
                           "invalid octet value in \"macaddr\" value: \"%.*s\"", (int)text.len,
                           text.data);
        bytes[i] = (unsigned char)o[i];
    }
    return keep(bytes, sizeof bytes, scratch, ret, err);
}

static struct slice skip_blanks(struct slice s)
{
    while (s.len > 0 && isspace((unsigned char)s.data[0]))
        skip(&s);
    return s;
}

/* Six bytes become eight with ff:fe in their middle. */
static void widen(unsigned char b[8])
{
    memmove(b + 5, b + 3, 3);
    b[3] = 0xff;
    b[4] = 0xfe;
}

/* Pairs of digits, between any two of them the same sign or none; a last character alone is not
 * looked at. */
static int macaddr8_input(struct slice text, struct buf *scratch, struct slice *ret,
                          struct err *err)
{
    struct slice s = skip_blanks(text);
    unsigned char bytes[8] = {0};
    char between = '\0';
    int n = 0;
    bool good = true;
    while (good && s.len > 1) {
        int high = hex_digit(s.data[0]), low = hex_digit(s.data[1]);
        if (n == 8 || high < 0 || low < 0)
            return types_bad_input("macaddr8", text, err);
        bytes[n++] = (unsigned char)(high << 4 | low);
        skip(&s);
        skip(&s);
        if (s.len > 0 && strchr(":-.", s.data[0]) != NULL) {
            good = between == '\0' || between == s.data[0];
            between = s.data[0];
            skip(&s);
        }
        if ((n == 6 || n == 8) && isspace((unsigned char)peek(s))) {
            s = skip_blanks(s);
            good = good && s.len == 0;
        }
    }
    if (!good || (n != 6 && n != 8))
        return types_bad_input("macaddr8", text, err);
    if (n == 6)
        widen(bytes);
    return keep(bytes, sizeof bytes, scratch, ret, err);
}

int inet_input(uint32_t oid, struct slice text, struct buf *scratch, struct slice *ret,
               struct err *err)
{
    if (oid == TYPES_MACADDR)
        return macaddr_input(text, scratch, ret, err);
    if (oid == TYPES_MACADDR8)
        return macaddr8_input(text, scratch, ret, err);
    return network_input(oid, text, scratch, ret, err);
}

int inet_output(uint32_t oid, struct slice stored, struct buf *out, struct err *err)
{
    struct inet v;
    char text[4];
    if (oid == TYPES_MACADDR || oid == TYPES_MACADDR8) {
        for (size_t i = 0; i < stored.len; i++) {
            snprintf(text, sizeof text, ":%02x", (unsigned char)stored.data[i]);
            buf_append(out, i == 0 ? text + 1 : text, i == 0 ? 2 : 3);
        }
        return 0;
    }
    if (!inet_unpack(stored, &v))
        return damaged(err);
    inet_print(&v, oid == TYPES_CIDR || v.bits != inet_max_bits(&v), out);
    return 0;
}

/* -- binary: the family, bits of the mask, is it cidr?, bytes of the address, the address -- */

int inet_send(uint32_t oid, struct slice stored, struct buf *out, struct err *err)
{
    struct inet v;
    if (oid == TYPES_MACADDR || oid == TYPES_MACADDR8) {
        buf_append(out, stored.data, stored.len);
        return 0;
    }
    if (!inet_unpack(stored, &v))
        return damaged(err);
    char head[4] = {(char)v.family, (char)v.bits, oid == TYPES_CIDR, (char)inet_size(&v)};
    buf_append(out, head, sizeof head);
    buf_append(out, v.address, (size_t)inet_size(&v));
    return 0;
}

static int bad_external(uint32_t oid, const char *what, struct err *err)
{
    return err_set(err, SQLSTATE_INVALID_BINARY_REPRESENTATION,
                   "invalid %s in external \"%s\" value", what, name_of(oid));
}

static int no_data(struct err *err)
{
    return err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "no data left in message");
}

static int too_much(struct err *err)
{
    return err_set(err, SQLSTATE_INVALID_BINARY_REPRESENTATION, "incorrect binary data format");
}

static int macaddr_receive(uint32_t oid, struct slice data, struct buf *scratch, struct slice *ret,
                           struct err *err)
{
    unsigned char bytes[8];
    size_t want = oid == TYPES_MACADDR || data.len == 6 ? 6 : 8;
    if (data.len < want)
        return no_data(err);
    if (data.len > want)
        return too_much(err);
    memcpy(bytes, data.data, want);
    if (oid == TYPES_MACADDR)
        return keep(bytes, 6, scratch, ret, err);
    if (want == 6)
        widen(bytes);
    return keep(bytes, 8, scratch, ret, err);
}

int inet_receive(uint32_t oid, struct slice data, struct buf *scratch, struct slice *ret,
                 struct err *err)
{
    struct inet v = {0};
    if (oid == TYPES_MACADDR || oid == TYPES_MACADDR8)
        return macaddr_receive(oid, data, scratch, ret, err);
    if (data.len < 1)
        return no_data(err);
    v.family = (unsigned char)data.data[0];
    if (v.family != INET_FAMILY_4 && v.family != INET_FAMILY_6)
        return bad_external(oid, "address family", err);
    if (data.len < 2)
        return no_data(err);
    v.bits = (unsigned char)data.data[1];
    if (v.bits > inet_max_bits(&v))
        return bad_external(oid, "bits", err);
    if (data.len < 4)
        return no_data(err);
    size_t size = (size_t)inet_size(&v);
    if ((unsigned char)data.data[3] != size)
        return bad_external(oid, "length", err);
    if (data.len - 4 < size)
        return no_data(err);
    memcpy(v.address, data.data + 4, size);
    if (oid == TYPES_CIDR && host_bits(&v)) {
        err_set(err, SQLSTATE_INVALID_BINARY_REPRESENTATION, "invalid external \"cidr\" value");
        err_detail(err, "Value has bits set to right of mask.");
        return -1;
    }
    if (data.len - 4 > size)
        return too_much(err);
    return keep_inet(&v, scratch, ret, err);
}
