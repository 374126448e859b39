-- merge
MERGE INTO "Workflow" w USING (VALUES (10), (60)) v(i) ON w.id = v.i WHEN MATCHED THEN UPDATE SET name = 'm'
MERGE INTO "Workflow" w USING "User" u ON w."userId" = u.id WHEN MATCHED THEN DELETE
MERGE INTO "Workflow" w USING (VALUES (10), (80)) v(i) ON w.id = v.i WHEN MATCHED THEN UPDATE SET name = 'm' WHEN NOT MATCHED THEN INSERT (id, name) VALUES (v.i, 'new')
MERGE INTO "Workflow" w USING (VALUES (60)) v(i) ON w.id = v.i WHEN NOT MATCHED THEN INSERT (id, name) VALUES (v.i, 'new')
MERGE INTO "Workflow" w USING "User" u ON false WHEN NOT MATCHED THEN INSERT (id, name) VALUES (u.id + 100, u.password)
MERGE INTO "Workflow" w USING "User" u ON w.id = 10 AND u.id = 1 WHEN MATCHED THEN UPDATE SET "tenantId" = 'globex'
MERGE INTO "Workflow" w USING "User" u ON w.id = 10 AND u.id = 51 WHEN MATCHED THEN UPDATE SET name = u.password
MERGE INTO "Workflow" w USING "User" u ON true WHEN MATCHED AND w.id = 60 THEN DELETE
MERGE INTO "Workflow" w USING (SELECT * FROM "User") u ON w."userId" = u.id WHEN MATCHED THEN UPDATE SET name = u.email
MERGE INTO "Workflow" USING "User" ON "Workflow"."userId" = "User".id WHEN MATCHED THEN UPDATE SET name = "User".email
MERGE INTO "Workflow" AS "User" USING "User" AS "Workflow" ON "User"."userId" = "Workflow".id WHEN MATCHED THEN UPDATE SET name = "Workflow".email
MERGE INTO "Workflow" w USING "User" u ON w."userId" = u.id WHEN MATCHED AND 1 / (u.level - 9) > 0 THEN UPDATE SET name = 'x'
MERGE INTO "Workflow" w USING "User" u ON w."userId" = u.id AND 1 / (w.id - 60) > 0 WHEN MATCHED THEN UPDATE SET name = 'x'
MERGE INTO "Workflow" w USING "User" u ON w."userId" = u.id AND u.password::int > 0 WHEN MATCHED THEN UPDATE SET name = 'x'
MERGE INTO "Workflow" w USING country c ON w.name::int > 0 WHEN MATCHED THEN DELETE
MERGE INTO "Workflow" w USING country c ON w.id = 60 AND w.name::int > 0 WHEN MATCHED THEN DELETE
MERGE INTO "Workflow" w USING country c ON w.name = c.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (length(c.code) + 100, c.name)
MERGE INTO "Workflow" w USING country c ON w.name = c.name AND c.code = 'FR' WHEN NOT MATCHED AND c.code = 'FR' THEN INSERT (id, name) VALUES (100, c.name)
MERGE INTO "Workflow" w USING (SELECT id, 10 / (id - 150) AS q FROM step) s ON w.id = s.q WHEN MATCHED THEN DELETE
MERGE INTO "Workflow" w USING step s ON w.id = s."workflowId" WHEN MATCHED THEN UPDATE SET name = s.body
MERGE INTO step s USING "Workflow" w ON s."workflowId" = w.id WHEN MATCHED THEN UPDATE SET body = w.name
MERGE INTO step s USING "Workflow" w ON s."workflowId" = w.id WHEN MATCHED THEN DELETE
MERGE INTO step s USING (VALUES (150), (100)) v(i) ON s.id = v.i WHEN MATCHED THEN UPDATE SET body = 'z'
MERGE INTO step s USING (VALUES (150), (100)) v(i) ON s.id = v.i WHEN MATCHED THEN DELETE
MERGE INTO step s USING (VALUES (900)) v(i) ON s.id = v.i WHEN NOT MATCHED THEN INSERT (id, "workflowId", body) VALUES (v.i, 10, 'b')
MERGE INTO step s USING (VALUES (900)) v(i) ON s.id = v.i WHEN NOT MATCHED THEN INSERT (id, "workflowId", body) VALUES (v.i, 60, 'b')
MERGE INTO step s USING (VALUES (900)) v(i) ON s.id = v.i WHEN NOT MATCHED THEN INSERT VALUES (v.i, 10, 'b')
MERGE INTO step s USING (VALUES (900)) v(i) ON s.id = v.i WHEN NOT MATCHED THEN INSERT VALUES (v.i, 60, 'b')
MERGE INTO step s USING (VALUES (100)) v(i) ON s.id = v.i WHEN MATCHED THEN UPDATE SET "workflowId" = 60
MERGE INTO step s USING (VALUES (100)) v(i) ON s.id = v.i WHEN MATCHED THEN UPDATE SET "workflowId" = 11
MERGE INTO step s USING (VALUES (150)) v(i) ON 10 / (s.id - 150) = v.i WHEN MATCHED THEN DELETE
MERGE INTO step s USING (VALUES (150)) v(i) ON s.id >= v.i AND s.body::int = 1 WHEN MATCHED THEN DELETE
MERGE INTO step s USING country c ON s.body ~ c.code WHEN MATCHED THEN DELETE
MERGE INTO "Workflow" w USING (VALUES (80)) v(i) ON w.id = v.i WHEN NOT MATCHED THEN INSERT VALUES (v.i, 'n')
MERGE INTO "Workflow" w USING (VALUES (80)) v(i) ON w.id = v.i WHEN NOT MATCHED THEN INSERT VALUES (v.i, 'n', '{}', NULL, 'acme')
MERGE INTO "Workflow" w USING (VALUES (80)) v(i) ON w.id = v.i WHEN NOT MATCHED THEN INSERT VALUES (v.i, 'n', '{}', NULL, 'globex')
MERGE INTO "Workflow" w USING (VALUES (80)) v(i) ON w.id = v.i WHEN NOT MATCHED THEN INSERT (id, name, "tenantId") VALUES (v.i, 'n', 'globex')
MERGE INTO "Workflow" w USING (VALUES (80)) v(i) ON w.id = v.i WHEN NOT MATCHED THEN INSERT (id, name, "tenantId") VALUES (v.i, 'n', 'acme')
MERGE INTO "Workflow" w USING (VALUES (80)) v(i) ON w.id = v.i WHEN NOT MATCHED THEN INSERT (id, name, "tenantId") VALUES (v.i, 'n', DEFAULT)
MERGE INTO "Workflow" w USING (VALUES (80)) v(i) ON w.id = v.i WHEN NOT MATCHED THEN INSERT (id, name, "userId") VALUES (v.i, 'n', 51)
MERGE INTO "Workflow" w USING (VALUES (80)) v(i) ON w.id = v.i WHEN NOT MATCHED THEN INSERT (id, name, "userId") VALUES (v.i, 'n', 2)
MERGE INTO "Workflow" w USING (VALUES (80)) v(i) ON w.id = v.i WHEN NOT MATCHED THEN INSERT DEFAULT VALUES
MERGE INTO "Workflow" w USING (VALUES (80)) v(i) ON w.id = v.i WHEN NOT MATCHED THEN DO NOTHING
MERGE INTO "Workflow" w USING (VALUES (10)) v(i) ON w.id = v.i WHEN MATCHED THEN DO NOTHING
MERGE INTO "Workflow" w USING (VALUES (10)) v(i) ON w.id = v.i WHEN MATCHED AND EXISTS (SELECT FROM "Tenant" WHERE id = 'globex') THEN DELETE
MERGE INTO "Workflow" w USING (VALUES (10)) v(i) ON w.id = v.i WHEN MATCHED AND (SELECT count(*) FROM "User") > 3 THEN DELETE WHEN MATCHED THEN UPDATE SET name = (SELECT max(password) FROM "User")
MERGE INTO "Workflow" w USING (VALUES (10)) v(i) ON w.id = v.i WHEN MATCHED THEN UPDATE SET (name, config) = (SELECT max(password), '{}'::jsonb FROM "User")
MERGE INTO "Workflow" w USING (VALUES (10)) v(i) ON w.id = v.i WHEN MATCHED THEN UPDATE SET "userId" = 51
MERGE INTO "Workflow" w USING (VALUES (10)) v(i) ON w.id = v.i WHEN MATCHED THEN UPDATE SET "userId" = 3
MERGE INTO "Workflow" w USING (VALUES (10)) v(i) ON w.id = v.i WHEN MATCHED THEN UPDATE SET "tenantId" = 'acme'
MERGE INTO "Workflow" w USING (VALUES (10)) v(i) ON w.id = v.i WHEN MATCHED THEN UPDATE SET id = 60
MERGE INTO "Workflow" w USING (VALUES (10, 'a'), (11, 'b')) v(i, n) ON w.id = v.i WHEN MATCHED AND v.n = 'a' THEN DELETE WHEN MATCHED THEN UPDATE SET name = v.n
MERGE INTO "Workflow" w USING "User" u LEFT JOIN country c ON c.code = u.email ON w."userId" = u.id WHEN MATCHED THEN UPDATE SET name = 'x'
MERGE INTO "Workflow" w USING (country c LEFT JOIN "User" u ON u.id = 51) ON w.id = 10 AND c.code = 'FR' WHEN MATCHED AND u.id IS NULL THEN DELETE
MERGE INTO "Workflow" w USING country c FULL JOIN "User" u ON u.email = c.name ON w.id = u.id + 9 WHEN MATCHED THEN UPDATE SET name = u.email
MERGE INTO "Workflow" w USING "Workflow" z ON z.id = w.id + 50 WHEN MATCHED THEN DELETE
MERGE INTO "Workflow" w USING "Workflow" z ON z.id = w.id WHEN MATCHED THEN UPDATE SET name = z.name || 'x'
MERGE INTO "Workflow" w USING LATERAL (SELECT max(id) AS m FROM "User") z ON w.id = z.m WHEN MATCHED THEN DELETE
MERGE INTO "Workflow" w USING generate_series(10, 12) g ON w.id = g WHEN MATCHED AND g = 12 THEN DELETE
MERGE INTO ONLY "Workflow" w USING (VALUES (12)) v(i) ON w.id = v.i WHEN MATCHED THEN DELETE
MERGE INTO public."Workflow" USING (VALUES (12)) v(i) ON "Workflow".id = v.i WHEN MATCHED THEN DELETE
MERGE INTO country c USING "User" u ON false WHEN NOT MATCHED THEN INSERT VALUES ('x', u.password)
MERGE INTO "Tenant" t USING country c ON t.id = 'globex' WHEN MATCHED THEN UPDATE SET name = 'x'
MERGE INTO event e USING (VALUES (1), (2)) v(i) ON e.id = v.i WHEN MATCHED THEN UPDATE SET payload = 'x'
MERGE INTO event e USING (VALUES (9)) v(i) ON e.id = v.i WHEN NOT MATCHED THEN INSERT (id, at) VALUES (9, '2024-06-06')
MERGE INTO event_2024 e USING (VALUES (1), (2)) v(i) ON e.id = v.i WHEN MATCHED THEN DELETE
MERGE INTO api_key k USING (VALUES (1)) v(i) ON k.id = v.i WHEN MATCHED THEN DELETE
MERGE INTO wf_log k USING (VALUES (1)) v(i) ON k.id = v.i WHEN MATCHED THEN DELETE
MERGE INTO all_workflows k USING (VALUES (12)) v(i) ON k.id = v.i WHEN MATCHED THEN DELETE
WITH "Workflow" AS (SELECT 60 AS id) MERGE INTO "Workflow" t USING "Workflow" s ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = 'pwn'
WITH q AS (SELECT * FROM "User") MERGE INTO "Workflow" t USING q ON t."userId" = q.id WHEN MATCHED THEN UPDATE SET name = q.password
WITH q AS (SELECT * FROM "User") MERGE INTO "Workflow" t USING q ON t."userId" = q.id AND 1 / (q.level - 9) < 0 WHEN MATCHED THEN UPDATE SET name = q.password
MERGE INTO "Workflow" w USING (VALUES (10), (60)) v(i) ON w.id = v.i WHEN MATCHED THEN UPDATE SET name = w.name || w."tenantId"
MERGE INTO "Workflow" w USING (VALUES (10), (60)) v(i) ON w.id = v.i AND w."tenantId" = 'globex' WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN DO NOTHING
MERGE INTO "Workflow" w USING (VALUES (10), (60)) v(i) ON (w.id = v.i OR true) WHEN MATCHED THEN UPDATE SET name = 'o'
MERGE INTO "Workflow" w USING (VALUES (10), (60)) v(i) ON w.id = v.i OR w."tenantId" = 'globex' WHEN MATCHED THEN DELETE
