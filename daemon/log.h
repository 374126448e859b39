/* log.h: the daemon's log, one line for each event, to standard error.
 *
 * Text or JSON.  Under systemd (standard error is the journal) text lines carry a syslog level in
 * angle brackets and no time stamp.  A line is one write(2), so lines of threads never mix. Control
 * characters in the text are replaced: a client can't forge lines.  Text follows PostgreSQL's
 * message style.  Values of SQL literals and parameters are never logged. */
#pragma once

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* A longer line is cut on a character boundary. */
#define LOG_LINE_BYTES 2048

struct daemon_log {
    int fd;
    bool journal;
    atomic_int level; /* changed by a reload, read by every thread */
    atomic_bool json;
};

/* ${fd} is borrowed.  Level info, format text; find out whether ${fd} is the journal. */
void log_init(struct daemon_log *l, int fd);
void log_configure(struct daemon_log *l, enum log_level level, bool json);
/* Would a line of ${level} be written? */
bool log_wants(const struct daemon_log *l, enum log_level level);

/* Any thread.  ${l} may be NULL: nothing is logged. */
void log_debug(struct daemon_log *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_info(struct daemon_log *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warning(struct daemon_log *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void log_error(struct daemon_log *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
