/* ddl.h: statements that change the catalog.
 *
 *   ddl.c                      entry, names of relations and schemas
 *   ddl_table.c, ddl_default.c CREATE TABLE, columns, what they are by default
 *   ddl_alter.c, ddl_rename.c  ALTER TABLE; ddl_retype.c: a column's type
 *   ddl_index*.c, ddl_key.c    indexes and keys
 *   ddl_foreign.c              foreign keys and checks
 *   ddl_drop.c, ddl_truncate.c what goes
 *   ddl_rows.c                 rows of the catalog
 *   ddl_schema.c               the table's text in SQLite's schema
 *   deparse.c                  expressions as text
 * and a file for each other kind of object: ddl_domain.c, ddl_enum.c, ddl_sequence.c ...
 *
 * Order of every change: rows of the catalog first; then the catalog is read again; then SQLite's
 * schema is made to follow it (ddl_sync_table writes the CREATE TABLE text that the catalog
 * implies).  All in one transaction.  SQLite's schema has no defaults and no key but indexes;
 * columns keep the name they were born with there, so renaming is a matter of the catalog alone. */
#pragma once

#include "daemon/store/conn.h"
#include "policy/nodes.h"

bool ddl_is(const Node *stmt);
/* What to call it in an error: "CREATE TABLE". */
const char *ddl_word(const Node *stmt);
/* Inside parse_protect.  ${ret_tag} is static. */
int ddl_run(struct store_conn *c, const Node *stmt, const char *sql, const char **ret_tag,
            struct err *err) MUSTCHECK;

/* What all of it needs. */
struct ddl {
    struct store_conn *c;
    const char *sql; /* the statement's text, for positions */
    struct err *err;
    bool stale; /* rows have changed since the catalog was read */
    char persistence; /* of what is made: 't', 'u', 'p' or 0 */
    bool in_file, in_temp; /* which rows have changed since the catalog was read (temp.h) */
    bool any_file, any_temp; /* ... or before */
};

/* -- ddl.c -- */
/* A table or view that may be changed: 42P01, 42501.  ${ret} NULL when missing and ${missing_ok}.
 */
int ddl_find_table(struct ddl *d, const RangeVar *name, bool missing_ok,
                   const struct store_table **ret) MUSTCHECK;
/* Likewise one of any kind, by its oid: 0 (and a NOTICE) when missing and ${missing_ok}. */
int ddl_find_relation(struct ddl *d, const RangeVar *name, bool missing_ok,
                      uint32_t *ret) MUSTCHECK;
/* 42501 if the relation ${oid} is one of the system's. */
int ddl_not_system(struct ddl *d, uint32_t oid, const char *name) MUSTCHECK;
/* It is not there: NOTICE when ${missing_ok}, else 42P01, 3F000. */
int ddl_missing_relation(struct ddl *d, const RangeVar *name, bool missing_ok) MUSTCHECK;
/* 42809 with DETAIL "This operation is not supported for views." */
int ddl_wrong_relation(struct ddl *d, const struct store_table *t, const char *format, ...)
    __attribute__((format(printf, 3, 4))) MUSTCHECK;
/* The schema that a new object goes to: ${schema}, NULL: the first on the search_path.  3F000,
 * 42501 for those of the system. */
int ddl_creation(struct ddl *d, const char *schema, const struct store_schema **ret) MUSTCHECK;
/* That of a relation, which may be a temporary one: ${name}'s persistence becomes what it will be.  Also
 * 42P16. */
int ddl_relation_creation(struct ddl *d, RangeVar *name, const struct store_schema **ret) MUSTCHECK;
/* A schema that is named: 3F000, 42501. */
int ddl_find_schema(struct ddl *d, const char *schema, const struct store_schema **ret) MUSTCHECK;
/* 42P07 if a relation (table, index, sequence) of that name exists in the schema with oid ${space};
 * ${ret_exists} instead when not NULL. */
