/* depend.c: what depends on what, and what a DROP reaches; the algorithm is that of PostgreSQL's
 * dependency.c (findDependentObjects, reportDependentObjects). */
#include "daemon/store/depend.h"
#include "daemon/store/extension.h"
#include "daemon/store/ident.h"
#include "daemon/store/temp.h"

#define DEPTH_MAX    1000
#define REPORTED_MAX 100 /* as PostgreSQL: the rest is counted */

enum { ORIGINAL = 1, NORMAL = 2, AUTO = 4, INTERNAL = 8, REVERSE = 16, SUBOBJECT = 32 };

struct found {
    struct object o, dependee; /* dependee.class_oid 0: none */
    int flags;
};

struct search {
    struct ddl *d;
    struct found *all;
    size_t n, cap;
};

struct level { /* of the recursion */
    struct object o;
    int flags;
    const struct level *above;
    int depth;
};

static bool same(struct object a, struct object b)
{
    return a.class_oid == b.class_oid && a.oid == b.oid && a.sub == b.sub;
}

static bool same_whole(struct object a, struct object b)
{
    return a.class_oid == b.class_oid && a.oid == b.oid;
}

/* -- rows -- */

int depend_add(struct ddl *d, struct object o, struct object on, char type)
{
    const char text[2] = {type, 0};
    if (on.oid < 16384 && on.oid != 2200)
        return 0;
    if (catalog_is_temp(on.oid) && !catalog_is_temp(o.oid))
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "a permanent object that needs a temporary one is not supported by the store");
    return ddl_exec(d, "INSERT INTO \"pg_catalog.pg_depend\" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    "iiiiiis", (int64_t)o.class_oid, (int64_t)o.oid, (int64_t)o.sub,
                    (int64_t)on.class_oid, (int64_t)on.oid, (int64_t)on.sub, text);
}

int depend_forget(struct ddl *d, struct object o, const struct object *on)
{
    if (!on)
        return ddl_exec(d,
                        "DELETE FROM \"pg_catalog.pg_depend\" WHERE classid = ?1 AND objid = ?2 AND"
                        " (objsubid = ?3 OR ?3 = 0)",
                        "iii", (int64_t)o.class_oid, (int64_t)o.oid, (int64_t)o.sub);
    return ddl_exec(d,
                    "DELETE FROM \"pg_catalog.pg_depend\" WHERE classid = ?1 AND objid = ?2 AND"
                    " objsubid = ?3 AND refclassid = ?4 AND refobjid = ?5 AND refobjsubid = ?6",
                    "iiiiii", (int64_t)o.class_oid, (int64_t)o.oid, (int64_t)o.sub,
                    (int64_t)on->class_oid, (int64_t)on->oid, (int64_t)on->sub);
}

int depend_forget_type(struct ddl *d, struct object o, char type)
{
    const char text[2] = {type, 0};
    return ddl_exec(d,
                    "DELETE FROM \"pg_catalog.pg_depend\" WHERE classid = ?1 AND objid = ?2 AND"
                    " objsubid = ?3 AND deptype = ?4",
                    "iiis", (int64_t)o.class_oid, (int64_t)o.oid, (int64_t)o.sub, text);
}

/* -- expressions -- */

struct names {
    struct ddl *d;
    const struct store_table *t;
    struct object *found;
    size_t n;
};

static void names_add(struct names *f, struct object o)
{
    for (size_t i = 0; i < f->n; i++)
        if (same(f->found[i], o))
            return;
    f->found =
        f->found ? repalloc(f->found, (f->n + 1) * sizeof *f->found) : palloc(sizeof *f->found);
    f->found[f->n++] = o;
}

/* nextval('s') and 's'::regclass need the relation; the catalog's own texts say its oid. */
static void relation_constant(struct names *f, const Node *node)
{
    const A_Const *c = (const A_Const *)node;
    List *parts;
    if (!IsA(node, A_Const) || c->isnull || nodeTag(&c->val) != T_String)
        return;
    const char *text = c->val.sval.sval, *schema, *name;
    uint32_t oid = 0;
    if (*text && text[strspn(text, "0123456789")] == '\0')
        oid = (uint32_t)strtoul(text, NULL, 10);
    else if ((parts = ddl_split_name(text)) != NIL)
        oid = store_catalog_relation(f->d->c->catalog,
                                     list_length(parts) > 1 ? linitial(parts) : NULL, llast(parts));
    if (store_catalog_relation_name(f->d->c->catalog, oid, &schema, &name))
        names_add(f, object_of(DEPEND_RELATION, oid));
}

