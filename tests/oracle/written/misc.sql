-- misc
SELECT id, count(*) OVER (ORDER BY id ROWS BETWEEN (SELECT count(*) - 3 FROM "User") PRECEDING AND CURRENT ROW) FROM "Workflow" ORDER BY id
SELECT id, sum(id) OVER (ORDER BY id ROWS (SELECT count(*) FROM step) PRECEDING) FROM "Workflow" ORDER BY id
SELECT count(*) OVER w FROM country WINDOW w AS (ORDER BY (SELECT max(password) FROM "User")), v AS (w) ORDER BY 1
UPDATE "Workflow" SET config[(SELECT max(email) FROM "User")] = '1' RETURNING config
UPDATE "Workflow" SET config['a'][(SELECT count(*)::int FROM "User")] = '1' RETURNING config
INSERT INTO "Workflow"(id, name, config[(SELECT max(email) FROM "User")]) VALUES (80, 'n', '1') RETURNING config
SELECT config['secret'] FROM "Workflow" ORDER BY id
SELECT (config)['secret'], w.config['k'] FROM "Workflow" w ORDER BY id
SELECT * FROM json_to_record('{"a":"pg_authid"}') AS x(a regclass)
SELECT * FROM ROWS FROM (json_to_record('{"a":"pg_authid"}') AS (a regclass)) x
SELECT * FROM json_to_recordset((SELECT json_agg(u) FROM "User" u)) AS x(password text) ORDER BY 1
SELECT regclass 'pg_authid'
SELECT pg_catalog.regclass 'pg_authid'
SELECT 'pg_authid'::regclass::oid
SELECT CAST('{pg_authid}' AS regclass[])
SELECT * FROM CURRENT_DATE d WHERE d IS NULL
SELECT * FROM current_schema()
SELECT * FROM ROWS FROM (current_schema(), generate_series(1, (SELECT count(*) FROM "User"))) x
SELECT XMLELEMENT(NAME a, (SELECT max(password) FROM "User"))
SELECT XMLFOREST((SELECT max(password) FROM "User") AS p)
SELECT * FROM XMLTABLE('/a' PASSING '<a/>'::xml COLUMNS x text PATH '.')
SELECT XMLSERIALIZE(CONTENT '<a/>'::xml AS text)
SELECT '<a/>'::xml IS DOCUMENT
SELECT query_to_xml('select 1', true, false, '')
SELECT (SELECT 1) + (SELECT count(*) FROM "User") FROM "User" LIMIT 1
SELECT grouping(level) FROM "User" GROUP BY ROLLUP (level) ORDER BY 1
SELECT coalesce((SELECT max(id) FROM "User"), 1), greatest((SELECT max(id) FROM "User"), 1)
SELECT u.id FROM "User" u WHERE (u.id, u.level) = ANY (SELECT v.id, v.level FROM "User" v) ORDER BY 1
SELECT u.id FROM "User" u WHERE (u.id, u.level) >= (SELECT v.id, v.level FROM "User" v ORDER BY id DESC LIMIT 1) ORDER BY 1
SELECT u.id FROM "User" u WHERE u.id = ANY ((SELECT array_agg(id) FROM "User")::int[]) ORDER BY 1
SELECT u.id FROM "User" u WHERE u.id = ANY (ARRAY(SELECT id + 50 FROM "User")) ORDER BY 1
SELECT u.id FROM "User" u WHERE u.id = SOME (SELECT id FROM "Workflow")
SELECT u.id FROM "User" u WHERE u.email SIMILAR TO (SELECT max(email) FROM "User")
SELECT u.id FROM "User" u WHERE u.email LIKE (SELECT max(email) FROM "User") ESCAPE (SELECT 'x')
SELECT u.id FROM "User" u WHERE u.id BETWEEN SYMMETRIC (SELECT max(id) FROM "User") AND 0 ORDER BY 1
SELECT u.id FROM "User" u WHERE u.id IN (1, (SELECT max(id) FROM "User"), 51) ORDER BY 1
SELECT u.id FROM "User" u WHERE u.id NOT IN ((SELECT max(id) FROM "User"), 51) ORDER BY 1
SELECT u.id FROM "User" u WHERE CASE u.id WHEN (SELECT max(id) FROM "User") THEN true ELSE false END
SELECT u.id FROM "User" u WHERE nullif(u.id, (SELECT max(id) FROM "User")) IS NULL
SELECT u.id FROM "User" u WHERE (SELECT u.id) = (SELECT max(id) FROM "User")
SELECT u.id FROM "User" u WHERE (u.email COLLATE "C") > (SELECT max(email) COLLATE "C" FROM "User")
SELECT u.id FROM "User" u WHERE u.email COLLATE "C" = ANY (SELECT email COLLATE "C" FROM "User") ORDER BY 1
SELECT u.id FROM "User" u WHERE NOT u.id = ALL (SELECT id FROM "User") ORDER BY 1
SELECT u.id FROM "User" u WHERE EXISTS (TABLE step) ORDER BY 1
SELECT u.id FROM "User" u WHERE EXISTS (VALUES ((SELECT 1 FROM "Tenant" WHERE id = 'globex'))) ORDER BY 1
SELECT u.id FROM "User" u WHERE EXISTS (SELECT 1 FROM "Tenant" WHERE id = 'globex' UNION SELECT 1 FROM step WHERE id = 150)
SELECT u.id FROM "User" u WHERE EXISTS (SELECT 1 FROM "Tenant" WHERE id = 'globex' INTERSECT SELECT 1)
SELECT u.id FROM "User" u WHERE u.id > 0 ORDER BY (SELECT max(w.name) FROM "Workflow" w WHERE w."userId" = u.id) DESC NULLS LAST, u.id
SELECT max((SELECT max(w.id) FROM "Workflow" w WHERE w."userId" = u.id)) FROM "User" u
SELECT array_agg((SELECT count(*) FROM "Workflow") ORDER BY (SELECT max(id) FROM "User")) FROM "User"
SELECT string_agg(email, (SELECT ',' FROM "Tenant" LIMIT 1) ORDER BY id) FROM "User"
SELECT percentile_disc((SELECT 0.5 FROM "Tenant" LIMIT 1)) WITHIN GROUP (ORDER BY id) FROM "User"
SELECT count(*) FILTER (WHERE EXISTS (SELECT FROM "Workflow" w WHERE w."userId" = u.id)) FROM "User" u
SELECT level, (SELECT count(*) FROM "User" v WHERE v.level = u.level) FROM "User" u GROUP BY level ORDER BY 1
SELECT level FROM "User" u GROUP BY level HAVING EXISTS (SELECT FROM "User" v WHERE v.level > u.level) ORDER BY 1
SELECT level FROM "User" u GROUP BY level HAVING level = (SELECT max(level) FROM "User") ORDER BY 1
SELECT level + (SELECT count(*) FROM step) FROM "User" GROUP BY level + (SELECT count(*) FROM step) ORDER BY 1
SELECT DISTINCT (SELECT max(id) FROM "User"), level FROM "User" ORDER BY 2
SELECT id FROM "User" UNION SELECT (SELECT max(id) FROM "User") ORDER BY 1
(SELECT id FROM "User" WHERE id < 3) UNION ALL (SELECT id FROM "User" WHERE id > 50) ORDER BY 1
(WITH q AS (SELECT id FROM "User") SELECT id FROM q) EXCEPT ALL (SELECT 1) ORDER BY 1
WITH q AS (SELECT id FROM "User") (SELECT id FROM q) UNION (SELECT id FROM "Workflow") ORDER BY 1 LIMIT 4
WITH a AS (WITH b AS (WITH c AS (SELECT id FROM "User") SELECT * FROM c) SELECT * FROM b) SELECT * FROM a ORDER BY 1
WITH a AS (VALUES ((SELECT max(password) FROM "User"))) SELECT * FROM a
WITH a AS (TABLE "User") SELECT count(*) FROM a
WITH a AS (SELECT 1 AS id) SELECT * FROM a JOIN "User" USING (id) ORDER BY 1
WITH a AS (SELECT * FROM "User") SELECT a.* FROM a FULL JOIN "Workflow" w ON w.id = a.id ORDER BY 1
WITH RECURSIVE a AS (SELECT id, 1 AS n FROM "User" UNION ALL (SELECT w.id, a.n + 1 FROM a, "Workflow" w WHERE a.n < 2 ORDER BY 1 LIMIT 100)) SELECT count(*) FROM a
WITH RECURSIVE a(n) AS ((SELECT count(*) FROM "User") UNION SELECT n - 1 FROM a WHERE n > (SELECT count(*) - 2 FROM "Workflow")) SELECT * FROM a ORDER BY 1
WITH RECURSIVE a(id) AS (SELECT id FROM "User" WHERE id = 1 UNION SELECT u.id FROM "User" u JOIN a ON u.id = a.id + 1 OR u.id = a.id + 50) SELECT * FROM a ORDER BY 1
WITH x AS (SELECT id FROM "User" FOR UPDATE) SELECT count(*) FROM x
WITH x AS (UPDATE "Workflow" SET name = 'u' RETURNING id) SELECT (SELECT count(*) FROM x), (SELECT max(name) FROM "Workflow")
SELECT u.id, x.* FROM "User" u LEFT JOIN LATERAL (SELECT w.name, s.body FROM "Workflow" w LEFT JOIN step s ON s."workflowId" = w.id WHERE w."userId" = u.id) x ON true ORDER BY 1, 3
SELECT u.id, x.* FROM "User" u CROSS JOIN LATERAL (SELECT count(*) AS n FROM "Workflow" w FULL JOIN step s ON s."workflowId" = w.id WHERE w."userId" = u.id) x ORDER BY 1
SELECT u.id, x.j FROM "User" u LEFT JOIN LATERAL (SELECT COALESCE(JSONB_AGG(q.j), '[]') AS j FROM (SELECT jsonb_build_object('id', w.id) AS j FROM "Workflow" w WHERE w."userId" = u.id ORDER BY w.id) q) x ON true ORDER BY 1
SELECT "t1"."id", "Workflow_agg"."__prisma_data__" FROM "public"."User" AS "t1" LEFT JOIN LATERAL (SELECT COALESCE(JSONB_AGG("__prisma_data__"), '[]') AS "__prisma_data__" FROM (SELECT "t4"."__prisma_data__" FROM (SELECT JSONB_BUILD_OBJECT('id', "t3"."id", 'name', "t3"."name") AS "__prisma_data__" FROM (SELECT "t2".* FROM "public"."Workflow" AS "t2" WHERE "t1"."id" = "t2"."userId" /* root select */) AS "t3" /* inner select */) AS "t4" /* middle select */) AS "t5" /* outer select */) AS "Workflow_agg" ON TRUE ORDER BY 1
SELECT a.id FROM "User" a, "User" b, "User" c, "User" d, "User" e WHERE a.id = b.id AND b.id = c.id AND c.id = d.id AND d.id = e.id ORDER BY 1
SELECT u.id FROM "User" u JOIN "Workflow" w ON w."userId" = u.id AND w."tenantId" = u."tenantId" JOIN "Tenant" t ON t.id = w."tenantId" ORDER BY 1
SELECT u.id FROM "User" u JOIN "Tenant" t ON t.id <> u."tenantId" ORDER BY 1
SELECT t.id FROM "Tenant" t LEFT JOIN "User" u ON u."tenantId" = t.id AND u.id > 50 WHERE u.id IS NULL
SELECT t.id FROM "Tenant" t WHERE NOT EXISTS (SELECT FROM "User" u WHERE u."tenantId" = t.id)
SELECT DISTINCT t.id FROM "Tenant" t CROSS JOIN "User" u WHERE u."tenantId" <> t.id
SELECT count(*) FROM "User" WHERE id OPERATOR(pg_catalog.>) 0
SELECT count(*) FROM "User" WHERE - id < 0 AND + id > 0
SELECT id FROM "User" ORDER BY id USING OPERATOR(pg_catalog.>)
SELECT id FROM "User" WHERE id = 1 AND id = 51 OR id = 2 AND NOT id = 52 ORDER BY 1
SELECT id FROM "User" WHERE id = 1 OR id = 51 AND "tenantId" = 'globex' ORDER BY 1
SELECT id FROM "User" WHERE NOT (id = 1 OR id = 51) ORDER BY 1
SELECT id FROM "User" WHERE id IN (SELECT unnest(ARRAY[1, 51])) ORDER BY 1
SELECT id FROM "User" WHERE true IS NOT FALSE ORDER BY 1
SELECT id FROM "User" WHERE (true OR id = 51) AND true ORDER BY 1
SELECT id FROM "User" WHERE true OR id = 51 OR "tenantId" = 'globex' ORDER BY 1
SELECT id FROM "User" WHERE $$a$$ = 'a' OR false ORDER BY 1
SELECT id FROM "User" WHERE (((((true))))) ORDER BY 1
SELECT id FROM "User" WHERE ((true) OR (true)) ORDER BY 1
SELECT id FROM "User" WHERE (SELECT true) OR (SELECT false) ORDER BY 1
SELECT id FROM "User" u WHERE u IS DISTINCT FROM NULL ORDER BY 1
SELECT id FROM ("User") ORDER BY 1
SELECT * FROM (("User" CROSS JOIN country)) WHERE code = 'FR' ORDER BY id
SELECT * FROM (("User" u CROSS JOIN country c) CROSS JOIN "Tenant" t) WHERE code = 'FR' ORDER BY u.id
SELECT u.id FROM "User" u JOIN "Workflow" w JOIN step s ON s."workflowId" = w.id ON w."userId" = u.id ORDER BY 1, s.id
SELECT u.id FROM "User" u LEFT JOIN "Workflow" w LEFT JOIN step s ON s."workflowId" = w.id ON w."userId" = u.id ORDER BY 1, s.id
SELECT u.id FROM "User" u LEFT JOIN "Workflow" w FULL JOIN step s ON s."workflowId" = w.id ON w."userId" = u.id ORDER BY 1, s.id
SELECT u.id FROM "User" u INNER JOIN "Workflow" w ON w."userId" = u.id NATURAL JOIN country ORDER BY 1
SELECT c.code, x.id FROM country c LEFT JOIN ("User" u JOIN "Workflow" w ON w."userId" = u.id) AS x(id) ON x.id = 51 ORDER BY 1
SELECT count(*) FROM "User" CROSS JOIN "User" AS v
SELECT count(*) FROM "User" AS v CROSS JOIN "User"
SELECT count(*) FROM step CROSS JOIN step AS t LEFT JOIN step AS v ON v.id = t.id + 50
SELECT count(*) FROM step NATURAL FULL JOIN "Workflow"
SELECT count(*) FROM step s FULL JOIN step t ON t.id = s.id + 50
SELECT count(*) FROM "Workflow" w FULL JOIN step t USING (id)
SELECT a.n FROM (SELECT count(*) AS n FROM step s RIGHT JOIN "User" u ON u.id = s.id) a
