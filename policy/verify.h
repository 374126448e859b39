/* verify.h: the self-check.  What is sent is what was meant, or nothing is sent. */
#pragma once

#include "policy/scope.h"

/* Every relation in ${stmt} as the client sent it was seen by the walk that scoped it. */
int verify_relations(struct scoper *s, Node *stmt) MUSTCHECK;
/* ${text}, parsed, is one statement and equal to ${stmt}, the edited tree. */
int verify_text(struct scoper *s, const char *text, const Node *stmt) MUSTCHECK;
