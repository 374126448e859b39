/* types.h: PostgreSQL's types: facts about them, how SQLite keeps them, text and binary in and out.
 *
 *   type                              in SQLite
 *   bool                              INTEGER 0/1
 *   int2 int4 int8 oid xid cid reg*   INTEGER
 *   float4 float8                     REAL, in columns ANY: NaN is the TEXT 'NaN', which SQLite
 *                                     would make NULL
 *   numeric                           TEXT, canonical: -?digits(.digits)?, scale kept; NaN,
 *                                     [-]Infinity
 *   text varchar name "char" json     TEXT
 *   bpchar                            TEXT without blanks at the end, padded on output
 *   jsonb                             TEXT, normalised: keys by length then bytes, the last of
 *                                     equal ones, PostgreSQL's spacing; equal values, equal texts
 *   jsonpath                          TEXT, normalised: see jsonpath.h
 *   uuid                              TEXT, lower case with hyphens
 *   bytea                             BLOB
 *   date                              INTEGER: days since 2000-01-01
 *   timestamp timestamptz             INTEGER: microseconds since 2000-01-01 (UTC); typmod rounds
 *   time                              INTEGER: microseconds since midnight
 *   timetz                            INTEGER: see struct types_timetz
 *   interval                          BLOB(16), big-endian: int64 microseconds, int32 days and
 *                                     months
 *   int4range ... tstzrange           TEXT: see range.h
 *   inet cidr macaddr macaddr8        BLOB: see inet.h
 *   void, unknown                     TEXT
 *   an enum                           TEXT: its label
 *   a row                             TEXT: see record.h
 *   an array, int2vector, oidvector   TEXT, of up to six dimensions: see array.h
 *   a domain                          as its base type
 *
 * Infinite dates and timestamps are the smallest and largest int32 / int64.
 *
 * Pure: no SQLite here.  Values borrow; see struct types_value. */
#pragma once

#include "protocol/buf.h"
#include "protocol/err.h"
#include "protocol/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum types_oid {
    TYPES_BOOL = 16,
    TYPES_BYTEA = 17,
    TYPES_CHAR = 18,
    TYPES_NAME = 19,
    TYPES_INT8 = 20,
    TYPES_INT2 = 21,
    TYPES_INT2VECTOR = 22,
    TYPES_INT4 = 23,
    TYPES_REGPROC = 24,
    TYPES_TEXT = 25,
    TYPES_OID = 26,
    TYPES_TID = 27, /* the page, and in the lower 16 bits the place on it */
    TYPES_XID = 28,
    TYPES_CID = 29,
    TYPES_OIDVECTOR = 30,
    TYPES_JSON = 114,
    TYPES_XML = 142,
    TYPES_JSON_ARRAY = 199,
    TYPES_CIDR = 650,
    TYPES_FLOAT4 = 700,
    TYPES_FLOAT8 = 701,
    TYPES_UNKNOWN = 705,
    TYPES_MACADDR8 = 774,
    TYPES_MACADDR = 829,
    TYPES_INET = 869,
    TYPES_BOOL_ARRAY = 1000,
    TYPES_CHAR_ARRAY = 1002,
    TYPES_NAME_ARRAY = 1003,
    TYPES_INT2_ARRAY = 1005,
    TYPES_INT4_ARRAY = 1007,
    TYPES_TEXT_ARRAY = 1009,
    TYPES_BPCHAR_ARRAY = 1014,
    TYPES_VARCHAR_ARRAY = 1015,
    TYPES_INT8_ARRAY = 1016,
    TYPES_FLOAT4_ARRAY = 1021,
    TYPES_FLOAT8_ARRAY = 1022,
    TYPES_OID_ARRAY = 1028,
    TYPES_BPCHAR = 1042,
    TYPES_VARCHAR = 1043,
    TYPES_DATE = 1082,
    TYPES_TIME = 1083,
    TYPES_TIMESTAMP = 1114,
    TYPES_TIMESTAMP_ARRAY = 1115,
    TYPES_DATE_ARRAY = 1182,
    TYPES_TIMESTAMPTZ = 1184,
    TYPES_TIMESTAMPTZ_ARRAY = 1185,
    TYPES_INTERVAL = 1186,
    TYPES_NUMERIC_ARRAY = 1231,
    TYPES_TIMETZ = 1266,
    TYPES_BIT = 1560,
    TYPES_VARBIT = 1562,
    TYPES_NUMERIC = 1700,
    TYPES_REGCLASS = 2205,
    TYPES_REGTYPE = 2206,
    TYPES_RECORD = 2249,
    TYPES_ANYARRAY = 2277,
    TYPES_VOID = 2278,
    TYPES_RECORD_ARRAY = 2287,
    TYPES_UUID = 2950,
    TYPES_UUID_ARRAY = 2951,
    TYPES_JSONB = 3802,
    TYPES_INT4RANGE = 3904,
    TYPES_NUMRANGE = 3906,
    TYPES_TSRANGE = 3908,
    TYPES_TSTZRANGE = 3910,
    TYPES_DATERANGE = 3912,
    TYPES_INT8RANGE = 3926,
    TYPES_JSONB_ARRAY = 3807,
    TYPES_JSONPATH = 4072,
    TYPES_JSONPATH_ARRAY = 4073,
    TYPES_REGNAMESPACE = 4089,
    TYPES_REGROLE = 4096,
};

