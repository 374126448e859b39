/* objects.c: see objects.h. */
#include "daemon/store/objects.h"

#include "daemon/store/builtin.h"
#include "daemon/store/ident.h"
#include "protocol/sqlstate.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define NAME_BYTES 256
enum { ANY_PLACE = 1 << 20 };

enum query { QUERY_NAME, QUERY_OIDS, QUERIES };

enum { OTHERS = 24 };

struct objects {
    sqlite3_stmt *statements[OBJECTS_KINDS][QUERIES];
    sqlite3_stmt *arguments, *operands, *role, *role_name;
    struct {
        const char *sql;
        sqlite3_stmt *statement;
    } others[OTHERS];
};

static const struct kind {
    const char *relation, *name, *schema; /* columns */
    bool alone; /* of the same name there are many in one schema: only the schema counts */
} kinds[OBJECTS_KINDS] = {
    [OBJECTS_RELATION] = {"pg_class", "relname", "relnamespace", false},
    [OBJECTS_TYPE] = {"pg_type", "typname", "typnamespace", false},
    [OBJECTS_FUNCTION] = {"pg_proc", "proname", "pronamespace", true},
    [OBJECTS_OPERATOR] = {"pg_operator", "oprname", "oprnamespace", true},
    [OBJECTS_COLLATION] = {"pg_collation", "collname", "collnamespace", false},
    [OBJECTS_CONVERSION] = {"pg_conversion", "conname", "connamespace", false},
    [OBJECTS_OPCLASS] = {"pg_opclass", "opcname", "opcnamespace", true},
    [OBJECTS_OPFAMILY] = {"pg_opfamily", "opfname", "opfnamespace", true},
    [OBJECTS_TS_CONFIG] = {"pg_ts_config", "cfgname", "cfgnamespace", false},
    [OBJECTS_TS_DICTIONARY] = {"pg_ts_dict", "dictname", "dictnamespace", false},
    [OBJECTS_TS_PARSER] = {"pg_ts_parser", "prsname", "prsnamespace", false},
    [OBJECTS_TS_TEMPLATE] = {"pg_ts_template", "tmplname", "tmplnamespace", false},
    [OBJECTS_STATISTICS] = {"pg_statistic_ext", "stxname", "stxnamespace", false},
};

/* What a reg* type names, and how it fails. */
static const struct reg {
    uint32_t type;
    enum objects_kind kind;
    bool arguments;                        /* they are part of the name */
    const char *sqlstate, *before, *after; /* the name, where it does not exist */
} regs[] = {
    {2205, OBJECTS_RELATION, false, SQLSTATE_UNDEFINED_TABLE, "relation \"", "\" does not exist"},
    {24, OBJECTS_FUNCTION, false, SQLSTATE_UNDEFINED_FUNCTION, "function \"", "\" does not exist"},
    {2202, OBJECTS_FUNCTION, true, SQLSTATE_UNDEFINED_FUNCTION, "function \"", "\" does not exist"},
    {2203, OBJECTS_OPERATOR, false, SQLSTATE_UNDEFINED_FUNCTION, "operator does not exist: ", ""},
    {2204, OBJECTS_OPERATOR, true, SQLSTATE_UNDEFINED_FUNCTION, "operator does not exist: ", ""},
    {4191, OBJECTS_COLLATION, false, "42704", "collation \"",
     "\" for encoding \"UTF8\" does not exist"},
    {3734, OBJECTS_TS_CONFIG, false, "42704", "text search configuration \"", "\" does not exist"},
    {3769, OBJECTS_TS_DICTIONARY, false, "42704", "text search dictionary \"", "\" does not exist"},
};

static const struct reg *reg_of(uint32_t type)
{
    for (size_t i = 0; i < sizeof regs / sizeof regs[0]; i++)
        if (regs[i].type == type)
            return &regs[i];
    return NULL;
}

int objects_init(struct store_context *c)
{
    c->objects = calloc(1, sizeof *c->objects);
    return c->objects ? 0 : -1;
}

