/* translate_fold.h: expressions that have one value whatever the rows are. */
#pragma once

#include "daemon/store/translate_tree.h"

/* ${e} calls ${proc} with its arguments. */
void fold_call(struct scope *s, struct expr *e, uint32_t proc);
/* ${e}, which it returns, is the operator ${name} of its arguments. */
struct expr *fold_operator(struct scope *s, struct expr *e, const char *name);
/* ${to} is ${e}, cast by ${proc} (0: as it is). */
void fold_cast(struct tr *tr, struct expr *to, const struct expr *e, uint32_t proc);
/* What has been noted since ${mark} may not be evaluated after all. */
int fold_mark(const struct tr *tr);
void fold_forget(struct tr *tr, int mark);
/* A SELECT of all that was noted; NULL: there is nothing. */
const char *fold_text(const struct tr *tr);