/* Arrays whose elements count from 0. */
static inline bool types_is_vector(uint32_t oid)
{
    return oid == TYPES_INT2VECTOR || oid == TYPES_OIDVECTOR;
}

/* A row of pg_type. */
struct types_info {
    uint32_t oid;
    const char *name; /* typname: int4, varchar, _text */
    int16_t len;      /* typlen */
    bool byval;
    char type;     /* typtype: b p r m c ... */
    char category; /* typcategory */
    bool preferred;
    char delim;
    uint32_t relid;
    uint32_t elem; /* of an array: its element, else 0 (typelem of name and the like is left out) */
    uint32_t array; /* its array type, or 0 */
    uint32_t collation;
};
#define TYPES_USER_MIN   16384u /* smaller oids are built in */
#define TYPES_NAME_BYTES 320    /* enough for types_format: "schema"."name"[] */

struct types_label { /* a row of pg_enum */
    uint32_t oid;
    const char *name;
    double order; /* enumsortorder */
    bool pending; /* added by the open transaction to a type that is older: not to be used yet */
};

struct types_check { /* a constraint of a domain */
    uint32_t oid;
    const char *name;
    const char *sql;    /* PostgreSQL's text */
    const char *sqlite; /* of a column called "#value" */
};

struct types_attribute { /* of a row type: a row of pg_attribute */
    const char *name;
    uint32_t type; /* a domain as itself */
    int32_t typmod;
    int16_t attnum;
};

/* A type of the user's. */
struct types_user {
    struct types_info info;
    const char *schema;
    const struct types_label *labels; /* 'e': in their order */
    size_t nlabels;
    uint32_t base; /* 'd': what it is a domain over, with its typmod */
    int32_t base_typmod;
    bool not_null;
    const struct types_check *checks; /* by name */
    size_t nchecks;
    const struct types_attribute *attributes; /* 'c': by attnum; tables have such types too */
    size_t nattributes;
    const char *default_sql, *default_sqlite; /* or NULL */
};

/* What values of reg* types are called.  `read`: 0 or -1 with PostgreSQL's error. */
struct types_names {
    void (*print)(void *arg, uint32_t type, uint32_t oid, struct buf *out);
    int (*read)(void *arg, uint32_t type, struct slice text, uint32_t *ret, struct err *err);
    void *arg;
};
bool types_is_reg(uint32_t oid);

/* The types of one catalog, by oid; borrowed from it.  NULL in its place: built-in types alone. */
struct types_set {
    const struct types_user *types;
    size_t n;
    const char *const *path; /* the search_path: which names need no schema */
    size_t npath;
    const struct types_names *names; /* NULL: values of reg* types are numbers */
};
const struct types_info *types_find(const struct types_set *set, uint32_t oid); /* NULL: none */
const struct types_info *types_find_name(const char *typname);                  /* in pg_catalog */
const struct types_user *types_find_user(const struct types_set *set, uint32_t oid);
/* ${schema} NULL: along the search_path. */
const struct types_user *types_find_user_name(const struct types_set *set, const char *schema,
                                              const char *typname);
/* What a domain is in the end: any other type as it is.  ${typmod} (may be NULL) is set when a
 * domain says one. */
