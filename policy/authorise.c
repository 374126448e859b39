#include "policy/authorise.h"

#include "policy/arguments.h"
#include "policy/catalogs.h"
#include "policy/functions.h"
#include "policy/names.h"
#include "policy/types.h"
#include "protocol/sqlstate.h"

/* A name of one or two parts.  ${schema} is NULL if unqualified; "pg_catalog" counts as it stands.
 */
struct name {
    const char *schema;
    const char *name;
    char shown[2 * ERR_NAME_BYTES]; /* for messages and for looking rules up */
};

static int at(struct err *err, int location)
{
    err->position = location >= 0 ? location + 1 : 0;
    return -1;
}

/* Refuse: fill ${err}, say where. */
#define refuse(err, sqlstate, location, ...)                                                       \
    (err_set((err), (sqlstate), __VA_ARGS__), at((err), (location)))

/* Three parts would name a database; PostgreSQL takes its own only, and so nobody writes them. */
static bool name_read(const List *parts, struct name *ret)
{
    int n = list_length(parts);
    if (n < 1 || n > 2)
        return false;
    for (int i = 0; i < n; i++)
        if (!IsA(list_nth(parts, i), String))
            return false;
    ret->schema = n == 2 ? strVal(linitial(parts)) : NULL;
    ret->name = strVal(llast(parts));
    if (strlen(ret->name) >= ERR_NAME_BYTES ||
        (ret->schema && strlen(ret->schema) >= ERR_NAME_BYTES))
        return false;
    char *end = ret->shown;
    if (ret->schema)
        end = stpcpy(stpcpy(end, ret->schema), ".");
    stpcpy(end, ret->name);
    return true;
}

/* Does policy.functions.allow list ${schema}.${name}?  Operators are listed there too:
 * "public.===". */
static bool rules_allow(const struct rules *rules, const char *schema, const char *name)
{
    size_t n = strlen(schema);
    for (size_t i = 0; i < rules->nallowed_functions; i++) {
        const char *listed = rules->allowed_functions[i];
        if (strncmp(listed, schema, n) == 0 && listed[n] == '.' &&
            strcmp(listed + n + 1, name) == 0)
            return true;
    }
    return false;
}

/* -- functions and operators: which of the namesakes could PostgreSQL choose? -- */

typedef bool (*has_fn)(const struct catalog *c, const char *schema, const char *name);

/* Is there one of this name in a schema of the search_path that rules do not allow?  ${*ret_any}:
 * is there one at all? */
static bool path_has_unlisted(const struct authorise *a, has_fn has, const char *name,
                              bool *ret_any)
{
    const char *const *path;
    size_t n = catalog_search_path(a->catalog, &path);
    bool unlisted = false;
    *ret_any = false;
    for (size_t i = 0; i < n; i++) {
        if (!has(a->catalog, path[i], name))
            continue;
        *ret_any = true;
        unlisted = unlisted || !rules_allow(a->rules, path[i], name);
    }
    return unlisted;
}

static bool in_pg_catalog(const struct authorise *a, const char *name)
{
    return catalog_has_builtin_function(a->catalog, name) ||
           catalog_has_user_function(a->catalog, "pg_catalog", name);
}

static bool builtin_allowed(const struct authorise *a, const char *name)
{
    return functions_allowed(name) || rules_allow(a->rules, "pg_catalog", name);
}

static int refuse_function(const struct authorise *a, const struct name *f, bool exists,
                           int location, struct err *err)
{
    if (!exists)
        return refuse(err, SQLSTATE_UNDEFINED_FUNCTION, location, "function %s does not exist",
                      f->shown);
    refuse(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, location, "function %s is not allowed", f->shown);
    rules_hint(a->rules, NULL, "functions", err);
    return -1;
}

/* Beside pg_catalog's: numbers the elements of an array, which drivers do to keys and indexes. */
static bool is_expandarray(const struct name *f)
{
    return strcmp(f->schema, "information_schema") == 0 && strcmp(f->name, "_pg_expandarray") == 0;
}

