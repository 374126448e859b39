/* ddl_key_trigger.c: ON DELETE SET NULL (...) and SET DEFAULT (...) of some columns.
 *
 * SQLite's own actions set all columns of a key.  So such a key has no action in SQLite, which looks
 * whether it holds when the statement is over, and a trigger on the table it refers to sets the
 * columns.  A trigger names columns of two tables: none is there while a statement changes what
 * tables are like. */
#include "daemon/store/ddl.h"
#include "daemon/store/ident.h"
#include "daemon/store/temp.h"
#include "daemon/store/transaction.h"

bool ddl_changes_shape(const Node *stmt)
{
    switch (nodeTag(stmt)) {
    case T_TruncateStmt:
    case T_CommentStmt:
    case T_GrantStmt:
    case T_AlterDefaultPrivilegesStmt:
    case T_VacuumStmt:
    case T_ReindexStmt:
    case T_CheckPointStmt:
    case T_RefreshMatViewStmt:
    case T_IndexStmt:
        return false;
    default:
        return true;
    }
}

static void name(const struct store_foreign_key *f, struct buf *sql)
{
    ident_format(sql, "%s.\"#key:%u\"", temp_database(f->oid), f->oid);
}

static void definition(const struct store_table *t, const struct store_foreign_key *f,
                       const struct store_table *parent, struct buf *sql)
{
    ident_format(sql, "CREATE TRIGGER ");
    name(f, sql);
    ident_format(sql, " AFTER DELETE ON ");
    ident_sqlite(parent->sqlite_name, sql);
    ident_format(sql, " BEGIN UPDATE ");
    ident_sqlite(t->sqlite_name, sql);
    for (size_t i = 0; i < f->nset; i++) {
        const struct store_column *c = store_table_attnum(t, f->set_attnums[i]);
        ident_format(sql, i ? ", " : " SET ");
        ident_sqlite(c ? c->sqlite_name : "", sql);
        ident_format(sql, " = %s",
                     c && f->on_delete == 'd' && c->default_sqlite ? c->default_sqlite : "NULL");
    }
    for (size_t i = 0; i < f->nattnums; i++) {
        const struct store_column *a = store_table_attnum(t, f->attnums[i]);
        const struct store_column *b = store_table_attnum(parent, f->parent_attnums[i]);
        ident_format(sql, i ? " AND OLD." : " WHERE OLD.");
        ident_sqlite(b ? b->sqlite_name : "", sql);
        ident_format(sql, " = ");
        ident_sqlite(a ? a->sqlite_name : "", sql);
    }
    ident_format(sql, "; END");
}

static int each(struct ddl *d, bool make)
{
    const struct store_catalog *c = d->c->catalog;
    int rc = 0;
    for (size_t i = 0; i < c->ntables; i++)
        for (size_t k = 0; rc == 0 && k < c->tables[i].nforeign_keys; k++) {
            const struct store_foreign_key *f = &c->tables[i].foreign_keys[k];
            const struct store_table *parent = store_catalog_table_oid(c, f->parent_oid);
            struct buf sql;
            if (f->nset == 0 || !parent)
                continue;
            buf_init(&sql, 1 << 20);
            if (make)
                definition(&c->tables[i], f, parent, &sql);
            else {
                ident_format(&sql, "DROP TRIGGER IF EXISTS ");
                name(f, &sql);
            }
            rc = conn_exec(d->c, ident_text(&sql), d->err);
            buf_release(&sql);
        }
    return rc;
}

int ddl_drop_key_triggers(struct ddl *d)
{
    return each(d, false);
}

int ddl_make_key_triggers(struct ddl *d)
{
    return each(d, true);
}
