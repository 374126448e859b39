/* emit_operator.c: operators by rule: comparisons that SQLite makes as PostgreSQL does; see emit.h.
 */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"

/* -- comparisons, by rule: SQLite's own wherever the stored values compare alike -- */

enum family { FAMILY_NONE, FAMILY_INTEGER, FAMILY_REAL, FAMILY_TEXT, FAMILY_SAME };

static enum family family(uint32_t type)
{
    switch (type) {
    case TYPES_INT2:
    case TYPES_INT4:
    case TYPES_INT8:
    case TYPES_OID:
        return FAMILY_INTEGER;
    case TYPES_FLOAT4:
    case TYPES_FLOAT8:
        return FAMILY_REAL;
    case TYPES_TEXT:
    case TYPES_NAME:
    case TYPES_BPCHAR:
    case TYPES_CHAR:
        return FAMILY_TEXT;
    case TYPES_BOOL:
    case TYPES_DATE:
    case TYPES_TIME:
    case TYPES_TIMETZ:
    case TYPES_TIMESTAMP:
    case TYPES_TIMESTAMPTZ:
    case TYPES_UUID:
    case TYPES_BYTEA:
    case TYPES_INET:
    case TYPES_MACADDR:
    case TYPES_MACADDR8:
    case TYPES_TID:
        return FAMILY_SAME;
    default:
        return FAMILY_NONE;
    }
}

static int comparison(const char *name)
{
    static const char *const names[] = {"=", "<>", "<", "<=", ">", ">="};
    for (int i = 0; i < 6; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

/* A date or timestamp brought to the other side's type. */
static const char *widen(uint32_t from, uint32_t to, const char *arg)
{
    if (from == to)
        return arg;
    if (from == TYPES_DATE && to == TYPES_TIMESTAMP)
        return emit_format("pgf_date_timestamp(%s)", arg);
    if (from == TYPES_DATE && to == TYPES_TIMESTAMPTZ)
        return emit_format("pgf_to_utc(pgf_date_timestamp(%s))", arg);
    if (from == TYPES_TIMESTAMP && to == TYPES_TIMESTAMPTZ)
        return emit_format("pgf_to_utc(%s)", arg);
    return NULL;
}

const char *emit_operator_template(const struct infer_operator *o)
{
    int c = comparison(o->name);
    if (c < 0 || o->left == 0)
        return emit_proc_template(o->proc);
    if (o->left == ANYENUMOID || o->left == ANYRANGEOID)
        return emit_proc_template(o->proc);
    enum family left = family(o->left), right = family(o->right);
    if (left != FAMILY_NONE && left == right && (left != FAMILY_SAME || o->left == o->right))
        return emit_format("(%%1 %s %%2)", o->name);
    if (o->left == TYPES_NUMERIC && o->right == TYPES_NUMERIC)
        return emit_format("(pgf_num_compare(%%1, %%2) %s 0)", o->name);
    if (o->left == TYPES_INTERVAL && o->right == TYPES_INTERVAL)
        return emit_format("(pgf_interval_compare(%%1, %%2) %s 0)", o->name);
    if (left != FAMILY_SAME || right != FAMILY_SAME)
        return emit_proc_template(o->proc);
    const char *l = widen(o->left, o->right, "%1"), *r = widen(o->right, o->left, "%2");
    if (l == NULL && r == NULL)
        return NULL;
    return emit_format("(%s %s %s)", l ? l : "%1", o->name, r ? r : "%2");
}
