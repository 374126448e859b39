#include "daemon/store/ident.h"

#include "policy/nodes.h"

#include "common/keywords.h"

#include <stdio.h>
#include <stdlib.h>

static void quoted(const char *name, char quote, struct buf *out)
{
    buf_append(out, &quote, 1);
    for (const char *p = name; *p; p++) {
        if (*p == quote)
            buf_append(out, &quote, 1);
        buf_append(out, p, 1);
    }
    buf_append(out, &quote, 1);
}

static bool is_safe(const char *name)
{
    if (!((name[0] >= 'a' && name[0] <= 'z') || name[0] == '_'))
        return false;
    for (const char *p = name; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_'))
            return false;
    int keyword = ScanKeywordLookup(name, &ScanKeywords);
    return keyword < 0 || ScanKeywordCategories[keyword] == UNRESERVED_KEYWORD;
}

void ident_postgres(const char *name, struct buf *out)
{
    if (is_safe(name))
        buf_append(out, name, strlen(name));
    else
        quoted(name, '"', out);
}

void ident_sqlite(const char *name, struct buf *out)
{
    quoted(name, '"', out);
}

void ident_literal(const char *text, struct buf *out)
{
    quoted(text, '\'', out);
}

void ident_format(struct buf *out, const char *format, ...)
{
    char stack[256], *text = stack, *heap = NULL;
    va_list ap, again;
    va_start(ap, format);
    va_copy(again, ap);
    int n = vsnprintf(stack, sizeof stack, format, ap);
    if (n >= (int)sizeof stack && (heap = malloc((size_t)n + 1))) {
        vsnprintf(heap, (size_t)n + 1, format, again);
        text = heap;
    }
    va_end(again);
    va_end(ap);
    if (n >= (int)sizeof stack && !heap)
        out->failed = true;
    else if (n > 0)
        buf_append(out, text, (size_t)n);
    free(heap);
}

const char *ident_text(struct buf *b)
{
    if (buf_append(b, "", 1) < 0)
        return "";
    b->end--;
    return buf_peek(b).data;
}