void objects_release(struct store_context *c)
{
    if (!c->objects)
        return;
    for (size_t k = 0; k < OBJECTS_KINDS; k++)
        for (size_t q = 0; q < QUERIES; q++)
            sqlite3_finalize(c->objects->statements[k][q]);
    sqlite3_finalize(c->objects->arguments);
    sqlite3_finalize(c->objects->operands);
    sqlite3_finalize(c->objects->role);
    sqlite3_finalize(c->objects->role_name);
    for (size_t i = 0; i < OTHERS; i++)
        sqlite3_finalize(c->objects->others[i].statement);
    free(c->objects);
    c->objects = NULL;
}

/* -- statements -- */

/* ${*at}, prepared if it is not; NULL: it cannot be, and nothing is found. */
static sqlite3_stmt *ready(struct store_context *c, sqlite3_stmt **at, char *sql)
{
    if (!*at && sql &&
        sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, at, NULL) != SQLITE_OK)
        *at = NULL;
    sqlite3_free(sql);
    return *at;
}

sqlite3_stmt *objects_statement(struct store_context *c, const char *sql)
{
    size_t i = 0;
    while (i < OTHERS && c->objects->others[i].sql && c->objects->others[i].sql != sql)
        i++;
    if (i == OTHERS) /* there are not so many texts */
        abort();
    c->objects->others[i].sql = sql;
    return ready(c, &c->objects->others[i].statement,
                 c->objects->others[i].statement ? NULL : sqlite3_mprintf("%s", sql));
}

static sqlite3_stmt *query(struct store_context *c, enum objects_kind kind, enum query which)
{
    const struct kind *k = &kinds[kind];
    sqlite3_stmt **at = &c->objects->statements[kind][which];
    if (*at)
        return *at;
    return ready(c, at,
                 which == QUERY_NAME
                     ? sqlite3_mprintf("SELECT o.\"%s\", n.nspname FROM \"system.%s\" AS o JOIN"
                                       " \"system.pg_namespace\" AS n ON n.oid = o.\"%s\""
                                       " WHERE o.oid = ?1",
                                       k->name, k->relation, k->schema)
                     : sqlite3_mprintf("SELECT o.oid, n.nspname FROM \"system.%s\" AS o JOIN"
                                       " \"system.pg_namespace\" AS n ON n.oid = o.\"%s\""
                                       " WHERE o.\"%s\" = ?1",
                                       k->relation, k->schema, k->name));
}

static bool column_name(sqlite3_stmt *s, int i, char ret[NAME_BYTES])
{
    const char *text = (const char *)sqlite3_column_text(s, i);
    snprintf(ret, NAME_BYTES, "%s", text ? text : "");
    return text != NULL;
}

static bool name_of(struct store_context *c, enum objects_kind kind, uint32_t oid,
                    char ret_name[NAME_BYTES], char ret_schema[NAME_BYTES])
{
    sqlite3_stmt *s = query(c, kind, QUERY_NAME);
    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, oid);
    bool found = sqlite3_step(s) == SQLITE_ROW && column_name(s, 0, ret_name) &&
                 column_name(s, 1, ret_schema);
    sqlite3_reset(s);
    return found;
}

/* The first of the name along the path, or in ${schema}; how many there are in that place. */
static int find(struct store_context *c, enum objects_kind kind, const char *schema,
                const char *name, uint32_t *ret)
{
    sqlite3_stmt *s = query(c, kind, QUERY_OIDS);
    int best = ANY_PLACE, n = 0;
    if (!s)
        return 0;
    sqlite3_bind_text(s, 1, name, -1, SQLITE_TRANSIENT);
    while (sqlite3_step(s) == SQLITE_ROW) {
        const char *where = (const char *)sqlite3_column_text(s, 1);
        int place = !where   ? -1
                    : schema ? (strcmp(schema, where) == 0 ? 0 : -1)
                             : store_catalog_rank(c->catalog, where);
        if (place < 0 || place > best)
            continue;
        n = place < best ? 1 : n + 1;
        best = place;
        *ret = (uint32_t)sqlite3_column_int64(s, 0);
    }
    sqlite3_reset(s);
    return n;
}

int objects_visible(struct store_context *c, enum objects_kind kind, uint32_t oid)
{
    char name[NAME_BYTES], schema[NAME_BYTES];
    uint32_t first = 0;
    if (!name_of(c, kind, oid, name, schema))
        return -1;
    if (kinds[kind].alone)
        return store_catalog_rank(c->catalog, schema) >= 0;
    return find(c, kind, NULL, name, &first) > 0 && first == oid;
}

