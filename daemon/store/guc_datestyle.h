/* guc_datestyle.h: the texts of DateStyle and IntervalStyle. */
#pragma once

#include "daemon/store/types.h"

struct guc_datestyle {
    enum types_date_style style;
    enum types_date_order order;
};

/* What ${value} says goes over what ${io} is; -1, and it is as before: an unknown word, in ${ret_bad}[32], or (empty)
 * words that contradict each other. */
int guc_datestyle_read(const char *value, struct guc_datestyle *io, char ret_bad[32]);
/* As SHOW prints it. */
void guc_datestyle_print(const struct guc_datestyle *style, char *ret, size_t size);
enum types_interval_style guc_interval_style(const char *value);
