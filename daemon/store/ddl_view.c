/* ddl_view.c: CREATE VIEW; what a rename means for views.
 *
 * "store.relation" has the query of a view as text in which all names are resolved
 * (translate_capture.h).  Its columns are rows of pg_attribute as a table's are; what it reads is
 * in pg_depend, of its rule.  A rename rewrites the texts that name the object, and is refused
 * where the new text does not mean exactly what the old one did. */
#include "daemon/store/ddl_grant.h"
#include "daemon/store/ddl_view.h"

#include "daemon/store/depend.h"
#include "daemon/store/ident.h"
#include "daemon/store/translate_capture.h"
#include "policy/parse.h"

/* -- the text -- */

static int parse_query(const char *text, SelectStmt **ret, struct err *err)
{
    List *list;
    if (parse_sql(text, (void **)&list, err) < 0)
        return -1;
    *ret = (SelectStmt *)((RawStmt *)linitial(list))->stmt;
    return 0;
}

struct meaning {
    struct ddl *d;
    const char *text, *sqlite;
};

static int meaning_body(void *arg, struct err *err)
{
    const struct meaning *m = arg;
    SelectStmt *again;
    struct translate_result t;
    if (parse_query(m->text, &again, err) < 0 ||
        translate_view_query(m->d->c->catalog, again, m->text, NULL, &t, err) < 0)
        return -1;
    return strcmp(t.sql, m->sqlite) == 0 ? 0 : -1;
}

/* The text must mean the same as the tree it was made from: not every tree prints as one would. */
static int same_meaning(struct ddl *d, const char *text, const char *sqlite)
{
    struct meaning m = {d, text, sqlite};
    struct err ignored;
    if (parse_protect(meaning_body, &m, &ignored) == 0)
        return 0;
    return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "this query is not supported by the store as that of a view");
}

int view_define(struct ddl *d, SelectStmt *query, struct view_definition *ret)
{
    struct capture capture = {.uses = NIL};
    struct translate_result t;
    if (translate_view_query(d->c->catalog, query, d->sql, &capture, &t, d->err) < 0 ||
        parse_print(query, &ret->text, d->err) < 0 || same_meaning(d, ret->text, t.sql) < 0)
        return -1;
    ret->sqlite = t.sql;
    ret->columns = t.columns;
    ret->ncolumns = t.ncolumns;
    ret->uses = capture.uses;
    return 0;
}

/* -- rows -- */

static int check_columns(struct ddl *d, const struct view_definition *v)
{
    for (size_t i = 0; i < v->ncolumns; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(v->columns[i].name, v->columns[k].name) == 0)
                return err_set(d->err, "42701", "column \"%s\" specified more than once",
                               v->columns[i].name);
    return 0;
}

static int column_rows(struct ddl *d, uint32_t oid, const struct view_definition *v, size_t from)
{
    for (size_t i = from; i < v->ncolumns; i++) {
        const struct translate_column *c = &v->columns[i];
        const struct object column = object_column(oid, (int16_t)(i + 1));
        const uint32_t type = c->domain ? c->domain : c->type_oid;
        if (ddl_attribute_row(d, oid, (int16_t)(i + 1), c->name, type, c->domain ? -1 : c->typmod,
                              false, "") < 0 ||
            ddl_sqlite_column(d, oid, (int16_t)(i + 1), c->name, 0) < 0 ||
            depend_add(d, column, object_of(DEPEND_TYPE, type), 'n') < 0)
            return -1;
    }
    return ddl_exec(d, "UPDATE \"pg_catalog.pg_class\" SET relnatts = ?2 WHERE oid = ?1", "ii",
                    (int64_t)oid, (int64_t)v->ncolumns);
}

static bool uses_column_of(const List *uses, uint32_t table)
{
    ListCell *cell;
    foreach (cell, uses) {
        const struct capture_use *u = lfirst(cell);
        if (u->oid == table && u->attnum > 0)
            return true;
    }
    return false;
}

static int rule_depends(struct ddl *d, uint32_t rule, const struct view_definition *v)
{
    ListCell *cell;
    foreach (cell, v->uses) {
        const struct capture_use *u = lfirst(cell);
        const struct object on = u->is_type      ? object_of(DEPEND_TYPE, u->oid)
                                 : u->is_key     ? object_of(DEPEND_CONSTRAINT, u->oid)
                                 : u->attnum > 0 ? object_column(u->oid, u->attnum)
                                                 : object_of(DEPEND_RELATION, u->oid);
        if (!u->is_type && !u->is_key && u->attnum == 0 && uses_column_of(v->uses, u->oid))
            continue;
        if (depend_add(d, object_of(DEPEND_RULE, rule), on, 'n') < 0)
            return -1;
    }
    return 0;
}

