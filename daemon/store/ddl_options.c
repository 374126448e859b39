/* ddl_options.c: storage parameters of tables: kept, and without effect. */
#include "daemon/store/ddl_view.h"
#include "daemon/store/ident.h"
#include "daemon/store/types.h"

static bool known(const char *name)
{
    static const char *const names[] = {"fillfactor",
                                        "toast_tuple_target",
                                        "parallel_workers",
                                        "user_catalog_updates",
                                        "vacuum_index_cleanup",
                                        "vacuum_truncate",
                                        "log_autovacuum_min_duration",
                                        NULL};
    for (size_t i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return strncmp(name, "autovacuum_", 11) == 0;
}

static int set_one(struct ddl *d, uint32_t oid, const DefElem *def, bool reset)
{
    const char *name = def->defname, *text = reset ? NULL : ddl_option_text(def);
    struct buf json;
    buf_init(&json, 8192);
    ident_format(&json, "[");
    const char *pair = psprintf("%s=%s", name, text ? text : "");
    types_json_string((struct slice){pair, strlen(pair)}, &json);
    ident_format(&json, "]");
    const char *prefix = psprintf("%s=", name);
    int rc = ddl_exec(
        d,
        "UPDATE \"pg_catalog.pg_class\" SET reloptions = (SELECT json_group_array(value) FROM"
        " (SELECT value FROM json_each(coalesce(reloptions, '[]')) WHERE"
        " substr(value, 1, length(?2)) <> ?2 UNION ALL SELECT value FROM json_each(?3) WHERE ?4))"
        " WHERE oid = ?1",
        "issi", (int64_t)oid, prefix, ident_text(&json), (int64_t)(text != NULL));
    buf_release(&json);
    return rc;
}

int ddl_table_options(struct ddl *d, uint32_t oid, const List *options, bool reset)
{
    const struct store_table *t = ddl_table(d, oid);
    if (t && t->kind == 'v')
        return view_options(d, options, reset, t->view_sql) < 0
                   ? -1
                   : ddl_options(d, oid, options, reset);
    ListCell *cell;
    foreach (cell, options) {
        const DefElem *def = lfirst(cell);
        if (def->defnamespace && strcmp(def->defnamespace, "toast") != 0)
            return err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE,
                           "unrecognized parameter namespace \"%s\"", def->defnamespace);
        if (def->defnamespace)
            continue;
        if (strcmp(def->defname, "oids") == 0) {
            if (strcmp(ddl_option_text(def), "false") != 0)
                return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                               "tables declared WITH OIDS are not supported");
            continue;
        }
        if (!known(def->defname))
            return err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE,
                           "unrecognized parameter \"%s\"", def->defname);
        if (set_one(d, oid, def, reset) < 0)
            return -1;
    }
    return ddl_options(d, oid, NIL, reset);
}

int ddl_options(struct ddl *d, uint32_t oid, const List *options, bool reset)
{
    ListCell *cell;
    d->stale = true;
    foreach (cell, options)
        if (set_one(d, oid, lfirst(cell), reset) < 0)
            return -1;
    return ddl_exec(d,
                    "UPDATE \"pg_catalog.pg_class\" SET reloptions = NULL WHERE oid = ?1 AND"
                    " reloptions = '[]'",
                    "i", (int64_t)oid);
}
