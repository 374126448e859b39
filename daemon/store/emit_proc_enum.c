/* emit_proc_enum.c: templates of enums; see emit_proc.h. */
#include "daemon/store/emit_proc.h"

static const struct emit_proc_entry entries[] = {
    {F_ENUM_EQ, "(%1 = %2)"},
    {F_ENUM_NE, "(%1 <> %2)"},
    {F_ENUM_LT, "(pgf_enum_compare(%y1, %1, %2) < 0)"},
    {F_ENUM_LE, "(pgf_enum_compare(%y1, %1, %2) <= 0)"},
    {F_ENUM_GT, "(pgf_enum_compare(%y1, %1, %2) > 0)"},
    {F_ENUM_GE, "(pgf_enum_compare(%y1, %1, %2) >= 0)"},
    {F_ENUM_CMP, "pgf_enum_compare(%y1, %1, %2)"},
    {F_ENUM_FIRST, "pgf_enum_first(%y1)"},
    {F_ENUM_LAST, "pgf_enum_last(%y1)"},
    {F_ENUM_RANGE_ANYENUM, "pgf_enum_range(%y1, NULL, NULL)"},
    {F_ENUM_RANGE_ANYENUM_ANYENUM, "pgf_enum_range(%y1, %1, %2)"},
    {F_MIN_ANYENUM, "min(%e1)"},
    {F_MAX_ANYENUM, "max(%e1)"},
};

const struct emit_proc_set emit_proc_enum = {entries, sizeof(entries) / sizeof(entries[0])};
