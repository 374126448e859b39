/* verbs.c: which statements are around another one, and what they answer. */
#include "daemon/store/create_as.h"
#include "daemon/store/statement.h"
#include "daemon/store/verbs.h"


int verb_columns(struct prepared *p, const struct prepared *inner, struct err *err)
{
    p->columns = arena_copy(&p->arena, inner->columns, inner->ncolumns * sizeof *p->columns);
    p->ncolumns = inner->ncolumns;
    p->returns_rows = inner->returns_rows;
    return p->arena.failed ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory") : 0;
}

int verb_text_columns(struct prepared *p, const char *const *names, size_t n, struct err *err)
{
    p->columns = arena_alloc(&p->arena, n * sizeof *p->columns);
    for (size_t i = 0; i < n && p->columns; i++)
        p->columns[i] = (struct msg_field){.name = arena_strdup(&p->arena, names[i]),
                                           .type_oid = TYPES_TEXT,
                                           .type_len = -1,
                                           .typmod = -1};
    p->ncolumns = n;
    p->returns_rows = true;
    return p->arena.failed ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory") : 0;
}

int verb_analyse(struct store_conn *c, struct prepared *p, void *stmt, struct err *err)
{
    switch (nodeTag(stmt)) {
    case T_DeclareCursorStmt:
        p->verb = VERB_DECLARE;
        return cursor_analyse_declare(c, p, stmt, err);
    case T_FetchStmt:
        p->verb = VERB_FETCH;
        return cursor_analyse_fetch(c, p, stmt, err);
    case T_PrepareStmt:
        p->verb = VERB_PREPARE;
        return named_analyse_prepare(c, p, stmt, err);
    case T_ExecuteStmt:
        p->verb = VERB_EXECUTE;
        return named_analyse_execute(c, p, stmt, err);
    case T_ExplainStmt:
        p->verb = VERB_EXPLAIN;
        return explain_analyse(c, p, stmt, err);
    case T_CreateTableAsStmt:
        p->verb = VERB_CREATE_AS;
        return create_as_analyse(c, p, stmt, err);
    case T_CopyStmt:
        p->verb = VERB_COPY;
        return copy_analyse(c, p, stmt, err);
    default:
        return 0;
    }
}
