/* The daemon's own settings, and what the parts of the build share. */
#include "conf/build.h"

#include "conf/file.h"
#include "conf/limits.h"
#include "conf/schema.h"
#include "conf/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

char *build_text(struct build *b, const char *text)
{
    return text ? conf_arena_text(b->arena, text, strlen(text)) : NULL;
}

static const struct tree_node *first_text(const struct tree_node *n)
{
    while (n && (n->kind != TREE_TEXT || n->null))
        n = n->next;
    return n;
}

const struct tree_node *build_first(const struct tree_node *list)
{
    if (!list || list->kind == TREE_MAPPING)
        return NULL;
    if (list->kind == TREE_TEXT)
        return list->null ? NULL : list;
    return first_text(list->first);
}

const struct tree_node *build_next(const struct tree_node *list, const struct tree_node *n)
{
    return list->kind == TREE_SEQUENCE ? first_text(n->next) : NULL;
}

size_t build_items(const struct tree_node *list)
{
    if (!list || list->kind == TREE_MAPPING)
        return 0;
    return list->kind == TREE_TEXT ? !list->null : list->count;
}

const char *build_file(struct build *b, const struct tree_node *n)
{
    return build_text(b, n->at.file->brief);
}

const char *build_nearest(struct build *b, const struct tree_node *map, const char *wrong)
{
    size_t n = 0;
    const char **names = map ? conf_arena_array(b->diag->arena, map->count, sizeof *names) : NULL;
    if (!names || map->kind != TREE_MAPPING)
        return "";
    for (const struct tree_node *c = map->first; c && n < 1000; c = c->next)
        names[n++] = c->name;
    return diag_nearest(b->diag, wrong, names, n);
}

/* -- listen -- */

static int parse_unix(struct build *b, const char *path, struct conf_listen *ret,
                      const char **ret_why)
{
    *ret_why = "the path after unix: is missing";
    if (!*path)
        return -1;
    ret->unix_path = conf_file_below(b->arena, b->dir, path);
    *ret_why = "the path of a unix socket must not be longer than 107 bytes";
    return ret->unix_path && strlen(ret->unix_path) < sizeof((struct sockaddr_un *)0)->sun_path
               ? 0
               : -1;
}

static bool is_host(const char *host)
{
    const char *legal = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    size_t len = strlen(host);
    return len > 0 && len < 256 && strspn(host, legal) == len;
}

static int parse_tcp(struct build *b, const char *text, struct conf_listen *ret,
                     const char **ret_why)
{
    struct in6_addr v6;
    uint64_t port;
    const char *colon = strrchr(text, ':');
    bool bracket = text[0] == '[';
    *ret_why = "it must be host:port, [v6]:port or unix:/path";
    if (!colon || colon == text)
        return -1;
    size_t len = (size_t)(colon - text);
    char *host = bracket ? conf_arena_text(b->arena, text + 1, len > 1 ? len - 2 : 0)
                         : conf_arena_text(b->arena, text, len);
    if (!host || (bracket && text[len - 1] != ']'))
        return -1;
    if (!bracket && strchr(host, ':')) {
        *ret_why = "an IPv6 address stands in brackets, as in [::1]:6432";
        return -1;
    }
    if (strcmp(host, "*") == 0) {
        *ret_why = "all addresses are 0.0.0.0 and [::]";
        return -1;
    }
    if (bracket ? inet_pton(AF_INET6, host, &v6) != 1 : !is_host(host)) {
        *ret_why = "the host is not valid";
        return -1;
    }
    *ret_why = "the port must be a number from 1 to 65535";
    if (unit_number(colon + 1, &port) < 0 || port < 1 || port > UINT16_MAX)
        return -1;
    ret->host = host;
    ret->port = (uint16_t)port;
    return 0;
}

static bool same_listen(const struct conf_listen *a, const struct conf_listen *b)
{
    if (a->unix_path || b->unix_path)
        return a->unix_path && b->unix_path && strcmp(a->unix_path, b->unix_path) == 0;
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

static void add_listen(struct build *b, const char *text, const struct tree_node *n)
{
    struct conf *c = b->conf;
    struct conf_listen entry = {0};
    const char *why;
    int rc = strncmp(text, "unix:", 5) == 0 ? parse_unix(b, text + 5, &entry, &why)
                                            : parse_tcp(b, text, &entry, &why);
    if (rc < 0) {
        if (n)
            tree_fault(b->diag, n, "invalid address %s: %s", diag_quote(b->diag, text), why);
        return;
    }
    for (size_t i = 0; i < c->nlisten; i++) {
        if (same_listen(&c->listen[i], &entry)) {
            tree_fault(b->diag, n, "%s is given twice", diag_quote(b->diag, text));
            return;
        }
    }
    c->listen[c->nlisten++] = entry;
}

static void build_listen(struct build *b)
{
    const struct tree_node *list = tree_get(b->root, "listen");
    size_t n = build_items(list);
    if (n > LIMIT_LISTENERS) {
        tree_fault(b->diag, list, "too many addresses: at most %d", LIMIT_LISTENERS);
        return;
    }
    b->conf->listen = conf_arena_array(b->arena, n + 1, sizeof b->conf->listen[0]);
    if (!b->conf->listen)
        return;
    if (!list)
        add_listen(b, schema_find("listen")->fallback, NULL);
    for (const struct tree_node *i = build_first(list); i; i = build_next(list, i))
        add_listen(b, i->text, i);
}

/* -- tls, clients, workers, log -- */

static char *readable_path(struct build *b, const struct tree_node *map, const char *key)
{
    const char *text = tree_text(map, key);
    char *path = text ? conf_file_below(b->arena, b->dir, text) : NULL;
    if (path && access(path, R_OK) < 0)
        tree_fault(b->diag, tree_get(map, key), "could not read %s: %s", diag_path(b->diag, path),
                   strerror(errno));
    return path;
}

static void build_tls(struct build *b)
{
    const struct tree_node *tls = tree_get(b->root, "tls"), *mode = tree_get(tls, "mode");
    b->conf->tls.mode = (enum conf_tls_mode)schema_value("tls.mode", mode);
    b->conf->tls.certificate = readable_path(b, tls, "certificate");
    b->conf->tls.key = readable_path(b, tls, "key");
    bool certificate = tree_get(tls, "certificate"), key = tree_get(tls, "key");
    if (b->conf->tls.mode != CONF_TLS_OFF && (!certificate || !key))
        tree_fault(b->diag, mode, "this mode needs a certificate and a key");
    else if (certificate != key)
        tree_fault_name(b->diag, tls, "a certificate and its key are given together");
    else if (certificate && !mode)
        tree_fault_name(b->diag, tls, "a certificate needs a mode: prefer or require (or off)");
}

void build_daemon(struct build *b)
{
    const struct tree_node *log = tree_get(b->root, "log");
    build_listen(b);
    build_tls(b);
    b->conf->workers = (uint32_t)schema_value("workers", tree_get(b->root, "workers"));
    const struct tree_node *clients = tree_get(b->root, "clients");
    b->conf->clients.login_timeout_ms =
        (uint32_t)schema_value("clients.login_timeout", tree_get(clients, "login_timeout"));
    b->conf->clients.handshakes =
        (uint32_t)schema_value("clients.handshakes", tree_get(clients, "handshakes"));
    b->conf->clients.idle_timeout_ms =
        (uint32_t)schema_value("clients.idle_timeout", tree_get(clients, "idle_timeout"));
    b->conf->log.level = (int)schema_value("log.level", tree_get(log, "level"));
    b->conf->log.json = schema_value("log.format", tree_get(log, "format")) == 1;
}
