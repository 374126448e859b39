/* ddl_sequence.c: CREATE SEQUENCE, ALTER SEQUENCE, identity columns. */
#include "daemon/store/ddl_grant.h"
#include "daemon/store/depend.h"

#include <inttypes.h>
#include <stdlib.h>

struct sequence_spec {
    uint32_t type;
    int64_t start, increment, min, max, cache, last;
    bool cycle, called;
    const List *owned_by; /* NULL: not said */
};

struct given {
    const DefElem *as, *increment, *min, *max, *start, *restart, *cache, *cycle, *owned_by;
};

static int beyond(struct ddl *d, const char *what, int64_t value, const char *how,
                  const char *limit, int64_t of)
{
    return err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE, "%s (%" PRId64 ") %s %s (%" PRId64 ")",
                   what, value, how, limit, of);
}

static int sort(struct ddl *d, const List *options, struct given *g)
{
    ListCell *cell;
    foreach (cell, options) {
        const DefElem *def = lfirst(cell);
        const DefElem **slot = strcmp(def->defname, "as") == 0          ? &g->as
                               : strcmp(def->defname, "increment") == 0 ? &g->increment
                               : strcmp(def->defname, "minvalue") == 0  ? &g->min
                               : strcmp(def->defname, "maxvalue") == 0  ? &g->max
                               : strcmp(def->defname, "start") == 0     ? &g->start
                               : strcmp(def->defname, "restart") == 0   ? &g->restart
                               : strcmp(def->defname, "cache") == 0     ? &g->cache
                               : strcmp(def->defname, "cycle") == 0     ? &g->cycle
                               : strcmp(def->defname, "owned_by") == 0  ? &g->owned_by
                                                                        : NULL;
        if (!slot && strcmp(def->defname, "sequence_name") == 0) {
            err_set(d->err, SQLSTATE_SYNTAX_ERROR, "invalid sequence option SEQUENCE NAME");
            d->err->position = def->location + 1;
            return -1;
        }
        if (!slot)
            return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "option %s of a sequence is not supported by the store", def->defname);
        if (*slot) {
            err_set(d->err, SQLSTATE_SYNTAX_ERROR, "conflicting or redundant options");
            d->err->position = def->location + 1;
            return -1;
        }
        *slot = def;
    }
    return 0;
}

static int64_t value(const DefElem *def)
{
    if (IsA(def->arg, Float))
        return strtoll(((const Float *)def->arg)->fval, NULL, 10);
    return IsA(def->arg, Boolean) ? boolVal(def->arg) : intVal(def->arg);
}

static int64_t top(uint32_t type)
{
    return type == TYPES_INT2 ? INT16_MAX : type == TYPES_INT4 ? INT32_MAX : INT64_MAX;
}

static int set_type(struct ddl *d, const struct given *g, bool fresh, bool identity,
                    struct sequence_spec *s)
{
    uint32_t old = s->type;
    int32_t typmod;
    if (!g->as)
        return 0;
    if (ddl_type(d, (const TypeName *)g->as->arg, &s->type, &typmod, NULL) < 0)
        return -1;
    if (s->type != TYPES_INT2 && s->type != TYPES_INT4 && s->type != TYPES_INT8)
        return err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE,
                       identity ? "identity column type must be smallint, integer, or bigint"
                                : "sequence type must be smallint, integer, or bigint");
    if (fresh)
        return 0;
    if (s->max == top(old)) /* limits that were those of the type stay so */
        s->max = top(s->type);
    if (s->min == -top(old) - 1)
        s->min = -top(s->type) - 1;
    return 0;
}

