-- insert
INSERT INTO "Workflow"(id, name) VALUES (80, 'n')
INSERT INTO "Workflow"(id, name) VALUES (80, 'n'), (81, 'm') RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (80, DEFAULT), (81, 'm')
INSERT INTO "Workflow"(id, name, config) VALUES (80, 'n', DEFAULT), (81, 'm', '{}') RETURNING *
INSERT INTO "Workflow"(id, name, "tenantId") VALUES (80, 'n', 'acme') RETURNING *
INSERT INTO "Workflow"(id, name, "tenantId") VALUES (80, 'n', DEFAULT) RETURNING *
INSERT INTO "Workflow"("tenantId", id, name) VALUES ('acme', 80, 'n'), ('acme', 81, 'n') RETURNING *
INSERT INTO "Workflow" VALUES (80, 'n', '{}', NULL, 'acme') RETURNING *
INSERT INTO "Workflow" VALUES (80, 'n', '{}', 1) RETURNING *
INSERT INTO "Workflow" VALUES (80, 'n') RETURNING *
INSERT INTO public."Workflow" AS w (id, name) VALUES (80, 'n') RETURNING w.id, w.*
INSERT INTO "Workflow"(id, name) SELECT 80, 'n' RETURNING *
INSERT INTO "Workflow"(id, name) SELECT id + 100, password FROM "User" ORDER BY id RETURNING *
INSERT INTO "Workflow"(id, name) SELECT id + 100, name FROM "Workflow" UNION ALL SELECT id + 200, email FROM "User" RETURNING id, "tenantId"
INSERT INTO "Workflow"(id, name) (SELECT 80, 'n' UNION SELECT 81, 'm') RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (80, (SELECT max(password) FROM "User")) RETURNING name
INSERT INTO "Workflow"(id, name) VALUES ((SELECT count(*) + 80 FROM "User"), 'x') RETURNING id
INSERT INTO "Workflow"(id, name) TABLE "Workflow"
INSERT INTO "Workflow"(id, name, config, "userId", "tenantId") SELECT id + 100, name, config, "userId", "tenantId" FROM "Workflow" RETURNING id, "tenantId"
INSERT INTO "Workflow" SELECT id + 100, name, config, "userId", "tenantId" FROM "Workflow" RETURNING id
INSERT INTO "Workflow" SELECT id + 100, name FROM "Workflow" RETURNING *
INSERT INTO "Workflow"(id, name) SELECT * FROM (VALUES (80, 'n')) v RETURNING *
INSERT INTO "Workflow"(id, name) SELECT v.* FROM (VALUES (80, 'n')) v RETURNING *
INSERT INTO "Workflow"(id, name) WITH q AS (SELECT 80, 'n') SELECT * FROM q RETURNING *
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 1) RETURNING *
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', NULL) RETURNING *
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 51) RETURNING *
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 999)
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 1), (81, 'n', 2), (82, 'n', NULL), (83, 'n', DEFAULT) RETURNING *
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', DEFAULT), (81, 'n', NULL), (82, 'n', 2), (83, 'n', '1') RETURNING *
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 1.4), (81, 'n', '2'::int8), (82, 'n', -1 + 2), (83, 'n', +3) RETURNING *
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 1), (81, 'n', 51)
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', NULL), (81, 'n', 999)
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 1), (81, 'n', 'x')
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 1), (81, 'n', 9999999999)
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 1), (81, 'n', 1::text)
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 1::text), (81, 'n', 1)
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 51), (81, 'n', 1) ON CONFLICT DO NOTHING
INSERT INTO "Workflow"(id, name, "userId") VALUES (10, 'n', 1), (81, 'n', 2) ON CONFLICT (id) DO UPDATE SET name = excluded.name, "userId" = excluded."userId" RETURNING *
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 1), (81, 'n', 51) OFFSET 1
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 51), (81, 'n', 1) ORDER BY 1 LIMIT 1
INSERT INTO "Workflow"(id, name, "userId") (VALUES (80, 'n', 1), (81, 'n', 2)) RETURNING *
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 1), (81, 'n', 2) UNION ALL VALUES (82, 'n', 2), (83, 'n', 51)
WITH w AS (INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 1), (81, 'n', 2) RETURNING *) SELECT * FROM w
WITH w AS (INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 1), (81, 'n', 51) RETURNING *) SELECT 1
WITH partywall_v AS (SELECT 51 AS v) INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 1), (81, 'n', 51)
WITH partywall_v AS (SELECT 51 AS v) INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', 1), (81, 'n', 2) RETURNING *
INSERT INTO "Workflow"(id, name, "userId") SELECT 80, 'n', 51
INSERT INTO "Workflow"(id, name, "userId") SELECT 80 + id, 'n', id FROM "User" RETURNING *
INSERT INTO "Workflow"(id, name, "userId") VALUES (80, 'n', (SELECT max(id) FROM "User")) RETURNING *
INSERT INTO step(id, "workflowId", body) VALUES (900, 10, 'b') RETURNING *
INSERT INTO step(id, "workflowId", body) VALUES (900, 60, 'b')
INSERT INTO step(id, "workflowId", body) VALUES (900, 999, 'b')
INSERT INTO step(id, "workflowId", body) VALUES (900, 10, 'a'), (901, 60, 'b')
INSERT INTO step(id, "workflowId", body) VALUES (900, 10, 'a'), (901, 11, 'b') RETURNING *
INSERT INTO step(id, "workflowId", body) VALUES (900, NULL, 'a'), (901, 11, 'b')
INSERT INTO step(id, "workflowId", body) VALUES (900, 10, 'a'), (901, NULL, 'b')
INSERT INTO step VALUES (900, 10, 'b') RETURNING *
INSERT INTO step SELECT 900, 60, 'b'
INSERT INTO step SELECT 900 + id, id, name FROM "Workflow" RETURNING *
INSERT INTO step(body, id, "workflowId") SELECT 'x', 900, 10 RETURNING *
INSERT INTO "User"(id, email, password) VALUES (4, 'x@acme.test', 'p') RETURNING *
INSERT INTO "User"(id, email, password) VALUES (1, 'x@acme.test', 'p')
INSERT INTO "User"(id, email) VALUES (4, 'x@acme.test')
INSERT INTO "User" DEFAULT VALUES
INSERT INTO event(id, at, payload) VALUES (9, '2024-05-05', 'p') RETURNING *
INSERT INTO event_2024(id, at, payload) VALUES (9, '2024-05-05', 'p') RETURNING *
INSERT INTO event(id, at) VALUES (9, '1999-01-01')
INSERT INTO country VALUES ('XX', 'x')
INSERT INTO "Tenant"(id, name) VALUES ('acme2', 'x')
INSERT INTO all_workflows(id, name) VALUES (80, 'x')
INSERT INTO "Workflow"(id, name) OVERRIDING SYSTEM VALUE VALUES (80, 'n') RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (80, 'n') RETURNING (SELECT count(*) FROM "User"), (SELECT max(password) FROM "User")
INSERT INTO "Workflow"(id, name) VALUES (80, 'n') RETURNING "Workflow", tableoid::regclass
INSERT INTO "Workflow"(name, name) VALUES ('a', 'b')
INSERT INTO "Workflow"(id, nonesuch) VALUES (1, 2)
INSERT INTO "Workflow"(id) VALUES (80, 'n')
INSERT INTO "Workflow"(id, name, config) VALUES (80, 'n', '{"a": 1}'), (81, 'm', (SELECT jsonb_object_agg(id, email) FROM "User")) RETURNING config
INSERT INTO "Workflow"(id, name, config['a']) VALUES (80, 'n', '1') RETURNING *
-- on conflict
INSERT INTO "Workflow"(id, name) VALUES (10, 'x') ON CONFLICT DO NOTHING RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (10, 'x') ON CONFLICT (id) DO NOTHING
INSERT INTO "Workflow"(id, name) VALUES (10, 'x') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (10, 'x') ON CONFLICT (id) DO UPDATE SET name = "Workflow".name || EXCLUDED.name RETURNING *
INSERT INTO "Workflow" AS w (id, name) VALUES (10, 'x') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name WHERE w.name <> 'q' RETURNING *
INSERT INTO "Workflow" AS w (id, name) VALUES (10, 'x') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name WHERE false OR w.id = 10 RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (10, 'x') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name WHERE false RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (10, 'x') ON CONFLICT ON CONSTRAINT "Workflow_pkey" DO UPDATE SET name = EXCLUDED.name RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (10, 'x') ON CONFLICT (id) DO UPDATE SET (name, config) = (EXCLUDED.name, '{}') RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (10, 'x') ON CONFLICT (id) DO UPDATE SET (name, config) = (SELECT max(password), '{}' FROM "User") RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (10, 'x') ON CONFLICT (id) DO UPDATE SET name = (SELECT max(password) FROM "User") RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (10, 'x') ON CONFLICT (id) DO UPDATE SET name = 'u' WHERE EXISTS (SELECT FROM "User" WHERE id = 51) RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (10, 'x') ON CONFLICT (id) DO UPDATE SET "tenantId" = EXCLUDED."tenantId" RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (10, 'x') ON CONFLICT (id) DO UPDATE SET "tenantId" = 'acme' RETURNING *
INSERT INTO "Workflow"(id, name, "userId") VALUES (10, 'x', 2) ON CONFLICT (id) DO UPDATE SET "userId" = EXCLUDED."userId" RETURNING *
INSERT INTO "Workflow"(id, name, "userId") VALUES (10, 'x', 51) ON CONFLICT (id) DO UPDATE SET "userId" = EXCLUDED."userId" RETURNING *
INSERT INTO "Workflow"(id, name) VALUES (10, 'x'), (90, 'y') ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name RETURNING *
INSERT INTO "User"(id, email, password) VALUES (4, 'ann@acme.test', 'z') ON CONFLICT (email) DO UPDATE SET password = EXCLUDED.password RETURNING *
INSERT INTO "User"(id, email, password) VALUES (4, 'ann@acme.test', 'z') ON CONFLICT (lower(email)) DO NOTHING
INSERT INTO "User"(id, email, password) VALUES (4, 'ann@acme.test', 'z') ON CONFLICT (email) WHERE 1 / 0 = 1 DO NOTHING
INSERT INTO step(id, "workflowId", body) VALUES (100, 10, 'z') ON CONFLICT (id) DO UPDATE SET body = EXCLUDED.body RETURNING *
INSERT INTO step(id, "workflowId", body) VALUES (100, 10, 'z') ON CONFLICT (id) DO UPDATE SET "workflowId" = 11 RETURNING *
INSERT INTO step(id, "workflowId", body) VALUES (100, 10, 'z') ON CONFLICT (id) DO UPDATE SET "workflowId" = 60 RETURNING *
-- update
UPDATE "Workflow" SET name = 'x'
UPDATE "Workflow" SET name = 'x' RETURNING *
UPDATE "Workflow" w SET name = w.name || 'x' WHERE w.id IN (10, 60) RETURNING w.*
UPDATE ONLY "Workflow" SET name = 'x' RETURNING id
UPDATE public."Workflow" AS x SET name = 'x' WHERE true OR false RETURNING x.id
UPDATE "Workflow" SET name = DEFAULT
UPDATE "Workflow" SET config = DEFAULT RETURNING *
UPDATE "Workflow" SET (name, config) = ('x', '{}') RETURNING *
UPDATE "Workflow" SET (name, config) = ROW('x', '{}') RETURNING *
UPDATE "Workflow" SET (name, config) = (SELECT max(password), jsonb_agg(id) FROM "User") RETURNING *
UPDATE "Workflow" w SET name = (SELECT email FROM "User" u WHERE u.id = w."userId") RETURNING *
UPDATE "Workflow" w SET name = (SELECT email FROM "User" u WHERE u.id = w."userId") WHERE "userId" IS NOT NULL RETURNING *
UPDATE "Workflow" w SET name = u.email FROM "User" u WHERE u.id = w."userId" RETURNING w.id, u.id
UPDATE "Workflow" w SET name = u.email FROM "User" u RETURNING w.id
UPDATE "Workflow" w SET name = coalesce(u.email, 'none') FROM country c LEFT JOIN "User" u ON u.id = 51 WHERE c.code = 'FR' RETURNING w.id, w.name
UPDATE "Workflow" w SET name = x.p FROM (SELECT max(password) AS p FROM "User") x RETURNING w.name
UPDATE "Workflow" w SET name = v.n FROM (VALUES (10, 'a'), (60, 'b')) v(i, n) WHERE v.i = w.id RETURNING w.id, w.name
UPDATE "Workflow" w SET name = z.name FROM "Workflow" z WHERE z.id = w.id + 50 RETURNING w.id
UPDATE "Workflow" w SET name = z.name FROM "Workflow" z WHERE z.id = w.id + 1 RETURNING w.id, w.name, z.id
UPDATE "Workflow" SET "tenantId" = 'acme' RETURNING id
UPDATE "Workflow" SET "tenantId" = "tenantId" RETURNING id
UPDATE "Workflow" SET "tenantId" = 'globex'
UPDATE "Workflow" SET "tenantId" = lower('ACME')
UPDATE "Workflow" SET "tenantId" = NULL
UPDATE "Workflow" SET "tenantId" = DEFAULT
UPDATE "Workflow" SET (name, "tenantId") = ('x', 'acme') RETURNING id
UPDATE "Workflow" SET (name, "tenantId") = (SELECT 'x', 'globex')
UPDATE "Workflow" SET "userId" = 2 WHERE id = 10 RETURNING *
UPDATE "Workflow" SET "userId" = 51 WHERE id = 10
UPDATE "Workflow" SET "userId" = 51 WHERE id = 60
UPDATE "Workflow" SET "userId" = NULL RETURNING *
UPDATE "Workflow" SET "userId" = 999 WHERE id = 10
UPDATE "Workflow" SET "userId" = "userId" + 50 WHERE id = 10
UPDATE "Workflow" SET ("userId", name) = (SELECT max(id), 'x' FROM "User") RETURNING *
UPDATE "Workflow" SET config['a'] = '1' RETURNING config
UPDATE "Workflow" SET id = id + 500 RETURNING id
UPDATE "Workflow" SET id = 60 WHERE id = 12
UPDATE step SET body = upper(body) RETURNING *
UPDATE step SET body = 'x' WHERE id = 150
UPDATE step SET "workflowId" = 11 WHERE id = 100 RETURNING *
UPDATE step SET "workflowId" = 60 WHERE id = 100
UPDATE step SET "workflowId" = "workflowId" RETURNING id
UPDATE step s SET body = w.name FROM "Workflow" w WHERE w.id = s."workflowId" RETURNING s.id, s.body
UPDATE step s SET body = w.name FROM "Workflow" w WHERE w.id = 60 RETURNING s.id
UPDATE "User" SET level = 99 WHERE id = 51
UPDATE "User" SET level = 99 WHERE (id = 1 OR id = 51) RETURNING id
UPDATE "User" SET email = 'gil@globex.test' WHERE id = 1
UPDATE "Tenant" SET name = 'x' RETURNING *
UPDATE "Tenant" SET id = 'x'
UPDATE country SET name = 'x'
UPDATE all_workflows SET name = 'x' RETURNING *
UPDATE event SET payload = 'x' RETURNING *
UPDATE event SET at = '2024-12-31' WHERE id > 0 RETURNING id
UPDATE event_2024 SET payload = 'x' RETURNING *
UPDATE api_key SET note = 'x' RETURNING *
UPDATE "Workflow" SET name = 'x' WHERE CURRENT OF c
-- delete
DELETE FROM "Workflow" WHERE id = 60
DELETE FROM "Workflow" WHERE id IN (12, 62) RETURNING *
DELETE FROM "Workflow" RETURNING id
DELETE FROM "Workflow" w WHERE w.name = 'shared-name' RETURNING w.id
DELETE FROM ONLY "Workflow" AS w WHERE true RETURNING w.id
DELETE FROM step
DELETE FROM step WHERE id = 150 RETURNING *
DELETE FROM step RETURNING *
DELETE FROM step USING "Workflow" w WHERE w.id = step."workflowId" AND w.name LIKE '%alpha' RETURNING step.*, w.*
DELETE FROM step s USING step t WHERE t.id = s.id + 50 RETURNING s.id
DELETE FROM "User" WHERE id = 3 RETURNING *
DELETE FROM "User" WHERE id > 2 RETURNING (SELECT count(*) FROM "Workflow")
DELETE FROM "User"
DELETE FROM "User" USING "Workflow" WHERE "Workflow"."userId" IS NULL AND "User".id = 3 RETURNING "Workflow".id
DELETE FROM "User" u USING country c LEFT JOIN "Workflow" w ON w.id = 60 WHERE w.id IS NULL AND u.id = 3 RETURNING c.code
DELETE FROM "Tenant"
DELETE FROM country
DELETE FROM event RETURNING *
DELETE FROM event_2024 RETURNING *
DELETE FROM all_workflows WHERE id = 12 RETURNING *
DELETE FROM wf_mv
DELETE FROM "User" WHERE id = (SELECT max(id) FROM "User") RETURNING id
DELETE FROM "User" WHERE id IN (SELECT id FROM "User" ORDER BY id DESC LIMIT 1) RETURNING id
-- merge
MERGE INTO "Workflow" w USING (VALUES (10), (60)) v(i) ON w.id = v.i WHEN MATCHED THEN UPDATE SET name = 'm'
MERGE INTO "Workflow" w USING "User" u ON w."userId" = u.id WHEN MATCHED THEN DELETE
MERGE INTO "Workflow" w USING (VALUES (10), (80)) v(i) ON w.id = v.i WHEN MATCHED THEN UPDATE SET name = 'm' WHEN NOT MATCHED THEN INSERT (id, name) VALUES (v.i, 'new')
MERGE INTO "Workflow" w USING "User" u ON false WHEN NOT MATCHED THEN INSERT (id, name) VALUES (u.id + 100, u.password)
MERGE INTO "Workflow" w USING "User" u ON w.id = 10 AND u.id = 1 WHEN MATCHED THEN UPDATE SET "tenantId" = 'globex'
-- copy
COPY "User" TO STDOUT
COPY "User"(id, email) TO STDOUT
COPY (SELECT * FROM "User") TO STDOUT
COPY (SELECT u.id FROM "User" u ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER)
COPY step TO STDOUT
COPY country TO STDOUT
COPY (DELETE FROM "User" WHERE id IN (3, 53) RETURNING id) TO STDOUT
