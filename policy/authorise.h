/* authorise.h: which functions, operators, types and catalog relations a confined statement may
 * name.
 *
 * Closed lists: what is not on one is refused (42501).  Names are looked up as PostgreSQL would: an
 * unqualified name means pg_catalog unless something of that name in a schema of the search_path
 * could be chosen instead, so such a name is refused unless rules allow it.  No state, no I/O;
 * called inside parse_protect.  All checks return 0, or -1 with SQLSTATE, message and
 * ${err}->position = byte offset + 1 of ${location} in the text parsed (0 if ${location} is
 * unknown).
 *
 * What the caller's walk must hand over:
 *   FuncCall                     authorise_call (also in FROM, CALL arguments, DEFAULT, anywhere)
 *   ColumnRef of two or more names and A_Indirection whose field is not a known column
 *                                authorise_attribute for that field
 *   A_Expr, SubLink.operName, SortBy.useOp, and operator names elsewhere
 *                                authorise_operator
 *   TypeCast, coldeflist
 *                                authorise_type, or authorise_cast when the argument is known
 *   SQLValueFunction             nothing: CURRENT_DATE, CURRENT_USER, ... are all allowed; the
 *                                names say what the client itself gave, or the shared role's
 *   NullTest, BooleanTest, MinMaxExpr, CoalesceExpr, GroupingFunc, CollateClause, RowExpr, A_ArrayExpr
 *                                nothing but their parts
 *   XmlExpr, XmlSerialize, RangeTableFunc, and every node tag the caller does not know
 *                                refused by the caller
 *   each SELECT, UPDATE, DELETE, MERGE level
 *                                authorise_join_count with the number of its relations */
#pragma once

#include "policy/catalog.h"
#include "policy/isolation.h"
#include "policy/nodes.h"
#include "policy/rules.h"
#include "protocol/err.h"

struct authorise {
    const struct rules *rules;
    const struct catalog *catalog;
    enum isolation isolation;
    const char *schema; /* the tenant's, NULL without ISOLATION_SCHEMA */
};

/* A call: its name, and the arguments that must be constants within a limit
 * (current_setting's name; sizes of lpad, rpad, repeat, array_fill).  Arguments are not walked. */
int authorise_call(const struct authorise *a, const FuncCall *call, struct err *err) MUSTCHECK;

/* `x.f`, `(x).f` where f is not a known column of x: PostgreSQL may call function f(x) without a
 * call node.  Allowed when f is no function at all (the server will say 42703) or one that is
 * allowed. */
int authorise_attribute(const struct authorise *a, const char *field, int location,
                        struct err *err) MUSTCHECK;

/* An operator's name: a list of one or two String nodes. */
int authorise_operator(const struct authorise *a, const List *name, int location,
                       struct err *err) MUSTCHECK;

int authorise_type(const struct authorise *a, const TypeName *type, struct err *err) MUSTCHECK;

/* A cast: as authorise_type, but reg* types are allowed for the system column `tableoid` alone (the
 * name of a table the client reads anyway). */
int authorise_cast(const struct authorise *a, const TypeCast *cast, struct err *err) MUSTCHECK;

/* Does ${name}, as it is written, mean a function of pg_catalog and no other? */
bool authorise_means_builtin(const struct authorise *a, const List *name);

struct catalogs_relation; /* policy/catalogs.h */
/* Reads of pg_catalog and information_schema (${schema} NULL: unqualified, found nowhere else). */
int authorise_catalog_relation(const struct authorise *a, const char *schema, const char *name,
                               const struct catalogs_relation **ret, int location,
                               struct err *err) MUSTCHECK;

/* Must an unqualified ${name} be taken for a relation of pg_catalog, which comes first on the
 * search_path? True for each `pg_` name: newer servers have more of them than any list. */
bool authorise_is_catalog_relation(const char *name);

/* At most AUTHORISE_MAX_JOINS relations joined in one query level (54001): planning time.  Twice as many where
 * ${joins}, all by JOIN: PostgreSQL tries the orders of a few of them at a time (join_collapse_limit). */
#define AUTHORISE_MAX_JOINS 12
int authorise_join_count(int n, bool joins, struct err *err) MUSTCHECK;
