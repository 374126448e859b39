/* settings.h: which settings (GUCs) a client may set, read or reset, and to what.
 *
 * A setting belongs to the client, is replayed on whichever server it gets, and must not change how
 * statements are read (strings, encoding, search_path), who runs them, or what the server spends on
 * others.  Names are compared in lower case, as PostgreSQL does. */
#pragma once

#include "policy/nodes.h"
#include "policy/policy.h"

/* The names of Partywall itself, `partywall.*`: answered by the session, unknown to servers. */
bool settings_is_own(const char *name);
/* Is ${name} one of those that SHOW tells? */
bool settings_shown(const char *name, bool confined);

/* May ${name} be set to ${value}?  ${value} as set_config takes it; NULL: to its default.
 * 0, or -1: 42501 not allowed, 42704 unknown name, 22023 value not allowed.  Also for start-up
 * parameters, and for owners with ${confined} false: then only what would mislead the parser is
 * refused. */
int settings_check(const struct rules *rules, bool confined, const char *name, const char *value,
                   struct err *err) MUSTCHECK;
/* The same for SET SESSION CHARACTERISTICS, which says it in SQL's own words. */
int settings_characteristic(const struct rules *rules, bool confined, const char *name,
                            const char *value, struct err *err) MUSTCHECK;

/* May a confined client read ${name} (SHOW, current_setting)? */
bool settings_readable(const struct rules *rules, const char *name);

/* The names that settings_readable allows, lower case, some twice; NULL: no more. */
const char *settings_nth_readable(const struct rules *rules, size_t i);

/* The value of a SET as set_config takes it, malloc'd: lists joined and quoted, intervals of SET
 * TIME ZONE written out.  ${args} is VariableSetStmt's.  NULL: refused, ${err} says why. */
char *settings_value(const char *name, const List *args, struct err *err) MUSTCHECK;
