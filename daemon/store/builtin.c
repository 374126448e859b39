/* builtin.c: see builtin.h. */
#include "daemon/store/builtin.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define RELATION(oid, schema, name, kind) {true, oid, schema, name, kind, -1, 0, 0, false},
#define COLUMN(name, type, typmod, len, attnum, not_null)                                          \
    {false, type, NULL, name, 0, typmod, len, attnum, not_null},
static const struct builtin_line lines[] = {
#include "daemon/store/builtin_relations.inc"
};

const struct builtin_line *builtin_lines(size_t *ret_n)
{
    *ret_n = sizeof lines / sizeof lines[0];
    return lines;
}

extern const char builtin_rows_begin[], builtin_rows_end[]; /* builtin_rows.c */

struct builtin_pair {
    uint32_t hash, row;
};

/* By what else than `oid` introspection looks things up.  '$': a text. */
static const struct {
    const char *table, *columns;
} keys[] = {
    {"pg_type", "oid $typname typelem typrelid typarray typbasetype"},
    {"pg_proc", "oid $proname prorettype"},
    {"pg_class", "oid $relname relnamespace reltype"},
    {"pg_attribute", "attrelid atttypid"},
    {"pg_index", "indexrelid indrelid"},
    {"pg_constraint", "oid conrelid contypid conindid $conname connamespace"},
    {"pg_namespace", "oid $nspname"},
    {"pg_operator", "oid $oprname oprcode oprleft oprright"},
    {"pg_cast", "oid castsource casttarget castfunc"},
    {"pg_aggregate", "aggfnoid"},
    {"pg_am", "oid $amname"},
    {"pg_amop", "oid amopfamily amopopr amopmethod"},
    {"pg_amproc", "oid amprocfamily amproc"},
    {"pg_opclass", "oid $opcname opcfamily opcintype opcmethod"},
    {"pg_opfamily", "oid $opfname opfmethod"},
    {"pg_collation", "oid $collname"},
    {"pg_conversion", "oid $conname conproc"},
    {"pg_language", "oid $lanname"},
    {"pg_range", "rngtypid rngsubtype rngmultitypid"},
    {"pg_description", "objoid classoid"},
    {"pg_ts_config", "oid $cfgname"},
    {"pg_ts_config_map", "mapcfg mapdict"},
    {"pg_ts_dict", "oid $dictname"},
    {"pg_ts_template", "oid $tmplname"},
    {"pg_rewrite", "oid ev_class"},
    {"pg_authid", "oid $rolname"},
    {"pg_auth_members", "roleid member"},
    {"pg_settings", "$name"},
};

#define TABLES_MAX 48

struct builtin {
    struct builtin_table tables[TABLES_MAX];
    size_t n;
};

static struct builtin *builtin; /* made once, never changed; NULL without memory */

/* -- reading -- */

static struct slice cut(struct slice *rest, char at)
{
    const char *end = memchr(rest->data, at, rest->len);
    size_t n = end ? (size_t)(end - rest->data) : rest->len;
    struct slice part = {rest->data, n};
    size_t skip = end ? n + 1 : n;
    *rest = (struct slice){rest->data + skip, rest->len - skip};
    return part;
}

static bool named(struct slice a, const char *name)
{
    return slice_equal(a, (struct slice){name, strlen(name)});
}

static void read_header(struct builtin_table *t, struct slice line)
{
    t->name = cut(&line, '\t');
    t->name.data++;
    t->name.len--;
    while (line.len > 0 && t->ncolumns < BUILTIN_COLUMNS_MAX) {
        struct slice item = cut(&line, '\t');
        size_t i = t->ncolumns++;
        t->columns[i] = cut(&item, '=');
        if (t->columns[i].data + t->columns[i].len < item.data)
            t->constants[i] = item;
    }
}

int builtin_column(const struct builtin_table *t, const char *name)
{
    for (size_t i = 0; i < t->ncolumns; i++)
        if (named(t->columns[i], name))
            return (int)i;
    return -1;
}

bool builtin_field(const struct builtin_table *t, size_t row, size_t column, struct slice *ret)
{
    struct slice field = t->constants[column];
    if (field.data == NULL) {
        struct slice rest = t->rows[row];
        for (size_t i = 0; i <= column; i++)
            if (t->constants[i].data == NULL)
                field = cut(&rest, '\t');
    }
    *ret = field;
    return !(field.len == 2 && field.data[0] == '\\' && field.data[1] == 'N');
}

size_t builtin_unescape(struct slice text, char *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '\\' && i + 1 < text.len) {
            c = text.data[++i];
            c = c == 't' ? '\t' : c == 'n' ? '\n' : c;
        }
        ret[n++] = c;
    }
    return n;
}

