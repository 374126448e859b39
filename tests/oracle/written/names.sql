-- names
SELECT "User".id, "Workflow".id FROM "User" AS "Workflow" JOIN "Workflow" AS "User" ON true ORDER BY 1, 2
SELECT * FROM "Workflow" "User", "User" "Workflow" ORDER BY 1, 6
SELECT u.id FROM "User" u WHERE EXISTS (SELECT FROM country u WHERE u.code = 'FR') ORDER BY 1
SELECT u.id, (SELECT count(*) FROM "Workflow" u) FROM "User" u ORDER BY 1
SELECT u.id, (SELECT count(*) FROM "Workflow" w WHERE u."tenantId" <> w."tenantId") FROM "User" u ORDER BY 1
SELECT x.id FROM "User" x, (SELECT x.id FROM "Workflow" x) y WHERE x.id + 9 = y.id ORDER BY 1
SELECT partywall_p0.id FROM step partywall_p0 ORDER BY 1
SELECT partywall_p0.id FROM step AS partywall_p0 WHERE partywall_p0.id IN (SELECT partywall_p0.id FROM step partywall_p0) ORDER BY 1
SELECT s.id FROM step s, "Workflow" partywall_p0 WHERE s."workflowId" = partywall_p0.id ORDER BY 1
WITH partywall_p0 AS (SELECT 60 AS id, 'acme' AS "tenantId") SELECT s.id FROM step s, partywall_p0 ORDER BY 1
WITH "Workflow" AS (SELECT 60 AS id, 'acme' AS "tenantId") SELECT s.id FROM step s ORDER BY 1
WITH "public" AS (SELECT 60 AS id) SELECT s.id FROM step s, "public" ORDER BY 1
WITH "Tenant" AS (SELECT 'globex' AS id) SELECT * FROM "Tenant"
WITH "Tenant"(id) AS (VALUES ('globex')) SELECT t.id, r.id FROM "Tenant" t LEFT JOIN public."Tenant" r ON r.id = t.id
WITH country AS (SELECT * FROM "User") SELECT * FROM country ORDER BY id
WITH country AS (SELECT 1 AS x) SELECT * FROM public.country ORDER BY 1
WITH pg_type AS (SELECT 1 AS x) SELECT * FROM pg_type
WITH step AS (SELECT * FROM step) SELECT id FROM step ORDER BY 1
WITH step AS (SELECT * FROM step WHERE id > 100) INSERT INTO step(id, "workflowId", body) SELECT id + 800, "workflowId", body FROM step RETURNING *
WITH x AS (SELECT 1) SELECT (WITH x AS (SELECT password FROM "User" ORDER BY id DESC LIMIT 1) SELECT * FROM x), (SELECT count(*) FROM x)
SELECT id FROM "public"."User" ORDER BY 1
SELECT id FROM Public."User" ORDER BY 1
SELECT code FROM PUBLIC.Country ORDER BY 1
SELECT code FROM "Country"
SELECT id FROM user
SELECT id FROM "user"
SELECT id FROM USER
SELECT "public"."User"."id" FROM "public"."User" WHERE ("public"."User"."id" > 0 AND 1=1) ORDER BY "public"."User"."id" ASC LIMIT 10 OFFSET 0
SELECT public."User".* FROM public."User" ORDER BY 1
SELECT "User".* FROM public."User" ORDER BY 1
SELECT public."User".id FROM "User" u
SELECT public.u.id FROM "User" u
SELECT "User".id FROM "User" u
SELECT u."tenantId".x FROM "User" u
SELECT u.id."x" FROM "User" u
SELECT "tenantId" FROM "User" u, "Workflow" w
SELECT u.nonesuch FROM "User" u
SELECT nonesuch FROM "User" u
SELECT u.tenantid FROM "User" u
SELECT id FROM "User" AS "partywall" WHERE "partywall".id > 0 ORDER BY 1
SELECT id FROM "User" AS """" WHERE """".id > 0 ORDER BY 1
SELECT id FROM "User" AS "a.b" WHERE "a.b".id > 0 ORDER BY 1
SELECT id FROM "User" AS "$1" WHERE "$1".id > 0 ORDER BY 1
SELECT id FROM "User" AS "é" WHERE "é".id > 0 ORDER BY 1
SELECT id FROM "User" AS é WHERE É.id > 0 ORDER BY 1
SELECT id FROM "User" AS aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ORDER BY 1
SELECT aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.id FROM "User" AS aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ORDER BY 1
SELECT a.id FROM "User" a, "User" A
SELECT a.id FROM "User" a, "User" b, LATERAL (SELECT a.id) c WHERE a.id = b.id ORDER BY 1
SELECT tableoid::regclass FROM (SELECT 'pg_authid'::text AS tableoid) x
SELECT x.tableoid::regclass FROM (VALUES ('pg_authid')) x(tableoid)
SELECT t.tableoid::regclass FROM "User" t LIMIT 1
SELECT u.pg_sleep FROM "User" u
SELECT (u).pg_sleep FROM "User" u
SELECT u.row_to_json->>'password' FROM "User" u ORDER BY 1
SELECT u.to_jsonb FROM "User" u ORDER BY 1
SELECT (u.*)::text FROM "User" u ORDER BY 1
SELECT (SELECT (u).password) FROM "User" u ORDER BY 1
SELECT password(u) FROM "User" u ORDER BY 1
SELECT "tenantId"(u) FROM "User" u ORDER BY 1
SELECT ROW(u.*) FROM "User" u ORDER BY 1
SELECT ROW(u.*, 1) FROM "User" u ORDER BY 1
SELECT f(u) FROM "User" u
SELECT count(*) FROM "User" u WHERE u.* = u.*
SELECT u.* IS NULL FROM "User" u
SELECT (json_populate_record(NULL::"User", '{"id": 7, "password": "x"}')).*
SELECT * FROM json_populate_recordset(NULL::"User", '[{"id": 7}]')
SELECT * FROM jsonb_to_recordset('[{"a": 1}]') AS x(a "User")
SELECT NULL::"User"
SELECT NULL::public."Workflow"
SELECT ('(1,a,b,2,c)'::"User").email
SELECT ARRAY(SELECT u FROM "User" u ORDER BY id)
SELECT unnest(ARRAY(SELECT u FROM "User" u ORDER BY id))
SELECT (unnest(ARRAY(SELECT u FROM "User" u ORDER BY id))).password
SELECT x.password FROM unnest(ARRAY(SELECT u FROM "User" u)) x ORDER BY 1
SELECT count(*) FROM pg_am
SELECT typname FROM pg_catalog.pg_type WHERE oid = 23
SELECT t.oid, typarray FROM pg_type t JOIN pg_namespace ns ON typnamespace = ns.oid WHERE typname = 'hstore'
SELECT ns.nspname FROM pg_namespace ns
SELECT ns FROM pg_namespace ns
SELECT row_to_json(ns) FROM pg_namespace ns
SELECT ns.* FROM pg_namespace ns
SELECT (ns).nspname FROM pg_namespace ns
SELECT ns.row_to_json FROM pg_namespace ns
SELECT nspname(ns) FROM pg_namespace ns
SELECT count(*) FROM pg_namespace ns WHERE ns::text LIKE '%public%'
SELECT 1 FROM pg_namespace NATURAL JOIN (SELECT 'public'::name AS nspname) x
SELECT 1 FROM pg_namespace JOIN (SELECT 'public'::name AS nspname) x USING (nspname)
SELECT n.b FROM pg_namespace n(a, b)
SELECT x.b FROM (SELECT * FROM pg_namespace) x(a, b)
TABLE pg_namespace
SELECT x.nspname FROM pg_namespace n JOIN pg_namespace x ON true
SELECT relname FROM pg_class
SELECT c.relname FROM pg_class c
SELECT attname FROM pg_attribute WHERE attrelid = 1259 AND attnum = 1
SELECT attacl FROM pg_attribute
SELECT a.attoptions FROM pg_attribute a
SELECT max(nspname) FROM pg_namespace
SELECT 1 FROM pg_namespace ORDER BY nspname
SELECT count(*) FROM pg_namespace GROUP BY nspname
SELECT count(*) OVER (PARTITION BY nspname) FROM pg_namespace
SELECT * FROM pg_catalog.pg_class JOIN pg_type ON true
SELECT oid FROM pg_namespace WHERE EXISTS (SELECT 1 WHERE nspname = 'x')
SELECT oid FROM pg_namespace, LATERAL (SELECT nspname) x
SELECT oid FROM pg_namespace FOR UPDATE
SELECT * FROM pg_user
SELECT * FROM information_schema.columns
SELECT * FROM pg_catalog.pg_settings
SELECT * FROM pg_toast.pg_toast_2619
SELECT * FROM pg_temp_3.x
DELETE FROM pg_type
UPDATE pg_type SET typname = 'x'
INSERT INTO pg_type SELECT * FROM pg_type
SELECT * FROM "pg_Type"
-- system relations
SELECT 1 FROM pg_namespace JOIN (SELECT 'public'::name AS nspname) x USING (nspname)
SELECT k.nspname FROM pg_namespace a JOIN pg_namespace b USING (nspname) AS k
SELECT k.nspname FROM pg_namespace a JOIN (SELECT NULL::name AS nspname) b USING (nspname) AS k
SELECT k FROM pg_namespace a LEFT JOIN (SELECT NULL::name AS nspname) b USING (nspname) AS k
SELECT k.nspname FROM pg_namespace a LEFT JOIN (SELECT NULL::name AS nspname) b USING (nspname) AS k
SELECT b.nspname FROM pg_namespace a JOIN (SELECT nspname FROM unnest(ARRAY['public','evil']::name[]) nspname) b USING (nspname)
SELECT k.amname FROM pg_am a FULL JOIN (SELECT NULL::name AS amname) b USING (amname) AS k
SELECT j.nspname FROM (pg_namespace a CROSS JOIN country) AS j
SELECT j.b FROM (pg_namespace a CROSS JOIN country) AS j(a, b)
SELECT count(j) FROM (pg_namespace a CROSS JOIN country) j WHERE j::text LIKE '%pub%'
SELECT a.oid FROM pg_namespace a ORDER BY a
SELECT DISTINCT a FROM pg_namespace a
SELECT count(a) FROM pg_namespace a
SELECT a FROM pg_namespace a GROUP BY a
SELECT (SELECT a) FROM pg_namespace a
SELECT * FROM pg_namespace a, LATERAL (SELECT a.*) b
SELECT x.oid FROM pg_namespace x WHERE x = ROW(1)
SELECT x.oid FROM pg_namespace x WHERE (x).nspname = 'public'
SELECT x.oid FROM pg_catalog.pg_namespace x WHERE pg_catalog.x.nspname = 'public'
SELECT pg_namespace.nspname FROM pg_namespace
SELECT oid FROM pg_namespace WHERE "nspname" = 'public'
SELECT oid FROM pg_namespace WHERE U&"nspn\0061me" = 'public'
SELECT n.xmin FROM pg_namespace n
SELECT n.tableoid FROM pg_namespace n
WITH n AS (SELECT * FROM pg_namespace) SELECT * FROM n
WITH n AS (TABLE pg_class) SELECT * FROM n
SELECT * FROM pg_attribute
SELECT (SELECT attname FROM pg_attribute a WHERE attrelid = c.oid AND attnum = 1) FROM pg_class c LIMIT 1
SELECT format_type(x.t, x.m) FROM (VALUES ('25'::oid, -1), (1043, 24), (1700, 655366)) x(t, m)
SELECT current_database() = current_catalog, current_schema, current_schema()
-- known: grants are shown to nobody
SELECT j FROM (pg_namespace a CROSS JOIN country) AS j
SELECT j FROM (pg_namespace a CROSS JOIN country) j
SELECT * FROM pg_namespace a, LATERAL row_to_json(a) b
-- known: columns of the system's relations are not found by schema, relation and name
SELECT pg_catalog.pg_namespace.nspname FROM pg_catalog.pg_namespace
