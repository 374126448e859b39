/* ddl_foreign.c: foreign keys and checks. */
#include "daemon/store/depend.h"
#include "daemon/store/errors.h"
#include "daemon/store/ident.h"
#include "daemon/store/transaction.h"
#include "daemon/store/translate.h"

#include <stdio.h>

struct key_spec {
    int n;
    int16_t attnums[32];
    uint32_t types[32];
};

static int add(struct ddl *d, const struct store_table *t, const char *name, struct key_spec *k)
{
    const struct store_column *c = store_table_column(t, name);
    if (!c)
        return err_set(d->err, SQLSTATE_UNDEFINED_COLUMN,
                       "column \"%s\" referenced in foreign key constraint does not exist", name);
    if (k->n == 32)
        return err_set(d->err, "54011", "cannot have more than 32 keys in a foreign key");
    k->attnums[k->n] = c->attnum;
    k->types[k->n++] = c->type_oid;
    return 0;
}

static const char *vector(const struct key_spec *k)
{
    struct buf b;
    buf_init(&b, 4096);
    for (int i = 0; i < k->n; i++)
        ident_format(&b, "%s\"%d\"", i ? "," : "[", k->attnums[i]);
    ident_format(&b, "]");
    const char *text = pstrdup(ident_text(&b));
    buf_release(&b);
    return text;
}

/* The unique key of the parent on exactly these columns, in any order. */
static const struct store_key *unique_key(const struct store_table *t, const struct key_spec *k)
{
    for (size_t i = 0; i < t->nkeys; i++) {
        const struct store_key *key = &t->keys[i];
        size_t found = 0;
        for (size_t a = 0; a < key->nattnums; a++)
            for (int b = 0; b < k->n; b++)
                found += key->attnums[a] == k->attnums[b];
        if (key->unique && !key->partial && key->nattnums == (size_t)k->n && found == (size_t)k->n)
            return key;
    }
    return NULL;
}

static int parent_key(struct ddl *d, const struct store_table *parent, const Constraint *con,
                      struct key_spec *k, const struct store_key **ret)
{
    ListCell *cell;
    if (con->pk_attrs == NIL) {
        *ret = store_table_primary(parent);
        if (!*ret)
            return err_set(d->err, SQLSTATE_UNDEFINED_OBJECT,
                           "there is no primary key for referenced table \"%s\"", parent->name);
        for (size_t i = 0; i < (*ret)->nattnums; i++) {
            const struct store_column *c = store_table_attnum(parent, (*ret)->attnums[i]);
            if (c && add(d, parent, c->name, k) < 0)
                return -1;
        }
        return 0;
    }
    foreach (cell, con->pk_attrs)
        if (add(d, parent, strVal(lfirst(cell)), k) < 0)
            return -1;
    *ret = unique_key(parent, k);
    if (!*ret)
        return err_set(
            d->err, "42830",
            "there is no unique constraint matching given keys for referenced table \"%s\"",
            parent->name);
    return 0;
}

static int check_types(struct ddl *d, const char *name, const struct store_table *t,
                       const struct key_spec *child, const struct store_table *target,
                       const struct key_spec *parent)
{
    if (child->n != parent->n)
        return err_set(d->err, "42830",
                       "number of referencing and referenced columns for foreign key disagree");
    for (int i = 0; i < child->n; i++) {
        const struct types_info *a = types_find(&d->c->catalog->types, child->types[i]),
                                *b = types_find(&d->c->catalog->types, parent->types[i]);
        bool alike = a && b && a->category == b->category &&
                     strcmp(types_storage(&d->c->catalog->types, a->oid),
                            types_storage(&d->c->catalog->types, b->oid)) == 0 &&
                     (a->category == 'N' || a->category == 'S' || a->oid == b->oid);
        if (alike)
            continue;
        char from[96], to[96];
        types_format(&d->c->catalog->types, child->types[i], -1, from, sizeof from);
        types_format(&d->c->catalog->types, parent->types[i], -1, to, sizeof to);
        err_set(d->err, SQLSTATE_DATATYPE_MISMATCH,
                "foreign key constraint \"%s\" cannot be implemented", name);
        err_detail(d->err, "Key columns \"%s\" and \"%s\" are of incompatible types: %s and %s.",
                   store_table_attnum(t, child->attnums[i])->name,
                   store_table_attnum(target, parent->attnums[i])->name, from, to);
        return -1;
    }
    return 0;
}