static int check_limits(struct ddl *d, const struct sequence_spec *s)
{
    char name[TYPES_NAME_BYTES];
    types_format(NULL, s->type, -1, name, sizeof name);
    if (s->max > top(s->type) || s->max < -top(s->type) - 1)
        return err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "MAXVALUE (%" PRId64 ") is out of range for sequence data type %s", s->max,
                       name);
    if (s->min > top(s->type) || s->min < -top(s->type) - 1)
        return err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "MINVALUE (%" PRId64 ") is out of range for sequence data type %s", s->min,
                       name);
    if (s->min >= s->max)
        return beyond(d, "MINVALUE", s->min, "must be less than", "MAXVALUE", s->max);
    if (s->start < s->min)
        return beyond(d, "START value", s->start, "cannot be less than", "MINVALUE", s->min);
    if (s->start > s->max)
        return beyond(d, "START value", s->start, "cannot be greater than", "MAXVALUE", s->max);
    if (s->last < s->min)
        return beyond(d, "RESTART value", s->last, "cannot be less than", "MINVALUE", s->min);
    if (s->last > s->max)
        return beyond(d, "RESTART value", s->last, "cannot be greater than", "MAXVALUE", s->max);
    if (s->cache <= 0)
        return err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "CACHE (%" PRId64 ") must be greater than zero", s->cache);
    return 0;
}

/* PostgreSQL's init_params.  ${fresh}: it is being made. */
static int apply(struct ddl *d, const List *options, bool fresh, bool identity,
                 struct sequence_spec *s)
{
    struct given g = {0};
    if (sort(d, options, &g) < 0 || set_type(d, &g, fresh, identity, s) < 0)
        return -1;
    if (g.increment)
        s->increment = value(g.increment);
    if (s->increment == 0)
        return err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE, "INCREMENT must not be zero");
    if (g.cycle)
        s->cycle = value(g.cycle) != 0;
    if (g.max && g.max->arg)
        s->max = value(g.max);
    else if (fresh || g.max)
        s->max = s->increment > 0 ? top(s->type) : -1;
    if (g.min && g.min->arg)
        s->min = value(g.min);
    else if (fresh || g.min)
        s->min = s->increment > 0 ? 1 : -top(s->type) - 1;
    if (g.start)
        s->start = value(g.start);
    else if (fresh)
        s->start = s->increment > 0 ? s->min : s->max;
    if (g.cache)
        s->cache = value(g.cache);
    if (fresh || g.restart) {
        s->last = g.restart && g.restart->arg ? value(g.restart) : s->start;
        s->called = false;
    }
    s->owned_by = g.owned_by ? (const List *)g.owned_by->arg : NULL;
    return check_limits(d, s);
}

/* -- OWNED BY -- */

static int own(struct ddl *d, uint32_t oid, const char *schema, const List *names)
{
    struct object o = object_of(DEPEND_RELATION, oid);
    int64_t identity = 0;
    if (ddl_query_int(d, &identity,
                      "SELECT refobjid FROM \"pg_catalog.pg_depend\" WHERE classid = 1259 AND"
                      " objid = ?1 AND deptype = 'i'",
                      "i", (int64_t)oid) < 0)
        return -1;
    if (identity) {
        const char *of_schema, *name = "";
        store_catalog_relation_name(d->c->catalog, oid, &of_schema, &name);
        const struct store_table *t = ddl_table(d, (uint32_t)identity);
        err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                "cannot change ownership of identity sequence");
        err_detail(d->err, "Sequence \"%s\" is linked to table \"%s\".", name, t ? t->name : "");
        return -1;
    }
    if (list_length(names) == 1) {
        if (strcmp(strVal(linitial(names)), "none") == 0)
            return depend_forget_type(d, o, 'a');
        err_set(d->err, SQLSTATE_SYNTAX_ERROR, "invalid OWNED BY option");
        err_hint(d->err, "Specify OWNED BY table.column or OWNED BY NONE.");
        return -1;
    }
    int n = list_length(names);
    RangeVar table = {.type = T_RangeVar,
                      .schemaname = n > 2 ? strVal(list_nth(names, n - 3)) : NULL,
                      .relname = strVal(list_nth(names, n - 2))};
    const struct store_table *t;
    if (ddl_find_table(d, &table, false, &t) < 0)
        return -1;
    if (strcmp(t->schema, schema) != 0)
        return err_set(d->err, "55000", "sequence must be in same schema as table it is linked to");
    const struct store_column *c = ddl_need_column(d, t->oid, strVal(llast(names)));
    if (!c || depend_forget_type(d, o, 'a') < 0)
        return -1;
    return depend_add(d, o, object_column(t->oid, c->attnum), 'a');
}

