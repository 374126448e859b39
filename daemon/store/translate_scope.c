/* translate_scope.c: what names mean: tables, columns, stars; see translate_tree.h.
 *
 * The rules and the texts are those of PostgreSQL's parse_relation.c: the innermost level that
 * knows a name decides; two items of one level that know it are 42702. */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/translate_expr.h"
#include "daemon/store/translate_capture.h"
#include "daemon/store/translate_target_view.h"
#include "daemon/store/translate_sequence.h"
#include "daemon/store/translate_steps.h"

struct scope *scope_new(struct tr *tr, struct scope *parent)
{
    struct scope *s = palloc0(sizeof(*s));
    s->tr = tr;
    s->parent = parent;
    s->certain = parent == NULL || parent->certain_below;
    return s;
}

void scope_add(struct scope *s, struct source *item)
{
    if (s->nsources == s->cap_sources) {
        int cap = s->cap_sources == 0 ? 8 : s->cap_sources * 2;
        struct source **sources = palloc(sizeof(sources[0]) * (size_t)cap);
        if (s->nsources > 0)
            memcpy(sources, s->sources, sizeof(sources[0]) * (size_t)s->nsources);
        s->sources = sources;
        s->cap_sources = cap;
    }
    s->sources[s->nsources++] = item;
}

/* -- tables -- */

const struct cte *scope_cte(struct scope *s, const char *name)
{
    for (; s != NULL; s = s->parent) {
        ListCell *cell;
        foreach (cell, s->ctes) {
            const struct cte *cte = lfirst(cell);
            if (strcmp(cte->name, name) == 0)
                return cte;
        }
    }
    return NULL;
}

const struct store_table *scope_table(struct tr *tr, const RangeVar *rv, bool write)
{
    const struct store_table *t = store_catalog_table(tr->catalog, rv->schemaname, rv->relname);
    if (t == NULL)
        t = sequence_table(tr, rv);
    if (t == NULL)
        tr_fail(tr, SQLSTATE_UNDEFINED_TABLE, rv->location,
                rv->schemaname ? "relation \"%s%s%s\" does not exist"
                               : "relation \"%s%s%s\" does not exist",
                rv->schemaname ? rv->schemaname : "", rv->schemaname ? "." : "", rv->relname);
    if (tr->catalog->may_use && tr->catalog->may_use(tr->catalog->may_use_arg, t, tr->err) < 0) {
        tr->err->position = rv->location + 1;
        tr_throw(tr);
    }
    if (write && t->system)
        tr_fail(tr, SQLSTATE_INSUFFICIENT_PRIVILEGE, -1,
                "permission denied: \"%s\" is a system catalog", t->name);
    if (write && t->kind == 'S')
        tr_fail(tr, "42809", -1, "cannot change sequence \"%s\"", t->name);
    if (write && t->kind == 'm')
        tr_fail(tr, SQLSTATE_WRONG_OBJECT_TYPE, -1, "cannot change materialized view \"%s\"", t->name);
    if (t->kind == 'm' && !t->populated && !tr->capture && tr->views == 0) {
        tr_set(tr, "55000", -1, "materialized view \"%s\" has not been populated", t->name);
        err_hint(tr->err, "Use the REFRESH MATERIALIZED VIEW command.");
        tr_throw(tr);
    }
    if (write && t->kind != 'r' && t->kind != 'v')
        tr_unsupported(tr, rv->location, "writing to \"%s\", which is not a table,", t->name);
    return t;
}

struct source *source_table(struct tr *tr, const struct store_table *table, const char *name,
                            bool aliased)
{
    struct source *item = palloc0(sizeof(*item));
    item->name = name;
    item->aliased = aliased;
    item->table = table;
    item->alias = item->row = tr_alias(tr);
    item->show_name = item->show_columns = true;
    const struct store_table *view = view_target_shown(tr, table);
    item->ncolumns = (int)table->ncolumns;
    item->columns = palloc0(sizeof(item->columns[0]) * (table->ncolumns + 1));
    for (size_t i = 0; i < table->ncolumns; i++) {
        const struct store_column *from = &table->columns[i];
        item->columns[i] = (struct column){
            .name = from->name,
            .typmod = from->typmod,
            .table_oid = view ? view->oid : table->oid,
            .attnum = view ? (int16_t)(i + 1) : from->attnum,
            .system = from->name[0] == '\0',
            .sql = emit_format("%s.%s", item->alias, emit_identifier(from->sqlite_name)),
            .origin = item,
        };
        struct column *c = &item->columns[i];
        c->type = infer_base(tr, from->type_oid, &c->typmod);
        c->domain = c->type == from->type_oid ? 0 : from->type_oid;
    }
    return item;
}

