/* emit_proc.c: PostgreSQL's functions and operators -> SQLite templates, by the oid of their pg_proc row.
 *
 * %1 ... %9: an argument; %*: all of them; %t1: as text, as a cast does it; %o1: as its type's output
 * function prints it; %j1: as JSON; %p*: pairs of output and JSON (json_build_object); %y1: its type's oid.
 * A function that is not here is 0A000.  pgf_*: functions*.c. */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#include "utils/fmgroids.h"
#pragma GCC diagnostic pop

struct entry {
    uint32_t proc;
    const char *pattern;
};

static const struct entry arithmetic[] = {
    {F_INT2PL, "pgf_int2(%1 + %2)"}, {F_INT4PL, "pgf_int4(%1 + %2)"}, {F_INT24PL, "pgf_int4(%1 + %2)"},
    {F_INT42PL, "pgf_int4(%1 + %2)"}, {F_INT8PL, "pgf_add(%1, %2)"}, {F_INT84PL, "pgf_add(%1, %2)"},
    {F_INT48PL, "pgf_add(%1, %2)"}, {F_INT82PL, "pgf_add(%1, %2)"}, {F_INT28PL, "pgf_add(%1, %2)"},
    {F_INT2MI, "pgf_int2(%1 - %2)"}, {F_INT4MI, "pgf_int4(%1 - %2)"}, {F_INT24MI, "pgf_int4(%1 - %2)"},
    {F_INT42MI, "pgf_int4(%1 - %2)"}, {F_INT8MI, "pgf_sub(%1, %2)"}, {F_INT84MI, "pgf_sub(%1, %2)"},
    {F_INT48MI, "pgf_sub(%1, %2)"}, {F_INT82MI, "pgf_sub(%1, %2)"}, {F_INT28MI, "pgf_sub(%1, %2)"},
    {F_INT2MUL, "pgf_int2(%1 * %2)"}, {F_INT4MUL, "pgf_int4(%1 * %2)"}, {F_INT24MUL, "pgf_int4(%1 * %2)"},
    {F_INT42MUL, "pgf_int4(%1 * %2)"}, {F_INT8MUL, "pgf_mul(%1, %2)"}, {F_INT84MUL, "pgf_mul(%1, %2)"},
    {F_INT48MUL, "pgf_mul(%1, %2)"}, {F_INT82MUL, "pgf_mul(%1, %2)"}, {F_INT28MUL, "pgf_mul(%1, %2)"},
    {F_INT2DIV, "pgf_int2(pgf_div(%1, %2))"}, {F_INT4DIV, "pgf_int4(pgf_div(%1, %2))"},
    {F_INT24DIV, "pgf_int4(pgf_div(%1, %2))"}, {F_INT42DIV, "pgf_int4(pgf_div(%1, %2))"},
    {F_INT8DIV, "pgf_div(%1, %2)"}, {F_INT84DIV, "pgf_div(%1, %2)"}, {F_INT48DIV, "pgf_div(%1, %2)"},
    {F_INT82DIV, "pgf_div(%1, %2)"}, {F_INT28DIV, "pgf_div(%1, %2)"}, {F_INT2MOD, "pgf_mod(%1, %2)"},
    {F_INT4MOD, "pgf_mod(%1, %2)"}, {F_INT8MOD, "pgf_mod(%1, %2)"}, {F_MOD_INT2_INT2, "pgf_mod(%1, %2)"},
    {F_MOD_INT4_INT4, "pgf_mod(%1, %2)"}, {F_MOD_INT8_INT8, "pgf_mod(%1, %2)"},
    {F_INT2UM, "pgf_int2(- %1)"}, {F_INT4UM, "pgf_int4(- %1)"}, {F_INT8UM, "pgf_sub(0, %1)"},
    {F_INT2UP, "%1"}, {F_INT4UP, "%1"}, {F_INT8UP, "%1"}, {F_FLOAT4UP, "%1"}, {F_FLOAT8UP, "%1"},
    {F_NUMERIC_UPLUS, "%1"}, {F_INT2ABS, "pgf_int2(abs(%1))"}, {F_INT4ABS, "pgf_int4(abs(%1))"},
    {F_INT8ABS, "pgf_abs(%1)"}, {F_ABS_INT2, "pgf_int2(abs(%1))"}, {F_ABS_INT4, "pgf_int4(abs(%1))"},
    {F_ABS_INT8, "pgf_abs(%1)"}, {F_INT4AND, "(%1 & %2)"}, {F_INT8AND, "(%1 & %2)"},
    {F_INT2AND, "(%1 & %2)"}, {F_INT4OR, "(%1 | %2)"}, {F_INT8OR, "(%1 | %2)"}, {F_INT2OR, "(%1 | %2)"},
    {F_INT4NOT, "(~ %1)"}, {F_INT8NOT, "(~ %1)"}, {F_INT2NOT, "(~ %1)"},
    {F_INT4XOR, "((%1 | %2) - (%1 & %2))"}, {F_INT8XOR, "((%1 | %2) - (%1 & %2))"},
    {F_INT2XOR, "((%1 | %2) - (%1 & %2))"},
    {F_FLOAT8PL, "pgf_fadd(%1, %2)"}, {F_FLOAT8MI, "pgf_fsub(%1, %2)"}, {F_FLOAT8MUL, "pgf_fmul(%1, %2)"},
    {F_FLOAT8DIV, "pgf_fdiv(%1, %2)"}, {F_FLOAT48PL, "pgf_fadd(%1, %2)"}, {F_FLOAT84PL, "pgf_fadd(%1, %2)"},
    {F_FLOAT48MI, "pgf_fsub(%1, %2)"}, {F_FLOAT84MI, "pgf_fsub(%1, %2)"},
    {F_FLOAT48MUL, "pgf_fmul(%1, %2)"}, {F_FLOAT84MUL, "pgf_fmul(%1, %2)"},
    {F_FLOAT48DIV, "pgf_fdiv(%1, %2)"}, {F_FLOAT84DIV, "pgf_fdiv(%1, %2)"}, {F_FLOAT8UM, "(- %1)"},
    {F_FLOAT4UM, "(- %1)"}, {F_FLOAT8ABS, "abs(%1)"}, {F_FLOAT4ABS, "abs(%1)"}, {F_ABS_FLOAT8, "abs(%1)"},
    {F_ABS_FLOAT4, "abs(%1)"}, {F_FLOAT4PL, "pgf_float4(pgf_fadd(%1, %2))"},
    {F_FLOAT4MI, "pgf_float4(pgf_fsub(%1, %2))"}, {F_FLOAT4MUL, "pgf_float4(pgf_fmul(%1, %2))"},
    {F_FLOAT4DIV, "pgf_float4(pgf_fdiv(%1, %2))"}, {F_DPOW, "pgf_power(%1, %2)"},
    {F_POWER_FLOAT8_FLOAT8, "pgf_power(%1, %2)"}, {F_POW_FLOAT8_FLOAT8, "pgf_power(%1, %2)"},
    {F_DSQRT, "pgf_sqrt(%1)"}, {F_SQRT_FLOAT8, "pgf_sqrt(%1)"}, {F_SIGN_FLOAT8, "CAST(sign(%1) AS REAL)"},
    {F_CEIL_FLOAT8, "ceil(%1)"}, {F_CEILING_FLOAT8, "ceil(%1)"}, {F_FLOOR_FLOAT8, "floor(%1)"},
    {F_TRUNC_FLOAT8, "trunc(%1)"}, {F_ROUND_FLOAT8, "pgf_rint(%1)"}, {F_RANDOM, "pgf_random()"},
    {F_PI, "pi()"},
    {F_EXP_FLOAT8, "pgf_exp(%1)"}, {F_LN_FLOAT8, "pgf_ln(%1)"}, {F_LOG_FLOAT8, "pgf_log10(%1)"},
    {F_LOG10_FLOAT8, "pgf_log10(%1)"}, {F_DCBRT, "pgf_cbrt(%1)"}, {F_CBRT, "pgf_cbrt(%1)"},
    {F_INT4SHL, "pgf_shift(%1, %2, 32, 1)"}, {F_INT8SHL, "pgf_shift(%1, %2, 64, 1)"},
    {F_INT4SHR, "pgf_shift(%1, %2, 32, -1)"}, {F_INT8SHR, "pgf_shift(%1, %2, 64, -1)"}, {F_NUMERIC_ADD, "pgf_num_add(%1, %2)"}, {F_NUMERIC_SUB, "pgf_num_sub(%1, %2)"},
    {F_NUMERIC_MUL, "pgf_num_mul(%1, %2)"}, {F_NUMERIC_DIV, "pgf_num_div(%1, %2)"},
    {F_NUMERIC_MOD, "pgf_num_mod(%1, %2)"}, {F_MOD_NUMERIC_NUMERIC, "pgf_num_mod(%1, %2)"},
    {F_NUMERIC_UMINUS, "pgf_num_neg(%1)"}, {F_NUMERIC_ABS, "pgf_num_abs(%1)"},
    {F_ABS_NUMERIC, "pgf_num_abs(%1)"}, {F_ROUND_NUMERIC, "pgf_num_round(%1, 0)"},
    {F_ROUND_NUMERIC_INT4, "pgf_num_round(%1, %2)"}, {F_TRUNC_NUMERIC, "pgf_num_trunc(%1, 0)"},
    {F_TRUNC_NUMERIC_INT4, "pgf_num_trunc(%1, %2)"}, {F_CEIL_NUMERIC, "pgf_num_ceil(%1)"},
    {F_CEILING_NUMERIC, "pgf_num_ceil(%1)"}, {F_FLOOR_NUMERIC, "pgf_num_floor(%1)"},
    {F_SIGN_NUMERIC, "pgf_num_sign(%1)"},
};

