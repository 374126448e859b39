-- write2
INSERT INTO step VALUES (150, 10, 'x') ON CONFLICT (id) DO UPDATE SET body = EXCLUDED.body
INSERT INTO step VALUES (150, 10, 'x') ON CONFLICT (id) DO UPDATE SET "workflowId" = EXCLUDED."workflowId", body = EXCLUDED.body
INSERT INTO step VALUES (150, 10, 'x') ON CONFLICT (id) DO UPDATE SET "workflowId" = 10
INSERT INTO step VALUES (150, 10, 'x') ON CONFLICT (id) DO NOTHING
INSERT INTO step VALUES (150, 10, 'x') ON CONFLICT ON CONSTRAINT step_pkey DO UPDATE SET body = 'x' WHERE true
INSERT INTO step AS s VALUES (100, 10, 'x') ON CONFLICT (id) DO UPDATE SET body = s.body || EXCLUDED.body WHERE s.body LIKE '%one' RETURNING s.*
INSERT INTO step AS s VALUES (100, 10, 'x'), (150, 10, 'x') ON CONFLICT (id) DO UPDATE SET body = 'z' RETURNING s.*
INSERT INTO "User"(id, email, password) VALUES (51, 'n', 'x') ON CONFLICT (id) DO UPDATE SET password = 'pwn'
INSERT INTO "User"(id, email, password) VALUES (4, 'gil@globex.test', 'x') ON CONFLICT (email) DO UPDATE SET password = 'pwn' RETURNING *
INSERT INTO "User"(id, email, password) VALUES (1, 'gil@globex.test', 'x') ON CONFLICT (id) DO UPDATE SET email = EXCLUDED.email
INSERT INTO "User" AS u (id, email, password) VALUES (51, 'n', 'x') ON CONFLICT (id) DO UPDATE SET level = u.level RETURNING level
INSERT INTO "User" AS u (id, email, password) VALUES (51, 'n', 'x') ON CONFLICT (id) DO UPDATE SET level = 1 WHERE u.level = 9
INSERT INTO "User" AS u (id, email, password) VALUES (51, 'n', 'x') ON CONFLICT (id) DO UPDATE SET level = 1 WHERE 1 / (u.level - 9) = 1
INSERT INTO "User"(id, email, password, "tenantId") VALUES (1, 'n', 'x', 'acme') ON CONFLICT (id) DO UPDATE SET "tenantId" = 'globex'
INSERT INTO "User"(id, email, password) VALUES (1, 'n', 'x') ON CONFLICT (id) DO UPDATE SET "tenantId" = "User"."tenantId"
INSERT INTO "User"(id, email, password) VALUES (1, 'n', 'x') ON CONFLICT (id) DO UPDATE SET ("tenantId", level) = ('globex', 1)
INSERT INTO "User"(id, email, password) VALUES (1, 'n', 'x') ON CONFLICT (id) DO UPDATE SET ("tenantId", level) = (SELECT 'globex', 1)
INSERT INTO "Workflow"(id, name, "tenantId", "tenantId") VALUES (80, 'n', 'acme', 'globex')
INSERT INTO "Workflow"(id, name, "tenantId") VALUES (80, 'n', upper('globex'))
INSERT INTO "Workflow"(id, name, "tenantId") VALUES (80, 'n', (SELECT max(id) FROM "Tenant"))
INSERT INTO "Workflow"(id, name, "tenantId") VALUES (80, 'n', NULL)
INSERT INTO "Workflow"(id, name, "tenantId") VALUES (80, 'n', 'acme'), (81, 'n', DEFAULT), (82, 'n', 'ac' || 'me')
INSERT INTO "Workflow"(id, name, "tenantId") SELECT 80, 'n', id FROM "Tenant" RETURNING *
INSERT INTO "Workflow"(id, name, "tenantId") SELECT 80, 'n', 'globex'
INSERT INTO "Workflow"(id, name, "tenantId") SELECT 80, 'n', 'acme' UNION ALL SELECT 81, 'n', 'globex'
INSERT INTO "Workflow"(id, name, "tenantId") SELECT 80, 'n', 'acme' UNION ALL SELECT 81, 'n', 'acme' RETURNING *
INSERT INTO "Workflow"(id, name, "tenantId") VALUES (80, 'n', 'acme') RETURNING *
INSERT INTO "Workflow"(id, name, "tenantId") TABLE country
INSERT INTO "Workflow"(id, name, "tenantId") SELECT * FROM (VALUES (80, 'n', 'globex')) v
INSERT INTO "Workflow"(id, name, "tenantId") SELECT v.* FROM (VALUES (80, 'n', 'globex')) v
INSERT INTO "Workflow"(id, name, "tenantId") WITH q AS (SELECT 80, 'n', 'globex') SELECT * FROM q
INSERT INTO "Workflow" SELECT * FROM "Workflow" WHERE false
INSERT INTO "Workflow" SELECT id + 900, name, config, "userId", "tenantId" FROM "Workflow" ORDER BY id RETURNING id
INSERT INTO "Workflow" SELECT w.* FROM "Workflow" w WHERE false
INSERT INTO "Workflow"(id, name) SELECT DISTINCT 80, 'n' FROM "User" RETURNING *
INSERT INTO "Workflow"(id, name) SELECT DISTINCT ON (level) id + 100, email FROM "User" ORDER BY level, id RETURNING *
INSERT INTO "Workflow"(id, name) SELECT level + 100, max(email) FROM "User" GROUP BY level RETURNING *
INSERT INTO "Workflow"(id, name) SELECT level + 100, max(email) FROM "User" GROUP BY 1 ORDER BY 2 LIMIT 1 RETURNING *
INSERT INTO "Workflow"(id, name) SELECT 80, 'n' UNION SELECT 81, 'm' EXCEPT SELECT 81, 'm' RETURNING *
INSERT INTO "Workflow"(id, name) (SELECT 80, 'n' LIMIT 1) UNION ALL (SELECT 81, 'm' LIMIT 1) RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (80, 'n') UNION ALL SELECT 81, 'm' RETURNING *
INSERT INTO "Workflow"(id, name) SELECT 81, 'm' UNION ALL VALUES (80, 'n') RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (80, 'n') ORDER BY 1 LIMIT 1 RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (82, 'n'), (81, 'n') ORDER BY 1 LIMIT 1 RETURNING *
INSERT INTO "Workflow"(id, name) SELECT generate_series(100, 102), 'n' RETURNING *
INSERT INTO "Workflow"(id, name) SELECT 80, 'n' FROM "User" WHERE id = 51 RETURNING *
INSERT INTO "Workflow"(id, name) SELECT 80, 'n' WHERE EXISTS (SELECT FROM "User" WHERE id = 51) RETURNING *
INSERT INTO "Workflow"(id, name) SELECT count(*) + 80, 'n' FROM "User" RETURNING *
INSERT INTO "Workflow"(id, name) SELECT 80, 'n' RETURNING *, (SELECT count(*) FROM "Workflow")
INSERT INTO "Workflow"(id, name, "userId") SELECT 80, 'n', 50 + 1
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 50 + 1)
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', '51')
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 51::int)
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', DEFAULT) RETURNING *
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 1), (81, 'n', 51)
INSERT INTO "Workflow"(id, name, "userId") SELECT id + 100, email, id FROM "User" UNION ALL SELECT 300, 'x', 51
INSERT INTO "Workflow" VALUES (80, 'n', '{}', 51)
INSERT INTO "Workflow" VALUES (80, 'n', '{}', 51, 'acme')
INSERT INTO "Workflow" SELECT 80, 'n', '{}', 51
INSERT INTO "Workflow" SELECT 80, 'n', '{}'::jsonb, 1 RETURNING *
INSERT INTO step SELECT s.id + 800, s."workflowId", s.body FROM step s RETURNING *
INSERT INTO step(id, body, "workflowId") VALUES (900, 'b', (SELECT max(id) FROM "Workflow")) RETURNING *
INSERT INTO step(id, body, "workflowId") VALUES (900, 'b', (SELECT 60))
INSERT INTO step(id, body, "workflowId") VALUES (900, 'b', CASE WHEN true THEN 60 END)
INSERT INTO step(id, body, "workflowId") SELECT 900, 'b', id + 50 FROM "Workflow" WHERE id = 10
INSERT INTO step(id, body) VALUES (900, 'b')
INSERT INTO step(id, "workflowId", body) SELECT w.id + 800, w.id, w.name FROM "Workflow" w RETURNING *
INSERT INTO event VALUES (5, '2024-02-02', 'x') RETURNING *
INSERT INTO event VALUES (5, '2024-02-02', 'x', 'globex')
INSERT INTO event_2024 VALUES (5, '2024-02-02', 'x', 'globex')
INSERT INTO event_2024 VALUES (5, '2024-02-02', 'x', 'acme') RETURNING *
INSERT INTO wf_log VALUES (1, 'x', 'acme')
INSERT INTO api_key(id, key) VALUES (9, 'k')
UPDATE "User" SET "tenantId" = "tenantId" || ''
UPDATE "User" SET "tenantId" = (SELECT max(id) FROM "Tenant")
UPDATE "User" u SET "tenantId" = x.t FROM (VALUES ('globex')) x(t)
UPDATE "User" SET level = 1, "tenantId" = 'acme' RETURNING *
UPDATE "User" SET "tenantId" = 'acme' WHERE "tenantId" = 'globex'
UPDATE "User" SET level = level + 1 WHERE id IN (SELECT id FROM "User" WHERE level > 0) RETURNING id, level
UPDATE "User" SET level = (SELECT count(*) FROM "Workflow" w WHERE w."userId" = "User".id) RETURNING id, level
UPDATE "User" SET level = DEFAULT RETURNING level
UPDATE "User" AS "Workflow" SET level = 3 FROM "Workflow" AS "User" WHERE "User"."userId" = "Workflow".id RETURNING "Workflow".id, "User".id
UPDATE "User" SET level = 3 FROM "User" v WHERE v.id = "User".id + 1 RETURNING "User".id, v.id
UPDATE "User" u SET level = 3 FROM "Workflow" w JOIN step s ON s."workflowId" = w.id WHERE w."userId" = u.id RETURNING u.id
UPDATE "User" u SET level = 3 FROM country c LEFT JOIN "Workflow" w ON w.id = 60 WHERE w.id IS NULL AND c.code = 'FR' RETURNING u.id
UPDATE "User" u SET level = 3 FROM country c FULL JOIN "Workflow" w ON w.name = c.name WHERE w.id = 60 RETURNING u.id
UPDATE "User" u SET level = x.n FROM (SELECT count(*) AS n FROM "User") x RETURNING u.level
UPDATE "User" u SET level = x.n FROM LATERAL (SELECT count(*) AS n FROM "User") x RETURNING u.level
UPDATE "User" u SET level = g FROM generate_series(7, 7) g RETURNING u.level
UPDATE "User" SET level = 3 WHERE ctid = '(0,4)'
UPDATE "User" SET level = 3 WHERE "User" IS NOT NULL RETURNING id
UPDATE "User" SET level = 3 RETURNING *, (SELECT max(password) FROM "User")
UPDATE "User" SET level = 3 WHERE true RETURNING "User".*
UPDATE "User" SET (level) = (3) RETURNING id
UPDATE "User" SET (level) = ROW(3) RETURNING id
UPDATE "User" SET (level, email) = (SELECT max(level), 'q' || "User".id FROM "User" v) RETURNING level, email
UPDATE "Workflow" SET "userId" = (SELECT max(id) FROM "User") RETURNING *
UPDATE "Workflow" SET "userId" = u.id FROM "User" u WHERE u.id = 3 RETURNING "userId"
UPDATE "Workflow" SET "userId" = '51'
UPDATE "Workflow" SET "userId" = 2, name = 'z' WHERE id = 10 RETURNING *
UPDATE "Workflow" SET ("userId", name) = (51, 'z')
UPDATE "Workflow" SET ("userId", name) = (2, 'z') RETURNING *
UPDATE step SET "workflowId" = 60
UPDATE step SET "workflowId" = 11 RETURNING *
UPDATE step SET ("workflowId", body) = (60, 'z')
UPDATE step SET "workflowId" = s2."workflowId" + 50 FROM step s2
UPDATE step SET id = 150 WHERE id = 100
UPDATE step SET id = 950 WHERE id = 100 RETURNING *
UPDATE event SET id = 9 WHERE payload LIKE '%event' RETURNING *
UPDATE event SET "tenantId" = 'globex'
UPDATE event_2024 SET payload = 'z' WHERE id IN (1, 2) RETURNING *
DELETE FROM "User" u USING "User" v WHERE v.id = u.id + 50 RETURNING u.id
DELETE FROM "User" USING "Tenant" t WHERE t.id = 'globex'
DELETE FROM "Workflow" AS "step" USING step s WHERE s.id = 150
DELETE FROM step USING step s2 WHERE s2.id = step.id RETURNING step.id
DELETE FROM step WHERE "workflowId" IN (SELECT id FROM "Workflow" WHERE name LIKE '%alpha') RETURNING id
DELETE FROM step s USING "Workflow" w LEFT JOIN "User" u ON u.id = w."userId" WHERE w.id = s."workflowId" RETURNING s.id, u.id
DELETE FROM "Workflow" w WHERE NOT EXISTS (SELECT FROM step s WHERE s."workflowId" = w.id) RETURNING id
DELETE FROM "Workflow" w WHERE (SELECT count(*) FROM step s WHERE s."workflowId" = w.id) = 0 RETURNING id
DELETE FROM event WHERE at > '2000-01-01' RETURNING id
DELETE FROM event WHERE "tenantId" = 'globex' OR true RETURNING id
DELETE FROM api_key RETURNING key
DELETE FROM "User" WHERE ctid = '(0,4)'
WITH d AS (DELETE FROM step RETURNING *) INSERT INTO "Workflow"(id, name) SELECT id + 500, body FROM d RETURNING *
WITH d AS (DELETE FROM "Workflow" WHERE id = 12 RETURNING *) INSERT INTO "Workflow" SELECT id + 500, name, config, "userId", "tenantId" FROM d RETURNING *
WITH u AS (UPDATE "User" SET level = 0 RETURNING *), v AS (UPDATE "Workflow" SET name = 'v' RETURNING *) SELECT u.id, v.id FROM u, v ORDER BY 1, 2
WITH u AS (UPDATE "User" SET "tenantId" = 'globex' RETURNING *) SELECT 1
WITH x AS (INSERT INTO "Tenant" VALUES ('evil', 'e') RETURNING *) SELECT * FROM x
WITH x AS (DELETE FROM country RETURNING *) SELECT * FROM x
-- known: the check of a child does not see a parent of the same statement
WITH i AS (INSERT INTO "Workflow"(id, name) VALUES (80, 'n') RETURNING id) INSERT INTO step(id, "workflowId", body) SELECT 900, id, 'b' FROM i RETURNING *
WITH i AS (INSERT INTO "Workflow"(id, name) VALUES (80, 'n') RETURNING id) INSERT INTO step(id, "workflowId", body) VALUES (900, 80, 'b') RETURNING *
-- TABLE
TABLE ONLY ("User")
INSERT INTO "Workflow"(id, name) TABLE country
INSERT INTO "Workflow"(id, name) SELECT id + 900, name FROM (TABLE ONLY "Workflow") x RETURNING *
INSERT INTO "Workflow"(id, name) TABLE "Workflow"
INSERT INTO "Workflow" TABLE "Workflow" ON CONFLICT DO NOTHING
INSERT INTO "Workflow"(id, name, config['a']) VALUES (80, 'n', '1') RETURNING config
INSERT INTO "Workflow"(id, name, config[(SELECT max(email) FROM "User")]) VALUES (80, 'n', '1') RETURNING config
SELECT c.code FROM country c, LATERAL (SELECT FROM "User" u WHERE c.code ~ u.password) x ORDER BY 1
SELECT c.code FROM country c, LATERAL (SELECT FROM (SELECT * FROM "User") u WHERE c.code ~ u.password) x ORDER BY 1
SELECT c.code FROM country c, LATERAL (SELECT FROM generate_series(1, 2) g, "User" u WHERE c.code ~ u.password) x ORDER BY 1
SELECT 1 FROM (SELECT WHERE (SELECT id > 0 FROM "User" LIMIT 1) UNION ALL SELECT FROM step WHERE body::int > 0) x
UPDATE "Workflow" SET (id, "tenantId") = ((80, 'acme')) WHERE id = 10
UPDATE "Workflow" SET (name, "userId") = (((ROW('x', 3)))) WHERE id = 10 RETURNING *
UPDATE "Workflow" SET (name, "userId") = ((('x'), (53))) WHERE id = 10
SELECT code FROM country WHERE 5 IN (SELECT FROM (SELECT FROM step s WHERE 'c' ~ s.body) AS t4)
SELECT code FROM country WHERE EXISTS (SELECT FROM (SELECT FROM (SELECT body FROM step WHERE body::int > 0) y) x) ORDER BY 1
MERGE INTO "Workflow" w USING (VALUES (10), ((SELECT max(10 / (s.id - 150)) FROM step s))) v(i) ON w.id = v.i WHEN MATCHED THEN UPDATE SET name = 'm'
SELECT u.id FROM "User" u, (VALUES ((SELECT max(id) FROM "User" WHERE password::int > 0))) w(id) WHERE u.id = w.id
INSERT INTO "Workflow" (id, name) VALUES ((ARRAY[80])[1], 'n'), ((ARRAY[81])[1], 'm') RETURNING *
SELECT u.id FROM "User" u LEFT JOIN "Workflow" w ON (ARRAY[w."userId" = u.id])[1] ORDER BY 1
SELECT name FROM "Workflow" GROUP BY name HAVING (array_agg(id > 0))[1] ORDER BY 1
MERGE INTO "Workflow" w USING (VALUES (10)) v(i) ON (ARRAY[w.id = v.i])[1] WHEN MATCHED THEN UPDATE SET name = 'm'
SELECT 1 FROM (SELECT WHERE (ARRAY[(SELECT max(body::int) FROM step) > 0])[1]) x
