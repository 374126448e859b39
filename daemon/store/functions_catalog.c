/* functions_catalog.c: what introspection asks of the catalog: names, definitions as SQL text. */
#include "daemon/store/functions_impl.h"

#include "daemon/store/ident.h"
#include "daemon/store/objects.h"
#include "daemon/store/pretty.h"
#include "daemon/store/regclass_text.h"
#include "daemon/store/temp.h"
#include "daemon/store/type_text.h"

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
    if (k->match_full)
        ident_format(out, " MATCH FULL");
    action("UPDATE", k->on_update, out);
    action("DELETE", k->on_delete, out);
    if (k->nset > 0) {
        ident_format(out, " (");
        columns(t, k->set_attnums, k->nset, out);
        ident_format(out, ")");
    }
    if (k->deferrable)
        ident_format(out, " DEFERRABLE%s", k->deferred ? " INITIALLY DEFERRED" : "");
    if (k->not_valid)
        ident_format(out, " NOT VALID");
}

/* ${text} of the catalog with the names of types as they are needed here: borrowed from ${typed}. */
static struct slice with_types(const struct store_catalog *c, const char *text, struct buf *typed)
{
    functions_buf(typed);
    type_text_show(c, (struct slice){text, strlen(text)}, typed);
    return buf_peek(typed);
}

static void check(const struct store_catalog *c, const char *text, bool pretty, struct buf *out)
{
    struct buf typed;
    struct slice sql = with_types(c, text, &typed);
    ident_format(out, "CHECK (");
    if (pretty)
        pretty_expression(sql, out);
    else
        buf_append(out, sql.data, sql.len);
    ident_format(out, ")");
    buf_release(&typed);
}

/* The constraint ${oid} of ${t}; false: it has none. */
static bool constraint(const struct store_catalog *c, const struct store_table *t, uint32_t oid,
                       bool pretty, struct buf *out)
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
            check(c, t->checks[i].sql, pretty, out);
            return true;
        }
    return false;
}

/* What ${sql} says of ${oid} (and ${column}), which is built in: the result, if there is a row. */
static void builtin_definition(sqlite3_context *ctx, const char *sql, uint32_t oid, int64_t column)
{
    sqlite3_stmt *s = objects_statement(functions_context(ctx), sql);
    if (!s)
        return;
    sqlite3_bind_int64(s, 1, oid);
    sqlite3_bind_int64(s, 2, column);
    if (sqlite3_step(s) == SQLITE_ROW)
        sqlite3_result_value(ctx, sqlite3_column_value(s, 0));
    sqlite3_reset(s);
}

#define COLUMNS_OF(relation, numbers)                                                              \
    "(SELECT group_concat((SELECT a.attname FROM \"system.pg_attribute\" AS a WHERE"               \
    " a.attrelid = " relation                                                                      \
    " AND a.attnum = CAST(j.value AS INTEGER)), ', ') FROM json_each(" numbers ") AS j)"

static const char builtin_constraint[] =
    "SELECT CASE k.contype WHEN 'c' THEN 'CHECK (' || k.conbin || ')' ELSE CASE k.contype WHEN 'p'"
    " THEN 'PRIMARY KEY (' ELSE 'UNIQUE (' END || " COLUMNS_OF(
        "k.conrelid",
        "k.conkey") " || ')'"
                    " END FROM \"system.pg_constraint\" AS k WHERE k.oid = ?1 AND k.oid < 16384";

#define BUILTIN_INDEX(schema)                                                                      \
    "SELECT CASE WHEN ?2 = 0 THEN 'CREATE ' || CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END" \
    " || 'INDEX ' || c.relname || ' ON ' || " schema                                               \
    " || t.relname || ' USING btree (' || " COLUMNS_OF(                                            \
        "i.indrelid",                                                                              \
        "i.indkey") " || ')' ELSE coalesce((SELECT a.attname FROM \"system.pg_attribute\" AS a "   \
                    "WHERE"                                                                        \
                    " a.attrelid = i.indexrelid AND a.attnum = ?2), '') END FROM "                 \
                    "\"system.pg_index\" AS i JOIN"                                                \
                    " \"system.pg_class\" AS c ON c.oid = i.indexrelid JOIN \"system.pg_class\" "  \
                    "AS t ON t.oid ="                                                              \
                    " i.indrelid JOIN \"system.pg_namespace\" AS n ON n.oid = t.relnamespace"      \
                    " WHERE i.indexrelid = ?1"
static const char builtin_index[] = BUILTIN_INDEX("n.nspname || '.'");
static const char builtin_index_pretty[] = BUILTIN_INDEX("''");

/* Of a foreign key the catalog knows it. */
static void not_valid(sqlite3_context *ctx, uint32_t oid, struct buf *out)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(functions_context(ctx)->db,
                           "SELECT 1 FROM \"system.pg_constraint\" WHERE oid = ?1 AND"
                           " contype = 'c' AND NOT convalidated",
                           -1, &s, NULL) == SQLITE_OK) {
        sqlite3_bind_int64(s, 1, oid);
        if (sqlite3_step(s) == SQLITE_ROW)
            ident_format(out, " NOT VALID");
    }
    sqlite3_finalize(s);
}