static const struct entry casts[] = {
    {F_INT8_INT2, "%1"}, {F_INT8_INT4, "%1"}, {F_INT8_OID, "%1"}, {F_INT4_INT2, "%1"},
    {F_INT4_INT8, "pgf_int4(%1)"}, {F_INT2_INT4, "pgf_int2(%1)"}, {F_INT2_INT8, "pgf_int2(%1)"},
    {F_OID, "pgf_oid(%1)"}, {F_INT4_BOOL, "%1"}, {F_BOOL_INT4, "(%1 <> 0)"},
    {F_FLOAT8_INT2, "CAST(%1 AS REAL)"}, {F_FLOAT8_INT4, "CAST(%1 AS REAL)"},
    {F_FLOAT8_INT8, "CAST(%1 AS REAL)"}, {F_FLOAT8_FLOAT4, "%1"}, {F_FLOAT4_FLOAT8, "pgf_float4(%1)"},
    {F_FLOAT4_INT2, "CAST(%1 AS REAL)"}, {F_FLOAT4_INT4, "pgf_float4(CAST(%1 AS REAL))"},
    {F_FLOAT4_INT8, "pgf_float4(CAST(%1 AS REAL))"}, {F_INT4_FLOAT8, "pgf_int4(pgf_float_int(%1, 'integer'))"},
    {F_INT4_FLOAT4, "pgf_int4(pgf_float_int(%1, 'integer'))"},
    {F_INT2_FLOAT8, "pgf_int2(pgf_float_int(%1, 'smallint'))"},
    {F_INT2_FLOAT4, "pgf_int2(pgf_float_int(%1, 'smallint'))"}, {F_INT8_FLOAT8, "pgf_float_int(%1, 'bigint')"},
    {F_INT8_FLOAT4, "pgf_float_int(%1, 'bigint')"}, {F_NUMERIC_INT2, "CAST(%1 AS TEXT)"},
    {F_NUMERIC_INT4, "CAST(%1 AS TEXT)"}, {F_NUMERIC_INT8, "CAST(%1 AS TEXT)"},
    {F_INT4_NUMERIC, "pgf_int4(pgf_num_int(%1, 'integer'))"},
    {F_INT2_NUMERIC, "pgf_int2(pgf_num_int(%1, 'smallint'))"}, {F_INT8_NUMERIC, "pgf_num_int(%1, 'bigint')"},
    {F_FLOAT8_NUMERIC, "pgf_num_float(%1)"}, {F_FLOAT4_NUMERIC, "pgf_float4(pgf_num_float(%1))"},
    {F_NUMERIC_FLOAT8, "pgf_float_num(%1, 15)"}, {F_NUMERIC_FLOAT4, "pgf_float_num(%1, 6)"},
    {F_TEXT_BOOL, "pgf_bool_text(%1)"}, {F_TEXT_NAME, "%1"}, {F_TEXT_BPCHAR, "%1"}, {F_TEXT_CHAR, "%1"},
    {F_NAME_TEXT, "pgf_input(19, %1)"}, {F_NAME_VARCHAR, "pgf_input(19, %1)"}, {F_NAME_BPCHAR, "pgf_input(19, %1)"},
    {F_VARCHAR_NAME, "%1"}, {F_BPCHAR_NAME, "%1"}, {F_DATE_TIMESTAMP, "pgf_timestamp_date(%1)"},
    {F_DATE_TIMESTAMPTZ, "pgf_timestamp_date(pgf_to_local(%1))"},
    {F_TIMESTAMP_DATE, "pgf_date_timestamp(%1)"}, {F_TIMESTAMPTZ_DATE, "pgf_to_utc(pgf_date_timestamp(%1))"},
    {F_TIMESTAMP_TIMESTAMPTZ, "pgf_to_local(%1)"}, {F_TIMESTAMPTZ_TIMESTAMP, "pgf_to_utc(%1)"},
    {F_TIME_TIMESTAMP, "pgf_timestamp_time(%1)"}, {F_TIME_TIMESTAMPTZ, "pgf_timestamp_time(pgf_to_local(%1))"},
};