/* -- printing -- */

/* A type that types.h does not know: of a catalog's rows, or a domain of information_schema. */
static bool print_other_type(struct store_context *c, uint32_t oid, struct buf *out)
{
    char name[NAME_BYTES], schema[NAME_BYTES];
    if (!name_of(c, OBJECTS_TYPE, oid, name, schema))
        return false;
    const struct builtin_table *types = builtin_table("pg_type");
    struct slice category;
    size_t row;
    bool array =
        oid < 16384 && builtin_row(types, "oid", oid, &row) &&
        builtin_field(types, row, (size_t)builtin_column(types, "typcategory"), &category) &&
        category.data[0] == 'A';
    if (store_catalog_rank(c->catalog, schema) < 0) {
        ident_postgres(schema, out);
        buf_append(out, ".", 1);
    }
    ident_postgres(name + array, out);
    ident_format(out, array ? "[]" : "");
    return true;
}

bool objects_print_type(struct store_context *c, uint32_t oid, struct buf *out)
{
    char text[TYPES_NAME_BYTES];
    const struct types_info *type = types_find(c->types.set, oid);
    uint32_t element = type && type->elem ? type->elem : oid;
    if (!type)
        return print_other_type(c, oid, out);
    if (type->oid == 2287) /* an array that does not say so */
        snprintf(text, sizeof text, "record[]");
    else if (element == TYPES_BPCHAR || element == 1560) /* without a modifier, not with none */
        snprintf(text, sizeof text, "%s%s", element == 1560 ? "bit" : "character",
                 element == oid ? "" : "[]");
    else
        types_format(c->types.set, oid, -1, text, sizeof text);
    buf_append(out, text, strlen(text));
    return true;
}

static void print_type(struct store_context *c, uint32_t oid, struct buf *out)
{
    if (!objects_print_type(c, oid, out))
        ident_format(out, "???");
}

void objects_print_arguments(struct store_context *c, uint32_t function, struct buf *out)
{
    sqlite3_stmt *s =
        ready(c, &c->objects->arguments,
              c->objects->arguments
                  ? NULL
                  : sqlite3_mprintf("SELECT CAST(j.value AS INTEGER) FROM \"system.pg_proc\" AS p,"
                                    " json_each(p.proargtypes) AS j WHERE p.oid = ?1"));
    bool first = true;
    if (!s)
        return;
    sqlite3_bind_int64(s, 1, function);
    buf_append(out, "(", 1);
    for (; sqlite3_step(s) == SQLITE_ROW; first = false) {
        if (!first)
            buf_append(out, ",", 1);
        print_type(c, (uint32_t)sqlite3_column_int64(s, 0), out);
    }
    buf_append(out, ")", 1);
    sqlite3_reset(s);
}

static void print_operands(struct store_context *c, uint32_t operator, struct buf * out)
{
    sqlite3_stmt *s =
        ready(c, &c->objects->operands,
              c->objects->operands
                  ? NULL
                  : sqlite3_mprintf(
                        "SELECT oprleft, oprright FROM \"system.pg_operator\" WHERE oid = ?1"));
    if (!s)
        return;
    sqlite3_bind_int64(s, 1, operator);
    buf_append(out, "(", 1);
    for (int i = 0; sqlite3_step(s) == SQLITE_ROW; i++) {
        uint32_t left = (uint32_t)sqlite3_column_int64(s, 0);
        if (left == 0)
            buf_append(out, "NONE", 4);
        else
            print_type(c, left, out);
        buf_append(out, ",", 1);
        print_type(c, (uint32_t)sqlite3_column_int64(s, 1), out);
    }
    buf_append(out, ")", 1);
    sqlite3_reset(s);
}

static void print_number(uint32_t oid, struct buf *out)
{
    ident_format(out, "%u", oid);
}

static void print_schema(struct store_context *c, uint32_t oid, struct buf *out)
{
    for (size_t i = 0; i < c->catalog->nschemas; i++)
        if (c->catalog->schemas[i].oid == oid) {
            ident_postgres(c->catalog->schemas[i].name, out);
            return;
        }
    print_number(oid, out);
}