static bool walk(Node *node, void *context)
{
    struct names *f = context;
    if (!node)
        return false;
    if (IsA(node, ColumnRef) && f->t) {
        const Node *last = llast(((const ColumnRef *)node)->fields);
        const struct store_column *c =
            IsA(last, String) ? store_table_column(f->t, strVal(last)) : NULL;
        if (c)
            names_add(f, object_column(f->t->oid, c->attnum));
    } else if (IsA(node, FuncCall)) {
        const FuncCall *call = (const FuncCall *)node;
        const char *name = strVal(llast(call->funcname));
        int parts = list_length(call->funcname);
        const char *schema = parts > 1 ? strVal(list_nth(call->funcname, parts - 2)) : NULL;
        if (extension_proc(f->d->c->catalog, schema, name))
            names_add(f, object_of(DEPEND_EXTENSION, f->d->c->catalog->uuid_ossp_oid));
        if (call->args != NIL && (strcmp(name, "nextval") == 0 || strcmp(name, "currval") == 0))
            relation_constant(f, linitial(call->args));
    } else if (IsA(node, TypeCast)) {
        const TypeCast *cast = (const TypeCast *)node;
        if (strcmp(strVal(llast(cast->typeName->names)), "regclass") == 0)
            relation_constant(f, cast->arg);
        uint32_t type = ddl_type_oid(f->d, cast->typeName);
        if (type >= 16384)
            names_add(f, object_of(DEPEND_TYPE, type));
    }
    return raw_expression_tree_walker(node, walk, context);
}

int depend_expression(struct ddl *d, struct object o, const struct store_table *t,
                      const Node *expression, char type)
{
    struct names f = {.d = d, .t = t};
    walk((Node *)expression, &f);
    for (size_t i = 0; i < f.n; i++)
        if (depend_add(d, o, f.found[i], f.found[i].sub ? type : 'n') < 0)
            return -1;
    return 0;
}

const char *depend_columns(struct ddl *d, const struct store_table *t, const Node *expression)
{
    struct names f = {.d = d, .t = t};
    size_t n = 0;
    walk((Node *)expression, &f);
    int16_t *attnums = palloc((f.n + 1) * sizeof *attnums);
    for (size_t i = 0; i < f.n; i++)
        if (f.found[i].sub)
            attnums[n++] = (int16_t)f.found[i].sub;
    return n ? ddl_vector(attnums, n) : NULL;
}

/* -- what a drop reaches -- */

static void add_flags(struct found *f, int flags)
{
    f->flags |= flags;
}

/* Is it, or the whole that it is a column of, going already? */
static bool already(struct search *s, struct object o, int flags)
{
    bool result = false;
    for (size_t i = 0; i < s->n; i++) {
        struct found *f = &s->all[i];
        if (!same_whole(f->o, o))
            continue;
        if (f->o.sub == o.sub) {
            add_flags(f, flags);
            result = true;
        } else if (f->o.sub == 0) {
            result = true;
        } else if (o.sub == 0 && flags) {
            add_flags(f, flags | SUBOBJECT);
        }
    }
    return result;
}

static bool on_stack(const struct level *l, struct object o)
{
    for (; l; l = l->above)
        if (same_whole(l->o, o) && (l->o.sub == o.sub || l->o.sub == 0))
            return true;
    return false;
}

static void keep(struct search *s, struct object o, int flags, const struct level *above)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 32;
        s->all =
            s->all ? repalloc(s->all, s->cap * sizeof *s->all) : palloc(s->cap * sizeof *s->all);
    }
    s->all[s->n++] = (struct found){
        .o = o, .flags = flags, .dependee = above ? above->o : (struct object){0, 0, 0}};
}

struct link { /* a row of pg_depend, seen from one end */
    struct object o;
    char type;
};

