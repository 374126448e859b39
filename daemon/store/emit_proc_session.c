/* emit_proc_session.c: templates of the session, sequences, locks; see emit_proc.h. */
#include "daemon/store/emit_proc.h"

static const struct emit_proc_entry entries[] = {
    {F_VERSION, "pgf_version()"},
    {F_CURRENT_DATABASE, "pgf_current_database()"},
    {F_CURRENT_SCHEMA, "pgf_current_schema()"},
    {F_CURRENT_SETTING_TEXT, "pgf_current_setting(%1, 0)"},
    {F_CURRENT_SETTING_TEXT_BOOL, "pgf_current_setting(%1, %2)"},
    {F_SET_CONFIG, "pgf_set_config(%1, %2, %3)"},
    {F_PG_BACKEND_PID, "pgf_backend_pid()"},
    {F_NEXTVAL, "pgf_nextval(%1)"},
    {F_CURRVAL, "pgf_currval(%1)"},
    {F_LASTVAL, "pgf_lastval()"},
    {F_SETVAL_REGCLASS_INT8, "pgf_setval(%1, %2, 1)"},
    {F_SETVAL_REGCLASS_INT8_BOOL, "pgf_setval(%1, %2, %3)"},
    {F_PG_IS_IN_RECOVERY, "0"},
    {F_PG_ADVISORY_UNLOCK_ALL, "''"}, /* there are no such locks */
    {F_CURRENT_SCHEMAS, "pgf_current_schemas(%1)"},
};

const struct emit_proc_set emit_proc_session = {entries, sizeof(entries) / sizeof(entries[0])};
