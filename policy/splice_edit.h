/* splice_edit.h: edits of a text at token boundaries; for splice*.c alone.
 *
 * Edits are collected in any order and carried out at once.  At one offset, what closes comes first (inner
 * before outer), then insertions in the order they came, then what opens (outer before inner). */
#pragma once

#include "policy/scope.h"
#include "policy/splice_tokens.h"

struct edit {
    uint32_t start, end;
    const char *before, *after; /* an insertion has start == end and no after */
    bool replaces;              /* the text between goes away */
    int rank;                   /* among insertions at one place; among equal spans: outer first */
};

struct splice {
    struct scoper *s;
    struct tokens t;
    struct edit *edits;
    int n, cap;
    const Node *rows_of; /* the row found last, of these VALUES: rows are asked for in order */
    int row, row_at;
    List *tables; /* SelectStmt *: `TABLE t` that is written as a SELECT by now */
};

/* The place of ${what} was not found: XX000, -1. */
int splice_lost(const struct splice *p, const char *what);
/* Behind token ${i}. */
void splice_after(struct splice *p, int i, const char *text);
/* Around tokens ${from} to ${to} - 1. */
void splice_wrap(struct splice *p, int from, int to, const char *before, const char *after);
/* Instead of them. */
void splice_replace(struct splice *p, int from, int to, const char *text);
/* The text of tokens ${from} to ${to} - 1, palloc'd. */
char *splice_copy(const struct splice *p, int from, int to);
/* The new text; sets s->runs. */
char *splice_assemble(const struct splice *p);

/* Where an expression is said.  PostgreSQL does not tell it of `x[1]` and `(x).f`. */
int splice_location(const Node *node);
/* Past a name and what its dots join; ${at} is its first token. */
int splice_name_end(const struct tokens *t, int at);

struct span { /* tokens; to is past the end; from -1: not found */
    int from, to;
};

/* -- splice_merge.c -- */
/* The condition of MERGE's ON. */
struct span splice_merge_on(const struct splice *p, const struct change *c);
int splice_merge_insert(struct splice *p, const struct change *c) MUSTCHECK;
/* The value of PLACE_MERGE_SET and PLACE_MERGE_VALUE. */
struct span splice_merge_value(const struct splice *p, const struct change *c);

/* -- splice_copy.c -- */
int splice_copy_out(struct splice *p, const struct change *c) MUSTCHECK;
int splice_copy_in(struct splice *p, const struct change *c) MUSTCHECK;
/* -- splice_named.c -- */
int splice_explain(struct splice *p, const struct change *c) MUSTCHECK;
int splice_execute(struct splice *p, const struct change *c) MUSTCHECK;

/* -- splice_call.c -- */
int splice_call(struct splice *p, const struct change *c) MUSTCHECK;

/* -- splice_write.c: INSERT, SET lists, ON CONFLICT -- */
int splice_columns(struct splice *p, const struct change *c) MUSTCHECK;
int splice_expand(struct splice *p, const struct change *c) MUSTCHECK;
int splice_append(struct splice *p, const struct change *c) MUSTCHECK;
/* `TABLE t` takes neither WHERE nor values: it becomes the SELECT that it stands for, with the values that
 * other changes add.  Its keyword; -1: ${query} is another query. */
int splice_table(struct splice *p, const SelectStmt *query);
int splice_table_keyword(const struct tokens *t, const SelectStmt *query);
/* The keyword of a VALUES list; -1: not found. */
int splice_values(const struct tokens *t, const SelectStmt *query);
int splice_star(struct splice *p, const struct change *c) MUSTCHECK;
int splice_value(struct splice *p, const struct change *c) MUSTCHECK;
/* Element ${k} of the list that begins at token ${at} and ends before ${end}. */
struct span splice_element(const struct tokens *t, int at, int k, int end);
/* The value in `column = value`. */
struct span splice_assigned(const struct tokens *t, struct span element);
int splice_conflict(struct splice *p, const struct change *c) MUSTCHECK;

/* -- splice_answer.c -- */
int splice_answer(struct splice *p, const struct change *c) MUSTCHECK;
int splice_lookup(struct splice *p, const struct change *c) MUSTCHECK;

/* -- splice_mask.c: columns that are masked or left out -- */
int splice_schema(struct splice *p, const struct change *c) MUSTCHECK;
int splice_mask(struct splice *p, const struct change *c) MUSTCHECK;
int splice_returning(struct splice *p, const struct change *c) MUSTCHECK;
int splice_group(struct splice *p, const struct change *c) MUSTCHECK;
