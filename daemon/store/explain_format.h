/* explain_format.h: EXPLAIN as JSON, XML or YAML: one text, shaped like PostgreSQL's. */
#pragma once

#include "protocol/buf.h"

#include <stdint.h>

enum explain_format { EXPLAIN_TEXT, EXPLAIN_JSON, EXPLAIN_XML, EXPLAIN_YAML };

struct explain_node { /* parents first */
    int id, parent;   /* parent 0: none */
    char *text;
};

struct explain_shown {
    enum explain_format format;
    struct explain_node *nodes;
    size_t n;
    bool analyze;
    int64_t planning_us, execution_us; /* -1: not shown */
};

void explain_write(const struct explain_shown *s, struct buf *out);
