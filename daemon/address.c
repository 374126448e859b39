#include "daemon/address.h"

#include "protocol/buf.h"
#include "protocol/sqlstate.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <stdlib.h>

#define ADDRESS_LIST_BYTES 16384

void address_release(struct address *a)
{
    free(a->host);
    free(a->port);
    free(a->hostaddr);
    *a = (struct address){0};
}

static const char *option(const PQconninfoOption *o, const char *keyword)
{
    for (; o->keyword; o++)
        if (strcmp(o->keyword, keyword) == 0)
            return o->val && o->val[0] ? o->val : NULL;
    return NULL;
}

static bool is_numeric(const char *host)
{
    unsigned char raw[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, raw) == 1 || inet_pton(AF_INET6, host, raw) == 1;
}

/* The first address of ${host} as text; false: it has none now. */
static bool lookup(const char *host, char *ret, size_t size)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *list;
    if (getaddrinfo(host, NULL, &hints, &list) != 0)
        return false;
    bool ok = getnameinfo(list->ai_addr, list->ai_addrlen, ret, (socklen_t)size, NULL, 0,
                          NI_NUMERICHOST) == 0;
    freeaddrinfo(list);
    return ok;
}

static void append(struct buf *b, bool first, const char *text, size_t len)
{
    if (!first)
        buf_append(b, ",", 1);
    buf_append(b, text, len);
}

/* The ${i}th entry of a comma separated list; a list of one serves for all. */
static struct slice entry(const char *list, size_t i)
{
    const char *p = list;
    if (!strchr(list, ','))
        i = 0;
    for (; i > 0 && p; i--) {
        p = strchr(p, ',');
        p = p ? p + 1 : NULL;
    }
    if (!p)
        return (struct slice){"", 0};
    return (struct slice){p, strcspn(p, ",")};
}

static size_t count(const char *list)
{
    size_t n = 1;
    for (const char *p = list; (p = strchr(p, ',')) != NULL; p++)
        n++;
    return n;
}

static int resolve_list(const char *hosts, const char *ports, size_t first, struct address *ret,
                        struct err *err)
{
    struct buf host, port, addr;
    buf_init(&host, ADDRESS_LIST_BYTES);
    buf_init(&port, ADDRESS_LIST_BYTES);
    buf_init(&addr, ADDRESS_LIST_BYTES);
    size_t kept = 0, n = count(hosts);
    for (size_t k = 0; k < n; k++) {
        size_t i = (first % n + k) % n;
        char name[256], found[INET6_ADDRSTRLEN + 32] = "";
        struct slice given = entry(hosts, i);
        if (given.len >= sizeof(name))
            continue;
        memcpy(name, given.data, given.len);
        name[given.len] = '\0';
        bool local = given.len == 0 || name[0] == '/' || name[0] == '@';
        if (!local && !lookup(name, found, sizeof(found)))
            continue;
        struct slice number = entry(ports, i);
        append(&host, kept == 0, name, given.len);
        append(&port, kept == 0, number.data, number.len);
        append(&addr, kept == 0, found, strlen(found));
        kept++;
    }
    ret->host = buf_take_text(&host);
    ret->port = buf_take_text(&port);
    ret->hostaddr = buf_take_text(&addr);
    if (kept == 0)
        return err_set(err, SQLSTATE_CONNECTION_FAILURE, "could not resolve host \"%s\"", hosts);
    if (!ret->host || !ret->port || !ret->hostaddr)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    return 0;
}

static bool needs_lookup(const char *hosts)
{
    return strchr(hosts, ',') || (hosts[0] != '/' && hosts[0] != '@' && !is_numeric(hosts));
}

int address_resolve(const char *conninfo, size_t first, struct address *ret, struct err *err)
{
    char *text = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &text);
    if (!options) {
        err_set(err, SQLSTATE_CONNECTION_FAILURE, "invalid connection string: %s",
                text ? text : "out of memory");
        PQfreemem(text);
        return -1;
    }
    *ret = (struct address){0};
    const char *hosts = option(options, "host"), *ports = option(options, "port");
    int result = 0;
    if (hosts && !option(options, "hostaddr") && needs_lookup(hosts)) {
        result = resolve_list(hosts, ports ? ports : "", first, ret, err);
        if (result != 0)
            address_release(ret);
    }
    PQconninfoFree(options);
    return result;
}
