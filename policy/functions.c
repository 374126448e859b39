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
