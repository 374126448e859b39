/* types_impl.h: how the files of types*.c, and of the values that are made of others' (range.h,
 * record.h, jsonpath.h), share their work. */
#pragma once

#include "daemon/store/types.h"
#include "protocol/sqlstate.h"

#define TYPES_JSON_MAX      ((size_t)256 << 20) /* the largest JSON text put in order */
#define TYPES_INT_MIN32     INT64_C(-2147483648)
#define TYPES_INT_MAX32     INT64_C(2147483647)
#define TYPES_US_PER_SECOND INT64_C(1000000)
#define TYPES_US_PER_DAY    INT64_C(86400000000)
/* timestamps: 4714-11-24 BC to 294276 AD; dates to 5874897 AD */
#define TYPES_TIMESTAMP_MIN INT64_C(-211813488000000000)
#define TYPES_TIMESTAMP_END INT64_C(9223371331200000000)
#define TYPES_DATE_MIN      (-2451545)
#define TYPES_DATE_END      2145031949

/* Blanks at both ends taken off (isspace of the C locale). */
struct slice types_trim(struct slice s);
bool types_word(struct slice s, const char *lower); /* equal without regard to case */
/* 22P02 `invalid input syntax for type ${type}: "..."`. */
int types_bad_input(const char *type, struct slice text, struct err *err);
/* The %.*s arguments for a message: cut at 100 bytes. */
#define TYPES_SHOWN(s) (int)((s).len > 100 ? 100 : (s).len), (s).data ? (s).data : ""

/* The value in the storage class of its type; XX000 if it has another. */
int types_settle(const struct types_set *set, uint32_t oid, const struct types_value *v,
                 struct types_value *ret, struct err *err) MUSTCHECK;

/* types_binary.c: values of several parts: each is a length, -1 for null, and its bytes */
void types_send_part(const struct buf *part, struct buf *out);
/* 08P01 if ${data} ends too early; a part that is null has no data. */
int types_take_int32(struct slice *data, uint32_t *ret, struct err *err) MUSTCHECK;
int types_take_part(struct slice *data, struct slice *ret, struct err *err) MUSTCHECK;
int types_short_message(struct err *err);

/* types.c */
bool types_is_array(const struct types_info *type); /* NULL: no */
bool types_is_int(uint32_t oid);

/* types_user.c */
void types_format_user(const struct types_set *set, const struct types_user *type, char *ret,
                       size_t size);
int types_enum_in(const struct types_set *set, const struct types_info *type, struct slice text,
                  struct slice *ret, struct err *err) MUSTCHECK;

/* types_text.c */
int types_bool_in(struct slice text, int64_t *ret, struct err *err) MUSTCHECK;
int types_uuid_in(struct slice text, struct buf *scratch, struct slice *ret,
                  struct err *err) MUSTCHECK;
int types_bytea_in(struct slice text, struct buf *scratch, struct slice *ret,
                   struct err *err) MUSTCHECK;
int types_char_in(struct slice text, struct buf *scratch, struct slice *ret,
                  struct err *err) MUSTCHECK;
/* varchar(n), char(n): ${cut} cuts silently (explicit cast), else only blanks may go (22001). */
int types_text_typmod(uint32_t oid, int32_t typmod, bool cut, struct slice text, struct slice *ret,
                      struct err *err) MUSTCHECK;

/* types_number.c */
int types_int_in(uint32_t oid, struct slice text, int64_t *ret, struct err *err) MUSTCHECK;
int types_tid_in(struct slice text, int64_t *ret, struct err *err) MUSTCHECK;
int types_float_in(uint32_t oid, struct slice text, double *ret, struct err *err) MUSTCHECK;
void types_float_out(uint32_t oid, double v, int extra_digits, struct buf *out);
/* Canonical text into scratch. */
int types_numeric_in(int32_t typmod, struct slice text, struct buf *scratch, struct slice *ret,
                     struct err *err) MUSTCHECK;
