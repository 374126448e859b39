-- What psql keeps on the server: cursors and prepared statements.
\set FETCH_COUNT 7
SELECT n FROM item WHERE app = 'seed' ORDER BY n;
\set FETCH_COUNT 0
PREPARE q (int) AS SELECT v FROM item WHERE app = 'seed' AND n = $1;
EXECUTE q (3);
DEALLOCATE q;
EXPLAIN (COSTS OFF) SELECT 1;
BEGIN;
DECLARE c CURSOR FOR SELECT n FROM item WHERE app = 'seed' ORDER BY n;
FETCH 3 FROM c;
CLOSE c;
COMMIT;
\echo done