static const struct entry strings[] = {
    {F_TEXTLIKE, "pgf_like(%1, %2)"}, {F_NAMELIKE, "pgf_like(%1, %2)"}, {F_BPCHARLIKE, "pgf_like(%1, %2)"},
    {F_TEXTNLIKE, "(NOT pgf_like(%1, %2))"}, {F_NAMENLIKE, "(NOT pgf_like(%1, %2))"},
    {F_TEXTICLIKE, "pgf_ilike(%1, %2)"}, {F_NAMEICLIKE, "pgf_ilike(%1, %2)"},
    {F_TEXTICNLIKE, "(NOT pgf_ilike(%1, %2))"}, {F_NAMEICNLIKE, "(NOT pgf_ilike(%1, %2))"},
    {F_TEXTREGEXEQ, "pgf_regex(%1, %2)"}, {F_NAMEREGEXEQ, "pgf_regex(%1, %2)"},
    {F_TEXTREGEXNE, "(NOT pgf_regex(%1, %2))"}, {F_NAMEREGEXNE, "(NOT pgf_regex(%1, %2))"},
    {F_TEXTICREGEXEQ, "pgf_iregex(%1, %2)"}, {F_TEXTICREGEXNE, "(NOT pgf_iregex(%1, %2))"},
    {F_TEXTCAT, "(%1 || %2)"}, {F_TEXTANYCAT, "(%1 || %t2)"}, {F_ANYTEXTCAT, "(%t1 || %2)"},
    {F_BYTEACAT, "CAST(%1 || %2 AS BLOB)"}, {F_LOWER_TEXT, "pgf_lower(%1)"}, {F_UPPER_TEXT, "pgf_upper(%1)"},
    {F_INITCAP, "pgf_initcap(%1)"}, {F_LENGTH_TEXT, "length(%1)"}, {F_LENGTH_BPCHAR, "length(%1)"},
    {F_LENGTH_BYTEA, "length(%1)"}, {F_CHAR_LENGTH_TEXT, "length(%1)"}, {F_CHAR_LENGTH_BPCHAR, "length(%1)"},
    {F_CHARACTER_LENGTH_TEXT, "length(%1)"}, {F_CHARACTER_LENGTH_BPCHAR, "length(%1)"},
    {F_OCTET_LENGTH_TEXT, "length(CAST(%1 AS BLOB))"}, {F_OCTET_LENGTH_BYTEA, "length(%1)"},
    {F_BIT_LENGTH_TEXT, "(8 * length(CAST(%1 AS BLOB)))"}, {F_SUBSTRING_TEXT_INT4, "pgf_substring(%1, %2)"},
    {F_SUBSTRING_TEXT_INT4_INT4, "pgf_substring(%1, %2, %3)"}, {F_SUBSTR_TEXT_INT4, "pgf_substring(%1, %2)"},
    {F_SUBSTR_TEXT_INT4_INT4, "pgf_substring(%1, %2, %3)"}, {F_LEFT, "pgf_left(%1, %2)"},
    {F_RIGHT, "pgf_right(%1, %2)"}, {F_LPAD_TEXT_INT4, "pgf_lpad(%1, %2, ' ')"},
    {F_LPAD_TEXT_INT4_TEXT, "pgf_lpad(%1, %2, %3)"}, {F_RPAD_TEXT_INT4, "pgf_rpad(%1, %2, ' ')"},
    {F_RPAD_TEXT_INT4_TEXT, "pgf_rpad(%1, %2, %3)"}, {F_BTRIM_TEXT, "trim(%1, ' ')"},
    {F_BTRIM_TEXT_TEXT, "trim(%1, %2)"}, {F_LTRIM_TEXT, "ltrim(%1, ' ')"}, {F_LTRIM_TEXT_TEXT, "ltrim(%1, %2)"},
    {F_RTRIM_TEXT, "rtrim(%1, ' ')"}, {F_RTRIM_TEXT_TEXT, "rtrim(%1, %2)"},
    {F_REPLACE, "pgf_replace(%1, %2, %3)"}, {F_POSITION_TEXT_TEXT, "instr(%1, %2)"}, {F_STRPOS, "instr(%1, %2)"},
    {F_CONCAT, "pgf_concat(%o*)"}, {F_CONCAT_WS, "pgf_concat_ws(%o*)"}, {F_SPLIT_PART, "pgf_split_part(%1, %2, %3)"},
    {F_OVERLAY_TEXT_TEXT_INT4, "pgf_overlay(%1, %2, %3, length(%2))"},
    {F_OVERLAY_TEXT_TEXT_INT4_INT4, "pgf_overlay(%1, %2, %3, %4)"}, {F_REVERSE, "pgf_reverse(%1)"}, {F_REPEAT, "pgf_repeat(%1, %2)"}, {F_MD5_TEXT, "pgf_md5(%1)"},
    {F_MD5_BYTEA, "pgf_md5(%1)"}, {F_STARTS_WITH, "pgf_starts_with(%1, %2)"}, {F_ASCII, "pgf_ascii(%1)"},
    {F_CHR, "pgf_chr(%1)"}, {F_TRANSLATE, "pgf_translate(%1, %2, %3)"}, {F_TO_HEX_INT4, "pgf_to_hex(%1 & 4294967295)"},
    {F_TO_HEX_INT8, "pgf_to_hex(%1)"}, {F_ENCODE, "pgf_encode(%1, %2)"},
    {F_QUOTE_IDENT, "pgf_quote_ident(%1)"}, {F_QUOTE_LITERAL_TEXT, "pgf_quote_literal(%1)"},
    {F_QUOTE_NULLABLE_TEXT, "coalesce(pgf_quote_literal(%1), 'NULL')"}, {F_SHA256, "pgf_sha256(%1)"},
    {F_LIKE_ESCAPE_TEXT_TEXT, "pgf_like_escape(%1, %2)"}, {F_GEN_RANDOM_UUID, "pgf_gen_random_uuid()"},
    {F_ARRAY_LENGTH, "pgf_array_length(%1, %2)"}, {F_CARDINALITY, "json_array_length(%1)"},
   
   
    {F_ARRAY_TO_STRING_ANYARRAY_TEXT, "pgf_array_to_string(%1, %2, NULL)"},
    {F_ARRAY_TO_STRING_ANYARRAY_TEXT_TEXT, "pgf_array_to_string(%1, %2, %3)"},
    {F_STRING_TO_ARRAY_TEXT_TEXT, "pgf_string_to_array(%1, %2, NULL)"},
    {F_STRING_TO_ARRAY_TEXT_TEXT_TEXT, "pgf_string_to_array(%1, %2, %3)"},
    {F_UNNEST_ANYARRAY, "json_each(%1)"},
};

