/* ddl_domain.c: CREATE DOMAIN, ALTER DOMAIN.
 *
 * A domain is a row of pg_type; its checks are rows of pg_constraint, with their translation in
 * "store.relation", as a table's are.  VALUE is the column "value" of a table that is not there. */
#include "daemon/store/depend.h"
#include "daemon/store/emit_proc.h"
#include "daemon/store/ident.h"
#include "daemon/store/translate.h"

struct domain {
    uint32_t oid, base, space;
    int32_t typmod;
    const char *name;
};

/* -- defaults -- */

/* ${expression} NULL: none. */
static int set_default(struct ddl *d, const struct domain *m, Node *expression)
{
    const char *sqlite = NULL;
    struct buf text;
    int rc = 0;
    if (expression && translate_expression(d->c->catalog, NULL, expression, d->sql, m->base,
                                           m->typmod, &sqlite, d->err) < 0) {
        d->err->position = 0;
        return -1;
    }
    buf_init(&text, 1 << 20);
    if (expression)
        rc = deparse(d->c, NULL, expression, m->base, &text, d->err);
    if (rc == 0)
        rc = ddl_exec(d, "UPDATE \"pg_catalog.pg_type\" SET typdefault = ?2, typdefaultbin = ?2 WHERE oid = ?1", "is",
                      (int64_t)m->oid, expression ? ident_text(&text) : NULL);
    if (rc == 0)
        rc = ddl_exec(d, "DELETE FROM \"store.relation\" WHERE oid = ?1", "i", (int64_t)m->oid);
    if (rc == 0 && expression)
        rc = ddl_exec(d, "INSERT INTO \"store.relation\" VALUES (?1, ?2, NULL)", "is",
                      (int64_t)m->oid, sqlite);
    buf_release(&text);
    return rc;
}

/* -- checks -- */

static int name_taken(struct ddl *d, uint32_t domain, const char *name, bool *ret)
{
    int64_t n = 0;
    if (ddl_query_int(d, &n,
                      "SELECT count(*) FROM \"pg_catalog.pg_constraint\" WHERE contypid = ?1 AND"
                      " conname = ?2",
                      "is", (int64_t)domain, name) < 0)
        return -1;
    *ret = n > 0;
    return 0;
}

/* domain_check, domain_check1 ... */
static int choose_name(struct ddl *d, const struct domain *m, char ret[64])
{
    bool taken = true;
    for (int pass = 0; taken; pass++) {
        char label[24] = "check";
        if (pass > 0)
            snprintf(label, sizeof label, "check%d", pass);
        snprintf(ret, 64, "%.*s_%s", (int)(62 - strlen(label)), m->name, label);
        if (name_taken(d, m->oid, ret, &taken) < 0)
            return -1;
    }
    return 0;
}

static struct store_table value_table(const struct domain *m, struct store_column *column)
{
    *column = (struct store_column){.name = "value",
                                    .sqlite_name = "#value",
                                    .type_oid = m->base,
                                    .typmod = m->typmod,
                                    .attnum = 1};
    return (struct store_table){
        .schema = "", .name = "value", .sqlite_name = "", .columns = column, .ncolumns = 1};
}

static int add_check(struct ddl *d, const struct domain *m, const Constraint *con,
                     const char **ret_name)
{
    struct store_column column;
    const struct store_table table = value_table(m, &column);
    const char *sqlite, *name = con->conname;
    char chosen[64];
    bool taken;
    struct buf text;
    uint32_t oid;
    if (name && name_taken(d, m->oid, name, &taken) < 0)
        return -1;
    if (name && taken)
        return err_set(d->err, "42710", "constraint \"%s\" for domain \"%s\" already exists", name,
                       m->name);
    if (!name && choose_name(d, m, chosen) < 0)
        return -1;
    name = name ? name : pstrdup(chosen);
    if (translate_condition(d->c->catalog, &table, con->raw_expr, d->sql, "CHECK", &sqlite,
                            d->err) < 0) {
        d->err->position = 0; /* PostgreSQL keeps no text for it */
        return -1;
    }
    buf_init(&text, 1 << 20);
    int rc = deparse(d->c, &table, con->raw_expr, TYPES_BOOL, &text, d->err);
    if (rc == 0)
        rc = ddl_new_oid(d, &oid);
    if (rc == 0)
        rc = ddl_exec(
            d,
            "INSERT INTO \"pg_catalog.pg_constraint\" (oid, conname, connamespace, contype,"
            " convalidated, contypid, conislocal, confupdtype, confdeltype, confmatchtype,"
            " conbin) VALUES (?1, ?2, ?3, 'c', ?6, ?4, 1, ' ', ' ', ' ', ?5)",
            "isiisi", (int64_t)oid, name, (int64_t)m->space, (int64_t)m->oid, ident_text(&text),
            (int64_t)!con->skip_validation);
    if (rc == 0)
        rc = ddl_exec(d, "INSERT INTO \"store.relation\" VALUES (?1, ?2, NULL)", "is", (int64_t)oid,
                      sqlite);
    if (rc == 0)
        rc = depend_add(d, object_of(DEPEND_CONSTRAINT, oid), object_of(DEPEND_TYPE, m->oid), 'a');
    if (rc == 0)
        rc = depend_expression(d, object_of(DEPEND_CONSTRAINT, oid), NULL, con->raw_expr, 'n');
    buf_release(&text);
    *ret_name = name;
    return rc;
}

