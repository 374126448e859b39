/* ddl_type.c: rows of pg_type, and their names. */
#include "daemon/store/ddl_grant.h"
#include "daemon/store/depend.h"
#include "daemon/store/emit_proc.h"
#include "daemon/store/ident.h"

#include <stdio.h>
#include <stdlib.h>

/* -- names -- */

static int type_taken(struct ddl *d, const char *name, uint32_t schema, bool *ret)
{
    int64_t n = 0;
    if (ddl_query_int(d, &n,
                      "SELECT count(*) FROM \"pg_catalog.pg_type\" WHERE typname = ?1 AND"
                      " typnamespace = ?2",
                      "si", name, (int64_t)schema) < 0)
        return -1;
    *ret = n > 0;
    return 0;
}

/* makeArrayTypeName: "_name", cut, with more underscores while it is taken. */
static int array_name(struct ddl *d, const char *name, uint32_t schema, char ret[64])
{
    bool taken = true;
    for (size_t lines = 1; taken && lines < 63; lines++) {
        size_t len = strlen(name);
        if (len > 63 - lines)
            len = 63 - lines;
        while (len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80)
            len--;
        memset(ret, '_', lines);
        memcpy(ret + lines, name, len);
        ret[lines + len] = '\0';
        if (type_taken(d, ret, schema, &taken) < 0)
            return -1;
    }
    return taken ? err_set(d->err, "42710", "could not form array type name for type \"%s\"", name)
                 : 0;
}

/* The array type that has the name, made with its element, gets another; any other keeps it. */
int ddl_free_type_name(struct ddl *d, const char *name, uint32_t schema)
{
    int64_t array = 0;
    bool taken;
    char other[64];
    if (type_taken(d, name, schema, &taken) < 0)
        return -1;
    if (!taken)
        return 0;
    if (ddl_query_int(d, &array,
                      "SELECT a.oid FROM \"pg_catalog.pg_type\" a JOIN \"pg_catalog.pg_type\" e"
                      " ON e.oid = a.typelem AND e.typarray = a.oid WHERE a.typname = ?1 AND"
                      " a.typnamespace = ?2",
                      "si", name, (int64_t)schema) < 0)
        return -1;
    if (!array)
        return err_set(d->err, "42710", "type \"%s\" already exists", name);
    if (array_name(d, name, schema, other) < 0)
        return -1;
    return ddl_exec(d, "UPDATE \"pg_catalog.pg_type\" SET typname = ?2 WHERE oid = ?1", "is", array,
                    other);
}

int ddl_new_type_name(struct ddl *d, const List *names, uint32_t *ret_schema, const char **ret_name)
{
    const struct store_schema *schema;
    const char *name = strVal(llast(names));
    if (ddl_creation(d, list_length(names) > 1 ? strVal(linitial(names)) : NULL, &schema) < 0 ||
        ddl_free_type_name(d, name, schema->oid) < 0)
        return -1;
    *ret_schema = schema->oid;
    *ret_name = name;
    return 0;
}

static void qualified(const List *names, struct buf *out)
{
    ListCell *cell;
    bool first = true;
    foreach (cell, names) {
        ident_format(out, "%s%s", first ? "" : ".", strVal(lfirst(cell)));
        first = false;
    }
}

static int no_type(struct ddl *d, const List *names)
{
    struct buf name;
    buf_init(&name, 1024);
    qualified(names, &name);
    err_set(d->err, SQLSTATE_UNDEFINED_OBJECT, "type \"%s\" does not exist", ident_text(&name));
    buf_release(&name);
    return -1;
}

int ddl_find_type(struct ddl *d, const List *names, const struct types_user **ret)
{
    const char *schema = list_length(names) > 1 ? strVal(linitial(names)) : NULL;
    if (schema && !store_catalog_schema(d->c->catalog, schema))
        return err_set(d->err, "3F000", "schema \"%s\" does not exist", schema);
    *ret = types_find_user_name(&d->c->catalog->types, schema, strVal(llast(names)));
    return *ret ? 0 : no_type(d, names);
}

/* -- rows -- */