int ddl_check_key_types(struct ddl *d, const struct store_table *t,
                        const struct store_foreign_key *f)
{
    const struct store_table *parent = ddl_table(d, f->parent_oid);
    struct key_spec child = {0}, target = {0};
    for (size_t i = 0; i < f->nattnums; i++) {
        const struct store_column *a = store_table_attnum(t, f->attnums[i]);
        const struct store_column *b = store_table_attnum(parent, f->parent_attnums[i]);
        if (!a || !b || add(d, t, a->name, &child) < 0 || add(d, parent, b->name, &target) < 0)
            return -1;
    }
    return check_types(d, f->name, t, &child, parent, &target);
}

static int allowed_persistence(struct ddl *d, const struct store_table *child,
                               const struct store_table *parent)
{
    char mine = child->persistence, other = parent->persistence;
    if (mine == other || (mine == 'u' && other == 'p'))
        return 0;
    return err_set(d->err, "42P16", "constraints on %s",
                   mine == 'p'   ? "permanent tables may reference only permanent tables"
                   : mine == 'u' ? "unlogged tables may reference only permanent or unlogged tables"
                                 : "temporary tables may reference only temporary tables");
}

static int parent_table(struct ddl *d, const struct store_table *child, const Constraint *con,
                        const struct store_table **ret)
{
    if (!con->pktable->schemaname && strcmp(con->pktable->relname, child->name) == 0) {
        *ret = child;
        return 0;
    }
    char persistence = d->persistence;
    if (ddl_find_table(d, con->pktable, false, ret) < 0)
        return -1;
    d->persistence = persistence;
    if ((*ret)->kind == 'r' && allowed_persistence(d, child, *ret) < 0)
        return -1;
    return (*ret)->kind == 'r' ? 0
                               : err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE,
                                         "referenced relation \"%s\" is not a table", (*ret)->name);
}

static int foreign_key_needs(struct ddl *d, uint32_t oid, const struct store_table *t,
                             const struct key_spec *child, const struct store_table *parent,
                             const struct key_spec *target, const struct store_key *key)
{
    struct object o = object_of(DEPEND_CONSTRAINT, oid);
    for (int i = 0; i < child->n; i++)
        if (depend_add(d, o, object_column(t->oid, child->attnums[i]), 'a') < 0)
            return -1;
    for (int i = 0; i < target->n; i++)
        if (depend_add(d, o, object_column(parent->oid, target->attnums[i]), 'n') < 0)
            return -1;
    return depend_add(d, o, object_of(DEPEND_RELATION, key->oid), 'n');
}

/* ON DELETE SET NULL (...): some of the key's own columns, each once. */
static int set_columns(struct ddl *d, const struct store_table *t, const Constraint *con,
                       const struct key_spec *child, struct key_spec *ret)
{
    struct key_spec said = {0};
    ListCell *cell;
    foreach (cell, con->fk_del_set_cols)
        if (add(d, t, strVal(lfirst(cell)), &said) < 0)
            return -1;
    for (int i = 0; i < said.n; i++) {
        bool mine = false, again = false;
        for (int k = 0; k < child->n; k++)
            mine = mine || child->attnums[k] == said.attnums[i];
        if (!mine)
            return err_set(d->err, "42P10",
                           "column \"%s\" referenced in ON DELETE SET action must be part of "
                           "foreign key",
                           store_table_attnum(t, said.attnums[i])->name);
        for (int k = 0; k < ret->n; k++)
            again = again || ret->attnums[k] == said.attnums[i];
        if (!again)
            ret->attnums[ret->n++] = said.attnums[i];
    }
    return 0;
}

