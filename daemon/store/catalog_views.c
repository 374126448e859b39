/* catalog_views.c: finds views in catalog_views.sql: `CREATE VIEW schema.name AS`, a query on lines
 * of its own, and a semicolon at the end of the last. */
#include "daemon/store/catalog_views.h"

#include <stdio.h>

extern const char catalog_views_begin[], catalog_views_end[]; /* builtin_rows.c */

bool catalog_view_text(const char *schema, const char *name, struct slice *ret)
{
    char head[160];
    int n = snprintf(head, sizeof head, "CREATE VIEW %s.%s AS\n", schema, name);
    size_t left = (size_t)(catalog_views_end - catalog_views_begin);
    if (n < 0 || (size_t)n >= sizeof head)
        return false;
    const char *at = memmem(catalog_views_begin, left, head, (size_t)n);
    if (!at)
        return false;
    at += n;
    const char *end = memmem(at, (size_t)(catalog_views_end - at), ";\n", 2);
    if (!end)
        return false;
    *ret = (struct slice){at, (size_t)(end - at)};
    return true;
}
