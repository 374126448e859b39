/* infer_call.c: the choice among overloaded functions and operators; see infer.h. */
#include "daemon/store/infer.h"

#include "lib/stringinfo.h"

/* -- func_select_candidate: the steps of "Operator Type Resolution" and "Function Type Resolution"
 * -- */

struct choice {
    struct tr *tr;
    int nargs;
    const uint32_t *types;
    const uint32_t *const *all;
    int alive[128]; /* indices of candidates still in the race */
    int n;
};

/* Keep the candidates with the most arguments for which ${score} says yes. */
static void keep_best(struct choice *c, const char *slots, bool preferred_counts)
{
    int best = -1, kept = 0;
    int alive[128];
    for (int k = 0; k < c->n; k++) {
        int hits = 0;
        for (int i = 0; i < c->nargs; i++) {
            uint32_t to = c->all[c->alive[k]][i];
            if (c->types[i] == TYPES_UNKNOWN)
                continue;
            if (to == c->types[i])
                hits++;
            else if (preferred_counts && infer_category(c->tr, to) == slots[i] &&
                     infer_preferred(c->tr, to))
                hits++;
        }
        if (hits > best) {
            best = hits;
            kept = 0;
        }
        if (hits == best)
            alive[kept++] = c->alive[k];
    }
    memcpy(c->alive, alive, sizeof(alive[0]) * (size_t)kept);
    c->n = kept;
}

/* The category that an unknown argument should have: string if any candidate takes one, else the
 * one that all agree on, else 0. */
static char slot_category(const struct choice *c, int arg, bool *ret_preferred)
{
    char category = 0;
    bool conflict = false;
    *ret_preferred = false;
    for (int k = 0; k < c->n; k++) {
        uint32_t to = c->all[c->alive[k]][arg];
        char other = infer_category(c->tr, to);
        if (category == 0 || (other == 'S' && category != 'S')) {
            if (category != 0)
                conflict = true;
            category = other;
            *ret_preferred = infer_preferred(c->tr, to);
        } else if (other == category) {
            *ret_preferred = *ret_preferred || infer_preferred(c->tr, to);
        } else {
            conflict = true;
        }
    }
    return conflict && category != 'S' ? 0 : category;
}

static bool resolve_unknowns(struct choice *c)
{
    int alive[128], kept = 0;
    char slots[FUNC_MAX_ARGS];
    bool preferred[FUNC_MAX_ARGS];
    for (int i = 0; i < c->nargs; i++) {
        if (c->types[i] != TYPES_UNKNOWN)
            continue;
        slots[i] = slot_category(c, i, &preferred[i]);
        if (slots[i] == 0)
            return false;
    }
    for (int k = 0; k < c->n; k++) {
        bool keep = true;
        for (int i = 0; keep && i < c->nargs; i++) {
            uint32_t to = c->all[c->alive[k]][i];
            if (c->types[i] == TYPES_UNKNOWN)
                keep = infer_category(c->tr, to) == slots[i] &&
                       (!preferred[i] || infer_preferred(c->tr, to));
        }
        if (keep)
            alive[kept++] = c->alive[k];
    }
    if (kept > 0) {
        memcpy(c->alive, alive, sizeof(alive[0]) * (size_t)kept);
        c->n = kept;
    }
    return true;
}

/* Last resort: if all known arguments are of one type, suppose that the unknown ones are too. */
static int suppose_same(const struct choice *c)
{
    uint32_t known = TYPES_UNKNOWN;
    for (int i = 0; i < c->nargs; i++) {
        if (c->types[i] == TYPES_UNKNOWN)
            continue;
        if (known != TYPES_UNKNOWN && known != c->types[i])
            return -1;
        known = c->types[i];
    }
    if (known == TYPES_UNKNOWN)
        return -1;
    int found = -1;
    for (int k = 0; k < c->n; k++) {
        const uint32_t *to = c->all[c->alive[k]];
        uint32_t same[FUNC_MAX_ARGS];
        bool fits = true;
        for (int i = 0; fits && i < c->nargs; i++) {
            same[i] = known;
            fits = infer_can_coerce(c->tr, known, to[i], INFER_IMPLICIT) &&
                   infer_polymorphic(c->tr, to[i], to, same, i + 1) != 0;
        }
        if (fits && found >= 0)
            return -1;
        if (fits)
            found = c->alive[k];
    }
    return found;
}

int infer_select(struct tr *tr, int nargs, const uint32_t *types, int ncandidates,
                 const uint32_t *const *candidates)
{
    struct choice c = {.tr = tr, .nargs = nargs, .types = types, .all = candidates};
    char slots[FUNC_MAX_ARGS];
    int unknowns = 0;
    for (int k = 0; k < ncandidates && k < 128; k++)
        c.alive[c.n++] = k;
    for (int i = 0; i < nargs; i++) {
        slots[i] = infer_category(tr, types[i]);
        unknowns += types[i] == TYPES_UNKNOWN;
    }
    keep_best(&c, slots, false);
    if (c.n == 1)
        return c.alive[0];
    keep_best(&c, slots, true);
    if (c.n == 1)
        return c.alive[0];
    if (unknowns == 0)
        return -1;
    if (resolve_unknowns(&c) && c.n == 1)
        return c.alive[0];
    return unknowns < nargs ? suppose_same(&c) : -1;
}

/* -- functions -- */

