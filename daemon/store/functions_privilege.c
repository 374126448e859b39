/* functions_privilege.c: has_table_privilege() and the like.  The role that all connections are may do all;
 * of others it is said what lists of privileges (acl.h) and PostgreSQL's own roles give them. */
#include "daemon/store/acl.h"
#include "daemon/store/functions_impl.h"
#include "daemon/store/ident.h"
#include "daemon/store/objects.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { READ_ALL_DATA = 6181, WRITE_ALL_DATA = 6182, SUPERUSER = 10 };

static const struct kind {
    const char *words; /* privileges, in lower case */
    uint32_t reg;      /* how names are read; 0: see name_query */
    char letter;       /* of the list to begin with */
    const char *query; /* list, owner, whether it is a system's, its own letter */
} kinds[] = {
    ['t' - 'a'] = {"select insert update delete truncate references trigger ", TYPES_REGCLASS, 'r',
                   "SELECT relacl, relowner, oid < 16384, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END"
                   " FROM \"system.pg_class\" WHERE oid = ?1"},
    ['q' - 'a'] = {"usage select update ", TYPES_REGCLASS, 's',
                   "SELECT relacl, relowner, oid < 16384, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END"
                   " FROM \"system.pg_class\" WHERE oid = ?1"},
    ['c' - 'a'] = {"select insert update references ", TYPES_REGCLASS, 'r',
                   "SELECT relacl, relowner, oid < 16384, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END"
                   " FROM \"system.pg_class\" WHERE oid = ?1"},
    ['n' - 'a'] = {"create usage ", TYPES_REGNAMESPACE, 'n',
                   "SELECT nspacl, nspowner, 0, 'n' FROM \"system.pg_namespace\" WHERE oid = ?1"},
    ['d' - 'a'] = {"create temporary temp connect ", 0, 'd',
                   "SELECT datacl, datdba, 0, 'd' FROM \"system.pg_database\" WHERE oid = ?1"},
    ['f' - 'a'] = {"execute ", 2202, 'f',
                   "SELECT proacl, proowner, 0, 'f' FROM \"system.pg_proc\" WHERE oid = ?1"},
    ['y' - 'a'] = {"usage ", TYPES_REGTYPE, 'T',
                   "SELECT typacl, typowner, 0, 'T' FROM \"system.pg_type\" WHERE oid = ?1"},
    ['l' - 'a'] = {"usage ", 0, 'l',
                   "SELECT lanacl, lanowner, 0, 'l' FROM \"system.pg_language\" WHERE oid = ?1"},
    ['s' - 'a'] = {"create ", 0, 't',
                   "SELECT spcacl, spcowner, 0, 't' FROM \"system.pg_tablespace\" WHERE oid = ?1"},
    ['r' - 'a'] = {"usage member ", TYPES_REGROLE, 0, NULL},
};

struct wanted { /* what is asked, one word of it */
    uint32_t role, right;
    bool option, member;
};

/* The next word of "SELECT, insert with grant option": false at the end.  ${ret_bad}: it is none. */
static bool next_word(const char *words, const char **text, struct wanted *ret, char ret_bad[64])
{
    char word[64] = "", found[66];
    size_t n = 0;
    while (**text == ' ' || **text == ',')
        (*text)++;
    if (!**text)
        return false;
    for (; **text && **text != ','; (*text)++)
        if (n + 1 < sizeof word)
            word[n++] = **text;
    while (n > 0 && word[n - 1] == ' ')
        n--;
    word[n] = 0;
    snprintf(ret_bad, 64, "%s", word);
    char *option = strcasestr(word, " with grant option");
    option = option ? option : strcasestr(word, " with admin option");
    ret->option = option != NULL;
    if (option)
        *option = 0;
    snprintf(found, sizeof found, "%s ", word);
    if (word[0] && strcasestr(words, found)) {
        ret->right = acl_right(word, strlen(word));
        ret->member = strcasecmp(word, "member") == 0;
        ret_bad[0] = 0;
    }
    return true;
}