static const struct entry times[] = {
    {F_NOW, "pgf_now()"}, {F_TRANSACTION_TIMESTAMP, "pgf_now()"},
    {F_STATEMENT_TIMESTAMP, "pgf_statement_timestamp()"}, {F_CLOCK_TIMESTAMP, "pgf_clock_timestamp()"},
    {F_DATE_PLI, "pgf_date_add(%1, %2)"}, {F_INTEGER_PL_DATE, "pgf_date_add(%2, %1)"},
    {F_DATE_MII, "pgf_date_add(%1, - %2)"}, {F_DATE_MI, "pgf_date_diff(%1, %2)"},
    {F_TIMESTAMP_MI, "pgf_timestamp_diff(%1, %2)"}, {F_TIMESTAMPTZ_MI, "pgf_timestamp_diff(%1, %2)"},
    {F_TIMESTAMP_PL_INTERVAL, "pgf_timestamp_add(%1, %2, 1)"},
    {F_TIMESTAMP_MI_INTERVAL, "pgf_timestamp_add(%1, %2, -1)"},
    {F_INTERVAL_PL_TIMESTAMP, "pgf_timestamp_add(%2, %1, 1)"},
    {F_DATE_PL_INTERVAL, "pgf_timestamp_add(pgf_date_timestamp(%1), %2, 1)"},
    {F_DATE_MI_INTERVAL, "pgf_timestamp_add(pgf_date_timestamp(%1), %2, -1)"},
    {F_INTERVAL_PL_DATE, "pgf_timestamp_add(pgf_date_timestamp(%2), %1, 1)"},
    {F_TIMESTAMPTZ_PL_INTERVAL, "pgf_timestamptz_add(%1, %2, 1)"},
    {F_TIMESTAMPTZ_MI_INTERVAL, "pgf_timestamptz_add(%1, %2, -1)"},
    {F_INTERVAL_PL_TIMESTAMPTZ, "pgf_timestamptz_add(%2, %1, 1)"},
    {F_INTERVAL_PL, "pgf_interval_add(%1, %2, 1)"}, {F_INTERVAL_MI, "pgf_interval_add(%1, %2, -1)"},
    {F_INTERVAL_UM, "pgf_interval_neg(%1)"},
    {F_DATE_TRUNC_TEXT_TIMESTAMP, "pgf_date_trunc(%1, %2)"},
    {F_DATE_TRUNC_TEXT_TIMESTAMPTZ, "pgf_date_trunc_tz(%1, %2)"},
    {F_EXTRACT_TEXT_TIMESTAMP, "pgf_extract(%1, %2, 1114)"},
    {F_EXTRACT_TEXT_TIMESTAMPTZ, "pgf_extract(%1, %2, 1184)"}, {F_EXTRACT_TEXT_DATE, "pgf_extract(%1, %2, 1082)"},
    {F_DATE_PART_TEXT_TIMESTAMP, "pgf_num_float(pgf_extract(%1, %2, 1114))"},
    {F_DATE_PART_TEXT_TIMESTAMPTZ, "pgf_num_float(pgf_extract(%1, %2, 1184))"},
    {F_DATE_PART_TEXT_DATE, "pgf_num_float(pgf_extract(%1, pgf_date_timestamp(%2), 1114))"},
    {F_EXTRACT_TEXT_INTERVAL, "pgf_extract_interval(%1, %2)"},
    {F_DATE_PART_TEXT_INTERVAL, "pgf_num_float(pgf_extract_interval(%1, %2))"},
    {F_MAKE_DATE, "pgf_make_date(%1, %2, %3)"}, {F_TO_TIMESTAMP_FLOAT8, "pgf_to_timestamp(%1)"},
    {F_TIMEZONE_TEXT_TIMESTAMP, "pgf_at_zone(%1, %2, 0)"}, {F_TIMEZONE_TEXT_TIMESTAMPTZ, "pgf_at_zone(%1, %2, 1)"},
};

