/* emit_proc_record.c: templates of functions and operators of rows; see emit_proc.h. */
#include "daemon/store/emit_proc.h"

static const struct emit_proc_entry entries[] = {
    {F_RECORD_EQ, "pgf_row_equal(%1, %2)"},
    {F_RECORD_NE, "(NOT pgf_row_equal(%1, %2))"},
    {F_RECORD_LT, "(pgf_row_compare(%1, %2) < 0)"},
    {F_RECORD_LE, "(pgf_row_compare(%1, %2) <= 0)"},
    {F_RECORD_GT, "(pgf_row_compare(%1, %2) > 0)"},
    {F_RECORD_GE, "(pgf_row_compare(%1, %2) >= 0)"},
    {F_BTRECORDCMP, "pgf_row_compare(%1, %2)"},
    {F_JSON_POPULATE_RECORD, "pgf_json_populate(%y1, %1, %2)"},
    {F_JSONB_POPULATE_RECORD, "pgf_json_populate(%y1, %1, %2)"},
    {F_JSON_POPULATE_RECORDSET, "set:populate(%y1, %1, %2, 'json_populate_recordset')"},
    {F_JSONB_POPULATE_RECORDSET, "set:populate(%y1, %1, %2, 'jsonb_populate_recordset')"},
    {F_ROW_TO_JSON_RECORD, "pgf_row_to_json(%1, 0)"},
    {F_ROW_TO_JSON_RECORD_BOOL, "pgf_row_to_json(%1, %2)"},
};

const struct emit_proc_set emit_proc_record = {entries, sizeof(entries) / sizeof(entries[0])};
