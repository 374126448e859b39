/* ddl_drop.c: DROP: names become objects; depend.c does the rest. */
#include "daemon/store/depend.h"

struct kind { /* PostgreSQL's dropmsgstringarray */
    ObjectType type;
    char relkind;
    const char *word, *article, *tag, *sqlstate;
};

static const struct kind kinds[] = {
    {OBJECT_TABLE, 'r', "table", "a table", "DROP TABLE", SQLSTATE_UNDEFINED_TABLE},
    {OBJECT_SEQUENCE, 'S', "sequence", "a sequence", "DROP SEQUENCE", SQLSTATE_UNDEFINED_TABLE},
    {OBJECT_VIEW, 'v', "view", "a view", "DROP VIEW", SQLSTATE_UNDEFINED_TABLE},
    {OBJECT_MATVIEW, 'm', "materialized view", "a materialized view", "DROP MATERIALIZED VIEW",
     SQLSTATE_UNDEFINED_TABLE},
    {OBJECT_INDEX, 'i', "index", "an index", "DROP INDEX", SQLSTATE_UNDEFINED_OBJECT},
    {OBJECT_TYPE, 0, "type", NULL, "DROP TYPE", SQLSTATE_UNDEFINED_OBJECT},
    {OBJECT_DOMAIN, 0, "type", NULL, "DROP DOMAIN", SQLSTATE_UNDEFINED_OBJECT},
    {OBJECT_SCHEMA, 0, "schema", NULL, "DROP SCHEMA", "3F000"},
    {OBJECT_EXTENSION, 0, "extension", NULL, "DROP EXTENSION", SQLSTATE_UNDEFINED_OBJECT},
};

static const struct kind *kind_of(ObjectType type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].type == type)
            return &kinds[i];
    return NULL;
}

/* It is not there: NOTICE with IF EXISTS, else an error. */
static int missing(struct ddl *d, const DropStmt *s, const struct kind *k, const char *schema,
                   const char *name)
{
    const char *word = k->word, *sqlstate = k->sqlstate;
    if (schema && !store_catalog_schema(d->c->catalog, schema)) {
        word = "schema";
        sqlstate = "3F000";
        name = schema;
    }
    if (!s->missing_ok)
        return err_set(d->err, sqlstate, "%s \"%s\" does not exist", word, name);
    conn_notice(d->c, "NOTICE", "00000", "%s \"%s\" does not exist, skipping", word, name);
    return 0;
}

static int wrong_kind(struct ddl *d, const struct kind *k, const char *name, char relkind)
{
    static const struct {
        char kind;
        const char *hint;
    } hints[] = {
        {'r', "Use DROP TABLE to remove a table."},
        {'i', "Use DROP INDEX to remove an index."},
        {'S', "Use DROP SEQUENCE to remove a sequence."},
        {'v', "Use DROP VIEW to remove a view."},
        {'m', "Use DROP MATERIALIZED VIEW to remove a materialized view."},
        {'c', "Use DROP TYPE to remove a type."},
    };
    err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not %s", name, k->article);
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (hints[i].kind == relkind)
            err_hint(d->err, "%s", hints[i].hint);
    return -1;
}

/* A relation by name: 1 found, 0 not there and that is fine. */
static int find_relation(struct ddl *d, const DropStmt *s, const struct kind *k, const List *names,
                         struct object *ret)
{
    const char *name = strVal(llast(names));
    const char *schema =
        list_length(names) > 1 ? strVal(list_nth(names, list_length(names) - 2)) : NULL;
    char relkind;
    uint32_t oid = store_catalog_relation(d->c->catalog, schema, name);
    if (!oid)
        return missing(d, s, k, schema, name);
    if (ddl_not_system(d, oid, name) < 0 || ddl_relkind(d, oid, &relkind) < 0)
        return -1;
    if (relkind != k->relkind)
        return wrong_kind(d, k, name, relkind);
    *ret = object_of(DEPEND_RELATION, oid);
    return 1;
}

