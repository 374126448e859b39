/* acl.c: see acl.h. */
#include "daemon/store/acl.h"

#include "daemon/store/array.h"
#include "daemon/store/ident.h"
#include "daemon/store/objects.h"
#include "protocol/sqlstate.h"

#include <ctype.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names[ACL_RIGHTS] = {
    "INSERT",  "SELECT", "UPDATE", "DELETE",    "TRUNCATE", "REFERENCES", "TRIGGER",
    "EXECUTE", "USAGE",  "CREATE", "TEMPORARY", "CONNECT",  "SET",        "ALTER SYSTEM",
};

/* By the letter of an object's kind: what the owner may do, and everybody. */
static const struct {
    char kind;
    const char *owner, *all;
} defaults[] = {
    {'c', "", ""},    {'r', "arwdDxt", ""}, {'s', "rwU", ""}, {'d', "CTc", "Tc"},
    {'f', "X", "X"},  {'l', "U", "U"},      {'L', "rw", ""},  {'n', "UC", ""},
    {'p', "sA", ""},  {'t', "C", ""},       {'F', "U", ""},   {'S', "U", ""},
    {'T', "U", "U"},
};

uint32_t acl_bits(const char *letters)
{
    uint32_t bits = 0;
    for (; *letters; letters++) {
        const char *at = strchr(ACL_LETTERS, *letters);
        bits |= at ? 1u << (at - ACL_LETTERS) : 0;
    }
    return bits;
}

const char *acl_right_name(int bit)
{
    return names[bit];
}

uint32_t acl_right(const char *name, size_t len)
{
    for (int i = 0; i < ACL_RIGHTS; i++)
        if (strlen(names[i]) == len && strncasecmp(name, names[i], len) == 0)
            return 1u << i;
    return len == 4 && strncasecmp(name, "TEMP", 4) == 0 ? acl_bits("T") : 0;
}

void acl_init(struct acl *a)
{
    *a = (struct acl){0};
}

void acl_release(struct acl *a)
{
    free(a->items);
    acl_init(a);
}

static void append(struct acl *a, const struct acl_item *item)
{
    if (a->n == a->cap) {
        size_t cap = a->cap ? a->cap * 2 : 8;
        struct acl_item *items = realloc(a->items, cap * sizeof *items);
        if (!items) {
            a->failed = true;
            return;
        }
        a->items = items;
        a->cap = cap;
    }
    a->items[a->n++] = *item;
}

static size_t kind_of(char kind)
{
    size_t i = 0, n = sizeof defaults / sizeof defaults[0];
    while (i < n && defaults[i].kind != kind)
        i++;
    return i;
}

bool acl_of_default(char kind, uint32_t owner, struct acl *ret)
{
    size_t i = kind_of(kind);
    acl_init(ret);
    if (i == sizeof defaults / sizeof defaults[0])
        return false;
    if (defaults[i].all[0])
        append(ret, &(struct acl_item){0, owner, acl_bits(defaults[i].all), 0});
    if (defaults[i].owner[0])
        append(ret, &(struct acl_item){owner, owner, acl_bits(defaults[i].owner), 0});
    return true;
}

uint32_t acl_all(char kind)
{
    return kind == 'c' ? acl_bits("arwx") : acl_bits(defaults[kind_of(kind)].owner);
}

/* -- text -- */

/* As it stands in a list of privileges; the number of one that there is not. */
static void print_role(struct store_context *c, uint32_t oid, struct buf *out)
{
    struct buf name;
    bool plain = true;
    buf_init(&name, 4096);
    if (oid != 0 && !objects_role(c, oid, &name))
        ident_format(&name, "%u", oid);
    for (const char *p = ident_text(&name); *p; p++)
        plain = plain && (isalnum((unsigned char)*p) || *p == '_');
    if (plain)
        ident_format(out, "%s", ident_text(&name));
    else
        buf_quote(out, ident_text(&name), '"');
    buf_release(&name);
}

void acl_write(struct store_context *c, const struct acl *a, struct buf *out)
{
    struct array array;
    struct buf text;
    array_init(&array);
    buf_init(&text, 4096);
    for (size_t i = 0; i < a->n; i++) {
        const struct acl_item *item = &a->items[i];
        buf_reset(&text);
        print_role(c, item->grantee, &text);
        ident_format(&text, "=");
        for (int bit = 0; bit < ACL_RIGHTS; bit++)
            if ((item->rights | item->options) & 1u << bit)
                ident_format(&text, "%c%s", ACL_LETTERS[bit], item->options & 1u << bit ? "*" : "");
        ident_format(&text, "/");
        print_role(c, item->grantor, &text);
        array_add(&array, buf_peek(&text));
    }
    array_flat(&array);
    if (array.failed || text.failed)
        buf_fail(out);
    array_write(&array, out);
    array_release(&array);
    buf_release(&text);
}