/* -- when the base changes -- */

static int keep_sqlite(struct ddl *d, uint32_t oid, const char *sqlite)
{
    return ddl_exec(d, "UPDATE \"store.relation\" SET sqlite_name = ?2 WHERE oid = ?1", "is",
                    (int64_t)oid, sqlite);
}

static int remake_domain(struct ddl *d, const struct types_user *u)
{
    const struct domain m = {.oid = u->info.oid, .base = u->base, .typmod = u->base_typmod};
    struct store_column column;
    const struct store_table table = value_table(&m, &column);
    const char *sqlite;
    for (size_t i = 0; i < u->nchecks; i++) {
        Node *check = ddl_parse_expression(d, u->checks[i].sql);
        if (!check ||
            translate_condition(d->c->catalog, &table, check, d->sql, "CHECK", &sqlite, d->err) < 0 ||
            keep_sqlite(d, u->checks[i].oid, sqlite) < 0)
            return -1;
    }
    return 0;
}

int ddl_remake_domains(struct ddl *d, uint32_t base)
{
    const struct types_set *types = &d->c->catalog->types;
    for (size_t i = 0; i < types->n; i++)
        if (types->types[i].info.type == 'd' &&
            types_base(types, types->types[i].info.oid, NULL) == base &&
            remake_domain(d, &types->types[i]) < 0)
            return -1;
    return 0;
}

/* -- CREATE DOMAIN -- */

static int refuse_constraint(struct ddl *d, const Constraint *con)
{
    const char *what = con->contype == CONSTR_UNIQUE      ? "unique"
                       : con->contype == CONSTR_PRIMARY   ? "primary key"
                       : con->contype == CONSTR_FOREIGN   ? "foreign key"
                       : con->contype == CONSTR_EXCLUSION ? "exclusion"
                                                          : NULL;
    if (what)
        return err_set(d->err, SQLSTATE_SYNTAX_ERROR, "%s constraints not possible for domains",
                       what);
    return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "specifying constraint deferrability not supported for domains");
}

/* NOT NULL and DEFAULT of the list. */
static int read_constraints(struct ddl *d, const List *constraints, bool *ret_not_null,
                            Node **ret_default)
{
    ListCell *cell;
    bool null_said = false, default_said = false;
    foreach (cell, constraints) {
        const Constraint *con = lfirst(cell);
        switch (con->contype) {
        case CONSTR_CHECK:
            break;
        case CONSTR_NULL:
        case CONSTR_NOTNULL:
            if (null_said && *ret_not_null != (con->contype == CONSTR_NOTNULL))
                return err_set(d->err, SQLSTATE_SYNTAX_ERROR,
                               "conflicting NULL/NOT NULL constraints");
            null_said = true;
            *ret_not_null = con->contype == CONSTR_NOTNULL;
            break;
        case CONSTR_DEFAULT:
            if (default_said)
                return err_set(d->err, SQLSTATE_SYNTAX_ERROR, "multiple default expressions");
            default_said = true;
            *ret_default = con->raw_expr;
            break;
        default:
            return refuse_constraint(d, con);
        }
    }
    return 0;
}

/* What it has of its base. */
static int take_from_base(struct ddl *d, const struct domain *m)
{
    return ddl_exec(d,
                    "UPDATE \"pg_catalog.pg_type\" SET (typoutput, typsend, typanalyze, typalign,"
                    " typstorage, typlen, typbyval, typcategory, typdelim, typcollation) = (SELECT"
                    " typoutput, typsend, typanalyze, typalign, typstorage, typlen, typbyval,"
                    " typcategory, typdelim, typcollation FROM \"system.pg_type\" WHERE oid = ?2)"
                    " WHERE oid = ?1",
                    "ii", (int64_t)m->oid, (int64_t)m->base) < 0
               ? -1
               : ddl_exec(d,
                          "UPDATE \"pg_catalog.pg_type\" SET (typdelim, typcollation, typalign) ="
                          " (SELECT typdelim, typcollation, CASE typalign WHEN 'd' THEN 'd' ELSE"
                          " 'i' END FROM \"system.pg_type\" WHERE oid = ?2) WHERE typelem = ?1",
                          "ii", (int64_t)m->oid, (int64_t)m->base);
}

