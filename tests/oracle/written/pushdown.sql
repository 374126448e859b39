-- pushdown
SELECT code FROM country WHERE 5 IN (SELECT 1 / (s.id - 150) FROM step s)
SELECT code FROM country WHERE 5 = ANY (SELECT 1 / (s.id - 150) FROM step s)
SELECT code FROM country WHERE code IN (SELECT s.body::int::text FROM step s WHERE s.id >= 150)
SELECT code FROM country WHERE EXISTS (SELECT FROM step s WHERE 1 / (s.id - 150) = 1)
SELECT code FROM country c WHERE EXISTS (SELECT FROM step s WHERE s.body::int = length(c.code))
SELECT code FROM country c WHERE EXISTS (SELECT FROM step s WHERE s.id >= 150 AND s.body::int = length(c.code) AND c.code <> '')
SELECT code FROM country c WHERE NOT EXISTS (SELECT FROM step s WHERE 1 / (s.id - 150) = length(c.code)) ORDER BY 1
SELECT code FROM country c WHERE length(c.code) NOT IN (SELECT 1 / (s.id - 150) FROM step s) ORDER BY 1
SELECT id FROM "User" WHERE level IN (SELECT 1 / (s.id - 150) FROM step s)
SELECT id FROM "User" WHERE 1 IN (SELECT 1 / (v.level - 9) FROM "User" v WHERE v.id = 51)
SELECT id FROM "User" WHERE id IN (SELECT v.id + v.password::int FROM "User" v WHERE v.id >= 51)
SELECT u.id FROM "User" u WHERE u.id = 51 AND u.level IN (SELECT 1 / (u.level - 9) FROM country)
SELECT count(*) FROM step s, generate_series(1, 10 / (s.id - 150)) f
SELECT count(*) FROM step s LEFT JOIN generate_series(1, 10 / (s.id - 150)) f ON true
SELECT count(*) FROM step s CROSS JOIN LATERAL unnest(ARRAY[10 / (s.id - 150)]) f
SELECT count(*) FROM step s, LATERAL (SELECT 10 / (s.id - 150) AS x) y WHERE y.x = 1
SELECT count(*) FROM step s, LATERAL (SELECT 10 / (s.id - 150) AS x) y JOIN country c ON length(c.code) = y.x
SELECT count(*) FROM step s, LATERAL (SELECT 10 / (s.id - 150) AS x OFFSET 0) y WHERE y.x = 1
SELECT count(*) FROM step s CROSS JOIN LATERAL (SELECT s.body::int AS x) y CROSS JOIN LATERAL (SELECT y.x + 1 AS z) w WHERE s.id >= 150 AND w.z > 0
SELECT count(*) FROM step s, country c WHERE 10 / (s.id - 150) = length(c.code)
SELECT count(*) FROM country c, step s WHERE length(c.code) = 10 / (s.id - 150) AND c.code = 'FR'
SELECT count(*) FROM step s JOIN country c ON 10 / (s.id - 150) = length(c.code)
SELECT count(*) FROM step s LEFT JOIN country c ON 10 / (s.id - 150) = length(c.code)
SELECT count(*) FROM country c LEFT JOIN step s ON 10 / (s.id - 150) = length(c.code)
SELECT count(*) FROM country c RIGHT JOIN step s ON 10 / (s.id - 150) = length(c.code)
SELECT count(*) FROM country c FULL JOIN step s ON s.id = length(c.code) WHERE 10 / (s.id - 150) = 1
SELECT y.x FROM (SELECT 10 / (s.id - 150) AS x FROM step s) y
SELECT y.x FROM (SELECT 10 / (s.id - 150) AS x FROM step s) y WHERE y.x = 1
SELECT y.x FROM (SELECT 10 / (s.id - 150) AS x, s.id FROM step s) y WHERE y.id > 0 AND y.x < 0
SELECT DISTINCT y.x FROM (SELECT 10 / (s.id - 150) AS x FROM step s) y WHERE y.x < 0
SELECT y.x FROM (SELECT DISTINCT s.id - 150 AS x FROM step s) y WHERE 10 / y.x < 0 ORDER BY 1
SELECT y.x FROM (SELECT s.id - 150 AS x, count(*) FROM step s GROUP BY s.id) y WHERE 10 / y.x < 0 ORDER BY 1
SELECT y.x FROM (SELECT s.id - 150 AS x, row_number() OVER (PARTITION BY s.id) AS r FROM step s) y WHERE 10 / y.x < 0 ORDER BY 1
SELECT y.x FROM (SELECT s.id - 150 AS x FROM step s UNION SELECT -1) y WHERE 10 / y.x < 0 ORDER BY 1
SELECT y.x FROM (SELECT s.id - 150 AS x FROM step s UNION ALL SELECT u.level - 9 FROM "User" u) y WHERE 10 / y.x < 0 ORDER BY 1
SELECT y.x FROM (SELECT s.id - 150 AS x FROM step s EXCEPT SELECT 5) y WHERE 10 / y.x < 0 ORDER BY 1
SELECT y.x FROM (SELECT s.id - 150 AS x FROM step s ORDER BY id) y WHERE 10 / y.x < 0 ORDER BY 1
SELECT y.x FROM (SELECT s.id - 150 AS x FROM step s LIMIT 100) y WHERE 10 / y.x < 0 ORDER BY 1
SELECT y.id FROM (SELECT * FROM step) y WHERE 10 / (y.id - 150) < 0 ORDER BY 1
SELECT y.id FROM (SELECT * FROM (SELECT * FROM step) z) y WHERE 10 / (y.id - 150) < 0 ORDER BY 1
SELECT y.a FROM (SELECT * FROM step) y(a, b, c) WHERE 10 / (y.a - 150) < 0 ORDER BY 1
SELECT y.a FROM (TABLE step) y(a) WHERE 10 / (y.a - 150) < 0 ORDER BY 1
SELECT y.id FROM (SELECT * FROM step) y JOIN country c ON 10 / (y.id - 150) < length(c.code) ORDER BY 1
SELECT y.id FROM country c LEFT JOIN (SELECT * FROM step) y ON 10 / (y.id - 150) < length(c.code) ORDER BY 1
SELECT y.id FROM country c LEFT JOIN (SELECT id, 10 / (id - 150) AS q FROM step) y ON y.q < length(c.code) ORDER BY 1
SELECT y.id FROM country c, (SELECT id, 10 / (id - 150) AS q FROM step) y WHERE y.q < length(c.code) ORDER BY 1
WITH y AS (SELECT 10 / (id - 150) AS x FROM step) SELECT * FROM y WHERE x < 0 ORDER BY 1
WITH y AS (SELECT * FROM step) SELECT id FROM y WHERE 10 / (id - 150) < 0 ORDER BY 1
WITH y AS (SELECT * FROM step), z AS (SELECT * FROM y) SELECT id FROM z WHERE 10 / (id - 150) < 0 ORDER BY 1
WITH y AS (SELECT * FROM step) SELECT id FROM y a WHERE EXISTS (SELECT FROM y b WHERE 10 / (b.id - 150) = a.id) ORDER BY 1
WITH y AS NOT MATERIALIZED (SELECT * FROM step) SELECT a.id FROM y a JOIN y b ON 10 / (b.id - 150) = a.id ORDER BY 1
WITH RECURSIVE r(x) AS (SELECT 10 / (id - 150) FROM step UNION ALL SELECT x + 1 FROM r WHERE x < 0 AND EXISTS (SELECT FROM step s WHERE 10 / (s.id - 150) = x)) SELECT * FROM r ORDER BY 1
SELECT id FROM step GROUP BY id HAVING 10 / (id - 150) < 0 ORDER BY 1
SELECT id - 150 FROM step GROUP BY id - 150 HAVING 10 / (id - 150) < 0 ORDER BY 1
SELECT s.id FROM step s GROUP BY s.id, s.body HAVING s.body::int > 0 AND s.id >= 150
SELECT s.id FROM step s JOIN "Workflow" w ON w.id = s."workflowId" GROUP BY s.id HAVING 10 / (s.id - 150) < 0 ORDER BY 1
SELECT count(*) FILTER (WHERE 10 / (id - 150) < 0) FROM step
SELECT sum(10 / (id - 150)) FROM step
SELECT 10 / (id - 150) FROM step ORDER BY 1
SELECT id FROM step ORDER BY 10 / (id - 150), id
SELECT DISTINCT ON (10 / (id - 150)) 10 / (id - 150) FROM step ORDER BY 10 / (id - 150)
SELECT id, 10 / (id - 150) FROM step ORDER BY id LIMIT 2
SELECT generate_series(1, 10 / (id - 150)) FROM step
SELECT id, sum(10 / (id - 150)) OVER (ORDER BY id) FROM step ORDER BY id
SELECT s.id, (SELECT 10 / (s.id - 150)) FROM step s ORDER BY 1
SELECT s.id, (SELECT max(10 / (s.id - 150 + length(c.code) - 2)) FROM country c) FROM step s ORDER BY 1
SELECT s.id FROM step s ORDER BY (SELECT 10 / (s.id - 150)), 1
SELECT max(id) FROM step HAVING max(10 / (id - 150)) < 0
SELECT w.id FROM "Workflow" w LEFT JOIN step s ON s."workflowId" = w.id WHERE 10 / (s.id - 150) < 0 ORDER BY 1
SELECT w.id FROM "Workflow" w LEFT JOIN step s ON s."workflowId" = w.id AND 10 / (s.id - 150) < 0 ORDER BY 1
SELECT w.id FROM step s RIGHT JOIN "Workflow" w ON s."workflowId" = w.id AND 10 / (s.id - 150) < 0 ORDER BY 1
SELECT w.id FROM "Workflow" w JOIN step s ON s."workflowId" = w.id JOIN country c ON 10 / (s.id - 150) = length(c.code) - 2 ORDER BY 1
SELECT s.id FROM step s JOIN step t ON 10 / (s.id - 150) = 10 / (t.id - 150) ORDER BY 1
SELECT s.id FROM step s NATURAL JOIN (SELECT id, 10 / (id - 150) AS q FROM step) t ORDER BY 1
SELECT s.id FROM step s JOIN (SELECT 10 / (id - 150) AS id FROM step) t USING (id) ORDER BY 1
SELECT id FROM country NATURAL JOIN (SELECT body::int::text AS name, id FROM step WHERE id >= 150) x
SELECT id FROM country JOIN (SELECT body::int::text AS name, id FROM step WHERE id >= 150) x USING (name)
SELECT id FROM country LEFT JOIN (SELECT body::int::text AS name, id FROM step WHERE id >= 150) x USING (name) ORDER BY code
SELECT code FROM country WHERE (code, name) IN (SELECT s.body::int::text, s.body FROM step s WHERE s.id >= 150)
SELECT code FROM country WHERE ROW(code, 1) = ANY (SELECT s.body, 10 / (s.id - 150) FROM step s)
SELECT code FROM country WHERE 1 < ALL (SELECT 10 / (s.id - 150) FROM step s)
SELECT code FROM country c WHERE CASE WHEN c.code = 'FR' THEN EXISTS (SELECT FROM step s WHERE 10 / (s.id - 150) < 0) ELSE false END
SELECT code FROM country c WHERE c.code = (SELECT s.body FROM step s WHERE s.id >= 150 AND s.body::int > 0)
SELECT (SELECT s.id FROM step s WHERE 10 / (s.id - 150) > 0)
SELECT ARRAY(SELECT 10 / (s.id - 150) FROM step s)
SELECT id FROM all_workflows WHERE 10 / (id - 60) < 0 ORDER BY 1
SELECT v.id FROM all_workflows v, generate_series(1, 10 / (v.id - 60)) f
SELECT id FROM all_workflows v WHERE id IN (SELECT 10 / (x.id - 60) FROM all_workflows x)
SELECT v.id FROM country c LEFT JOIN all_workflows v ON 10 / (v.id - 60) > length(c.code) ORDER BY 1
SELECT * FROM event WHERE 10 / (id - 2) < 0
SELECT * FROM event_2024 WHERE 10 / (id - 2) < 0
SELECT count(*) FROM event e, generate_series(1, 10 / (e.id - 2)) f
SELECT * FROM wf_mv WHERE 10 / (n - 3) < 0
SELECT id FROM "Tenant" WHERE id::int > 0
SELECT id FROM "Tenant" WHERE id LIKE 'g%' AND id::int > 0
SELECT code FROM country WHERE code IN (SELECT id::int::text FROM "Tenant" WHERE id <> 'acme')
UPDATE step SET body = 'q' WHERE 10 / (id - 150) < 0 RETURNING id
UPDATE step SET body = (10 / (id - 150))::text RETURNING body
UPDATE step s SET body = 'q' FROM country c WHERE 10 / (s.id - 150) = length(c.code) - 2
UPDATE step s SET body = 'q' FROM step t WHERE 10 / (t.id - 150) = s.id
UPDATE "Workflow" w SET name = 'q' FROM step t WHERE 10 / (t.id - 150) = w.id
UPDATE "Workflow" w SET name = 'q' WHERE w.id IN (SELECT 10 / (t.id - 150) FROM step t)
UPDATE "Workflow" w SET name = (SELECT max(10 / (t.id - 150))::text FROM step t)
UPDATE "Workflow" w SET name = x.q::text FROM (SELECT 10 / (id - 150) AS q FROM step) x WHERE x.q = w.id
DELETE FROM step WHERE 10 / (id - 150) < 0 RETURNING id
DELETE FROM step s USING country c WHERE 10 / (s.id - 150) = length(c.code) - 2
DELETE FROM "Workflow" w USING step t WHERE 10 / (t.id - 150) = w.id
DELETE FROM step s USING (SELECT 10 / (id - 150) AS q FROM step) x WHERE x.q = s.id
DELETE FROM step s USING generate_series(1, 3) g WHERE 10 / (s.id - 150) = g
INSERT INTO "Workflow"(id, name) SELECT 200 + id, (10 / (id - 150))::text FROM step RETURNING id
INSERT INTO "Workflow"(id, name) SELECT 200 + id, body FROM step WHERE 10 / (id - 150) < 0 RETURNING id
INSERT INTO "Workflow"(id, name) VALUES (10, 'x') ON CONFLICT (id) DO UPDATE SET name = (10 / ("Workflow".id - 60))::text RETURNING name
INSERT INTO "Workflow"(id, name) VALUES (60, 'x') ON CONFLICT (id) DO UPDATE SET name = 'y' WHERE 10 / ("Workflow".id - 60) < 0
INSERT INTO "Workflow"(id, name) VALUES (60, 'x') ON CONFLICT (id) DO UPDATE SET name = 'y' WHERE "Workflow".name::int = 0
INSERT INTO "Workflow"(id, name) VALUES (60, 'x') ON CONFLICT (id) DO UPDATE SET name = ("Workflow".name::int)::text
INSERT INTO "Workflow"(id, name) VALUES (60, 'x') ON CONFLICT (id) DO UPDATE SET name = 'y' WHERE false
INSERT INTO "Workflow"(id, name) VALUES (60, 'x') ON CONFLICT (id) DO UPDATE SET name = 'y' WHERE "Workflow".name = 'globex-alpha' RETURNING id
COPY (SELECT 10 / (id - 150) FROM step) TO STDOUT
COPY (SELECT id FROM step WHERE 10 / (id - 150) < 0) TO STDOUT
SELECT s.id FROM step s WHERE s.id IN (SELECT t.id FROM step t WHERE t.id >= 150) OR 10 / (s.id - 150) = 5
SELECT s.id FROM step s WHERE (SELECT count(*) FROM country c WHERE length(c.code) = 10 / (s.id - 150)) > 0
SELECT s.id FROM step s WHERE s.body = ANY (ARRAY[(10 / (s.id - 150))::text])
SELECT s.id FROM step s WHERE s.body IN ((10 / (s.id - 150))::text, 'x')
SELECT s.id FROM step s WHERE (s.id, s.body) = (10 / (s.id - 150), 'x')
SELECT s.id FROM step s WHERE (s).body::int > 0 AND s.id >= 150
SELECT s.id FROM step s WHERE s::text LIKE '%globex%' OR 10 / ((s).id - 150) = 5
SELECT s.id FROM step s WHERE row_to_json(s)->>'id' = '150' AND (row_to_json(s)->>'body')::int > 0
SELECT s.id FROM step s WHERE s.ctid = '(0,4)' AND s.body::int > 0
SELECT s.id FROM step s WHERE length(s.tableoid::regclass::text) = 4 AND 10 / (s.id - 150) = 5
SELECT s.id FROM step s FOR UPDATE
SELECT s.id FROM step s WHERE 10 / (s.id - 150) < 0 ORDER BY 1 FOR UPDATE
SELECT s.id FROM step s WHERE 10 / (s.id - 150) < 0 ORDER BY 1 FOR UPDATE OF s SKIP LOCKED
SELECT s.id FROM (SELECT * FROM step FOR UPDATE) s WHERE 10 / (s.id - 150) < 0 ORDER BY 1
SELECT x.q FROM country c JOIN LATERAL (SELECT 10 / (s.id - 150) AS q FROM step s WHERE s.body <> c.code) x ON x.q = 1
SELECT x.q FROM country c LEFT JOIN LATERAL (SELECT 10 / (s.id - 150) AS q FROM step s WHERE s.body <> c.code) x ON x.q = 1 ORDER BY 1
SELECT x.q FROM country c LEFT JOIN LATERAL (SELECT s.id FROM step s WHERE s.body <> c.code) x(q) ON 10 / (x.q - 150) = 1 ORDER BY 1
SELECT count(*) FROM (SELECT 10 / (s.id - 150) FROM step s) x
SELECT count(*) FROM (SELECT 10 / (s.id - 150) AS q FROM step s) x WHERE x.q IS NOT NULL
SELECT count(x.q) FROM (SELECT 10 / (s.id - 150) AS q FROM step s) x
SELECT 1 FROM (SELECT 10 / (s.id - 150) AS q FROM step s) x JOIN country c ON x.q IS NULL
SELECT x.q FROM (SELECT 10 / (s.id - 150) AS q FROM step s) x ORDER BY x.q LIMIT 1
SELECT x.q FROM (SELECT 10 / (s.id - 150) AS q FROM step s) x GROUP BY x.q ORDER BY 1
SELECT x.q, y.q FROM (SELECT 10 / (s.id - 150) AS q FROM step s) x JOIN (SELECT 10 / (s.id - 150) AS q FROM step s) y ON x.q = y.q ORDER BY 1, 2
SELECT x.q, y.q FROM (SELECT 10 / (s.id - 150) AS q FROM step s) x FULL JOIN (SELECT 10 / (s.id - 150) AS q FROM step s) y ON x.q = y.q ORDER BY 1, 2
SELECT count(*) FROM step s TABLESAMPLE BERNOULLI (100) WHERE 10 / (s.id - 150) < 0
SELECT s.id FROM step s WHERE EXISTS (SELECT FROM generate_series(1, 10 / (s.id - 150)) g)
SELECT s.id FROM step s WHERE EXISTS (SELECT FROM country c WHERE length(c.code) > 10 / (s.id - 150)) ORDER BY 1
SELECT s.id FROM step s WHERE s.id IN (SELECT 10 / (s.id - 150))
SELECT s.id FROM step s, LATERAL (VALUES (10 / (s.id - 150))) v(x) WHERE v.x < 0 ORDER BY 1
SELECT s.id FROM step s CROSS JOIN LATERAL (SELECT 10 / (s.id - 150) AS x UNION ALL SELECT 1) v WHERE v.x < 0 ORDER BY 1
SELECT s.id FROM step s CROSS JOIN LATERAL jsonb_build_object('a', 10 / (s.id - 150)) j WHERE (j->>'a')::int < 0 ORDER BY 1
SELECT s.id FROM "Workflow" w JOIN step s ON s."workflowId" = w.id CROSS JOIN LATERAL (SELECT 10 / (s.id - 150) AS x) v WHERE v.x < 0 ORDER BY 1
