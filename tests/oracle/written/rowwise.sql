-- rowwise
SELECT code FROM country WHERE ROW(code, 1) = ANY (SELECT s.body, 10 / (s.id - 150) FROM step s)
SELECT code FROM country WHERE (code, 1) IN (SELECT s.body, 10 / (s.id - 150) FROM step s)
SELECT code FROM country WHERE (code, 1) NOT IN (SELECT s.body, 10 / (s.id - 150) FROM step s) ORDER BY 1
SELECT code FROM country WHERE (1, code) < ANY (SELECT 10 / (s.id - 150), s.body FROM step s)
SELECT code FROM country WHERE (1, code) <> ALL (SELECT 10 / (s.id - 150), s.body FROM step s) ORDER BY 1
SELECT code FROM country WHERE (1, code) = (SELECT 10 / (s.id - 150), s.body FROM step s WHERE s.id = 150)
SELECT code FROM country WHERE ROW(1, code) = ANY (SELECT (10 / (s.id - 150)), s.body FROM step s) AND code <> 'x'
SELECT code FROM country WHERE (code, 1) IN (SELECT s.body, s.id FROM step s WHERE 10 / (s.id - 150) = 1)
SELECT code FROM country WHERE (code, 1) IN (SELECT x.b, x.q FROM (SELECT s.body AS b, 10 / (s.id - 150) AS q FROM step s) x)
SELECT code FROM country WHERE (code, 1) IN (SELECT s.body, 10 / (s.id - 150) FROM step s UNION ALL SELECT 'a', 2)
SELECT code FROM country WHERE (code, 1) IN (WITH y AS (SELECT s.body AS b, 10 / (s.id - 150) AS q FROM step s) SELECT b, q FROM y)
SELECT code FROM country WHERE NOT ((code, 1) IN (SELECT s.body, 10 / (s.id - 150) FROM step s)) ORDER BY 1
SELECT code FROM country WHERE ((code, 1) IN (SELECT s.body, 10 / (s.id - 150) FROM step s)) IS NOT TRUE ORDER BY 1
SELECT c.code FROM country c JOIN country d ON (c.code, 1) IN (SELECT s.body, 10 / (s.id - 150) FROM step s)
SELECT c.code FROM country c LEFT JOIN country d ON (c.code, 1) IN (SELECT s.body, 10 / (s.id - 150) FROM step s) ORDER BY 1
UPDATE "Workflow" SET name = 'q' WHERE (name, 1) IN (SELECT s.body, 10 / (s.id - 150) FROM step s)
DELETE FROM "Workflow" WHERE (name, 1) IN (SELECT s.body, 10 / (s.id - 150) FROM step s)
SELECT 'x' ~ ANY (SELECT password FROM "User")
SELECT code FROM country WHERE 'x' ~ ANY (SELECT password FROM "User")
SELECT code FROM country WHERE code ~ ANY (SELECT password FROM "User")
SELECT code FROM country WHERE 'x' LIKE ANY (SELECT password FROM "User")
SELECT code FROM country WHERE 'x' LIKE ANY (SELECT body FROM step)
SELECT code FROM country WHERE 'x' ~ ANY (SELECT body FROM step)
SELECT code FROM country WHERE code ~ ANY (SELECT body FROM step)
SELECT code FROM country WHERE code !~ ALL (SELECT body FROM step) ORDER BY 1
SELECT code FROM country WHERE ('x', 'y') = ANY (SELECT body, substring(body from 'a(') FROM step)
SELECT code FROM country WHERE EXISTS (SELECT FROM "User" u WHERE 'x' ~ u.password)
SELECT code FROM country WHERE EXISTS (SELECT FROM step s WHERE 'x' ~ s.body)
SELECT code FROM country c WHERE EXISTS (SELECT FROM step s WHERE c.code ~ s.body)
SELECT id FROM "User" WHERE 'x' ~ password ORDER BY 1
SELECT id FROM "User" WHERE 'x' LIKE password ORDER BY 1
SELECT id FROM step WHERE 'x' ~ body ORDER BY 1
SELECT id FROM step WHERE 'x' SIMILAR TO body ORDER BY 1
SELECT id FROM step WHERE 'x' LIKE body ESCAPE '!' ORDER BY 1
SELECT id FROM step WHERE body ILIKE '%(%' ORDER BY 1
SELECT c.code FROM country c JOIN "User" u ON c.code ~ u.password ORDER BY 1
SELECT c.code FROM country c LEFT JOIN "User" u ON c.code ~ u.password ORDER BY 1
SELECT c.code FROM country c LEFT JOIN step s ON c.code ~ s.body ORDER BY 1
SELECT c.code FROM country c JOIN (SELECT password AS p FROM "User") u ON c.code ~ u.p ORDER BY 1
SELECT c.code FROM country c JOIN (SELECT body AS p FROM step) u ON c.code ~ u.p ORDER BY 1
SELECT c.code FROM country c, LATERAL (SELECT FROM "User" u WHERE c.code ~ u.password) x ORDER BY 1
SELECT c.code FROM country c, LATERAL (SELECT u.password AS p FROM "User" u) x WHERE c.code ~ x.p ORDER BY 1
SELECT c.code FROM country c, LATERAL (SELECT u.body AS p FROM step u) x WHERE c.code ~ x.p ORDER BY 1
SELECT x.p FROM (SELECT password AS p FROM "User" UNION ALL SELECT 'y') x WHERE 'x' ~ x.p ORDER BY 1
SELECT x.p FROM (SELECT body AS p FROM step UNION SELECT 'y') x WHERE 'x' ~ x.p ORDER BY 1
SELECT x.p FROM (SELECT DISTINCT password AS p FROM "User") x WHERE 'x' ~ x.p ORDER BY 1
SELECT x.p FROM (SELECT password AS p, count(*) FROM "User" GROUP BY 1) x WHERE 'x' ~ x.p ORDER BY 1
SELECT password FROM "User" GROUP BY 1 HAVING 'x' ~ password ORDER BY 1
WITH x AS (SELECT password AS p FROM "User") SELECT p FROM x WHERE 'x' ~ p ORDER BY 1
WITH x AS (SELECT body AS p FROM step) SELECT count(*) FROM x, x y WHERE x.p ~ y.p
SELECT v.x FROM (VALUES ('x')) v(x) JOIN "User" u ON v.x ~ u.password
SELECT v.x FROM (VALUES ('x')) v(x) WHERE v.x ~ ANY (SELECT password FROM "User")
SELECT v.x FROM (VALUES ('x')) v(x), "User" u WHERE v.x ~ u.password
SELECT g FROM generate_series(1, 2) g, "User" u WHERE g::text ~ u.password
SELECT g FROM generate_series(1, 2) g WHERE EXISTS (SELECT FROM step s WHERE g::text ~ s.body)
SELECT regexp_replace('x', password, 'y') FROM "User" ORDER BY 1
SELECT x.r FROM (SELECT regexp_replace('x', body, 'y') AS r FROM step) x WHERE x.r = 'x' ORDER BY 1
SELECT x.r FROM (SELECT regexp_replace('x', password, 'y') AS r FROM "User") x WHERE x.r = 'x' ORDER BY 1
SELECT c.code FROM country c WHERE c.code IN (SELECT regexp_replace('x', password, 'y') FROM "User")
SELECT c.code FROM country c WHERE c.code IN (SELECT regexp_replace('x', body, 'y') FROM step)
SELECT c.code FROM country c WHERE 'x' = ANY (SELECT regexp_replace('x', body, 'y') FROM step)
SELECT c.code FROM country c WHERE 'FR' = ANY (SELECT regexp_replace('x', password, 'y') FROM "User")
SELECT c.code FROM country c WHERE c.code = ALL (SELECT regexp_replace('x', password, 'y') FROM "User") ORDER BY 1
UPDATE "Workflow" w SET name = 'q' FROM "User" u WHERE w.name ~ u.password
UPDATE "Workflow" w SET name = 'q' FROM step s WHERE w.name ~ s.body
UPDATE "User" SET level = 1 WHERE 'x' ~ password
DELETE FROM "Workflow" w USING "User" u WHERE w.name ~ u.password
DELETE FROM step WHERE 'x' ~ body