static int check_function(const struct authorise *a, const struct name *f, int location,
                          struct err *err)
{
    if (f->schema) {
        bool system = strcmp(f->schema, "pg_catalog") == 0;
        if (rules_allow(a->rules, f->schema, f->name) ||
            (system && functions_allowed(f->name)) || is_expandarray(f))
            return 0;
        bool exists = system ? in_pg_catalog(a, f->name)
                             : catalog_has_user_function(a->catalog, f->schema, f->name);
        return refuse_function(a, f, exists, location, err);
    }
    bool user_has;
    bool unlisted = path_has_unlisted(a, catalog_has_user_function, f->name, &user_has);
    bool builtin = builtin_allowed(a, f->name);
    if (!unlisted && (builtin || (user_has && !in_pg_catalog(a, f->name))))
        return 0;
    return refuse_function(a, f, user_has || in_pg_catalog(a, f->name), location, err);
}

bool authorise_means_builtin(const struct authorise *a, const List *name)
{
    struct name f;
    bool user_has;
    if (!name_read(name, &f))
        return false;
    if (f.schema)
        return strcmp(f.schema, "pg_catalog") == 0;
    path_has_unlisted(a, catalog_has_user_function, f.name, &user_has);
    return !user_has;
}

int authorise_call(const struct authorise *a, const FuncCall *call, struct err *err)
{
    struct name f;
    if (!name_read(call->funcname, &f))
        return refuse(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, call->location,
                      "functions of other databases are not allowed");
    if (check_function(a, &f, call->location, err) < 0)
        return -1;
    return arguments_check(a->rules, f.name, call, err);
}

int authorise_attribute(const struct authorise *a, const char *field, int location, struct err *err)
{
    struct name f = {.name = field};
    if (strlen(field) >= ERR_NAME_BYTES)
        return refuse(err, SQLSTATE_UNDEFINED_COLUMN, location, "column \"%s\" does not exist",
                      field);
    stpcpy(f.shown, field);
    bool user_has;
    path_has_unlisted(a, catalog_has_user_function, field, &user_has);
    /* A catalog that does not even know now() was read without built-in functions: then the closed
     * list alone decides. */
    bool known = in_pg_catalog(a, "now");
    if (user_has || in_pg_catalog(a, field) || functions_allowed(field)) {
        if (check_function(a, &f, location, err) < 0)
            return -1;
        if (arguments_matter(field))
            return refuse(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, location,
                          "function %s is not allowed in this form", field);
        return 0;
    }
    /* ('x'::text).regclass is a cast. */
    if (types_refused(field) || !known)
        return refuse(err, SQLSTATE_UNDEFINED_COLUMN, location, "column \"%s\" does not exist",
                      field);
    return 0;
}

/* -- operators -- */

static int check_operator(const struct authorise *a, const char *op, int location, struct err *err)
{
    bool user_has;
    if (!path_has_unlisted(a, catalog_has_user_operator, op, &user_has))
        return 0;
    refuse(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, location,
           "operator %s is not allowed: a schema of the search_path has its own", op);
    if (a->rules->hints)
        err_hint(err, "rule policy.functions, %s:%d; or write OPERATOR(pg_catalog.%s)",
                 a->rules->file ? a->rules->file : "built in", a->rules->line, op);
    return -1;
}

int authorise_operator(const struct authorise *a, const List *name, int location, struct err *err)
{
    struct name op;
    if (name == NIL) /* IN (SELECT ...) */
        return check_operator(a, "=", location, err);
    if (!name_read(name, &op))
        return refuse(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, location,
                      "operators of other databases are not allowed");
    if (op.schema) {
        if (strcmp(op.schema, "pg_catalog") == 0 || rules_allow(a->rules, op.schema, op.name))
            return 0;
        return refuse(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, location, "operator %s is not allowed",
                      op.shown);
    }
    if (strstr(op.name, "BETWEEN")) { /* x BETWEEN a AND b, as the grammar names it */
        static const char *const means[] = {"<", "<=", ">", ">="};
        for (size_t i = 0; i < NAMES_COUNT(means); i++)
            if (check_operator(a, means[i], location, err) < 0)
                return -1;
        return 0;
    }
    return check_operator(a, op.name, location, err);
}

/* -- types -- */

static int refuse_type(const char *name, int location, struct err *err)
{
    return refuse(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, location, "type %s is not allowed", name);
}

