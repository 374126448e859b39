/* partywall policy --rls-sql */
#include "conf/conf.h"
#include "daemon/catalog_load.h"
#include "daemon/options.h"
#include "policy/rls.h"

#include <stdio.h>

#define OUTPUT_BYTES ((size_t)64 << 20)

static int print_backend(const struct conf *c, const struct conf_backend *b)
{
    struct catalog *catalog;
    struct err err;
    struct buf sql;
    if (catalog_load_backend(b, NULL, &catalog, &err) != 0) {
        fprintf(stderr, "partywall: back end %s: %s\n", b->name, err.message);
        return -1;
    }
    buf_init(&sql, OUTPUT_BYTES);
    rls_sql(&c->rules, catalog, &sql);
    const char *role = catalog_bypassing_role(catalog);
    fprintf(stdout, "-- back end %s\n", b->name);
    if (role)
        fprintf(stdout,
                "-- Its role \"%s\" passes by row security (SUPERUSER or BYPASSRLS): use another one.\n",
                role);
    struct slice text = buf_peek(&sql);
    bool ok = !sql.failed && fwrite(text.data, 1, text.len, stdout) == text.len;
    buf_release(&sql);
    catalog_unref(catalog);
    return ok ? 0 : -1;
}

int options_run_policy(const char *conf_path)
{
    struct conf *conf = options_load(conf_path);
    int rc = 0;
    if (!conf)
        return 1;
    bool any = false; /* if nobody relies on policies yet, they are for whoever may */
    for (size_t i = 0; i < conf->nbackends; i++)
        any = any || conf_relies_on_rls(conf, conf->backends[i].name);
    for (size_t i = 0; i < conf->nbackends && rc == 0; i++)
        if (conf->backends[i].postgres &&
            (!any || conf_relies_on_rls(conf, conf->backends[i].name)))
            rc = print_backend(conf, &conf->backends[i]);
    conf_unref(conf);
    return fflush(stdout) == 0 && rc == 0 ? 0 : 1;
}
