-- psql, as people and scripts use it.
\set ON_ERROR_STOP off
\set VERBOSITY sqlstate
\pset null '-'
SELECT id, level FROM "User" ORDER BY id;
\x on
SELECT * FROM "Workflow" WHERE id = 'w1';
\x off
SELECT n, v FROM item WHERE app = 'seed' AND n < 8 AND n > 5 ORDER BY n \g
\set app psql
INSERT INTO item (app, n, v) VALUES (:'app', 1, 'a'), (:'app', 2, NULL) RETURNING n, v, "tenantId";
SELECT count(*) AS c FROM item WHERE app = :'app' \gset
\echo counted :c
SELECT 'SELECT ' || n || ' AS made' FROM item WHERE app = :'app' ORDER BY n \gexec
SELECT app, n % 3 AS m, count(*) FROM item WHERE app IN ('seed', 'more') GROUP BY 1, 2 ORDER BY 2, 1 \crosstabview app m
BEGIN;
INSERT INTO item (app, n) VALUES ('psql', 3);
SAVEPOINT s;
INSERT INTO item (app, n) VALUES ('psql', 3);
SELECT 1;
ROLLBACK TO s;
COMMIT;
\set ON_ERROR_ROLLBACK on
BEGIN;
INSERT INTO item (app, n) VALUES ('psql', 4);
INSERT INTO item (app, n) VALUES ('psql', 4);
SELECT count(*) FROM item WHERE app = 'psql';
COMMIT;
\set ON_ERROR_ROLLBACK off
\set AUTOCOMMIT off
DELETE FROM item WHERE app = 'psql' AND n = 4;
ROLLBACK;
\set AUTOCOMMIT on
SELECT count(*) FROM item WHERE app = 'psql';
SELECT 1 AS a \; SELECT 2 AS b;
COPY item (app, n, v) FROM STDIN;
copied	1	one
copied	2	\N
\.
\copy item (app, n, v) FROM STDIN CSV
copied,3,three
\.
\copy (SELECT n, v FROM item WHERE app = 'copied' ORDER BY n) TO STDOUT CSV HEADER
COPY (SELECT n FROM item WHERE app = 'copied' ORDER BY n) TO STDOUT;
SELECT $$dollar ; 'quoted'$$ AS a, E'\'\n' AS b /* ; */ -- end
;
SHOW server_version_num \gset
SHOW transaction_isolation;
SET TIME ZONE 'Asia/Tokyo';
SELECT c_timestamptz FROM types WHERE app = 'seed';
\timing off
\encoding
SELECT nothing;
INSERT INTO item (app, n) VALUES ('seed', 1);
SELECT 1/0;
\if true
\echo yes
\endif
\echo done
