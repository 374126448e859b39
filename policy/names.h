/* names.h: closed lists of names, sorted as strcmp sorts, and the search in them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define NAMES_COUNT(list) (sizeof(list) / sizeof *(list))

static inline bool names_listed(const char *const *list, size_t n, const char *name)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(name, list[mid]);
        if (order == 0)
            return true;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return false;
}
