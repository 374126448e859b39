/* emit_proc_jsonpath.c: templates of jsonpath; see emit_proc.h.  Without datetime() those with _tz
 * are the same as those without. */
#include "daemon/store/emit_proc.h"

#define ARGUMENTS "(%1, %2, %3|'{}'|, %4|0|)"

static const struct emit_proc_entry entries[] = {
    {F_JSONB_PATH_EXISTS, "pgf_jsonpath_exists" ARGUMENTS},
    {F_JSONB_PATH_EXISTS_TZ, "pgf_jsonpath_exists" ARGUMENTS},
    {F_JSONB_PATH_EXISTS_OPR, "pgf_jsonpath_exists(%1, %2, '{}', 1)"},
    {F_JSONB_PATH_MATCH, "pgf_jsonpath_match" ARGUMENTS},
    {F_JSONB_PATH_MATCH_TZ, "pgf_jsonpath_match" ARGUMENTS},
    {F_JSONB_PATH_MATCH_OPR, "pgf_jsonpath_match(%1, %2, '{}', 1)"},
    {F_JSONB_PATH_QUERY, "set:elements(pgf_jsonpath_array" ARGUMENTS ", 0, 1)"},
    {F_JSONB_PATH_QUERY_TZ, "set:elements(pgf_jsonpath_array" ARGUMENTS ", 0, 1)"},
    {F_JSONB_PATH_QUERY_ARRAY, "pgf_jsonpath_array" ARGUMENTS},
    {F_JSONB_PATH_QUERY_ARRAY_TZ, "pgf_jsonpath_array" ARGUMENTS},
    {F_JSONB_PATH_QUERY_FIRST, "pgf_jsonpath_first" ARGUMENTS},
    {F_JSONB_PATH_QUERY_FIRST_TZ, "pgf_jsonpath_first" ARGUMENTS},
};

const struct emit_proc_set emit_proc_jsonpath = {entries, sizeof(entries) / sizeof(entries[0])};