/* A domain over a domain has its default, unless it says another. */
static int inherit_default(struct ddl *d, const struct domain *m)
{
    const struct types_user *base = types_find_user(&d->c->catalog->types, m->base);
    if (!base || !base->default_sqlite)
        return 0;
    if (ddl_exec(d, "UPDATE \"pg_catalog.pg_type\" SET typdefault = ?2, typdefaultbin = ?2 WHERE oid = ?1", "is",
                 (int64_t)m->oid, base->default_sql) < 0)
        return -1;
    return ddl_exec(d, "INSERT INTO \"store.relation\" VALUES (?1, ?2, NULL)", "is",
                    (int64_t)m->oid, base->default_sqlite);
}

int ddl_create_domain(struct ddl *d, const CreateDomainStmt *s)
{
    struct domain m = {.typmod = -1};
    struct ddl_type_spec spec = {.type = 'd',
                                 .category = 'U',
                                 .input = F_DOMAIN_IN,
                                 .receive = F_DOMAIN_RECV,
                                 .align = 'i',
                                 .storage = 'p'};
    Node *default_value = NULL;
    uint32_t array;
    ListCell *cell;
    const char *name;
    if (s->collClause)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "COLLATE of a domain is not supported by the store");
    if (ddl_new_type_name(d, s->domainname, &spec.schema_oid, &spec.name) < 0)
        return -1;
    if (ddl_type(d, s->typeName, &m.base, &m.typmod, NULL) < 0) {
        d->err->position = 0;
        return -1;
    }
    if (read_constraints(d, s->constraints, &spec.not_null, &default_value) < 0)
        return -1;
    spec.base = m.base;
    spec.base_typmod = m.typmod;
    m.name = spec.name;
    m.space = spec.schema_oid;
    if (ddl_make_type(d, &spec, &m.oid, &array) < 0 || take_from_base(d, &m) < 0 ||
        depend_add(d, object_of(DEPEND_TYPE, m.oid), object_of(DEPEND_TYPE, m.base), 'n') < 0 ||
        (default_value ? set_default(d, &m, default_value) : inherit_default(d, &m)) < 0)
        return -1;
    foreach (cell, s->constraints) {
        const Constraint *con = lfirst(cell);
        if (con->contype == CONSTR_CHECK && add_check(d, &m, con, &name) < 0)
            return -1;
    }
    return ddl_reload(d);
}

/* -- ALTER DOMAIN -- */

/* Do all columns of the domain satisfy ${condition}, of "#value"?  -1: 23502, 23514. */
static int check_columns(struct ddl *d, uint32_t domain, const char *condition, const char *what,
                         const char *sqlstate)
{
    const struct store_catalog *c = d->c->catalog;
    for (size_t i = 0; i < c->ntables; i++)
        for (size_t k = 0; k < c->tables[i].ncolumns; k++) {
            const struct store_table *t = &c->tables[i];
            const struct store_column *column = &t->columns[k];
            const struct types_user *user = types_find_user(&c->types, column->type_oid);
            while (user && user->info.oid != domain)
                user = user->info.type == 'd' ? types_find_user(&c->types, user->base) : NULL;
            if (!user || t->kind != 'r')
                continue;
            struct buf sql;
            int64_t bad = 0;
            buf_init(&sql, 1 << 20);
            ident_format(&sql, "SELECT 1 FROM (SELECT ");
            ident_sqlite(column->sqlite_name, &sql);
            ident_format(&sql, " AS \"#value\" FROM ");
            ident_sqlite(t->sqlite_name, &sql);
            ident_format(&sql, ") WHERE NOT (%s) LIMIT 1", condition);
            int rc = ddl_query_int(d, &bad, ident_text(&sql), "");
            buf_release(&sql);
            if (rc < 0)
                return -1;
            if (!bad)
                continue;
            err_set(d->err, sqlstate, "column \"%s\" of table \"%s\" contains %s", column->name,
                    t->name, what);
            snprintf(d->err->schema, sizeof d->err->schema, "%s", t->schema);
            snprintf(d->err->table, sizeof d->err->table, "%s", t->name);
            snprintf(d->err->column, sizeof d->err->column, "%s", column->name);
            return -1;
        }
    return 0;
}

static int set_not_null(struct ddl *d, const struct domain *m, bool on)
{
    if (on && check_columns(d, m->oid, "\"#value\" IS NOT NULL", "null values",
                            SQLSTATE_NOT_NULL_VIOLATION) < 0)
        return -1;
    return ddl_exec(d, "UPDATE \"pg_catalog.pg_type\" SET typnotnull = ?2 WHERE oid = ?1", "ii",
                    (int64_t)m->oid, (int64_t)on);
}

