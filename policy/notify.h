/* notify.h: NOTIFY of a confined client, as a call of pg_notify that names a channel of its tenant's. */
#pragma once

#include "policy/scope.h"

/* Into ${ret}, palloc'd: the text instead of ${stmt}, verified like a rewritten one. */
int notify_text(struct scoper *s, const NotifyStmt *stmt, char **ret) MUSTCHECK;
