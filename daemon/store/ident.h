/* ident.h: names in SQL text, PostgreSQL's and SQLite's. */
#pragma once

#include "protocol/buf.h"

/* As quote_ident() does: quotes only where they are needed. */
void ident_postgres(const char *name, struct buf *out);
/* Always quoted. */
void ident_sqlite(const char *name, struct buf *out);
/* 'text' */
void ident_literal(const char *text, struct buf *out);
/* printf */
void ident_format(struct buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The buffer as a C string (a NUL is added once); "" if it failed. */
const char *ident_text(struct buf *b);
