/* ddl_index_columns.c: the rows of pg_attribute that an index has of its own.
 *
 * The columns of an index are those of its table (catalog_vtab.c) but for expressions, for what an
 * operator class keeps in another type, for other collations, and for columns that have been
 * renamed since: an index does not follow. */
#include "daemon/store/ddl_index.h"

/* What the column of part ${i} is called: expressions may be of one name, and then get a number. */
static const char *column_name(const struct index_spec *x, int i)
{
    int same = 0;
    for (int k = 0; k < i; k++)
        same += strcmp(x->parts[k].naming, x->parts[i].naming) == 0;
    return same == 0 ? x->parts[i].naming : psprintf("%s%d", x->parts[i].naming, same);
}

/* pg_opclass.opckeytype: 0, or the type that is kept; of arrays, that of their elements. */
static int key_type(struct ddl *d, const struct index_spec *x, const struct index_part *p,
                    uint32_t *ret)
{
    int64_t type = 0;
    *ret = TYPES_INT4;
    if (x->method == 405) /* hash values */
        return 0;
    if (ddl_query_int(d, &type,
                      "SELECT CASE opckeytype WHEN 2283 THEN (SELECT typelem FROM"
                      " \"system.pg_type\" WHERE oid = ?2) ELSE opckeytype END FROM"
                      " \"system.pg_opclass\" WHERE oid = ?1",
                      "ii", (int64_t)p->opclass, (int64_t)p->type) < 0)
        return -1;
    *ret = (uint32_t)type;
    return 0;
}

static int own_row(struct ddl *d, const struct index_spec *x, int i, uint32_t type)
{
    return ddl_exec(d,
                    "INSERT INTO \"pg_catalog.pg_attribute\" (attrelid, attname, atttypid,"
                    " attstattarget, attlen, attnum, attcacheoff, atttypmod, attbyval, attalign,"
                    " attstorage, attislocal, attcollation, attndims) SELECT ?1, ?2, ?3, -1,"
                    " t.typlen, ?4, -1, -1, t.typbyval, t.typalign, t.typstorage, 1, ?5,"
                    " coalesce((SELECT a.attndims FROM \"pg_catalog.pg_index\" n JOIN"
                    " \"pg_catalog.pg_attribute\" a ON a.attrelid = n.indrelid WHERE"
                    " n.indexrelid = ?1 AND a.attnum = ?6), 0) FROM \"system.pg_type\" t WHERE"
                    " t.oid = ?3",
                    "isiiii", (int64_t)x->oid, column_name(x, i), (int64_t)type, (int64_t)i + 1,
                    (int64_t)x->parts[i].collation, (int64_t)x->parts[i].attnum);
}

/* A column that differs from the table's by its name or collation. */
static int changed_row(struct ddl *d, const struct index_spec *x, int i)
{
    int64_t oid = x->oid, attnum = i + 1;
    int64_t collation = i < x->nkeys ? (int64_t)x->parts[i].collation : 0;
    const char *name = column_name(x, i);
    if (ddl_exec(d,
                 "INSERT INTO \"pg_catalog.pg_attribute\" SELECT * FROM \"system.pg_attribute\""
                 " WHERE attrelid = ?1 AND attnum = ?2 AND (attname <> ?3 OR attcollation <> ?4)",
                 "iisi", oid, attnum, name, collation) < 0)
        return -1;
    return ddl_exec(d,
                    "UPDATE \"pg_catalog.pg_attribute\" SET attname = ?3, attcollation = ?4 WHERE"
                    " attrelid = ?1 AND attnum = ?2",
                    "iisi", oid, attnum, name, collation);
}

int index_columns(struct ddl *d, const struct index_spec *x)
{
    if (ddl_exec(d, "DELETE FROM \"pg_catalog.pg_attribute\" WHERE attrelid = ?1", "i",
                 (int64_t)x->oid) < 0)
        return -1;
    for (int i = 0; i < x->n; i++) {
        const struct index_part *p = &x->parts[i];
        uint32_t kept = 0;
        if (i < x->nkeys && key_type(d, x, p, &kept) < 0)
            return -1;
        bool own = p->attnum == 0 || (kept && kept != p->type);
        if (own ? own_row(d, x, i, kept ? kept : p->type) < 0 : changed_row(d, x, i) < 0)
            return -1;
    }
    return 0;
}

int ddl_index_names_stay(struct ddl *d, const struct store_table *t, int16_t attnum)
{
    for (size_t i = 0; i < t->nkeys; i++)
        for (size_t k = 0; k < t->keys[i].nattnums; k++)
            if (t->keys[i].attnums[k] == attnum &&
                ddl_exec(d,
                         "INSERT OR IGNORE INTO \"pg_catalog.pg_attribute\" SELECT * FROM"
                         " \"system.pg_attribute\" WHERE attrelid = ?1 AND attnum = ?2",
                         "ii", (int64_t)t->keys[i].oid, (int64_t)k + 1) < 0)
                return -1;
    return 0;
}