int view_rule_rows(struct ddl *d, uint32_t oid, const struct view_definition *v)
{
    uint32_t rule;
    if (ddl_new_oid(d, &rule) < 0 ||
        ddl_exec(d,
                 "INSERT INTO \"pg_catalog.pg_rewrite\" (oid, rulename, ev_class, ev_type,"
                 " ev_enabled, is_instead, ev_qual, ev_action) VALUES (?1, '_RETURN', ?2, '1', 'O',"
                 " 1, '<>', ?3)",
                 "iis", (int64_t)rule, (int64_t)oid, v->text) < 0 ||
        depend_add(d, object_of(DEPEND_RULE, rule), object_of(DEPEND_RELATION, oid), 'i') < 0)
        return -1;
    return rule_depends(d, rule, v);
}

static int view_rows(struct ddl *d, const struct store_schema *schema, const char *name,
                     const struct view_definition *v, uint32_t *ret_oid)
{
    uint32_t oid;
    if (ddl_new_oid(d, &oid) < 0 ||
        ddl_exec(d,
                 "INSERT INTO \"pg_catalog.pg_class\" (oid, relname, relnamespace, relowner,"
                 " relkind, relnatts, relpersistence, relreplident, relispopulated, relhasrules,"
                 " reltuples) VALUES (?1, ?2, ?3, 10, 'v', 0, ?4, 'n', 1, 1, -1)",
                 "isis", (int64_t)oid, name, (int64_t)schema->oid,
                 (char[2]){d->persistence, 0}) < 0 ||
        ddl_give_acl(d, 'r', schema->oid, oid) < 0 ||
        ddl_make_row_type(d, oid, schema->oid, name) < 0 ||
        ddl_exec(d, "INSERT INTO \"store.relation\" VALUES (?1, '', ?2)", "is", (int64_t)oid,
                 v->text) < 0 ||
        depend_add(d, object_of(DEPEND_RELATION, oid), object_of(DEPEND_SCHEMA, schema->oid), 'n') <
            0 ||
        column_rows(d, oid, v, 0) < 0)
        return -1;
    *ret_oid = oid;
    return view_rule_rows(d, oid, v);
}

/* -- CREATE OR REPLACE -- */

static int same_column(struct ddl *d, const struct store_column *old,
                       const struct translate_column *c)
{
    char from[TYPES_NAME_BYTES], to[TYPES_NAME_BYTES];
    const struct types_set *types = &d->c->catalog->types;
    if (strcmp(old->name, c->name) != 0) {
        err_set(d->err, "42P16", "cannot change name of view column \"%s\" to \"%s\"", old->name,
                c->name);
        err_hint(d->err, "Use ALTER VIEW ... RENAME COLUMN ... to change name of view column"
                         " instead.");
        return -1;
    }
    if (old->type_oid == c->type_oid && old->typmod == c->typmod)
        return 0;
    types_format(types, old->type_oid, old->typmod, from, sizeof from);
    types_format(types, c->type_oid, c->typmod, to, sizeof to);
    return err_set(d->err, "42P16", "cannot change data type of view column \"%s\" from %s to %s",
                   old->name, from, to);
}

static int replace(struct ddl *d, const struct store_table *t, const struct view_definition *v)
{
    uint32_t oid = t->oid;
    int64_t rule = 0;
    if (t->kind != 'v')
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a view", t->name);
    if (v->ncolumns < t->ncolumns)
        return err_set(d->err, "42P16", "cannot drop columns from view");
    for (size_t i = 0; i < t->ncolumns; i++)
        if (same_column(d, &t->columns[i], &v->columns[i]) < 0)
            return -1;
    ListCell *cell;
    foreach (cell, v->uses)
        if (((const struct capture_use *)lfirst(cell))->oid == oid)
            return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "a view of itself is not supported by the store");
    if (ddl_query_int(d, &rule, "SELECT oid FROM \"pg_catalog.pg_rewrite\" WHERE ev_class = ?1",
                      "i", (int64_t)oid) < 0 ||
        depend_forget_type(d, object_of(DEPEND_RULE, (uint32_t)rule), 'n') < 0 ||
        rule_depends(d, (uint32_t)rule, v) < 0 ||
        ddl_exec(d, "UPDATE \"store.relation\" SET definition = ?2 WHERE oid = ?1", "is",
                 (int64_t)oid, v->text) < 0)
        return -1;
    return column_rows(d, oid, v, t->ncolumns);
}

/* -- CREATE VIEW -- */

static int rename_columns(struct ddl *d, const List *aliases, struct view_definition *v)
{
    struct translate_column *columns = palloc((v->ncolumns + 1) * sizeof *columns);
    if ((size_t)list_length(aliases) > v->ncolumns)
        return err_set(d->err, SQLSTATE_SYNTAX_ERROR,
                       "CREATE VIEW specifies more column names than columns");
    memcpy(columns, v->columns, v->ncolumns * sizeof *columns);
    for (int i = 0; i < list_length(aliases); i++)
        columns[i].name = strVal(list_nth(aliases, i));
    v->columns = columns;
    return 0;
}