int ddl_check_free(struct ddl *d, uint32_t space, const char *name, bool *ret_exists) MUSTCHECK;
/* The oid of a table's schema. */
uint32_t ddl_space(struct ddl *d, const struct store_table *t);

/* "schema"."name", name: the parts of a name in a text, as List of char *; NIL: it is none. */
List *ddl_split_name(const char *text);
/* The expression that the catalog has the text of; NULL: an error. */
Node *ddl_parse_expression(struct ddl *d, const char *text);
/* relkind of a relation. */
int ddl_relkind(struct ddl *d, uint32_t oid, char *ret) MUSTCHECK;
/* 25001 unless the statement stands alone. */
int ddl_outside_block(struct ddl *d, const char *what) MUSTCHECK;

/* -- ddl_like.c -- */
/* LIKE t, as the columns and constraints that it stands for; ${ret}: what ddl_finish_like is to do
 * when the table has been made: indexes and comments. */
int ddl_expand_like(struct ddl *d, CreateStmt *s, List **ret) MUSTCHECK;
int ddl_finish_like(struct ddl *d, const List *likes, uint32_t table) MUSTCHECK;

/* -- ddl_comment.c, ddl_do.c -- */
int ddl_do(struct ddl *d, const DoStmt *s) MUSTCHECK;
int ddl_comment(struct ddl *d, const CommentStmt *s) MUSTCHECK;

/* -- ddl_namespace.c -- */
int ddl_create_schema(struct ddl *d, const CreateSchemaStmt *s) MUSTCHECK;
/* Any of the statements above, as part of another.  ${ret_tag} is static. */
int ddl_statement(struct ddl *d, const Node *stmt, const char **ret_tag) MUSTCHECK;

/* -- ddl_drop.c, ddl_truncate.c -- */
int ddl_drop(struct ddl *d, const DropStmt *s, const char **ret_tag) MUSTCHECK;
int ddl_truncate(struct ddl *d, const TruncateStmt *s) MUSTCHECK;
/* All rows of one relation go, whoever refers to them. */
int ddl_empty(struct ddl *d, const struct store_table *t) MUSTCHECK;

/* -- ddl_table.c -- */
int ddl_create_table(struct ddl *d, const CreateStmt *s) MUSTCHECK;
/* One column: rows of the catalog, its sequence and default.  Fills the name of the constraints to
 * come. */
struct ddl_new_table { /* whose columns are being made: it may not be in the catalog yet */
    uint32_t oid;
    const struct store_schema *schema;
    const char *name;
};
int ddl_add_column(struct ddl *d, const struct ddl_new_table *table, int16_t attnum,
                   const ColumnDef *def, bool primary) MUSTCHECK;
/* TypeName -> oid and typmod; ${ret_serial}: it was serial (may be NULL: then 42704). */
int ddl_type(struct ddl *d, const TypeName *type, uint32_t *ret_oid, int32_t *ret_typmod,
             bool *ret_serial) MUSTCHECK;
/* Constraints that were said in ${def} or are table constraints, after the columns exist. */
int ddl_add_constraint(struct ddl *d, uint32_t table, const Constraint *con,
                       const char *column) MUSTCHECK;
/* COLLATE, or nothing. */
int ddl_column_collation(struct ddl *d, const CollateClause *clause, uint32_t type, uint32_t table,
                         int16_t attnum) MUSTCHECK;
/* ${expression} NULL: none. */
int ddl_set_default(struct ddl *d, uint32_t table, int16_t attnum, Node *expression) MUSTCHECK;
/* What the catalog knows of it. */
int ddl_forget_default(struct ddl *d, uint32_t table, int16_t attnum) MUSTCHECK;
/* The type's oid, 0: there is none such. */
uint32_t ddl_type_oid(struct ddl *d, const TypeName *type);
/* Rows of a column (54011: there are too many); SQLite's name for it. */
int ddl_attribute_row(struct ddl *d, uint32_t table, int16_t attnum, const char *name,
                      uint32_t type, int32_t typmod, bool not_null, const char *identity) MUSTCHECK;
