/* type_text.c: see type_text.h. */
#include "daemon/store/type_text.h"

#include "daemon/store/ident.h"

#include <ctype.h>
#include <string.h>

enum { NAME_BYTES = 64 };

/* Behind the string or quoted name that begins at ${i}. */
static size_t quoted_end(struct slice text, size_t i)
{
    char quote = text.data[i++];
    for (; i < text.len; i++)
        if (text.data[i] == quote && (++i == text.len || text.data[i] != quote))
            return i;
    return text.len;
}

/* The name that begins at ${i}, as it is kept; where it ends, or ${i}: it is none. */
static size_t read_name(struct slice text, size_t i, char ret[NAME_BYTES])
{
    size_t n = 0, at = i;
    bool quoted = at < text.len && text.data[at] == '"';
    size_t end = quoted ? quoted_end(text, at) : text.len;
    for (at += quoted; at + quoted < end && n + 1 < NAME_BYTES; at++) {
        char c = text.data[at];
        if (!quoted && !isalnum((unsigned char)c) && c != '_' && c != '$')
            break;
        ret[n++] = c;
        at += quoted && c == '"';
    }
    ret[n] = '\0';
    return n == 0 ? i : quoted ? end : at;
}

/* The one type that is called so; NULL: none, or several. */
static const struct types_user *type_of(const struct store_catalog *c, const char *schema,
                                        const char *name)
{
    const struct types_user *found = NULL;
    if (schema == NULL && types_find_name(name) != NULL)
        return NULL;
    for (size_t i = 0; i < c->types.n; i++) {
        const struct types_user *t = &c->types.types[i];
        if (strcmp(t->info.name, name) != 0 || (schema && strcmp(t->schema, schema) != 0))
            continue;
        if (found)
            return NULL;
        found = t;
    }
    return found;
}

/* The type whose name begins at ${i}; where the name ends. */
static const struct types_user *type_at(const struct store_catalog *c, struct slice text, size_t i,
                                        size_t *ret_end)
{
    char first[NAME_BYTES], second[NAME_BYTES];
    *ret_end = read_name(text, i, first);
    if (*ret_end == i)
        return NULL;
    if (*ret_end == text.len || text.data[*ret_end] != '.')
        return type_of(c, NULL, first);
    *ret_end = read_name(text, *ret_end + 1, second);
    return type_of(c, first, second);
}

void type_text_show(const struct store_catalog *c, struct slice text, struct buf *out)
{
    size_t done = 0;
    for (size_t i = 0; c->types.n > 0 && i + 2 < text.len; i++) {
        size_t end;
        if (text.data[i] == '\'' || text.data[i] == '"') {
            i = quoted_end(text, i) - 1;
            continue;
        }
        if (text.data[i] != ':' || text.data[i + 1] != ':')
            continue;
        const struct types_user *t = type_at(c, text, i + 2, &end);
        i++;
        if (t == NULL)
            continue;
        char name[TYPES_NAME_BYTES];
        types_format(&c->types, t->info.oid, -1, name, sizeof name);
        buf_append(out, text.data + done, i + 1 - done);
        ident_format(out, "%s", name);
        done = end;
        i = end - 1;
    }
    buf_append(out, text.data + done, text.len - done);
}