static const char *signature(struct tr *tr, const char *name, const uint32_t *types, int nargs,
                             bool star)
{
    StringInfoData out;
    initStringInfo(&out);
    appendStringInfo(&out, "%s%s(", tr->call_schema ? "pg_catalog." : "", name);
    (void)star;
    for (int i = 0; i < nargs; i++)
        appendStringInfo(&out, "%s%s", i == 0 ? "" : ", ", infer_type_name(tr, types[i]));
    appendStringInfoChar(&out, ')');
    return out.data;
}

static void call_missing(struct tr *tr, const char *name, const uint32_t *types, int nargs,
                         bool star, int location, bool ambiguous)
{
    tr_set(tr, ambiguous ? "42725" : SQLSTATE_UNDEFINED_FUNCTION, location,
           ambiguous ? "function %s is not unique" : "function %s does not exist",
           signature(tr, name, types, nargs, star));
    err_hint(tr->err, ambiguous ? "Could not choose a best candidate function. "
                                  "You might need to add explicit type casts."
                                : "No function matches the given name and argument types. "
                                  "You might need to add explicit type casts.");
    tr_throw(tr);
}

/* The argument types that ${p} would want from a call with ${nargs} arguments; false: no such call.
 */
static bool call_shape(const struct infer_proc *p, int nargs, uint32_t *ret)
{
    if (p->variadic != 0 && nargs >= p->nargs) {
        for (int i = 0; i < nargs; i++)
            ret[i] = i < p->nargs - 1 ? p->args[i] : p->variadic;
        return true;
    }
    if (nargs > p->nargs || nargs < p->nargs - p->ndefaults)
        return false;
    memcpy(ret, p->args, sizeof(ret[0]) * (size_t)nargs);
    return true;
}

static bool call_accepts(struct tr *tr, const uint32_t *types, const uint32_t *said,
                         const uint32_t *declared, int nargs)
{
    bool enums = false, known = false;
    for (int i = 0; i < nargs; i++) {
        if (!infer_can_coerce(tr, types[i], declared[i], INFER_IMPLICIT) ||
            (declared[i] == ANYENUMOID && said[i] != types[i]))
            return false;
        enums = enums || declared[i] == ANYENUMOID;
        known = known || (declared[i] == ANYENUMOID && types[i] != TYPES_UNKNOWN);
    }
    if (enums && !known) /* a literal is not known to be an enum */
        return false;
    return nargs == 0 || infer_polymorphic(tr, declared[0], declared, types, nargs) != 0;
}

static void call_fill(struct tr *tr, const struct infer_proc *p, const uint32_t *declared,
                      const uint32_t *types, int nargs, struct infer_call *ret)
{
    if (infer_undetermined(declared, types, nargs))
        tr_fail(tr, "42804", -1,
                "could not determine polymorphic type because input has type unknown");
    ret->proc = p;
    ret->variadic = p->variadic != 0 && nargs >= p->nargs;
    ret->result = infer_polymorphic(tr, p->result, declared, types, nargs);
    for (int i = 0; i < nargs; i++)
        ret->types[i] = infer_polymorphic(tr, declared[i], declared, types, nargs);
}

/* `text(x)`, `int4(x)`: a cast by its type's name. */
static bool call_is_cast(struct tr *tr, const char *name, const uint32_t *types, int nargs,
                         struct infer_call *ret)
{
    const struct types_info *info = nargs == 1 ? types_find_name(name) : NULL;
    if (info == NULL || !infer_can_coerce(tr, types[0], info->oid, INFER_EXPLICIT))
        return false;
    ret->cast = true;
    ret->result = info->oid;
    return true;
}

void infer_call_find(struct tr *tr, const char *name, const uint32_t *said, int nargs, bool star,
                     int location, struct infer_call *ret)
{
    uint32_t types[FUNC_MAX_ARGS];
    const struct infer_proc *found[64];
    uint32_t(*shapes)[FUNC_MAX_ARGS] = palloc(sizeof(*shapes) * 64);
    const uint32_t *candidates[64];
    int n = 0;
    memset(ret, 0, sizeof(*ret));
    for (int i = 0; i < nargs; i++)
        types[i] = infer_base(tr, said[i], NULL);
    for (const struct infer_proc *p = infer_proc_named(name); p != NULL && n < 64;
         p = infer_proc_next(p)) {
        if (!call_shape(p, nargs, shapes[n]) || (star && p->nargs != 0))
            continue;
        if (nargs == p->nargs && memcmp(shapes[n], types, sizeof(types[0]) * (size_t)nargs) == 0) {
            call_fill(tr, p, shapes[n], types, nargs, ret);
            return;
        }
        if (!call_accepts(tr, types, said, shapes[n], nargs))
            continue;
        found[n] = p;
        candidates[n] = shapes[n];
        n++;
    }
    const struct infer_proc *own = tr->call_extension;
    if (own != NULL && n < 64 && call_shape(own, nargs, shapes[n]) && (!star || own->nargs == 0) &&
        call_accepts(tr, types, said, shapes[n], nargs)) {
        found[n] = own;
        candidates[n] = shapes[n];
        n++;
    }
    if (call_is_cast(tr, name, types, nargs, ret))
        return;
    int best = n == 1 ? 0 : infer_select(tr, nargs, types, n, candidates);
    if (best < 0)
        call_missing(tr, name, said, nargs, star, location, n > 0);
    call_fill(tr, found[best], candidates[best], types, nargs, ret);
}