static int find_by_row(struct ddl *d, const DropStmt *s, const struct kind *k, const char *name,
                       const char *sql, struct object *ret)
{
    int64_t oid = 0;
    if (ddl_query_int(d, &oid, sql, "s", name) < 0)
        return -1;
    if (!oid)
        return missing(d, s, k, NULL, name);
    ret->oid = (uint32_t)oid;
    return 1;
}

static int find_schema(struct ddl *d, const DropStmt *s, const struct kind *k, const char *name,
                       struct object *ret)
{
    if (strncmp(name, "pg_", 3) == 0 || strcmp(name, "information_schema") == 0) {
        if (store_catalog_schema(d->c->catalog, name))
            return err_set(d->err, "2BP01",
                           "cannot drop schema %s because it is required by the database system",
                           name);
    }
    ret->class_oid = DEPEND_SCHEMA;
    return find_by_row(d, s, k, name,
                       "SELECT oid FROM \"pg_catalog.pg_namespace\" WHERE nspname = ?1", ret);
}

/* format_type: without a schema what is found without one. */
static int find_type(struct ddl *d, const DropStmt *s, const struct kind *k, const List *names,
                     struct object *ret)
{
    char shown[TYPES_NAME_BYTES];
    const char *schema =
        list_length(names) > 1 ? strVal(list_nth(names, list_length(names) - 2)) : NULL;
    const char *name = strVal(llast(names));
    const struct types_set *types = &d->c->catalog->types;
    const struct types_info *builtin =
        schema && strcmp(schema, "pg_catalog") != 0 ? NULL : types_find_name(name);
    const struct types_user *user = builtin ? NULL : types_find_user_name(types, schema, name);
    if (builtin) {
        types_format(types, builtin->oid, -1, shown, sizeof shown);
        return err_set(d->err, "2BP01",
                       "cannot drop type %s because it is required by the database system", shown);
    }
    if (!user)
        return missing(d, s, k, schema, schema ? psprintf("%s.%s", schema, name) : name);
    if (k->type == OBJECT_DOMAIN && user->info.type != 'd') {
        types_format(types, user->info.oid, -1, shown, sizeof shown);
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "%s is not a domain", shown);
    }
    *ret = object_of(DEPEND_TYPE, user->info.oid);
    return 1;
}

static int find(struct ddl *d, const DropStmt *s, const struct kind *k, const Node *object,
                struct object *ret)
{
    *ret = (struct object){0, 0, 0};
    if (k->relkind)
        return find_relation(d, s, k, (const List *)object, ret);
    if (k->type == OBJECT_SCHEMA)
        return find_schema(d, s, k, strVal(object), ret);
    if (k->type == OBJECT_EXTENSION) {
        if (strcmp(strVal(object), "plpgsql") == 0)
            return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "dropping extension plpgsql is not supported by the store");
        ret->class_oid = DEPEND_EXTENSION;
        return find_by_row(d, s, k, strVal(object),
                           "SELECT oid FROM \"pg_catalog.pg_extension\" WHERE extname = ?1", ret);
    }
    return find_type(d, s, k, ((const TypeName *)object)->names, ret);
}

int ddl_drop(struct ddl *d, const DropStmt *s, const char **ret_tag)
{
    const struct kind *k = kind_of(s->removeType);
    struct object *objects = palloc(((size_t)list_length(s->objects) + 1) * sizeof *objects);
    size_t n = 0;
    ListCell *cell;
    if (!k)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "dropping this kind of object is not supported by the store");
    *ret_tag = k->tag;
    if (s->concurrent && list_length(s->objects) != 1)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "DROP INDEX CONCURRENTLY does not support dropping multiple objects");
    if (s->concurrent && s->behavior == DROP_CASCADE)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "DROP INDEX CONCURRENTLY does not support CASCADE");
    if (s->concurrent && ddl_outside_block(d, "DROP INDEX CONCURRENTLY") < 0)
        return -1;
    foreach (cell, s->objects) {
        int found = find(d, s, k, lfirst(cell), &objects[n]);
        if (found < 0)
            return -1;
        n += (size_t)found;
    }
    return depend_drop(d, objects, n, s->behavior == DROP_CASCADE);
}