static int type_row(struct ddl *d, uint32_t oid, uint32_t array, const struct ddl_type_spec *t)
{
    const char type[2] = {t->type, 0}, category[2] = {t->category, 0};
    const char align[2] = {t->align, 0}, storage[2] = {t->storage, 0};
    return ddl_exec(
        d,
        "INSERT INTO \"pg_catalog.pg_type\" (oid, typname, typnamespace, typowner, typlen, "
        "typbyval,"
        " typtype, typcategory, typispreferred, typisdefined, typdelim, typrelid, typsubscript,"
        " typelem, typarray, typinput, typoutput, typreceive, typsend, typanalyze, typalign,"
        " typstorage, typnotnull, typbasetype, typtypmod, typndims, typcollation, typdefault)"
        " VALUES (?1, ?2, ?3, 10, ?4, ?5, ?6, ?7, 0, 1, ',', ?8, 0, 0, ?9, ?10, ?11, ?12, ?13, ?14,"
        " ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)",
        "isiiissiiiiiiissiiiiis", (int64_t)oid, t->name, (int64_t)t->schema_oid, (int64_t)t->len,
        (int64_t)t->byval, type, category, (int64_t)t->relid, (int64_t)array, (int64_t)t->input,
        (int64_t)t->output, (int64_t)t->receive, (int64_t)t->send, (int64_t)t->analyze, align,
        storage, (int64_t)t->not_null, (int64_t)t->base, (int64_t)(t->base ? t->base_typmod : -1),
        (int64_t)t->base_ndims, (int64_t)t->collation, t->default_text);
}

static int array_row(struct ddl *d, uint32_t oid, uint32_t element, const char *name,
                     const struct ddl_type_spec *t)
{
    const char align[2] = {t->align == 'd' ? 'd' : 'i', 0};
    return ddl_exec(
        d,
        "INSERT INTO \"pg_catalog.pg_type\" (oid, typname, typnamespace, typowner, typlen, "
        "typbyval,"
        " typtype, typcategory, typispreferred, typisdefined, typdelim, typrelid, typsubscript,"
        " typelem, typarray, typinput, typoutput, typreceive, typsend, typanalyze, typalign,"
        " typstorage, typnotnull, typbasetype, typtypmod, typndims, typcollation)"
        " VALUES (?1, ?2, ?3, 10, -1, 0, 'b', 'A', 0, 1, ',', 0, ?4, ?5, 0, ?6, ?7, ?8, ?9, ?10,"
        " ?11, 'x', 0, 0, -1, 0, ?12)",
        "isiiiiiiiisi", (int64_t)oid, name, (int64_t)t->schema_oid,
        (int64_t)F_ARRAY_SUBSCRIPT_HANDLER, (int64_t)element, (int64_t)F_ARRAY_IN,
        (int64_t)F_ARRAY_OUT, (int64_t)F_ARRAY_RECV, (int64_t)F_ARRAY_SEND,
        (int64_t)F_ARRAY_TYPANALYZE, align, (int64_t)t->collation);
}

int ddl_make_type(struct ddl *d, const struct ddl_type_spec *spec, uint32_t *ret_oid,
                  uint32_t *ret_array)
{
    uint32_t oid, array;
    char name[64];
    if (ddl_new_oid(d, &array) < 0 || ddl_new_oid(d, &oid) < 0 ||
        type_row(d, oid, array, spec) < 0 ||
        array_name(d, spec->name, spec->schema_oid, name) < 0 ||
        array_row(d, array, oid, name, spec) < 0 ||
        depend_add(d, object_of(DEPEND_TYPE, oid),
                   spec->of_relation ? object_of(DEPEND_RELATION, spec->relid)
                                     : object_of(DEPEND_SCHEMA, spec->schema_oid),
                   spec->of_relation ? 'i' : 'n') < 0 ||
        depend_add(d, object_of(DEPEND_TYPE, array), object_of(DEPEND_TYPE, oid), 'i') < 0 ||
        (!spec->of_relation && ddl_give_acl(d, 'T', spec->schema_oid, oid) < 0))
        return -1;
    *ret_oid = oid;
    *ret_array = array;
    return 0;
}

/* -- ALTER TYPE ... RENAME TO -- */

