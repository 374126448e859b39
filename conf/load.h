/* load.h: what tests and fuzzers need beside conf.h. */
#pragma once

#include "conf/conf.h"

/* As conf_load, with the content of the file given: ${path} is its name in diagnoses, and its
 * folder (which must exist) the one that relative paths are below. */
struct conf *conf_load_text(const char *path, const char *text, size_t len,
                            struct conf_errors *errors) MUSTCHECK;
