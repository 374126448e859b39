/* types_array.h: between the files of arrays (types_array*.c). */
#pragma once

#include "daemon/store/array.h"
#include "daemon/store/types_impl.h"

#define TYPES_ARRAY_SCRATCH ((size_t)256 << 20)

/* Append an element, given as text (data NULL: null) of the element's type. */
int types_array_add(const struct types_session *s, uint32_t elem, int32_t typmod, struct slice text,
                    struct array *a, struct err *err) MUSTCHECK;
/* The stored form appended to ${scratch}, which held ${at} bytes before; ${ret} is it.  Releases
 * ${a}. */
int types_array_finish(struct array *a, struct buf *scratch, size_t at, struct slice *ret,
                       struct err *err) MUSTCHECK;
/* XX000: what is stored is none. */
int types_array_broken(struct err *err);
/* 54000: it would have ${n} dimensions. */
int types_array_too_deep(int n, struct err *err);
