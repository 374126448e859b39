/* functions_updatable.c: pg_relation_is_updatable(), pg_column_is_updatable(): see
 * translate_target_view.h. */
#include "daemon/store/conn.h"
#include "daemon/store/functions_impl.h"
#include "daemon/store/translate_target_view.h"
#include "policy/parse.h"

enum { COLUMNS = CATALOG_COLUMNS_MAX + 1 };
enum { UPDATE = 1 << 2, INSERT = 1 << 3, DELETE = 1 << 4, ALL = UPDATE | INSERT | DELETE };

struct question {
    const struct store_catalog *catalog;
    const struct store_table *table;
    const bool *columns; /* by attnum, COLUMNS of them: just these; NULL: all */
    int events;          /* the answer */
};

static int ask(void *arg, struct err *err);

/* What can be done with a view: what can be done with the columns below that it shows. */
static int ask_view(struct question *q, const SelectStmt *query, struct err *err)
{
    const RangeVar *rv = linitial(query->fromClause);
    const struct store_table *base =
        store_catalog_table(q->catalog, rv->schemaname, rv->relname);
    if (!base)
        return 0;
    bool *columns = palloc0(COLUMNS), any = false;
    for (int i = 0; i < list_length(query->targetList) && i + 1 < COLUMNS; i++) {
        const struct store_column *c = view_plain_column(base, list_nth(query->targetList, i));
        if (c && c->attnum < COLUMNS && (!q->columns || q->columns[i + 1]))
            any = columns[c->attnum] = true;
    }
    struct question below = {q->catalog, base, columns, 0};
    int rc = ask(&below, err);
    q->events = below.events & (any ? ALL : DELETE);
    return rc;
}

static int ask(void *arg, struct err *err)
{
    struct question *q = arg;
    const struct store_table *t = q->table;
    List *parsed;
    if (t->kind == 'r')
        q->events = ALL;
    if (t->kind != 'v' || t->system || !t->view_sql)
        return 0;
    if (parse_sql(t->view_sql, (void **)&parsed, err) < 0)
        return -1;
    const SelectStmt *query = (const SelectStmt *)((const RawStmt *)linitial(parsed))->stmt;
    return view_not_updatable(query) ? 0 : ask_view(q, query, err);
}

/* pgf_updatable(oid, attnum): what can be done with the relation, or with one column (0: any). */
static void fn_updatable(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    bool columns[COLUMNS] = {false};
    if (functions_null(argc, argv))
        return;
    int64_t attnum = sqlite3_value_int64(argv[1]);
    struct question q = {.catalog = c->catalog};
    q.table = store_catalog_table_oid(c->catalog, (uint32_t)sqlite3_value_int64(argv[0]));
    if (attnum > 0 && attnum < COLUMNS)
        columns[attnum] = true;
    if (attnum != 0)
        q.columns = columns;
    if (q.table && parse_protect(ask, &q, &c->raised) < 0)
        functions_raised(ctx);
    else
        sqlite3_result_int(ctx, q.events);
}

const struct function_row functions_updatable_rows[] = {
    {"pgf_updatable", 2, false, fn_updatable, NULL, NULL},
};
const size_t functions_updatable_n =
    sizeof(functions_updatable_rows) / sizeof(functions_updatable_rows[0]);