int ddl_name_type(struct ddl *d, uint32_t oid, uint32_t schema, const char *name)
{
    char array[64];
    int64_t array_oid = 0;
    if (ddl_free_type_name(d, name, schema) < 0 ||
        ddl_query_int(d, &array_oid, "SELECT typarray FROM \"pg_catalog.pg_type\" WHERE oid = ?1",
                      "i", (int64_t)oid) < 0 ||
        ddl_exec(d, "UPDATE \"pg_catalog.pg_type\" SET typname = ?2 WHERE oid = ?1", "is",
                 (int64_t)oid, name) < 0 ||
        array_name(d, name, schema, array) < 0)
        return -1;
    return ddl_exec(d, "UPDATE \"pg_catalog.pg_type\" SET typname = ?2 WHERE oid = ?1", "is",
                    array_oid, array);
}

/* What is not to be altered by itself. */
static int check_alterable(struct ddl *d, const struct types_user *type)
{
    char shown[TYPES_NAME_BYTES];
    const struct store_table *t = ddl_table(d, type->info.relid);
    types_format(&d->c->catalog->types, type->info.oid, -1, shown, sizeof shown);
    if (type->info.type == 'c' && t) {
        err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "%s is a table's row type", shown);
        err_hint(d->err, "Use ALTER TABLE instead.");
        return -1;
    }
    if (type->info.category == 'A') {
        err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "cannot alter array type %s", shown);
        types_format(&d->c->catalog->types, type->info.elem, -1, shown, sizeof shown);
        err_hint(d->err, "You can alter type %s, which will alter the array type as well.", shown);
        return -1;
    }
    return 0;
}

int ddl_rename_type(struct ddl *d, const RenameStmt *s)
{
    const struct types_user *type;
    const List *names = (const List *)s->object;
    if (ddl_find_type(d, names, &type) < 0)
        return -1;
    if (s->renameType == OBJECT_DOMAIN && type->info.type != 'd')
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "%s is not a domain", type->info.name);
    uint32_t oid = type->info.oid, relation = type->info.relid;
    uint32_t schema = store_catalog_schema(d->c->catalog, type->schema)->oid;
    if (check_alterable(d, type) < 0 || (relation && ddl_check_free(d, schema, s->newname, NULL) < 0))
        return -1;
    struct ddl_rename views = {.oid = oid, .is_type = true, .name = s->newname};
    if (ddl_views_rename(d, &views) < 0 || ddl_name_type(d, oid, schema, s->newname) < 0 ||
        ddl_exec(d, "UPDATE \"pg_catalog.pg_class\" SET relname = ?2 WHERE oid = ?1", "is",
                 (int64_t)relation, s->newname) < 0)
        return -1;
    return ddl_reload(d) < 0 ? -1 : ddl_views_renamed(d, &views);
}

/* -- ALTER TYPE ... SET SCHEMA -- */

int ddl_move_type(struct ddl *d, const AlterObjectSchemaStmt *s, const char **ret_tag)
{
    const struct types_user *type;
    const struct store_schema *to;
    bool taken;
    *ret_tag = s->objectType == OBJECT_DOMAIN ? "ALTER DOMAIN" : "ALTER TYPE";
    if (ddl_find_type(d, (const List *)s->object, &type) < 0 || check_alterable(d, type) < 0 ||
        ddl_find_schema(d, s->newschema, &to) < 0 ||
        type_taken(d, type->info.name, to->oid, &taken) < 0)
        return -1;
    if (strcmp(type->schema, to->name) == 0)
        return 0;
    if (taken)
        return err_set(d->err, "42710", "type \"%s\" already exists in schema \"%s\"",
                       type->info.name, to->name);
    uint32_t oid = type->info.oid, array = type->info.array, space = to->oid;
    struct ddl_rename views = {.oid = oid, .is_type = true, .schema = pstrdup(to->name)};
    if (ddl_views_rename(d, &views) < 0 ||
        ddl_exec(d, "UPDATE \"pg_catalog.pg_type\" SET typnamespace = ?3 WHERE oid IN (?1, ?2)",
                 "iii", (int64_t)oid, (int64_t)array, (int64_t)space) < 0 ||
        ddl_exec(d, "UPDATE \"pg_catalog.pg_class\" SET relnamespace = ?2 WHERE reltype = ?1", "ii",
                 (int64_t)oid, (int64_t)space) < 0 ||
        ddl_exec(d,
                 "UPDATE \"pg_catalog.pg_depend\" SET refobjid = ?2 WHERE classid = 1247"
                 " AND objid = ?1 AND refclassid = 2615",
                 "ii", (int64_t)oid, (int64_t)space) < 0 ||
        ddl_reload(d) < 0)
        return -1;
    return ddl_views_renamed(d, &views);
}
