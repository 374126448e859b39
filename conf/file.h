/* file.h: reading a whole small file: configuration and secrets. */
#pragma once

#include "conf/arena.h"

/* The content of a regular file of at most ${max_bytes}, NUL-terminated, in ${a}.  NULL, with one
 * of strerror's texts or our own in ${ret_why}. */
char *conf_file_read(struct conf_arena *a, const char *path, size_t max_bytes, size_t *ret_len,
                     const char **ret_why);
/* ${path} itself when absolute, else below ${dir}; "./" at its front is dropped. */
char *conf_file_below(struct conf_arena *a, const char *dir, const char *path);
/* The absolute folder of ${path} (links resolved); NULL: no memory, or no such folder. */
char *conf_file_folder(struct conf_arena *a, const char *path);
