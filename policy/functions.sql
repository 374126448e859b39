-- functions.sql: makes policy/functions_list.inc, the functions a confined client may call by name.
--
--   psql -XAtq -f policy/functions.sql > policy/functions_list.inc      (PostgreSQL 15, any database)
--
-- A name is on the list only if ALL its overloads in pg_catalog are fit, since PostgreSQL, not we, picks the
-- overload.  Fit: immutable or stable, callable from SQL, and free of SQL text, file, network, lock,
-- session, statistics, replication, large-object, sequence or catalog-reading effect.  The functions behind
-- operators, casts, indexes, aggregates and type input/output are left out: clients call those by
-- other names, and a short list can be read.  Read the difference before you commit a new result.

CREATE TEMP TABLE support AS
    SELECT oprcode::oid AS f FROM pg_operator
    UNION SELECT oprrest FROM pg_operator UNION SELECT oprjoin FROM pg_operator
    UNION SELECT amproc::oid FROM pg_amproc
    UNION SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend, typmodin, typmodout,
                              typanalyze]::oid[]) FROM pg_type
    UNION SELECT unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn,
                              aggminvtransfn, aggmfinalfn]::oid[]) FROM pg_aggregate
    UNION SELECT rngsubdiff FROM pg_range UNION SELECT rngcanonical FROM pg_range
    UNION SELECT conproc FROM pg_conversion
    UNION SELECT lanplcallfoid FROM pg_language UNION SELECT lanvalidator FROM pg_language;

-- Support functions that people do call by name, and names that have one such overload.
CREATE TEMP TABLE keep(name text);
INSERT INTO keep SELECT unnest('{
    starts_with, jsonb_exists, jsonb_exists_any, jsonb_exists_all, jsonb_contains, jsonb_contained,
    jsonb_concat, jsonb_delete, jsonb_delete_path, jsonb_object_field, jsonb_object_field_text,
    jsonb_array_element, jsonb_array_element_text, json_object_field, json_object_field_text,
    json_array_element, json_array_element_text, jsonb_extract_path, jsonb_extract_path_text,
    json_extract_path, json_extract_path_text, jsonb_path_exists, jsonb_path_match,
    array_cat, array_append, array_prepend, array_to_tsvector, tsvector_concat,
    abs, ceil, ceiling, mod, power, pow, sqrt, cbrt, div, factorial, hashtext, hashtextextended,
    date_pli, date_mii, like, notlike, overlaps, timezone, concat, replace, regexp_match,
    texteq, textcat, arraycontains, arraycontained, arrayoverlap, pi, tsquery_phrase, ts_match_vq,
    lower, upper, center, isempty, point, box, circle, path, polygon, lseg, line, area, isclosed,
    isopen, diagonal, npoints, radius, diameter, height, width, slope, ishorizontal, isvertical,
    isparallel, isperp, host, network, netmask, hostmask, broadcast, masklen, inet_merge,
    inet_same_family, text, int2, int4, int8, float4, float8, numeric, bool, varchar, bpchar, char, name,
    date, time, timetz, timestamp, timestamptz, interval, bit, varbit, oid, xml, money,
    cidr, macaddr, macaddr8, daterange, int4range, int8range, numrange, tsrange, tstzrange
}'::text[]);

-- Fit by the catalog's book, unfit for us: each with its reason.
CREATE TEMP TABLE deny(pattern text);
INSERT INTO deny VALUES
    ('^pg_'),                           -- the server: sizes, locks, files, definitions, privileges, sleep
    ('^(lo|binary_upgrade|brin|gin|gist|spg|hash|bt|RI|fmgr|plpgsql|dsnowball|amvalidate)_?'),
    ('^(has_|acl|makeacl|row_security)'),       -- privileges
    ('(^|_)(visible|description)$'),            -- existence, comments
    ('_xml(_and_xmlschema|schema)?$'),          -- query_to_xml and its like: SQL text
    ('xmlschema$|^cursor_to_|^xmlvalidate'),
    ('^to_reg|^reg(class|proc|oper|role|namespace|collation|dictionary|config|type)'),
    ('^(txid_|mxid_|xid)'),                     -- the counter all tenants share
    ('^(inet_client|inet_server)_'),            -- the proxy's and the server's address
    ('^(nextval|currval|lastval|setval|set_config|setseed|current_query)$'),
    ('^ts_(stat|rewrite|debug|parse|token_type|lexize)$'), -- SQL text; catalog of parsers
    ('^(popen|pclose|system|getpgusername|get_current_ts_config|oidvectortypes)$'),
    ('^(postgresql_fdw_validator|satisfies_hash_partition|currtid2|abbrev|numnode)$'),
    ('(send|recv|typmodin|typmodout|_accum|_accum_inv|_combine|_canonical|_subdiff|_validator)$'),
    ('(trigger|_opr|_image_..|_support|_sortsupport|_typanalyze|_hash|_hash_extended)$'),
    ('^(dround|dtrunc|dsqrt|dcbrt|dpow|dexp|dlog1|dlog10|flt._|cash_|.*_cash$|int[248]|float[48]|bit(and|or|not))'),
    ('^(array|anyarray|anytext|anycompat|textany|byteacat|bitcat|nameconcat|timedate|datetime|integer_pl|interval_|date_|time_|timestamp_|timestamptz_|timetz|time|numeric_|multirange_|range_|record_|path_|point_|poly_|circle_|box_|lseg_|line_|dist_|inter_|close_|on_p|on_s|pt_|elem_|enum_|mul_d|network_|macaddr|uuid_|tsq_|tsquery_|tsvector_|text|name|bpchar|varchar|oid|char|money|inet|cid|xid|tid|jsonb_path_.*_opr)');
