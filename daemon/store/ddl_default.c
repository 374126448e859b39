/* ddl_default.c: what a column is when nobody says: rows of the catalog, and what SQLite has of it.
 */
#include "daemon/store/ddl.h"
#include "daemon/store/depend.h"
#include "daemon/store/ident.h"
#include "daemon/store/regclass_text.h"
#include "daemon/store/translate.h"

#include <stdio.h>

int ddl_forget_default(struct ddl *d, uint32_t table, int16_t attnum)
{
    int64_t old = 0;
    if (ddl_query_int(d, &old,
                      "DELETE FROM \"pg_catalog.pg_attrdef\" WHERE adrelid = ?1 AND adnum = ?2"
                      " RETURNING oid",
                      "ii", (int64_t)table, (int64_t)attnum) < 0 ||
        (old && depend_forget(d, object_of(DEPEND_DEFAULT, (uint32_t)old), NULL) < 0) ||
        ddl_exec(d,
                 "UPDATE \"pg_catalog.pg_attribute\" SET atthasdef = 0 WHERE attrelid = ?1 AND "
                 "attnum = ?2",
                 "ii", (int64_t)table, (int64_t)attnum) < 0)
        return -1;
    return ddl_exec(
        d, "UPDATE \"store.attribute\" SET default_sqlite = NULL WHERE relid = ?1 AND attnum = ?2",
        "ii", (int64_t)table, (int64_t)attnum);
}

static int default_sqlite(struct ddl *d, uint32_t table, int16_t attnum, const char *sqlite)
{
    return ddl_exec(
        d, "UPDATE \"store.attribute\" SET default_sqlite = ?3 WHERE relid = ?1 AND attnum = ?2",
        "iis", (int64_t)table, (int64_t)attnum, sqlite);
}

/* ${ret}: oid of the default. */
static int default_rows(struct ddl *d, uint32_t table, int16_t attnum, const char *text,
                        const char *sqlite, uint32_t *ret)
{
    if (ddl_forget_default(d, table, attnum) < 0 || ddl_new_oid(d, ret) < 0 ||
        ddl_exec(d,
                 "UPDATE \"pg_catalog.pg_attribute\" SET atthasdef = 1 WHERE attrelid = ?1 AND "
                 "attnum = ?2",
                 "ii", (int64_t)table, (int64_t)attnum) < 0 ||
        default_sqlite(d, table, attnum, sqlite) < 0 ||
        depend_add(d, object_of(DEPEND_DEFAULT, *ret), object_column(table, attnum), 'a') < 0)
        return -1;
    struct buf kept;
    buf_init(&kept, 1 << 20);
    regclass_keep(d->c->catalog, text, &kept);
    int rc = ddl_exec(d, "INSERT INTO \"pg_catalog.pg_attrdef\" VALUES (?1, ?2, ?3, ?4)", "iiis",
                      (int64_t)*ret, (int64_t)table, (int64_t)attnum, ident_text(&kept));
    buf_release(&kept);
    return rc;
}

static bool is_null_constant(const Node *node)
{
    if (IsA(node, TypeCast))
        node = ((const TypeCast *)node)->arg;
    return IsA(node, A_Const) && ((const A_Const *)node)->isnull;
}

static int set_default(struct ddl *d, uint32_t table, int16_t attnum, Node *expression)
{
    const struct store_table *t = ddl_table(d, table);
    const struct store_column *col = t ? store_table_attnum(t, attnum) : NULL;
    const char *sqlite;
    struct buf text;
    uint32_t oid;
    if (!col)
        return err_set(d->err, SQLSTATE_INTERNAL_ERROR, "column of default not found");
    if (translate_expression(d->c->catalog, NULL, expression, d->sql, col->type_oid, col->typmod,
                             &sqlite, d->err) < 0) {
        d->err->position = 0; /* PostgreSQL keeps no text for it */
        return -1;
    }
    buf_init(&text, 1 << 20);
    int rc = deparse(d->c, NULL, expression, col->type_oid, &text, d->err);
    if (rc == 0)
        rc = default_rows(d, table, attnum, ident_text(&text), sqlite, &oid);
    if (rc == 0)
        rc = depend_expression(d, object_of(DEPEND_DEFAULT, oid), NULL, expression, 'n');
    buf_release(&text);
    return rc;
}

int ddl_set_default(struct ddl *d, uint32_t table, int16_t attnum, Node *expression)
{
    if (!expression || is_null_constant(expression))
        return ddl_forget_default(d, table, attnum);
    return set_default(d, table, attnum, expression);
}

static int set_sequence_default(struct ddl *d, uint32_t table, const struct store_column *col)
{
    char text[64], sqlite[48];
    uint32_t oid, sequence = col->sequence_oid;
    snprintf(text, sizeof text, "nextval('%u'::regclass)", sequence);
    snprintf(sqlite, sizeof sqlite, "pgf_nextval(%u)", sequence);
    if (col->identity)
        return default_sqlite(d, table, col->attnum, sqlite);
    return default_rows(d, table, col->attnum, text, sqlite, &oid) < 0
               ? -1
               : depend_add(d, object_of(DEPEND_DEFAULT, oid), object_of(DEPEND_RELATION, sequence),
                            'n');
}

int ddl_column_default(struct ddl *d, uint32_t table, int16_t attnum, const ColumnDef *def)
{
    const struct store_table *t = ddl_table(d, table);
    const struct store_column *col = t ? store_table_attnum(t, attnum) : NULL;
    const Constraint *con = ddl_clause(def, CONSTR_DEFAULT);
    if (!col)
        return err_set(d->err, SQLSTATE_INTERNAL_ERROR, "column not found");
    if (col->sequence_oid)
        return con ? err_set(d->err, SQLSTATE_SYNTAX_ERROR,
                             "multiple default values specified for column \"%s\" of table \"%s\"",
                             col->name, t->name)
                   : set_sequence_default(d, table, col);
    if (con)
        return ddl_set_default(d, table, attnum, con->raw_expr);
    con = ddl_clause(def, CONSTR_GENERATED);
    return con ? ddl_set_generated(d, table, attnum, con->raw_expr) : 0;
}