int types_numeric_send(struct slice text, struct buf *out, struct err *err) MUSTCHECK;
int types_numeric_receive(struct slice data, struct buf *scratch, struct slice *ret,
                          struct err *err) MUSTCHECK;

/* types_zone.c */
/* An abbreviation of a zone, of fixed meaning or (`zone` set) by the history of a zone. */
struct types_abbreviation {
    const char *name;
    int32_t offset; /* seconds east */
    bool dst;
    const char *zone;
};
const struct types_abbreviation *types_abbreviation_find(const char *lower); /* NULL: none */
/* At ${us}: local time in the zone, or UTC. */
int32_t types_abbreviation_offset(const struct types_abbreviation *a, const char *text, bool local,
                                  int64_t us);
/* A zone by its name in any case, or by POSIX's rules; ${ret} is to be released if it was found. */
bool types_zone_find(const struct types_session *s, const char *name, struct types_session *ret);
/* Has the zone had one offset always? */
bool types_zone_constant(const struct types_session *s, int32_t *ret);

/* types_time.c */
int types_date_in(const struct types_session *s, struct slice text, int64_t *ret,
                  struct err *err) MUSTCHECK;
int types_timestamp_in(const struct types_session *s, bool tz, int32_t typmod, struct slice text,
                       int64_t *ret, struct err *err) MUSTCHECK;
int types_time_in(const struct types_session *s, int32_t typmod, struct slice text, int64_t *ret,
                  struct err *err) MUSTCHECK;
int types_timetz_in(const struct types_session *s, int32_t typmod, struct slice text, int64_t *ret,
                    struct err *err) MUSTCHECK;
int64_t types_timetz_round(int64_t key, int32_t typmod);
int64_t types_round_us(int64_t us, int32_t typmod);
/* types_time_out.c */
void types_timetz_out(int64_t key, struct buf *out);
void types_date_out(const struct types_session *s, int64_t days, struct buf *out);
void types_timestamp_out(const struct types_session *s, bool tz, int64_t us, struct buf *out);
void types_time_out(uint64_t us, struct buf *out); /* hh:mm:ss.123, hours without end */
void types_fraction_out(uint64_t us, struct buf *out); /* of a second: ".5", nothing for 0 */
/* types_interval.c */
int types_interval_in(const struct types_session *s, int32_t typmod, struct slice text,
                      struct types_interval *ret, struct err *err) MUSTCHECK;
/* Cut to the fields and rounded to the digits that the typmod allows. */
void types_interval_typmod(struct types_interval *v, int32_t typmod);
/* "(3)", " year to month", " day to second(2)" */
void types_interval_typmod_out(int32_t typmod, char *ret, size_t size);
/* types_interval_out.c */
void types_interval_out(enum types_interval_style style, const struct types_interval *v,
                        struct buf *out);

/* types_json.c */
/* Is ${text} JSON?  22P02 if not.  With ${normal}: jsonb's normal form is appended to it. */
int types_json_in(struct slice text, struct buf *normal, struct err *err) MUSTCHECK;
/* types_array.c, types_array_literal.c */
int types_array_in(const struct types_session *s, const struct types_info *type, int32_t typmod,
                   struct slice text, struct buf *scratch, struct slice *ret,
                   struct err *err) MUSTCHECK;
int types_array_typmod(const struct types_info *type, int32_t typmod, bool explicit_cast,
                       struct slice json, struct buf *scratch, struct slice *ret,
                       struct err *err) MUSTCHECK;
int types_array_out(const struct types_session *s, const struct types_info *type, struct slice json,
                    struct buf *out, struct err *err) MUSTCHECK;
int types_array_send(const struct types_session *s, const struct types_info *type,
                     struct slice json, struct buf *out, struct err *err) MUSTCHECK;
int types_array_receive(const struct types_session *s, const struct types_info *type,
                        struct slice data, struct buf *scratch, struct slice *ret,
                        struct err *err) MUSTCHECK;