bool objects_role(struct store_context *c, uint32_t oid, struct buf *out)
{
    char name[NAME_BYTES];
    sqlite3_stmt *s =
        ready(c, &c->objects->role,
              c->objects->role
                  ? NULL
                  : sqlite3_mprintf("SELECT rolname FROM \"system.pg_authid\" WHERE oid = ?1"));
    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, oid);
    bool found = sqlite3_step(s) == SQLITE_ROW && column_name(s, 0, name);
    sqlite3_reset(s);
    if (found)
        buf_append(out, name, strlen(name));
    return found;
}

static void print_role(struct store_context *c, uint32_t oid, struct buf *out)
{
    struct buf name;
    buf_init(&name, NAME_BYTES * 2);
    if (objects_role(c, oid, &name))
        ident_postgres(ident_text(&name), out);
    else
        print_number(oid, out);
    buf_release(&name);
}

static void print_object(struct store_context *c, const struct reg *reg, uint32_t oid,
                         struct buf *out)
{
    char name[NAME_BYTES], schema[NAME_BYTES];
    uint32_t first = 0;
    if (!name_of(c, reg->kind, oid, name, schema)) {
        print_number(oid, out);
        return;
    }
    bool qualified = reg->arguments ? store_catalog_rank(c->catalog, schema) < 0
                                    : find(c, reg->kind, NULL, name, &first) != 1 || first != oid;
    if (qualified) {
        ident_postgres(schema, out);
        buf_append(out, ".", 1);
    }
    if (reg->kind == OBJECTS_OPERATOR)
        buf_append(out, name, strlen(name));
    else
        ident_postgres(name, out);
    if (reg->arguments && reg->kind == OBJECTS_OPERATOR)
        print_operands(c, oid, out);
    else if (reg->arguments)
        objects_print_arguments(c, oid, out);
}

void objects_print(struct store_context *c, uint32_t type, uint32_t oid, struct buf *out)
{
    const struct reg *reg = reg_of(type);
    if (oid == 0)
        buf_append(out, reg && reg->kind == OBJECTS_OPERATOR ? "0" : "-", 1);
    else if (type == TYPES_REGTYPE) {
        if (!objects_print_type(c, oid, out))
            print_number(oid, out);
    } else if (type == TYPES_REGNAMESPACE)
        print_schema(c, oid, out);
    else if (type == TYPES_REGROLE)
        print_role(c, oid, out);
    else if (reg)
        print_object(c, reg, oid, out);
    else
        print_number(oid, out);
}

/* -- reading -- */

/* name, schema.name, or this database's database.schema.name: folded unless quoted. */
static int split(const struct store_context *c, struct slice text, char ret_schema[NAME_BYTES],
                 char ret_name[NAME_BYTES], struct err *err)
{
    size_t at = 0, n = 0;
    bool whole = false; /* the database was said */
    ret_schema[0] = 0;
    for (;;) {
        bool quoted = at < text.len && text.data[at] == '"';
        for (n = 0, at += quoted; at < text.len; at++) {
            char ch = text.data[at];
            if (quoted && ch == '"' && (at + 1 >= text.len || text.data[at + 1] != '"'))
                break;
            if (!quoted && (ch == '.' || ch == '"'))
                break;
            at += quoted && ch == '"';
            if (n + 1 < NAME_BYTES)
                ret_name[n++] = !quoted && ch >= 'A' && ch <= 'Z' ? (char)(ch + 32) : ch;
        }
        ret_name[n] = 0;
        bool closed = !quoted || (at < text.len && text.data[at] == '"');
        at += quoted;
        if (n == 0 || !closed || (at < text.len && text.data[at] != '.'))
            return err_set(err, "42602", "invalid name syntax");
        if (at < text.len && ret_schema[0]) {
            if (whole)
                return err_set(err, SQLSTATE_SYNTAX_ERROR,
                               "improper relation name (too many dotted names): %.*s",
                               (int)text.len, text.data);
            if (strcmp(ret_schema, c->database) != 0)
                return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                               "cross-database references are not implemented: \"%.*s\"",
                               (int)text.len, text.data);
            whole = true;
        }
        if (at >= text.len)
            return 0;
        snprintf(ret_schema, NAME_BYTES, "%s", ret_name);
        at++;
    }
}