int ddl_sqlite_column(struct ddl *d, uint32_t table, int16_t attnum, const char *name,
                      uint32_t sequence) MUSTCHECK;
/* The clause of a column's definition; NULL: it has none. */
const Constraint *ddl_clause(const ColumnDef *def, ConstrType type);
/* What a new column's definition says of its default, and of its constraints (${keys}: PRIMARY KEY
 * and UNIQUE, or the others). */
int ddl_column_default(struct ddl *d, uint32_t table, int16_t attnum,
                       const ColumnDef *def) MUSTCHECK;
int ddl_column_constraints(struct ddl *d, uint32_t table, const ColumnDef *def,
                           bool keys) MUSTCHECK;
/* -- ddl_sequence.c -- */
int ddl_add_sequence(struct ddl *d, uint32_t space, const char *name, uint32_t type,
                     const List *options, uint32_t *ret) MUSTCHECK;
int ddl_create_sequence(struct ddl *d, const CreateSeqStmt *s) MUSTCHECK;
int ddl_alter_sequence(struct ddl *d, const AlterSeqStmt *s) MUSTCHECK;
int ddl_change_sequence(struct ddl *d, uint32_t oid, const List *options, bool identity) MUSTCHECK;
/* That of a serial or identity column. */
struct ddl_choice;
int ddl_column_sequence(struct ddl *d, const struct ddl_choice *of, uint32_t type,
                        const List *options, uint32_t *ret) MUSTCHECK;
int ddl_add_identity(struct ddl *d, uint32_t table, const char *column,
                     const Constraint *con) MUSTCHECK;
int ddl_set_identity(struct ddl *d, uint32_t table, const char *column,
                     const List *options) MUSTCHECK;
int ddl_drop_identity(struct ddl *d, uint32_t table, const char *column, bool missing_ok) MUSTCHECK;

/* -- ddl_alter.c -- */
int ddl_alter_table(struct ddl *d, const AlterTableStmt *s, const char **ret_tag) MUSTCHECK;
/* 23502 if some row has NULL there. */
int ddl_check_no_nulls(struct ddl *d, uint32_t table, int16_t attnum) MUSTCHECK;
/* -- ddl_retype.c -- */
int ddl_change_type(struct ddl *d, uint32_t table, const AlterTableCmd *cmd) MUSTCHECK;
/* What SQLite has of a default, from PostgreSQL's text of it. */
int ddl_restate_default(struct ddl *d, uint32_t table, int16_t attnum, const char *text) MUSTCHECK;
/* What SQLite checks, with the operators of the new types; ${attnum} 0: all checks, else those that
 * know the column. */
int ddl_remake_checks(struct ddl *d, uint32_t table, int16_t attnum) MUSTCHECK;
/* -- ddl_constraint.c -- */
int ddl_alter_constraint(struct ddl *d, uint32_t table, const Constraint *con) MUSTCHECK;
int ddl_validate_constraint(struct ddl *d, uint32_t table, const char *name) MUSTCHECK;
/* -- ddl_options.c -- */
int ddl_table_options(struct ddl *d, uint32_t oid, const List *options, bool reset) MUSTCHECK;
/* ... of a relation, which has been looked at. */
int ddl_options(struct ddl *d, uint32_t oid, const List *options, bool reset) MUSTCHECK;
/* -- ddl_generated.c -- */
/* GENERATED ALWAYS AS (...) STORED. */
int ddl_set_generated(struct ddl *d, uint32_t table, int16_t attnum, Node *expression) MUSTCHECK;
int ddl_drop_expression(struct ddl *d, uint32_t table, const char *column,
                        bool missing_ok) MUSTCHECK;
/* 42601: a generated column has no default to ${set} or drop. */
int ddl_no_default(struct ddl *d, const struct store_table *t, const struct store_column *c,
                   bool set) MUSTCHECK;

