/* ddl_generated.c: GENERATED ALWAYS AS (...) STORED: SQLite has the column as stored and generated.
 */
#include "daemon/store/depend.h"
#include "daemon/store/ident.h"
#include "daemon/store/translate.h"

struct search {
    const struct store_table *t;
    int16_t self;
    const char *found;
    int location;
};

static bool walk(Node *node, void *context)
{
    struct search *s = context;
    if (!node)
        return false;
    if (IsA(node, ColumnRef)) {
        const Node *last = llast(((const ColumnRef *)node)->fields);
        const struct store_column *c =
            IsA(last, String) ? store_table_column(s->t, strVal(last)) : NULL;
        if (c && (c->generated || c->attnum == s->self)) {
            s->found = c->name;
            s->location = ((const ColumnRef *)node)->location;
            return true;
        }
    }
    return raw_expression_tree_walker(node, walk, context);
}

static int refuse_generated(struct ddl *d, const struct store_table *t, int16_t attnum,
                            Node *expression)
{
    struct search s = {.t = t, .self = attnum};
    if (!walk(expression, &s))
        return 0;
    err_set(d->err, "42P17", "cannot use generated column \"%s\" in column generation expression",
            s.found);
    err_detail(d->err, "A generated column cannot reference another generated column.");
    d->err->position = s.location + 1;
    return -1;
}

static int rows(struct ddl *d, const struct store_table *t, int16_t attnum, const char *text,
                const char *sqlite, const Node *expression)
{
    uint32_t oid;
    if (ddl_new_oid(d, &oid) < 0)
        return -1;
    struct object o = object_of(DEPEND_DEFAULT, oid);
    if (depend_add(d, o, object_column(t->oid, attnum), 'i') < 0 ||
        depend_expression(d, o, t, expression, 'n') < 0 ||
        ddl_exec(d,
                 "UPDATE \"store.attribute\" SET generated_sqlite = ?3 WHERE relid = ?1 AND"
                 " attnum = ?2",
                 "iis", (int64_t)t->oid, (int64_t)attnum, sqlite) < 0 ||
        ddl_exec(d,
                 "UPDATE \"pg_catalog.pg_attribute\" SET atthasdef = 1, attgenerated = 's' WHERE"
                 " attrelid = ?1 AND attnum = ?2",
                 "ii", (int64_t)t->oid, (int64_t)attnum) < 0)
        return -1;
    return ddl_exec(d, "INSERT INTO \"pg_catalog.pg_attrdef\" VALUES (?1, ?2, ?3, ?4)", "iiis",
                    (int64_t)oid, (int64_t)t->oid, (int64_t)attnum, text);
}

int ddl_set_generated(struct ddl *d, uint32_t table, int16_t attnum, Node *expression)
{
    const struct store_table *t = ddl_table(d, table);
    const struct store_column *c = store_table_attnum(t, attnum);
    const char *sqlite;
    bool mutable = false;
    struct buf text;
    if (refuse_generated(d, t, attnum, expression) < 0)
        return -1;
    buf_init(&text, 1 << 20);
    int rc = deparse_checked(d->c, t, expression, c->type_oid, &text, &mutable, d->err);
    if (rc == 0 && mutable)
        rc = err_set(d->err, "42P17", "generation expression is not immutable");
    if (rc == 0)
        rc = translate_expression(d->c->catalog, t, expression, d->sql, c->type_oid, c->typmod,
                                  &sqlite, d->err);
    if (rc == 0)
        rc = rows(d, t, attnum, pstrdup(ident_text(&text)), sqlite, expression);
    buf_release(&text);
    return rc;
}

int ddl_drop_expression(struct ddl *d, uint32_t table, const char *column, bool missing_ok)
{
    const struct store_table *t = ddl_table(d, table);
    const struct store_column *c = ddl_need_column(d, table, column);
    if (!c)
        return -1;
    if (!c->generated && !missing_ok)
        return err_set(d->err, "55000",
                       "column \"%s\" of relation \"%s\" is not a stored generated column", column,
                       t->name);
    if (!c->generated) {
        conn_notice(d->c, "NOTICE", "00000",
                    "column \"%s\" of relation \"%s\" is not a stored generated column, skipping",
                    column, t->name);
        return 0;
    }
    int16_t attnum = c->attnum;
    if (ddl_forget_default(d, table, attnum) < 0 ||
        ddl_exec(d,
                 "UPDATE \"pg_catalog.pg_attribute\" SET attgenerated = '' WHERE attrelid = ?1 AND"
                 " attnum = ?2",
                 "ii", (int64_t)table, (int64_t)attnum) < 0 ||
        ddl_exec(d,
                 "UPDATE \"store.attribute\" SET generated_sqlite = NULL WHERE relid = ?1 AND"
                 " attnum = ?2",
                 "ii", (int64_t)table, (int64_t)attnum) < 0 ||
        ddl_reload(d) < 0)
        return -1;
    return ddl_sync_table(d, ddl_table(d, table));
}

int ddl_no_default(struct ddl *d, const struct store_table *t, const struct store_column *c,
                   bool set)
{
    err_set(d->err, SQLSTATE_SYNTAX_ERROR, "column \"%s\" of relation \"%s\" is a generated column",
            c->name, t->name);
    if (!set)
        err_hint(d->err, "Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead.");
    return -1;
}
