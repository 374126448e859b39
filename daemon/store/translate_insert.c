/* translate_insert.c: INSERT with VALUES, SELECT, DEFAULT VALUES, ON CONFLICT; see
 * translate_tree.h.
 *
 * SQLite's tables have no defaults of their own: every column that has one is always in the list.
 */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/translate_modify.h"

#include "lib/stringinfo.h"

/* An INSERT while it is put together. */
struct insert {
    struct tr *tr;
    struct scope *scope;
    InsertStmt *stmt;
    const struct store_table *table;
    const struct store_column **columns; /* what the statement lists */
    int *places;                         /* where */
    int ncolumns;
    const struct store_column **defaults; /* the others that have a default */
    int ndefaults;
};

/* -- columns -- */

const char *modify_default(struct tr *tr, const struct store_table *t, const struct store_column *c)
{
    (void)tr;
    if (c->default_sqlite != NULL)
        return emit_format("(%s)", c->default_sqlite);
    if (c->rowid)
        return emit_format("pgf_not_null(NULL, %s, %s)", emit_text(c->name, strlen(c->name)),
                           emit_text(t->name, strlen(t->name)));
    return "NULL";
}

const char *modify_value(const struct store_table *t, const struct store_column *c,
                         const struct expr *e)
{
    if (!c->rowid || (e->kind == EXPR_CONST && e->value != NULL))
        return e->sql;
    return emit_format("pgf_not_null(%s, %s, %s)", e->sql, emit_text(c->name, strlen(c->name)),
                       emit_text(t->name, strlen(t->name)));
}

const struct store_column *modify_column(struct tr *tr, const struct store_table *t,
                                         const ResTarget *rt)
{
    const struct store_column *c = store_table_column(t, rt->name);
    if (c == NULL)
        tr_fail(tr, SQLSTATE_UNDEFINED_COLUMN, rt->location,
                "column \"%s\" of relation \"%s\" does not exist", rt->name, t->name);
    if (rt->indirection != NIL)
        tr_unsupported(tr, rt->location, "assigning to a part of a column");
    return c;
}

static void insert_columns(struct insert *in)
{
    size_t n = in->table->ncolumns;
    in->columns = palloc0(sizeof(in->columns[0]) * (n + 1));
    in->places = palloc0(sizeof(in->places[0]) * (n + 1));
    in->defaults = palloc0(sizeof(in->defaults[0]) * (n + 1));
    ListCell *cell;
    foreach (cell, in->stmt->cols) {
        ResTarget *rt = lfirst(cell);
        const struct store_column *c = modify_column(in->tr, in->table, rt);
        for (int i = 0; i < in->ncolumns; i++)
            if (in->columns[i] == c)
                tr_fail(in->tr, "42701", rt->location, "column \"%s\" specified more than once",
                        rt->name);
        in->places[in->ncolumns] = rt->location;
        in->columns[in->ncolumns++] = c;
    }
    for (size_t i = 0; in->stmt->cols == NIL && i < n; i++) {
        in->places[in->ncolumns] = -1;
        in->columns[in->ncolumns++] = &in->table->columns[i];
    }
}

/* Fit the list to ${n} expressions: too many are an error, too few only when columns were listed.
 */
static void fit_columns(struct insert *in, int n, int extra_location)
{
    if (n > in->ncolumns)
        tr_fail(in->tr, SQLSTATE_SYNTAX_ERROR, extra_location,
                "INSERT has more expressions than target columns");
    if (n < in->ncolumns && in->stmt->cols != NIL)
        tr_fail(in->tr, SQLSTATE_SYNTAX_ERROR, in->places[n],
                "INSERT has more target columns than expressions");
    in->ncolumns = n;
    for (size_t i = 0; i < in->table->ncolumns; i++) {
        const struct store_column *c = &in->table->columns[i];
        bool listed = false;
        for (int k = 0; k < n; k++)
            listed = listed || in->columns[k] == c;
        if (!listed && (c->default_sqlite != NULL || c->rowid))
            in->defaults[in->ndefaults++] = c;
    }
}