bool view_uses_temp(const struct view_definition *v)
{
    ListCell *cell;
    foreach (cell, v->uses)
        if (catalog_is_temp(((const struct capture_use *)lfirst(cell))->oid))
            return true;
    return false;
}

int ddl_create_view(struct ddl *d, const ViewStmt *s)
{
    struct view_definition v = {.text = NULL};
    const struct store_schema *schema;
    bool exists = false;
    List *options;
    if (!IsA(s->query, SelectStmt) || ((const SelectStmt *)s->query)->intoClause)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "views must not contain SELECT INTO");
    if (view_define(d, (SelectStmt *)s->query, &v) < 0 ||
        view_create_options(d, s, v.text, &options) < 0 || rename_columns(d, s->aliases, &v) < 0)
        return -1;
    if (s->view->relpersistence == 'p' && view_uses_temp(&v)) {
        s->view->relpersistence = 't';
        conn_notice(d->c, "NOTICE", "00000", "view \"%s\" will be a temporary view",
                    s->view->relname);
    }
    if (ddl_relation_creation(d, s->view, &schema) < 0 ||
        ddl_check_free(d, schema->oid, s->view->relname, s->replace ? &exists : NULL) < 0 ||
        check_columns(d, &v) < 0)
        return -1;
    const struct store_table *old =
        exists ? store_catalog_table(d->c->catalog, schema->name, s->view->relname) : NULL;
    if (exists && !old)
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a view",
                       s->view->relname);
    uint32_t oid = old ? old->oid : 0;
    if ((old ? replace(d, old, &v) : view_rows(d, schema, s->view->relname, &v, &oid)) < 0 ||
        ddl_exec(d, "UPDATE \"pg_catalog.pg_class\" SET reloptions = NULL WHERE oid = ?1", "i",
                 (int64_t)oid) < 0 ||
        ddl_options(d, oid, options, false) < 0)
        return -1;
    return ddl_reload(d);
}

/* -- renames -- */

struct renamed_view {
    uint32_t oid;
    const char *text, *sqlite; /* the new text; what it must mean */
};

static int rename_in(struct ddl *d, struct ddl_rename *r, const struct store_table *view)
{
    const struct capture_use what = {r->oid, r->attnum, r->is_type, false};
    struct capture capture = {.renamed = r->from_schema ? NULL : &what,
                              .old_schema = r->from_schema,
                              .new_schema = r->schema,
                              .new_name = r->name};
    struct renamed_view *v = palloc0(sizeof *v);
    struct translate_result t;
    SelectStmt *query;
    if (parse_query(view->view_sql, &query, d->err) < 0 ||
        translate_view_query(d->c->catalog, query, view->view_sql, &capture, &t, d->err) < 0 ||
        parse_print(query, &v->text, d->err) < 0)
        return -1;
    v->oid = view->oid;
    v->sqlite = t.sql;
    r->views = lappend(r->views, v);
    return 0;
}

int ddl_views_rename(struct ddl *d, struct ddl_rename *r)
{
    const struct store_catalog *c = d->c->catalog;
    for (size_t i = 0; i < c->ntables; i++) {
        int64_t n = 0;
        if (!c->tables[i].view_sql)
            continue;
        if (ddl_query_int(d, &n,
                          "SELECT count(*) FROM \"pg_catalog.pg_depend\" d JOIN"
                          " \"pg_catalog.pg_rewrite\" r ON r.oid = d.objid WHERE d.classid = 2618"
                          " AND r.ev_class = ?1 AND (d.refobjid = ?2 OR ?2 = 0)",
                          "ii", (int64_t)c->tables[i].oid, (int64_t)r->oid) < 0 ||
            (n > 0 && c->tables[i].oid != r->oid && rename_in(d, r, &c->tables[i]) < 0))
            return -1;
    }
    return 0;
}

int ddl_views_renamed(struct ddl *d, const struct ddl_rename *r)
{
    ListCell *cell;
    foreach (cell, r->views) {
        const struct renamed_view *v = lfirst(cell);
        if (ddl_exec(d, "UPDATE \"store.relation\" SET definition = ?2 WHERE oid = ?1", "is",
                     (int64_t)v->oid, v->text) < 0)
            return -1;
    }
    if (r->views != NIL && ddl_reload(d) < 0)
        return -1;
    foreach (cell, r->views) {
        const struct renamed_view *v = lfirst(cell);
        SelectStmt *query;
        struct translate_result t;
        struct err ignored;
        if (parse_query(v->text, &query, d->err) < 0)
            return -1;
        if (translate_view_query(d->c->catalog, query, v->text, NULL, &t, &ignored) < 0 ||
            strcmp(t.sql, v->sqlite) != 0)
            return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "renaming what view \"%s\" uses in this way is not supported by the"
                           " store",
                           ddl_table(d, v->oid)->name);
    }
    return 0;
}