/* -- CREATE -- */

int ddl_add_sequence(struct ddl *d, uint32_t space, const char *name, uint32_t type,
                     const List *options, uint32_t *ret)
{
    struct sequence_spec s = {.type = type, .increment = 1, .cache = 1};
    uint32_t oid;
    if (apply(d, options, true, false, &s) < 0 || ddl_new_oid(d, &oid) < 0 ||
        ddl_exec(
            d,
            "INSERT INTO \"pg_catalog.pg_class\" (oid, relname, relnamespace, relowner, relkind,"
            " relnatts, relpersistence, relreplident, relispopulated)"
            " VALUES (?1, ?2, ?3, 10, 'S', 3, ?4, 'n', 1)",
            "isis", (int64_t)oid, name, (int64_t)space,
            (char[2]){d->persistence ? d->persistence : 'p', 0}) < 0 ||
        ddl_exec(d,
                 "INSERT INTO \"pg_catalog.pg_sequence\" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                 "iiiiiiii", (int64_t)oid, (int64_t)s.type, s.start, s.increment, s.max, s.min,
                 s.cache, (int64_t)s.cycle) < 0 ||
        ddl_exec(d, "INSERT INTO \"store.sequence\" VALUES (?1, ?2, 0)", "ii", (int64_t)oid,
                 s.last) < 0 ||
        ddl_give_acl(d, 'S', space, oid) < 0)
        return -1;
    *ret = oid;
    sequence_forget(d->c, oid);
    const struct store_schema *schema = NULL;
    for (size_t i = 0; i < d->c->catalog->nschemas; i++)
        if (d->c->catalog->schemas[i].oid == space)
            schema = &d->c->catalog->schemas[i];
    if (s.owned_by && own(d, oid, schema ? schema->name : "", s.owned_by) < 0)
        return -1;
    return depend_add(d, object_of(DEPEND_RELATION, oid), object_of(DEPEND_SCHEMA, space), 'n');
}

int ddl_create_sequence(struct ddl *d, const CreateSeqStmt *s)
{
    bool exists = false;
    uint32_t oid;
    const struct store_schema *schema;
    if (ddl_relation_creation(d, s->sequence, &schema) < 0 ||
        ddl_check_free(d, schema->oid, s->sequence->relname, s->if_not_exists ? &exists : NULL) < 0)
        return -1;
    if (exists) {
        conn_notice(d->c, "NOTICE", SQLSTATE_DUPLICATE_TABLE,
                    "relation \"%s\" already exists, skipping", s->sequence->relname);
        return 0;
    }
    return ddl_add_sequence(d, schema->oid, s->sequence->relname, TYPES_INT8, s->options, &oid) < 0
               ? -1
               : ddl_reload(d);
}

/* -- ALTER -- */

static int read_spec(struct ddl *d, const struct store_sequence *q, struct sequence_spec *s)
{
    int64_t called = 0;
    *s = (struct sequence_spec){.type = q->type_oid,
                                .start = q->start,
                                .increment = q->increment,
                                .min = q->min,
                                .max = q->max,
                                .cycle = q->cycle,
                                .cache = 1};
    if (ddl_query_int(d, &s->cache,
                      "SELECT seqcache FROM \"pg_catalog.pg_sequence\" WHERE seqrelid = ?1", "i",
                      (int64_t)q->oid) < 0 ||
        ddl_query_int(d, &s->last, "SELECT last_value FROM \"store.sequence\" WHERE oid = ?1", "i",
                      (int64_t)q->oid) < 0 ||
        ddl_query_int(d, &called, "SELECT is_called FROM \"store.sequence\" WHERE oid = ?1", "i",
                      (int64_t)q->oid) < 0)
        return -1;
    s->called = called != 0;
    return 0;
}

