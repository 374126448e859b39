#include "policy/functions.h"

#include "policy/names.h"

static const char *const functions_list[] = {
#include "policy/functions_list.inc"
};

bool functions_allowed(const char *name)
{
    return names_listed(functions_list, NAMES_COUNT(functions_list), name);
}

int functions_size_argument(const char *name)
{
    static const struct {
        const char *name;
        int argument;
    } sized[] = {{"array_fill", 1}, {"bpchar", 1}, {"lpad", 1}, {"repeat", 1}, {"rpad", 1}};
    for (size_t i = 0; i < NAMES_COUNT(sized); i++)
        if (strcmp(sized[i].name, name) == 0)
            return sized[i].argument;
    return -1;
}

bool functions_measures(const char *name)
{
    static const char *const list[] = {
        "array_length", "array_ndims",      "bit_length", "cardinality",
        "char_length",  "character_length", "length",     "num_nonnulls",
        "num_nulls",    "octet_length",     "strpos",
    };
    return names_listed(list, NAMES_COUNT(list), name);
}

/* provolatile = 'v' */
bool functions_volatile(const char *name)
{
    static const char *const list[] = {
        "array_sample",  "array_shuffle",
        "clock_timestamp", "gen_random_uuid",
        "pg_advisory_lock", "pg_advisory_lock_shared",
        "pg_advisory_unlock", "pg_advisory_unlock_all",
        "pg_advisory_unlock_shared", "pg_advisory_xact_lock",
        "pg_advisory_xact_lock_shared", "pg_notify",
        "pg_try_advisory_lock", "pg_try_advisory_lock_shared",
        "pg_try_advisory_xact_lock", "pg_try_advisory_xact_lock_shared",
        "random", "random_normal",
        "setseed", "timeofday",
        "uuidv4", "uuidv7",
    };
    return names_listed(list, NAMES_COUNT(list), name);
}

/* prokind a and w */
bool functions_aggregates(const char *name)
{
    static const char *const list[] = {
        "any_value", "array_agg", "avg", "bit_and", "bit_or", "bit_xor", "bool_and", "bool_or", "corr", "count",
        "covar_pop", "covar_samp", "cume_dist", "dense_rank", "every", "first_value", "json_agg",
        "json_agg_strict", "json_object_agg", "json_object_agg_strict", "json_object_agg_unique",
        "json_object_agg_unique_strict", "jsonb_agg", "jsonb_agg_strict", "jsonb_object_agg",
        "jsonb_object_agg_strict", "jsonb_object_agg_unique", "jsonb_object_agg_unique_strict", "lag",
        "last_value", "lead", "max", "min", "mode", "nth_value", "ntile", "percent_rank", "percentile_cont",
        "percentile_disc", "range_agg", "range_intersect_agg", "rank", "regr_avgx", "regr_avgy", "regr_count",
        "regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy", "regr_syy", "row_number", "stddev",
        "stddev_pop", "stddev_samp", "string_agg", "sum", "var_pop", "var_samp", "variance", "xmlagg",
    };
    return names_listed(list, NAMES_COUNT(list), name);
}
