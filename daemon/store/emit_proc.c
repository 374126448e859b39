/* emit_proc.c: PostgreSQL's functions and operators -> SQLite templates; see emit_proc.h. */
#include "daemon/store/emit_proc.h"

#include "daemon/store/emit.h"

static const struct emit_proc_set *const sets[] = {
    &emit_proc_number,    &emit_proc_text,    &emit_proc_cast,  &emit_proc_time,
    &emit_proc_aggregate, &emit_proc_json,    &emit_proc_array, &emit_proc_range, &emit_proc_inet,
    &emit_proc_session,   &emit_proc_catalog, &emit_proc_enum,  &emit_proc_jsonpath,
    &emit_proc_record,    &emit_proc_extension,
};

const char *emit_proc_template(uint32_t proc)
{
    for (size_t s = 0; s < sizeof(sets) / sizeof(sets[0]); s++)
        for (size_t i = 0; i < sets[s]->n; i++)
            if (sets[s]->entries[i].proc == proc)
                return sets[s]->entries[i].pattern;
    return NULL;
}
