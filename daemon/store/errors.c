/* errors.c: what SQLite says -> what PostgreSQL would have said, with names and values.
 *
 * SQLite names the columns of a broken unique or not-null constraint, but not their values, and of
 * a broken foreign key nothing.  So the statement is run once more, in a savepoint that is rolled
 * back, under temporary triggers that show each row to "store_seen"() (errors_watch.c).  That costs
 * only when there is an error to tell. */
#include "daemon/store/errors.h"
#include "daemon/store/statement.h"

#include <stdio.h>
#include <stdlib.h>

static int plain(struct store_conn *c, int rc, const char *said, struct err *err)
{
    switch (rc & 0xff) {
    case SQLITE_INTERRUPT:
        return err_set(err, SQLSTATE_QUERY_CANCELED, "canceling statement due to %s",
                       c->timed_out ? "statement timeout" : "user request");
    case SQLITE_BUSY:
        if (rc == SQLITE_BUSY_SNAPSHOT)
            return err_set(err, SQLSTATE_SERIALIZATION_FAILURE,
                           "could not serialize access due to concurrent update");
        return err_set(err, "55P03", "could not obtain lock on the store");
    case SQLITE_LOCKED:
        return err_set(err, "55006", "cannot do this while a query of this session is active");
    case SQLITE_READONLY:
        return err_set(err, SQLSTATE_READ_ONLY_SQL_TRANSACTION, "the store's file is read-only");
    case SQLITE_FULL:
        return err_set(err, "53100", "could not extend the store: no space left on device");
    case SQLITE_NOMEM:
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    case SQLITE_TOOBIG:
        return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a value or statement is too large");
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
        return err_set(err, SQLSTATE_IO_ERROR, "input/output error in the store: %s", said);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return err_set(err, "XX001", "the store's file is damaged: %s", said);
    case SQLITE_AUTH:
        return err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, "permission denied: %s", said);
    case SQLITE_SCHEMA:
        return err_set(err, SQLSTATE_SERIALIZATION_FAILURE, "the schema was changed concurrently");
    default:
        break;
    }
    if (strstr(said, "ON CONFLICT clause does not match"))
        return err_set(err, "42P10",
                       "there is no unique or exclusion constraint matching the ON CONFLICT "
                       "specification");
    if (strstr(said, "frame starting offset must be"))
        return err_set(err, "22013", "frame starting offset must not be negative");
    if (strstr(said, "frame ending offset must be"))
        return err_set(err, "22013", "frame ending offset must not be negative");
    if (strstr(said, "argument of ntile must be"))
        return err_set(err, "22014", "argument of ntile must be greater than zero");
    if (strstr(said, "argument to nth_value must be"))
        return err_set(err, "22016", "argument of nth_value must be greater than zero");
    if (strstr(said, "integer overflow"))
        return err_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range");
    if (strstr(said, "too many") || strstr(said, "too large") || strstr(said, "stack overflow"))
        return err_set(err, SQLSTATE_STATEMENT_TOO_COMPLEX,
                       "statement is too complex for the store: %s", said);
    return err_set(err, SQLSTATE_INTERNAL_ERROR, "store: %s (%d)", said, rc);
}

/* -- constraints -- */

static void name_table(const struct store_table *t, const char *constraint, struct err *err)
{
    snprintf(err->schema, sizeof err->schema, "%s", t->schema);
    snprintf(err->table, sizeof err->table, "%s", t->name);
    if (constraint)
        snprintf(err->constraint, sizeof err->constraint, "%s", constraint);
}

/* "T.a, T.b" after the colon: the table, and what follows its name and a dot. */
static const struct store_table *table_of(struct store_conn *c, const char *columns,
                                          size_t *ret_prefix)
{
    const struct store_table *best = NULL;
    size_t longest = 0;
    for (size_t i = 0; c->catalog && i < c->catalog->ntables; i++) {
        const struct store_table *t = &c->catalog->tables[i];
        size_t len = strlen(t->sqlite_name);
        if (len >= longest && strncmp(columns, t->sqlite_name, len) == 0 && columns[len] == '.') {
            best = t;
            longest = len;
        }
    }
    *ret_prefix = longest + 1;
    return best;
}

static const struct store_column *column_at(const struct store_table *t, const char *name,
                                            size_t len)
{
    for (size_t i = 0; i < t->ncolumns; i++)
        if (strlen(t->columns[i].sqlite_name) == len &&
            strncmp(t->columns[i].sqlite_name, name, len) == 0)
            return &t->columns[i];
    return NULL;
}

/* Does the list "T.a, T.b" name exactly the columns of ${k}? */
static bool key_matches(const struct store_table *t, const struct store_key *k, const char *list,
                        size_t prefix)
{
    for (size_t i = 0; i < k->nattnums; i++) {
        const char *end = strstr(list, ", ");
        size_t len = end ? (size_t)(end - list) : strlen(list);
        if (len <= prefix)
            return false;
        const struct store_column *col = column_at(t, list + prefix, len - prefix);
        if (!col || col->attnum != k->attnums[i])
            return false;
        list += len + (end ? 2 : 0);
    }
    return *list == '\0';
}

