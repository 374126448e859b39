/* portal.h: prepared statements with values: opened, run, read, closed. */
#pragma once

#include "daemon/store/statement.h"

/* -- portal.c -- */
/* A running or finished statement, with PostgreSQL's position in its rows: before the first
 * (at_start), on row `pos` (from 1), or behind the last (at_end; `pos` is the last). */
struct portal {
    char *name;
    bool listed; /* in c->portals; EXECUTE and COPY run portals of their own */
    struct prepared *prepared;
    sqlite3_stmt *stmt; /* QUERY: with its values bound */
    struct rowset *params; /* UTILITY: one row of values for the statement inside */
    int16_t *formats;      /* of each result column */
    struct types_value *values; /* of the row read last */
    bool started, done;         /* ... the statement of SQLite; done: it has no more rows */
    uint64_t fetched;           /* rows it has given */
    struct rowset *rows;        /* of these, those after the first ${base}; NULL: they are not kept */
    uint64_t base;
    struct err *later; /* an error that row `fetched` + 1 has raised ahead of its time */
    uint64_t pos;
    bool at_start, at_end;
    char tag[80];
    bool counts;   /* the number of rows follows the tag */
    bool describe; /* a simple query: RowDescription goes before the rows */
    bool simple;   /* of a simple query: nobody sees it */
    bool scroll, hold, binary;
    bool declared; /* by SQL */
    bool held;     /* its transaction is over */
    int64_t made_us;
    size_t depth; /* savepoints when it was made */
    unsigned pins;
    bool closed; /* while pinned */
    sqlite3_stmt *holder;   /* of a statement in steps: its parameters, as columns */
    struct rows_kept *kept; /* ... and what they have kept */
    uint64_t changes;
};
/* Bind ${m} (NULL: no parameters, all results as text) to ${p}. */
int portal_open(struct store_conn *c, const char *name, struct prepared *p,
                const struct msg_bind *m, struct portal **ret, struct err *err) MUSTCHECK;
/* For a statement that another one is around, with its values (NULL: none); ${name} NULL: not
 * listed. */
int portal_open_inner(struct store_conn *c, const char *name, struct prepared *p,
                      struct rowset *params, struct portal **ret, struct err *err) MUSTCHECK;
struct portal *portal_find(struct store_conn *c, const char *name);
void portal_pin(struct portal *p);
void portal_unpin(struct store_conn *c, struct portal *p);
void portal_close(struct store_conn *c, struct portal *p);
/* Close all that were made inside more than ${depth} savepoints. */
void portal_close_deeper(struct store_conn *c, size_t depth);
/* Those of this transaction, or all. */
void portal_close_transaction(struct store_conn *c);
void portal_close_all(struct store_conn *c);
/* Hand the SQLite statement back for the next one, or let it go. */
void portal_done(struct store_conn *c, struct portal *p);
/* Keep rows from the next one on. */
int portal_keep(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
/* Read all statements that stand in the middle to their end, so that what follows cannot change
 * what they show. */
int portal_settle(struct store_conn *c, struct err *err) MUSTCHECK;
/* Try what PostgreSQL's planner works out of ${p} beforehand. */
int portal_fold(struct store_conn *c, struct prepared *p, struct err *err) MUSTCHECK;
/* The transaction is about to be committed: cursors WITH HOLD become independent of it, others are
 * closed.  Then it has been. */
int portal_hold(struct store_conn *c, struct err *err) MUSTCHECK;
void portal_held(struct store_conn *c);

/* -- execute.c -- */
#define PORTAL_ALL UINT64_MAX
struct portal_sink {
    bool client;      /* rows go into c->out */
    struct rowset *to; /* or here; neither: nowhere */
};
/* Its first step; -1: 25006, 40001 ... */
int portal_start(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
/* Row ${index} (from 1) into p->values: 1, 0 at the end, -1. */
int portal_row(struct store_conn *c, struct portal *p, uint64_t index, struct err *err) MUSTCHECK;
/* Up to ${count} rows from where it stands. */
int portal_move(struct store_conn *c, struct portal *p, bool forward, uint64_t count,
                const struct portal_sink *sink, uint64_t *ret_n, struct err *err) MUSTCHECK;
/* One more row of a utility's answer: texts, NULL for NULL. */
int portal_add_text(struct store_conn *c, struct portal *p, const char *const *texts, size_t n,
                    struct err *err) MUSTCHECK;
/* A query portal to its end; its tag, number and all, into p->tag. */
int portal_finish(struct store_conn *c, struct portal *p, const struct portal_sink *sink,
                  struct err *err) MUSTCHECK;
/* RowDescription of ${p}'s results in these formats (NULL: text), or NoData. */
void portal_describe(struct store_conn *c, const struct prepared *p, const int16_t *formats);
/* Run it, rows and CommandComplete (or PortalSuspended) into c->out.  ${max_rows} 0: all. */
int portal_run(struct store_conn *c, struct portal *p, uint32_t max_rows,
               struct err *err) MUSTCHECK;
/* Start the clock of a statement: cancel, statement_timeout, statement_timestamp(). */
void statement_start(struct store_conn *c);
int stmt_bind_value(sqlite3_stmt *stmt, int i, const struct types_value *v);

/* -- cursor.c, named.c, explain.c, copy*.c: the verbs -- */
int cursor_declare(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
int cursor_fetch(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
int named_prepare(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
int named_execute(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
int explain_statement(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
int copy_run(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;

/* -- steps.c: statements of several steps -- */
/* Make a holder for the parameters, to be bound beside the statement. */
int steps_open(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
/* Run all steps, and check the foreign keys that they may have broken. */
int steps_run(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
void steps_close(struct store_conn *c, struct portal *p);

/* -- utility.c -- */
/* Run a statement that is not a query: rows into p->rows, the tag into p->tag. */
int utility_run(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
