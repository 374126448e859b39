/* splice_sql.h: the texts that changes add.  The same things as trees: scope_nodes.h; neither is made from
 * the other.  All palloc'd. */
#pragma once

#include "policy/scope.h"

/* "name", quotes doubled. */
char *sql_ident(const char *name);
/* 'text', quotes doubled.  A backslash says nothing in it: standard_conforming_strings is on. */
char *sql_literal(const char *text);
/* source.column */
char *sql_ref(const ColumnRef *ref);
char *sql_tenant(const struct scoper *s, const struct catalog_column *column);
char *sql_qual(const struct scoper *s, const struct access *a, const char *ref, const char *column,
               bool scan_level, int depth);
/* The quals of ${leaves} joined by AND; NULL: none. */
char *sql_quals(const struct scoper *s, const List *leaves);
/* What goes before the condition; after it comes `) END`. */
char *sql_fence_open(const struct scoper *s, const struct fence *fence);
/* (SELECT * FROM ${relation} WHERE ...), ${relation} as the client wrote it. */
char *sql_wrap_open(const struct leaf *leaf);
char *sql_wrap_close(const struct scoper *s, const struct leaf *leaf);
/* After a relation that stays one, before which an opening bracket goes. */
char *sql_stay_close(const struct scoper *s, const struct leaf *leaf);
/* After a value that must equal the tenant's; before it goes `CASE WHEN (`. */
char *sql_tenant_check(const struct scoper *s, const struct change *c);
/* Instead of ${value}, which must be the key of one of the tenant's own rows; ${beside}: texts of the other columns
 * of that key. */
char *sql_parent_check(const struct scoper *s, const struct change *c, const char *value,
                       const List *beside);
/* Instead of ${value}, in the first row of VALUES, for those of further ${rows} (char *), too. */
char *sql_rows_check(const struct scoper *s, const struct change *c, const char *value,
                     const List *rows);
/* The same before a value that is read once; after it goes SQL_ONCE_CLOSE. */
char *sql_once_open(const struct scoper *s, const struct change *c, const List *beside);
#define SQL_ONCE_CLOSE ") AS v OFFSET 0) AS partywall_v)"
/* Before the client's condition, which may be missing, of DO UPDATE and of COPY FROM ... */
char *sql_row_open(const struct scoper *s, const struct change *c);
/* ... and after it. */
char *sql_conflict_close(const struct change *c);
char *sql_copy_close(const struct change *c);
char *sql_columns(const struct change *c);
/* Around the relation of COPY TO. */
char *sql_copy_to_open(const struct change *c);
char *sql_copy_to_close(const struct scoper *s, const struct change *c);

/* -- splice_call.c -- */
/* Around the name of a channel: the tenant's own of this name. */
char *sql_channel_open(const struct scoper *s);
char *sql_channel_close(void);

/* -- splice_mask.c -- */
/* The columns of a wrap: struct shown *. */
char *sql_shown(const List *shown);