int64_t builtin_number(const struct builtin_table *t, size_t row, size_t column)
{
    struct slice field;
    int64_t value = 0;
    if (!builtin_field(t, row, column, &field))
        return 0;
    bool negative = field.len > 0 && field.data[0] == '-';
    for (size_t i = negative ? 1 : 0; i < field.len; i++)
        value = value * 10 + (field.data[i] - '0');
    return negative ? -value : value;
}

/* -- keys -- */

uint32_t builtin_hash_number(int64_t value)
{
    return (uint32_t)value * UINT32_C(2654435761);
}

uint32_t builtin_hash_text(struct slice text)
{
    uint32_t h = UINT32_C(2166136261);
    for (size_t i = 0; i < text.len; i++)
        h = (h ^ (unsigned char)text.data[i]) * UINT32_C(16777619);
    return h;
}

static int compare_pairs(const void *a, const void *b)
{
    const struct builtin_pair *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static bool make_key(struct builtin_table *t, struct slice name)
{
    bool text = name.data[0] == '$';
    char column[64] = "";
    memcpy(column, name.data + text, name.len - text);
    struct builtin_pair *pairs = calloc(t->nrows + 1, sizeof *pairs);
    int at = builtin_column(t, column);
    if (!pairs || at < 0) {
        free(pairs);
        return at < 0;
    }
    for (size_t i = 0; i < t->nrows; i++) {
        struct slice field;
        pairs[i].row = (uint32_t)i;
        if (!text)
            pairs[i].hash = builtin_hash_number(builtin_number(t, i, (size_t)at));
        else if (builtin_field(t, i, (size_t)at, &field))
            pairs[i].hash = builtin_hash_text(field);
    }
    qsort(pairs, t->nrows, sizeof *pairs, compare_pairs);
    size_t distinct = 0;
    for (size_t i = 0; i < t->nrows; i++)
        distinct += i == 0 || pairs[i].hash != pairs[i - 1].hash;
    t->keys[t->nkeys++] =
        (struct builtin_key){.column = (size_t)at, .distinct = distinct, .pairs = pairs};
    return true;
}

static bool make_keys(struct builtin_table *t)
{
    struct slice list = {"oid", 3};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (named(t->name, keys[i].table))
            list = (struct slice){keys[i].columns, strlen(keys[i].columns)};
    while (list.len > 0)
        if (!make_key(t, cut(&list, ' ')))
            return false;
    return true;
}

static bool read_table(struct builtin_table *t, struct slice *rest)
{
    struct slice ahead;
    read_header(t, cut(rest, '\n'));
    for (ahead = *rest; ahead.len > 0 && ahead.data[0] != '='; t->nrows++)
        (void)cut(&ahead, '\n');
    struct slice *rows = calloc(t->nrows + 1, sizeof *rows);
    if (!rows)
        return false;
    for (size_t i = 0; i < t->nrows; i++)
        rows[i] = cut(rest, '\n');
    t->rows = rows;
    return make_keys(t);
}

static void make_builtin(void)
{
    struct slice rest = {builtin_rows_begin, (size_t)(builtin_rows_end - builtin_rows_begin)};
    struct builtin *b = calloc(1, sizeof *b);
    while (b && rest.len > 0 && b->n < TABLES_MAX)
        if (!read_table(&b->tables[b->n++], &rest))
            return;
    builtin = b;
}

/* -- finding -- */

const struct builtin_table *builtin_tables(size_t *ret_n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, make_builtin);
    *ret_n = builtin ? builtin->n : 0;
    return builtin ? builtin->tables : NULL;
}

const struct builtin_table *builtin_table(const char *name)
{
    size_t n;
    const struct builtin_table *all = builtin_tables(&n);
    for (size_t i = 0; i < n; i++)
        if (named(all[i].name, name))
            return &all[i];
    return NULL;
}

const struct builtin_key *builtin_key(const struct builtin_table *t, size_t column)
{
    for (size_t i = 0; i < t->nkeys; i++)
        if (t->keys[i].column == column)
            return &t->keys[i];
    return NULL;
}

bool builtin_next(const struct builtin_table *t, const struct builtin_key *key, uint32_t hash,
                  size_t *at, size_t *ret_row)
{
    size_t low = *at, high = t->nrows;
    if (low == 0) {
        while (low < high) {
            size_t mid = low + (high - low) / 2;
            if (key->pairs[mid].hash < hash)
                low = mid + 1;
            else
                high = mid;
        }
    }
    if (low >= t->nrows || key->pairs[low].hash != hash)
        return false;
    *ret_row = key->pairs[low].row;
    *at = low + 1;
    return true;
}

bool builtin_row(const struct builtin_table *t, const char *column, int64_t value, size_t *ret)
{
    int i = t ? builtin_column(t, column) : -1;
    const struct builtin_key *key = i < 0 ? NULL : builtin_key(t, (size_t)i);
    uint32_t hash = builtin_hash_number(value);
    for (size_t at = 0; key && builtin_next(t, key, hash, &at, ret);)
        if (builtin_number(t, *ret, (size_t)i) == value)
            return true;
    return false;
}
