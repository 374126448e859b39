/* emit_proc.h: the tables that say what stands for PostgreSQL's functions and operators in SQLite.
 *
 * One file for each area; emit_proc.c looks through them all.  A row is the oid of a pg_proc row
 * (F_..., PostgreSQL's own names) and a template:
 *
 *   %1 ... %9  an argument              %*   all of them
 *   %t1        as text, as a cast does  %o1  as its type's output function prints it
 *   %j1        as JSON                  %p*  pairs of output and JSON (json_build_object)
 *   %y1        its type's oid                %e1  an enum, to be sorted in its order
 *   %1|x|      the same; x if the call leaves it to its default
 *
 * `set:name(...)` instead of an expression: rows of the function ${name} of sets.h, as the only call.
 * pgf_...: functions*.c.  A function that has no row is 0A000. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#include "utils/fmgroids.h"
#pragma GCC diagnostic pop

struct emit_proc_entry {
    uint32_t proc;
    const char *pattern;
};

struct emit_proc_set {
    const struct emit_proc_entry *entries;
    size_t n;
};

extern const struct emit_proc_set emit_proc_number, emit_proc_text, emit_proc_cast, emit_proc_time,
    emit_proc_aggregate, emit_proc_json, emit_proc_array, emit_proc_range, emit_proc_inet, emit_proc_session, emit_proc_catalog,
    emit_proc_enum, emit_proc_jsonpath, emit_proc_record, emit_proc_extension;
