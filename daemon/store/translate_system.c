/* translate_system.c: the columns that every table has without being asked: tableoid, ctid, xmax.
 *
 * A row's ctid is its rowid, as a page and a place on it; it stays the same when the row is changed.
 * Of the others just the xmax of what INSERT returns is known, and that by the one thing that is
 * asked of it: it is 0 unless ON CONFLICT has changed the row instead.  xmin, cmin and cmax tell of
 * versions of rows, which SQLite has not. */
#include "daemon/store/emit.h"
#include "daemon/store/translate_steps.h"

static const struct system_column {
    const char *name;
    int16_t attnum;
    uint32_t type;
} system_columns[] = {
    {"ctid", -1, TYPES_TID}, {"xmin", -2, TYPES_XID}, {"cmin", -3, TYPES_CID},
    {"xmax", -4, TYPES_XID}, {"cmax", -5, TYPES_CID}, {"tableoid", -6, TYPES_OID},
};

static const struct system_column *find(const char *name)
{
    for (size_t i = 0; i < sizeof(system_columns) / sizeof(system_columns[0]); i++)
        if (strcmp(system_columns[i].name, name) == 0)
            return &system_columns[i];
    return NULL;
}

bool scope_has_system(const struct source *item, const char *name)
{
    return item->table != NULL && item->table->kind == 'r' && find(name) != NULL;
}

struct expr *scope_system(struct scope *level, const struct source *item, const char *name,
                          int location)
{
    struct tr *tr = level->tr;
    const struct system_column *of = find(name);
    struct column *c = palloc0(sizeof(*c));
    *c = (struct column){.name = of->name,
                         .type = of->type,
                         .typmod = -1,
                         .table_oid = item->table->oid,
                         .attnum = of->attnum,
                         .origin = item};
    if (of->attnum == -4 && item->xmax != NULL) {
        c->sql = item->xmax;
        tr->asks_xmax = true;
    } else if (item->row == NULL || (of->attnum != -1 && of->attnum != -6)) {
        tr_unsupported(tr, location, "system column \"%s\"", name);
    } else {
        const char *rowid = emit_format("%s.%s", item->row, steps_rowid(tr, item->table));
        if (of->attnum == -1)
            c->sql = emit_format("pgf_ctid(%s)", rowid);
        else /* NULL where an outer join has no row */
            c->sql = emit_format("(CASE WHEN %s IS NOT NULL THEN %u END)", rowid, item->table->oid);
    }
    struct expr *e = expr_new(EXPR_COLUMN, c->type, c->sql, location);
    e->column = c;
    e->scope = level;
    return e;
}