void source_rename(struct tr *tr, struct source *item, Alias *alias)
{
    if (alias == NULL)
        return;
    item->name = alias->aliasname;
    item->aliased = true;
    int n = list_length(alias->colnames);
    if (n > item->ncolumns)
        tr_fail(tr, "42P10", -1,
                item->alias == NULL
                    ? "join expression \"%s\" has %d columns available but %d columns specified"
                    : "table \"%s\" has %d columns available but %d columns specified",
                alias->aliasname, item->ncolumns, n);
    for (int i = 0; i < n; i++)
        item->columns[i].name = strVal(list_nth(alias->colnames, i));
}

/* -- columns -- */

int source_find(struct scope *s, const struct source *item, const char *name, int location)
{
    int found = -1;
    for (int i = 0; i < item->ncolumns; i++) {
        if (strcmp(item->columns[i].name, name) != 0)
            continue;
        if (found >= 0)
            tr_fail(s->tr, SQLSTATE_AMBIGUOUS_COLUMN, location,
                    "column reference \"%s\" is ambiguous", name);
        found = i;
    }
    return found;
}

struct expr *scope_column(struct scope *s, const struct source *item, int index, int location)
{
    const struct column *c = &item->columns[index];
    tr_work(s->tr, c->work);
    struct expr *e = expr_new(EXPR_COLUMN, c->type, c->sql, location);
    e->typmod = c->typmod;
    e->domain = c->domain;
    e->column = c;
    e->scope = s;
    e->row = c->row;
    return e;
}

/* Columns of enclosing levels pass through all levels between: they become part of those queries.
 */
static struct expr *mark_outer(struct scope *s, struct scope *owner, struct expr *e)
{
    if (s != owner)
        e = grouping_replace(owner, e);
    for (; s != owner; s = s->parent)
        s->outer = lappend(s->outer, e);
    return e;
}

static void check_lateral(struct scope *s, const struct source *item, const char *name,
                          int location)
{
    if (!item->lateral_only || item->lateral_ok)
        return;
    tr_set(s->tr, "42P10", location, "invalid reference to FROM-clause entry for table \"%s\"",
           name);
    err_detail(s->tr->err,
               "The combining JOIN type must be INNER or LEFT for a LATERAL reference.");
    tr_throw(s->tr);
}

static struct expr *bare_column(struct scope *s, const char *name, int location)
{
    for (struct scope *level = s; level != NULL; level = level->parent) {
        const struct source *owner = NULL;
        int found = -1;
        for (int i = 0; i < level->nsources; i++) {
            const struct source *item = level->sources[i];
            if (!item->show_columns || (item->lateral_only && !level->lateral_active))
                continue;
            int index = source_find(s, item, name, location);
            if (index < 0 && !scope_has_system(item, name))
                continue;
            if (owner != NULL)
                tr_fail(s->tr, SQLSTATE_AMBIGUOUS_COLUMN, location,
                        "column reference \"%s\" is ambiguous", name);
            check_lateral(s, item, item->name, location);
            owner = item;
            found = index;
        }
        if (owner != NULL && found < 0)
            return mark_outer(s, level, scope_system(level, owner, name, location));
        if (owner != NULL)
            return mark_outer(s, level, scope_column(level, owner, found, location));
    }
    return NULL;
}