static const char *column_list(const struct insert *in)
{
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < in->ncolumns + in->ndefaults; i++) {
        const struct store_column *c =
            i < in->ncolumns ? in->columns[i] : in->defaults[i - in->ncolumns];
        appendStringInfo(&out, "%s%s", i == 0 ? "" : ", ", emit_identifier(c->sqlite_name));
    }
    return out.data;
}

static const char *default_list(const struct insert *in, const char *before)
{
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < in->ndefaults; i++)
        appendStringInfo(&out, "%s%s", i == 0 ? before : ", ",
                         modify_default(in->tr, in->table, in->defaults[i]));
    return out.data;
}

static void refuse_identity(struct insert *in, const struct store_column *c)
{
    if (c->identity != 'a' || in->stmt->override == OVERRIDING_SYSTEM_VALUE)
        return;
    tr_set(in->tr, "428C9", -1, "cannot insert a non-DEFAULT value into column \"%s\"", c->name);
    err_detail(in->tr->err, "Column \"%s\" is an identity column defined as GENERATED ALWAYS.",
               c->name);
    err_hint(in->tr->err, "Use OVERRIDING SYSTEM VALUE to override.");
    tr_throw(in->tr);
}

/* -- VALUES -- */

static const char *values_item(struct insert *in, Node *node, const struct store_column *c)
{
    if (IsA(node, SetToDefault))
        return modify_default(in->tr, in->table, c);
    struct expr *e = expr_make(in->scope, node);
    refuse_identity(in, c);
    if (in->stmt->override == OVERRIDING_USER_VALUE && c->identity != 0)
        return modify_default(in->tr, in->table, c);
    return modify_value(in->table, c, infer_assign(in->tr, e, c));
}

/* Rows of one statement must not meet the same row twice in DO UPDATE (21000): their keys are
 * watched. */
static const char *once_condition(const struct insert *in, const struct store_key *key,
                                  const char *column)
{
    StringInfoData out;
    initStringInfo(&out);
    if (key == NULL)
        return "";
    for (size_t k = 0; k < key->nattnums; k++) {
        int found = -1;
        for (int i = 0; i < in->ncolumns; i++)
            if (in->columns[i]->attnum == key->attnums[k])
                found = i;
        const struct store_column *c = store_table_attnum(in->table, key->attnums[k]);
        if (found < 0 && (c->default_sqlite == NULL || strchr(c->default_sqlite, '(') != NULL))
            return ""; /* NULL, or made anew for each row: never twice the same */
        if (found >= 0)
            appendStringInfo(&out, ", \"%s%d\"", column, found + 1);
    }
    return emit_format(" WHERE pgf_once(''%s)", out.data);
}

static const char *values_text(struct insert *in, List *lists, const struct store_key *once)
{
    StringInfoData out;
    int n = list_length(linitial(lists));
    initStringInfo(&out);
    in->scope->clause = "VALUES";
    in->scope->windows_refused = true;
    ListCell *cell;
    int rows = 0;
    foreach (cell, lists) {
        List *row = lfirst(cell);
        if (list_length(row) != n)
            tr_fail(in->tr, SQLSTATE_SYNTAX_ERROR, exprLocation((Node *)row),
                    "VALUES lists must all be the same length");
        if (rows == 0)
            fit_columns(in, n, n > in->ncolumns ? exprLocation(list_nth(row, in->ncolumns)) : -1);
        appendStringInfo(&out, "%s(", rows++ == 0 ? "" : ", ");
        for (int i = 0; i < n; i++)
            appendStringInfo(&out, "%s%s", i == 0 ? "" : ", ",
                             values_item(in, list_nth(row, i), in->columns[i]));
        appendStringInfo(&out, "%s)", default_list(in, n > 0 ? ", " : ""));
    }
    in->scope->clause = NULL;
    in->scope->windows_refused = false;
    const char *condition = rows > 1 ? once_condition(in, once, "column") : "";
    if (condition[0] != '\0')
        return emit_format("SELECT * FROM (VALUES %s)%s", out.data, condition);
    return emit_format("VALUES %s", out.data);
}

