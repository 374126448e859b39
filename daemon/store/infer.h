/* infer.h: PostgreSQL's rules for types: names, coercion, and the choice among overloads.
 *
 * The rules are those of the manual's chapter "Type Conversion"; the rows they work on are types.h
 * (types) and infer_facts.h (casts, operators, functions). */
#pragma once

#include "daemon/store/infer_facts.h"
#include "daemon/store/translate_tree.h"

/* pg_cast.castcontext, from the least to the most willing. */
enum infer_context { INFER_IMPLICIT, INFER_ASSIGNMENT, INFER_EXPLICIT };

/* format_type without typmod: as PostgreSQL's error texts name it. */
const char *infer_type_name(struct tr *tr, uint32_t type);
/* 'S', 'N' ...; 'X' for unknown. */
char infer_category(const struct tr *tr, uint32_t type);
bool infer_preferred(const struct tr *tr, uint32_t type);
/* The type that ${name} means, 42704 if there is none; ${ret_typmod} -1 when it has none. */
uint32_t infer_type(struct tr *tr, TypeName *name, int32_t *ret_typmod);

/* A name in a text, as regclass reads it: "schema"."name" or name, folded to lower case unless
 * quoted. */
void infer_split_name(struct tr *tr, const char *text, int location, char **ret_schema,
                      char **ret_name);
/* A type's name in a text, as regtype reads it. */
TypeName *infer_parse_type(struct tr *tr, const char *text, int location);

/* The type of ${e}, its domain if it is of one: what polymorphic arguments are, and errors name. */
static inline uint32_t infer_said(const struct expr *e)
{
    return e->domain != 0 ? e->domain : e->type;
}

/* Of a domain its base, with its typmod (${typmod} may be NULL). */
uint32_t infer_base(const struct tr *tr, uint32_t type, int32_t *typmod);
bool infer_is_enum(const struct tr *tr, uint32_t type);
/* A type whose values are names of things in the catalog. */
bool infer_is_reg(uint32_t type);

/* anyelement, anyarray, anycompatible ...: declared types that stand for what the arguments are. */
bool infer_is_polymorphic(uint32_t type);

bool infer_can_coerce(const struct tr *tr, uint32_t from, uint32_t to, enum infer_context context);
/* ${e} as ${type}, or NULL if there is no such conversion.  Open literals are converted here and
 * now (22P02 ...); open parameters take the type. */
struct expr *infer_coerce(struct tr *tr, struct expr *e, uint32_t type, enum infer_context context);
/* A value of character(n), kept without the blanks at its end, with them, as a value of no length. */
struct expr *infer_padded(struct expr *e);
/* Apply a length or precision. */
struct expr *infer_typmod(struct tr *tr, struct expr *e, uint32_t type, int32_t typmod,
                          bool explicit_cast);
/* For SET and INSERT: 42804 with PostgreSQL's text when it cannot be. */
/* Likewise a value that gets ${typmod} afterwards: an interval's literal is read by it. */
struct expr *infer_coerce_typmod(struct tr *tr, struct expr *e, uint32_t type, int32_t typmod,
                                 enum infer_context context);
struct expr *infer_assign(struct tr *tr, struct expr *e, const struct store_column *column);
/* Settle an expression that is still open as text. */
struct expr *infer_settle(struct tr *tr, struct expr *e);

/* Best operator for the operand types (0 for no left operand); 42883, 42725. */
const struct infer_operator *infer_operator_find(struct tr *tr, const char *name, uint32_t left,
                                                 uint32_t right, int location);
/* A function call resolved: the row, and what its arguments must become. */
struct infer_call {
    const struct infer_proc *proc;
    uint32_t types[FUNC_MAX_ARGS];
    uint32_t result;
    bool variadic; /* trailing arguments are elements of the variadic array */
    bool cast;     /* `type(x)`: a cast to `result` */
};
/* ${said}: see infer_said.  42883, 42725; 0A000 for functions of PostgreSQL that are not in the table
 * at all. */
void infer_call_find(struct tr *tr, const char *name, const uint32_t *said, int nargs, bool star,
                     int location, struct infer_call *ret);
/* The declared type ${declared} of a result or argument, given what polymorphic arguments were. */
uint32_t infer_polymorphic(const struct tr *tr, uint32_t declared, const uint32_t *declared_args,
                           const uint32_t *actual_args, int nargs);
/* Are there polymorphic arguments, none of them known?  (Those of the anycompatible kind are text then.) */
bool infer_undetermined(const uint32_t *declared, const uint32_t *actual, int nargs);
/* Fill in declared types of a chosen candidate, polymorphic ones replaced. */
/* func_select_candidate: index of the best of ${ncandidates} argument lists, -1 if none or several.
 */
int infer_select(struct tr *tr, int nargs, const uint32_t *types, int ncandidates,
                 const uint32_t *const *candidates);
