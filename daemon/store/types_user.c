/* types_user.c: the user's types: enums and domains. */
#include "daemon/store/ident.h"
#include "daemon/store/types_impl.h"

#include <stdio.h>

const struct types_user *types_find_user(const struct types_set *set, uint32_t oid)
{
    size_t low = 0, high = set ? set->n : 0;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (set->types[mid].info.oid == oid)
            return &set->types[mid];
        if (set->types[mid].info.oid < oid)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static const struct types_user *find_in(const struct types_set *set, const char *schema,
                                        const char *typname)
{
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->types[i].info.name, typname) == 0 &&
            strcmp(set->types[i].schema, schema) == 0)
            return &set->types[i];
    return NULL;
}

const struct types_user *types_find_user_name(const struct types_set *set, const char *schema,
                                              const char *typname)
{
    const struct types_user *found = NULL;
    if (schema)
        return set ? find_in(set, schema, typname) : NULL;
    for (size_t i = 0; set && !found && i < set->npath; i++)
        found = find_in(set, set->path[i], typname);
    return found;
}

/* Without its schema if it is what the bare name means. */
void types_format_user(const struct types_set *set, const struct types_user *type, char *ret,
                       size_t size)
{
    struct buf out;
    buf_init(&out, TYPES_NAME_BYTES);
    if (types_find_user_name(set, NULL, type->info.name) != type) {
        ident_postgres(type->schema, &out);
        buf_append(&out, ".", 1);
    }
    ident_postgres(type->info.name, &out);
    snprintf(ret, size, "%s", ident_text(&out));
    buf_release(&out);
}

/* -- enums -- */

const struct types_label *types_enum_label(const struct types_user *type, struct slice name,
                                           size_t *ret_rank)
{
    for (size_t i = 0; i < type->nlabels; i++) {
        const char *label = type->labels[i].name;
        if (strlen(label) == name.len && memcmp(label, name.data ? name.data : "", name.len) == 0) {
            *ret_rank = i;
            return &type->labels[i];
        }
    }
    return NULL;
}

int types_enum_in(const struct types_set *set, const struct types_info *type, struct slice text,
                  struct slice *ret, struct err *err)
{
    size_t rank;
    char name[TYPES_NAME_BYTES];
    const struct types_user *user = types_find_user(set, type->oid);
    const struct types_label *label = types_enum_label(user, text, &rank);
    types_format_user(set, user, name, sizeof name);
    if (!label)
        return err_set(err, SQLSTATE_INVALID_TEXT_REPRESENTATION,
                       "invalid input value for enum %s: \"%.*s\"", name, TYPES_SHOWN(text));
    if (label->pending) {
        err_set(err, "55P04", "unsafe use of new value \"%s\" of enum type %s", label->name, name);
        err_hint(err, "New enum values must be committed before they can be used.");
        return -1;
    }
    *ret = (struct slice){label->name, text.len};
    return 0;
}

/* -- domains -- */

static const struct types_user *domain_of(const struct types_set *set, uint32_t oid)
{
    const struct types_user *user = oid >= TYPES_USER_MIN ? types_find_user(set, oid) : NULL;
    return user && user->info.type == 'd' ? user : NULL;
}

uint32_t types_base(const struct types_set *set, uint32_t oid, int32_t *typmod)
{
    const struct types_user *domain;
    while ((domain = domain_of(set, oid))) {
        if (typmod && domain->base_typmod >= 0)
            *typmod = domain->base_typmod;
        oid = domain->base;
    }
    return oid;
}

bool types_constrained(const struct types_set *set, uint32_t oid)
{
    const struct types_user *domain;
    for (; (domain = domain_of(set, oid)); oid = domain->base)
        if (domain->not_null || domain->nchecks > 0)
            return true;
    return false;
}

/* Those of the base first, each by name, as PostgreSQL's executor has them. */
static void checks_text(const struct types_set *set, uint32_t domain, uint32_t oid, struct buf *out)
{
    const struct types_user *user = domain_of(set, oid);
    if (!user)
        return;
    checks_text(set, domain, user->base, out);
    if (user->not_null)
        ident_format(out, " WHEN \"#value\" IS NULL THEN pgf_domain_fail(%u, NULL)", domain);
    for (size_t i = 0; i < user->nchecks; i++) {
        ident_format(out, " WHEN NOT (%s) THEN pgf_domain_fail(%u, ", user->checks[i].sqlite,
                     domain);
        ident_literal(user->checks[i].name, out);
        ident_format(out, ")");
    }
}

/* A subquery without FROM is not flattened: the value is worked out once. */
void types_domain_text(const struct types_set *set, uint32_t domain, const char *sql,
                       struct buf *out)
{
    if (!types_constrained(set, domain)) {
        ident_format(out, "%s", sql);
        return;
    }
    ident_format(out, "(SELECT CASE");
    checks_text(set, domain, domain, out);
    ident_format(out, " ELSE \"#value\" END FROM (SELECT %s AS \"#value\"))", sql);
}
