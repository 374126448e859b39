/* infer.c: names of types, and the choice of operators; see infer.h. */
#include "daemon/store/infer.h"

#include "daemon/store/emit.h"
#include "daemon/store/translate_capture.h"

const char *infer_type_name(struct tr *tr, uint32_t type)
{
    char text[TYPES_NAME_BYTES];
    types_format(tr->types, type, -1, text, sizeof(text));
    return pstrdup(text);
}

char infer_category(const struct tr *tr, uint32_t type)
{
    const struct types_info *info = types_find(tr->types, type);
    return info == NULL ? 'X' : info->category;
}

bool infer_preferred(const struct tr *tr, uint32_t type)
{
    const struct types_info *info = types_find(tr->types, type);
    return info != NULL && info->preferred;
}

/* -- type names in the statement -- */

static int32_t typmod_constant(struct tr *tr, TypeName *name, int n)
{
    A_Const *c = list_nth(name->typmods, n);
    if (!IsA(c, A_Const) || c->isnull || !IsA(&c->val.node, Integer))
        tr_unsupported(tr, name->location, "this type modifier");
    return c->val.ival.ival;
}

static int32_t type_typmod(struct tr *tr, uint32_t type, TypeName *name)
{
    int32_t mods[3] = {0}, typmod = -1;
    const int n = list_length(name->typmods);
    if (n == 0)
        return -1;
    for (int i = 0; i < n && i < 3; i++)
        mods[i] = typmod_constant(tr, name, i);
    int rc = types_typmod_make(type, mods, (size_t)n, &typmod, tr->err);
    if (rc > 0)
        tr_fail(tr, SQLSTATE_SYNTAX_ERROR, name->location,
                "type modifier is not allowed for type \"%s\"", types_find(tr->types, type)->name);
    if (rc < 0) {
        tr->err->position = name->location < 0 ? 0 : name->location + 1;
        tr_throw(tr);
    }
    return typmod;
}

uint32_t infer_type(struct tr *tr, TypeName *name, int32_t *ret_typmod)
{
    const char *type = strVal(llast(name->names));
    const char *schema = list_length(name->names) > 1 ? strVal(linitial(name->names)) : NULL;
    if (name->setof || name->pct_type)
        tr_unsupported(tr, name->location, "%%TYPE and SETOF");
    const struct types_info *info = NULL;
    if (schema == NULL || strcmp(schema, "pg_catalog") == 0)
        info = types_find_name(type);
    const struct types_user *user =
        info == NULL ? types_find_user_name(tr->types, schema, type) : NULL;
    if (user != NULL) {
        info = &user->info;
        capture_type(tr, name, user);
    }
    if (info == NULL && schema != NULL && store_catalog_schema(tr->catalog, schema) == NULL)
        tr_fail(tr, "3F000", name->location, "schema \"%s\" does not exist", schema);
    if (info == NULL)
        tr_fail(tr, SQLSTATE_UNDEFINED_OBJECT, name->location, "type \"%s%s%s%s\" does not exist",
                schema ? schema : "", schema ? "." : "", type,
                name->arrayBounds == NIL ? "" : "[]");
    *ret_typmod = type_typmod(tr, info->oid, name);
    uint32_t oid = name->arrayBounds == NIL ? info->oid : info->array;
    if (name->arrayBounds != NIL && types_constrained(tr->types, info->oid))
        tr_unsupported(tr, name->location, "an array of a domain with constraints");
    if (oid == 0 || !types_supported(tr->types, oid))
        tr_unsupported(tr, name->location, "type %s%s", infer_type_name(tr, info->oid),
                       name->arrayBounds == NIL ? "" : "[]");
    return oid;
}

/* -- operators -- */

static bool operator_accepts(struct tr *tr, const struct infer_operator *o, const uint32_t *said)
{
    const uint32_t from[2] = {infer_base(tr, said[0], NULL), infer_base(tr, said[1], NULL)};
    const uint32_t to[2] = {o->left, o->right};
    int first = said[0] == 0 ? 1 : 0;
    for (int i = first; i < 2; i++)
        if (!infer_can_coerce(tr, from[i], to[i], INFER_IMPLICIT) ||
            (to[i] == ANYENUMOID && from[i] != said[i])) /* a domain over one is none */
            return false;
    return infer_polymorphic(tr, o->left == 0 ? o->right : o->left, to + first, from + first,
                             2 - first) != 0;
}

static const struct infer_operator *operator_exact(const char *name, uint32_t left, uint32_t right)
{
    if (left != 0 && left == TYPES_UNKNOWN)
        left = right;
    else if (right == TYPES_UNKNOWN && left != 0)
        right = left;
    const struct infer_operator *o = infer_operator_named(name);
    while (o != NULL && (o->left != left || o->right != right))
        o = infer_operator_next(o);
    return o;
}

static void operator_missing(struct tr *tr, const char *name, uint32_t left, uint32_t right,
                             int location, bool ambiguous)
{
    tr_set(tr, ambiguous ? "42725" : SQLSTATE_UNDEFINED_FUNCTION, location,
           ambiguous ? "operator is not unique: %s%s%s %s" : "operator does not exist: %s%s%s %s",
           left == 0 ? "" : infer_type_name(tr, left), left == 0 ? "" : " ", name,
           infer_type_name(tr, right));
    if (ambiguous)
        err_hint(tr->err, "Could not choose a best candidate operator. "
                          "You might need to add explicit type casts.");
    else
        err_hint(tr->err, left == 0 ? "No operator matches the given name and argument type. "
                                      "You might need to add an explicit type cast."
                                    : "No operator matches the given name and argument types. "
                                      "You might need to add explicit type casts.");
    tr_throw(tr);
}

const struct infer_operator *infer_operator_find(struct tr *tr, const char *name, uint32_t left,
                                                 uint32_t right, int location)
{
    const uint32_t said[2] = {left, right};
    left = infer_base(tr, left, NULL);
    right = infer_base(tr, right, NULL);
    const struct infer_operator *exact = operator_exact(name, left, right);
    if (exact != NULL)
        return exact;
    const struct infer_operator *found[128];
    const uint32_t *args[128] = {NULL};
    int n = 0;
    for (const struct infer_operator *o = infer_operator_named(name); o != NULL && n < 128;
         o = infer_operator_next(o)) {
        if ((o->left == 0) != (left == 0) || !operator_accepts(tr, o, said))
            continue;
        found[n] = o;
        args[n++] = left == 0 ? &o->right : &o->left;
    }
    const uint32_t types[2] = {left == 0 ? right : left, right};
    int best = n == 1 ? 0 : infer_select(tr, left == 0 ? 1 : 2, types, n, args);
    if (best >= 0)
        return found[best];
    operator_missing(tr, name, said[0], said[1], location, n > 0);
    return NULL;
}
