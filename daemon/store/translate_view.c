/* translate_view.c: views of the system: their query in the place of the name; see
 * translate_tree.h. */
#include "daemon/store/catalog_views.h"
#include "daemon/store/emit.h"

#include "parser/parser.h"

static ResTarget *null_target(void)
{
    A_Const *null = palloc0(sizeof(*null));
    ResTarget *target = palloc0(sizeof(*target));
    null->type = T_A_Const;
    null->isnull = true;
    null->location = target->location = -1;
    target->type = T_ResTarget;
    target->val = (Node *)null;
    return target;
}

/* Every output is cast to the column's type, where it is of another one. */
static void cast_outputs(SelectStmt *stmt, const struct store_table *view)
{
    List *empty = NIL;
    if (stmt->op != SETOP_NONE) {
        cast_outputs(stmt->larg, view);
        cast_outputs(stmt->rarg, view);
        return;
    }
    for (size_t i = 0; stmt->targetList == NIL && i < view->ncolumns; i++)
        empty = lappend(empty, null_target());
    if (stmt->targetList == NIL)
        stmt->targetList = empty;
    for (int i = 0; i < list_length(stmt->targetList) && i < (int)view->ncolumns; i++) {
        ResTarget *target = list_nth(stmt->targetList, i);
        const struct types_info *type = types_find(NULL, view->columns[i].type_oid);
        TypeCast *cast = palloc0(sizeof(*cast));
        if (type == NULL)
            continue;
        cast->type = T_TypeCast;
        cast->arg = target->val;
        cast->typeName = makeTypeNameFromNameList(
            list_make2(makeString(pstrdup("pg_catalog")), makeString(pstrdup(type->name))));
        cast->typeName->location = cast->location = -1;
        target->val = (Node *)cast;
    }
}

bool translate_is_view(const struct store_table *t)
{
    return t->kind == 'v' && (!t->system || strcmp(t->name, "pg_settings") != 0);
}

/* Outputs have the types of the columns: changing what they come from is refused. */
static const char *user_view(struct tr *tr, const struct store_table *view, struct source *item)
{
    if (tr->catalog->no_views)
        tr_fail(tr, "55000", -1, "access to non-system view \"%s\" is restricted", view->name);
    List *parsed = raw_parser(view->view_sql, RAW_PARSE_DEFAULT);
    SelectStmt *stmt = (SelectStmt *)((RawStmt *)linitial(parsed))->stmt;
    tr->views++;
    tr_enter(tr, -1);
    struct query *q = select_query(tr, NULL, stmt, false);
    tr_leave(tr);
    tr->views--;
    for (int i = 0, n = 0; i < q->ntargets && n < item->ncolumns; i++) {
        if (q->targets[i].junk)
            continue;
        item->columns[n].sql = emit_format("%s.\"c%d\"", item->alias, n + 1);
        item->columns[n].work = q->targets[i].work;
        n++;
    }
    return emit_format("(%s)", q->sql);
}

const char *translate_view(struct tr *tr, const struct store_table *view, struct source *item)
{
    struct slice text;
    if (!view->system)
        return user_view(tr, view, item);
    if (!catalog_view_text(view->schema, view->name, &text))
        tr_unsupported(tr, -1, "view \"%s\"", view->name);
    List *parsed = raw_parser(psprintf("%.*s", (int)text.len, text.data), RAW_PARSE_DEFAULT);
    SelectStmt *stmt = (SelectStmt *)((RawStmt *)linitial(parsed))->stmt;
    cast_outputs(stmt, view);
    tr->views++;
    struct query *q = select_query(tr, NULL, stmt, false);
    tr->views--;
    if (q->ntargets != (int)view->ncolumns)
        tr_unsupported(tr, -1, "view \"%s\"", view->name);
    for (int i = 0; i < item->ncolumns; i++)
        item->columns[i].sql = emit_format("%s.\"c%d\"", item->alias, i + 1);
    return emit_format("(%s)", q->sql);
}
