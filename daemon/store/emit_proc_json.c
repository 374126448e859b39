/* emit_proc_json.c: templates of json and jsonb; see emit_proc.h. */
#include "daemon/store/emit_proc.h"

static const struct emit_proc_entry entries[] = {
    {F_JSON_BUILD_OBJECT_ANY, "pgf_json_build_object(%p*)"},
    {F_JSON_BUILD_OBJECT_, "'{}'"},
    {F_JSONB_BUILD_OBJECT_ANY, "pgf_jsonb_build_object(%p*)"},
    {F_JSONB_BUILD_OBJECT_, "'{}'"},
    {F_JSON_BUILD_ARRAY_ANY, "pgf_json_build_array(%j*)"},
    {F_JSON_BUILD_ARRAY_, "'[]'"},
    {F_JSONB_BUILD_ARRAY_ANY, "pgf_jsonb_build_array(%j*)"},
    {F_JSONB_BUILD_ARRAY_, "'[]'"},
    {F_TO_JSON, "pgf_strict(%1, %j1)"},
    {F_TO_JSONB, "pgf_strict(%1, pgf_input(3802, %j1))"},
    {F_JSON_OBJECT_FIELD, "pgf_json_field(%1, %2)"},
    {F_JSONB_OBJECT_FIELD, "pgf_json_field(%1, %2)"},
    {F_JSON_OBJECT_FIELD_TEXT, "pgf_json_field_text(%1, %2)"},
    {F_JSONB_OBJECT_FIELD_TEXT, "pgf_json_field_text(%1, %2)"},
    {F_JSON_ARRAY_ELEMENT, "pgf_json_element(%1, %2)"},
    {F_JSONB_ARRAY_ELEMENT, "pgf_json_element(%1, %2)"},
    {F_JSON_ARRAY_ELEMENT_TEXT, "pgf_json_element_text(%1, %2)"},
    {F_JSONB_ARRAY_ELEMENT_TEXT, "pgf_json_element_text(%1, %2)"},
    {F_JSON_EXTRACT_PATH, "pgf_json_path(%1, %2)"},
    {F_JSONB_EXTRACT_PATH, "pgf_json_path(%1, %2)"},
    {F_JSON_EXTRACT_PATH_TEXT, "pgf_json_path_text(%1, %2)"},
    {F_JSONB_EXTRACT_PATH_TEXT, "pgf_json_path_text(%1, %2)"},
    {F_JSONB_CONTAINS, "pgf_jsonb_contains(%1, %2)"},
    {F_JSONB_CONTAINED, "pgf_jsonb_contains(%2, %1)"},
    {F_JSONB_EXISTS, "pgf_jsonb_exists(%1, %2)"},
    {F_JSONB_CONCAT, "pgf_jsonb_concat(%1, %2)"},
    {F_JSON_TYPEOF, "pgf_json_typeof(%1)"},
    {F_JSONB_TYPEOF, "pgf_json_typeof(%1)"},
    {F_JSON_ARRAY_LENGTH, "pgf_json_array_length(%1)"},
    {F_JSONB_ARRAY_LENGTH, "pgf_json_array_length(%1)"},
};

const struct emit_proc_set emit_proc_json = {entries, sizeof(entries) / sizeof(entries[0])};