/* A role by name or oid: -1 raised.  'public' is no role, but may do what all may. */
static int role_of(struct store_context *c, sqlite3_value *v, bool public, uint32_t *ret)
{
    struct buf name;
    if (sqlite3_value_type(v) == SQLITE_INTEGER) {
        *ret = (uint32_t)sqlite3_value_int64(v);
        return 0;
    }
    const char *text = (const char *)sqlite3_value_text(v);
    *ret = 0;
    if (public && strcmp(text, "public") == 0)
        return 0;
    buf_init(&name, 4096);
    buf_quote(&name, text, '"');
    int rc = objects_read(c, TYPES_REGROLE, buf_peek(&name), ret, &c->raised);
    buf_release(&name);
    return rc;
}

/* Of an object that is said by name; databases, languages and tablespaces have no reg* type. */
static int object_of_name(struct store_context *c, char letter, struct slice name, uint32_t *ret)
{
    static const char *const words[] = {"database", "language", "tablespace"};
    int which = letter == 'd' ? 0 : letter == 'l' ? 1 : 2;
    sqlite3_stmt *s = objects_statement(
        c, which == 0   ? "SELECT oid FROM \"system.pg_database\" WHERE datname = ?1"
           : which == 1 ? "SELECT oid FROM \"system.pg_language\" WHERE lanname = ?1"
                        : "SELECT oid FROM \"system.pg_tablespace\" WHERE spcname = ?1");
    *ret = 0;
    if (s) {
        sqlite3_bind_text(s, 1, name.data, (int)name.len, SQLITE_TRANSIENT);
        if (sqlite3_step(s) == SQLITE_ROW)
            *ret = (uint32_t)sqlite3_column_int64(s, 0);
        sqlite3_reset(s);
    }
    if (*ret)
        return 0;
    return err_set(&c->raised, which == 0 ? "3D000" : "42704", "%s \"%.*s\" does not exist",
                   words[which], (int)name.len, name.data);
}

struct object {
    char letter;
    uint32_t oid, owner;
    bool system, sequence;
    struct acl acl;
};

/* 1, 0 there is none, -1 raised. */
static int read_object(struct store_context *c, const struct kind *k, struct object *o)
{
    sqlite3_stmt *s = objects_statement(c, k->query);
    acl_init(&o->acl);
    if (!s)
        return 0;
    sqlite3_bind_int64(s, 1, o->oid);
    int rc = sqlite3_step(s) == SQLITE_ROW;
    if (rc) {
        const char *text = (const char *)sqlite3_column_text(s, 0);
        const char *kind = (const char *)sqlite3_column_text(s, 3);
        o->owner = (uint32_t)sqlite3_column_int64(s, 1);
        o->system = sqlite3_column_int(s, 2);
        o->sequence = kind[0] == 's';
        if (!text)
            acl_of_default(kind[0], o->owner, &o->acl);
        else if (acl_read(c, (struct slice){text, (size_t)sqlite3_column_bytes(s, 0)}, &o->acl,
                          &c->raised) < 0)
            rc = -1;
    }
    sqlite3_reset(s);
    return rc;
}

/* What PostgreSQL's own roles may do anyhow. */
static bool by_role(struct store_context *c, const struct object *o, const struct wanted *w)
{
    bool reads = w->role && acl_is_member(c, w->role, READ_ALL_DATA);
    bool writes = w->role && acl_is_member(c, w->role, WRITE_ALL_DATA);
    if (w->option)
        return false;
    if (o->letter == 'n')
        return (reads || writes) && w->right == acl_bits("U");
    if (o->letter != 't' && o->letter != 'q' && o->letter != 'c')
        return false;
    return (reads && w->right == acl_bits("r")) ||
           (writes && w->right & acl_bits("awd") && !o->system);
}

