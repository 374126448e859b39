/* functions_catalog.c: what introspection asks of the catalog: names, definitions as SQL text. */
#include "daemon/store/functions_impl.h"

#include "daemon/store/ident.h"

#include <stdio.h>

static void finish(sqlite3_context *ctx, struct buf *out)
{
    functions_finish(ctx, out);
}

/* "schema".name, the schema only where the search path does not find it. */
static void relation_name(const struct store_catalog *c, uint32_t oid, const char *schema,
                          const char *name, struct buf *out)
{
    if (store_catalog_relation(c, NULL, name) != oid) {
        ident_postgres(schema, out);
        buf_append(out, ".", 1);
    }
    ident_postgres(name, out);
}

static void table_name(const struct store_catalog *c, const struct store_table *t, struct buf *out)
{
    relation_name(c, t->oid, t->schema, t->name, out);
}

static void fn_quote_ident(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    if (functions_null(argc, argv))
        return;
    functions_buf(&out);
    ident_postgres((const char *)sqlite3_value_text(argv[0]), &out);
    finish(ctx, &out);
}

/* -- definitions -- */

static void columns(const struct store_table *t, const int16_t *attnums, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct store_column *c = store_table_attnum(t, attnums[i]);
        if (i > 0)
            buf_append(out, ", ", 2);
        if (c != NULL)
            ident_postgres(c->name, out);
    }
}

static void action(const char *when, char what, struct buf *out)
{
    const char *text = what == 'c'   ? "CASCADE"
                       : what == 'n' ? "SET NULL"
                       : what == 'd' ? "SET DEFAULT"
                       : what == 'r' ? "RESTRICT"
                                     : NULL;
    if (text != NULL)
        ident_format(out, " ON %s %s", when, text);
}

static void foreign_key(const struct store_catalog *c, const struct store_table *t,
                        const struct store_foreign_key *k, struct buf *out)
{
    const struct store_table *parent = store_catalog_table_oid(c, k->parent_oid);
    ident_format(out, "FOREIGN KEY (");
    columns(t, k->attnums, k->nattnums, out);
    ident_format(out, ") REFERENCES ");
    if (parent != NULL) {
        table_name(c, parent, out);
        ident_format(out, "(");
        columns(parent, k->parent_attnums, k->nattnums, out);
        ident_format(out, ")");
    }
    action("UPDATE", k->on_update, out);
    action("DELETE", k->on_delete, out);
}

/* The constraint ${oid} of ${t}; false: it has none. */
static bool constraint(const struct store_catalog *c, const struct store_table *t, uint32_t oid,
                       struct buf *out)
{
    for (size_t i = 0; i < t->nkeys; i++)
        if (t->keys[i].constraint_oid == oid) {
            const struct store_key *k = &t->keys[i];
            ident_format(out, "%s (",
                         k->primary              ? "PRIMARY KEY"
                         : k->nulls_not_distinct ? "UNIQUE NULLS NOT DISTINCT"
                                                 : "UNIQUE");
            columns(t, k->attnums, k->nattnums, out);
            if (k->nincluded) {
                ident_format(out, ") INCLUDE (");
                columns(t, k->attnums + k->nattnums, k->nincluded, out);
            }
            ident_format(out, ")");
            return true;
        }
    for (size_t i = 0; i < t->nforeign_keys; i++)
        if (t->foreign_keys[i].oid == oid) {
            foreign_key(c, t, &t->foreign_keys[i], out);
            return true;
        }
    for (size_t i = 0; i < t->nchecks; i++)
        if (t->checks[i].oid == oid) {
            ident_format(out, "CHECK (%s)", t->checks[i].sql);
            return true;
        }
    return false;
}

static void fn_constraintdef(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct store_catalog *c = functions_context(ctx)->catalog;
    struct buf out;
    if (functions_null(1, argv))
        return;
    (void)argc;
    uint32_t oid = (uint32_t)sqlite3_value_int64(argv[0]);
    functions_buf(&out);
    for (size_t i = 0; i < c->ntables; i++)
        if (!c->tables[i].system && constraint(c, &c->tables[i], oid, &out)) {
            finish(ctx, &out);
            return;
        }
    buf_release(&out);
}

/* pg_get_indexdef(oid [, column, pretty]): the whole for column 0, else the column's name. */
static void fn_indexdef(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct store_catalog *c = functions_context(ctx)->catalog;
    struct buf out;
    if (functions_null(argc, argv))
        return;
    uint32_t oid = (uint32_t)sqlite3_value_int64(argv[0]);
    int64_t column = argc > 1 ? sqlite3_value_int64(argv[1]) : 0;
    for (size_t i = 0; i < c->ntables; i++)
        for (size_t k = 0; !c->tables[i].system && k < c->tables[i].nkeys; k++) {
            const struct store_key *key = &c->tables[i].keys[k];
            bool whole = true;
            for (size_t a = 0; a < key->nattnums; a++)
                whole = whole && key->attnums[a] > 0;
            if (key->oid != oid)
                continue;
            if (!whole && column != 0) {
                functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                               "the definition of an index on expressions is not supported by the "
                               "embedded store");
                return;
            }
            functions_buf(&out);
            if (column == 0)
                ident_format(&out, "%s", key->definition ? key->definition : "");
            else if (column > 0 && (size_t)column <= key->nattnums)
                columns(&c->tables[i], &key->attnums[column - 1], 1, &out);
            finish(ctx, &out);
            return;
        }
}

const struct function_row functions_catalog_rows[] = {
    {"pgf_quote_ident", 1, true, fn_quote_ident, NULL, NULL},
    {"pgf_get_constraintdef", 1, false, fn_constraintdef, NULL, NULL},
    {"pgf_get_indexdef", 1, false, fn_indexdef, NULL, NULL},
    {"pgf_get_indexdef", 2, false, fn_indexdef, NULL, NULL},
};
const size_t functions_catalog_n =
    sizeof(functions_catalog_rows) / sizeof(functions_catalog_rows[0]);
