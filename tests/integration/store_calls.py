"""Random calls of functions and operators with edge-case arguments, legal in PostgreSQL."""
import random

VALUES = {
    "text": ["''", "'a'", "'abc'", "'ABC def'", "'Héllo wörld'", "' pad '", "'a,b,,c'", "'foobarbaz'", "'%_\\x'",
             "'12'", "E'tab\\there'", "E'two\\nlines'", "'日本語'", "'aaaa'", "null::text", "'x.y.z'", "'ÀÉ'"],
    "short": ["''", "'a'", "'b'", "'o'", "','", "'ab'", "'é'", "' '", "'xy'", "null::text", "'.'"],
    "int": ["0", "1", "-1", "2", "3", "5", "7", "-3", "100", "null::int"],
    "small": ["0", "1", "2", "3", "-1", "-2", "5", "20"],
    "int2": ["0::int2", "1::int2", "(-1)::int2", "32767::int2", "(-32768)::int2", "7::int2", "null::int2"],
    "int4": ["0", "1", "-1", "2147483647", "(-2147483648)", "7", "12", "18", "-42", "null::int", "65536"],
    "int8": ["0::int8", "1::int8", "(-1)::int8", "9223372036854775807", "(-9223372036854775808)", "48::int8", "180::int8",
             "null::int8", "4294967296"],
    "numeric": ["0.0", "1.0", "-1.5", "2.5", "0.001", "123456789.123456789", "1e20", "1e-15", "99999999999999999999.99",
                "'NaN'::numeric", "'Infinity'::numeric", "'-Infinity'::numeric", "null::numeric", "12.3400", "7::numeric",
                "0.5", "1e100", "3.14159265358979", "-0.00012", "10000.0", "2::numeric", "0.9999"],
    "float8": ["0::float8", "1::float8", "-1.5::float8", "0.1::float8", "1e300::float8", "1e-300::float8", "'NaN'::float8",
               "'Infinity'::float8", "'-Infinity'::float8", "null::float8", "123.456::float8", "2.5::float8", "3.5::float8",
               "'-0'::float8", "0.5::float8", "30::float8", "45::float8", "-7.25::float8", "1e15::float8", "90::float8"],
    "float4": ["0::float4", "1.5::float4", "0.1::float4", "'NaN'::float4", "'Infinity'::float4", "3e38::float4", "1e-40::float4",
               "null::float4", "-2.25::float4", "16777217::float4"],
    "bytea": ["'\\x'::bytea", "'\\x00'::bytea", "'\\xdeadbeef'::bytea", "'abc'::bytea", "'\\x010203040506'::bytea",
              "null::bytea", "'\\xff00ff'::bytea", "'\\x6162'::bytea"],
    "bool": ["true", "false", "null::bool"],
    "date": ["date '2024-02-29'", "date '2000-01-01'", "date '1999-12-31'", "date '0044-03-15 BC'", "date 'infinity'",
             "date '-infinity'", "null::date", "date '2023-01-01'", "date '1582-10-15'", "date '9999-12-31'", "date '2020-12-31'"],
    "timestamp": ["timestamp '2024-02-29 13:14:15.678901'", "timestamp '2000-01-01'", "timestamp '1999-12-31 23:59:59.999999'",
                  "timestamp 'infinity'", "timestamp '-infinity'", "null::timestamp", "timestamp '0001-01-01 BC'",
                  "timestamp '2024-03-31 02:30'", "timestamp '1970-01-01'", "timestamp '2021-01-31 12:00:00.5'",
                  "timestamp '2024-12-30 00:00'", "timestamp '1900-01-01 00:00:01'"],
    "timestamptz": ["timestamptz '2024-02-29 13:14:15.678901+00'", "timestamptz '2000-01-01 00:00+02'",
                    "timestamptz '2024-07-01 12:00 America/New_York'", "timestamptz 'infinity'", "null::timestamptz",
                    "timestamptz '2024-03-10 09:30:00+00'", "timestamptz '1969-12-31 23:59:59.5+00'",
                    "timestamptz '0044-03-15 12:00 BC'"],
    "time": ["time '00:00'", "time '24:00'", "time '13:14:15.678901'", "time '23:59:59.999999'", "null::time", "time '06:30'"],
    "timetz": ["timetz '00:00+00'", "timetz '13:14:15.6789-05:30'", "timetz '23:59:59.999999+14'", "null::timetz",
               "timetz '24:00-08'", "timetz '06:30+02'"],
    "interval": ["interval '0'", "interval '1 day'", "interval '-1 day'", "interval '1 month'", "interval '1 year 2 mons 3 days 04:05:06.789'",
                 "interval '-1 year 3 days -04:00'", "interval '90 minutes'", "interval '35 days'", "interval '25 hours'",
                 "interval '0.000001 s'", "null::interval", "interval '1.5 months'", "interval '-13 mons'", "interval '100 years'",
                 "interval '14 mons -40 days 50 hours'", "interval '59.999999 s'"],
    "zone": ["'UTC'", "'America/New_York'", "'Europe/Vienna'", "'+02'", "'-03:30'", "'EST'", "'Asia/Kathmandu'", "'CEST'"],
    "field": ["'microseconds'", "'milliseconds'", "'second'", "'minute'", "'hour'", "'day'", "'week'", "'month'", "'quarter'",
              "'year'", "'decade'", "'century'", "'millennium'", "'dow'", "'isodow'", "'doy'", "'epoch'", "'isoyear'",
              "'timezone'", "'timezone_hour'", "'timezone_minute'", "'julian'", "'nonsense'"],
    "trunc": ["'microseconds'", "'milliseconds'", "'second'", "'minute'", "'hour'", "'day'", "'week'", "'month'", "'quarter'",
              "'year'", "'decade'", "'century'", "'millennium'", "'dow'"],
    "regex": ["'a'", "'o+'", "'(b)(a)'", "'[a-z]+'", "'\\w+'", "'^.'", "'.$'", "'b.*?a'", "'(foo|foobar)(b?)'", "'(a|ab)(c|bcd)?'",
              "'\\s*'", "''", "'(o)*'", "'[^a-c]'", "'\\m\\w'", "'x?'", "'(.)(.)'", "'\\d{1,2}'", "'[[:upper:]]'", "'a{2}'",
              "'(a*?)(a)'", "'(?:a|b)+'", "'(z)?a'", "'*'", "'(a'", "'[b'", "'é'", "'(?i)FOO'", "'\\y'", "'(?=b)..'", "',|\\.'"],
    "flags": ["''", "'g'", "'i'", "'gi'", "'n'", "'x'", "'s'", "'q'"],
    "similar": ["'%'", "'a%'", "'(a|f)%'", "'_b_'", "'[a-f]*'", "'foo(bar|baz)*'", "'%o_r%'", "''"],
    "like": ["'%'", "'a%'", "'%b%'", "'_'", "'%\\%%'", "'A%'", "'%é%'", "'f__b%'", "'\\'"],
    "datefmt": ["'YYYY-MM-DD'", "'YYYY-MM-DD HH24:MI:SS.US'", "'Day, DD Month YYYY'", "'Dy DD Mon YY HH12:MI AM'", "'FMDay FMDD FMMonth'",
                "'IYYY-IW-ID'", "'DDD J Q WW W CC'", "'HH:MI:SS.MS am'", "'\"text\" YYYY \"Y\"'", "'DDth Mon'", "'Y,YYY BC'", "'SSSS SSSSS'",
                "'FF1 FF2 FF3 FF4 FF5 FF6'", "'RM rm'", "'TZ tz OF TZH:TZM'", "'MONTH month Month MON mon'", "'YYY YY Y'", "'IDDD'", "'A.D. a.m.'",
                "'FMHH24:FMMI:FMSS'", "'yyyy\\-mm'", "'DAY day DY dy D'", "'HH24hMIm'", "'YYYYth'", "'YYYYMMDDHH24MISS'", "''", "'IYY IY I'", "'TMMonth TMDay'"],
    "numfmt": ["'999'", "'999.99'", "'FM999.99'", "'000.000'", "'FM000'", "'S999'", "'999S'", "'MI999'", "'999MI'", "'PL999'", "'SG999'", "'999PR'",
               "'9,999,999.99'", "'9G999D99'", "'L999'", "'RN'", "'FMRN'", "'999th'", "'999TH'", "'9.99EEEE'", "'99V99'", "'0999.9'", "'B999'",
               "'FM9,999.00'", "'\"n=\"999'", "'999999999999999999999.999'", "'FM99.'", "'.99'", "'9 9 9'", "'FM990.00'", "'90'", "'SG9.9'"],
    "interval_style": ["'postgres'"],
    "bit": ["B'1'", "B'0'", "B'1010'", "B'11110000'", "B'0110'", "null::bit(4)"],
    "varbit": ["B'101'::varbit", "''::varbit", "B'0011'::varbit"],
    "uuid": ["'550e8400-e29b-41d4-a716-446655440000'::uuid", "'00000000-0000-0000-0000-000000000000'::uuid", "null::uuid"],
    "encoding": ["'hex'", "'base64'", "'escape'", "'HEX'", "'none'"],
    "fmt": ["'%s'", "'%s %s'", "'%I'", "'%L'", "'%2$s %1$s'", "'%10s|'", "'%-10s|'", "'%%'", "'%1$I.%2$L'", "'%s %'", "'%*s'"],
    "fraction": ["0", "0.25", "0.5", "1", "0.333"],
    "typename": ["int2", "int4", "int8", "float4", "float8", "numeric", "text", "varchar(3)", "numeric(6,2)", "bool", "char(5)", "numeric(3,-1)"],
    "timetype": ["date", "timestamp", "timestamptz", "time", "timetz", "interval", "timestamp(3)", "time(2)", "text", "timestamptz(0)",
                 "interval(2)", "timestamp(0)"],
}