static const struct types_check *find_check(struct ddl *d, uint32_t domain, const char *name)
{
    const struct types_user *user = types_find_user(&d->c->catalog->types, domain);
    for (size_t i = 0; user && i < user->nchecks; i++)
        if (strcmp(user->checks[i].name, name) == 0)
            return &user->checks[i];
    return NULL;
}

static int validate(struct ddl *d, const struct domain *m, const char *name)
{
    const struct types_check *check = find_check(d, m->oid, name);
    if (!check)
        return err_set(d->err, SQLSTATE_UNDEFINED_OBJECT,
                       "constraint \"%s\" of domain \"%s\" does not exist", name, m->name);
    uint32_t oid = check->oid;
    if (check_columns(d, m->oid, check->sqlite, "values that violate the new constraint",
                      SQLSTATE_CHECK_VIOLATION) < 0)
        return -1;
    return ddl_exec(d, "UPDATE \"pg_catalog.pg_constraint\" SET convalidated = 1 WHERE oid = ?1",
                    "i", (int64_t)oid);
}

static int add_constraint(struct ddl *d, const struct domain *m, const Constraint *con)
{
    const char *name;
    if (con->contype != CONSTR_CHECK)
        return refuse_constraint(d, con);
    if (add_check(d, m, con, &name) < 0 || ddl_reload(d) < 0)
        return -1;
    return con->skip_validation ? 0 : validate(d, m, name);
}

static int drop_constraint(struct ddl *d, const struct domain *m, const AlterDomainStmt *s)
{
    const struct types_check *check = find_check(d, m->oid, s->name);
    if (!check && !s->missing_ok)
        return err_set(d->err, SQLSTATE_UNDEFINED_OBJECT,
                       "constraint \"%s\" of domain \"%s\" does not exist", s->name, m->name);
    if (!check) {
        conn_notice(d->c, "NOTICE", "00000",
                    "constraint \"%s\" of domain \"%s\" does not exist, skipping", s->name,
                    m->name);
        return 0;
    }
    const struct object o = object_of(DEPEND_CONSTRAINT, check->oid);
    return depend_drop(d, &o, 1, s->behavior == DROP_CASCADE);
}

static int find_domain(struct ddl *d, const List *names, struct domain *ret)
{
    const struct types_user *user;
    const struct types_info *builtin =
        list_length(names) == 1 ? types_find_name(strVal(linitial(names))) : NULL;
    char shown[TYPES_NAME_BYTES];
    if (!builtin && ddl_find_type(d, names, &user) < 0)
        return -1;
    if (builtin || user->info.type != 'd') {
        types_format(&d->c->catalog->types, builtin ? builtin->oid : user->info.oid, -1, shown,
                     sizeof shown);
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "%s is not a domain", shown);
    }
    *ret = (struct domain){.oid = user->info.oid,
                           .base = user->base,
                           .space = store_catalog_schema(d->c->catalog, user->schema)->oid,
                           .typmod = user->base_typmod,
                           .name = pstrdup(user->info.name)};
    return 0;
}

int ddl_alter_domain(struct ddl *d, const AlterDomainStmt *s)
{
    struct domain m;
    int rc;
    if (find_domain(d, s->typeName, &m) < 0)
        return -1;
    switch (s->subtype) {
    case 'T':
        rc = set_default(d, &m, s->def);
        break;
    case 'N':
    case 'O':
        rc = set_not_null(d, &m, s->subtype == 'O');
        break;
    case 'C':
        rc = add_constraint(d, &m, (const Constraint *)s->def);
        break;
    case 'X':
        rc = drop_constraint(d, &m, s);
        break;
    case 'V':
        rc = validate(d, &m, s->name);
        break;
    default:
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "this form of ALTER DOMAIN is not supported by the store");
    }
    return rc < 0 ? -1 : ddl_reload(d);
}

int ddl_rename_domain_constraint(struct ddl *d, const RenameStmt *s)
{
    struct domain m;
    bool taken;
    if (find_domain(d, (const List *)s->object, &m) < 0 ||
        name_taken(d, m.oid, s->newname, &taken) < 0)
        return -1;
    const struct types_check *check = find_check(d, m.oid, s->subname);
    if (!check)
        return err_set(d->err, SQLSTATE_UNDEFINED_OBJECT,
                       "constraint \"%s\" for domain %s does not exist", s->subname, m.name);
    if (taken)
        return err_set(d->err, "42710", "constraint \"%s\" for domain %s already exists",
                       s->newname, m.name);
    return ddl_exec(d, "UPDATE \"pg_catalog.pg_constraint\" SET conname = ?2 WHERE oid = ?1", "is",
                    (int64_t)check->oid, s->newname) < 0
               ? -1
               : ddl_reload(d);
}
