/* splice.h: the changes, carried out on the client's own text.
 *
 * Places are found by walking the scanner's tokens from the location of a node that is known to stand in
 * the clause.  The walk is simple and may miss: then it fails, or verify.c finds the difference.  Comments
 * and layout stay as they were. */
#pragma once

#include "policy/scope.h"

/* The new text of the statement (s->sql from s->start to s->end), palloc'd.  Must run before
 * scope_tree_apply: it looks at the tree as the client sent it.  -1: a place was not found. */
int splice_text(struct scoper *s, char **ret) MUSTCHECK;

/* In the text of an EXECUTE: notes in ${p} where the name stands, and the argument that was added. */
int splice_note_execute(struct plan *p, struct err *err) MUSTCHECK;