static const struct store_key *find_key(const struct store_table *t, const char *list,
                                        size_t prefix)
{
    for (size_t i = 0; i < t->nkeys; i++)
        if (t->keys[i].unique && key_matches(t, &t->keys[i], list, prefix))
            return &t->keys[i];
    return NULL;
}

static const struct store_key *find_index(struct store_conn *c, const char *name,
                                          const struct store_table **ret_table)
{
    for (size_t i = 0; i < c->catalog->ntables; i++) {
        const struct store_table *t = &c->catalog->tables[i];
        for (size_t k = 0; k < t->nkeys; k++)
            if (t->keys[k].sqlite_name && strlen(name) == strlen(t->keys[k].sqlite_name) + 1 &&
                strncmp(name, t->keys[k].sqlite_name, strlen(t->keys[k].sqlite_name)) == 0) {
                *ret_table = t;
                return &t->keys[k];
            }
    }
    return NULL;
}

/* A row may break several keys.  PostgreSQL tells the oldest, SQLite the newest. */
static const struct store_key *oldest_broken(struct watch *w, const struct store_table *t,
                                             const struct store_key *told)
{
    const struct store_key *best = told;
    for (size_t i = 0; i < t->nkeys; i++)
        if (t->keys[i].unique && t->keys[i].oid < best->oid && watch_key_exists(w, t, &t->keys[i]))
            best = &t->keys[i];
    return best;
}

static int unique(struct store_conn *c, sqlite3_stmt *stmt, const struct prepared *p,
                  const char *list, struct err *err)
{
    const struct store_table *t;
    const struct store_key *k;
    size_t prefix;
    if (strncmp(list, "index '", 7) == 0) {
        k = find_index(c, list + 7, &t);
    } else {
        t = table_of(c, list, &prefix);
        k = t ? find_key(t, list, prefix) : NULL;
    }
    if (!k)
        return err_set(err, SQLSTATE_UNIQUE_VIOLATION,
                       "duplicate key value violates a unique constraint (%s)", list);
    struct watch w = {.c = c};
    bool seen = stmt && watch_rows(&w, t, stmt) == 0;
    if (seen && p && p->tag[0] == 'I' && !strstr(p->sqlite, "ON CONFLICT"))
        k = oldest_broken(&w, t, k);
    err_set(err, SQLSTATE_UNIQUE_VIOLATION, "duplicate key value violates unique constraint \"%s\"",
            k->name);
    name_table(t, k->name, err);
    if (seen)
        watch_key_detail(&w, t, k, " already exists.", err);
    watch_release(&w);
    return -1;
}

static int not_null(struct store_conn *c, sqlite3_stmt *stmt, const char *list, struct err *err)
{
    size_t prefix;
    const struct store_table *t = table_of(c, list, &prefix);
    const struct store_column *col = t ? column_at(t, list + prefix, strlen(list + prefix)) : NULL;
    if (!col)
        return err_set(err, SQLSTATE_NOT_NULL_VIOLATION,
                       "null value violates not-null constraint (%s)", list);
    err_set(err, SQLSTATE_NOT_NULL_VIOLATION,
            "null value in column \"%s\" of relation \"%s\" violates not-null constraint",
            col->name, t->name);
    name_table(t, NULL, err);
    snprintf(err->column, sizeof err->column, "%s", col->name);
    struct watch w = {.c = c};
    if (stmt && watch_rows(&w, t, stmt) == 0)
        watch_row_detail(&w, t, err);
    watch_release(&w);
    return -1;
}

/* Checks of our own, "#<attnum>:<table oid>": a value that its type cannot hold. */
static int mixed_key(struct store_conn *c, uint32_t oid, struct err *err)
{
    for (size_t i = 0; i < c->catalog->ntables; i++) {
        const struct store_table *t = &c->catalog->tables[i];
        for (size_t k = 0; k < t->nforeign_keys; k++) {
            if (t->foreign_keys[k].oid != oid)
                continue;
            err_set(err, SQLSTATE_FOREIGN_KEY_VIOLATION,
                    "insert or update on table \"%s\" violates foreign key constraint \"%s\"",
                    t->name, t->foreign_keys[k].name);
            err_detail(err, "MATCH FULL does not allow mixing of null and nonnull key values.");
            name_table(t, t->foreign_keys[k].name, err);
        }
    }
    return -1;
}

static int own_check(struct store_conn *c, const char *name, struct err *err)
{
    if (strncmp(name, "#f:", 3) == 0)
        return mixed_key(c, (uint32_t)strtoul(name + 3, NULL, 10), err);
    char *end, type[TYPES_NAME_BYTES] = "value";
    long attnum = strtol(name + 1, &end, 10);
    uint32_t oid = *end == ':' ? (uint32_t)strtoul(end + 1, NULL, 10) : 0;
    const struct store_table *t = store_catalog_table_oid(c->catalog, oid);
    const struct store_column *col = t ? store_table_attnum(t, (int16_t)attnum) : NULL;
    if (!col)
        return err_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range");
    types_format(&c->catalog->types, col->type_oid, col->typmod, type, sizeof type);
    if (col->type_oid == TYPES_VARCHAR || col->type_oid == TYPES_BPCHAR)
        return err_set(err, SQLSTATE_STRING_DATA_RIGHT_TRUNCATION, "value too long for type %s",
                       type);
    return err_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range", type);
}