/* The column is in nobody's way any more: take it out of the catalog and SQLite's table. */
int ddl_remove_column(struct ddl *d, uint32_t table, int16_t attnum) MUSTCHECK;
/* 42703. */
const struct store_column *ddl_need_column(struct ddl *d, uint32_t table, const char *name);

/* -- ddl_type.c -- */
/* A type to be made: rows of pg_type for it and its arrays. */
struct ddl_type_spec {
    const char *name;
    uint32_t schema_oid;
    char type, category; /* typtype, typcategory */
    int16_t len;
    bool byval;
    uint32_t input, output, receive, send; /* pg_proc */
    char align, storage;
    uint32_t relid;     /* 'c' */
    uint32_t collation; /* of a domain: of its base */
    uint32_t base;      /* 'd' */
    int32_t base_typmod, base_ndims;
    bool not_null;
    const char *default_text;
    uint32_t analyze;
    bool of_relation; /* 'c': it comes and goes with the relation, not the other way round */
};
int ddl_make_type(struct ddl *d, const struct ddl_type_spec *spec, uint32_t *ret_oid,
                  uint32_t *ret_array) MUSTCHECK;
/* Schema and name of a type to come: 3F000, 42501; 42710 if it is taken. */
int ddl_new_type_name(struct ddl *d, const List *names, uint32_t *ret_schema,
                      const char **ret_name) MUSTCHECK;
/* Take the name away from an array type that has it by chance; 42710 if another type has it. */
int ddl_free_type_name(struct ddl *d, const char *name, uint32_t schema) MUSTCHECK;
/* Give a type, and its array type, another name. */
int ddl_name_type(struct ddl *d, uint32_t oid, uint32_t schema, const char *name) MUSTCHECK;
/* -- ddl_rowtype.c -- */
/* The type of the rows of a relation that has a row in pg_class by now. */
int ddl_make_row_type(struct ddl *d, uint32_t relation, uint32_t schema,
                      const char *name) MUSTCHECK;
/* ... follows its relation. */
int ddl_rename_row_type(struct ddl *d, uint32_t relation, uint32_t schema,
                        const char *name) MUSTCHECK;
int ddl_move_row_type(struct ddl *d, uint32_t relation, uint32_t schema) MUSTCHECK;
/* 42P16: the type is of no column. */
int ddl_check_pseudo(struct ddl *d, const char *column, uint32_t type) MUSTCHECK;
/* CREATE TYPE ... AS (...). */
int ddl_create_composite(struct ddl *d, const CompositeTypeStmt *s) MUSTCHECK;
/* ALTER TYPE ... ADD, DROP, ALTER, RENAME ATTRIBUTE. */
int ddl_alter_composite(struct ddl *d, const AlterTableStmt *s) MUSTCHECK;
int ddl_rename_attribute(struct ddl *d, const RenameStmt *s) MUSTCHECK;
/* 0A000 if rows of the type are in a column: `cannot alter ${what} because column "t.c" uses
 * ${how}`. */
int ddl_check_row_unused(struct ddl *d, uint32_t type, const char *what, const char *how) MUSTCHECK;
/* An existing type of the user's: 42704. */
int ddl_find_type(struct ddl *d, const List *names, const struct types_user **ret) MUSTCHECK;
int ddl_rename_type(struct ddl *d, const RenameStmt *s) MUSTCHECK;
int ddl_move_type(struct ddl *d, const AlterObjectSchemaStmt *s, const char **ret_tag) MUSTCHECK;

/* -- ddl_domain.c -- */
int ddl_create_domain(struct ddl *d, const CreateDomainStmt *s) MUSTCHECK;
int ddl_alter_domain(struct ddl *d, const AlterDomainStmt *s) MUSTCHECK;
int ddl_rename_domain_constraint(struct ddl *d, const RenameStmt *s) MUSTCHECK;
/* What SQLite has of the checks of domains over ${base}. */
int ddl_remake_domains(struct ddl *d, uint32_t base) MUSTCHECK;

