#include "daemon/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *name;
    int syslog; /* RFC 5424 severity, as the journal reads it from <n> */
} log_levels[] = {
    [LOG_LEVEL_DEBUG] = {"debug", 7},
    [LOG_LEVEL_INFO] = {"info", 6},
    [LOG_LEVEL_WARNING] = {"warning", 4},
    [LOG_LEVEL_ERROR] = {"error", 3},
};

/* systemd tells in JOURNAL_STREAM which device and inode its socket has; it may have been
 * redirected since. */
static bool log_is_journal(int fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    unsigned long long device, inode;
    if (!stream || fstat(fd, &st) != 0)
        return false;
    char *colon;
    device = strtoull(stream, &colon, 10);
    if (*colon != ':')
        return false;
    inode = strtoull(colon + 1, NULL, 10);
    return device == st.st_dev && inode == st.st_ino;
}

void log_init(struct daemon_log *l, int fd)
{
    l->fd = fd;
    l->journal = log_is_journal(fd);
    atomic_init(&l->level, LOG_LEVEL_INFO);
    atomic_init(&l->json, false);
}

void log_configure(struct daemon_log *l, enum log_level level, bool json)
{
    atomic_store(&l->level, (int)level);
    atomic_store(&l->json, json);
}

bool log_wants(const struct daemon_log *l, enum log_level level)
{
    return l && (int)level >= atomic_load_explicit(&l->level, memory_order_relaxed);
}

/* ${end} of ${line} without a character that was cut in two (UTF-8). */
static size_t log_whole_characters(const char *line, size_t end)
{
    size_t head = end;
    while (head > 0 && end - head < 3 && ((unsigned char)line[head - 1] & 0xc0) == 0x80)
        head--;
    if (head == 0)
        return end;
    unsigned char c = (unsigned char)line[head - 1];
    size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    return end - (head - 1) < need ? head - 1 : end;
}

/* Append ${text} at ${at} of ${line} with what could break out of its place replaced; returns the
 * new end, at most ${limit}. */
static size_t log_put_text(char *line, size_t at, size_t limit, const char *text, bool json)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (at + 2 > limit)
            break;
        if (json && (*p == '"' || *p == '\\'))
            line[at++] = '\\';
        line[at++] = *p < 0x20 || *p == 0x7f ? ' ' : (char)*p;
    }
    return log_whole_characters(line, at);
}

static size_t log_put_head(const struct daemon_log *l, char *line, enum log_level level, bool json)
{
    if (l->journal && !json)
        return (size_t)snprintf(line, LOG_LINE_BYTES, "<%d>", log_levels[level].syslog);
    struct timespec now;
    struct tm tm;
    char stamp[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
    return (size_t)snprintf(
        line, LOG_LINE_BYTES,
        json ? "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"message\":\"" : "%s.%03ldZ %s: ", stamp,
        now.tv_nsec / 1000000, log_levels[level].name);
}

__attribute__((format(printf, 3, 0))) static void
log_line(struct daemon_log *l, enum log_level level, const char *format, va_list args)
{
    if (!log_wants(l, level))
        return;
    char text[LOG_LINE_BYTES];
    char line[LOG_LINE_BYTES];
    bool json = atomic_load_explicit(&l->json, memory_order_relaxed);
    vsnprintf(text, sizeof text, format, args);
    size_t len = log_put_head(l, line, level, json);
    len = log_put_text(line, len, sizeof line - 4, text, json);
    if (json) {
        line[len++] = '"';
        line[len++] = '}';
    }
    line[len++] = '\n';
    ssize_t n;
    do /* a log that cannot be written must not stop the service */
        n = write(l->fd, line, len);
    while (n < 0 && errno == EINTR);
}

void log_debug(struct daemon_log *l, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line(l, LOG_LEVEL_DEBUG, format, args);
    va_end(args);
}

void log_info(struct daemon_log *l, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line(l, LOG_LEVEL_INFO, format, args);
    va_end(args);
}

void log_warning(struct daemon_log *l, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line(l, LOG_LEVEL_WARNING, format, args);
    va_end(args);
}

void log_error(struct daemon_log *l, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line(l, LOG_LEVEL_ERROR, format, args);
    va_end(args);
}