static int foreign_key_row(struct ddl *d, const struct store_table *t, const char *name,
                           const Constraint *con, const struct key_spec *child,
                           const struct store_table *parent, const struct key_spec *target,
                           const struct store_key *key)
{
    uint32_t oid;
    struct key_spec set = {0};
    char del[2] = {con->fk_del_action ? con->fk_del_action : 'a', 0};
    char upd[2] = {con->fk_upd_action ? con->fk_upd_action : 'a', 0};
    if (set_columns(d, t, con, child, &set) < 0 || ddl_new_oid(d, &oid) < 0 ||
        foreign_key_needs(d, oid, t, child, parent, target, key) < 0)
        return -1;
    return ddl_exec(
        d,
        "INSERT INTO \"pg_catalog.pg_constraint\" (oid, conname, connamespace, contype,"
        " condeferrable, condeferred, convalidated, conrelid, conindid, confrelid, confupdtype,"
        " confdeltype, confmatchtype, conislocal, connoinherit, conkey, confkey,"
        " confdelsetcols)"
        " VALUES (?1, ?2, ?12, 'f', ?3, ?4, ?13, ?5, ?6, ?7, ?8, ?9, ?14, 1, 1, ?10, ?11, ?15)",
        "isiiiiissssiiss", (int64_t)oid, name, (int64_t)con->deferrable, (int64_t)con->initdeferred,
        (int64_t)t->oid, (int64_t)key->oid, (int64_t)parent->oid, upd, del, vector(child),
        vector(target), (int64_t)ddl_space(d, t), (int64_t)!con->skip_validation,
        con->fk_matchtype == 'f' ? "f" : "s", set.n > 0 ? vector(&set) : NULL);
}

static const char *joined(const struct store_table *t, const struct key_spec *k)
{
    struct buf b;
    buf_init(&b, 4096);
    for (int i = 0; i < k->n; i++) {
        const struct store_column *c = store_table_attnum(t, k->attnums[i]);
        ident_format(&b, "%s%s", i ? "_" : "", c ? c->name : "");
    }
    const char *text = pstrdup(ident_text(&b));
    buf_release(&b);
    return text;
}

/* A name the client gave must be free among the table's constraints. */
int ddl_check_constraint(struct ddl *d, const struct store_table *t, const char *name)
{
    int64_t n = 0;
    if (ddl_query_int(d, &n,
                      "SELECT count(*) FROM \"pg_catalog.pg_constraint\" WHERE conrelid = ?1 AND "
                      "conname = ?2",
                      "is", (int64_t)t->oid, name) < 0)
        return -1;
    if (n)
        return err_set(d->err, "42710", "constraint \"%s\" for relation \"%s\" already exists",
                       name, t->name);
    return 0;
}

int ddl_add_foreign_key(struct ddl *d, uint32_t table, const Constraint *con, const char *column)
{
    const struct store_table *t = ddl_table(d, table), *parent;
    const struct store_key *key;
    struct key_spec child = {0}, target = {0};
    const char *name = con->conname;
    char chosen[64];
    ListCell *cell;
    if (con->fk_matchtype == 'p')
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED, "MATCH PARTIAL not yet implemented");
    if (column && con->fk_attrs == NIL && add(d, t, column, &child) < 0)
        return -1;
    foreach (cell, con->fk_attrs)
        if (add(d, t, strVal(lfirst(cell)), &child) < 0)
            return -1;
    if (parent_table(d, t, con, &parent) < 0 || parent_key(d, parent, con, &target, &key) < 0)
        return -1;
    if (name) {
        if (ddl_check_constraint(d, t, name) < 0)
            return -1;
    } else {
        struct ddl_choice choice = {t->name, joined(t, &child), "fkey", ddl_space(d, t), true};
        if (ddl_choose_name(d, &choice, chosen) < 0)
            return -1;
        name = chosen;
    }
    if (check_types(d, name, t, &child, parent, &target) < 0)
        return -1;
    return foreign_key_row(d, t, name, con, &child, parent, &target, key);
}

