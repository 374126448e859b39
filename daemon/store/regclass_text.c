/* regclass_text.c: see regclass_text.h. */
#include "daemon/store/regclass_text.h"
#include "daemon/store/ddl.h"
#include "daemon/store/ident.h"

#include <stdlib.h>

#define CAST "::regclass"

/* What the literal from ${at} to ${end} (quotes included) shall read; false: as it does. */
typedef bool replace(const struct store_catalog *c, struct slice literal, struct buf *out);

/* Behind the string or quoted name that begins at ${i}. */
static size_t quoted_end(struct slice text, size_t i)
{
    char quote = text.data[i++];
    for (; i < text.len; i++)
        if (text.data[i] == quote) {
            if (i + 1 == text.len || text.data[i + 1] != quote)
                return i + 1;
            i++;
        }
    return text.len;
}

static void each(const struct store_catalog *c, struct slice text, replace *with, struct buf *out)
{
    size_t done = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '\'' && text.data[i] != '"')
            continue;
        size_t end = quoted_end(text, i);
        if (text.data[i] == '\'' && text.len - end >= strlen(CAST) &&
            memcmp(text.data + end, CAST, strlen(CAST)) == 0) {
            buf_append(out, text.data + done, i - done);
            done = with(c, (struct slice){text.data + i, end - i}, out) ? end : i;
        }
        i = end - 1;
    }
    buf_append(out, text.data + done, text.len - done);
}

static bool to_oid(const struct store_catalog *c, struct slice literal, struct buf *out)
{
    char *name = palloc(literal.len), *p = name;
    for (size_t i = 1; i + 1 < literal.len; i++) {
        *p++ = literal.data[i];
        i += literal.data[i] == '\'';
    }
    *p = '\0';
    List *parts = ddl_split_name(name);
    if (list_length(parts) < 1 || list_length(parts) > 2)
        return false;
    uint32_t oid =
        store_catalog_relation(c, list_length(parts) == 2 ? linitial(parts) : NULL, llast(parts));
    if (oid < TYPES_USER_MIN)
        return false;
    ident_format(out, "'%u'", oid);
    return true;
}

static bool to_name(const struct store_catalog *c, struct slice literal, struct buf *out)
{
    const char *schema, *name;
    char digits[16] = {0};
    struct buf text;
    if (literal.len > sizeof digits || literal.data[1] < '1' || literal.data[1] > '9')
        return false;
    memcpy(digits, literal.data + 1, literal.len - 2);
    uint32_t oid = (uint32_t)strtoul(digits, NULL, 10);
    if (strspn(digits, "0123456789") != literal.len - 2 ||
        !store_catalog_relation_name(c, oid, &schema, &name))
        return false;
    buf_init(&text, 1024);
    if (store_catalog_relation(c, NULL, name) != oid) {
        ident_postgres(schema, &text);
        ident_format(&text, ".");
    }
    ident_postgres(name, &text);
    ident_literal(ident_text(&text), out);
    buf_release(&text);
    return true;
}

void regclass_keep(const struct store_catalog *c, const char *text, struct buf *out)
{
    each(c, (struct slice){text, strlen(text)}, to_oid, out);
}

void regclass_show(const struct store_catalog *c, struct slice text, struct buf *out)
{
    each(c, text, to_name, out);
}