static const struct entry aggregates[] = {
    {F_COUNT_, "count(*)"}, {F_COUNT_ANY, "count(%1)"}, {F_SUM_INT2, "sum(%1)"}, {F_SUM_INT4, "sum(%1)"},
    {F_SUM_INT8, "pgf_sum_numeric(%1)"}, {F_SUM_NUMERIC, "pgf_sum_numeric(%1)"}, {F_SUM_FLOAT8, "sum(%1)"},
    {F_AVG_INT2, "pgf_avg_numeric(%1)"}, {F_AVG_INT4, "pgf_avg_numeric(%1)"}, {F_AVG_INT8, "pgf_avg_numeric(%1)"},
    {F_AVG_NUMERIC, "pgf_avg_numeric(%1)"}, {F_AVG_FLOAT8, "avg(%1)"}, {F_AVG_FLOAT4, "avg(%1)"},
    {F_MIN_INT2, "min(%1)"}, {F_MIN_INT4, "min(%1)"}, {F_MIN_INT8, "min(%1)"}, {F_MIN_FLOAT4, "min(%1)"},
    {F_MIN_FLOAT8, "min(%1)"}, {F_MIN_TEXT, "min(%1)"}, {F_MIN_DATE, "min(%1)"}, {F_MIN_TIME, "min(%1)"},
    {F_MIN_TIMESTAMP, "min(%1)"}, {F_MIN_TIMESTAMPTZ, "min(%1)"}, {F_MIN_OID, "min(%1)"}, {F_MIN_BPCHAR, "min(%1)"},
    {F_MIN_NUMERIC, "min(%1 COLLATE numeric)"}, {F_MAX_INT2, "max(%1)"}, {F_MAX_INT4, "max(%1)"},
    {F_MAX_INT8, "max(%1)"}, {F_MAX_FLOAT4, "max(%1)"}, {F_MAX_FLOAT8, "max(%1)"}, {F_MAX_TEXT, "max(%1)"},
    {F_MAX_DATE, "max(%1)"}, {F_MAX_TIME, "max(%1)"}, {F_MAX_TIMESTAMP, "max(%1)"}, {F_MAX_TIMESTAMPTZ, "max(%1)"},
    {F_MAX_OID, "max(%1)"}, {F_MAX_BPCHAR, "max(%1)"}, {F_MAX_NUMERIC, "max(%1 COLLATE numeric)"},
    {F_BOOL_AND, "min(%1)"}, {F_EVERY, "min(%1)"}, {F_BOOL_OR, "max(%1)"},
    {F_STRING_AGG_TEXT_TEXT, "pgf_string_agg(%1, %2)"}, {F_ARRAY_AGG_ANYNONARRAY, "pgf_array_agg(%o1)"},
    {F_JSON_AGG, "pgf_json_agg(%j1)"}, {F_JSONB_AGG, "pgf_jsonb_agg(%j1)"},
    {F_JSON_OBJECT_AGG, "pgf_json_object_agg(%o1, %j2)"}, {F_JSONB_OBJECT_AGG, "pgf_jsonb_object_agg(%o1, %j2)"},
    {F_ROW_NUMBER, "row_number()"}, {F_RANK_, "rank()"}, {F_DENSE_RANK_, "dense_rank()"},
    {F_PERCENT_RANK_, "percent_rank()"}, {F_CUME_DIST_, "cume_dist()"}, {F_NTILE, "ntile(%1)"},
    {F_LAG_ANYELEMENT, "lag(%1)"}, {F_LAG_ANYELEMENT_INT4, "lag(%1, %2)"},
    {F_LAG_ANYCOMPATIBLE_INT4_ANYCOMPATIBLE, "lag(%1, %2, %3)"}, {F_LEAD_ANYELEMENT, "lead(%1)"},
    {F_LEAD_ANYELEMENT_INT4, "lead(%1, %2)"}, {F_LEAD_ANYCOMPATIBLE_INT4_ANYCOMPATIBLE, "lead(%1, %2, %3)"},
    {F_FIRST_VALUE, "first_value(%1)"}, {F_LAST_VALUE, "last_value(%1)"}, {F_NTH_VALUE, "nth_value(%1, %2)"},
};