uint32_t types_base(const struct types_set *set, uint32_t oid, int32_t *typmod);
/* Has the domain anything to check? */
bool types_constrained(const struct types_set *set, uint32_t oid);
/* ${sql}, a value of the base type, as SQLite text that checks the domain's constraints. */
void types_domain_text(const struct types_set *set, uint32_t domain, const char *sql,
                       struct buf *out);
/* The label of an enum, with its rank from 0; NULL: it has none such. */
const struct types_label *types_enum_label(const struct types_user *type, struct slice name,
                                           size_t *ret_rank);
const struct types_info *types_all(size_t *ret_n);
/* Can the store keep and convert values of it? */
bool types_supported(const struct types_set *set, uint32_t oid);
/* The column type in a STRICT table: "INTEGER", "REAL", "TEXT", "BLOB". */
const char *types_storage(const struct types_set *set, uint32_t oid);
/* format_type(): "character varying(10)", "timestamp(3) without time zone", "integer[]". */
void types_format(const struct types_set *set, uint32_t oid, int32_t typmod, char *ret,
                  size_t size);

struct types_zone; /* a zone of the tz database */

/* What conversions need to know of the session. */
struct types_session {
    char timezone[64];       /* as SHOW prints it */
    struct types_zone *zone; /* owned; NULL: UTC or a fixed offset */
    int32_t utc_offset;      /* seconds east, when there is no zone */
    int extra_float_digits;
    const struct types_set *set; /* borrowed; NULL: built-in types alone */
    bool bytea_escape;
    enum types_interval_style {
        TYPES_INTERVAL_POSTGRES,
        TYPES_INTERVAL_ISO,
        TYPES_INTERVAL_VERBOSE,
        TYPES_INTERVAL_SQL
    } interval_style;
    enum types_date_style {
        TYPES_DATE_ISO,
        TYPES_DATE_SQL,
        TYPES_DATE_POSTGRES,
        TYPES_DATE_GERMAN
    } date_style;
    enum types_date_order { TYPES_MDY, TYPES_DMY, TYPES_YMD } date_order;
    const int64_t *now_us; /* borrowed: what 'now' is; NULL or 0 there: the clock */
    unsigned *used; /* borrowed, may be NULL: input adds what it depended on, TYPES_USED_... */
};
#define TYPES_USED_ORDER 1u /* of day and month, in DateStyle */
#define TYPES_USED_ZONE  2u
#define TYPES_USED_CLOCK 4u
#define TYPES_USED_STYLE 8u /* of intervals */
/* UTC, one extra digit. */
void types_session_init(struct types_session *s);
void types_session_release(struct types_session *s);
/* "UTC", "GMT", "Europe/Vienna", hours east ("+02"), POSIX's "CET-1CEST,M3.5.0,M10.5.0/3" or
 * "<+02>-02", which count westwards.
 * -1: 22023 `invalid value for parameter "TimeZone": "x"`, and ${s} is as before. */
int types_set_timezone(struct types_session *s, const char *value, struct err *err) MUSTCHECK;
/* The name of a zone so many seconds east: "<-03:30>+03:30". */
void types_offset_zone(int32_t east, char ret[64]);
/* Likewise for one expression (AT TIME ZONE): a session with that zone and else ${s}'s settings, to
 * be released by the caller.  What an abbreviation means depends on ${at}; TYPES_MOMENT_ANY: the zone
 * that has it.  -1: 22023 `time zone "x" not recognized`. */
struct types_moment {
    enum { TYPES_MOMENT_ANY, TYPES_MOMENT_UTC, TYPES_MOMENT_LOCAL } kind;
    int64_t us;
};
int types_zone_session(const struct types_session *s, struct slice zone,
                       const struct types_moment *at, struct types_session *ret,
                       struct err *err) MUSTCHECK;
/* What the session's zone is called at ${us}: "CEST". */
#define TYPES_ZONE_NAME 64
void types_zone_name(const struct types_session *s, int64_t us, char ret[TYPES_ZONE_NAME]);
/* Seconds east of UTC that hold in the session's zone at ${us} (timestamptz). */
int32_t types_utc_offset(const struct types_session *s, int64_t us);
/* Local wall clock (timestamp) -> timestamptz in the session's zone, and back. */
int64_t types_local_to_utc(const struct types_session *s, int64_t local_us);
int64_t types_utc_to_local(const struct types_session *s, int64_t utc_us);

