/* scope_nodes.h: the trees that changes add.  The same things as texts: splice_sql.h; neither is made from
 * the other. */
#pragma once

#include "policy/scope.h"

Node *scope_nodes_column(const char *ref, const char *column);
/* $hidden::type, the tenant's value beside ${column}. */
Node *scope_nodes_tenant(const struct scoper *s, const struct catalog_column *column);
/* ${args} joined; one stands alone. */
Node *scope_nodes_bool(BoolExprType op, List *args);
/* ref.column = tenant, or ref.column IN (SELECT ... parent); ${depth} 0. */
Node *scope_nodes_qual(const struct scoper *s, const struct access *a, const char *ref,
                       const char *column, bool scan_level, int depth);
Node *scope_nodes_leaf(const struct scoper *s, const struct leaf *leaf);
/* CASE WHEN the fence holds THEN ${cond} END. */
Node *scope_nodes_fence(const struct scoper *s, const struct fence *fence, Node *cond);
SelectStmt *scope_nodes_select(List *targets, RangeVar *from, Node *where);
/* OFFSET 0 at its end. */
void scope_nodes_barrier(SelectStmt *query);
ResTarget *scope_nodes_target(Node *value);
/* Constants. */
Node *scope_nodes_text(const char *text);
Node *scope_nodes_int(int value);
Node *scope_nodes_null(void);
Node *scope_nodes_cast(Node *arg, TypeName *type);
CaseWhen *scope_nodes_when(Node *cond, Node *result);
/* $hidden, the tenant's value. */
Node *scope_nodes_hidden(const struct scoper *s);

/* -- scope_call.c -- */
/* The tenant's own channel of this name. */
Node *scope_nodes_channel(const struct scoper *s, Node *name);

/* -- scope_mask.c -- */
/* A column of a wrap. */
ResTarget *scope_nodes_shown(const struct shown *v);
/* What stands for a reference to it. */
Node *scope_nodes_masked(const struct shown *v);
/* ResTarget * for struct shown *: what a star in RETURNING becomes. */
List *scope_nodes_written_out(const List *shown);

/* The value of CHANGE_VALUE, from the client's. */
Node *scope_nodes_value(const struct scoper *s, const struct change *c, Node *value);
/* The WHERE of COPY FROM. */
Node *scope_nodes_copy_in(const struct scoper *s, const struct change *c, Node *cond);
/* The WHERE of DO UPDATE. */
Node *scope_nodes_conflict(const struct scoper *s, const struct change *c, Node *cond);