/* The item that `name` or `schema.name` means; NULL if none does. */
static const struct source *named_item(struct scope *s, const char *schema, const char *name,
                                       int location, struct scope **ret_level)
{
    for (struct scope *level = s; level != NULL; level = level->parent) {
        const struct source *found = NULL;
        for (int i = 0; i < level->nsources; i++) {
            const struct source *item = level->sources[i];
            if (!item->show_name || item->name == NULL || strcmp(item->name, name) != 0)
                continue;
            if (item->lateral_only && !level->lateral_active)
                continue;
            if (schema != NULL &&
                (item->aliased || item->table == NULL ||
                 !store_catalog_same_schema(s->tr->catalog, item->table->schema, schema)))
                continue;
            if (found != NULL)
                tr_fail(s->tr, "42P09", location, "table reference \"%s\" is ambiguous", name);
            check_lateral(s, item, name, location);
            found = item;
        }
        *ret_level = level;
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* errorMissingRTE: why nothing is called ${name} here. */
static void missing_item(struct scope *s, const char *name, int location)
{
    const struct source *hidden = NULL;
    for (struct scope *level = s; level != NULL; level = level->parent)
        for (int i = 0; i < level->nsources; i++) {
            const struct source *item = level->sources[i];
            bool same = item->name != NULL && strcmp(item->name, name) == 0;
            if (same || (item->table != NULL && strcmp(item->table->name, name) == 0))
                hidden = item;
        }
    if (hidden == NULL)
        tr_fail(s->tr, SQLSTATE_UNDEFINED_TABLE, location,
                "missing FROM-clause entry for table \"%s\"", name);
    tr_set(s->tr, SQLSTATE_UNDEFINED_TABLE, location,
           "invalid reference to FROM-clause entry for table \"%s\"", name);
    if (strcmp(hidden->name, name) != 0)
        err_hint(s->tr->err, "Perhaps you meant to reference the table alias \"%s\".",
                 hidden->name);
    else
        err_hint(s->tr->err,
                 "There is an entry for table \"%s\", but it cannot be referenced "
                 "from this part of the query.",
                 name);
    tr_throw(s->tr);
}

/* -- 42703, with what may have been meant -- */

enum { FUZZY_MAX = 3, FUZZY_BYTES = 256 };

struct fuzzy {
    int distance;
    const struct source *first, *second;
    const char *first_name, *second_name; /* NULL: the very name, out of reach */
};

/* How many characters must be put in, taken out or changed. */
static int levenshtein(const char *a, const char *b)
{
    int row[FUZZY_BYTES + 1];
    size_t n = strlen(a), m = strlen(b);
    if (n > FUZZY_BYTES || m > FUZZY_BYTES)
        return FUZZY_BYTES;
    for (size_t k = 0; k <= m; k++)
        row[k] = (int)k;
    for (size_t i = 1; i <= n; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t k = 1; k <= m; k++) {
            int change = diagonal + (a[i - 1] != b[k - 1]);
            int least = row[k] < row[k - 1] ? row[k] + 1 : row[k - 1] + 1;
            diagonal = row[k];
            row[k] = change < least ? change : least;
        }
    }
    return row[m];
}

static void fuzzy_column(struct fuzzy *f, const struct source *item, const char *actual,
                         const char *wanted, int penalty)
{
    if (penalty > f->distance)
        return;
    int distance = levenshtein(actual, wanted);
    if (distance > (int)strlen(wanted) / 2)
        return;
    distance += penalty;
    if (distance < f->distance) {
        *f = (struct fuzzy){.distance = distance, .first = item, .first_name = actual};
    } else if (distance == f->distance && f->second != NULL) {
        *f = (struct fuzzy){.distance = distance - 1}; /* too many to be of use */
    } else if (distance == f->distance && f->first != NULL) {
        f->second = item;
        f->second_name = actual;
    } else if (distance == f->distance && distance <= FUZZY_MAX) {
        f->first = item;
        f->first_name = actual;
    }
}

/* true: the name itself is there, where it cannot be seen. */
static bool fuzzy_item(struct fuzzy *f, const struct source *item, const char *table,
                       const char *name)
{
    int penalty = table != NULL && strcmp(table, item->name) != 0 ? levenshtein(table, item->name) : 0;
    if (penalty > FUZZY_MAX + 1)
        penalty = FUZZY_MAX + 1;
    bool exact = scope_has_system(item, name);
    for (int i = 0; i < item->ncolumns; i++) {
        if (strcmp(item->columns[i].name, name) == 0)
            exact = true;
        if (strcmp(item->columns[i].name, name) != 0)
            fuzzy_column(f, item, item->columns[i].name, name, penalty);
    }
    if (exact && penalty == 0)
        *f = (struct fuzzy){.first = item};
    return exact && penalty == 0;
}

static void fuzzy_hint(struct scope *s, const struct fuzzy *f, const char *name)
{
    if (f->second != NULL)
        err_hint(s->tr->err,
                 "Perhaps you meant to reference the column \"%s.%s\" or the column \"%s.%s\".",
                 f->first->name, f->first_name, f->second->name, f->second_name);
    else if (f->first != NULL && f->first_name != NULL)
        err_hint(s->tr->err, "Perhaps you meant to reference the column \"%s.%s\".",
                 f->first->name, f->first_name);
    else if (f->first != NULL)
        err_hint(s->tr->err,
                 "There is a column named \"%s\" in table \"%s\", but it cannot be referenced from "
                 "this part of the query.",
                 name, f->first->name);
}

void scope_missing_column(struct scope *s, const char *table, const char *name, int location)
{
    struct fuzzy f = {.distance = FUZZY_MAX + 1};
    bool exact = false;
    tr_set(s->tr, SQLSTATE_UNDEFINED_COLUMN, location,
           table ? "column %s%s%s does not exist" : "column %s\"%s%s\" does not exist",
           table ? table : "", table ? "." : "", name);
    for (struct scope *level = s; level != NULL && !exact; level = level->parent)
        for (int i = 0; i < level->nsources && !exact; i++)
            if (level->sources[i]->name != NULL && level->sources[i]->alias != NULL)
                exact = fuzzy_item(&f, level->sources[i], table, name);
    fuzzy_hint(s, &f, name);
    tr_throw(s->tr);
}

static struct expr *qualified_column(struct scope *s, const char *schema, const char *table,
                                     const char *name, int location)
{
    struct scope *level = NULL;
    const struct source *item = named_item(s, schema, table, location, &level);
    if (item == NULL)
        missing_item(s, table, location);
    int index = source_find(s, item, name, location);
    if (index < 0) {
        if (scope_has_system(item, name))
            return mark_outer(s, level, scope_system(level, item, name, location));
        scope_missing_column(s, table, name, location);
    }
    return mark_outer(s, level, scope_column(level, item, index, location));
}

/* "a", "a.b", "schema.a.b": the parts, from the last; a database name before them must be any. */
static int split_name(struct tr *tr, ColumnRef *ref, const char *ret[3])
{
    int n = list_length(ref->fields);
    int skip = n == 4 ? 1 : 0;
    if (n > 4)
        tr_fail(tr, SQLSTATE_SYNTAX_ERROR, ref->location,
                "improper qualified name (too many dotted names)");
    for (int i = skip; i < n; i++) {
        Node *field = list_nth(ref->fields, i);
        ret[i - skip] = IsA(field, A_Star) ? NULL : strVal(field);
    }
    if (skip == 1)
        tr_unsupported(tr, ref->location, "a database name before a table");
    return n;
}

static struct expr *whole_row(struct scope *s, struct scope *level, const struct source *item,
                              int location)
{
    struct expr **columns = palloc(sizeof(columns[0]) * (size_t)(item->ncolumns + 1));
    for (int i = 0; i < item->ncolumns; i++)
        columns[i] = mark_outer(s, level, scope_column(level, item, i, location));
    return row_whole(s, item, columns, location);
}

/* t.* where a value is wanted: the row of t */
static struct expr *star_row(struct scope *s, const char *const *part, int n, int location)
{
    struct scope *level = NULL;
    if (n == 1)
        tr_unsupported(s->tr, location, "* as a value");
    const struct source *item =
        named_item(s, n == 3 ? part[0] : NULL, part[n - 2], location, &level);
    if (item == NULL)
        missing_item(s, part[n - 2], location);
    return whole_row(s, level, item, location);
}

static struct expr *column_ref(struct scope *s, ColumnRef *ref)
{
    const char *part[3] = {NULL, NULL, NULL};
    int n = split_name(s->tr, ref, part);
    if (IsA(llast(ref->fields), A_Star))
        return star_row(s, part, n, ref->location);
    if (n == 2)
        return qualified_column(s, NULL, part[0], part[1], ref->location);
    if (n == 3)
        return qualified_column(s, part[0], part[1], part[2], ref->location);
    struct expr *e = bare_column(s, part[0], ref->location);
    if (e != NULL)
        return e;
    struct scope *level = NULL;
    const struct source *item = named_item(s, NULL, part[0], ref->location, &level);
    if (item != NULL && item->scalar)
        return mark_outer(s, level, scope_column(level, item, 0, ref->location));
    if (item != NULL)
        return whole_row(s, level, item, ref->location);
    scope_missing_column(s, NULL, part[0], ref->location);
    return NULL;
}

struct expr *scope_column_ref(struct scope *s, ColumnRef *ref)
{
    struct expr *e = column_ref(s, ref);
    capture_column(s->tr, ref, e);
    return e;
}

static List *star_item(struct scope *s, struct scope *level, const struct source *item,
                       int location, List *targets)
{
    for (int i = 0; i < item->ncolumns; i++) {
        if (item->columns[i].system)
            continue;
        struct target *t = palloc0(sizeof(*t));
        t->name = item->columns[i].name;
        t->work = item->columns[i].work;
        t->expr = grouping_replace(level, scope_column(level, item, i, location));
        t->expr = mark_outer(s, level, t->expr);
        targets = lappend(targets, t);
    }
    return targets;
}

List *scope_star(struct scope *s, ColumnRef *ref, List *targets)
{
    const char *part[3] = {NULL, NULL, NULL};
    int n = split_name(s->tr, ref, part);
    if (n == 1) {
        bool any = false;
        for (int i = 0; i < s->nsources; i++) {
            if (!s->sources[i]->show_columns)
                continue;
            any = true;
            targets = star_item(s, s, s->sources[i], ref->location, targets);
        }
        if (!any)
            tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, ref->location,
                    "SELECT * with no tables specified is not valid");
        return targets;
    }
    struct scope *level = NULL;
    const char *table = part[n - 2];
    const struct source *item =
        named_item(s, n == 3 ? part[0] : NULL, table, ref->location, &level);
    if (item == NULL)
        missing_item(s, table, ref->location);
    return star_item(s, level, item, ref->location, targets);
}