/* Added to ${ret}; of the rows where those of ${where} are. */
static int add_links(struct ddl *d, uint32_t where, const char *sql, struct object o,
                     struct link **ret, size_t *ret_n)
{
    struct link *all = *ret;
    size_t n = *ret_n;
    sqlite3_stmt *s = temp_prepare(d->c, where, sql, d->err);
    if (!s)
        return -1;
    sqlite3_bind_int64(s, 1, o.class_oid);
    sqlite3_bind_int64(s, 2, o.oid);
    sqlite3_bind_int64(s, 3, o.sub);
    while (sqlite3_step(s) == SQLITE_ROW) {
        const char *type = (const char *)sqlite3_column_text(s, 3);
        all = repalloc(all, (n + 2) * sizeof *all);
        all[n++] =
            (struct link){.o = {(uint32_t)sqlite3_column_int64(s, 0),
                                (uint32_t)sqlite3_column_int64(s, 1), sqlite3_column_int(s, 2)},
                          .type = type ? type[0] : 'n'};
    }
    int rc = sqlite3_finalize(s);
    *ret = all;
    *ret_n = n;
    return rc == SQLITE_OK ? 0 : errors_map(d->c, rc, NULL, NULL, d->err);
}

static const char sql_needs[] =
    "SELECT refclassid, refobjid, refobjsubid, deptype FROM \"pg_catalog.pg_depend\""
    " WHERE classid = ?1 AND objid = ?2 AND (objsubid = ?3 OR ?3 = 0) ORDER BY rowid";
/* Youngest first: PostgreSQL's object_address_comparator. */
static const char sql_needed_by[] =
    "SELECT classid, objid, objsubid, deptype FROM \"pg_catalog.pg_depend\""
    " WHERE refclassid = ?1 AND refobjid = ?2 AND (refobjsubid = ?3 OR ?3 = 0)"
    " ORDER BY objid DESC, classid, objsubid";

static int needs_of(struct ddl *d, struct object o, struct link **ret, size_t *ret_n)
{
    *ret = palloc(sizeof **ret);
    *ret_n = 0;
    return add_links(d, o.oid, sql_needs, o, ret, ret_n);
}

/* What is temporary is younger than all that it can need. */
static int needed_by(struct ddl *d, struct object o, struct link **ret, size_t *ret_n)
{
    *ret = palloc(sizeof **ret);
    *ret_n = 0;
    if (d->c->catalog->temp_schema &&
        add_links(d, CATALOG_TEMP_OID_MIN, sql_needed_by, o, ret, ret_n) < 0)
        return -1;
    return catalog_is_temp(o.oid) ? 0 : add_links(d, 0, sql_needed_by, o, ret, ret_n);
}

static int required(struct ddl *d, struct object o, struct object by)
{
    struct buf mine, other;
    buf_init(&mine, 8192);
    buf_init(&other, 8192);
    if (depend_describe(d, o, &mine) == 0 && depend_describe(d, by, &other) == 0) {
        err_set(d->err, "2BP01", "cannot drop %s because %s requires it", ident_text(&mine),
                ident_text(&other));
        err_hint(d->err, "You can drop %s instead.", ident_text(&other));
    }
    buf_release(&mine);
    buf_release(&other);
    return -1;
}

static int reach(struct search *s, struct object o, int flags, const struct level *above);

/* Is ${o} a part of something?  1: then that is dropped instead. */
static int follow_owner(struct search *s, struct object o, const struct level *above)
{
    struct link *needs;
    size_t n;
    struct object owner = {0, 0, 0};
    if (needs_of(s->d, o, &needs, &n) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if ((same_whole(needs[i].o, o) && o.sub == 0) || needs[i].type != 'i')
            continue;
        if (!above) {
            if (already(s, needs[i].o, 0))
                return 1;
            owner = needs[i].o;
        } else if (!on_stack(above, needs[i].o)) {
            return reach(s, needs[i].o, REVERSE, above) < 0 ? -1 : 1;
        }
    }
    return owner.class_oid ? required(s->d, o, owner) : 0;
}