/* -- ddl_view.c -- */
int ddl_create_view(struct ddl *d, const ViewStmt *s) MUSTCHECK;
/* Views that name the table (attnum 0), column or type are told of its new name or schema (NULL: as
 * it is), before the catalog knows it; ddl_views_renamed checks and keeps them afterwards. */
struct ddl_rename {
    uint32_t oid;
    int16_t attnum;
    bool is_type;
    const char *schema, *name;
    const char *from_schema; /* instead of an oid: all of this schema */
    List *views;             /* ddl_view.c's */
};
int ddl_views_rename(struct ddl *d, struct ddl_rename *r) MUSTCHECK;
int ddl_views_renamed(struct ddl *d, const struct ddl_rename *r) MUSTCHECK;

/* -- ddl_enum.c -- */
int ddl_create_enum(struct ddl *d, const CreateEnumStmt *s) MUSTCHECK;
int ddl_alter_enum(struct ddl *d, const AlterEnumStmt *s) MUSTCHECK;
/* -- ddl_enum_rename.c -- */
int ddl_rename_value(struct ddl *d, const struct types_user *type, const AlterEnumStmt *s) MUSTCHECK;

/* -- ddl_restate.c -- */
/* What sequences and types are called now; and later: texts that say so are changed. */
struct ddl_names *ddl_names(struct ddl *d);
int ddl_names_follow(struct ddl *d, const struct ddl_names *names) MUSTCHECK;

/* -- ddl_rename.c -- */
int ddl_rename(struct ddl *d, const RenameStmt *s, const char **ret_tag) MUSTCHECK;
int ddl_set_schema(struct ddl *d, const AlterObjectSchemaStmt *s, const char **ret_tag) MUSTCHECK;

/* -- ddl_index.c -- */
int ddl_create_index(struct ddl *d, const IndexStmt *s) MUSTCHECK;
/* A key as an index, and its constraint: the names come from ${name} or PostgreSQL's rule. */
int ddl_add_key(struct ddl *d, uint32_t table, const Constraint *con, const char *column) MUSTCHECK;
/* An index by oid; NULL: there is none. */
const struct store_key *ddl_find_index(struct ddl *d, uint32_t oid,
                                       const struct store_table **ret_owner);
/* Build it in SQLite, once the catalog has been read again.  -1: 23505 if rows are in the way. */
int ddl_make_index(struct ddl *d, const struct store_table *t, const struct store_key *k) MUSTCHECK;
/* The type of a column (0: of any) changes: what SQLite has of the indexes that know it goes, and comes
 * back. */
int ddl_unmake_indexes(struct ddl *d, uint32_t table, int16_t attnum) MUSTCHECK;
int ddl_remake_indexes(struct ddl *d, uint32_t table, int16_t attnum) MUSTCHECK;
/* Definitions as the catalog now implies them: names may have changed. */
int ddl_restate_indexes(struct ddl *d, uint32_t table) MUSTCHECK;
int ddl_make_index_oid(struct ddl *d, uint32_t table, uint32_t index) MUSTCHECK;
/* The column is about to get another name: the columns of indexes keep theirs. */
int ddl_index_names_stay(struct ddl *d, const struct store_table *t, int16_t attnum) MUSTCHECK;

/* -- ddl_foreign.c -- */
int ddl_add_foreign_key(struct ddl *d, uint32_t table, const Constraint *con,
                        const char *column) MUSTCHECK;
int ddl_add_check(struct ddl *d, uint32_t table, const Constraint *con) MUSTCHECK;
/* Do the rows that are there satisfy it?  -1: 23503, 23514. */
int ddl_validate_foreign_key(struct ddl *d, const struct store_table *t,
                             const struct store_foreign_key *f) MUSTCHECK;