/* -- SELECT -- */

static const char *select_text(struct insert *in, SelectStmt *stmt, const struct store_key *once)
{
    struct query *q = select_query(in->tr, in->scope, stmt, true);
    StringInfoData out;
    initStringInfo(&out);
    fit_columns(in, q->ntargets,
                q->ntargets > in->ncolumns ? q->targets[in->ncolumns].expr->location : -1);
    for (int i = 0; i < q->ntargets; i++) {
        struct expr *e = q->targets[i].expr;
        if (e->type != TYPES_UNKNOWN) {
            struct expr *column =
                expr_new(EXPR_PLAIN, e->type, psprintf("\"c%d\"", i + 1), e->location);
            column->typmod = e->typmod;
            e = column;
        }
        refuse_identity(in, in->columns[i]);
        appendStringInfo(
            &out, "%s%s", i == 0 ? "" : ", ",
            modify_value(in->table, in->columns[i], infer_assign(in->tr, e, in->columns[i])));
    }
    const char *condition = once_condition(in, once, "c");
    return emit_format("SELECT %s%s FROM (%s) AS %s%s", out.data,
                       default_list(in, q->ntargets > 0 ? ", " : ""), q->sql, tr_alias(in->tr),
                       condition[0] ? condition : " WHERE 1");
}

/* -- ON CONFLICT -- */

static const struct store_key *key_named(struct insert *in, const char *name)
{
    for (size_t i = 0; i < in->table->nkeys; i++)
        if (in->table->keys[i].constraint_oid != 0 && strcmp(in->table->keys[i].name, name) == 0)
            return &in->table->keys[i];
    tr_fail(in->tr, SQLSTATE_UNDEFINED_OBJECT, -1,
            "constraint \"%s\" for table \"%s\" does not exist", name, in->table->name);
}

static bool key_is(const struct store_key *key, const int16_t *attnums, size_t n)
{
    if (!key->unique || key->partial)
        return false;
    for (size_t k = 0; k < key->nattnums; k++) {
        bool found = false;
        for (size_t i = 0; i < n; i++)
            found = found || attnums[i] == key->attnums[k];
        if (!found)
            return false;
    }
    for (size_t i = 0; i < n; i++) {
        bool found = false;
        for (size_t k = 0; k < key->nattnums; k++)
            found = found || attnums[i] == key->attnums[k];
        if (!found)
            return false;
    }
    return true;
}

static const struct store_key *key_inferred(struct insert *in, const InferClause *infer)
{
    int16_t *attnums = palloc0(sizeof(attnums[0]) * (size_t)(list_length(infer->indexElems) + 1));
    size_t n = 0;
    if (infer->conname != NULL)
        return key_named(in, infer->conname);
    if (infer->whereClause != NULL)
        tr_unsupported(in->tr, infer->location, "ON CONFLICT with a predicate");
    ListCell *cell;
    foreach (cell, infer->indexElems) {
        IndexElem *elem = lfirst(cell);
        if (elem->name == NULL || elem->collation != NIL || elem->opclass != NIL)
            tr_unsupported(in->tr, infer->location, "ON CONFLICT on an expression");
        const struct store_column *c = store_table_column(in->table, elem->name);
        if (c == NULL)
            tr_fail(in->tr, SQLSTATE_UNDEFINED_COLUMN, infer->location,
                    "column \"%s\" does not exist", elem->name);
        attnums[n++] = c->attnum;
    }
    for (size_t i = 0; i < in->table->nkeys; i++)
        if (key_is(&in->table->keys[i], attnums, n))
            return &in->table->keys[i];
    tr_fail(in->tr, "42P10", -1,
            "there is no unique or exclusion constraint matching the ON CONFLICT specification");
}