static const struct entry others[] = {
    {F_JSON_BUILD_OBJECT_ANY, "pgf_json_build_object(%p*)"}, {F_JSON_BUILD_OBJECT_, "'{}'"},
    {F_JSONB_BUILD_OBJECT_ANY, "pgf_jsonb_build_object(%p*)"}, {F_JSONB_BUILD_OBJECT_, "'{}'"},
    {F_JSON_BUILD_ARRAY_ANY, "pgf_json_build_array(%j*)"}, {F_JSON_BUILD_ARRAY_, "'[]'"},
    {F_JSONB_BUILD_ARRAY_ANY, "pgf_jsonb_build_array(%j*)"}, {F_JSONB_BUILD_ARRAY_, "'[]'"},
    {F_TO_JSON, "pgf_strict(%1, %j1)"}, {F_TO_JSONB, "pgf_strict(%1, pgf_input(3802, %j1))"},
    {F_JSON_OBJECT_FIELD, "pgf_json_field(%1, %2)"}, {F_JSONB_OBJECT_FIELD, "pgf_json_field(%1, %2)"},
    {F_JSON_OBJECT_FIELD_TEXT, "pgf_json_field_text(%1, %2)"},
    {F_JSONB_OBJECT_FIELD_TEXT, "pgf_json_field_text(%1, %2)"},
    {F_JSON_ARRAY_ELEMENT, "pgf_json_element(%1, %2)"}, {F_JSONB_ARRAY_ELEMENT, "pgf_json_element(%1, %2)"},
    {F_JSON_ARRAY_ELEMENT_TEXT, "pgf_json_element_text(%1, %2)"},
    {F_JSONB_ARRAY_ELEMENT_TEXT, "pgf_json_element_text(%1, %2)"},
    {F_JSON_EXTRACT_PATH, "pgf_json_path(%1, %2)"}, {F_JSONB_EXTRACT_PATH, "pgf_json_path(%1, %2)"},
    {F_JSON_EXTRACT_PATH_TEXT, "pgf_json_path_text(%1, %2)"},
    {F_JSONB_EXTRACT_PATH_TEXT, "pgf_json_path_text(%1, %2)"}, {F_JSONB_CONTAINS, "pgf_jsonb_contains(%1, %2)"},
    {F_JSONB_CONTAINED, "pgf_jsonb_contains(%2, %1)"}, {F_JSONB_EXISTS, "pgf_jsonb_exists(%1, %2)"},
    {F_JSONB_CONCAT, "pgf_jsonb_concat(%1, %2)"},
    {F_JSON_TYPEOF, "pgf_json_typeof(%1)"}, {F_JSONB_TYPEOF, "pgf_json_typeof(%1)"},
    {F_JSON_ARRAY_LENGTH, "pgf_json_array_length(%1)"}, {F_JSONB_ARRAY_LENGTH, "pgf_json_array_length(%1)"},
    {F_VERSION, "pgf_version()"}, {F_CURRENT_DATABASE, "pgf_current_database()"},
    {F_CURRENT_SCHEMA, "pgf_current_schema()"}, {F_CURRENT_SETTING_TEXT, "pgf_current_setting(%1, 0)"},
    {F_CURRENT_SETTING_TEXT_BOOL, "pgf_current_setting(%1, %2)"}, {F_SET_CONFIG, "pgf_set_config(%1, %2, %3)"},
    {F_PG_BACKEND_PID, "pgf_backend_pid()"}, {F_NEXTVAL, "pgf_nextval(%1)"}, {F_CURRVAL, "pgf_currval(%1)"},
    {F_LASTVAL, "pgf_lastval()"}, {F_SETVAL_REGCLASS_INT8, "pgf_setval(%1, %2, 1)"},
    {F_SETVAL_REGCLASS_INT8_BOOL, "pgf_setval(%1, %2, %3)"}, {F_FORMAT_TYPE, "pgf_format_type(%1, %2)"},
    {F_PG_TABLE_IS_VISIBLE, "pgf_table_is_visible(%1)"}, {F_PG_TYPE_IS_VISIBLE, "(%1 IS NOT NULL)"},
    {F_PG_GET_USERBYID, "pgf_get_userbyid(%1)"}, {F_PG_IS_IN_RECOVERY, "0"},
    {F_PG_GET_EXPR_PG_NODE_TREE_OID, "%1"}, {F_PG_GET_EXPR_PG_NODE_TREE_OID_BOOL, "%1"},
    {F_PG_GET_CONSTRAINTDEF_OID, "pgf_get_constraintdef(%1)"},
    {F_PG_GET_CONSTRAINTDEF_OID_BOOL, "pgf_get_constraintdef(%1)"},
    {F_PG_GET_INDEXDEF_OID, "pgf_get_indexdef(%1)"},
    {F_PG_GET_INDEXDEF_OID_INT4_BOOL, "pgf_get_indexdef(%1, %2)"},
    {F_OBJ_DESCRIPTION_OID, "NULL"}, {F_OBJ_DESCRIPTION_OID_NAME, "NULL"}, {F_COL_DESCRIPTION, "NULL"}, /* there are no comments */
    {F_PG_ADVISORY_UNLOCK_ALL, "''"}, /* there are no such locks */
    {F_CURRENT_SCHEMAS, "pgf_current_schemas(%1)"},
    {F_GENERATE_SERIES_INT4_INT4, "WITH RECURSIVE \"g\"(\"c1\") AS (SELECT %1 WHERE %1 <= %2 UNION ALL SELECT "
                                  "\"c1\" + 1 FROM \"g\" WHERE \"c1\" < %2) SELECT \"c1\" FROM \"g\""},
    {F_GENERATE_SERIES_INT8_INT8, "WITH RECURSIVE \"g\"(\"c1\") AS (SELECT %1 WHERE %1 <= %2 UNION ALL SELECT "
                                  "\"c1\" + 1 FROM \"g\" WHERE \"c1\" < %2) SELECT \"c1\" FROM \"g\""},
};