-- ... but these, which the last three patterns would take with them.
CREATE TEMP TABLE rescue(name text);
INSERT INTO rescue SELECT unnest('{
    pg_typeof, pg_client_encoding, pg_size_pretty, pg_size_bytes, pg_collation_for, pg_column_size,
    pg_is_in_recovery,
    array_agg, array_append, array_cat, array_dims, array_fill, array_length, array_lower, array_ndims,
    array_position, array_positions, array_prepend, array_remove, array_replace, array_to_json,
    array_to_string, array_to_tsvector, array_upper, arraycontains, arraycontained, arrayoverlap,
    date_bin, date_part, date_trunc, datemultirange, daterange, timezone, timeofday, enum_first, enum_last,
    enum_range, range_agg, range_merge, range_intersect_agg, multirange, tsvector_to_array, tsquery_phrase,
    tsvector_concat, char_length, character_length, numnode, bit_and, bit_count, bit_length, bit_or,
    bit_xor, bound_box, hostmask, macaddr8_set7bit, hashtext, hashtextextended, texteq, textcat,
    log, log10, lower, lower_inc, lower_inf, lpad, btrim, path, age, broadcast, point, box, circle,
    lseg, line, polygon, text, int2, int4, int8, float4, float8, numeric, bool, varchar, bpchar,
    char, name, date, time, timetz, timestamp, timestamptz, interval, bit, varbit, oid, xml, money, cidr,
    macaddr, macaddr8, int4range, int8range, int4multirange, int8multirange, date_pli, date_mii,
    inet_merge, inet_same_family, random, gen_random_uuid, clock_timestamp, jsonb_path_exists,
    network, xpath, xpath_exists, xmlexists, xml_is_well_formed, xml_is_well_formed_content,
    xml_is_well_formed_document, xmlagg, xmlcomment
}'::text[]);

-- Volatile, yet harmless.
CREATE TEMP TABLE volatile_ok(name text);
INSERT INTO volatile_ok VALUES ('random'), ('gen_random_uuid'), ('clock_timestamp'), ('timeofday'),
                               ('pg_is_in_recovery');

-- Of PostgreSQL 16 to 18, fit in the same sense.
CREATE TEMP TABLE newer(name text);
INSERT INTO newer SELECT unnest('{
    any_value, array_reverse, array_sample, array_shuffle, array_sort, casefold, crc32, crc32c, date_add,
    date_subtract, erf, erfc, gamma, lgamma, random_normal, to_bin, to_oct, uuid_extract_timestamp,
    uuid_extract_version, uuidv4, uuidv7
}'::text[]);

WITH f AS (
    SELECT p.proname::text AS name,
           bool_or(p.provolatile = 'v') AS volatile,
           bool_or('internal'::regtype = ANY (p.proargtypes::regtype[])
                   OR 'cstring'::regtype = ANY (p.proargtypes::regtype[])
                   OR p.prorettype = ANY ('{internal,cstring,trigger,event_trigger,language_handler,
                        fdw_handler,index_am_handler,table_am_handler,tsm_handler}'::regtype[])) AS internal,
           bool_and(p.oid IN (SELECT f FROM support)) AS support
    FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace GROUP BY 1
)
SELECT '"' || name || '",' FROM (SELECT name FROM f
WHERE NOT internal
  AND (NOT volatile OR name IN (SELECT name FROM volatile_ok))
  AND (NOT support OR name IN (SELECT name FROM keep) OR name IN (SELECT name FROM rescue))
  AND (NOT EXISTS (SELECT 1 FROM deny WHERE name ~ pattern) OR name IN (SELECT name FROM rescue))
UNION SELECT name FROM newer) AS fit
ORDER BY name COLLATE "C";