CALLS = """
lower(text) upper(text) initcap(text) length(text) char_length(text) octet_length(text) bit_length(text) reverse(text) md5(text)
substr(text,int) substring(text,int) substr(text,int,small) left(text,int) right(text,int) lpad(text,small) rpad(text,small,short)
lpad(text,small,short) btrim(text) ltrim(text,short) rtrim(text,short) btrim(text,short) replace(text,short,text) strpos(text,short)
split_part(text,short,int) repeat(text,small) translate(text,text,short) ascii(text) chr(int4) starts_with(text,short) overlay(text,short,int,int)
concat(text,int,numeric,bool,date) concat_ws(short,text,float8,time) quote_ident(text) quote_literal(text) quote_nullable(text)
quote_literal(numeric) to_hex(int4) to_hex(int8) format(fmt,text,int4) format(fmt,text) parse_ident(text) string_to_array(text,short)
string_to_array(text,short,short) unistr(text) encode(bytea,encoding) decode(text,encoding) sha256(bytea) sha512(bytea) sha224(bytea)
md5(bytea) length(bytea) octet_length(bytea) bit_length(bytea) bit_count(bytea) get_byte(bytea,int) get_bit(bytea,int) set_byte(bytea,int,int4)
set_bit(bytea,int,small) substr(bytea,int) substring(bytea,int,small) overlay(bytea,bytea,small,small) overlay(bytea,bytea,small)
btrim(bytea,bytea) ltrim(bytea,bytea) rtrim(bytea,bytea) position(bytea;in;bytea) convert_from(bytea,'UTF8') convert_to(text,'UTF8')
convert_to(text,'LATIN1') num_nulls(text,int,bool) num_nonnulls(int,numeric)
text;like;like text;ilike;like text;not_like;like text;~;regex text;~*;regex text;!~;regex text;similar_to;similar bytea;||;bytea
text;||;text text;||;numeric int;||;text text;=;text text;<;text text;>=;text text;^@;short bytea;=;bytea bytea;<;bytea uuid;<;uuid
regexp_replace(text,regex,text) regexp_replace(text,regex,'[\\1]',flags) regexp_replace(text,regex,short,flags) regexp_match(text,regex)
regexp_match(text,regex,flags) regexp_count(text,regex) regexp_count(text,regex,small,flags) regexp_instr(text,regex,small,small)
regexp_instr(text,regex,1,1,small,flags,small) regexp_substr(text,regex) regexp_substr(text,regex,small,small,flags,small) regexp_like(text,regex,flags)
regexp_split_to_array(text,regex) regexp_split_to_array(text,regex,flags) substring(text;from;regex) regexp_replace(text,regex,short,small,small,flags)
int4;+;int4 int4;-;int4 int4;*;int4 int4;/;int4 int4;%;int4 int8;+;int8 int8;-;int8 int8;*;int8 int8;/;int8 int8;%;int8 int2;+;int2 int2;*;int2
int2;/;int4 int8;-;int2 int4;&;int4 int4;|;int4 int4;#;int4 int8;#;int8 int4;<<;small int8;>>;int int2;<<;small ~(int4) ~(int8) -(int2) -(int8) @(int4)
abs(int2) abs(int8) mod(int4,int4) mod(int8,int8) gcd(int4,int4) gcd(int8,int8) lcm(int4,int4) lcm(int8,int8) factorial(small) sign(int4)
numeric;+;numeric numeric;-;numeric numeric;*;numeric numeric;/;numeric numeric;%;numeric numeric;^;small numeric;=;numeric numeric;<;numeric
-(numeric) abs(numeric) ceil(numeric) floor(numeric) round(numeric) trunc(numeric) round(numeric,small) trunc(numeric,small) sign(numeric)
sqrt(numeric) exp(numeric) ln(numeric) log(numeric) log(numeric,numeric) log10(numeric) power(numeric,numeric) power(numeric,small) div(numeric,numeric)
mod(numeric,numeric) gcd(numeric,numeric) lcm(numeric,numeric) scale(numeric) min_scale(numeric) trim_scale(numeric) width_bucket(numeric,numeric,numeric,int)
greatest(numeric,numeric) least(numeric,numeric,numeric) width_bucket(float8,float8,float8,int)
float8;+;float8 float8;-;float8 float8;*;float8 float8;/;float8 float8;^;float8 float8;=;float8 float8;<;float8 float8;<>;float8 float4;+;float4
float4;*;float4 float4;/;float4 float4;-;float8 float8;*;float4 float4;=;float8 -(float8) @(float8) abs(float8) abs(float4) ceil(float8) floor(float8) round(float8)
trunc(float8) sign(float8) sqrt(float8) cbrt(float8) exp(float8) ln(float8) log(float8) log10(float8) power(float8,float8) sin(float8) cos(float8)
tan(float8) cot(float8) asin(float8) acos(float8) atan(float8) atan2(float8,float8) sinh(float8) cosh(float8) tanh(float8) asinh(float8) acosh(float8)
atanh(float8) sind(float8) cosd(float8) tand(float8) cotd(float8) asind(float8) acosd(float8) atand(float8) atan2d(float8,float8) degrees(float8)
radians(float8) greatest(float8,float8) least(float8,float8) |/(float8) ||/(float8)
date;+;int4 date;-;int date;-;date date;+;interval date;-;interval date;+;time date;+;timetz date;<;timestamp date;=;timestamptz
timestamp;+;interval timestamp;-;interval timestamp;-;timestamp timestamp;<;timestamptz timestamptz;+;interval timestamptz;-;interval timestamptz;-;timestamptz
time;+;interval time;-;interval time;-;time timetz;+;interval timetz;-;interval timetz;<;timetz timetz;=;timetz interval;+;interval interval;-;interval
interval;*;float8 interval;/;float8 float8;*;interval interval;*;int interval;<;interval interval;=;interval -(interval) interval;+;time
age(timestamp,timestamp) age(timestamptz,timestamptz) date_trunc(trunc,timestamp) date_trunc(trunc,timestamptz) date_trunc(trunc,timestamptz,zone)
date_trunc(trunc,interval) date_trunc(trunc,date) date_bin(interval,timestamp,timestamp) date_bin(interval,timestamptz,timestamptz)
date_part(field,timestamp) date_part(field,timestamptz) date_part(field,date) date_part(field,time) date_part(field,timetz) date_part(field,interval)
extract(field;from;timestamp) extract(field;from;timestamptz) extract(field;from;date) extract(field;from;time) extract(field;from;timetz)
extract(field;from;interval) justify_days(interval) justify_hours(interval) justify_interval(interval) isfinite(date) isfinite(timestamp) isfinite(interval)
make_date(int4,small,small) make_time(small,small,float8) make_timestamp(2024,small,small,small,small,fraction) make_interval(int,int,int,int,int,int,float8)
make_timestamptz(2024,small,small,small,small,fraction,zone) to_timestamp(float8) timezone(zone,timestamp) timezone(zone,timestamptz) timezone(zone,timetz)
timezone(interval,timestamp) timezone(interval,timestamptz) timezone(interval,timetz) greatest(interval,interval) least(date,date) greatest(timetz,timetz)
to_char(timestamp,datefmt) to_char(timestamptz,datefmt) to_char(interval,datefmt) to_char(date,datefmt) to_char(numeric,numfmt) to_char(int4,numfmt)
to_char(int8,numfmt) to_char(float8,numfmt) to_char(float4,numfmt)
text::typename int4::typename int8::typename numeric::typename float8::typename float4::typename bool::typename int2::typename
date::timetype timestamp::timetype timestamptz::timetype time::timetype timetz::timetype interval::timetype
bit;&;bit bit;|;bit bit;#;bit ~(bit) bit;||;varbit length(bit) octet_length(bit) bit_count(bit) get_bit(bit,small) set_bit(bit,small,small) position(bit;in;bit)
substring(bit,small) substring(bit,small,small) overlay(bit,bit,small) bit;<<;small bit;>>;small bit;=;bit bit;<;bit
"""


class Call:
    """One SELECT of one to three calls."""

    def __init__(self, seed, only=""):
        self.r = random.Random(seed)
        self.calls = [c for c in CALLS.split() if only in c]

    def value(self, kind):
        return self.r.choice(VALUES[kind]) if kind in VALUES else kind.replace("_", " ")

    def one(self):
        call = self.r.choice(self.calls)
        if "::" in call:
            left, right = call.split("::")
            return f"({self.value(left)})::{self.value(right)}"
        if not call.endswith(")"):
            left, operator, right = call.split(";")
            return f"({self.value(left)} {operator.replace('_', ' ')} {self.value(right)})"
        name, arguments = call[:-1].split("(", 1)
        made = ", ".join(" ".join(self.value(a) if a in VALUES else a for a in part.split(";"))
                         for part in arguments.split(","))
        if name == "extract":
            made = made.replace("'", "", 2)
        return f"({name}({made}))" if name[0] not in "|" else f"({name} {made})"

    def make(self):
        return "SELECT " + self.one()
