/* infer_names.c: names inside texts, as regclass and regtype read them; see infer.h. */
#include "daemon/store/infer.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#include "parser/parser.h"
#pragma GCC diagnostic pop

static void name_failed(struct tr *tr, int location)
{
    tr_fail(tr, "42602", location, "invalid name syntax");
}

/* One part of a dotted name from ${at} on: quoted, or folded to lower case. */
static char *name_part(struct tr *tr, const char **at, int location)
{
    const char *p = *at;
    char *out = palloc(strlen(p) + 1), *to = out;
    if (*p == '"') {
        for (p++; *p != '"' || p[1] == '"'; p++) {
            if (*p == '\0')
                name_failed(tr, location);
            if (*p == '"')
                p++;
            *to++ = *p;
        }
        p++;
    } else {
        for (; *p != '\0' && *p != '.' && *p != '"'; p++)
            *to++ = (char)(*p >= 'A' && *p <= 'Z' ? *p + 'a' - 'A' : *p);
    }
    *to = '\0';
    if (to == out || (*p != '\0' && *p != '.'))
        name_failed(tr, location);
    *at = p;
    return out;
}

void infer_split_name(struct tr *tr, const char *text, int location, char **ret_schema,
                      char **ret_name)
{
    const char *at = text;
    *ret_schema = NULL;
    *ret_name = name_part(tr, &at, location);
    if (*at == '.') {
        at++;
        *ret_schema = *ret_name;
        *ret_name = name_part(tr, &at, location);
    }
    if (*at == '.')
        tr_unsupported(tr, location, "a name of three parts in a constant");
    if (*at != '\0')
        name_failed(tr, location);
}

TypeName *infer_parse_type(struct tr *tr, const char *text, int location)
{
    List *parsed = raw_parser(text, RAW_PARSE_TYPE_NAME);
    if (list_length(parsed) != 1)
        tr_fail(tr, SQLSTATE_SYNTAX_ERROR, location, "invalid type name \"%s\"", text);
    TypeName *name = linitial(parsed);
    name->location = location;
    return name;
}

bool infer_is_reg(uint32_t type)
{
    return types_is_reg(type);
}
