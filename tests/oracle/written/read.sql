-- joins
SELECT u.id, w.id FROM "User" u JOIN "Workflow" w ON true ORDER BY 1, 2
SELECT u.id, w.id FROM "User" u, "Workflow" w WHERE u.id < w.id ORDER BY 1, 2
SELECT u.id, w.id FROM "User" u RIGHT JOIN "Workflow" w ON w."userId" = u.id ORDER BY 1, 2
SELECT u.id, w.id FROM "User" u FULL JOIN "Workflow" w ON w."userId" = u.id ORDER BY 1, 2
SELECT u.id, w.id FROM "User" u FULL JOIN "Workflow" w ON w."userId" = u.id AND u.id > 0 WHERE u.id IS NULL ORDER BY 1, 2
SELECT * FROM "User" NATURAL JOIN "Workflow" ORDER BY id
SELECT * FROM "User" u NATURAL LEFT JOIN "Workflow" w ORDER BY 1
SELECT * FROM "User" JOIN "Workflow" USING ("tenantId") ORDER BY "User".id, "Workflow".id
SELECT * FROM "User" LEFT JOIN "Workflow" USING (id) ORDER BY 1
SELECT * FROM "User" RIGHT JOIN "Workflow" USING (id) ORDER BY 1
SELECT x.* FROM ("User" u CROSS JOIN country c) AS x ORDER BY 1, 6
SELECT x.a, x.g FROM ("User" u LEFT JOIN "Workflow" w ON w."userId" = u.id) AS x(a, b, c, d, e, f, g) ORDER BY 1, 2
SELECT u.id, w.id, s.id FROM "User" u LEFT JOIN "Workflow" w ON w."userId" = u.id LEFT JOIN step s ON s."workflowId" = w.id ORDER BY 1, 2, 3
SELECT u.id, w.id, s.id FROM step s RIGHT JOIN "Workflow" w ON s."workflowId" = w.id RIGHT JOIN "User" u ON w."userId" = u.id ORDER BY 1, 2, 3
SELECT u.id, w.id, s.id FROM step s FULL JOIN ("Workflow" w FULL JOIN "User" u ON w."userId" = u.id) ON s."workflowId" = w.id ORDER BY 1, 2, 3
SELECT u.id, w.id FROM "User" u LEFT JOIN ("Workflow" w JOIN step s ON s."workflowId" = w.id) ON w."userId" = u.id ORDER BY 1, 2
SELECT a.id, b.id FROM "User" a LEFT JOIN "User" b ON a.id + 50 = b.id ORDER BY 1
SELECT c.code, u.id FROM country c LEFT JOIN "User" u ON u.level = 9 ORDER BY 1, 2
SELECT c.code, u.id FROM country c LEFT JOIN "User" u ON c.code = 'FR' OR u.level = 9 ORDER BY 1, 2
SELECT c.code, u.id FROM "User" u RIGHT JOIN country c ON u.level = 9 ORDER BY 1, 2
SELECT c.code, u.id FROM country c LEFT JOIN "User" u ON true WHERE u.id IS NULL ORDER BY 1
SELECT count(*) FROM country c LEFT JOIN "User" u ON u.email LIKE '%globex%' WHERE u.id IS NOT NULL
SELECT u.id, x.n FROM "User" u, LATERAL (SELECT count(*) AS n FROM "Workflow" w WHERE w.id > u.id) x ORDER BY 1
SELECT u.id, x.id FROM "User" u LEFT JOIN LATERAL (SELECT w.id FROM "Workflow" w WHERE w."userId" = u.id ORDER BY w.id DESC LIMIT 1) x ON true ORDER BY 1
SELECT u.id, f FROM "User" u, generate_series(1, u.level) f ORDER BY 1, 2
SELECT u.id, f FROM "User" u LEFT JOIN generate_series(1, (SELECT count(*)::int FROM "Workflow" w WHERE w."userId" = u.id)) f ON true ORDER BY 1, 2
SELECT w.id, k, v FROM "Workflow" w, jsonb_each_text(w.config) AS e(k, v) ORDER BY 1, 2
SELECT w.id, e.* FROM "Workflow" w CROSS JOIN LATERAL jsonb_to_record(w.config) AS e(k int, secret text) ORDER BY 1
SELECT "User".id FROM "User", "Workflow" WHERE "User".id = "Workflow"."userId" ORDER BY 1
SELECT public."User".id FROM public."User" ORDER BY 1
SELECT u."tenantId", w."tenantId" FROM "User" u LEFT JOIN "Workflow" w ON w."tenantId" <> u."tenantId" ORDER BY 1
SELECT u.id FROM "User" u LEFT JOIN "Workflow" w ON u."tenantId" = 'globex' WHERE w.id IS NULL ORDER BY 1
SELECT a.code FROM country a FULL JOIN country b ON a.code = b.name ORDER BY 1
SELECT u.id FROM ("User" u JOIN country c ON c.code = u.email) ORDER BY 1
SELECT u.id FROM (("User" u JOIN country c ON true)) WHERE c.code = 'FR' ORDER BY 1
SELECT j.id FROM ("User" u JOIN country c ON true) AS j ORDER BY 1
SELECT x.y FROM "User" AS x(y, z) ORDER BY 1
SELECT x."tenantId" FROM "User" AS x("tenantId", b, c, d, e) ORDER BY 1
SELECT x.e, x."tenantId" FROM "User" AS x("tenantId", b, c, d, e) ORDER BY 2
SELECT * FROM "User" AS x("tenantId", b, c, d, e), "Workflow" w WHERE x."tenantId" > 0 ORDER BY 1, 6
SELECT x.a FROM "User" x(a) LEFT JOIN "Workflow" y(b) ON x.a = y.b ORDER BY 1
SELECT u.id FROM "User" u JOIN "User" AS v(vid) ON v.vid = u.id ORDER BY 1
SELECT * FROM ("User" u LEFT JOIN "Workflow" w USING ("tenantId")) AS j ORDER BY 2
SELECT * FROM "User" u JOIN "Workflow" w USING ("tenantId") AS k ORDER BY u.id, w.id
SELECT k."tenantId" FROM "User" u JOIN "Workflow" w USING ("tenantId") AS k
-- system columns, whole rows
SELECT u FROM "User" u ORDER BY u.id
SELECT u.* FROM "User" u ORDER BY id
SELECT (u).* FROM "User" u ORDER BY id
SELECT (u).email FROM "User" u ORDER BY 1
SELECT u::text FROM "User" u ORDER BY 1
SELECT row_to_json(u) FROM "User" u ORDER BY u.id
SELECT json_agg(u ORDER BY id) FROM "User" u
SELECT jsonb_agg(to_jsonb(w) - 'config' ORDER BY id) FROM "Workflow" w
SELECT count(u) FROM "User" u
SELECT u IS NULL FROM "User" u
SELECT "User" FROM "User" ORDER BY 1
SELECT "User".email FROM "User" ORDER BY 1
SELECT max(u::text) FROM "User" u
SELECT tableoid::regclass::text FROM "User" LIMIT 1
SELECT array_agg(u ORDER BY u.id) FROM "User" u
SELECT (array_agg(u ORDER BY u.id DESC))[1] FROM "User" u
SELECT ((array_agg(u ORDER BY u.id DESC))[1]).password FROM "User" u
SELECT u.email FROM "User" u WHERE u.* IS NOT NULL ORDER BY 1
SELECT u FROM "User" u WHERE u = (SELECT v FROM "User" v ORDER BY id DESC LIMIT 1)
SELECT u.id FROM "User" u WHERE u > (SELECT v FROM "User" v ORDER BY id LIMIT 1) ORDER BY 1
SELECT count(*) FROM "User" WHERE ctid IS NOT NULL
SELECT count(DISTINCT xmin) > 0 FROM "User"
SELECT u.upper FROM (SELECT 'a'::text AS x) u
SELECT u.lower FROM "User" u
-- grouping
SELECT "tenantId", count(*) FROM "User" GROUP BY "tenantId"
SELECT "tenantId", count(*) FROM "User" GROUP BY 1 HAVING count(*) > 0
SELECT level, count(*) FROM "User" GROUP BY level HAVING max(id) > 50 ORDER BY 1
SELECT level, count(*) FROM "User" GROUP BY level HAVING max(password) > 'g' ORDER BY 1
SELECT count(*) FROM "User" HAVING count(*) > 3
SELECT count(*) FROM "User" HAVING sum(level) > 10
SELECT id, email FROM "User" GROUP BY id ORDER BY 1
SELECT u.id, u.email, count(w.id) FROM "User" u LEFT JOIN "Workflow" w ON w."userId" = u.id GROUP BY u.id ORDER BY 1
SELECT w.id, w.name, count(s.id) FROM step s RIGHT JOIN "Workflow" w ON s."workflowId" = w.id GROUP BY w.id ORDER BY 1
SELECT level, "tenantId", count(*), grouping(level, "tenantId") FROM "User" GROUP BY GROUPING SETS ((level), ("tenantId"), ()) ORDER BY 1, 2, 3, 4
SELECT level, count(*) FROM "User" GROUP BY ROLLUP (level) ORDER BY 1 NULLS LAST
SELECT level, name, count(*) FROM "User" u JOIN "Workflow" w ON w."userId" = u.id GROUP BY CUBE (level, name) ORDER BY 1, 2, 3
SELECT count(*) FROM "User" GROUP BY ()
SELECT DISTINCT "tenantId" FROM "Workflow"
SELECT DISTINCT level FROM "User" ORDER BY 1
SELECT DISTINCT ON (level) level, id FROM "User" ORDER BY level, id DESC
SELECT count(DISTINCT "tenantId"), string_agg(DISTINCT "tenantId", ',') FROM "User"
SELECT count(*) FILTER (WHERE level = 9), count(*) FILTER (WHERE id > 50) FROM "User"
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY level), mode() WITHIN GROUP (ORDER BY level) FROM "User"
SELECT max(id), min(id), avg(level), sum(level), bool_and(level > 0), every(id < 50), bit_or(id) FROM "User"
SELECT (SELECT max(u.id)) FROM "User" u
SELECT (SELECT max(u.id) FROM country LIMIT 1) FROM "User" u
SELECT max(id) FROM "User" LIMIT 1 OFFSET 0
-- windows
SELECT id, row_number() OVER (ORDER BY id DESC) FROM "User" ORDER BY id
SELECT id, lag(email) OVER (ORDER BY id), lead(email) OVER w, first_value(email) OVER w FROM "User" WINDOW w AS (ORDER BY id) ORDER BY id
SELECT id, sum(level) OVER (PARTITION BY "tenantId" ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM "User" ORDER BY id
SELECT id, count(*) OVER w FROM "User" WINDOW w AS (PARTITION BY (SELECT count(*) FROM "Workflow")) ORDER BY id
SELECT id, nth_value(id, 4) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM "User" ORDER BY id
SELECT id, count(*) OVER (ORDER BY id RANGE BETWEEN 50 PRECEDING AND 50 FOLLOWING) FROM "User" ORDER BY id
SELECT id, max(id) OVER () FROM "Workflow" ORDER BY id
SELECT id, ntile(2) OVER (ORDER BY id), cume_dist() OVER (ORDER BY id) FROM "Workflow" ORDER BY id
SELECT count(*) OVER () FROM "User" LIMIT 1
-- sets and limits
SELECT id FROM "User" UNION SELECT id FROM "Workflow" ORDER BY 1
SELECT id FROM "User" UNION ALL (SELECT id FROM "Workflow" ORDER BY id DESC LIMIT 2) ORDER BY 1
SELECT id FROM "User" INTERSECT SELECT id - 50 FROM "User" ORDER BY 1
SELECT id + 50 FROM "User" EXCEPT SELECT id FROM "User" ORDER BY 1
(SELECT id FROM "User" ORDER BY id DESC LIMIT 1) UNION (SELECT id FROM step ORDER BY id DESC LIMIT 1) ORDER BY 1
((SELECT id FROM "User")) ORDER BY id DESC LIMIT 2
SELECT * FROM (SELECT id FROM "User" UNION SELECT id FROM "Workflow") x ORDER BY 1
SELECT id FROM "User" ORDER BY id LIMIT 3 OFFSET 3
SELECT id FROM "User" ORDER BY id FETCH FIRST 2 ROWS WITH TIES
SELECT id FROM "User" ORDER BY id DESC LIMIT ALL
SELECT id FROM "User" ORDER BY email DESC LIMIT 1
SELECT id FROM "User" ORDER BY password USING > LIMIT 1
SELECT id FROM "User" ORDER BY (SELECT max(password) FROM "User"), id
SELECT id FROM "User" ORDER BY "tenantId" DESC, id LIMIT 2
TABLE "User" ORDER BY id
TABLE "User" LIMIT 1
VALUES ((SELECT count(*) FROM "User"), 1), (2, (SELECT count(*) FROM step))
SELECT * FROM (VALUES ((SELECT max(password) FROM "User"))) v(x)
SELECT FROM "User"
SELECT 1 FROM "User"
SELECT NULL FROM "User" WHERE true
SELECT id FROM "User" WHERE NULL
SELECT id FROM "User" WHERE true OR true ORDER BY 1
SELECT id FROM "User" WHERE id = 51 OR "tenantId" = 'globex'
SELECT id FROM "User" WHERE NOT ("tenantId" = 'acme')
SELECT id FROM "User" WHERE "tenantId" IN ('globex', 'acme') ORDER BY id
SELECT id FROM "User" WHERE "tenantId" IS DISTINCT FROM 'acme'
SELECT id FROM "User" WHERE "tenantId" = 'acme' AND id > 0 OR id > 50 ORDER BY id
SELECT id FROM "User" WHERE "tenantId" = 'acme'/*x*/OR/*y*/true ORDER BY id
SELECT id FROM "User" WHERE(id>0)ORDER BY id
SELECT id FROM "User"WHERE"id">0ORDER BY id
SELECT id FROM "User" WHERE id>0--c
SELECT id FROM "User" -- WHERE
SELECT id FROM "User" /* WHERE */ ORDER BY id
SELECT id FROM "User"/**/WHERE/**/id=1
SELECT id FROM "User" WHERE email LIKE E'%\'%' OR true ORDER BY id
SELECT id FROM "User" WHERE email <> $$x$$ OR $a$ WHERE $a$ = 'x' ORDER BY id
SELECT id FROM "User" WHERE email <> $tag$ ; $1 -- $tag$ ORDER BY id
SELECT 'a' 'b' FROM "User"
SELECT id FROM "User" WHERE email <> 'a''b' ORDER BY id
SELECT id FROM "User" WHERE email <> U&'\0061' ORDER BY id
SELECT U&"\0069d" FROM "User" ORDER BY 1
SELECT id FROM U&"Us\0065r" ORDER BY id
SELECT id FROM "User" WHERE CASE WHEN id > 0 THEN true ELSE false END ORDER BY id
SELECT id AS "where" FROM "User" AS "from" WHERE "from".id > 0 ORDER BY "where"
SELECT id "order" FROM "User" "group" ORDER BY "order"
SELECT id FROM "User" AS "U""ser" WHERE "U""ser".id > 0 ORDER BY 1
select Id from "User" order by ID
SELECT id FROM "User" FOR UPDATE
SELECT id FROM "User" ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
SELECT u.id FROM "User" u JOIN "Workflow" w ON w."userId" = u.id ORDER BY 1 FOR UPDATE OF u
SELECT u.id FROM "User" u LEFT JOIN "Workflow" w ON w."userId" = u.id ORDER BY 1 FOR NO KEY UPDATE OF u NOWAIT
SELECT id FROM "User" WHERE id > 0 ORDER BY id LIMIT 2 FOR SHARE
SELECT x.id FROM (SELECT id FROM "User" FOR UPDATE) x ORDER BY 1
SELECT id FROM "User" FOR UPDATE OF "User"
SELECT c.code FROM country c, "User" u FOR UPDATE OF u
SELECT count(*) FROM "User" TABLESAMPLE BERNOULLI (100)
SELECT count(*) FROM "User" u TABLESAMPLE BERNOULLI (100) WHERE u.id > 0
SELECT count(*) FROM ONLY "User" u
SELECT count(*) FROM "User" *
SELECT count(*) FROM ONLY ("User")
SELECT count(*) FROM multi.public."User"
-- other relations
SELECT * FROM all_workflows ORDER BY id
SELECT v.id FROM all_workflows v JOIN "User" u ON true ORDER BY 1
SELECT * FROM workflow_names
SELECT * FROM wf_mv
SELECT * FROM event ORDER BY id
SELECT * FROM event_2024 ORDER BY id
SELECT * FROM ONLY event
SELECT * FROM step ORDER BY id
SELECT s.id FROM step s WHERE s."workflowId" IN (SELECT id FROM "Workflow") ORDER BY 1
SELECT count(*) FROM step s, step t
SELECT s.id FROM "Workflow" w LEFT JOIN step s ON s."workflowId" = w.id AND s.body LIKE '%two' ORDER BY 1
SELECT s.id FROM step s FULL JOIN "Workflow" w ON s."workflowId" = w.id ORDER BY 1
SELECT s.a, s.c FROM step s(a, b, c) ORDER BY 1
SELECT step FROM step ORDER BY 1
SELECT * FROM step NATURAL JOIN country
SELECT id FROM step ORDER BY id FOR UPDATE
SELECT id FROM step ORDER BY id DESC LIMIT 1
SELECT count(*), max(body) FROM step
SELECT s.id FROM step s LEFT JOIN step t ON t.id = s.id + 50 WHERE t.id IS NULL ORDER BY 1
SELECT "workflowId", count(*) FROM step GROUP BY 1 ORDER BY 1
SELECT * FROM "Tenant"
SELECT count(*) FROM "Tenant"
SELECT t.name, u.email FROM "Tenant" t JOIN "User" u ON u."tenantId" = t.id ORDER BY 2
SELECT t.name FROM country c LEFT JOIN "Tenant" t ON true ORDER BY 1
SELECT id FROM "Tenant" WHERE id = 'globex'
SELECT EXISTS (SELECT FROM "Tenant" WHERE name = 'Globex Corp')
SELECT * FROM country ORDER BY code
SELECT key FROM api_key
