/* inet.h: network and hardware addresses as the store keeps them, and PostgreSQL's rules for them.
 *
 * inet and cidr are kept as a blob: the family (2: IPv4, 3: IPv6), the network (the bits of the
 * address under the mask, others 0), the length of the mask, the whole address.  The bytes of these
 * sort as the values do, and equal values are equal blobs.  macaddr and macaddr8 are their 6 and 8
 * bytes.  Pure: no SQLite here. */
#pragma once

#include "daemon/store/types.h"

enum { INET_FAMILY_4 = 2, INET_FAMILY_6 = 3, INET_STORED_MAX = 34 };

struct inet {
    int family;
    int bits; /* of the mask */
    unsigned char address[16];
};

bool inet_is_type(uint32_t oid);     /* inet, cidr, macaddr, macaddr8 */
int inet_size(const struct inet *v); /* bytes of the address */
int inet_max_bits(const struct inet *v);
bool inet_unpack(struct slice stored, struct inet *ret);
/* Bytes used in ${ret}. */
size_t inet_pack(const struct inet *v, unsigned char ret[INET_STORED_MAX]);
/* The bits behind the first ${bits} set to 0, to 1. */
void inet_clear_host(struct inet *v, int bits);
void inet_set_host(struct inet *v, int bits);
/* How many leading bits both have in common, at most ${max}. */
int inet_common(const struct inet *a, const struct inet *b, int max);
/* `10.1.2.3`, with `/24` behind it when ${mask}; appended. */
void inet_print(const struct inet *v, bool mask, struct buf *out);

/* -- text and binary, by types.c: of any of the four types -- */
int inet_input(uint32_t oid, struct slice text, struct buf *scratch, struct slice *ret,
               struct err *err) MUSTCHECK;
int inet_output(uint32_t oid, struct slice stored, struct buf *out, struct err *err) MUSTCHECK;
int inet_send(uint32_t oid, struct slice stored, struct buf *out, struct err *err) MUSTCHECK;
int inet_receive(uint32_t oid, struct slice data, struct buf *scratch, struct slice *ret,
                 struct err *err) MUSTCHECK;