static int check(struct store_conn *c, sqlite3_stmt *stmt, const struct prepared *p,
                 const char *name, struct err *err)
{
    if (name[0] == '#')
        return own_check(c, name, err);
    const struct store_table *t = p ? store_catalog_table_oid(c->catalog, p->target_oid) : NULL;
    if (!t)
        return err_set(err, SQLSTATE_CHECK_VIOLATION, "new row violates check constraint \"%s\"",
                       name);
    err_set(err, SQLSTATE_CHECK_VIOLATION,
            "new row for relation \"%s\" violates check constraint \"%s\"", t->name, name);
    name_table(t, name, err);
    struct watch w = {.c = c};
    if (stmt && watch_rows(&w, t, stmt) == 0)
        watch_row_detail(&w, t, err);
    watch_release(&w);
    return -1;
}

/* pgf_view_check() has failed. */
static int view_check(struct store_conn *c, sqlite3_stmt *stmt, const struct prepared *p,
                      const char *said, struct err *err)
{
    const struct store_table *t = p ? store_catalog_table_oid(c->catalog, p->target_oid) : NULL;
    struct watch w = {.c = c};
    err_set(err, "44000", "new row violates check option for view \"%s\"", said);
    if (t && stmt && watch_rows(&w, t, stmt) == 0)
        watch_row_detail(&w, t, err);
    watch_release(&w);
    return -1;
}

static int foreign_key_error(struct watch *w, struct err *err)
{
    const struct store_table *child, *parent;
    const struct store_foreign_key *f = watch_foreign_key(w, &child);
    parent = f ? store_catalog_table_oid(w->c->catalog, f->parent_oid) : NULL;
    if (!parent)
        return err_set(err, SQLSTATE_FOREIGN_KEY_VIOLATION, "foreign key constraint violated");
    char tail[ERR_DETAIL_BYTES];
    if (w->parent_side) {
        err_set(err, SQLSTATE_FOREIGN_KEY_VIOLATION,
                "update or delete on table \"%s\" violates foreign key constraint \"%s\" on table "
                "\"%s\"",
                parent->name, f->name, child->name);
        snprintf(tail, sizeof tail, " is still referenced from table \"%s\".", child->name);
        watch_values_detail(w, parent, f->parent_attnums, f->nattnums, false, tail, err);
    } else {
        err_set(err, SQLSTATE_FOREIGN_KEY_VIOLATION,
                "insert or update on table \"%s\" violates foreign key constraint \"%s\"",
                child->name, f->name);
        snprintf(tail, sizeof tail, " is not present in table \"%s\".", parent->name);
        watch_values_detail(w, child, f->attnums, f->nattnums, false, tail, err);
    }
    name_table(child, f->name, err);
    return -1;
}

static int foreign_key(struct store_conn *c, sqlite3_stmt *stmt, struct err *err)
{
    struct watch w = {.c = c};
    if (!stmt && errors_deferred(c, err))
        return -1;
    if (stmt)
        watch_foreign_keys(&w, stmt);
    int rc = foreign_key_error(&w, err);
    watch_release(&w);
    return rc;
}

static int constraint(struct store_conn *c, int rc, sqlite3_stmt *stmt, const struct prepared *p,
                      const char *said, struct err *err)
{
    const char *rest = strstr(said, "failed: ");
    rest = rest ? rest + 8 : "";
    switch (rc) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return unique(c, stmt, p, rest, err);
    case SQLITE_CONSTRAINT_NOTNULL:
        return not_null(c, stmt, rest, err);
    case SQLITE_CONSTRAINT_CHECK:
        return check(c, stmt, p, rest, err);
    case SQLITE_CONSTRAINT_FOREIGNKEY:
    case SQLITE_CONSTRAINT_TRIGGER:
        return foreign_key(c, stmt, err);
    case SQLITE_CONSTRAINT_FUNCTION:
        return view_check(c, stmt, p, said, err);
    default:
        return err_set(err, SQLSTATE_INTERNAL_ERROR, "store: %s (%d)", said, rc);
    }
}

int errors_map(struct store_conn *c, int rc, sqlite3_stmt *stmt, const struct prepared *p,
               struct err *err)
{
    if (c->context.raised.sqlstate[0]) { /* one of our functions has already said it */
        *err = c->context.raised;
        err_reset(&c->context.raised);
        return -1;
    }
    char said[ERR_MESSAGE_BYTES];
    snprintf(said, sizeof said, "%s", sqlite3_errmsg(c->db));
    if ((rc & 0xff) == SQLITE_CONSTRAINT && c->catalog)
        return constraint(c, rc, stmt, p, said, err);
    return plain(c, rc, said, err);
}