static int write_spec(struct ddl *d, uint32_t oid, const struct sequence_spec *s)
{
    sequence_forget(d->c, oid);
    return ddl_exec(d,
                    "UPDATE \"pg_catalog.pg_sequence\" SET seqtypid = ?2, seqstart = ?3,"
                    " seqincrement = ?4, seqmax = ?5, seqmin = ?6, seqcache = ?7, seqcycle = ?8"
                    " WHERE seqrelid = ?1",
                    "iiiiiiii", (int64_t)oid, (int64_t)s->type, s->start, s->increment, s->max,
                    s->min, s->cache, (int64_t)s->cycle) < 0
               ? -1
               : ddl_exec(d,
                          "UPDATE \"store.sequence\" SET last_value = ?2, is_called = ?3 WHERE"
                          " oid = ?1",
                          "iii", (int64_t)oid, s->last, (int64_t)s->called);
}

int ddl_change_sequence(struct ddl *d, uint32_t oid, const List *options, bool identity)
{
    struct sequence_spec s;
    const struct store_sequence *q = store_catalog_sequence_oid(d->c->catalog, oid);
    if (!q || read_spec(d, q, &s) < 0 || apply(d, options, false, identity, &s) < 0 ||
        write_spec(d, oid, &s) < 0 || (s.owned_by && own(d, oid, q->schema, s.owned_by) < 0))
        return -1;
    return ddl_reload(d);
}

int ddl_alter_sequence(struct ddl *d, const AlterSeqStmt *s)
{
    uint32_t oid;
    if (ddl_find_relation(d, s->sequence, s->missing_ok, &oid) < 0)
        return -1;
    if (!oid)
        return 0;
    if (!store_catalog_sequence_oid(d->c->catalog, oid))
        return err_set(d->err, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a sequence",
                       s->sequence->relname);
    return ddl_change_sequence(d, oid, s->options, false);
}

/* -- serial and identity -- */

/* SEQUENCE NAME, which may name the schema, but only the table's own. */
static int said_name(struct ddl *d, const struct ddl_choice *of, const List *names)
{
    const struct store_schema *schema;
    bool exists;
    if (list_length(names) > 1) {
        const char *said = strVal(list_nth(names, list_length(names) - 2));
        if (ddl_find_schema(d, said, &schema) < 0)
            return -1;
        if (schema->oid != of->space)
            return ddl_check_free(d, schema->oid, of->table, &exists) < 0 ? -1
                   : exists ? err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                                      "a column's sequence in another schema is not supported by"
                                      " the store")
                            : err_set(d->err, SQLSTATE_UNDEFINED_TABLE,
                                      "relation \"%s.%s\" does not exist", said, of->table);
    }
    return ddl_check_free(d, of->space, strVal(llast(names)), NULL);
}

int ddl_column_sequence(struct ddl *d, const struct ddl_choice *of, uint32_t type,
                        const List *options, uint32_t *ret)
{
    char chosen[64];
    const char *name = NULL;
    List *rest = NIL;
    ListCell *cell;
    foreach (cell, options) {
        DefElem *option = lfirst(cell);
        if (strcmp(option->defname, "sequence_name") != 0) {
            rest = lappend(rest, option);
            continue;
        }
        if (name) {
            err_set(d->err, SQLSTATE_SYNTAX_ERROR, "conflicting or redundant options");
            d->err->position = option->location + 1;
            return -1;
        }
        if (said_name(d, of, (const List *)option->arg) < 0)
            return -1;
        name = strVal(llast((const List *)option->arg));
    }
    if (!name && ddl_choose_name(d, of, chosen) < 0)
        return -1;
    return ddl_add_sequence(d, of->space, name ? name : chosen, type, rest, ret);
}