static bool is_number(struct slice text, uint32_t *ret)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || value > UINT32_MAX)
            return false;
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    *ret = (uint32_t)value;
    return text.len > 0 && value <= UINT32_MAX;
}

/* A type by any name that format_type() gives it, or its own. */
static int read_type(struct store_context *c, struct slice text, uint32_t *ret, struct err *err)
{
    char name[NAME_BYTES], schema[NAME_BYTES], shown[TYPES_NAME_BYTES];
    bool array = text.len > 2 && memcmp(text.data + text.len - 2, "[]", 2) == 0;
    struct slice base = {text.data, array ? text.len - 2 : text.len};
    if (split(c, base, schema, name, err) < 0)
        return -1;
    uint32_t oid = 0;
    size_t n;
    const struct types_info *all = types_all(&n);
    for (size_t i = 0; i < n && oid == 0 && schema[0] == 0; i++) {
        types_format(NULL, all[i].oid, -1, shown, sizeof shown);
        if (strcmp(shown, name) == 0)
            oid = all[i].oid;
    }
    if (oid == 0)
        oid = strcmp(name, "int") == 0       ? TYPES_INT4
              : strcmp(name, "decimal") == 0 ? TYPES_NUMERIC
              : strcmp(name, "float") == 0   ? TYPES_FLOAT8
                                             : 0;
    if (oid == 0 && find(c, OBJECTS_TYPE, schema[0] ? schema : NULL, name, &oid) == 0)
        return err_set(err, "42704", "type \"%.*s\" does not exist", (int)text.len, text.data);
    const struct types_info *info = types_find(c->types.set, oid);
    *ret = array && info ? info->array : oid;
    return 0;
}

static int read_schema(struct store_context *c, struct slice text, uint32_t *ret, struct err *err)
{
    char name[NAME_BYTES], schema[NAME_BYTES];
    if (split(c, text, schema, name, err) < 0)
        return -1;
    const struct store_schema *s = store_catalog_schema(c->catalog, name);
    if (!s)
        return err_set(err, "3F000", "schema \"%s\" does not exist", name);
    *ret = s->oid;
    return 0;
}

static int read_role(struct store_context *c, struct slice text, uint32_t *ret, struct err *err)
{
    char name[NAME_BYTES], schema[NAME_BYTES];
    if (split(c, text, schema, name, err) < 0)
        return -1;
    sqlite3_stmt *s =
        ready(c, &c->objects->role_name,
              c->objects->role_name
                  ? NULL
                  : sqlite3_mprintf("SELECT oid FROM \"system.pg_authid\" WHERE rolname = ?1"));
    bool found = false;
    if (s) {
        sqlite3_bind_text(s, 1, name, -1, SQLITE_TRANSIENT);
        found = sqlite3_step(s) == SQLITE_ROW;
        *ret = found ? (uint32_t)sqlite3_column_int64(s, 0) : 0;
        sqlite3_reset(s);
    }
    return found ? 0 : err_set(err, "42704", "role \"%s\" does not exist", name);
}

/* Among those of the name, the one whose printed arguments are these. */
static bool read_arguments(struct store_context *c, const struct reg *reg, const char *schema,
                           const char *name, struct slice arguments, uint32_t *ret)
{
    sqlite3_stmt *s = query(c, reg->kind, QUERY_OIDS);
    bool found = false;
    if (!s)
        return false;
    sqlite3_bind_text(s, 1, name, -1, SQLITE_TRANSIENT);
    while (!found && sqlite3_step(s) == SQLITE_ROW) {
        struct buf out;
        const char *where = (const char *)sqlite3_column_text(s, 1);
        *ret = (uint32_t)sqlite3_column_int64(s, 0);
        buf_init(&out, 65536);
        if (reg->kind == OBJECTS_OPERATOR)
            print_operands(c, *ret, &out);
        else
            objects_print_arguments(c, *ret, &out);
        found = where && (!schema || strcmp(schema, where) == 0) &&
                slice_equal(buf_peek(&out), arguments);
        buf_release(&out);
    }
    sqlite3_reset(s);
    return found;
}