static bool granted(struct store_context *c, const struct object *o, const struct acl *acl,
                    const struct wanted *w)
{
    struct acl_question q = {w->role, o->owner, w->right, w->option};
    if (o->system && w->right & acl_bits("awdDU") && (o->letter == 't' || o->letter == 'c'))
        return false; /* nobody else changes catalogs */
    return acl_granted(c, acl, &q) == w->right;
}

/* By a list of its own: of column ${attnum}, or of any (0). */
static int by_column(struct store_context *c, const struct object *o, int64_t attnum,
                     const struct wanted *w, bool *ret)
{
    sqlite3_stmt *s = objects_statement(
        c, "SELECT attacl FROM \"system.pg_attribute\" WHERE attrelid = ?1 AND attnum > 0 AND"
           " NOT attisdropped AND (?2 = 0 OR attnum = ?2) AND attacl IS NOT NULL");
    struct acl acl;
    int rc = 0;
    if (!s)
        return 0;
    sqlite3_bind_int64(s, 1, o->oid);
    sqlite3_bind_int64(s, 2, attnum);
    while (rc == 0 && !*ret && sqlite3_step(s) == SQLITE_ROW) {
        acl_init(&acl);
        const char *text = (const char *)sqlite3_column_text(s, 0);
        rc = acl_read(c, (struct slice){text, (size_t)sqlite3_column_bytes(s, 0)}, &acl, &c->raised);
        *ret = rc == 0 && granted(c, o, &acl, w);
        acl_release(&acl);
    }
    sqlite3_reset(s);
    return rc;
}

static int has(struct store_context *c, const struct object *o, int64_t attnum,
               const struct wanted *w, bool *ret)
{
    *ret = w->role == SUPERUSER;
    if (*ret)
        return 0;
    if (o->letter == 'r') {
        *ret = w->role && !w->option && acl_is_member(c, w->role, o->oid);
        return 0;
    }
    *ret = by_role(c, o, w) || granted(c, o, &o->acl, w);
    return *ret || o->letter != 'c' ? 0 : by_column(c, o, attnum, w, ret);
}

/* The number of a column that is said by name or number; 0: any of them; -1 raised; -2: NULL is the
 * answer. */
static int64_t column_of(struct store_context *c, uint32_t table, sqlite3_value *v)
{
    struct buf name;
    int64_t found = 0;
    if (!v)
        return 0;
    bool by_number = sqlite3_value_type(v) == SQLITE_INTEGER;
    sqlite3_stmt *s = objects_statement(
        c, by_number ? "SELECT attnum FROM \"system.pg_attribute\" WHERE attrelid = ?1 AND attnum = ?2"
                       " AND NOT attisdropped"
                     : "SELECT attnum FROM \"system.pg_attribute\" WHERE attrelid = ?1 AND attname = ?2"
                       " AND NOT attisdropped");
    if (!s)
        return -2;
    sqlite3_bind_int64(s, 1, table);
    sqlite3_bind_value(s, 2, v);
    if (sqlite3_step(s) == SQLITE_ROW)
        found = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    if (found || by_number)
        return found ? found : -2;
    buf_init(&name, 4096);
    objects_print(c, TYPES_REGCLASS, table, &name);
    const char *text = (const char *)sqlite3_value_text(v);
    err_set(&c->raised, SQLSTATE_UNDEFINED_COLUMN, "column \"%s\" of relation \"%s\" does not exist",
            text, ident_text(&name));
    buf_release(&name);
    return -1;
}

static int read_name(struct store_context *c, const struct kind *k, struct object *o,
                     sqlite3_value *v)
{
    struct buf name;
    if (sqlite3_value_type(v) == SQLITE_INTEGER) {
        o->oid = (uint32_t)sqlite3_value_int64(v);
        return 0;
    }
    if (!k->reg)
        return object_of_name(c, o->letter, functions_slice(v), &o->oid);
    if (k->reg != TYPES_REGNAMESPACE && k->reg != TYPES_REGROLE)
        return objects_read(c, k->reg, functions_slice(v), &o->oid, &c->raised);
    buf_init(&name, 4096);
    buf_quote(&name, (const char *)sqlite3_value_text(v), '"');
    int rc = objects_read(c, k->reg, buf_peek(&name), &o->oid, &c->raised);
    buf_release(&name);
    return rc;
}

