/* translate_session.c: CURRENT_DATE, CURRENT_USER and the other words that are values of the
 * session. */
#include "daemon/store/translate_expr.h"

#include <ctype.h>

static const struct word {
    const char *name;
    uint32_t type;
    const char *sql;
} words[] = {
    [SVFOP_CURRENT_DATE] = {"current_date", TYPES_DATE, "pgf_current_date()"},
    [SVFOP_CURRENT_TIME] = {"current_time", TYPES_TIMETZ, "pgf_timetz(pgf_now())"},
    [SVFOP_CURRENT_TIME_N] = {"current_time", TYPES_TIMETZ, "pgf_timetz(pgf_now())"},
    [SVFOP_CURRENT_TIMESTAMP] = {"current_timestamp", TYPES_TIMESTAMPTZ, "pgf_now()"},
    [SVFOP_CURRENT_TIMESTAMP_N] = {"current_timestamp", TYPES_TIMESTAMPTZ, "pgf_now()"},
    [SVFOP_LOCALTIME] = {"localtime", TYPES_TIME, "pgf_timestamp_time(pgf_localtimestamp())"},
    [SVFOP_LOCALTIME_N] = {"localtime", TYPES_TIME, "pgf_timestamp_time(pgf_localtimestamp())"},
    [SVFOP_LOCALTIMESTAMP] = {"localtimestamp", TYPES_TIMESTAMP, "pgf_localtimestamp()"},
    [SVFOP_LOCALTIMESTAMP_N] = {"localtimestamp", TYPES_TIMESTAMP, "pgf_localtimestamp()"},
    [SVFOP_CURRENT_ROLE] = {"current_role", TYPES_NAME, "pgf_current_user()"},
    [SVFOP_CURRENT_USER] = {"current_user", TYPES_NAME, "pgf_current_user()"},
    [SVFOP_USER] = {"user", TYPES_NAME, "pgf_current_user()"},
    [SVFOP_SESSION_USER] = {"session_user", TYPES_NAME, "pgf_current_user()"},
    [SVFOP_CURRENT_CATALOG] = {"current_catalog", TYPES_NAME, "pgf_current_database()"},
    [SVFOP_CURRENT_SCHEMA] = {"current_schema", TYPES_NAME, "pgf_current_schema()"},
};

struct expr *session_value(struct scope *s, const SQLValueFunction *f)
{
    const struct word *w = &words[f->op];
    return infer_typmod(s->tr, expr_new(EXPR_PLAIN, w->type, w->sql, f->location), w->type,
                        f->typmod, true);
}

const char *session_value_name(const SQLValueFunction *f)
{
    return words[f->op].name;
}

const char *session_value_text(const SQLValueFunction *f)
{
    const char *name = words[f->op].name;
    char *text = f->typmod < 0 ? pstrdup(name) : psprintf("%s(%d)", name, f->typmod);
    for (char *p = text; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return text;
}
