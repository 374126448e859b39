/* jsonpath_regex.c: which expressions of like_regex are surely valid; whether others are is known
 * only where they are compiled. */
#include "daemon/store/jsonpath.h"

#include <ctype.h>
#include <string.h>

/* `[...]` at ${i}: behind it, 0 unless it surely is a class. */
static size_t plain_class(struct slice s, size_t i)
{
    size_t from = i + 1;
    for (i = from; i < s.len && s.data[i] != ']'; i++) {
        unsigned char c = (unsigned char)s.data[i];
        bool range = c == '-' && i > from && i + 1 < s.len && s.data[i + 1] != ']';
        if (c == '[' || c == '\\' || (c == '^' && i > from) || c >= 0x80)
            return 0;
        if (range && (!isalnum((unsigned char)s.data[i - 1]) ||
                      !isalnum((unsigned char)s.data[i + 1]) || s.data[i - 1] > s.data[i + 1] ||
                      (i >= from + 2 && s.data[i - 2] == '-')))
            return 0;
        if (c == '^' && i == from)
            from++;
    }
    return i < s.len && i > from ? i + 1 : 0;
}

bool jsonpath_plain_regex(struct slice s)
{
    int open = 0;
    bool atom = false; /* may a quantifier follow? */
    for (size_t i = 0; i < s.len;) {
        char c = s.data[i++];
        if (c == '[') {
            i = plain_class(s, i - 1);
            if (i == 0)
                return false;
        } else if (c == '\\') {
            if (i >= s.len || (!ispunct((unsigned char)s.data[i]) &&
                               strchr("dswDSW", s.data[i]) == NULL))
                return false;
            i++;
        } else if (c == '*' || c == '+' || c == '?') {
            if (!atom)
                return false;
            atom = false;
            continue;
        } else if (c == '(') {
            if (i < s.len && s.data[i] == '?')
                return false;
            open++;
        } else if (c == ')') {
            if (--open < 0)
                return false;
        } else if (c == '{' || c == '}' || c == '\0') {
            return false;
        }
        atom = c != '(' && c != '|' && c != '^' && c != '$';
        if (c == '*' || (c == '|' && (i >= s.len || s.data[i] == '|')))
            return false;
    }
    return open == 0 && (s.len < 3 || memcmp(s.data, "***", 3) != 0);
}