/* A role's name up to ${end}: 0 when it is empty. */
static int read_role(struct store_context *c, struct slice *rest, const char *end, uint32_t *ret,
                     struct err *err)
{
    size_t n = 0;
    bool quoted = rest->len > 0 && rest->data[0] == '"';
    while (n < rest->len && (!strchr(end, rest->data[n]) || (quoted && n > 0 && rest->data[n - 1] != '"')))
        n++;
    struct slice name = {rest->data, n};
    *rest = (struct slice){rest->data + n, rest->len - n};
    *ret = 0;
    return n == 0 ? 0 : objects_read(c, TYPES_REGROLE, name, ret, err);
}

static int malformed(struct err *err)
{
    return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "this list of privileges is not supported by the embedded store");
}

static int read_item(struct store_context *c, struct slice text, struct acl *ret, struct err *err)
{
    struct acl_item item = {0};
    if (!memchr(text.data, '=', text.len))
        return malformed(err);
    if (read_role(c, &text, "=", &item.grantee, err) < 0)
        return -1;
    size_t i = 1;
    for (; i < text.len && text.data[i] != '/'; i++) {
        const char *at = strchr(ACL_LETTERS, text.data[i]);
        if (!at || !text.data[i])
            return malformed(err);
        uint32_t bit = 1u << (at - ACL_LETTERS);
        item.rights |= bit;
        if (i + 1 < text.len && text.data[i + 1] == '*') {
            item.options |= bit;
            i++;
        }
    }
    if (i >= text.len)
        return malformed(err);
    text = (struct slice){text.data + i + 1, text.len - i - 1};
    if (read_role(c, &text, "", &item.grantor, err) < 0)
        return -1;
    append(ret, &item);
    return 0;
}

int acl_read(struct store_context *c, struct slice stored, struct acl *ret, struct err *err)
{
    struct array array;
    int rc = array_parse(stored, false, &array);
    if (rc < 0)
        malformed(err);
    for (size_t i = 0; rc == 0 && i < array.n; i++) {
        struct slice item = array_item(&array, i);
        rc = item.data ? read_item(c, item, ret, err) : malformed(err);
    }
    array_release(&array);
    return rc;
}

/* -- changes -- */

void acl_change(struct acl *a, const struct acl_item *item, bool add)
{
    size_t i = 0;
    while (i < a->n &&
           (a->items[i].grantee != item->grantee || a->items[i].grantor != item->grantor))
        i++;
    if (i == a->n)
        append(a, &(struct acl_item){item->grantee, item->grantor, 0, 0});
    if (a->failed)
        return;
    struct acl_item *own = &a->items[i];
    own->rights = add ? own->rights | item->rights : own->rights & ~item->rights;
    own->options = add ? own->options | item->options : own->options & ~item->options;
    if (own->rights || own->options)
        return;
    a->n--;
    memmove(own, own + 1, (a->n - i) * sizeof *own);
}

static int compare(const void *x, const void *y)
{
    const struct acl_item *a = x, *b = y;
    const uint32_t left[] = {a->grantee, a->grantor, a->options, a->rights};
    const uint32_t right[] = {b->grantee, b->grantor, b->options, b->rights};
    for (size_t i = 0; i < 4; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}

void acl_sort(struct acl *a)
{
    if (a->n > 1)
        qsort(a->items, a->n, sizeof *a->items, compare);
}

bool acl_equal(const struct acl *a, const struct acl *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++)
        same = compare(&a->items[i], &b->items[i]) == 0;
    return same;
}

/* -- questions -- */

enum { ROLE_DATABASE_OWNER = 6171, ROLE_DEPTH = 8 };

static bool member(struct store_context *c, uint32_t role, uint32_t of, int depth)
{
    if (role == of)
        return true;
    if (of == ROLE_DATABASE_OWNER) /* whoever owns the database */
        return role == 10;
    sqlite3_stmt *s = objects_statement(
        c, "SELECT member FROM \"system.pg_auth_members\" WHERE roleid = ?1");
    uint32_t found[32];
    size_t n = 0;
    if (!s || depth == 0)
        return false;
    sqlite3_bind_int64(s, 1, of);
    while (n < 32 && sqlite3_step(s) == SQLITE_ROW)
        found[n++] = (uint32_t)sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    for (size_t i = 0; i < n; i++)
        if (member(c, role, found[i], depth - 1))
            return true;
    return false;
}

bool acl_is_member(struct store_context *c, uint32_t role, uint32_t of)
{
    return role == 10 || member(c, role, of, ROLE_DEPTH);
}

uint32_t acl_granted(struct store_context *c, const struct acl *a, const struct acl_question *q)
{
    uint32_t found = 0;
    if (q->options && q->role != 0 && acl_is_member(c, q->role, q->owner))
        return q->wanted;
    for (size_t i = 0; i < a->n; i++) {
        const struct acl_item *item = &a->items[i];
        if (item->grantee == 0 || (q->role != 0 && acl_is_member(c, q->role, item->grantee)))
            found |= q->options ? item->options : item->rights;
    }
    return found & q->wanted;
}
