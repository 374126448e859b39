/* verbs.h: utility statements around another one: what their analysis leaves for their running.
 *
 * All of it lies in the arena of the struct prepared whose `plan` it is. */
#pragma once

#include "daemon/store/statement.h"
#include "policy/nodes.h"

struct declare_plan {
    const char *name;
    int options; /* CURSOR_OPT_ */
    bool scrolls; /* backward, too, although nobody said SCROLL */
};

struct fetch_plan {
    const char *name;
    FetchDirection direction;
    int64_t count; /* FETCH_ALL */
    bool move;
};

struct prepare_plan {
    const char *name;
};

struct execute_plan {
    const char *name;
    const char *arguments; /* a SELECT in SQLite's words; NULL: there are none */
};

struct explain_plan {
    bool analyze, timing, summary;
    int format; /* enum explain_format */
    struct execute_plan *execute; /* EXPLAIN EXECUTE */
};

/* Inside parse_protect: fill ${p} from the tree. */
int cursor_analyse_declare(struct store_conn *c, struct prepared *p, const DeclareCursorStmt *s,
                           struct err *err) MUSTCHECK;
int cursor_analyse_fetch(struct store_conn *c, struct prepared *p, const FetchStmt *s,
                         struct err *err) MUSTCHECK;
int named_analyse_prepare(struct store_conn *c, struct prepared *p, const PrepareStmt *s,
                          struct err *err) MUSTCHECK;
int named_analyse_execute(struct store_conn *c, struct prepared *p, const ExecuteStmt *s,
                          struct err *err) MUSTCHECK;
int explain_analyse(struct store_conn *c, struct prepared *p, const ExplainStmt *s,
                    struct err *err) MUSTCHECK;
int copy_analyse(struct store_conn *c, struct prepared *p, CopyStmt *s, struct err *err) MUSTCHECK;

/* ${p} answers with the columns of ${inner}. */
int verb_columns(struct prepared *p, const struct prepared *inner, struct err *err) MUSTCHECK;
/* Columns of type text. */
int verb_text_columns(struct prepared *p, const char *const *names, size_t n,
                      struct err *err) MUSTCHECK;
/* Can PostgreSQL be expected to go back in the rows of ${query} without being told to? */
bool cursor_scrolls(const SelectStmt *query);
/* Run the arguments of EXECUTE: one row of values, in a rowset the caller releases. */
int named_arguments(struct store_conn *c, const struct execute_plan *plan, size_t n,
                    struct rowset *ret, struct err *err) MUSTCHECK;
