#include "protocol/err.h"

#include <stdio.h>
#include <string.h>

/* Length of the longest prefix of ${text} that is at most ${max} bytes and ends between characters.
 * Bytes that are no UTF-8 are kept: a wrong byte is better than a lost message. */
static size_t cut_length(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return len;
    size_t cut = max;
    while (cut > 0 && max - cut < 4 && ((unsigned char)text[cut] & 0xc0) == 0x80)
        cut--;
    return ((unsigned char)text[cut] & 0xc0) == 0x80 ? max : cut;
}

/* The text is formatted aside, because an argument may be a field of the same struct err. */
__attribute__((format(printf, 3, 0))) static void set_field(char *field, size_t size,
                                                            const char *format, va_list args)
{
    char text[ERR_DETAIL_BYTES + 8];
    int n = vsnprintf(text, sizeof(text), format, args);
    size_t len = n < 0 ? 0 : strnlen(text, sizeof(text) - 1);
    len = cut_length(text, len, size - 1);
    memcpy(field, text, len);
    field[len] = '\0';
}

void err_reset(struct err *err)
{
    if (!err)
        return;
    err->sqlstate[0] = err->message[0] = err->detail[0] = err->hint[0] = err->context[0] = '\0';
    err->schema[0] = err->table[0] = err->column[0] = err->datatype[0] = err->constraint[0] = '\0';
    err->position = 0;
}

int err_set(struct err *err, const char *sqlstate, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)err_vset(err, sqlstate, format, args);
    va_end(args);
    return -1;
}

int err_vset(struct err *err, const char *sqlstate, const char *format, va_list args)
{
    if (!err)
        return -1;
    char code[sizeof(err->sqlstate)] = "";
    char message[sizeof(err->message)] = "";
    snprintf(code, sizeof(code), "%s", sqlstate);
    set_field(message, sizeof(message), format, args);
    err_reset(err);
    memcpy(err->sqlstate, code, sizeof(code));
    memcpy(err->message, message, sizeof(message));
    return -1;
}

void err_detail(struct err *err, const char *format, ...)
{
    if (!err)
        return;
    va_list args;
    va_start(args, format);
    set_field(err->detail, sizeof(err->detail), format, args);
    va_end(args);
}

void err_hint(struct err *err, const char *format, ...)
{
    if (!err)
        return;
    va_list args;
    va_start(args, format);
    set_field(err->hint, sizeof(err->hint), format, args);
    va_end(args);
}

void err_context(struct err *err, const char *format, ...)
{
    if (!err)
        return;
    va_list args;
    size_t used = strlen(err->context);
    if (used > 0 && used + 1 < sizeof(err->context))
        err->context[used++] = '\n';
    va_start(args, format);
    set_field(err->context + used, sizeof(err->context) - used, format, args);
    va_end(args);
}

void err_copy_text(char *field, size_t field_bytes, const char *text, size_t len)
{
    if (field_bytes == 0)
        return;
    size_t cut = cut_length(text, len, field_bytes - 1);
    if (cut > 0)
        memcpy(field, text, cut);
    field[cut] = '\0';
}
