/* translate_insert.c: INSERT with VALUES, SELECT, DEFAULT VALUES, ON CONFLICT; see
 * translate_tree.h.
 *
 * SQLite's tables have no defaults of their own: every column that has one is always in the list.
 */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/translate_modify.h"
#include "daemon/store/translate_target_view.h"

#include "lib/stringinfo.h"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#include "parser/parser.h"
#pragma GCC diagnostic pop

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

/* Where ON CONFLICT looks. */
struct conflict {
    const struct store_key *key; /* NULL: none, or one with expressions */
    int16_t *attnums;
    size_t nattnums;
    bool expressions;
    const char *columns, *where; /* text of the target, of its predicate */
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
    for (size_t i = 0; in->stmt->cols == NIL && i < n && in->table->columns[i].name[0]; i++) {
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

void modify_refuse_identity(struct tr *tr, const struct store_column *c, OverridingKind override)
{
    if (c->identity != 'a' || override == OVERRIDING_SYSTEM_VALUE)
        return;
    tr_set(tr, "428C9", -1, "cannot insert a non-DEFAULT value into column \"%s\"", c->name);
    err_detail(tr->err, "Column \"%s\" is an identity column defined as GENERATED ALWAYS.",
               c->name);
    err_hint(tr->err, "Use OVERRIDING SYSTEM VALUE to override.");
    tr_throw(tr);
}

/* -- VALUES -- */

static const char *values_item(struct insert *in, Node *node, const struct store_column *c)
{
    if (IsA(node, SetToDefault))
        return modify_default(in->tr, in->table, c);
    struct expr *e = expr_make(in->scope, node);
    if (in->stmt->override == OVERRIDING_USER_VALUE && c->identity != 0) {
        (void)infer_assign(in->tr, e, c);
        return modify_default(in->tr, in->table, c);
    }
    modify_refuse_identity(in->tr, c, in->stmt->override);
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
        if (found < 0 && (c->default_sqlite == NULL ? !key->nulls_not_distinct
                                                    : strchr(c->default_sqlite, '(') != NULL))
            return ""; /* NULL, or made anew for each row: never twice the same */
        if (found >= 0 && key->nulls_not_distinct)
            appendStringInfo(&out, ", ifnull(\"%s%d\", 0), \"%s%d\" IS NULL", column, found + 1,
                             column, found + 1);
        else if (found >= 0)
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
    in->scope->certain_below = in->scope->certain;
    struct query *q = select_query(in->tr, in->scope, stmt, true);
    in->scope->certain_below = false;
    StringInfoData out;
    initStringInfo(&out);
    fit_columns(in, q->ntargets,
                q->ntargets > in->ncolumns ? q->targets[in->ncolumns].expr->location : -1);
    for (int i = 0; i < q->ntargets; i++) {
        struct expr *e = q->targets[i].expr;
        if (e->type != TYPES_UNKNOWN) {
            struct expr *column =
                expr_new(EXPR_PLAIN, e->type, psprintf("\"c%d\"", i + 1), expr_leftmost(e));
            column->typmod = e->typmod;
            e = column;
        }
        const struct store_column *c = in->columns[i];
        const char *value = modify_value(in->table, c, infer_assign(in->tr, e, c));
        if (in->stmt->override == OVERRIDING_USER_VALUE && c->identity != 0)
            value = modify_default(in->tr, in->table, c);
        else
            modify_refuse_identity(in->tr, c, in->stmt->override);
        appendStringInfo(&out, "%s%s", i == 0 ? "" : ", ", value);
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
    if (!key->unique)
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

/* The columns as bare names: what the expressions of an index are made of. */
static struct scope *bare_scope(struct insert *in)
{
    struct scope *s = scope_new(in->tr, NULL);
    struct source *item = source_table(in->tr, in->table, in->table->name, false);
    for (int i = 0; i < item->ncolumns; i++)
        item->columns[i].sql = emit_identifier(in->table->columns[i].sqlite_name);
    scope_add(s, item);
    return s;
}

/* Does the index's predicate say the very same as ${condition}?  (PostgreSQL would take one that
 * implies it.) */
static bool same_predicate(struct insert *in, const struct store_key *key, const char *condition)
{
    List *parsed =
        raw_parser(emit_format("SELECT WHERE %s", key->predicate_sql), RAW_PARSE_DEFAULT);
    const SelectStmt *select = (SelectStmt *)((RawStmt *)linitial(parsed))->stmt;
    return strcmp(expr_condition(bare_scope(in), select->whereClause, "WHERE")->sql, condition) ==
           0;
}

/* What ON CONFLICT (...) names. */
static void read_elements(struct insert *in, const InferClause *infer, struct conflict *c)
{
    ListCell *cell;
    StringInfoData text;
    initStringInfo(&text);
    foreach (cell, infer->indexElems) {
        IndexElem *elem = lfirst(cell);
        if (elem->collation != NIL || elem->opclass != NIL)
            tr_unsupported(in->tr, infer->location,
                           "ON CONFLICT with a collation or operator class");
        const struct store_column *column =
            elem->name ? store_table_column(in->table, elem->name) : NULL;
        if (elem->name != NULL && column == NULL)
            tr_fail(in->tr, SQLSTATE_UNDEFINED_COLUMN, infer->location,
                    "column \"%s\" does not exist", elem->name);
        c->expressions = c->expressions || column == NULL;
        c->attnums[c->nattnums++] = column ? column->attnum : 0;
        appendStringInfo(&text, "%s%s", text.len ? ", " : "",
                         column ? emit_identifier(column->sqlite_name)
                                : expr_make(bare_scope(in), elem->expr)->sql);
    }
    c->columns = text.data;
}

static void conflict_target(struct insert *in, const InferClause *infer, struct conflict *c)
{
    c->attnums = palloc0(sizeof(c->attnums[0]) * (size_t)(list_length(infer->indexElems) + 1));
    if (infer->conname != NULL) {
        c->key = key_named(in, infer->conname);
        return;
    }
    read_elements(in, infer, c);
    const char *condition = infer->whereClause
                                ? expr_condition(bare_scope(in), infer->whereClause, "WHERE")->sql
                                : NULL;
    if (c->expressions) { /* SQLite looks for the index */
        c->where = condition;
        return;
    }
    bool partial = false;
    for (size_t i = 0; i < in->table->nkeys && c->key == NULL; i++)
        if (key_is(&in->table->keys[i], c->attnums, c->nattnums) && !in->table->keys[i].partial)
            c->key = &in->table->keys[i];
    for (size_t i = 0; i < in->table->nkeys && c->key == NULL && condition; i++) {
        if (!key_is(&in->table->keys[i], c->attnums, c->nattnums))
            continue;
        partial = true;
        if (same_predicate(in, &in->table->keys[i], condition)) {
            c->key = &in->table->keys[i];
            c->where = condition;
        }
    }
    if (c->key == NULL && partial)
        tr_unsupported(in->tr, infer->location,
                       "ON CONFLICT with another predicate than the index");
    if (c->key == NULL)
        tr_fail(
            in->tr, "42P10", -1,
            "there is no unique or exclusion constraint matching the ON CONFLICT specification");
}

static struct source *excluded_source(struct insert *in)
{
    struct source *item = source_table(in->tr, in->table, "excluded", true);
    item->row = NULL;
    for (int i = 0; i < item->ncolumns; i++) {
        item->columns[i].sql =
            emit_format("excluded.%s", emit_identifier(in->table->columns[i].sqlite_name));
        item->columns[i].table_oid = 0;
        item->columns[i].origin = NULL; /* SQLite forgets the collation of excluded.x */
    }
    return item;
}

static const char *conflict_text(struct insert *in, const OnConflictClause *clause,
                                 const struct conflict *c, struct source *target)
{
    StringInfoData columns;
    initStringInfo(&columns);
    for (size_t k = 0; c->key != NULL && k < c->key->nattnums; k++) {
        const struct store_column *column = store_table_attnum(in->table, c->key->attnums[k]);
        const char *name = emit_identifier(column->sqlite_name);
        appendStringInfo(&columns, c->key->nulls_not_distinct ? "%sifnull(%s, 0), %s IS NULL" : "%s%s",
                         k == 0 ? " (" : ", ", name, name);
    }
    if (c->key == NULL && c->expressions)
        appendStringInfo(&columns, " (%s", c->columns);
    if (columns.len > 0)
        appendStringInfoChar(&columns, ')');
    if (c->where != NULL)
        appendStringInfo(&columns, " WHERE %s", c->where);
    if (clause->action == ONCONFLICT_NOTHING)
        return emit_format(" ON CONFLICT%s DO NOTHING", columns.data);
    struct scope *s = scope_new(in->tr, in->scope->parent);
    s->ctes = in->scope->ctes;
    scope_add(s, excluded_source(in));
    scope_add(s, target);
    struct modify_set set = {.table = in->table};
    modify_set(s, clause->targetList, &set);
    const char *where = where_text(s, clause->whereClause, "WHERE");
    return emit_format(" ON CONFLICT%s DO UPDATE SET %s%s", columns.data, modify_set_text(&set),
                       where);
}

/* -- the statement -- */

static bool plain_values(const SelectStmt *stmt)
{
    return stmt->valuesLists != NIL && stmt->sortClause == NIL && stmt->limitCount == NULL &&
           stmt->limitOffset == NULL && stmt->withClause == NULL && stmt->lockingClause == NIL;
}

static bool is_one_row(const SelectStmt *stmt)
{
    return stmt == NULL || (plain_values(stmt) && list_length(stmt->valuesLists) == 1);
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

/* RETURNING with a subquery on the target: it must see the table as it was. */
static void returning_in_steps(struct insert *in, const char *text, const char *name, bool aliased,
                               struct modified *m)
{
    StringInfoData columns;
    initStringInfo(&columns);
    m->step.sql = text;
    m->step.slot = steps_slot(in->tr);
    struct source *item = source_table(in->tr, in->table, name, aliased);
    item->row = NULL;
    for (int i = 0; i < item->ncolumns; i++) {
        item->columns[i].sql = emit_format("%s.\"c%d\"", item->alias, i + 1);
        item->columns[i].origin = NULL;
        appendStringInfo(&columns, "%s, ",
                         emit_identifier(in->table->columns[i].sqlite_name));
    }
    item->xmax = emit_format("%s.\"c%d\"", item->alias, item->ncolumns + 1);
    m->step.sql =
        modify_with_outputs(in->tr, text, emit_format("%spgf_xmax()", columns.data), m);
    steps_add(in->tr, &m->step);
    struct scope *s = scope_new(in->tr, in->scope->parent);
    s->ctes = in->scope->ctes;
    scope_add(s, item);
    const char *outputs = modify_returning(s, in->stmt->returningList, m);
    m->reads = true;
    m->step = (struct translate_step){.sql = emit_format("SELECT %s FROM store_rows(%d) AS %s",
                                                         outputs, m->step.slot, item->alias)};
}

struct modified modify_insert(struct tr *tr, struct scope *parent, InsertStmt *stmt)
{
    struct insert in = {.tr = tr, .stmt = stmt, .scope = scope_new(tr, parent)};
    const OnConflictClause *conflict = stmt->onConflictClause;
    const char *with = with_clause(in.scope, stmt->withClause);
    in.table = view_target(tr, scope_table(tr, stmt->relation, true), "INSERT");
    const Alias *alias = stmt->relation->alias;
    const char *name = alias != NULL ? alias->aliasname : in.table->name;
    struct source *target = source_table(tr, in.table, name, alias != NULL);
    bool reads = modify_reads(tr, (Node *)stmt->returningList, in.table) ||
                 (conflict != NULL && (modify_reads(tr, (Node *)conflict->targetList, in.table) ||
                                       modify_reads(tr, conflict->whereClause, in.table)));
    if (reads && with[0] != '\0')
        tr_unsupported(tr, -1, "a subquery on the same table after WITH");
    if (reads)
        steps_write(tr, in.table);
    generated_insert(tr, in.table, stmt);
    insert_columns(&in);
    if (conflict && conflict->action == ONCONFLICT_UPDATE && conflict->infer == NULL) {
        tr_set(tr, SQLSTATE_SYNTAX_ERROR, conflict->location,
               "ON CONFLICT DO UPDATE requires inference specification or constraint name");
        err_hint(tr->err, "For example, ON CONFLICT (column_name).");
        tr_throw(tr);
    }
    struct conflict where = {.key = NULL};
    if (conflict != NULL && conflict->infer != NULL)
        conflict_target(&in, conflict->infer, &where);
    bool update = conflict != NULL && conflict->action == ONCONFLICT_UPDATE;
    if (update && where.expressions && !is_one_row((SelectStmt *)stmt->selectStmt))
        tr_unsupported(tr, conflict->location, "ON CONFLICT on an expression for several rows");
    const char *rows = source_text(&in, update ? where.key : NULL);
    const char *on_conflict = conflict ? conflict_text(&in, conflict, &where, target) : "";
    if (rows == NULL)
        rows = "DEFAULT VALUES";
    else
        rows = emit_format("(%s) %s", column_list(&in), rows);
    const char *text =
        emit_format("%sINSERT INTO %s AS %s %s%s", with, emit_identifier(in.table->sqlite_name),
                    target->alias, rows, on_conflict);
    struct modified m = {.tag = TRANSLATE_INSERT, .table = in.table};
    m.step = (struct translate_step){.counts = true, .target_oid = in.table->oid, .word = "INSERT"};
    if (reads && stmt->returningList != NIL) {
        returning_in_steps(&in, text, name, alias != NULL, &m);
        return m;
    }
    struct scope *s = modify_returning_scope(tr, in.scope, in.table, name, alias != NULL);
    s->sources[0]->xmax = update ? "pgf_xmax()" : "0";
    const char *outputs = modify_returning(s, stmt->returningList, &m);
    if (update && tr->asks_xmax) {
        steps_write(tr, in.table);
        m.watched = true;
    }
    m.step.sql = modify_with_outputs(tr, text, outputs, &m);
    if (reads) { /* what ON CONFLICT reads is read in a step, beside what it has changed */
        m.step.counts = true;
        steps_add(tr, &m.step);
        m.step = (struct translate_step){.sql = "SELECT 1 WHERE 0", .word = "INSERT"};
        m.reads = true;
    }
    return m;
}
