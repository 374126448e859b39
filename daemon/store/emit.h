/* emit.h: making SQLite text: identifiers, literals, formats.  Everything is palloc'd. */
#pragma once

#include "daemon/store/translate_tree.h"

/* "name", quotes doubled. */
const char *emit_identifier(const char *name);
/* 'text', quotes doubled. */
const char *emit_text(const char *text, size_t len);
/* A stored value as a literal. */
const char *emit_value(const struct types_value *v);
/* printf into the current memory context. */
const char *emit_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* ${exprs} joined by ", ". */
const char *emit_list(struct expr *const *exprs, int n);
/* What stands for an operator or function of PostgreSQL, by the oid of its pg_proc row: a template
 * with %1 and the like for arguments (emit_proc.c says them all).  NULL: not implemented. */
const char *emit_proc_template(uint32_t proc);
/* Likewise for an operator, comparisons included. */
struct infer_operator;
const char *emit_operator_template(const struct infer_operator *o);
/* Apply a template. */
const char *emit_apply(const char *pattern, struct expr *const *args, int nargs);
/* Columns c1 ... cn as the arguments of pgf_rows (rows.h). */
const char *emit_pack(int n);
