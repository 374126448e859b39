/* catalog_policy.c: the store's catalog as policy/ wants it. */
#include "daemon/store/conn.h"
#include "daemon/store/ident.h"
#include "daemon/store/infer_facts.h"
#include "policy/catalog.h"

#include <stdlib.h>

static void add_columns(struct catalog_relation *r, const struct types_set *types,
                        const struct store_table *t)
{
    char type[TYPES_NAME_BYTES];
    for (size_t i = 0; i < t->ncolumns; i++) {
        const struct store_column *c = &t->columns[i];
        types_format(types, c->type_oid, c->typmod, type, sizeof type);
        struct catalog_column column = {.name = (char *)c->name,
                                        .type_name = type,
                                        .type_oid = c->type_oid,
                                        .typmod = c->typmod,
                                        .attnum = c->attnum,
                                        .not_null = c->not_null,
                                        .has_default = c->default_sqlite != NULL};
        catalog_add_column(r, &column);
    }
}

static bool plain_key(const struct store_key *k)
{
    if (!k->unique || k->partial)
        return false;
    for (size_t i = 0; i < k->nattnums; i++)
        if (k->attnums[i] == 0)
            return false;
    return true;
}

static void add_foreign_key(struct catalog_relation *r, const struct store_catalog *from,
                            const struct store_foreign_key *f)
{
    const struct store_table *parent = store_catalog_table_oid(from, f->parent_oid);
    const char **names = calloc(f->nattnums + 1, sizeof *names);
    for (size_t i = 0; parent && names && i < f->nattnums; i++) {
        const struct store_column *c = store_table_attnum(parent, f->parent_attnums[i]);
        names[i] = c ? c->name : "";
    }
    if (parent && names)
        catalog_add_foreign_key(r, f->name, f->attnums, parent->schema, parent->name, names,
                                f->nattnums);
    if (parent && names)
        catalog_set_actions(r, f->on_delete, f->on_update, NULL);
    free(names);
}

static void fill(struct catalog *to, const struct store_catalog *from)
{
    for (size_t i = 0; i < from->ntables; i++) {
        const struct store_table *t = &from->tables[i];
        if (t->system)
            continue;
        struct catalog_relation *r = catalog_add_relation(to, t->oid, t->schema, t->name, t->kind);
        if (!r)
            return; /* catalog_seal tells */
        add_columns(r, &from->types, t);
        for (size_t k = 0; k < t->nkeys; k++)
            if (plain_key(&t->keys[k]))
                catalog_add_key(r, t->keys[k].name, t->keys[k].primary, t->keys[k].attnums,
                                t->keys[k].nattnums);
        for (size_t k = 0; k < t->nforeign_keys; k++)
            add_foreign_key(r, from, &t->foreign_keys[k]);
    }
    for (size_t i = 0; i < from->types.n; i++) {
        const struct types_user *type = &from->types.types[i];
        bool row_type = type->info.relid != 0 && store_catalog_table_oid(from, type->info.relid);
        if (type->info.category != 'A' && !row_type)
            catalog_add_type(to, type->schema, type->info.name, type->info.oid, type->info.type);
    }
    for (size_t i = 0; i < from->nsequences; i++)
        catalog_add_relation(to, from->sequences[i].oid, from->sequences[i].schema,
                             from->sequences[i].name, 'S');
    for (size_t i = 0; i < infer_nprocs; i++) /* by name: overloads are neighbours */
        if (i == 0 || strcmp(infer_procs[i].name, infer_procs[i - 1].name) != 0)
            catalog_add_function(to, "pg_catalog", infer_procs[i].name, true);
}

static int read_own(struct store *s, struct store_catalog **ret, struct err *err)
{
    sqlite3 *db;
    if (store_open_db(s, &db, err) < 0)
        return -1;
    int rc =
        sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK
            ? store_catalog_read(db, ret, err)
            : err_set(err, SQLSTATE_IO_ERROR, "could not read the store: %s", sqlite3_errmsg(db));
    sqlite3_close_v2(db);
    return rc;
}

static char *sequence_name(const struct store_catalog *c, const char *schema, const char *table,
                           const char *column)
{
    const struct store_table *t = store_catalog_table(c, schema, table);
    const struct store_column *col = t ? store_table_column(t, column) : NULL;
    const struct store_sequence *found =
        col && col->sequence_oid ? store_catalog_sequence_oid(c, col->sequence_oid) : NULL;
    struct buf name;
    if (!found)
        return NULL;
    buf_init(&name, 4096);
    ident_postgres(found->schema, &name);
    ident_format(&name, ".");
    ident_postgres(found->name, &name);
    char *text = strdup(ident_text(&name));
    buf_release(&name);
    return text;
}

int store_serial_sequence(struct store *s, const char *schema, const char *table, const char *column,
                          char **ret, struct err *err)
{
    struct store_catalog *c;
    if (read_own(s, &c, err) < 0)
        return -1;
    *ret = sequence_name(c, schema, table, column);
    store_catalog_free(c);
    return 0;
}

int store_read_catalog(struct store *s, struct catalog **ret, struct err *err)
{
    struct store_catalog *from = NULL;
    if (read_own(s, &from, err) < 0)
        return -1;
    struct catalog *to = catalog_new();
    if (to)
        fill(to, from);
    store_catalog_free(from);
    if (!to)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (catalog_seal(to, err) < 0) {
        catalog_unref(to);
        return -1;
    }
    *ret = to;
    return 0;
}
