/* translate_generated.c: columns GENERATED ALWAYS AS (...) STORED: SQLite takes no value for them,
 * not even by their name, so they are taken out of INSERT and SET; any value but DEFAULT is 428C9.
 */
#include "daemon/store/translate_modify.h"

static bool has_generated(const struct store_table *t)
{
    for (size_t i = 0; i < t->ncolumns; i++)
        if (t->columns[i].generated)
            return true;
    return false;
}

static void refuse(struct tr *tr, const struct store_column *c, bool insert)
{
    if (insert)
        tr_set(tr, "428C9", -1, "cannot insert a non-DEFAULT value into column \"%s\"", c->name);
    else
        tr_set(tr, "428C9", -1, "column \"%s\" can only be updated to DEFAULT", c->name);
    err_detail(tr->err, "Column \"%s\" is a generated column.", c->name);
    tr_throw(tr);
}

/* INSERT without a list of columns: the one it means, for ${n} values. */
static List *all_columns(const struct store_table *t, int n)
{
    List *list = NIL;
    for (size_t i = 0; i < t->ncolumns && (int)i < n; i++) {
        ResTarget *rt = palloc0(sizeof(*rt));
        rt->type = T_ResTarget;
        rt->name = pstrdup(t->columns[i].name);
        rt->location = -1;
        list = lappend(list, rt);
    }
    return list;
}

static bool has_star(const SelectStmt *select)
{
    ListCell *cell;
    foreach (cell, select->targetList) {
        const Node *val = ((ResTarget *)lfirst(cell))->val;
        if (IsA(val, ColumnRef) && IsA(llast(((const ColumnRef *)val)->fields), A_Star))
            return true;
    }
    return false;
}

/* Take item ${at} out of each row: all must be DEFAULT. */
static void drop_values(struct tr *tr, const struct store_column *c, SelectStmt *select, int at)
{
    ListCell *row;
    if (select == NULL)
        return;
    if (select->valuesLists == NIL)
        refuse(tr, c, true);
    foreach (row, select->valuesLists) {
        List *values = lfirst(row);
        if (at >= list_length(values))
            continue;
        if (!IsA(list_nth(values, at), SetToDefault))
            refuse(tr, c, true);
        lfirst(row) = list_delete_nth_cell(values, at);
    }
}

void generated_insert(struct tr *tr, const struct store_table *t, InsertStmt *stmt)
{
    SelectStmt *select = (SelectStmt *)stmt->selectStmt;
    if (!has_generated(t) || select == NULL)
        return;
    if (stmt->cols == NIL) {
        int n = select->valuesLists != NIL ? list_length(linitial(select->valuesLists))
                                           : list_length(select->targetList);
        if (n > (int)t->ncolumns)
            return; /* told as usual */
        if (select->valuesLists == NIL && (has_star(select) || select->targetList == NIL))
            tr_unsupported(tr, -1,
                           "INSERT ... SELECT * into a table with generated columns, without a list"
                           " of columns,");
        stmt->cols = all_columns(t, n);
    }
    for (int i = list_length(stmt->cols) - 1; i >= 0; i--) {
        const ResTarget *rt = list_nth(stmt->cols, i);
        const struct store_column *c = store_table_column(t, rt->name);
        if (c == NULL || !c->generated)
            continue;
        drop_values(tr, c, select, i);
        stmt->cols = list_delete_nth_cell(stmt->cols, i);
    }
}

bool generated_value(struct tr *tr, const struct store_column *c, const Node *value)
{
    if (c->generated && !IsA(value, SetToDefault))
        refuse(tr, c, true);
    return c->generated;
}

bool generated_set(struct tr *tr, const struct store_column *c, const Node *value)
{
    if (!c->generated)
        return false;
    if (!IsA(value, SetToDefault))
        refuse(tr, c, false);
    return true;
}
