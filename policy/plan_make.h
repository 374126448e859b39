/* plan_make.h: making plans; for policy/ alone. */
#pragma once

#include "policy/plan.h"

/* A plan with an id and one reference, all else zero; NULL: no memory.  Fill it before it is shared. */
struct plan *plan_new(void);