/* The row type of a table says what columns it has: only for tables that may be read. */
static bool is_row_type(const struct authorise *a, const char *schema, const char *name)
{
    const struct catalog_relation *rel = catalog_find(a->catalog, schema, name);
    if (!rel)
        return false;
    const struct rule_table *rule = rules_find(a->rules, rel->schema, rel->name);
    bool own = a->isolation == ISOLATION_DATABASE || (a->schema && !strcmp(rel->schema, a->schema));
    if (a->schema && !own)
        return rule && rule->kind == RULE_SHARED;
    if (rule)
        return rule->kind != RULE_DENIED && rule->kind != RULE_UNLISTED;
    return a->rules->unlisted_scoped && (own || catalog_column(rel, a->rules->tenant_column));
}

static bool is_user_type(const struct authorise *a, const char *schema, const char *name)
{
    if (a->schema && schema && strcmp(schema, a->schema) != 0) {
        if (strcmp(schema, "public") != 0)
            return false;
        if (is_user_type(a, a->schema, name))
            return true;
    }
    return catalog_has_user_type(a->catalog, schema, name) || is_row_type(a, schema, name);
}

/* numeric(10,2), geometry(Point,4326): constants and bare words, as PostgreSQL takes them. */
static bool modifiers_are_plain(const List *modifiers)
{
    for (int i = 0; i < list_length(modifiers); i++) {
        const Node *m = list_nth(modifiers, i);
        if (!IsA(m, A_Const) &&
            !(IsA(m, ColumnRef) && list_length(((const ColumnRef *)m)->fields) == 1))
            return false;
    }
    return true;
}

int authorise_type(const struct authorise *a, const TypeName *type, struct err *err)
{
    struct name t;
    if (!name_read(type->names, &t) || type->setof || type->pct_type)
        return refuse_type("of this form", type->location, err);
    if (!modifiers_are_plain(type->typmods))
        return refuse(err, SQLSTATE_SYNTAX_ERROR, type->location,
                      "type modifiers of %s must be simple constants or identifiers", t.shown);
    if (t.schema && strcmp(t.schema, "pg_catalog") == 0)
        return types_allowed(t.name) ? 0 : refuse_type(t.shown, type->location, err);
    if (t.schema && catalogs_is_system_schema(t.schema))
        return refuse_type(t.shown, type->location, err);
    if (!t.schema && types_allowed(t.name)) /* pg_catalog comes first on the search_path */
        return 0;
    if (!t.schema && types_refused(t.name))
        return refuse_type(t.shown, type->location, err);
    const char *element = t.name[0] == '_' ? t.name + 1 : t.name;
    if (is_user_type(a, t.schema, t.name) || is_user_type(a, t.schema, element))
        return 0;
    return refuse(err, SQLSTATE_UNDEFINED_OBJECT, type->location, "type \"%s\" does not exist",
                  t.shown);
}

int authorise_cast(const struct authorise *a, const TypeCast *cast, struct err *err)
{
    struct name t;
    if (name_read(cast->typeName->names, &t) && strcmp(t.name, "regclass") == 0 &&
        (!t.schema || strcmp(t.schema, "pg_catalog") == 0) && !cast->typeName->arrayBounds &&
        cast->arg && IsA(cast->arg, ColumnRef)) {
        const Node *last = llast(((const ColumnRef *)cast->arg)->fields);
        if (IsA(last, String) && strcmp(strVal(last), "tableoid") == 0)
            return 0;
    }
    return authorise_type(a, cast->typeName, err);
}

/* -- relations of the system -- */

bool authorise_is_catalog_relation(const char *name)
{
    return strncmp(name, "pg_", 3) == 0;
}

int authorise_catalog_relation(const struct authorise *a, const char *schema, const char *name,
                               const struct catalogs_relation **ret, int location, struct err *err)
{
    *ret = catalogs_find(schema ? schema : "pg_catalog", name);
    if (*ret)
        return 0;
    refuse(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, location, "relation \"%s\" is not allowed", name);
    if (a->rules->hints)
        err_hint(err, "Of the system's relations tenants may read those that drivers need.");
    return -1;
}

int authorise_join_count(int n, bool joins, struct err *err)
{
    int most = joins ? 2 * AUTHORISE_MAX_JOINS : AUTHORISE_MAX_JOINS;
    if (n <= most)
        return 0;
    return err_set(err, SQLSTATE_STATEMENT_TOO_COMPLEX,
                   "a query may join at most %d relations in one level", most);
}