enum types_kind {
    TYPES_KIND_NULL,
    TYPES_KIND_INT,
    TYPES_KIND_REAL,
    TYPES_KIND_TEXT,
    TYPES_KIND_BLOB
};
/* A value as SQLite keeps it.  `bytes` borrows from the input, or from the `scratch` that the
 * function was given: valid until scratch is changed or reset. */
struct types_value {
    enum types_kind kind;
    int64_t i;
    double r;
    struct slice bytes;
};

/* Text form in (literal, text parameter, cast from text), which types_text_check has passed; ${typmod} -1: none.  With a typmod this
 * is an assignment: varchar(n) too long is 22001 unless only blanks are cut; numeric and timestamps
 * are rounded. -1: 22P02, 22007, 22008, 22003, 22001, 0A000 with PostgreSQL's texts. */
int types_input(const struct types_session *s, uint32_t oid, int32_t typmod, struct slice text,
                struct buf *scratch, struct types_value *ret, struct err *err) MUSTCHECK;
/* Well-formed UTF-8 without NUL: 0, else -1 with 22021 and the offending bytes. */
int types_text_check(struct slice s, struct err *err) MUSTCHECK;
/* Binary form in (recv functions).  -1: 22P03, 22021 and the above. */
int types_receive(const struct types_session *s, uint32_t oid, struct slice data,
                  struct buf *scratch, struct types_value *ret, struct err *err) MUSTCHECK;
/* Appends the text form of ${v} to ${out}; ${v} is not NULL.  A value of the wrong storage class is
 * XX000.  0 or -1. */
int types_output(const struct types_session *s, uint32_t oid, int32_t typmod,
                 const struct types_value *v, struct buf *out, struct err *err) MUSTCHECK;
/* Likewise the binary form. */
int types_send(const struct types_session *s, uint32_t oid, int32_t typmod,
               const struct types_value *v, struct buf *out, struct err *err) MUSTCHECK;
/* A value as an element of a stored array (array.h): its text, the same in every session. */
int types_element_in(const struct types_session *s, uint32_t elem, struct slice stored,
                     struct buf *scratch, struct types_value *ret, struct err *err) MUSTCHECK;
int types_element_out(const struct types_set *set, uint32_t elem, const struct types_value *v,
                      struct buf *out, struct err *err) MUSTCHECK;
/* Apply a typmod to a value already of the type: ${explicit_cast} cuts varchar(n) silently.
 * May point into ${scratch}. */
int types_apply_typmod(uint32_t oid, int32_t typmod, bool explicit_cast,
                       const struct types_value *v, struct buf *scratch, struct types_value *ret,
                       struct err *err) MUSTCHECK;

/* The typmod that the numbers behind a type's name make.  1: the type has none; -1: 22023. */
int types_typmod_make(uint32_t oid, const int32_t *mods, size_t n, int32_t *ret,
                      struct err *err) MUSTCHECK;

/* ${text} as a JSON string. */
void types_json_string(struct slice text, struct buf *out);
/* Have all strings of valid JSON a meaning?  -1: 22P05, 22P02 (\u0000, lone surrogates). */
int types_json_check(struct slice text, struct err *err) MUSTCHECK;

/* Two canonical numerics by value: <0, 0, >0; NaN is greatest.  (The collation "numeric" of
 * columns.) */
int types_numeric_compare(struct slice a, struct slice b);

/* -- calendar, for functions*.c -- */
/* Days since 2000-01-01 of a proleptic Gregorian date, and back. */
int64_t types_days(int32_t year, int32_t month, int32_t day);
void types_civil(int64_t days, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day);
/* A time of day and its zone, in seconds west.  PostgreSQL orders them by the moment in UTC and then
 * by the zone; the number that they are kept as has the same order. */
struct types_timetz {
    int64_t us;
    int32_t west;
};
#define TYPES_ZONE_LIMIT (16 * 3600) /* zones are closer to UTC than that */
int64_t types_timetz_key(struct types_timetz t);
struct types_timetz types_timetz_of(int64_t key);
struct types_interval {
    int64_t us;
    int32_t days;
    int32_t months;
};
void types_interval_pack(const struct types_interval *v, char ret[16]);
bool types_interval_unpack(struct slice bytes, struct types_interval *ret); /* false: not one */