/* -- existing rows must satisfy a constraint that is added -- */

static void join_condition(const struct store_table *t, const struct store_table *parent,
                           const struct store_foreign_key *f, struct buf *sql)
{
    for (size_t i = 0; i < f->nattnums; i++) {
        const struct store_column *a = store_table_attnum(t, f->attnums[i]);
        const struct store_column *b = store_table_attnum(parent, f->parent_attnums[i]);
        ident_format(sql, "%sp.", i ? " AND " : "");
        ident_sqlite(b ? b->sqlite_name : "", sql);
        ident_format(sql, " = c.");
        ident_sqlite(a ? a->sqlite_name : "", sql);
    }
}

int ddl_validate_foreign_key(struct ddl *d, const struct store_table *t,
                             const struct store_foreign_key *f)
{
    const struct store_table *parent = ddl_table(d, f->parent_oid);
    struct watch w = {.c = d->c};
    struct buf sql;
    char tail[ERR_DETAIL_BYTES];
    if (!parent)
        return err_set(d->err, SQLSTATE_INTERNAL_ERROR, "referenced table not found");
    buf_init(&sql, 1 << 20);
    ident_format(&sql, "SELECT 1");
    for (size_t i = 0; i < f->nattnums; i++) {
        const struct store_column *a = store_table_attnum(t, f->attnums[i]);
        ident_format(&sql, ", c.");
        ident_sqlite(a ? a->sqlite_name : "", &sql);
    }
    ident_format(&sql, " FROM ");
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " c WHERE ");
    for (size_t i = 0; i < f->nattnums; i++) {
        const struct store_column *a = store_table_attnum(t, f->attnums[i]);
        ident_format(&sql, "c.");
        ident_sqlite(a ? a->sqlite_name : "", &sql);
        ident_format(&sql, " IS NOT NULL AND ");
    }
    ident_format(&sql, "NOT EXISTS (SELECT 1 FROM ");
    ident_sqlite(parent->sqlite_name, &sql);
    ident_format(&sql, " p WHERE ");
    join_condition(t, parent, f, &sql);
    ident_format(&sql, ") LIMIT 1");
    sqlite3_stmt *s = conn_prepare(d->c, ident_text(&sql), d->err);
    buf_release(&sql);
    if (!s)
        return -1;
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        err_set(d->err, SQLSTATE_FOREIGN_KEY_VIOLATION,
                "insert or update on table \"%s\" violates foreign key constraint \"%s\"", t->name,
                f->name);
        snprintf(d->err->schema, sizeof d->err->schema, "%s", t->schema);
        snprintf(d->err->table, sizeof d->err->table, "%s", t->name);
        snprintf(d->err->constraint, sizeof d->err->constraint, "%s", f->name);
        snprintf(tail, sizeof tail, " is not present in table \"%s\".", parent->name);
        watch_statement_detail(&w, s, t, f->attnums, f->nattnums, false, tail, d->err);
        watch_release(&w);
    } else if (rc != SQLITE_DONE) {
        errors_map(d->c, rc, NULL, NULL, d->err);
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? 0 : -1;
}