static int set_identity(struct ddl *d, uint32_t table, int16_t attnum, char how, uint32_t sequence)
{
    const char text[2] = {how, 0};
    const char *call = sequence ? psprintf("pgf_nextval(%u)", sequence) : NULL;
    return ddl_exec(d,
                    "UPDATE \"pg_catalog.pg_attribute\" SET attidentity = ?3 WHERE attrelid = ?1"
                    " AND attnum = ?2",
                    "iis", (int64_t)table, (int64_t)attnum, text) < 0
               ? -1
               : ddl_exec(d,
                          "UPDATE \"store.attribute\" SET sequence_oid = ?3, default_sqlite = ?4"
                          " WHERE relid = ?1 AND attnum = ?2",
                          "iiis", (int64_t)table, (int64_t)attnum, (int64_t)sequence, call);
}

int ddl_add_identity(struct ddl *d, uint32_t table, const char *column, const Constraint *con)
{
    const struct store_table *t = ddl_table(d, table);
    const struct store_column *c = ddl_need_column(d, table, column);
    uint32_t sequence;
    if (!c)
        return -1;
    if (c->type_oid != TYPES_INT2 && c->type_oid != TYPES_INT4 && c->type_oid != TYPES_INT8)
        return err_set(d->err, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "identity column type must be smallint, integer, or bigint");
    if (!c->not_null)
        return err_set(d->err, "55000",
                       "column \"%s\" of relation \"%s\" must be declared NOT NULL before identity"
                       " can be added",
                       column, t->name);
    if (c->identity)
        return err_set(d->err, "55000",
                       "column \"%s\" of relation \"%s\" is already an identity column", column,
                       t->name);
    if (c->default_sqlite)
        return err_set(d->err, "55000",
                       "column \"%s\" of relation \"%s\" already has a default value", column,
                       t->name);
    const struct ddl_choice choice = {t->name, column, "seq", ddl_space(d, t), false};
    int16_t attnum = c->attnum;
    if (ddl_column_sequence(d, &choice, c->type_oid, con->options, &sequence) < 0 ||
        depend_add(d, object_of(DEPEND_RELATION, sequence), object_column(table, attnum), 'i') <
            0 ||
        set_identity(d, table, attnum, con->generated_when, sequence) < 0)
        return -1;
    return ddl_reload(d);
}

static int not_identity(struct ddl *d, uint32_t table, const char *column, bool missing_ok)
{
    const struct store_table *t = ddl_table(d, table);
    if (!missing_ok)
        return err_set(d->err, "55000",
                       "column \"%s\" of relation \"%s\" is not an identity column", column,
                       t->name);
    conn_notice(d->c, "NOTICE", "00000",
                "column \"%s\" of relation \"%s\" is not an identity column, skipping", column,
                t->name);
    return 0;
}

int ddl_drop_identity(struct ddl *d, uint32_t table, const char *column, bool missing_ok)
{
    const struct store_column *c = ddl_need_column(d, table, column);
    if (!c)
        return -1;
    if (!c->identity)
        return not_identity(d, table, column, missing_ok);
    struct object sequence = object_of(DEPEND_RELATION, c->sequence_oid);
    struct object of = object_column(table, c->attnum);
    if (set_identity(d, table, c->attnum, 0, 0) < 0 || depend_forget(d, sequence, &of) < 0 ||
        ddl_reload(d) < 0)
        return -1;
    return depend_drop(d, &sequence, 1, false);
}

/* SET GENERATED x, and options of the sequence. */
int ddl_set_identity(struct ddl *d, uint32_t table, const char *column, const List *options)
{
    const struct store_column *c = ddl_need_column(d, table, column);
    List *rest = NIL;
    ListCell *cell;
    char how;
    if (!c)
        return -1;
    if (!c->identity)
        return not_identity(d, table, column, false);
    how = c->identity;
    int16_t attnum = c->attnum;
    uint32_t sequence = c->sequence_oid;
    foreach (cell, options) {
        DefElem *def = lfirst(cell);
        if (strcmp(def->defname, "generated") == 0)
            how = (char)intVal(def->arg);
        else
            rest = lappend(rest, def);
    }
    if (set_identity(d, table, attnum, how, sequence) < 0)
        return -1;
    return rest != NIL ? ddl_change_sequence(d, sequence, rest, true) : ddl_reload(d);
}
