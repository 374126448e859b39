-- functions.sql: decides about every function of pg_catalog: may a confined client call it by name?
--
--   psql -XAtq -F '	' -f policy/functions.sql > policy/functions.tsv      (PostgreSQL 15, any database)
--   sed -n 's/\tallowed$//p' policy/functions.tsv | sed 's/.*/"&",/' > policy/functions_list.inc
--
-- functions.tsv is the review: each name with "allowed" or the reason why not.  A test makes it anew from a
-- live server, so that no function is left undecided.
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
CREATE TEMP TABLE deny(n serial, pattern text, reason text);
INSERT INTO deny(pattern, reason) VALUES
    ('^(format_type|col_description|obj_description|shobj_description|has_.*_privilege|pg_get_(constraint|index|rule|trigger|view|partkey|partition_constraint)def|pg_get_expr|pg_get_userbyid|pg_.*_is_visible|pg_get_function_.*|pg_get_statisticsobjdef_columns|pg_index.*_has_property|pg_partition_(root|ancestors)|pg_relation_is_publishable)$',
     'about an object: by its oid from a row of the catalog alone, see catalogs.c'),
    ('^pg_(advisory|try_advisory)', 'lock that all tenants share'),
    ('^pg_(ls_|read_|stat_file|file_|current_logfile|rotate_logfile|hba_|ident_|show_all_file|control_)', 'files of the server'),
    ('^pg_(stat|lock|blocking|safe_snapshot|isolation_test|cancel|terminate|log_backend|backend_pid|notif|listening|trigger_depth|my_temp|is_other_temp|cursor|prepared)', 'sessions and statistics'),
    ('(_size|_filenode|_filepath|relation_size)$|^pg_(relation_|tablespace|database_size|column_compression)', 'sizes and files of relations'),
    ('^pg_(wal|walfile|current_wal|switch_wal|last_wal|last_xact|last_committed|xact|create_|drop_repl|copy_|replication|logical|promote|backup|is_wal|get_wal|get_replication|export_snapshot|start_backup|stop_backup|create_restore|split_walfile|show_replication|extension_config|sequence)', 'write-ahead log, replication, sequences'),
    ('^pg_(sleep|reload|conf|config|postmaster|export|import|nextoid|stop_making|jit)', 'acts on the server, or holds it up'),
    ('^pg_', 'says of the server or of its objects what is not the tenant''s'),
    ('^lo_|^lo(read|write)', 'large objects, which belong to nobody'),
    ('^(binary_upgrade|brin|gin|gist|spg|hash|bt|RI|fmgr|plpgsql|dsnowball|amvalidate)_?', 'inside of indexes, keys and languages'),
    ('^(has_|acl|makeacl|row_security)', 'privileges of the server''s roles'),
    ('(^|_)(visible|description)$', 'existence of objects and comments'),
    ('_xml(_and_xmlschema|schema)?$|xmlschema$|^cursor_to_|^xmlvalidate', 'runs a text as SQL'),
    ('^to_reg|^reg(class|proc|oper|role|namespace|collation|dictionary|config|type)', 'objects by their names'),
    ('^(txid_|mxid_|xid)', 'the transaction counter that all tenants share'),
    ('^(inet_client|inet_server)_', 'the addresses of the proxy and of the server'),
    ('^(nextval|currval|lastval|setval)$', 'sequences that all tenants share'),
    ('^(set_config|setseed|current_query)$', 'state of the server''s session'),
    ('^ts_(stat|rewrite)$', 'runs a text as SQL'),
    ('^ts_(debug|parse|token_type|lexize)$', 'the catalog of text search'),
    ('^(popen|pclose|system|getpgusername|get_current_ts_config|oidvectortypes)$', 'the server''s session and catalog'),
    ('^(postgresql_fdw_validator|satisfies_hash_partition|currtid2|abbrev|numnode)$', 'inside of the server'),
    ('(send|recv|typmodin|typmodout|_accum|_accum_inv|_combine|_canonical|_subdiff|_validator)$', 'behind types and aggregates'),
    ('(trigger|_opr|_image_..|_support|_sortsupport|_typanalyze|_hash|_hash_extended)$', 'behind triggers, operators and the planner'),
    ('^(dround|dtrunc|dsqrt|dcbrt|dpow|dexp|dlog1|dlog10|flt._|cash_|.*_cash$|int[248]|float[48]|bit(and|or|not))', 'behind operators: called by those'),
    ('^(array|anyarray|anytext|anycompat|textany|byteacat|bitcat|nameconcat|timedate|datetime|integer_pl|interval_|date_|time_|timestamp_|timestamptz_|timetz|time|numeric_|multirange_|range_|record_|path_|point_|poly_|circle_|box_|lseg_|line_|dist_|inter_|close_|on_p|on_s|pt_|elem_|enum_|mul_d|network_|macaddr|uuid_|tsq_|tsquery_|tsvector_|text|name|bpchar|varchar|oid|char|money|inet|cid|xid|tid|jsonb_path_.*_opr)', 'behind operators and casts: called by those');
-- ... but these, which the last three patterns would take with them.
CREATE TEMP TABLE rescue(name text);
INSERT INTO rescue SELECT unnest('{
    pg_typeof, pg_char_to_encoding, pg_client_encoding, pg_encoding_to_char, pg_size_pretty, pg_size_bytes, pg_collation_for, pg_column_size,
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
SELECT name, CASE
    WHEN internal THEN 'not callable: takes or returns values of the server''s inside'
    WHEN rescued AND NOT (volatile AND NOT harmless) THEN 'allowed'
    WHEN reason IS NOT NULL THEN reason
    WHEN volatile AND NOT harmless THEN 'volatile: changes something, or acts on the server'
    WHEN support AND NOT kept THEN 'behind operators, casts, types, aggregates: called by those'
    ELSE 'allowed' END
FROM (SELECT f.*, name IN (SELECT name FROM rescue) AS rescued, name IN (SELECT name FROM volatile_ok) AS harmless,
             name IN (SELECT name FROM keep) AS kept,
             (SELECT d.reason FROM deny d WHERE name ~ d.pattern ORDER BY d.n LIMIT 1) AS reason
      FROM f UNION ALL SELECT newer.name, false, false, false, true, true, true, NULL FROM newer
      WHERE newer.name NOT IN (SELECT f.name FROM f)) AS decided
ORDER BY name COLLATE "C";
