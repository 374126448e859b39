/* functions_domain.c: a value that its domain does not allow. */
#include "daemon/store/functions_impl.h"
#include "daemon/store/types_impl.h"

#include <stdio.h>

/* pgf_domain_fail(domain, constraint): NULL: it is not to be NULL. */
static void fn_fail(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    char name[TYPES_NAME_BYTES];
    (void)argc;
    const struct types_user *domain =
        types_find_user(c->types.set, (uint32_t)sqlite3_value_int64(argv[0]));
    if (!domain) {
        functions_fail(ctx, SQLSTATE_INTERNAL_ERROR, "domain not found");
        return;
    }
    types_format_user(c->types.set, domain, name, sizeof name);
    const char *constraint = (const char *)sqlite3_value_text(argv[1]);
    if (constraint)
        err_set(&c->raised, SQLSTATE_CHECK_VIOLATION,
                "value for domain %s violates check constraint \"%s\"", name, constraint);
    else
        err_set(&c->raised, SQLSTATE_NOT_NULL_VIOLATION, "domain %s does not allow null values",
                name);
    snprintf(c->raised.schema, sizeof c->raised.schema, "%s", domain->schema);
    snprintf(c->raised.datatype, sizeof c->raised.datatype, "%s", domain->info.name);
    snprintf(c->raised.constraint, sizeof c->raised.constraint, "%s", constraint ? constraint : "");
    functions_raised(ctx);
}

const struct function_row functions_domain_rows[] = {
    {"pgf_domain_fail", 2, false, fn_fail, NULL, NULL},
};
const size_t functions_domain_n = sizeof(functions_domain_rows) / sizeof(functions_domain_rows[0]);