int ddl_validate_check(struct ddl *d, const struct store_table *t, const struct store_check *k)
{
    struct buf sql;
    int64_t bad = 0;
    buf_init(&sql, 1 << 20);
    ident_format(&sql, "SELECT 1 FROM ");
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " WHERE NOT (%s) LIMIT 1", k->sqlite);
    int rc = ddl_query_int(d, &bad, ident_text(&sql), "");
    buf_release(&sql);
    if (rc <= 0)
        return rc;
    err_set(d->err, SQLSTATE_CHECK_VIOLATION,
            "check constraint \"%s\" of relation \"%s\" is violated by some row", k->name, t->name);
    snprintf(d->err->schema, sizeof d->err->schema, "%s", t->schema);
    snprintf(d->err->table, sizeof d->err->table, "%s", t->name);
    snprintf(d->err->constraint, sizeof d->err->constraint, "%s", k->name);
    return -1;
}

/* -- checks -- */

struct column_use {
    const char *only; /* the one column used */
    int n;
};

/* How many columns an expression names, for PostgreSQL's name of the constraint. */
static bool count_columns(Node *node, void *arg)
{
    struct column_use *u = arg;
    if (!node)
        return false;
    if (!IsA(node, ColumnRef))
        return raw_expression_tree_walker(node, count_columns, arg);
    const Node *last = llast(((const ColumnRef *)node)->fields);
    const char *name = IsA(last, String) ? strVal(last) : "";
    if (!u->only || strcmp(u->only, name) != 0)
        u->n++;
    u->only = name;
    return false;
}

int ddl_add_check(struct ddl *d, uint32_t table, const Constraint *con)
{
    const struct store_table *t = ddl_table(d, table);
    struct column_use use = {.n = 0};
    const char *sqlite, *name = con->conname;
    struct buf text;
    char chosen[64];
    uint32_t oid;
    if (translate_condition(d->c->catalog, t, con->raw_expr, d->sql, "CHECK", &sqlite, d->err) < 0)
        return -1;
    (void)count_columns(con->raw_expr, &use);
    if (name) {
        if (ddl_check_constraint(d, t, name) < 0)
            return -1;
    } else {
        struct ddl_choice choice = {t->name, use.n == 1 ? use.only : NULL, "check",
                                    ddl_space(d, t), true};
        if (ddl_choose_name(d, &choice, chosen) < 0)
            return -1;
        name = chosen;
    }
    buf_init(&text, 1 << 20);
    int rc = deparse(d->c, t, con->raw_expr, TYPES_BOOL, &text, d->err);
    if (rc == 0)
        rc = ddl_new_oid(d, &oid);
    struct object o = object_of(DEPEND_CONSTRAINT, rc == 0 ? oid : 0);
    if (rc == 0 && use.n == 0)
        rc = depend_add(d, o, object_of(DEPEND_RELATION, table), 'a');
    if (rc == 0)
        rc = depend_expression(d, o, t, con->raw_expr, 'a');
    if (rc == 0 && use.n > 0)
        rc = depend_expression(d, o, t, con->raw_expr, 'n');
    if (rc == 0)
        rc = ddl_exec(
            d,
            "INSERT INTO \"pg_catalog.pg_constraint\" (oid, conname, connamespace, contype,"
            " convalidated, conrelid, conislocal, conkey, confupdtype, confdeltype,"
            " confmatchtype, conbin, connoinherit) VALUES (?1, ?2, ?5, 'c', ?6, ?3, 1, ?7, ' ',"
            " ' ', ' ', ?4, ?8)",
            "isisiisi", (int64_t)oid, name, (int64_t)table, ident_text(&text),
            (int64_t)ddl_space(d, t), (int64_t)!con->skip_validation,
            depend_columns(d, t, con->raw_expr), (int64_t)con->is_no_inherit);
    if (rc == 0)
        rc = ddl_exec(d,
                      "UPDATE \"pg_catalog.pg_class\" SET relchecks = relchecks + 1 WHERE"
                      " oid = ?1",
                      "i", (int64_t)table);
    if (rc == 0)
        rc = ddl_exec(d, "INSERT INTO \"store.relation\" VALUES (?1, ?2, NULL)", "is", (int64_t)oid,
                      sqlite);
    buf_release(&text);
    return rc;
}
