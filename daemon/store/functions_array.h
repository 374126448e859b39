/* functions_array.h: between the files of functions_array*.c.  All take stored arrays (array.h). */
#pragma once

#include "daemon/store/array.h"
#include "daemon/store/functions_impl.h"

/* The array of the type in ${v}, to be released; false: an error is set. */
bool array_load(sqlite3_context *ctx, sqlite3_value *v, uint32_t type, struct array *a);
/* Of what an array of ${type} is. */
uint32_t array_element_type(sqlite3_context *ctx, uint32_t type);
/* 2202E, 54000. */
void array_wrong_subscripts(sqlite3_context *ctx);
void array_too_large(sqlite3_context *ctx);
/* Append ${b} as one more element of ${a}, an array of arrays.  false: it does not fit. */
bool array_nest(struct array *a, const struct array *b);
/* ${a} as the result; releases it. */
void array_result(sqlite3_context *ctx, struct array *a);
/* A value of the element type as an element's text, in place of what ${text} had (NULL: nothing).
 */
bool array_value_text(sqlite3_context *ctx, uint32_t type, sqlite3_value *value, struct buf *text);
bool array_add_value(sqlite3_context *ctx, uint32_t type, sqlite3_value *value, struct array *a);
