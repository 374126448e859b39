SELECT code FROM country WHERE 5 IN (SELECT FROM (SELECT FROM step s WHERE 'c' ~ s.body) AS t4)
SELECT code FROM country WHERE EXISTS (SELECT FROM (SELECT FROM (SELECT body FROM step WHERE body::int > 0) y) x) ORDER BY 1
MERGE INTO "Workflow" w USING (VALUES (10), ((SELECT max(10 / (s.id - 150)) FROM step s))) v(i) ON w.id = v.i WHEN MATCHED THEN UPDATE SET name = 'm'
SELECT u.id FROM "User" u, (VALUES ((SELECT max(id) FROM "User" WHERE password::int > 0))) w(id) WHERE u.id = w.id
