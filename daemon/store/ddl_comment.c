/* ddl_comment.c: COMMENT ON: rows of pg_description. */
#include "daemon/store/depend.h"

static int missing(struct ddl *d, const char *what, const char *name)
{
    return err_set(d->err, SQLSTATE_UNDEFINED_OBJECT, "%s \"%s\" does not exist", what, name);
}

static int by_name(struct ddl *d, const char *what, const char *sql, const char *name,
                   struct object *ret)
{
    int64_t oid = 0;
    if (ddl_query_int(d, &oid, sql, "s", name) < 0)
        return -1;
    ret->oid = (uint32_t)oid;
    return oid ? 0 : missing(d, what, name);
}

/* A relation: all names but the last ${rest} of the list. */
static int relation(struct ddl *d, const List *names, int rest, uint32_t *ret)
{
    int n = list_length(names) - rest;
    RangeVar name = {.type = T_RangeVar,
                     .schemaname = n > 1 ? strVal(list_nth(names, n - 2)) : NULL,
                     .relname = n > 0 ? strVal(list_nth(names, n - 1)) : pstrdup("")};
    return ddl_find_relation(d, &name, false, ret);
}

static int of_kind(struct ddl *d, const List *names, char kind, const char *article,
                   struct object *ret)
{
    char have;
    ret->class_oid = DEPEND_RELATION;
    if (relation(d, names, 0, &ret->oid) < 0 || ddl_relkind(d, ret->oid, &have) < 0)
        return -1;
    return have == kind ? 0
                        : err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not %s",
                                  strVal(llast(names)), article);
}

static int of_column(struct ddl *d, const List *names, struct object *ret)
{
    ret->class_oid = DEPEND_RELATION;
    if (relation(d, names, 1, &ret->oid) < 0)
        return -1;
    char kind;
    int64_t attnum = 0;
    if (ddl_relkind(d, ret->oid, &kind) < 0)
        return -1;
    if (kind == 'c') {
        if (ddl_query_int(d, &attnum,
                          "SELECT attnum FROM \"pg_catalog.pg_attribute\" WHERE attrelid = ?1 AND"
                          " attname = ?2",
                          "is", (int64_t)ret->oid, strVal(llast(names))) < 0)
            return -1;
        ret->sub = (int32_t)attnum;
        return attnum ? 0
                      : err_set(d->err, SQLSTATE_UNDEFINED_COLUMN,
                                "column \"%s\" of relation \"%s\" does not exist",
                                strVal(llast(names)),
                                strVal(list_nth(names, list_length(names) - 2)));
    }
    if (!ddl_table(d, ret->oid))
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE,
                       "\"%s\" is not a table, view, materialized view, composite type, or foreign"
                       " table",
                       strVal(list_nth(names, list_length(names) - 2)));
    const struct store_column *c = ddl_need_column(d, ret->oid, strVal(llast(names)));
    ret->sub = c ? c->attnum : 0;
    return c ? 0 : -1;
}

static int of_constraint(struct ddl *d, const List *names, struct object *ret)
{
    uint32_t table;
    int64_t oid = 0;
    const char *name = strVal(llast(names));
    if (relation(d, names, 1, &table) < 0 ||
        ddl_query_int(d, &oid,
                      "SELECT oid FROM \"pg_catalog.pg_constraint\" WHERE conrelid = ?1 AND"
                      " conname = ?2",
                      "is", (int64_t)table, name) < 0)
        return -1;
    *ret = object_of(DEPEND_CONSTRAINT, (uint32_t)oid);
    return oid ? 0
               : err_set(d->err, SQLSTATE_UNDEFINED_OBJECT,
                         "constraint \"%s\" for table \"%s\" does not exist", name,
                         strVal(list_nth(names, list_length(names) - 2)));
}

static int of_type(struct ddl *d, const TypeName *name, struct object *ret)
{
    *ret = object_of(DEPEND_TYPE, ddl_type_oid(d, name));
    return ret->oid ? 0 : missing(d, "type", strVal(llast(name->names)));
}

static int find(struct ddl *d, const CommentStmt *s, struct object *ret)
{
    const List *names = (const List *)s->object;
    *ret = (struct object){0, 0, 0};
    switch (s->objtype) {
    case OBJECT_TABLE:
        return of_kind(d, names, 'r', "a table", ret);
    case OBJECT_MATVIEW:
        return of_kind(d, names, 'm', "a materialized view", ret);
    case OBJECT_VIEW:
        return of_kind(d, names, 'v', "a view", ret);
    case OBJECT_INDEX:
        return of_kind(d, names, 'i', "an index", ret);
    case OBJECT_SEQUENCE:
        return of_kind(d, names, 'S', "a sequence", ret);
    case OBJECT_COLUMN:
        return of_column(d, names, ret);
    case OBJECT_TABCONSTRAINT:
        return of_constraint(d, names, ret);
    case OBJECT_TYPE:
    case OBJECT_DOMAIN:
        return of_type(d, (const TypeName *)s->object, ret);
    case OBJECT_SCHEMA:
        ret->class_oid = DEPEND_SCHEMA;
        if (!store_catalog_schema(d->c->catalog, strVal(s->object)))
            return err_set(d->err, "3F000", "schema \"%s\" does not exist", strVal(s->object));
        return by_name(d, "schema",
                       "SELECT oid FROM \"pg_catalog.pg_namespace\" WHERE nspname = ?1",
                       strVal(s->object), ret);
    case OBJECT_EXTENSION:
        ret->class_oid = DEPEND_EXTENSION;
        return by_name(d, "extension",
                       "SELECT oid FROM \"pg_catalog.pg_extension\" WHERE extname = ?1",
                       strVal(s->object), ret);
    default:
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "COMMENT on this kind of object is not supported by the store");
    }
}

int ddl_comment(struct ddl *d, const CommentStmt *s)
{
    struct object o;
    if (s->objtype == OBJECT_EXTENSION && strcmp(strVal(s->object), "plpgsql") == 0) {
        /* built in, as its comment is: what dumps say */
        if (s->comment && strcmp(s->comment, "PL/pgSQL procedural language") == 0)
            return 0;
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "another comment on extension plpgsql is not supported by the store");
    }
    if (find(d, s, &o) < 0 ||
        ddl_exec(d,
                 "DELETE FROM \"pg_catalog.pg_description\" WHERE classoid = ?1 AND objoid = ?2 AND"
                 " objsubid = ?3",
                 "iii", (int64_t)o.class_oid, (int64_t)o.oid, (int64_t)o.sub) < 0)
        return -1;
    if (!s->comment || !s->comment[0])
        return 0;
    return ddl_exec(d,
                    "INSERT INTO \"pg_catalog.pg_description\" (objoid, classoid, objsubid,"
                    " description) VALUES (?1, ?2, ?3, ?4)",
                    "iiis", (int64_t)o.oid, (int64_t)o.class_oid, (int64_t)o.sub, s->comment);
}