/* Can it be, with the types its columns have?  42804. */
int ddl_check_key_types(struct ddl *d, const struct store_table *t,
                        const struct store_foreign_key *f) MUSTCHECK;
int ddl_validate_check(struct ddl *d, const struct store_table *t,
                       const struct store_check *k) MUSTCHECK;

/* -- ddl_key_trigger.c: what SQLite's foreign keys cannot do -- */
/* Before a statement that may change what tables are like, and after it. */
bool ddl_changes_shape(const Node *stmt);
int ddl_drop_key_triggers(struct ddl *d) MUSTCHECK;
int ddl_make_key_triggers(struct ddl *d) MUSTCHECK;

/* 42710 if the table has a constraint of that name. */
int ddl_check_constraint(struct ddl *d, const struct store_table *t, const char *name) MUSTCHECK;

/* -- ddl_rows.c -- */
/* JSON of a vector of the catalog: ["1","2"]. */
const char *ddl_vector(const int16_t *values, size_t n);
/* The value of an option as text. */
const char *ddl_option_text(const DefElem *def);
int ddl_new_oid(struct ddl *d, uint32_t *ret) MUSTCHECK;
/* Run ${sql} with ${n} values bound from ${values} (NULL pointer: NULL; 'i' int64, 's' string by
 * ${types}). */
int ddl_exec(struct ddl *d, const char *sql, const char *types, ...) MUSTCHECK;
/* First column of the first row; ${ret} untouched if there is none; 1 row, 0 none, -1 error. */
int ddl_query_int(struct ddl *d, int64_t *ret, const char *sql, const char *types, ...) MUSTCHECK;
/* 0A000 where what is done in the file must be done again in others, without what is temporary. */
int ddl_not_mixed(struct ddl *d) MUSTCHECK;
/* The name that SQLite shall know a new relation by. */
int ddl_sqlite_name(struct ddl *d, const struct store_schema *schema, const char *name,
                    uint32_t oid, struct buf *ret) MUSTCHECK;
/* "table_column_label", cut as PostgreSQL cuts it, and numbered until it is free in the schema with
 * oid ${space}: into ${ret}[64].  ${constraint}: among its constraints too. */
struct ddl_choice {
    const char *table, *column, *label; /* column: may be NULL */
    uint32_t space;
    bool constraint;
};
int ddl_choose_name(struct ddl *d, const struct ddl_choice *of, char ret[64]) MUSTCHECK;
/* Read the catalog again. */
int ddl_reload(struct ddl *d) MUSTCHECK;
const struct store_table *ddl_table(struct ddl *d, uint32_t oid);

/* -- ddl_schema.c -- */
/* CREATE TABLE text as the catalog implies it; the column ${loose} (0: none) is of any type and
 * bare. */
void ddl_table_text(const struct store_catalog *c, const struct store_table *t, int16_t loose,
                    struct buf *out);
/* Create it in SQLite. */
int ddl_make_table(struct ddl *d, const struct store_table *t) MUSTCHECK;
/* Write the text over SQLite's own (constraints have changed, not columns). */
int ddl_sync_table(struct ddl *d, const struct store_table *t) MUSTCHECK;
/* ... with one column loose, because it is about to be changed or dropped. */
int ddl_sync_table_loose(struct ddl *d, const struct store_table *t, int16_t loose) MUSTCHECK;

/* -- deparse.c -- */
/* The text of an expression over the columns of ${t} (NULL: none), as pg_get_expr() prints it;
 * ${type}: what it is assigned to (0: it stays what it is). */
int deparse(struct store_conn *c, const struct store_table *t, const Node *expression,
            uint32_t type, struct buf *out, struct err *err) MUSTCHECK;
/* Likewise; ${ret_mutable}: its value may change while the row does not. */
int deparse_checked(struct store_conn *c, const struct store_table *t, const Node *expression,
                    uint32_t type, struct buf *out, bool *ret_mutable, struct err *err) MUSTCHECK;
