/* functions.h: the functions of pg_catalog that a confined client may call.
 *
 * The list is made by policy/functions.sql from a real server and committed, with the reason for each function
 * that is not on it (functions.tsv); it holds names, because PostgreSQL picks the overload.  Some names are
 * fit only with fitting arguments: see functions_size. */
#pragma once

#include <stdbool.h>

bool functions_allowed(const char *name);

/* Functions that make a value as large as an argument says.  Returns the index of that argument, or
 * -1. The argument must be provably small: FUNCTIONS_MAX_SIZE. */
int functions_size_argument(const char *name);
#define FUNCTIONS_MAX_SIZE 1000000

/* Functions whose answer is the length of a value that is already in memory. */
bool functions_measures(const char *name);

/* Does it, of those on the list, answer otherwise each time it is called?  Is it an aggregate or a window function? */
bool functions_volatile(const char *name);
bool functions_aggregates(const char *name);
