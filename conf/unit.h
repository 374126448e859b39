/* unit.h: numbers with units as the configuration writes them: 250ms 10s 5m 1h 7d, 64KiB 16MiB
 * 1GiB. */
#pragma once

#include "protocol/err.h"

#include <stddef.h>
#include <stdint.h>

/* Digits alone.  -1: not of this form, or beyond 64 bits; likewise below. */
int unit_number(const char *text, uint64_t *ret) MUSTCHECK;
/* Milliseconds.  A unit is required, but for 0. */
int unit_duration(const char *text, uint64_t *ret_ms) MUSTCHECK;
/* Bytes.  A unit (B, KiB, MiB, GiB) is required, but for 0. */
int unit_size(const char *text, uint64_t *ret_bytes) MUSTCHECK;

/* The shortest exact form, into ${ret} of at least UNIT_TEXT_BYTES. */
#define UNIT_TEXT_BYTES 24
void unit_duration_format(uint64_t ms, char *ret);
void unit_size_format(uint64_t bytes, char *ret);
