/* translate_sequence.c: see translate_sequence.h. */
#include "daemon/store/translate_sequence.h"

#include "daemon/store/emit.h"

const struct store_table *sequence_table(struct tr *tr, const RangeVar *rv)
{
    static const struct store_column columns[] = {
        {.name = "last_value", .sqlite_name = "last_value", .type_oid = TYPES_INT8},
        {.name = "log_cnt", .sqlite_name = "log_cnt", .type_oid = TYPES_INT8},
        {.name = "is_called", .sqlite_name = "is_called", .type_oid = TYPES_BOOL},
    };
    enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };
    const struct store_sequence *q =
        store_catalog_sequence(tr->catalog, rv->schemaname, rv->relname);
    if (q == NULL)
        return NULL;
    struct store_table *t = palloc0(sizeof(*t));
    struct store_column *copy = palloc0(sizeof(columns));
    memcpy(copy, columns, sizeof(columns));
    for (int i = 0; i < COLUMNS; i++) {
        copy[i].attnum = (int16_t)(i + 1);
        copy[i].typmod = -1;
        copy[i].not_null = true;
    }
    t->oid = q->oid;
    t->schema = q->schema;
    t->name = t->sqlite_name = q->name;
    t->kind = 'S';
    t->columns = copy;
    t->ncolumns = COLUMNS;
    return t;
}

const char *sequence_rows(const struct store_table *t, struct source *item)
{
    /* how many values PostgreSQL has written ahead, nobody can know */
    item->columns[1].sql = "pgf_refuse('log_cnt of a sequence')";
    return emit_format("(SELECT pgf_sequence_state(%u, 0) AS \"last_value\","
                       " pgf_sequence_state(%u, 1) AS \"is_called\")",
                       t->oid, t->oid);
}