static const char *find(const struct entry *entries, size_t n, uint32_t proc)
{
    for (size_t i = 0; i < n; i++)
        if (entries[i].proc == proc)
            return entries[i].pattern;
    return NULL;
}

#define FIND(table, proc) find(table, sizeof(table) / sizeof((table)[0]), proc)

const char *emit_proc_template(uint32_t proc)
{
    const char *pattern = FIND(arithmetic, proc);
    pattern = pattern ? pattern : FIND(casts, proc);
    pattern = pattern ? pattern : FIND(strings, proc);
    pattern = pattern ? pattern : FIND(times, proc);
    pattern = pattern ? pattern : FIND(aggregates, proc);
    return pattern ? pattern : FIND(others, proc);
}

/* -- comparisons, by rule: SQLite's own wherever the stored values compare alike -- */

enum family { FAMILY_NONE, FAMILY_INTEGER, FAMILY_REAL, FAMILY_TEXT, FAMILY_SAME };

static enum family family(uint32_t type)
{
    switch (type) {
    case TYPES_INT2:
    case TYPES_INT4:
    case TYPES_INT8:
    case TYPES_OID:
        return FAMILY_INTEGER;
    case TYPES_FLOAT4:
    case TYPES_FLOAT8:
        return FAMILY_REAL;
    case TYPES_TEXT:
    case TYPES_NAME:
    case TYPES_BPCHAR:
    case TYPES_CHAR:
        return FAMILY_TEXT;
    case TYPES_BOOL:
    case TYPES_DATE:
    case TYPES_TIME:
    case TYPES_TIMESTAMP:
    case TYPES_TIMESTAMPTZ:
    case TYPES_UUID:
    case TYPES_BYTEA:
        return FAMILY_SAME;
    default:
        return FAMILY_NONE;
    }
}