static void fn_constraintdef(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct store_catalog *c = functions_context(ctx)->catalog;
    struct buf out;
    if (functions_null(1, argv))
        return;
    bool pretty = argc > 1 && sqlite3_value_int(argv[1]);
    uint32_t oid = (uint32_t)sqlite3_value_int64(argv[0]);
    functions_buf(&out);
    for (size_t i = 0; i < c->ntables; i++)
        if (!c->tables[i].system && constraint(c, &c->tables[i], oid, pretty, &out)) {
            not_valid(ctx, oid, &out);
            finish(ctx, &out);
            return;
        }
    for (size_t i = 0; i < c->types.n; i++)
        for (size_t k = 0; k < c->types.types[i].nchecks; k++)
            if (c->types.types[i].checks[k].oid == oid) {
                check(c, c->types.types[i].checks[k].sql, pretty, &out);
                not_valid(ctx, oid, &out);
                finish(ctx, &out);
                return;
            }
    buf_release(&out);
    if (oid < TYPES_USER_MIN)
        builtin_definition(ctx, builtin_constraint, oid, 0);
}

static void pretty_definition(const struct store_catalog *c, const struct store_table *t,
                              struct slice definition, struct buf *out)
{
    struct buf schema;
    buf_init(&schema, 1024);
    if (store_catalog_relation(c, NULL, t->name) == t->oid) {
        ident_postgres(t->schema, &schema);
        ident_format(&schema, ".");
    }
    pretty_index(definition, ident_text(&schema), out);
    buf_release(&schema);
}

/* pg_get_expr(expression [, pretty]): the catalog keeps expressions as SQL. */
static void fn_expr(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf typed, text, out;
    if (functions_null(argc, argv))
        return;
    functions_buf(&text);
    functions_buf(&out);
    functions_buf(&typed);
    type_text_show(functions_context(ctx)->catalog, functions_slice(argv[0]), &typed);
    regclass_show(functions_context(ctx)->catalog, buf_peek(&typed), &text);
    buf_release(&typed);
    const char *plain = ident_text(&text);
    if (argc > 1 && sqlite3_value_int(argv[1]))
        pretty_expression((struct slice){plain, strlen(plain)}, &out);
    else
        ident_format(&out, "%s", plain);
    buf_release(&text);
    finish(ctx, &out);
}

/* The text of an index's expression. */
static void index_part(struct store_context *c, uint32_t oid, int64_t column, bool pretty,
                       struct buf *out)
{
    static const char sql[] = "SELECT json_extract(texts, '$[' || ?2 || ']') FROM \"store.index\""
                              " WHERE oid = ?1";
    static const char temp_sql[] =
        "SELECT json_extract(texts, '$[' || ?2 || ']') FROM \"store.temp.index\" WHERE oid = ?1";
    sqlite3_stmt *s = objects_statement(c, catalog_is_temp(oid) ? temp_sql : sql);
    if (!s)
        return;
    sqlite3_bind_int64(s, 1, oid);
    sqlite3_bind_int64(s, 2, column - 1);
    if (column > 0 && sqlite3_step(s) == SQLITE_ROW && sqlite3_column_text(s, 0)) {
        struct slice text = functions_slice(sqlite3_column_value(s, 0));
        if (pretty)
            pretty_index_column(text, out);
        else
            buf_append(out, text.data, text.len);
    }
    sqlite3_reset(s);
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
    bool pretty = argc > 2 && sqlite3_value_int(argv[2]);
    for (size_t i = 0; i < c->ntables; i++)
        for (size_t k = 0; !c->tables[i].system && k < c->tables[i].nkeys; k++) {
            const struct store_key *key = &c->tables[i].keys[k];
            if (key->oid != oid)
                continue;
            struct buf typed;
            struct slice whole = with_types(c, key->definition ? key->definition : "", &typed);
            functions_buf(&out);
            if (column == 0 && pretty)
                pretty_definition(c, &c->tables[i], whole, &out);
            else if (column == 0)
                buf_append(&out, whole.data, whole.len);
            else if (column > 0 && (size_t)column <= key->nattnums + key->nincluded &&
                     key->attnums[column - 1] > 0)
                columns(&c->tables[i], &key->attnums[column - 1], 1, &out);
            else
                index_part(functions_context(ctx), oid, column, pretty, &out);
            buf_release(&typed);
            finish(ctx, &out);
            return;
        }
    if (oid < TYPES_USER_MIN)
        builtin_definition(ctx, pretty ? builtin_index_pretty : builtin_index, oid, column);
}

const struct function_row functions_catalog_rows[] = {
    {"pgf_quote_ident", 1, true, fn_quote_ident, NULL, NULL},
    {"pgf_get_constraintdef", 1, false, fn_constraintdef, NULL, NULL},
    {"pgf_get_constraintdef", 2, false, fn_constraintdef, NULL, NULL},
    {"pgf_get_indexdef", 3, false, fn_indexdef, NULL, NULL},
    {"pgf_get_expr", 1, false, fn_expr, NULL, NULL},
    {"pgf_get_expr", 2, false, fn_expr, NULL, NULL},
    {"pgf_get_indexdef", 1, false, fn_indexdef, NULL, NULL},
};
const size_t functions_catalog_n =
    sizeof(functions_catalog_rows) / sizeof(functions_catalog_rows[0]);
