/* translate_fixture.h: a catalog of the store, made by hand, and its tables in SQLite. */
#pragma once

#include "daemon/store/catalog.h"
#include "daemon/store/types.h"

/* -- "User"(id serial primary key, email text not null unique, name varchar(20), level int4 default
 * 1, balance numeric, "createdAt" timestamptz), log(id int4 generated always, at date) -- */

static const struct store_column user_columns[] = {
    {.name = "id",
     .sqlite_name = "id",
     .type_oid = TYPES_INT4,
     .typmod = -1,
     .type_len = 4,
     .attnum = 1,
     .not_null = true,
     .rowid = true,
     .default_sql = "nextval",
     .default_sqlite = "pgf_nextval(9)"},
    {.name = "email",
     .sqlite_name = "email",
     .type_oid = TYPES_TEXT,
     .typmod = -1,
     .type_len = -1,
     .attnum = 2,
     .not_null = true},
    {.name = "name",
     .sqlite_name = "name",
     .type_oid = TYPES_VARCHAR,
     .typmod = 24,
     .type_len = -1,
     .attnum = 3},
    {.name = "level",
     .sqlite_name = "level",
     .type_oid = TYPES_INT4,
     .typmod = -1,
     .type_len = 4,
     .attnum = 4,
     .default_sql = "1",
     .default_sqlite = "1"},
    {.name = "balance",
     .sqlite_name = "balance",
     .type_oid = TYPES_NUMERIC,
     .typmod = -1,
     .type_len = -1,
     .attnum = 5},
    {.name = "createdAt",
     .sqlite_name = "createdAt",
     .type_oid = TYPES_TIMESTAMPTZ,
     .typmod = -1,
     .type_len = 8,
     .attnum = 6},
};
static const struct store_column log_columns[] = {
    {.name = "id",
     .sqlite_name = "id",
     .type_oid = TYPES_INT4,
     .typmod = -1,
     .type_len = 4,
     .attnum = 1,
     .not_null = true,
     .identity = 'a',
     .default_sql = "nextval",
     .default_sqlite = "pgf_nextval(8)"},
    {.name = "at",
     .sqlite_name = "at",
     .type_oid = TYPES_DATE,
     .typmod = -1,
     .type_len = 4,
     .attnum = 2},
};
static const int16_t first[] = {1}, second[] = {2};
static const struct store_key user_keys[] = {
    {.name = "User_pkey",
     .oid = 21,
     .constraint_oid = 31,
     .primary = true,
     .unique = true,
     .attnums = first,
     .nattnums = 1},
    {.name = "User_email_key",
     .oid = 22,
     .constraint_oid = 32,
     .unique = true,
     .attnums = second,
     .nattnums = 1},
};
static const struct store_table tables[] = {
    {.oid = 100,
     .schema = "public",
     .name = "User",
     .sqlite_name = "User",
     .kind = 'r',
     .columns = user_columns,
     .ncolumns = 6,
     .keys = user_keys,
     .nkeys = 2},
    {.oid = 101,
     .schema = "public",
     .name = "log",
     .sqlite_name = "log",
     .kind = 'r',
     .columns = log_columns,
     .ncolumns = 2},
    {.oid = 1259,
     .schema = "pg_catalog",
     .name = "pg_class",
     .sqlite_name = "pg_class",
     .kind = 'r',
     .system = true,
     .columns = log_columns,
     .ncolumns = 2},
};
static const struct store_schema schemas[] = {{11, "pg_catalog"}, {2200, "public"}};
static const char *path[] = {"pg_catalog", "public"};
static const struct store_table *by_name[] = {&tables[0], &tables[1], &tables[2]};
static const struct store_catalog catalog = {.tables = tables,
                                             .ntables = 3,
                                             .by_name = by_name,
                                             .schemas = schemas,
                                             .nschemas = 2,
                                             .path = path,
                                             .npath = 2,
                                             .nimplicit = 1};

/* The same tables, for SQLite to check what the translator says. */
__attribute__((unused)) static const char catalog_sql[] =
    "CREATE TABLE \"User\" (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, level INTEGER,"
    " balance TEXT COLLATE numeric, \"createdAt\" INTEGER, CONSTRAINT \"User_email_key\" UNIQUE "
    "(email)) STRICT;"
    "CREATE TABLE log (id INTEGER, at INTEGER) STRICT; CREATE TABLE pg_class (id INTEGER, at "
    "INTEGER) STRICT;";
