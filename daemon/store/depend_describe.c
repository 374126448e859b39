/* depend_describe.c: what to call an object in an error: PostgreSQL's getObjectDescription. */
#include "daemon/store/depend.h"
#include "daemon/store/ident.h"
#include "daemon/store/temp.h"

const char *depend_relkind(char kind)
{
    switch (kind) {
    case 'i':
        return "index";
    case 'S':
        return "sequence";
    case 'v':
        return "view";
    case 'm':
        return "materialized view";
    case 'c':
        return "composite type";
    default:
        return "table";
    }
}

/* One row of up to ${n} texts, copied; missing: all NULL. */
static int row(struct ddl *d, const char *sql, uint32_t oid, int64_t sub, const char *ret[],
               int n)
{
    sqlite3_stmt *s = temp_prepare(d->c, oid, sql, d->err);
    if (!s)
        return -1;
    sqlite3_bind_int64(s, 1, oid);
    sqlite3_bind_int64(s, 2, sub);
    bool some = sqlite3_step(s) == SQLITE_ROW;
    for (int i = 0; i < n; i++) {
        const char *text = some ? (const char *)sqlite3_column_text(s, i) : NULL;
        ret[i] = text ? pstrdup(text) : NULL;
    }
    sqlite3_finalize(s);
    return 0;
}

static int unknown(struct ddl *d, struct object o)
{
    return err_set(d->err, SQLSTATE_INTERNAL_ERROR, "cache lookup failed for object %u of class %u",
                   o.oid, o.class_oid);
}

static int relation(struct ddl *d, uint32_t oid, struct buf *out)
{
    const char *v[3];
    if (row(d,
            "SELECT c.relname, c.relkind, n.nspname FROM \"pg_catalog.pg_class\" c LEFT JOIN"
            " \"pg_catalog.pg_namespace\" n ON n.oid = c.relnamespace WHERE c.oid = ?1",
            oid, 0, v, 3) < 0)
        return -1;
    if (!v[0])
        return unknown(d, object_of(DEPEND_RELATION, oid));
    ident_format(out, "%s ", depend_relkind(v[1][0]));
    if (v[2] && store_catalog_relation(d->c->catalog, NULL, v[0]) != oid) {
        ident_postgres(v[2], out);
        ident_format(out, ".");
    }
    ident_postgres(v[0], out);
    return 0;
}

static int column(struct ddl *d, struct object o, struct buf *out)
{
    const char *v[1];
    if (row(d,
            "SELECT attname FROM \"pg_catalog.pg_attribute\" WHERE attrelid = ?1 AND attnum = ?2",
            o.oid, o.sub, v, 1) < 0)
        return -1;
    if (!v[0])
        return unknown(d, o);
    ident_format(out, "column %s of ", v[0]);
    return relation(d, o.oid, out);
}

static int default_value(struct ddl *d, struct object o, struct buf *out)
{
    const char *v[2];
    if (row(d, "SELECT adrelid, adnum FROM \"pg_catalog.pg_attrdef\" WHERE oid = ?1", o.oid, 0, v,
            2) < 0)
        return -1;
    if (!v[0])
        return unknown(d, o);
    ident_format(out, "default value for ");
    return column(d, object_column((uint32_t)strtoul(v[0], NULL, 10), (int16_t)strtol(v[1], NULL, 10)), out);
}

static int type(struct ddl *d, uint32_t oid, struct buf *out)
{
    const char *v[3];
    if (row(d,
            "SELECT t.typname, n.nspname, (SELECT e.typname FROM \"pg_catalog.pg_type\" e WHERE"
            " e.oid = t.typelem AND t.typcategory = 'A') FROM \"pg_catalog.pg_type\" t LEFT JOIN"
            " \"pg_catalog.pg_namespace\" n ON n.oid = t.typnamespace WHERE t.oid = ?1",
            oid, 0, v, 3) < 0)
        return -1;
    if (!v[0])
        return unknown(d, object_of(DEPEND_TYPE, oid));
    ident_format(out, "type ");
    if (v[1] && store_catalog_rank(d->c->catalog, v[1]) < 0) {
        ident_postgres(v[1], out);
        ident_format(out, ".");
    }
    ident_postgres(v[2] ? v[2] : v[0], out);
    ident_format(out, "%s", v[2] ? "[]" : "");
    return 0;
}

static int constraint(struct ddl *d, struct object o, struct buf *out)
{
    const char *v[3];
    if (row(d,
            "SELECT conname, conrelid, contypid FROM \"pg_catalog.pg_constraint\" WHERE oid = ?1",
            o.oid, 0, v, 3) < 0)
        return -1;
    if (!v[0])
        return unknown(d, o);
    ident_format(out, "constraint %s", v[0]);
    if (strcmp(v[1], "0") != 0) {
        ident_format(out, " on ");
        return relation(d, (uint32_t)strtoul(v[1], NULL, 10), out);
    }
    return 0;
}

static int named(struct ddl *d, struct object o, const char *word, const char *sql,
                 struct buf *out)
{
    const char *v[1];
    if (row(d, sql, o.oid, 0, v, 1) < 0)
        return -1;
    if (!v[0])
        return unknown(d, o);
    ident_format(out, "%s %s", word, v[0]);
    return 0;
}

static int rule(struct ddl *d, struct object o, struct buf *out)
{
    const char *v[2];
    if (row(d, "SELECT rulename, ev_class FROM \"pg_catalog.pg_rewrite\" WHERE oid = ?1", o.oid, 0,
            v, 2) < 0)
        return -1;
    if (!v[0])
        return unknown(d, o);
    ident_format(out, "rule %s on ", v[0]);
    return relation(d, (uint32_t)strtoul(v[1], NULL, 10), out);
}

int depend_describe(struct ddl *d, struct object o, struct buf *out)
{
    switch (o.class_oid) {
    case DEPEND_RELATION:
        return o.sub ? column(d, o, out) : relation(d, o.oid, out);
    case DEPEND_DEFAULT:
        return default_value(d, o, out);
    case DEPEND_CONSTRAINT:
        return constraint(d, o, out);
    case DEPEND_TYPE:
        return type(d, o.oid, out);
    case DEPEND_RULE:
        return rule(d, o, out);
    case DEPEND_SCHEMA:
        return named(d, o, "schema",
                     "SELECT nspname FROM \"pg_catalog.pg_namespace\" WHERE oid = ?1", out);
    case DEPEND_EXTENSION:
        return named(d, o, "extension",
                     "SELECT extname FROM \"pg_catalog.pg_extension\" WHERE oid = ?1", out);
    default:
        return unknown(d, o);
    }
}
