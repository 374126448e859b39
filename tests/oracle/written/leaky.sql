-- leaky
SELECT id FROM "User" WHERE 1 / (level - 9) < 5 ORDER BY id
SELECT id FROM "User" WHERE id = 51 AND 1 / (level - 9) < 5
SELECT id FROM "User" WHERE password::int > 0 AND id > 50
SELECT id FROM "User" WHERE id > 50 AND CAST(password AS int) > 0
SELECT id FROM "User" WHERE id > 50 AND (password || 'x')::int > 0
SELECT id FROM "User" WHERE id > 50 AND email LIKE 'x\'
SELECT id FROM "User" WHERE id > 50 AND email LIKE password || '\'
SELECT id FROM "User" WHERE id > 50 AND email ~ ('(' || password)
SELECT id FROM "Workflow" WHERE id >= 60 AND (config->>'secret')::int = 1
SELECT id FROM "Workflow" WHERE id >= 60 AND (config->'k')::text::bool
SELECT id FROM "Workflow" WHERE id >= 60 AND jsonb_path_exists(config, '$.secret.double()')
SELECT id FROM "Workflow" WHERE id >= 60 AND config @? '$.secret.double()'
SELECT id FROM step WHERE id >= 150 AND body::int > 0
SELECT id FROM step WHERE id >= 150 AND length(body) / 0 > 0
SELECT id FROM step s WHERE id >= 150 AND 1 / (id - 150) = 1
SELECT s.id FROM step s JOIN "Workflow" w ON s."workflowId" = w.id AND s.body::int > 0 AND s.id >= 150
SELECT s.id FROM country c LEFT JOIN step s ON s.id >= 150 AND s.body::int > 0 WHERE s.id IS NOT NULL
SELECT s.id FROM step s RIGHT JOIN country c ON s.id >= 150 AND s.body::date > '2000-01-01' WHERE s.id IS NOT NULL
SELECT count(*) FROM step s FULL JOIN country c ON s.id >= 150 AND s.body = c.name
SELECT u.id FROM "User" u JOIN "User" v ON v.id = 51 AND v.password::int = u.id
SELECT u.id FROM "User" u LEFT JOIN "User" v ON v.id >= 51 AND v.password::int = u.id ORDER BY 1
SELECT id FROM "User" WHERE id >= 51 AND EXISTS (SELECT 1 / (level - 9))
SELECT id FROM "User" WHERE id >= 51 AND (SELECT 1 / (level - 9)) = 1
SELECT id FROM "User" WHERE id >= 51 AND level IN (SELECT 1 / ("User".level - 9) FROM country)
SELECT x.id FROM (SELECT * FROM "User") x WHERE x.id >= 51 AND x.password::int > 0
SELECT x.id FROM (SELECT * FROM "User" ORDER BY id) x WHERE x.id >= 51 AND 1 / (x.level - 9) > 0
WITH x AS (SELECT * FROM "User") SELECT id FROM x WHERE id >= 51 AND password::int > 0
WITH x AS NOT MATERIALIZED (SELECT * FROM step) SELECT id FROM x WHERE id >= 150 AND body::int > 0
SELECT x.id FROM (SELECT * FROM step UNION ALL SELECT 1, 1, '5') x WHERE x.id >= 150 AND x.body::int > 0
SELECT x.id FROM (SELECT id, body::int AS b FROM step) x WHERE x.id >= 150 AND b > 0
SELECT x.id FROM (SELECT id, body FROM step) x, country c WHERE x.id >= 150 AND x.body::int > 0
SELECT id FROM all_workflows WHERE id >= 60 AND name::int > 0
SELECT id FROM event WHERE id = 2 AND payload::int > 0
SELECT id FROM event WHERE at > '2024-03-01' AND 1 / (id - 2) = 0
SELECT id FROM "User" WHERE CASE WHEN id = 51 THEN 1 / (level - 9) = 1 ELSE true END ORDER BY id
SELECT id FROM "User" WHERE (id < 50 OR 1 / (level - 9) = 1) ORDER BY id
SELECT id FROM "User" WHERE NOT (id >= 51 AND password::int > 0) ORDER BY id
SELECT id FROM "User" GROUP BY id HAVING id >= 51 AND 1 / (level - 9) = 1
SELECT level FROM "User" GROUP BY level HAVING 1 / (level - 9) <= 0 ORDER BY 1
SELECT id FROM "User" GROUP BY id, password HAVING id > 50 AND password::int > 0
SELECT x.l FROM (SELECT level AS l FROM "User" GROUP BY level) x WHERE 1 / (x.l - 9) <= 0 ORDER BY 1
SELECT id FROM "User" u WHERE u.id >= 51 AND (u.password)::int > 0 FOR UPDATE
UPDATE "User" SET level = 1 WHERE id >= 51 AND password::int > 0
UPDATE "User" SET level = 1 WHERE 1 / (level - 9) < 1
UPDATE step SET body = 'x' WHERE id >= 150 AND 1 / (id - 151) = 1
DELETE FROM "User" WHERE id >= 51 AND 1 / (level - 9) = 1
DELETE FROM step WHERE id >= 150 AND body::int = 1
UPDATE "Workflow" w SET name = 'x' FROM "User" u WHERE u.id = 51 AND u.password::int = 1
DELETE FROM "Workflow" w USING step s WHERE s.id >= 150 AND s.body::int = 1
SELECT id FROM "User" WHERE id = 51 AND "tenantId" = 'globex' AND 1 / (level - 9) = 1
SELECT id FROM "User" WHERE "tenantId" = 'globex' AND password = 'x'
SELECT id FROM "User" WHERE id = 51 AND (level / 0)::text = 'x'
SELECT id FROM "User" WHERE id = 51 AND level = ANY (string_to_array(password, '-')::int[])
SELECT id FROM "User" WHERE id = 51 AND (ARRAY[1])[level] = 1 AND repeat(password, 5)::int = 1
SELECT id FROM "User" WHERE id = 51 AND COALESCE(password::int, 1) = 1
SELECT id FROM "User" WHERE id = 51 AND NULLIF(1 / (level - 9), 0) = 1
SELECT id FROM "User" WHERE id = 51 AND GREATEST(1 / (level - 9), 0) = 1
SELECT id FROM "User" WHERE id = 51 AND ROW(1 / (level - 9), 1) = ROW(1, 1)
SELECT id FROM "User" WHERE id = 51 AND (1 / (level - 9)) IS NOT NULL
SELECT id FROM "User" WHERE id = 51 AND (1 / (level - 9) = 1) IS TRUE
SELECT id FROM "User" WHERE id = 51 AND 1 / (level - 9) BETWEEN 0 AND 1
SELECT id FROM "User" WHERE id = 51 AND 1 / (level - 9) IN (0, 1)
SELECT id FROM "User" WHERE id BETWEEN 51 AND 1 / (level - 9)
SELECT id FROM "User" WHERE id IN (51, 1 / (level - 9))
SELECT id FROM "User" u WHERE id = 51 AND u.password::"char"::int = 1
SELECT u.id FROM "User" u, country c WHERE u.id = 51 AND (u.password || c.code)::int = 1
SELECT c.code FROM country c WHERE EXISTS (SELECT FROM "User" u WHERE u.id = 51 AND 1 / (u.level - 9) = 1)
SELECT c.code FROM country c LEFT JOIN LATERAL (SELECT 1 / (u.level - 9) AS x FROM "User" u WHERE u.id = 51) y ON true ORDER BY 1
SELECT c.code FROM country c LEFT JOIN LATERAL (SELECT u.level FROM "User" u) y ON 1 / (y.level - 9) = 0 ORDER BY 1
SELECT y.level FROM country c, LATERAL (SELECT u.level FROM "User" u OFFSET 0) y WHERE 1 / (y.level - 9) < 0 ORDER BY 1
SELECT DISTINCT level FROM "User" WHERE 1 / (level - 9) < 0 ORDER BY 1
SELECT sum(1 / (level - 9)) FROM "User" WHERE id < 10
SELECT id, 1 / (level - 9) FROM "User" ORDER BY id
SELECT id FROM "User" ORDER BY 1 / (level - 9), id
SELECT 1 / (level - 9), count(*) FROM "User" GROUP BY 1 ORDER BY 1
SELECT id, sum(1 / (level - 9)) OVER (ORDER BY id) FROM "User" ORDER BY id
SELECT count(*) FILTER (WHERE 1 / (level - 9) < 1) FROM "User"
SELECT max(password::int) FROM "User" WHERE id > 100
SELECT u.id FROM "User" u LEFT JOIN "Workflow" w ON w.id = 60 AND w.name::int = u.id ORDER BY 1
SELECT a.id FROM "User" a JOIN "User" b ON 1 / (a.level - 9) = 1 / (b.level - 9) ORDER BY 1
SELECT a.id FROM "User" a JOIN country c ON c.code = 'FR' AND 1 / (a.level - 9) < 1 ORDER BY 1
SELECT f FROM "User" u, generate_series(1, 10 / (u.level - 9)) f
SELECT f FROM "User" u LEFT JOIN generate_series(1, 10 / (u.level - 9)) f ON true
SELECT u.id FROM "User" u CROSS JOIN LATERAL unnest(string_to_array(u.password, '-')) x WHERE x::int > 50
SELECT id FROM "User" WHERE id = 51 AND (SELECT count(*) FROM "Workflow" w WHERE w.id = 60 AND 1 / (w."userId" - 51) = 1) = 0
SELECT x.p FROM (SELECT password::int AS p, "tenantId" FROM "User" WHERE id > 50) x
SELECT count(x.p) FROM (SELECT DISTINCT password::int AS p FROM "User" WHERE id > 50) x
