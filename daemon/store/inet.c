/* inet.c: values of inet and cidr; see inet.h. */
#include "daemon/store/inet.h"

#include <stdio.h>
#include <string.h>

bool inet_is_type(uint32_t oid)
{
    return oid == TYPES_INET || oid == TYPES_CIDR || oid == TYPES_MACADDR || oid == TYPES_MACADDR8;
}

int inet_size(const struct inet *v)
{
    return v->family == INET_FAMILY_4 ? 4 : 16;
}

int inet_max_bits(const struct inet *v)
{
    return inet_size(v) * 8;
}

static unsigned char mask_byte(int bits, int i)
{
    int left = bits - 8 * i;
    return (unsigned char)(left >= 8 ? 0xff : left <= 0 ? 0 : 0xff << (8 - left));
}

void inet_clear_host(struct inet *v, int bits)
{
    for (int i = 0; i < 16; i++)
        v->address[i] &= mask_byte(bits, i);
}

void inet_set_host(struct inet *v, int bits)
{
    for (int i = 0; i < inet_size(v); i++)
        v->address[i] |= (unsigned char)~mask_byte(bits, i);
}

int inet_common(const struct inet *a, const struct inet *b, int max)
{
    int n = 0;
    while (n < max && ((a->address[n / 8] ^ b->address[n / 8]) & 0x80 >> n % 8) == 0)
        n++;
    return n;
}

bool inet_unpack(struct slice stored, struct inet *ret)
{
    *ret = (struct inet){0};
    if (stored.len != 10 && stored.len != INET_STORED_MAX)
        return false;
    size_t size = (stored.len - 2) / 2;
    ret->family = stored.data[0];
    ret->bits = (unsigned char)stored.data[1 + size];
    memcpy(ret->address, stored.data + 2 + size, size);
    return ret->family == (size == 4 ? INET_FAMILY_4 : INET_FAMILY_6) &&
           ret->bits <= inet_max_bits(ret);
}

size_t inet_pack(const struct inet *v, unsigned char ret[INET_STORED_MAX])
{
    struct inet network = *v;
    size_t size = (size_t)inet_size(v);
    inet_clear_host(&network, v->bits);
    ret[0] = (unsigned char)v->family;
    memcpy(ret + 1, network.address, size);
    ret[1 + size] = (unsigned char)v->bits;
    memcpy(ret + 2 + size, v->address, size);
    return 2 + 2 * size;
}

/* -- text -- */

static void print_4(const unsigned char *a, struct buf *out)
{
    char text[20];
    int n = snprintf(text, sizeof text, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
    buf_append(out, text, (size_t)n);
}

static unsigned word_of(const unsigned char *a, int i)
{
    return (unsigned)a[2 * i] << 8 | a[2 * i + 1];
}

/* The first of the longest runs of zero words; runs of one do not count. */
static void zero_run(const unsigned char *a, int *ret_start, int *ret_len)
{
    *ret_start = -1;
    *ret_len = 0;
    for (int i = 0; i < 8; i++) {
        int n = 0;
        while (i + n < 8 && word_of(a, i + n) == 0)
            n++;
        if (n >= 2 && n > *ret_len) {
            *ret_start = i;
            *ret_len = n;
        }
        i += n;
    }
}

static void print_6(const unsigned char *a, struct buf *out)
{
    int start, len;
    char text[8];
    zero_run(a, &start, &len);
    bool dotted = start == 0 && (len == 6 || (len == 7 && word_of(a, 7) != 1) ||
                                 (len == 5 && word_of(a, 5) == 0xffff));
    for (int i = 0; i < 8; i++) {
        if (i == start) {
            buf_append(out, "::", 2);
            i += len - 1;
            continue;
        }
        if (i > 0 && i != start + len)
            buf_append(out, ":", 1);
        if (i == 6 && dotted) {
            print_4(a + 12, out);
            return;
        }
        int n = snprintf(text, sizeof text, "%x", word_of(a, i));
        buf_append(out, text, (size_t)n);
    }
}

void inet_print(const struct inet *v, bool mask, struct buf *out)
{
    char text[8];
    if (v->family == INET_FAMILY_4)
        print_4(v->address, out);
    else
        print_6(v->address, out);
    if (mask) {
        int n = snprintf(text, sizeof text, "/%d", v->bits);
        buf_append(out, text, (size_t)n);
    }
}
