/* types_typmod.c: what stands in parentheses behind a type's name. */
#include "daemon/store/types_impl.h"

#define LENGTH_MAX     10485760
#define BITS_MAX       83886080
#define FIELDS_ALL     0x7fff
#define PRECISION_FULL 0xffff

static int length(const char *type, int32_t max, const int32_t *mods, size_t n, struct err *err)
{
    if (n != 1)
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid type modifier");
    if (mods[0] < 1)
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "length for type %s must be at least 1", type);
    if (mods[0] > max)
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "length for type %s cannot exceed %d", type, max);
    return 0;
}

static int numeric(const int32_t *mods, size_t n, int32_t *ret, struct err *err)
{
    const int32_t precision = mods[0], scale = n > 1 ? mods[1] : 0;
    if (n > 2)
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid NUMERIC type modifier");
    if (precision < 1 || precision > 1000)
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "NUMERIC precision %d must be between 1 and 1000", precision);
    if (scale < -1000 || scale > 1000)
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "NUMERIC scale %d must be between -1000 and 1000", scale);
    *ret = ((precision << 16) | (scale & 0x7ff)) + 4;
    return 0;
}

/* The parser gives the fields as bits, and then the digits of the second. */
static int interval(const int32_t *mods, size_t n, int32_t *ret, struct err *err)
{
    if (n > 2)
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid INTERVAL type modifier");
    const int32_t fields = mods[0] & FIELDS_ALL, digits = n == 2 ? mods[1] : PRECISION_FULL;
    if (digits < 0)
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "INTERVAL(%d) precision must not be negative", digits);
    *ret = n == 1 && fields == FIELDS_ALL
               ? -1
               : fields << 16 | (n == 2 && digits > 6 ? 6 : digits);
    return 0;
}

int types_typmod_make(uint32_t oid, const int32_t *mods, size_t n, int32_t *ret, struct err *err)
{
    switch (oid) {
    case TYPES_VARCHAR:
    case TYPES_BPCHAR:
        *ret = mods[0] + 4;
        return length(oid == TYPES_VARCHAR ? "varchar" : "char", LENGTH_MAX, mods, n, err);
    case TYPES_BIT:
    case TYPES_VARBIT:
        *ret = mods[0];
        return length(oid == TYPES_BIT ? "bit" : "varbit", BITS_MAX, mods, n, err);
    case TYPES_NUMERIC:
        return numeric(mods, n, ret, err);
    case TYPES_TIME:
    case TYPES_TIMETZ:
    case TYPES_TIMESTAMP:
    case TYPES_TIMESTAMPTZ:
        *ret = mods[0] > 6 ? 6 : mods[0];
        return n == 1 ? 0 : err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid type modifier");
    case TYPES_INTERVAL:
        return interval(mods, n, ret, err);
    default:
        return 1;
    }
}