/* The arguments as objects_print_arguments would have them: each type read and printed. */
static int same_arguments(struct store_context *c, struct slice text, struct buf *out,
                          struct err *err)
{
    size_t at = 1;
    buf_append(out, "(", 1);
    while (at + 1 < text.len) {
        size_t end = at;
        while (end + 1 < text.len && text.data[end] != ',')
            end++;
        struct slice item = {text.data + at, end - at};
        while (item.len > 0 && item.data[0] == ' ')
            item = (struct slice){item.data + 1, item.len - 1};
        while (item.len > 0 && item.data[item.len - 1] == ' ')
            item.len--;
        uint32_t oid;
        if (at > 1)
            buf_append(out, ",", 1);
        if (item.len == 4 && strncasecmp(item.data, "NONE", 4) == 0)
            buf_append(out, "NONE", 4);
        else if (read_type(c, item, &oid, err) < 0)
            return -1;
        else
            print_type(c, oid, out);
        at = end + 1;
    }
    buf_append(out, ")", 1);
    return 0;
}

static int missing(const struct reg *reg, struct slice text, struct err *err)
{
    return err_set(err, reg->sqlstate, "%s%.*s%s", reg->before, (int)text.len, text.data,
                   reg->after);
}

static int read_object(struct store_context *c, const struct reg *reg, struct slice text,
                       uint32_t *ret, struct err *err)
{
    char name[NAME_BYTES], schema[NAME_BYTES];
    const char *open = reg->arguments ? memchr(text.data, '(', text.len) : NULL;
    struct slice base = {text.data, open ? (size_t)(open - text.data) : text.len};
    struct slice arguments = {open, text.len - base.len};
    if (reg->arguments && (!open || text.data[text.len - 1] != ')'))
        return err_set(err, SQLSTATE_INVALID_TEXT_REPRESENTATION, "expected a %s parenthesis",
                       open ? "right" : "left");
    if (reg->kind == OBJECTS_OPERATOR) {
        schema[0] = 0;
        snprintf(name, sizeof name, "%.*s", (int)base.len, base.data);
    } else if (split(c, base, schema, name, err) < 0) {
        return -1;
    }
    const char *in = schema[0] ? schema : NULL;
    if (reg->arguments) {
        struct buf wanted;
        buf_init(&wanted, 65536);
        int rc = same_arguments(c, arguments, &wanted, err);
        bool found = rc == 0 && read_arguments(c, reg, in, name, buf_peek(&wanted), ret);
        buf_release(&wanted);
        if (rc == 0 && !found)
            (void)missing(reg, text, err);
        return found ? 0 : -1;
    }
    if (in && !store_catalog_schema(c->catalog, in))
        return err_set(err, "3F000", "schema \"%s\" does not exist", in);
    int n = find(c, reg->kind, in, name, ret);
    if (n > 1 && reg->kind == OBJECTS_OPERATOR)
        return err_set(err, "42725", "more than one operator named %s", name);
    if (n > 1)
        return err_set(err, "42725", "more than one function named \"%s\"", name);
    if (n == 0 && reg->kind != OBJECTS_FUNCTION && reg->kind != OBJECTS_OPERATOR) {
        char full[2 * NAME_BYTES];
        snprintf(full, sizeof full, "%s%s%s", schema, in ? "." : "", name);
        return missing(reg, (struct slice){full, strlen(full)}, err);
    }
    return n == 0 ? missing(reg, text, err) : 0;
}

int objects_read(struct store_context *c, uint32_t type, struct slice text, uint32_t *ret,
                 struct err *err)
{
    const struct reg *reg = reg_of(type);
    if (text.len == 1 && text.data[0] == '-' && !(reg && reg->kind == OBJECTS_OPERATOR)) {
        *ret = 0;
        return 0;
    }
    if (is_number(text, ret))
        return 0;
    if (type == TYPES_REGTYPE)
        return read_type(c, text, ret, err);
    if (type == TYPES_REGNAMESPACE)
        return read_schema(c, text, ret, err);
    if (type == TYPES_REGROLE)
        return read_role(c, text, ret, err);
    if (reg)
        return read_object(c, reg, text, ret, err);
    return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "reading a name of type %u", type);
}
