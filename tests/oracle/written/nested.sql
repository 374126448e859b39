-- sublinks
SELECT (SELECT count(*) FROM "User")
SELECT (SELECT password FROM "User" ORDER BY id DESC LIMIT 1)
SELECT ARRAY(SELECT id FROM "User" ORDER BY id)
SELECT ARRAY[(SELECT max(id) FROM "User"), 1]
SELECT EXISTS (SELECT FROM "User" WHERE id = 51), NOT EXISTS (SELECT FROM "User" WHERE id = 51)
SELECT 51 IN (SELECT id FROM "User"), 51 NOT IN (SELECT id FROM "User"), 51 = ANY (SELECT id FROM "User"), 1 <> ALL (SELECT level FROM "User")
SELECT ROW(1, 'x') = (SELECT id, email FROM "User" ORDER BY id DESC LIMIT 1)
SELECT (1, 'x') IN (SELECT id, email FROM "User")
SELECT CASE (SELECT count(*) FROM "User") WHEN 3 THEN 'three' ELSE 'more' END
SELECT CASE WHEN (SELECT count(*) FROM "User") > 3 THEN 1 ELSE 2 END
SELECT coalesce((SELECT email FROM "User" WHERE id = 51), 'none'), nullif((SELECT max(id) FROM "User"), 53)
SELECT greatest((SELECT max(id) FROM "User"), 7), least((SELECT max(id) FROM "User"), 77)
SELECT (SELECT max(id) FROM "User")::text || 'x', CAST((SELECT max(id) FROM "User") AS bigint)
SELECT (SELECT max(id) FROM "User") BETWEEN 50 AND 60, (SELECT email FROM "User" WHERE id = 51) LIKE 'g%'
SELECT (SELECT email FROM "User" WHERE id = 51) IS NULL, ((SELECT max(id) FROM "User") > 50) IS TRUE
SELECT (ARRAY[1,2,3,4,5,6,7])[(SELECT count(*)::int FROM "User")], (ARRAY[1,2,3,4,5,6])[1:(SELECT count(*)::int FROM "User")]
SELECT jsonb_build_object('n', (SELECT count(*) FROM "User"), 'l', (SELECT json_agg(email ORDER BY id) FROM "User"))
SELECT upper((SELECT max(email) FROM "User")), concat(VARIADIC ARRAY(SELECT email FROM "User" ORDER BY id))
SELECT make_interval(hours => (SELECT count(*)::int FROM "Workflow"))
SELECT (SELECT u FROM "User" u ORDER BY id DESC LIMIT 1).password
SELECT ((SELECT u FROM "User" u ORDER BY id DESC LIMIT 1)).*
SELECT row_to_json((SELECT u FROM "User" u ORDER BY id DESC LIMIT 1))
SELECT (SELECT count(*) FROM "User") AT TIME ZONE 'UTC'
SELECT extract(epoch FROM make_interval(secs => (SELECT max(id) FROM "User")))
SELECT sum((SELECT max(w.id) FROM "Workflow" w WHERE w."userId" = u.id)) FROM "User" u
SELECT count(*) FILTER (WHERE (SELECT count(*) FROM "User") > 3) FROM country
SELECT string_agg(code, ',' ORDER BY (SELECT max(id) FROM "User"), code) FROM country
SELECT rank() OVER (ORDER BY (SELECT count(*) FROM "User")) FROM country
SELECT count(*) OVER (PARTITION BY code IN (SELECT name FROM "Workflow")) FROM country
SELECT code FROM country WHERE (SELECT count(*) FROM "User") = 3 ORDER BY 1
SELECT code FROM country GROUP BY code, (SELECT max(id) FROM "User") ORDER BY 1
SELECT count(*) FROM country GROUP BY (SELECT count(*) FROM "User")
SELECT count(*) FROM country HAVING (SELECT count(*) FROM "User") = 3
SELECT code FROM country ORDER BY code LIMIT (SELECT count(*) - 2 FROM "User") OFFSET (SELECT count(*) - 3 FROM "Workflow")
SELECT DISTINCT ON ((SELECT max(id) FROM "User")) code FROM country ORDER BY (SELECT max(id) FROM "User"), code
SELECT c.code FROM country c JOIN country d ON d.code = c.code AND EXISTS (SELECT FROM "User" WHERE level = 9) ORDER BY 1
SELECT c.code FROM country c LEFT JOIN country d ON (SELECT count(*) FROM "User") = 6 AND d.code = c.code WHERE d.code IS NULL ORDER BY 1
SELECT * FROM generate_series(1, (SELECT count(*) FROM "User")) g ORDER BY 1
SELECT * FROM unnest(ARRAY(SELECT email FROM "User" ORDER BY id)) WITH ORDINALITY AS t(e, n) ORDER BY n
SELECT * FROM ROWS FROM (generate_series(1, (SELECT count(*) FROM "User")), unnest(ARRAY(SELECT id FROM "Workflow" ORDER BY id))) AS t(a, b) ORDER BY 1
SELECT * FROM json_to_recordset((SELECT json_agg(u ORDER BY id) FROM "User" u)) AS x(id int, password text) ORDER BY 1
SELECT count(*) FROM country TABLESAMPLE BERNOULLI ((SELECT 100 FROM "User" LIMIT 1))
SELECT x FROM (SELECT (SELECT (SELECT (SELECT count(*) FROM "User"))) AS x) y
SELECT u.id FROM "User" u WHERE EXISTS (SELECT FROM "Workflow" w WHERE w."userId" = u.id + 50) ORDER BY 1
SELECT u.id FROM "User" u WHERE u.id IN (SELECT "userId" - 50 FROM "Workflow") ORDER BY 1
SELECT u.id FROM "User" u WHERE u.id NOT IN (SELECT "userId" FROM "Workflow" WHERE "userId" IS NOT NULL) ORDER BY 1
SELECT u.id, (SELECT count(*) FROM "User" v WHERE v.level > u.level) FROM "User" u ORDER BY 1
SELECT u.id, (SELECT string_agg(s.body, ',' ORDER BY s.id) FROM step s JOIN "Workflow" w ON s."workflowId" = w.id WHERE w."userId" = u.id) FROM "User" u ORDER BY 1
SELECT (SELECT id FROM "User" WHERE "User".id = w."userId") FROM "Workflow" w ORDER BY w.id
SELECT id FROM "User" WHERE (id, level) IN (SELECT "userId", level FROM "Workflow" w, "User" u WHERE w."userId" = u.id) ORDER BY 1
SELECT id FROM "User" WHERE (SELECT true) ORDER BY id
SELECT id FROM "User" WHERE level = (SELECT max(level) FROM "User") ORDER BY id
SELECT id FROM "User" u WHERE level >= ALL (SELECT level FROM "User") ORDER BY id
SELECT id, (SELECT "tenantId") FROM "User" ORDER BY id
SELECT id FROM country, LATERAL (SELECT id FROM "User" ORDER BY id DESC LIMIT 1) x
SELECT (SELECT count(*) FROM (SELECT 1 FROM "User" UNION ALL SELECT 1 FROM "Workflow") z)
SELECT (WITH q AS (SELECT * FROM "User") SELECT count(*) FROM q)
SELECT (SELECT (WITH q AS (TABLE "User") SELECT max(password) FROM q))
-- subqueries in FROM
SELECT * FROM (SELECT * FROM "User") u ORDER BY id
SELECT * FROM (SELECT id AS "tenantId", "tenantId" AS id FROM "User") u ORDER BY 1
SELECT * FROM (SELECT 'acme' AS "tenantId", password FROM "User") u ORDER BY 2
SELECT x.password FROM (SELECT password, 'acme' AS "tenantId" FROM "User") x WHERE x."tenantId" = 'acme' ORDER BY 1
SELECT * FROM (SELECT * FROM (SELECT * FROM "User" LIMIT 5) a) b ORDER BY id
SELECT u.id FROM (SELECT id FROM "User") u FULL JOIN (SELECT id FROM "Workflow") w ON u.id = w.id ORDER BY 1
SELECT * FROM (TABLE "User") u ORDER BY id
SELECT * FROM (VALUES (1), (2)) v(id) JOIN "User" USING (id) ORDER BY id
SELECT * FROM (VALUES (51), (1)) v(id) LEFT JOIN "User" USING (id) ORDER BY id
SELECT * FROM (VALUES (51), (1)) v(id) RIGHT JOIN "User" USING (id) ORDER BY id
SELECT * FROM (VALUES (51), (1)) v(id) NATURAL FULL JOIN "User" ORDER BY id
SELECT v.id, u.email FROM (VALUES (51), (1)) v(id) LEFT JOIN "User" u ON u.id = v.id ORDER BY 1
SELECT v.id, u.email FROM (VALUES (51), (1)) v(id), LATERAL (SELECT email FROM "User" WHERE id = v.id) u ORDER BY 1
SELECT v.id FROM (VALUES (51), (1)) v(id) WHERE EXISTS (SELECT FROM "User" u WHERE u.id = v.id)
SELECT v.id FROM (VALUES (51), (1)) v(id) WHERE NOT EXISTS (SELECT FROM "User" u WHERE u.id = v.id)
SELECT count(*) FROM (SELECT 1 FROM "User" OFFSET 1) x
SELECT max(n) FROM (SELECT count(*) AS n FROM "User" GROUP BY "tenantId") x
SELECT * FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS r FROM "User") x WHERE r <= 2 ORDER BY id
SELECT * FROM (SELECT DISTINCT ON ("tenantId") * FROM "User" ORDER BY "tenantId", id DESC) x
-- ctes
WITH u AS (SELECT * FROM "User") SELECT * FROM u ORDER BY id
WITH u AS MATERIALIZED (SELECT * FROM "User") SELECT count(*) FROM u
WITH u AS NOT MATERIALIZED (SELECT * FROM "User") SELECT count(*) FROM u WHERE password LIKE 'globex%'
WITH "User" AS (SELECT 1 AS id) SELECT * FROM "User"
WITH "User" AS (SELECT * FROM "User") SELECT * FROM "User" ORDER BY id
WITH "User" AS (SELECT * FROM "User" WHERE id > 1), b AS (SELECT * FROM "User") SELECT * FROM b ORDER BY id
WITH a AS (SELECT * FROM "User"), "User" AS (SELECT 1 AS id) SELECT count(*) FROM a, "User"
WITH "User" AS (SELECT 1 AS id) SELECT count(*) FROM public."User"
WITH "User" AS (SELECT 1 AS id) SELECT (SELECT count(*) FROM "User"), (SELECT count(*) FROM public."User")
WITH "User" AS (SELECT 1 AS id) SELECT * FROM (WITH "User" AS (SELECT 2 AS id) SELECT * FROM "User") x, "User"
WITH x AS (WITH "User" AS (SELECT 1 AS id) SELECT * FROM "User") SELECT count(*) FROM "User"
SELECT * FROM (WITH "User" AS (SELECT 1 AS one) SELECT * FROM "User") x, "User" ORDER BY id
WITH RECURSIVE "User" AS (SELECT 1 AS id UNION ALL SELECT id + 1 FROM "User" WHERE id < 3) SELECT * FROM "User" ORDER BY 1
WITH RECURSIVE r AS (SELECT id, 1 AS d FROM "User" UNION ALL SELECT w.id, d + 1 FROM "Workflow" w JOIN r ON w."userId" = r.id WHERE d < 3) SELECT * FROM r ORDER BY 1, 2
WITH RECURSIVE r(n) AS (VALUES (50) UNION ALL SELECT n + 1 FROM r WHERE n < 60 AND NOT EXISTS (SELECT FROM "User" u WHERE u.id = n)) SELECT max(n) FROM r
WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT count(*) AS n FROM "User") SELECT * FROM a
WITH RECURSIVE x AS (SELECT count(*) AS n FROM "Workflow"), "Workflow" AS (SELECT 1 AS id) SELECT * FROM x
WITH u(a, b) AS (SELECT id, password FROM "User") SELECT * FROM u ORDER BY 1
WITH u("tenantId") AS (SELECT password FROM "User") SELECT * FROM u ORDER BY 1
WITH u AS (SELECT * FROM "User") SELECT u.id, v.id FROM u LEFT JOIN "User" v ON v.id = u.id + 50 ORDER BY 1
WITH u AS (SELECT * FROM "User"), w AS (SELECT * FROM "Workflow" WHERE "userId" IN (SELECT id FROM u)) SELECT id FROM w ORDER BY 1
WITH t AS (SELECT count(*) FROM "User") SELECT (SELECT * FROM t), (TABLE t)
WITH q AS (SELECT 1) (WITH q AS (SELECT id FROM "User") SELECT * FROM q ORDER BY 1)
WITH q AS (SELECT id FROM "User") SELECT * FROM q UNION SELECT id FROM "Workflow" ORDER BY 1
WITH RECURSIVE t(id) AS (SELECT id FROM "User" UNION SELECT id + 50 FROM t WHERE id < 50) SEARCH DEPTH FIRST BY id SET o SELECT id FROM t ORDER BY 1
WITH RECURSIVE t(id) AS (SELECT id FROM "User" UNION ALL SELECT id + 0 FROM t) CYCLE id SET c USING p SELECT id, c FROM t ORDER BY 1, 2
WITH d AS (DELETE FROM "User" WHERE id IN (3, 53) RETURNING *) SELECT id, email FROM d ORDER BY 1
WITH d AS (UPDATE "User" SET level = 7 RETURNING id, level) SELECT * FROM d ORDER BY 1
WITH i AS (INSERT INTO "User"(id, email, password) VALUES (4, 'n@acme.test', 'p') RETURNING *) SELECT * FROM i
WITH d AS (DELETE FROM step RETURNING *), e AS (DELETE FROM "Workflow" WHERE id > 11 RETURNING id) SELECT d.id, e.id FROM d, e ORDER BY 1, 2
WITH u AS (SELECT id FROM "User") UPDATE "Workflow" SET name = 'x' WHERE "userId" IN (SELECT id FROM u) RETURNING id
WITH u AS (SELECT id FROM "User") DELETE FROM "Workflow" USING u WHERE "userId" = u.id RETURNING "Workflow".id, u.id
WITH s AS (SELECT 90 AS id, 'n' AS name) INSERT INTO "Workflow"(id, name) SELECT * FROM s RETURNING *
WITH "Workflow" AS (SELECT 90 AS id) DELETE FROM "Workflow" RETURNING id
WITH "Workflow" AS (SELECT 90 AS id) UPDATE "Workflow" SET name = 'z' FROM "Workflow" q WHERE q.id = 90 RETURNING "Workflow".id
