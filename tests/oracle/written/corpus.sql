-- corpus-read
SELECT * FROM "Workflow"
SELECT * FROM ONLY "Workflow"
SELECT * FROM "Workflow" *
SELECT * FROM "Workflow" "User"
SELECT * FROM "Tenant"
SELECT s.body FROM step s WHERE s."workflowId"=60
SELECT s.* FROM step s JOIN country c ON true
SELECT c.code,u.email FROM country c, "User" u
SELECT count(*) FROM "User"
SELECT id,count(*) OVER (),rank() OVER (ORDER BY level DESC) FROM "User"
SELECT DISTINCT ON ("tenantId") "tenantId",name FROM "Workflow" ORDER BY "tenantId",id
SELECT u.row_to_json FROM "User" u
SELECT w FROM "Workflow" w WHERE w::text LIKE '%globex%'
SELECT tableoid::regclass AS t,id FROM "Workflow" ORDER BY id
SELECT id FROM "Workflow" WHERE ctid='(0,4)'::tid
SELECT count(*) FROM "Workflow" TABLESAMPLE BERNOULLI(100)
SELECT id FROM "Workflow" ORDER BY id FOR UPDATE
SELECT u.id,w.id FROM "User" u LEFT JOIN "Workflow" w ON w.id=u.id+59 ORDER BY 1
SELECT * FROM "User" FULL JOIN "Workflow" USING ("tenantId")
SELECT u.id,w.id FROM "User" u LEFT JOIN "Workflow" w USING ("tenantId",id) ORDER BY 1,2
SELECT j.a FROM ("User" u JOIN "Workflow" w ON w."userId"=u.id) AS j(a,b,c,d,e,f,g,h,i,k) ORDER BY 1
SELECT c.code,x.name FROM country c CROSS JOIN LATERAL (SELECT name FROM "Workflow" ORDER BY id DESC LIMIT 2) x ORDER BY 1
SELECT a.id,b.id,s.id FROM "User" a LEFT JOIN ("Workflow" b LEFT JOIN step s ON s."workflowId"=b.id) ON b."userId"=a.id ORDER BY 1,2,3
SELECT 1 FROM country WHERE NOT EXISTS (SELECT 1 FROM "Workflow" WHERE id=60)
VALUES ((SELECT string_agg(email,',' ORDER BY id) FROM "User"))
SELECT 0 AS id UNION ALL SELECT id FROM "Workflow" ORDER BY 1
(SELECT id FROM "User" EXCEPT SELECT id FROM "Workflow") UNION (SELECT id FROM step) ORDER BY 1
TABLE country UNION ALL SELECT id,name FROM "Tenant" ORDER BY 1
SELECT * FROM ROWS FROM (generate_series(1,(SELECT count(*)::int FROM "User"))) AS x
SELECT generate_series(1,(SELECT count(*)::int FROM "Workflow"))
SELECT w.id,(SELECT count(*) FROM step) AS n FROM "Workflow" w WHERE w.id<=10
SELECT u.email FROM "User" u ORDER BY (SELECT count(*) FROM "Workflow" w WHERE w."tenantId"<>u."tenantId"),u.id
SELECT "tenantId" FROM "User" UNION SELECT id FROM "Tenant" ORDER BY 1
-- corpus-sublink
SELECT 60 IN (SELECT id FROM "Workflow")
SELECT 9 = ANY (SELECT level FROM "User"), 5 >= ALL (SELECT level FROM "User")
SELECT (60,'globex-alpha') IN (SELECT id,name FROM "Workflow")
SELECT COALESCE((SELECT name FROM "Tenant" WHERE id='globex'),'none')
SELECT NULLIF((SELECT count(*) FROM "User"),3), GREATEST((SELECT max(level) FROM "User"),0)
SELECT length((SELECT string_agg(password,'') FROM "User"))
SELECT make_interval(days => (SELECT count(*)::int FROM "User"))
SELECT concat_ws(',', VARIADIC ARRAY(SELECT email FROM "User" ORDER BY id))
SELECT code FROM country ORDER BY code LIMIT (SELECT count(*)/2 FROM "User")
SELECT x FROM generate_series(1,9) x OFFSET (SELECT count(*) FROM "User")
SELECT x FROM generate_series(1,9) x FETCH FIRST (SELECT count(*) FROM "User") ROWS ONLY
SELECT (SELECT count(*) FROM "User")::text COLLATE "C" || ''::text
SELECT (SELECT max(level) FROM "User") IS DISTINCT FROM 9
SELECT u.id FROM "User" u WHERE (SELECT count(*) FROM "Workflow" w WHERE w."userId"=u.id AND EXISTS (SELECT 1 FROM step s WHERE s."workflowId"=w.id AND s.body LIKE '%one'))>0
SELECT EXISTS (VALUES ((SELECT 1 FROM "Tenant" WHERE id='globex'))) , (SELECT x FROM (SELECT id AS x FROM "Tenant" ORDER BY id DESC LIMIT 1) q)
SELECT ((SELECT u FROM "User" u ORDER BY id DESC LIMIT 1)).password
INSERT INTO "Workflow"(id,name) VALUES (71,'x') RETURNING (SELECT count(*) FROM "User")
UPDATE "Workflow" SET name=(SELECT max(password) FROM "User") WHERE id=10 RETURNING name
UPDATE "Workflow" SET (name,config)=(SELECT max(password),jsonb_build_object('n',count(*)) FROM "User") WHERE id=10 RETURNING name,config
UPDATE "Workflow" w SET name=u.password FROM "User" u WHERE w.id=10 AND u.id=51 RETURNING w.name
DELETE FROM "Workflow" w USING "User" u WHERE w.id=12 AND u.id=51 RETURNING u.password
MERGE INTO "Workflow" w USING "User" u ON w.id=10 AND u.id=51 WHEN MATCHED THEN UPDATE SET name=u.password
MERGE INTO "Workflow" w USING (VALUES (10)) v(i) ON w.id=v.i AND EXISTS (SELECT 1 FROM "Tenant" WHERE id='globex') WHEN MATCHED THEN UPDATE SET name='globex exists'
MERGE INTO "Workflow" w USING (VALUES (72)) v(i) ON w.id=v.i WHEN NOT MATCHED THEN INSERT (id,name) VALUES (72,(SELECT max(password) FROM "User"))
-- corpus-cte
WITH w AS (SELECT * FROM "Workflow") SELECT * FROM w ORDER BY id
WITH "Workflow" AS (SELECT 1 AS one) SELECT one FROM "Workflow"
WITH "Workflow" AS (SELECT 1 AS one) SELECT count(*) FROM public."Workflow"
WITH a AS (SELECT count(*) AS n FROM "Workflow"), "Workflow" AS (SELECT 1 AS one) SELECT n FROM a
WITH "User" AS (SELECT 1 AS one) UPDATE "User" SET level=99 RETURNING id
WITH "Workflow" AS (SELECT 60 AS id) MERGE INTO "Workflow" t USING "Workflow" s ON t.id=s.id WHEN MATCHED THEN UPDATE SET name='pwn'
WITH RECURSIVE r(id) AS (SELECT 10 UNION SELECT w.id FROM "Workflow" w, r WHERE w.id<>r.id) SELECT * FROM r ORDER BY 1
WITH RECURSIVE "Workflow"(id) AS (SELECT id FROM public."Workflow" UNION SELECT id+1000 FROM "Workflow" WHERE id<1000) SELECT * FROM "Workflow" ORDER BY 1
WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT email FROM "User" ORDER BY id) SELECT * FROM a
WITH w AS NOT MATERIALIZED (SELECT * FROM "Workflow") SELECT count(*) FROM w WHERE id>=60
-- corpus-leaky-qual
SELECT id FROM step WHERE CASE WHEN body LIKE 'globex step o%' THEN 1/(id-id) ELSE 1 END = 1
UPDATE step SET body=body WHERE id>=150 AND body::int > 0
DELETE FROM step WHERE id>=150 AND body::date > '2020-01-01'
SELECT s.id FROM country c LEFT JOIN step s ON s.id>=150 AND s.body::int > 0
SELECT count(*) FROM "User" WHERE password ~ '^(g+)+x'
SELECT id FROM "User" WHERE id=51 AND ('('||password) ~ 'x' IS NOT NULL AND 1/(level-9)=1
-- corpus-lex
SELECT id FROM "Workflow" WHERE (true OR name IS NULL) IS TRUE
SELECT id FROM "Workflow" WHERE (true OR name IS NULL) IS NOT NULL
SELECT id FROM "Workflow" WHERE (true OR false) BETWEEN false AND true
SELECT id FROM "Workflow" WHERE (true OR false) = ANY (ARRAY[true])
SELECT id FROM "Workflow" WHERE (true OR false) IS UNKNOWN IS FALSE
UPDATE "Workflow" SET name='pwn' WHERE (true OR id=1) IS TRUE
SELECT id FROM "Workflow" WHERE id=60 OR id=10 -- tail
SELECT id FROM "Workflow" WHERE id>0 /* x /* nested */ y */ OR true
SELECT 1; SELECT * FROM "Workflow"; SELECT 2
SELECT id FROM "Workflow";;;
PREPARE p1 AS SELECT * FROM "Workflow" ORDER BY id; EXECUTE p1
BEGIN; DECLARE c CURSOR FOR SELECT * FROM "Workflow" ORDER BY id; FETCH ALL FROM c; COMMIT
COPY "User"(id,password) TO STDOUT WITH (FORMAT csv)
SELECT 1 AS one FROM country a JOIN country b USING (code) AS "j,""User"" u"
SELECT code,count(*) OVER "w x" FROM country WINDOW "w x" AS (ORDER BY code) ORDER BY 1
BEGIN; DECLARE "c; TABLE ""User""--" CURSOR FOR SELECT 1; FETCH 1 FROM "c; TABLE ""User""--"; COMMIT
SELECT id FROM "Workflow" ORDER BY id FOR UPDATE OF "Workflow" SKIP LOCKED
-- corpus-write
INSERT INTO "Workflow"(id,name) VALUES (80,'n') RETURNING "tenantId"
INSERT INTO "User"(id,email,password) VALUES (4,'new@acme.test','p') RETURNING *
DELETE FROM "User" WHERE id IN (3,53) RETURNING email
-- corpus-constraint
INSERT INTO "Workflow"(id,name) VALUES (60,'x') ON CONFLICT (id) DO UPDATE SET name=EXCLUDED.name RETURNING *
INSERT INTO "Workflow"(id,name) VALUES (60,'x') ON CONFLICT (id) DO UPDATE SET name=NULL
INSERT INTO "User"(id,email,password) VALUES (4,'gil@globex.test','x') ON CONFLICT DO NOTHING RETURNING id
UPDATE "Workflow" SET id=60 WHERE id=12
-- corpus-session
BEGIN; SELECT count(*) FROM "Workflow"; COMMIT AND CHAIN; SELECT count(*) FROM "Workflow"; ROLLBACK
BEGIN; SAVEPOINT s; SELECT count(*) FROM "Workflow"; ROLLBACK TO s; SELECT count(*) FROM "Workflow"; COMMIT
-- corpus-x-object
SELECT * FROM all_workflows
SELECT * FROM event ORDER BY id
SELECT key FROM api_key
-- corpus-control
SELECT * FROM country ORDER BY code
SELECT upper('a'),lower('B'),coalesce(NULL,'c')
SELECT x FROM generate_series(1,3) x
SELECT '"Workflow"' AS s -- "User"
SELECT code AS "tenantId" FROM country ORDER BY 1
SELECT count(*) FROM country c LEFT JOIN country d ON d.code>c.code
SELECT cast('1' AS int)+1
