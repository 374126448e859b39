/* emit_proc_array.c: templates of arrays and functions that return sets; see emit_proc.h. */
#include "daemon/store/emit_proc.h"

static const struct emit_proc_entry entries[] = {
    {F_ARRAY_LENGTH, "pgf_array_length(%1, %2)"},
    {F_ARRAY_TO_STRING_ANYARRAY_TEXT, "pgf_array_to_string(%1, %2, NULL)"},
    {F_ARRAY_TO_STRING_ANYARRAY_TEXT_TEXT, "pgf_array_to_string(%1, %2, %3)"},
    {F_STRING_TO_ARRAY_TEXT_TEXT, "pgf_string_to_array(%1, %2, NULL)"},
    {F_STRING_TO_ARRAY_TEXT_TEXT_TEXT, "pgf_string_to_array(%1, %2, %3)"},
    {F_UNNEST_ANYARRAY, "set:unnest(%y1, %1)"},
    {F_GENERATE_SERIES_INT4_INT4, "set:series(%1, %2)"},
    {F_GENERATE_SERIES_INT4_INT4_INT4, "set:series(%1, %2, %3)"},
    {F_GENERATE_SERIES_INT8_INT8, "set:series(%1, %2)"},
    {F_GENERATE_SERIES_INT8_INT8_INT8, "set:series(%1, %2, %3)"},
    {F_GENERATE_SUBSCRIPTS_ANYARRAY_INT4, "set:subscripts(%y1, %1, %2, 0)"},
    {F_GENERATE_SUBSCRIPTS_ANYARRAY_INT4_BOOL, "set:subscripts(%y1, %1, %2, %3)"},
};

const struct emit_proc_set emit_proc_array = {entries, sizeof(entries) / sizeof(entries[0])};
