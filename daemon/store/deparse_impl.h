/* deparse_impl.h: between deparse.c and deparse_operator.c. */
#pragma once

#include "daemon/store/ddl.h"
#include "daemon/store/ident.h"
#include "daemon/store/translate_expr.h"

struct deparse {
    struct tr *tr;
    struct scope *s;
    const struct store_table *table;
    struct buf *out;
    int indent;
    bool mutable; /* something in it is not immutable */
};

/* 0A000 with what ${node} is. */
void deparse_refuse(struct deparse *d, const Node *node) __attribute__((noreturn));
/* What the translation says of it. */
uint32_t deparse_type(struct deparse *d, Node *node);
void deparse_type_name(struct deparse *d, uint32_t type, int32_t typmod);
bool deparse_is_literal(const Node *node);
bool deparse_is_null(const Node *node);
/* A function that the value depends on. */
void deparse_note_proc(struct deparse *d, uint32_t oid);
/* A conversion that it depends on. */
void deparse_note_cast(struct deparse *d, uint32_t from, uint32_t to);
/* ${node} converted to ${type}; ${show}: conversions that nobody wrote are shown. */
void deparse_as(struct deparse *d, Node *node, uint32_t type, bool show);
/* ARRAY[...] of an array type. */
void deparse_array(struct deparse *d, A_ArrayExpr *a, uint32_t type);

/* -- deparse_operator.c -- */
void deparse_operator(struct deparse *d, A_Expr *a);
void deparse_boolean(struct deparse *d, BoolExpr *b);