static int reach(struct search *s, struct object o, int flags, const struct level *above)
{
    struct level here = {o, flags, above, above ? above->depth + 1 : 0};
    struct link *by;
    size_t n;
    if (here.depth > DEPTH_MAX)
        return err_set(s->d->err, SQLSTATE_STATEMENT_TOO_COMPLEX, "stack depth limit exceeded");
    if (on_stack(above, o) || already(s, o, flags))
        return 0;
    int rc = follow_owner(s, o, above);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (needed_by(s->d, o, &by, &n) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (same_whole(by[i].o, o) && o.sub == 0)
            continue;
        int how = by[i].type == 'n' ? NORMAL : by[i].type == 'i' ? INTERNAL : AUTO;
        if (reach(s, by[i].o, how, &here) < 0)
            return -1;
    }
    keep(s, o, flags, above);
    return 0;
}

/* -- telling -- */

struct report {
    struct buf text;
    int told, untold;
    bool refused;
};

static int report_one(struct search *s, const struct found *f, bool cascade, struct report *r)
{
    struct buf one;
    int rc = 0;
    if (r->told == REPORTED_MAX) {
        r->untold++;
        return 0;
    }
    buf_init(&one, 65536);
    if (cascade)
        ident_format(&one, "drop cascades to ");
    rc = depend_describe(s->d, f->o, &one);
    if (rc == 0 && !cascade) {
        ident_format(&one, " depends on ");
        rc = depend_describe(s->d, f->dependee, &one);
    }
    ident_format(&r->text, "%s%s", r->told ? "\n" : "", ident_text(&one));
    r->told++;
    buf_release(&one);
    return rc;
}

static int refuse(struct search *s, const struct object *only, struct report *r)
{
    struct buf name;
    buf_init(&name, 8192);
    if (only && depend_describe(s->d, *only, &name) < 0) {
        buf_release(&name);
        return -1;
    }
    if (only)
        err_set(s->d->err, "2BP01", "cannot drop %s because other objects depend on it",
                ident_text(&name));
    else
        err_set(s->d->err, "2BP01",
                "cannot drop desired object(s) because other objects depend on them");
    buf_release(&name);
    err_detail(s->d->err, "%s", ident_text(&r->text));
    err_hint(s->d->err, "Use DROP ... CASCADE to drop the dependent objects too.");
    return -1;
}

static int report(struct search *s, const struct object *only, bool cascade)
{
    struct report r = {.told = 0};
    int rc = 0;
    buf_init(&r.text, 1 << 20);
    for (size_t i = s->n; i > 0 && rc == 0; i--) {
        const struct found *f = &s->all[i - 1];
        if (f->flags & (ORIGINAL | SUBOBJECT | AUTO | INTERNAL))
            continue;
        r.refused = r.refused || !cascade;
        rc = report_one(s, f, cascade, &r);
    }
    if (r.untold > 0)
        ident_format(&r.text, "\nand %d other object%s (see server log for list)", r.untold,
                     r.untold == 1 ? "" : "s");
    if (rc == 0 && r.refused)
        rc = refuse(s, only, &r);
    else if (rc == 0 && r.told + r.untold > 1)
        conn_notice_detail(s->d->c, ident_text(&r.text), "drop cascades to %d other objects",
                           r.told + r.untold);
    else if (rc == 0 && r.told == 1)
        conn_notice(s->d->c, "NOTICE", "00000", "%s", ident_text(&r.text));
    buf_release(&r.text);
    return rc;
}

static int delete_found(struct search *s)
{
    struct object *gone = palloc((s->n + 1) * sizeof *gone);
    for (size_t i = 0; i < s->n; i++)
        gone[i] = s->all[i].o;
    return depend_delete(s->d, gone, s->n);
}

int depend_drop(struct ddl *d, const struct object *objects, size_t n, bool cascade)
{
    struct search s = {.d = d};
    if (n == 0)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (reach(&s, objects[i], ORIGINAL, NULL) < 0)
            return -1;
    if (report(&s, n == 1 ? &objects[0] : NULL, cascade) < 0)
        return -1;
    return delete_found(&s);
}

int depend_drop_quietly(struct ddl *d, const struct object *objects, size_t n)
{
    struct search s = {.d = d};
    for (size_t i = 0; i < n; i++)
        if (reach(&s, objects[i], ORIGINAL, NULL) < 0)
            return -1;
    return n == 0 ? 0 : delete_found(&s);
}