static struct source *excluded_source(struct insert *in)
{
    struct source *item = source_table(in->tr, in->table, "excluded", true);
    for (int i = 0; i < item->ncolumns; i++) {
        item->columns[i].sql =
            emit_format("excluded.%s", emit_identifier(in->table->columns[i].sqlite_name));
        item->columns[i].table_oid = 0;
        item->columns[i].origin = NULL; /* SQLite forgets the collation of excluded.x */
    }
    return item;
}

static const char *conflict_text(struct insert *in, const OnConflictClause *clause,
                                 const struct store_key *key, struct source *target)
{
    StringInfoData columns;
    initStringInfo(&columns);
    for (size_t k = 0; key != NULL && k < key->nattnums; k++)
        appendStringInfo(
            &columns, "%s%s", k == 0 ? " (" : ", ",
            emit_identifier(store_table_attnum(in->table, key->attnums[k])->sqlite_name));
    if (key != NULL)
        appendStringInfoChar(&columns, ')');
    if (clause->action == ONCONFLICT_NOTHING)
        return emit_format(" ON CONFLICT%s DO NOTHING", columns.data);
    struct scope *s = scope_new(in->tr, in->scope->parent);
    s->ctes = in->scope->ctes;
    scope_add(s, excluded_source(in));
    scope_add(s, target);
    struct modify_set set = {.table = in->table};
    modify_set(s, clause->targetList, &set);
    const char *where = where_text(s, clause->whereClause, "WHERE");
    if (modify_reads((Node *)clause->targetList, in->table) ||
        modify_reads(clause->whereClause, in->table))
        tr_unsupported(in->tr, -1, "a subquery on the same table in ON CONFLICT");
    return emit_format(" ON CONFLICT%s DO UPDATE SET %s%s", columns.data, modify_set_text(&set),
                       where);
}

/* -- the statement -- */

static bool plain_values(const SelectStmt *stmt)
{
    return stmt->valuesLists != NIL && stmt->sortClause == NIL && stmt->limitCount == NULL &&
           stmt->limitOffset == NULL && stmt->withClause == NULL && stmt->lockingClause == NIL;
}

static const char *source_text(struct insert *in, const struct store_key *once)
{
    SelectStmt *select = (SelectStmt *)in->stmt->selectStmt;
    if (select != NULL)
        return plain_values(select) ? values_text(in, select->valuesLists, once)
                                    : select_text(in, select, once);
    in->ncolumns = 0;
    fit_columns(in, 0, -1);
    return in->ndefaults == 0 ? NULL : emit_format("VALUES (%s)", default_list(in, ""));
}

void translate_insert(struct tr *tr, InsertStmt *stmt, struct translate_result *ret)
{
    struct insert in = {.tr = tr, .stmt = stmt, .scope = scope_new(tr, NULL)};
    const OnConflictClause *conflict = stmt->onConflictClause;
    const char *with = with_clause(in.scope, stmt->withClause);
    in.table = scope_table(tr, stmt->relation, true);
    const Alias *alias = stmt->relation->alias;
    const char *name = alias != NULL ? alias->aliasname : in.table->name;
    struct source *target = source_table(tr, in.table, name, alias != NULL);
    insert_columns(&in);
    const struct store_key *key =
        conflict && conflict->infer ? key_inferred(&in, conflict->infer) : NULL;
    bool update = conflict != NULL && conflict->action == ONCONFLICT_UPDATE;
    const char *rows = source_text(&in, update ? key : NULL);
    const char *on_conflict = conflict ? conflict_text(&in, conflict, key, target) : "";
    struct scope *s = modify_returning_scope(tr, in.scope, in.table, name, alias != NULL);
    const char *returning = modify_returning(s, stmt->returningList, in.table, ret);
    if (rows == NULL)
        rows = "DEFAULT VALUES";
    else
        rows = emit_format("(%s) %s", column_list(&in), rows);
    ret->tag = TRANSLATE_INSERT;
    ret->target_oid = in.table->oid;
    ret->sql =
        emit_format("%sINSERT INTO %s AS %s %s%s%s", with, emit_identifier(in.table->sqlite_name),
                    target->alias, rows, on_conflict, returning);
}
