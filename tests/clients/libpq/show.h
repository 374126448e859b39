/* show.h: what the program saw, a line for each step. */
#pragma once

#include <libpq-fe.h>

#include <stdbool.h>
#include <stddef.h>

/* "name: text". */
void show(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Status, rows, command tag, or what of the error is the same everywhere; clears ${r}. */
void show_result(const char *name, PGresult *r);
/* Columns and parameters instead of rows; clears ${r}. */
void show_description(const char *name, PGresult *r);
/* All results of what was sent, up to the first NULL. */
void show_all(const char *name, PGconn *c);
/* PQexec and show_result. */
void query(PGconn *c, const char *name, const char *sql);
/* The one value of a row; the program ends if there is none.  Free with PQclear(${*ret}). */
const char *value(PGconn *c, PGresult **ret, const char *sql);
/* Wait until the connection can be read (or, if ${writing}, also until it can be written). */
void await(PGconn *c, bool writing);
/* Consume until a result can be had without blocking. */
PGresult *next_result(PGconn *c);
/* The program ends with this as its last line. */
__attribute__((format(printf, 1, 2), noreturn)) void give_up(const char *format, ...);
