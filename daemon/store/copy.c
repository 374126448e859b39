#include "daemon/store/verbs.h"
int copy_analyse(struct store_conn *c, struct prepared *p, CopyStmt *s, struct err *err)
{ (void)c;(void)p;(void)s; return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY is not supported by the store"); }
int copy_run(struct store_conn *c, struct portal *p, struct err *err)
{ (void)c;(void)p; return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "COPY is not supported by the store"); }
