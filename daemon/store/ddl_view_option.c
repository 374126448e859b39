/* ddl_view_option.c: WITH CHECK OPTION, which is an option of the view; others are 0A000. */
#include "daemon/store/ddl_view.h"
#include "daemon/store/translate_target_view.h"
#include "policy/parse.h"

#include <strings.h>

/* Can rows be stored through the view of ${query}?  0A000. */
static int check_updatable(struct ddl *d, const SelectStmt *query)
{
    const char *why = view_not_updatable(query);
    bool any = false;
    if (!why) {
        const RangeVar *rv = linitial(query->fromClause);
        const struct store_table *base =
            store_catalog_table(d->c->catalog, rv->schemaname, rv->relname);
        ListCell *cell;
        foreach (cell, query->targetList)
            any = any || (base && view_plain_column(base, lfirst(cell)));
        if (!any)
            why = "Views that have no updatable columns are not automatically updatable.";
    }
    if (!why)
        return 0;
    err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
            "WITH CHECK OPTION is supported only on automatically updatable views");
    err_hint(d->err, "%s", why);
    return -1;
}

static int check_option(struct ddl *d, const DefElem *def, bool reset, const char *query)
{
    List *parsed;
    const char *value = reset ? "local" : ddl_option_text(def);
    if (strcasecmp(value, "local") != 0 && strcasecmp(value, "cascaded") != 0) {
        err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE,
                "invalid value for enum option \"check_option\": %s", value);
        err_detail(d->err, "Valid values are \"local\" and \"cascaded\".");
        return -1;
    }
    if (reset)
        return 0;
    if (parse_sql(query, (void **)&parsed, d->err) < 0)
        return -1;
    return check_updatable(d, (const SelectStmt *)((const RawStmt *)linitial(parsed))->stmt);
}

int view_options(struct ddl *d, const List *options, bool reset, const char *query)
{
    ListCell *cell;
    foreach (cell, options) {
        const DefElem *def = lfirst(cell);
        if (strcmp(def->defname, "security_barrier") == 0 ||
            strcmp(def->defname, "security_invoker") == 0)
            return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "%s of a view is not supported by the store", def->defname);
        if (strcmp(def->defname, "check_option") != 0)
            return err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE,
                           "unrecognized parameter \"%s\"", def->defname);
        if (check_option(d, def, reset, query) < 0)
            return -1;
    }
    return 0;
}

/* The options that CREATE VIEW says; WITH CHECK OPTION comes last. */
int view_create_options(struct ddl *d, const ViewStmt *s, const char *query, List **ret)
{
    *ret = list_copy(s->options);
    if (s->withCheckOption != NO_CHECK_OPTION)
        *ret = lappend(*ret,
                       makeDefElem(pstrdup("check_option"),
                                   (Node *)makeString(pstrdup(
                                       s->withCheckOption == LOCAL_CHECK_OPTION ? "local"
                                                                                : "cascaded")),
                                   -1));
    return view_options(d, *ret, false, query);
}