/* All words of ${text}: true if one of them holds.  -1: raised. */
static int ask(struct store_context *c, const struct kind *k, const struct object *o, int64_t attnum,
               uint32_t role, const char *text)
{
    struct wanted w = {.role = role};
    char bad[64] = "";
    bool any = false;
    while (next_word(k->words, &text, &w, bad)) {
        bool one = false;
        if (bad[0])
            return err_set(&c->raised, SQLSTATE_INVALID_PARAMETER_VALUE,
                           "unrecognized privilege type: \"%s\"", bad);
        if (has(c, o, attnum, &w, &one) < 0)
            return -1;
        any = any || one;
    }
    return any;
}

static int no_sequence(struct store_context *c, uint32_t oid)
{
    const char *schema, *name = "";
    (void)store_catalog_relation_name(c->catalog, oid, &schema, &name);
    return err_set(&c->raised, SQLSTATE_WRONG_OBJECT_TYPE, "\"%s\" is not a sequence", name);
}

/* pgf_privilege(kind, role or x'': the own, object, column or x'': none, privileges) */
static void fn_privilege(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    (void)argc;
    struct object o = {.letter = *(const char *)sqlite3_value_text(argv[0])};
    const struct kind *k = &kinds[o.letter - 'a'];
    uint32_t role = SUPERUSER;
    for (int i = 1; i < 5; i++)
        if (sqlite3_value_type(argv[i]) == SQLITE_NULL)
            return;
    bool is_me = sqlite3_value_type(argv[1]) == SQLITE_BLOB;
    bool is_column = sqlite3_value_type(argv[3]) != SQLITE_BLOB;
    if ((!is_me && role_of(c, argv[1], o.letter != 'r', &role) < 0) ||
        read_name(c, k, &o, argv[2]) < 0) {
        functions_raised(ctx);
        return;
    }
    int64_t attnum = column_of(c, o.oid, is_column ? argv[3] : NULL);
    int found = attnum == -1 ? -1 : attnum == -2 ? 0 : !k->query ? 1 : read_object(c, k, &o);
    if (found == 1 && o.letter == 'q' && !o.sequence)
        found = no_sequence(c, o.oid);
    if (found == 1)
        found = ask(c, k, &o, attnum, role, (const char *)sqlite3_value_text(argv[4])) + 2;
    if (found == -1 || found == 1) /* 1: a word is not known */
        functions_raised(ctx);
    else if (found > 1)
        sqlite3_result_int(ctx, found - 2);
    acl_release(&o.acl);
}

/* pgf_acldefault(kind, owner) */
static void fn_acldefault(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct acl acl;
    struct buf out;
    if (functions_null(argc, argv))
        return;
    char kind = *(const char *)sqlite3_value_text(argv[0]);
    if (!acl_of_default(kind, (uint32_t)sqlite3_value_int64(argv[1]), &acl)) {
        functions_fail(ctx, "XX000", "unrecognized objtype abbreviation: %c", kind);
        return;
    }
    functions_buf(&out);
    acl_write(functions_context(ctx), &acl, &out);
    acl_release(&acl);
    functions_finish(ctx, &out);
}

const struct function_row functions_privilege_rows[] = {
    {"pgf_privilege", 5, false, fn_privilege, NULL, NULL},
    {"pgf_acldefault", 2, false, fn_acldefault, NULL, NULL},
};
const size_t functions_privilege_n =
    sizeof(functions_privilege_rows) / sizeof(functions_privilege_rows[0]);
