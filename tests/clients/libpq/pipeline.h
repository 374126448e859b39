/* pipeline.h: libpq's pipeline mode. */
#pragma once

#include <libpq-fe.h>

void pipelines(PGconn *c);