static int comparison(const char *name)
{
    static const char *const names[] = {"=", "<>", "<", "<=", ">", ">="};
    for (int i = 0; i < 6; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

/* A date or timestamp brought to the other side's type. */
static const char *widen(uint32_t from, uint32_t to, const char *arg)
{
    if (from == to)
        return arg;
    if (from == TYPES_DATE && to == TYPES_TIMESTAMP)
        return emit_format("pgf_date_timestamp(%s)", arg);
    if (from == TYPES_DATE && to == TYPES_TIMESTAMPTZ)
        return emit_format("pgf_to_utc(pgf_date_timestamp(%s))", arg);
    if (from == TYPES_TIMESTAMP && to == TYPES_TIMESTAMPTZ)
        return emit_format("pgf_to_utc(%s)", arg);
    return NULL;
}

const char *emit_operator_template(const struct infer_operator *o)
{
    int c = comparison(o->name);
    if (c < 0 || o->left == 0)
        return emit_proc_template(o->proc);
    enum family left = family(o->left), right = family(o->right);
    if (left != FAMILY_NONE && left == right && (left != FAMILY_SAME || o->left == o->right))
        return emit_format("(%%1 %s %%2)", o->name);
    if (o->left == TYPES_NUMERIC && o->right == TYPES_NUMERIC)
        return emit_format("(%%1 COLLATE numeric %s %%2)", o->name);
    if (o->left == TYPES_JSONB && o->right == TYPES_JSONB && c < 2)
        return emit_format("(%%1 %s %%2)", o->name);
    if (o->left == TYPES_INTERVAL && o->right == TYPES_INTERVAL)
        return emit_format("(pgf_interval_compare(%%1, %%2) %s 0)", o->name);
    if (left != FAMILY_SAME || right != FAMILY_SAME)
        return NULL;
    const char *l = widen(o->left, o->right, "%1"), *r = widen(o->right, o->left, "%2");
    if (l == NULL && r == NULL)
        return NULL;
    return emit_format("(%s %s %s)", l ? l : "%1", o->name, r ? r : "%2");
}
