/* cut_names.c: names that PostgreSQL cuts to 63 bytes, which it tells of whenever it reads them. */
#include "daemon/store/statement.h"
#include "policy/scan.h"

#include <ctype.h>

#define NAME_BYTES 63

static bool is_name_byte(unsigned char c)
{
    return isalnum(c) || c == '_' || c == '$' || c >= 0x80;
}

/* Is there room for such a name?  Most texts have none, and need no scanner to know. */
static bool may_have(struct slice sql)
{
    size_t run = 0, quote = SIZE_MAX;
    for (size_t i = 0; i < sql.len; i++) {
        run = is_name_byte((unsigned char)sql.data[i]) ? run + 1 : 0;
        if (run > NAME_BYTES)
            return true;
        if (sql.data[i] != '"')
            continue;
        if (quote != SIZE_MAX && i - quote > NAME_BYTES)
            return true;
        quote = i;
    }
    return false;
}

/* What ${t} says, as PostgreSQL has it before it is cut; false: there is no memory. */
static bool name_of(struct slice sql, const struct scan_token *t, struct buf *ret)
{
    bool quoted = t->kind == SCAN_QUOTED;
    uint32_t end = quoted ? t->end - 1 : t->end;
    for (uint32_t i = quoted ? t->start + 1 : t->start; i < end; i++) {
        char c = sql.data[i];
        if (!quoted && c >= 'A' && c <= 'Z')
            c = (char)(c + ('a' - 'A'));
        if (quoted && c == '"')
            i++;
        buf_append(ret, &c, 1);
    }
    return !ret->failed;
}

void names_cut(struct store_conn *c, struct slice sql)
{
    if (sql.len <= NAME_BYTES || !may_have(sql))
        return;
    struct scan scan = scan_of(sql.data, sql.len);
    struct scan_token t;
    while ((t = scan_next(&scan)).kind != SCAN_END) {
        if (!(t.kind == SCAN_WORD || (t.kind == SCAN_QUOTED && sql.data[t.start] == '"')))
            continue;
        struct buf name;
        buf_init(&name, sql.len + 1);
        size_t len = name_of(sql, &t, &name) ? buf_len(&name) : 0, cut = NAME_BYTES;
        const char *text = buf_peek(&name).data;
        while (cut > 0 && len > cut && ((unsigned char)text[cut] & 0xc0) == 0x80)
            cut--;
        if (len > NAME_BYTES)
            conn_notice(c, "NOTICE", "42622",
                        "identifier \"%.*s\" will be truncated to \"%.*s\"", (int)len, text,
                        (int)cut, text);
        buf_release(&name);
    }
}
