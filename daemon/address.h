/* address.h: the hosts of a conninfo, resolved, so that libpq never resolves names on the loop. */
#pragma once

#include "protocol/err.h"

struct address { /* lists as libpq takes them, one entry for each host; all NULL: nothing to resolve
                  */
    char *host;
    char *port;
    char *hostaddr;
};

/* Blocking.  Hosts that have no address now are left out; -1: 08006 when none has, or the conninfo
 * is no conninfo.  Of several hosts, number ${first} (modulo) begins the lists. */
int address_resolve(const char *conninfo, size_t first, struct address *ret, struct err *err) MUSTCHECK;
void address_release(struct address *a);
