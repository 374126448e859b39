-- leaky functions and operators beside the tenant's condition
SELECT id, name FROM person WHERE shout(name) ORDER BY id
SELECT id FROM person WHERE shout(secret) AND org = 'globex'
SELECT id FROM person WHERE shout(mail) OR shout(name) ORDER BY id
SELECT id FROM paper WHERE body::int > 5 ORDER BY id
SELECT id FROM paper WHERE 100 / size > 20 ORDER BY id
SELECT id FROM paper WHERE half(size) = 1 ORDER BY id
SELECT id FROM person WHERE name ~ secret ORDER BY id
SELECT id FROM person WHERE 's-ann' ~ secret
SELECT id FROM person WHERE (info ->> 'n')::int > 15
SELECT id FROM person WHERE jsonb_array_length(info) > 0
SELECT p.id FROM paper p JOIN remark r ON r.paper = p.id AND r.text::int > 0 ORDER BY 1
SELECT r.id FROM remark r WHERE r.text::int > 0
SELECT r.id FROM remark r WHERE shout(r.text) ORDER BY 1
SELECT y.id FROM reply y WHERE shout(y.text) ORDER BY 1
SELECT id FROM reading WHERE 1 / value > 0 ORDER BY 1
SELECT id FROM asset WHERE 1000 / worth > 1 ORDER BY 1
SELECT count(*) FROM person WHERE length(repeat(secret, 3)) > 3
SELECT id FROM person WHERE tags[1] ~ 'x' ORDER BY id
SELECT p.id, q.id FROM person p LEFT JOIN paper q ON q.owner = p.id AND shout(q.title) ORDER BY 1, 2
SELECT p.id FROM person p WHERE EXISTS (SELECT FROM paper q WHERE q.owner = p.id AND shout(q.body)) ORDER BY 1
SELECT id FROM person GROUP BY id HAVING shout(max(secret)) ORDER BY id
SELECT id FROM (SELECT id, secret FROM person) x WHERE shout(secret) ORDER BY 1
SELECT id FROM (SELECT id, secret FROM person OFFSET 0) x WHERE shout(secret) ORDER BY 1
WITH x AS (SELECT id, secret FROM person) SELECT id FROM x WHERE shout(secret) ORDER BY 1
WITH x AS MATERIALIZED (SELECT id, secret FROM person) SELECT id FROM x WHERE shout(secret) ORDER BY 1
SELECT id FROM staff WHERE shout(name) ORDER BY 1
SELECT id FROM staff_safe WHERE shout(secret) ORDER BY 1
SELECT id FROM person WHERE CASE WHEN shout(secret) THEN true END ORDER BY id
SELECT id, CASE WHEN name = 'Gil' THEN 1 / 0 END FROM person ORDER BY id
SELECT id FROM person ORDER BY (shout(secret)), id
SELECT DISTINCT ON (shout(name)) id FROM person ORDER BY shout(name), id
SELECT id, row_number() OVER (ORDER BY shout(secret), id) FROM person ORDER BY 1
SELECT count(*) FILTER (WHERE shout(secret)) FROM person
UPDATE person SET age = 20 WHERE shout(secret) AND id = 1 RETURNING id, age
DELETE FROM memo WHERE shout(text) RETURNING *

-- what the planner knows of all rows: it tries conditions on common values, and some fail on some values only
SELECT id FROM person WHERE name LIKE 'Gi\' ORDER BY id
SELECT id FROM person WHERE name LIKE 'An\'
SELECT id FROM person WHERE secret LIKE 's-gi\'
SELECT id FROM person WHERE name NOT LIKE 'Gu\' ORDER BY id
SELECT id FROM person WHERE mail ILIKE 'GI\' AND age > 3
SELECT p.id FROM person p JOIN paper q ON q.owner = p.id AND q.title LIKE 'glo\' ORDER BY 1
SELECT p.id FROM person p LEFT JOIN paper q ON q.title LIKE 'glo\' ORDER BY 1
SELECT id FROM remark WHERE text LIKE 'glo\' ORDER BY 1
SELECT id FROM staff WHERE name LIKE 'Gi\' ORDER BY id
SELECT id FROM (SELECT * FROM person) x WHERE name LIKE 'Gi\' ORDER BY id
SELECT name FROM person GROUP BY name HAVING name LIKE 'Gi\' ORDER BY 1
SELECT id FROM reading WHERE note LIKE '(\' OR note LIKE 'glo\' ORDER BY id
SELECT id FROM person WHERE tags @> '{globex}' OR info @> '"globex"' ORDER BY id
SELECT id FROM person WHERE born > '2020-01-01' AND pay BETWEEN 600 AND 8000 ORDER BY id
UPDATE person SET age = 3 WHERE name LIKE 'Gi\'
DELETE FROM paper WHERE title LIKE 'glo\'

-- views
SELECT * FROM staff ORDER BY id
SELECT id, company FROM staff WHERE company = 'globex'
SELECT * FROM staff s(a, b, c, d, e) ORDER BY a
SELECT * FROM staff_safe ORDER BY id
SELECT * FROM adults ORDER BY id
SELECT * FROM per_org
SELECT * FROM paper_count
SELECT s.id, p.id FROM staff s JOIN paper p ON p.owner = s.id ORDER BY 1, 2
SELECT s.name, b.name FROM staff s LEFT JOIN staff b ON s.boss = b.id ORDER BY 1
! SELECT * FROM blind
! SELECT count(*) FROM blind
! SELECT 1 FROM person p JOIN blind b USING (id)
! INSERT INTO blind VALUES (900, 'x')
! UPDATE staff SET age = 50 WHERE id = 1 RETURNING *
! UPDATE staff SET age = 50 WHERE id = 51
! UPDATE staff SET age = age + 1
! DELETE FROM staff WHERE id = 4 RETURNING id
! DELETE FROM staff WHERE id = 51
! UPDATE adults SET age = 30 WHERE id = 2 RETURNING id, age
! UPDATE adults SET age = 10 WHERE id = 2
! UPDATE adults SET age = 10 WHERE id = 51
! UPDATE staff SET company = 'globex' WHERE id = 1
! INSERT INTO staff(id, name, company) VALUES (900, 'x', 'globex')
! INSERT INTO adults(id, name, mail, age) VALUES (901, 'Eve', 'eve@a.test', 30) RETURNING id, org
! INSERT INTO adults(id, name, mail, age) VALUES (901, 'Eve', 'eve@a.test', 3)
! UPDATE per_org SET n = 0
! UPDATE paper_count SET n = 0

-- inheritance
SELECT * FROM asset ORDER BY id
SELECT * FROM ONLY asset ORDER BY id
SELECT * FROM vehicle ORDER BY id
SELECT * FROM ONLY vehicle ORDER BY id
SELECT * FROM truck ORDER BY id
SELECT tableoid::regclass, id FROM asset ORDER BY 2
SELECT a.id, t.load FROM asset a LEFT JOIN truck t USING (id) ORDER BY 1
SELECT id FROM asset* ORDER BY 1
UPDATE asset SET worth = worth + 1 RETURNING id, worth
UPDATE ONLY asset SET label = 'x' RETURNING id
UPDATE truck SET load = 0 WHERE id IN (3, 53) RETURNING id
DELETE FROM vehicle WHERE worth < 5000 RETURNING id
DELETE FROM asset WHERE id = 53
INSERT INTO truck(id, label, worth, wheels, load) VALUES (9, 'new', 1, 4, 1) RETURNING *
! INSERT INTO truck(id, org) VALUES (9, 'globex')
SELECT sum(worth), count(*) FROM asset

-- partitions
SELECT * FROM reading ORDER BY id
SELECT * FROM reading_23 ORDER BY id
SELECT * FROM reading_24 ORDER BY id
SELECT * FROM reading_24_acme ORDER BY id
SELECT * FROM reading_24_rest
SELECT count(*), sum(value) FROM reading WHERE day > '2023-12-31'
INSERT INTO reading(id, day, value) VALUES (9, '2023-02-02', 4), (10, '2024-02-02', 5) RETURNING id, org
INSERT INTO reading(id, day) VALUES (9, '2030-01-01')
INSERT INTO reading_24_acme(id, day, value) VALUES (9, '2024-02-02', 4) RETURNING org
INSERT INTO reading_23(id, day) VALUES (9, '2024-02-02')
INSERT INTO reading_24_rest(id, day) VALUES (9, '2024-02-02')
! INSERT INTO reading(id, org, day) VALUES (9, 'globex', '2024-02-02')
! INSERT INTO reading_24_rest(id, org, day) VALUES (9, 'globex', '2024-02-02')
UPDATE reading SET day = '2023-07-07' WHERE id = 2 RETURNING id, day
UPDATE reading SET day = '2031-07-07' WHERE id = 2
UPDATE reading SET note = repeat('x', 50) WHERE id = 2
UPDATE reading SET value = 0
DELETE FROM reading WHERE value IS NULL RETURNING id
DELETE FROM reading_24_rest
SELECT tableoid::regclass, id FROM reading ORDER BY 2
SELECT r.id FROM reading r JOIN reading_23 s USING (id) ORDER BY 1
MERGE INTO reading r USING (VALUES (1, '2023-05-05'::date), (51, '2023-05-05')) v(i, d) ON r.id = v.i AND r.day = v.d WHEN MATCHED THEN UPDATE SET value = 7 WHEN NOT MATCHED THEN INSERT (id, day, value) VALUES (v.i + 100, v.d, 0)

-- data-modifying CTEs
WITH x AS (UPDATE person SET age = 1 WHERE id IN (1, 51) RETURNING *) SELECT id, age FROM x
WITH x AS (DELETE FROM remark RETURNING *) SELECT count(*) FROM x
WITH x AS (DELETE FROM person RETURNING id, org) SELECT * FROM x ORDER BY 1
WITH x AS (INSERT INTO memo(id, text) VALUES (9, 'n') RETURNING *) SELECT * FROM x
WITH x AS (INSERT INTO memo(id, text) SELECT id + 100, name FROM person RETURNING *) SELECT count(*), min(org) FROM x
WITH moved AS (DELETE FROM paper WHERE level > 1 RETURNING *) INSERT INTO memo(id, text) SELECT id, title FROM moved RETURNING *
WITH person AS (SELECT 51 AS id, 'globex' AS org) SELECT * FROM person
WITH person AS (SELECT 51 AS id) UPDATE person SET age = 7 RETURNING id
WITH person AS (SELECT 1 AS id) DELETE FROM person USING person p WHERE person.id = p.id RETURNING person.id
WITH org AS (SELECT 'globex'::text AS id) SELECT p.id FROM person p, org WHERE p.org = org.id
WITH x AS (UPDATE paper SET level = 3 RETURNING id) SELECT p.id, p.level FROM paper p JOIN x USING (id) ORDER BY 1
WITH RECURSIVE up(id, boss) AS (SELECT id, boss FROM person WHERE id = 4 UNION ALL SELECT p.id, p.boss FROM person p JOIN up ON p.id = up.boss) SELECT * FROM up
WITH RECURSIVE down(id, n) AS (SELECT id, 0 FROM person WHERE boss IS NULL UNION ALL SELECT p.id, n + 1 FROM down JOIN person p ON p.boss = down.id) SELECT * FROM down ORDER BY 1
WITH RECURSIVE down(id) AS (SELECT id FROM person WHERE boss IS NULL UNION SELECT p.id FROM down JOIN person p ON p.boss = down.id) SEARCH DEPTH FIRST BY id SET o CYCLE id SET c USING path SELECT id, c FROM down ORDER BY o
WITH RECURSIVE person(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM person WHERE id < 3) SELECT * FROM person

-- upserts
INSERT INTO person(id, name, mail) VALUES (1, 'New', 'new@a.test') ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING id, name, mail
INSERT INTO person(id, name, mail) VALUES (900, 'New', 'ann@a.test') ON CONFLICT (org, mail) DO UPDATE SET name = excluded.name || person.name RETURNING id, name
INSERT INTO person(id, name, mail) VALUES (900, 'New', 'ann@a.test') ON CONFLICT ON CONSTRAINT person_org_mail_key DO UPDATE SET age = coalesce(person.age, 0) + 1 RETURNING id, age
INSERT INTO person(id, name, mail) VALUES (1, 'New', 'x@a.test') ON CONFLICT DO NOTHING
INSERT INTO person(id, name, mail) VALUES (1, 'New', 'x@a.test') ON CONFLICT (id) DO UPDATE SET name = 'z' WHERE person.age > 100 RETURNING id
INSERT INTO person(id, name, mail) VALUES (901, 'A', 'a1@a.test'), (1, 'B', 'b1@a.test') ON CONFLICT (id) DO UPDATE SET mail = excluded.mail RETURNING id, mail
INSERT INTO paper(id, owner, title) VALUES (10, 1, 't') ON CONFLICT (id) DO UPDATE SET owner = 2, title = (SELECT name FROM person WHERE id = 2) RETURNING owner, title
INSERT INTO paper(id, owner, title) VALUES (10, 1, 't') ON CONFLICT (id) DO UPDATE SET owner = 51
INSERT INTO remark(id, paper, text) VALUES (100, 10, 'u') ON CONFLICT (id) DO UPDATE SET text = excluded.text RETURNING *
! INSERT INTO person(id, org, name, mail) VALUES (1, 'globex', 'n', 'm') ON CONFLICT (id) DO NOTHING
! INSERT INTO person(id, name, mail) VALUES (1, 'n', 'm') ON CONFLICT (id) DO UPDATE SET org = 'globex'
! INSERT INTO person(id, name, mail) VALUES (51, 'n', 'm') ON CONFLICT (id) DO UPDATE SET name = 'stolen'
! INSERT INTO person(id, name, mail) VALUES (51, 'n', 'm') ON CONFLICT (id) DO UPDATE SET name = 'stolen' WHERE false RETURNING *
! INSERT INTO remark(id, paper, text) VALUES (150, 10, 'u') ON CONFLICT (id) DO UPDATE SET text = 'stolen'

-- merge
MERGE INTO person t USING (VALUES (1, 'x'), (900, 'y')) s(i, n) ON t.id = s.i WHEN MATCHED THEN UPDATE SET name = s.n WHEN NOT MATCHED THEN INSERT (id, name, mail) VALUES (s.i, s.n, s.n)
MERGE INTO person t USING paper s ON t.id = s.owner AND s.level = 2 WHEN MATCHED THEN UPDATE SET age = s.level
MERGE INTO paper t USING person s ON t.owner = s.id WHEN MATCHED AND s.age > 40 THEN DELETE WHEN MATCHED THEN DO NOTHING
MERGE INTO memo t USING person s ON t.id = s.id + 99 WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id, text) VALUES (s.id + 100, s.name)
MERGE INTO paper t USING (SELECT * FROM person) s ON t.id = s.id + 9 WHEN MATCHED THEN UPDATE SET title = s.name WHEN NOT MATCHED AND s.id > 3 THEN INSERT (id, title, owner) VALUES (800 + s.id, s.name, 1)
! MERGE INTO person t USING (VALUES (51)) s(i) ON t.id = s.i WHEN NOT MATCHED THEN INSERT (id, org, name, mail) VALUES (902, 'globex', 'n', 'm')
! MERGE INTO person t USING (VALUES (1)) s(i) ON t.id = s.i WHEN MATCHED THEN UPDATE SET org = 'globex'
! MERGE INTO person t USING (VALUES (51)) s(i) ON t.id = s.i WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id, name, mail) VALUES (s.i, 'n', 'n')

-- whole rows, self joins, system columns
SELECT p FROM person p ORDER BY id
SELECT p.* FROM person p, person q WHERE p.boss = q.id ORDER BY p.id
SELECT p.id, q.id FROM person p FULL JOIN person q ON p.boss = q.id ORDER BY 1, 2
SELECT p.id, q.id FROM person p LEFT JOIN person q ON q.name = p.name AND q.id <> p.id ORDER BY 1
SELECT count(*) FROM person p CROSS JOIN person q
SELECT p = q FROM person p, person q WHERE p.id = 1 AND q.id = 1
SELECT row(p.*) = row(p.*) FROM person p WHERE id = 2
SELECT to_jsonb(p) - 'info' FROM person p ORDER BY id
SELECT (p).name, (p).org FROM person p ORDER BY id
SELECT p::text FROM person p ORDER BY id
SELECT array_agg(p ORDER BY id) FROM person p
SELECT ctid IS NOT NULL, xmin IS NOT NULL, tableoid::regclass FROM person WHERE id = 1
SELECT id FROM person NATURAL JOIN (SELECT org FROM org) o ORDER BY id
SELECT * FROM person p JOIN paper q USING (org) WHERE p.id = 1 AND q.id = 10
SELECT id, org FROM person p RIGHT JOIN (VALUES ('acme'), ('globex')) v(org) USING (org) ORDER BY 1, 2
SELECT id FROM person WHERE (id, org) IN (SELECT 51, 'globex')
SELECT id FROM person WHERE (org, id) = ('globex', 51)
SELECT EXISTS (SELECT FROM person WHERE id = 51), EXISTS (SELECT FROM person WHERE id = 1)
SELECT (SELECT count(*) FROM person), (SELECT max(pay) FROM person), ARRAY(SELECT name FROM person ORDER BY 1)
SELECT id FROM person WHERE pay >= ALL (SELECT pay FROM person WHERE pay IS NOT NULL)
SELECT id FROM person WHERE org <> ANY (SELECT id FROM org)

-- rows that are nobody's, and values that are NULL
SELECT * FROM memo ORDER BY id
SELECT * FROM memo WHERE org IS NULL
SELECT count(*) FROM memo WHERE org IS NOT DISTINCT FROM NULL
UPDATE memo SET text = 'mine now' WHERE org IS NULL
DELETE FROM memo WHERE org IS NULL OR id = 3
! UPDATE memo SET org = NULL WHERE id = 1
! INSERT INTO memo(id, org, text) VALUES (9, NULL, 'n')
INSERT INTO memo(id, text) VALUES (9, 'n') RETURNING *
INSERT INTO memo VALUES (9, DEFAULT, 'n') RETURNING *
SELECT id FROM memo WHERE id NOT IN (SELECT owner FROM paper)

-- foreign keys, in both directions
INSERT INTO paper(id, owner, title) VALUES (900, 1, 't') RETURNING owner
INSERT INTO paper(id, owner, title) VALUES (900, 51, 't')
INSERT INTO paper(id, owner, title) VALUES (900, 777, 't')
UPDATE paper SET owner = 51 WHERE id = 10
UPDATE paper SET owner = NULL WHERE id = 10 RETURNING owner
INSERT INTO remark(id, paper, text) VALUES (900, 60, 't')
INSERT INTO remark(id, paper, text) VALUES (900, 61, 't')
INSERT INTO reply(id, remark, text) VALUES (9000, 150, 't')
INSERT INTO reply(id, remark, text) VALUES (9000, 101, 't') RETURNING *
UPDATE remark SET paper = 60 WHERE id = 100
UPDATE reply SET remark = 150
DELETE FROM person WHERE id = 2
DELETE FROM person WHERE id = 1
UPDATE person SET id = 77 WHERE id = 3 RETURNING id
UPDATE person SET id = 77 WHERE id = 51
UPDATE person SET boss = 51 WHERE id = 3
INSERT INTO person(id, name, mail, boss) VALUES (903, 'n', 'm', 51)
DELETE FROM paper RETURNING id
DELETE FROM remark WHERE paper = 60

-- errors that show rows
INSERT INTO person(id, name, mail) VALUES (1, 'n', 'm')
INSERT INTO person(id, name, mail) VALUES (904, 'n', 'ann@a.test')
INSERT INTO person(id, name, mail) VALUES (904, NULL, 'm')
INSERT INTO person(id, name, mail, age) VALUES (904, 'n', 'm', 200)
UPDATE person SET age = 200
UPDATE person SET age = 200 WHERE id = 51
UPDATE person SET name = NULL
UPDATE person SET id = 1
UPDATE paper SET level = level + 6
UPDATE paper SET size = 2000000000
INSERT INTO booking(id, slot) VALUES (9, '[3,6)')
INSERT INTO odd(id, s) VALUES ('11111111-0000-4000-8000-000000000009', 100)
INSERT INTO odd(id, m) VALUES ('11111111-0000-4000-8000-000000000009', 'none')
SELECT name::int FROM person WHERE id = 1
SELECT name::int FROM person
SELECT 1 / (age - 41) FROM person
SELECT body::int FROM paper WHERE id = 60
SELECT text::int FROM remark WHERE id > 149
SELECT (SELECT id FROM person)
SELECT secret::date FROM person ORDER BY id DESC LIMIT 1
SELECT cast(info AS int) FROM person
SELECT info -> 'n' ->> 0 FROM person ORDER BY id
SELECT value::int, 1 / value FROM reading WHERE id = 51

-- returning, cursors, prepared names
UPDATE person SET age = 1 WHERE id IN (1, 51) RETURNING person, id
UPDATE person p SET age = q.level FROM paper q WHERE q.owner = p.id AND q.level > 1 RETURNING p.id, q.title
DELETE FROM paper p USING person q WHERE p.owner = q.id AND q.name = 'Ann' RETURNING p.id, q.id
DELETE FROM paper p USING person q WHERE p.owner <> q.id AND q.id > 50 RETURNING p.id
INSERT INTO paper(id, title) SELECT id + 1000, name FROM person RETURNING id, (SELECT count(*) FROM person)
BEGIN
DECLARE c CURSOR FOR SELECT id, name FROM person ORDER BY id
FETCH 2 FROM c
MOVE 1 FROM c
FETCH ALL FROM c
CLOSE c
COMMIT

BEGIN
DECLARE c CURSOR FOR SELECT id, name FROM person WHERE id IN (1, 51) FOR UPDATE
FETCH NEXT FROM c
UPDATE person SET age = 33 WHERE CURRENT OF c RETURNING id, age
DELETE FROM person WHERE CURRENT OF c
COMMIT

PREPARE p AS SELECT id, name FROM person WHERE id >= $1 ORDER BY id
EXECUTE p(3)
EXECUTE p(50)
DEALLOCATE p

PREPARE w(int, text) AS UPDATE person SET name = $2 WHERE id = $1 RETURNING id, name
EXECUTE w(1, 'x')
EXECUTE w(51, 'x')
DEALLOCATE w

-- plan changes
PREPARE p(int) AS SELECT count(*) FROM person WHERE id > $1
EXECUTE p(0)
EXECUTE p(0)
EXECUTE p(0)
EXECUTE p(0)
EXECUTE p(0)
EXECUTE p(0)
EXECUTE p(0)
DEALLOCATE p

BEGIN
SET LOCAL statement_timeout = '5s'
SELECT count(*) FROM person
SAVEPOINT s
UPDATE person SET age = 200
ROLLBACK TO s
UPDATE person SET age = 20 RETURNING id
COMMIT
SELECT id, age FROM person ORDER BY id

-- explain
EXPLAIN (COSTS off) SELECT 1
! EXPLAIN ANALYZE CREATE TABLE t AS SELECT * FROM person
! EXPLAIN (ANALYZE) EXECUTE nobody

-- samples
SELECT count(*) FROM person TABLESAMPLE BERNOULLI (100)
SELECT p.id FROM person p TABLESAMPLE BERNOULLI (100) JOIN paper q ON q.owner = p.id ORDER BY 1
! SELECT * FROM person TABLESAMPLE SYSTEM (100)
! SELECT * FROM person TABLESAMPLE BERNOULLI (50) REPEATABLE (1)

-- locks
SELECT id FROM person WHERE id IN (1, 51) FOR UPDATE
SELECT p.id FROM person p JOIN paper q ON q.owner = p.id WHERE q.level = 2 FOR UPDATE OF p
SELECT id FROM person ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
SELECT id FROM remark ORDER BY id LIMIT 2 FOR SHARE
SELECT id FROM staff ORDER BY id FOR UPDATE NOWAIT

-- copy
COPY person(id, name, org) TO STDOUT
COPY (SELECT id FROM person ORDER BY id) TO STDOUT
COPY (SELECT * FROM memo) TO STDOUT WITH (FORMAT csv, HEADER)
COPY remark TO STDOUT
COPY (UPDATE person SET age = 9 WHERE id IN (1, 51) RETURNING id) TO STDOUT
COPY (DELETE FROM memo RETURNING *) TO STDOUT
COPY memo(id, text) FROM STDIN <<< 9\tnew\n10\tother\n
COPY memo(id, org, text) FROM STDIN <<< 9\tacme\tnew\n
COPY remark(id, paper, text) FROM STDIN <<< 900\t10\tnew\n
COPY person(id, name, mail) FROM STDIN <<< 1\tn\tm\n
COPY person(id, name, mail, age) FROM STDIN <<< 905\tn\tm\t200\n
COPY reading(id, day) FROM STDIN <<< 9\t2031-01-01\n
! COPY memo(id, org, text) FROM STDIN <<< 9\tglobex\tnew\n
! COPY memo(id, org, text) FROM STDIN <<< 9\t\\N\tnew\n
! COPY remark(id, paper, text) FROM STDIN <<< 900\t60\tnew\n
! COPY person TO '/tmp/x'
! COPY person TO PROGRAM 'cat'
! COPY person FROM '/etc/passwd'
! COPY blind TO STDOUT

-- sequences
! SELECT nextval('ticket')
! SELECT currval('ticket')
! SELECT lastval()
! SELECT setval('ticket', 1)
! SELECT last_value FROM ticket
! SELECT * FROM numbered_id_seq
! SELECT pg_sequence_last_value('ticket'::regclass)

-- functions that run with their owner's rights, rules, triggers
! SELECT all_people()
! SELECT * FROM all_people()
! SELECT id FROM person WHERE id = all_people()
! SELECT noted()
! CALL noted()
! SELECT id FROM person WHERE org <<< 'acme'
! SELECT id FROM person WHERE org OPERATOR(public.<<<) 'acme'
UPDATE person SET name = 'T' WHERE id = 1
DELETE FROM person WHERE id = 3
UPDATE person SET name = 'T'
SELECT what, who FROM journal
! ALTER TABLE person DISABLE TRIGGER ALL
! CREATE RULE r AS ON SELECT TO person DO INSTEAD SELECT * FROM person
! CREATE VIEW mine AS SELECT * FROM person
! CREATE POLICY p ON person USING (true)
! ALTER TABLE person DISABLE ROW LEVEL SECURITY
! SET row_security = off
! SET session_replication_role = replica
! SET ROLE postgres
! SET SESSION AUTHORIZATION postgres
! TRUNCATE person
! LOCK TABLE person
! GRANT SELECT ON person TO PUBLIC
! DROP TABLE person
! CREATE TEMP VIEW v AS SELECT * FROM person
! DO $$ BEGIN PERFORM 1; END $$
! ANALYZE person
! VACUUM person
! REFRESH MATERIALIZED VIEW paper_count

-- numbers that the database gives
INSERT INTO numbered(text) VALUES ('x'), ('y') RETURNING text, id > 0, code > 0
INSERT INTO numbered(id, text) VALUES (7, 'x')
INSERT INTO numbered(id, text) OVERRIDING SYSTEM VALUE VALUES (7, 'x') RETURNING id, text
INSERT INTO numbered(id, text) OVERRIDING USER VALUE VALUES (7, 'x') RETURNING id > 0, text
UPDATE numbered SET id = 9
UPDATE numbered SET id = DEFAULT, text = 'z'
! SELECT nextval('numbered_id_seq'::regclass)

-- generated columns, domains, composite and enum types, ranges
INSERT INTO paper(id, title, size) VALUES (906, 't', 21) RETURNING twice
INSERT INTO paper(id, title, twice) VALUES (906, 't', DEFAULT) RETURNING twice
INSERT INTO paper(id, title, twice) VALUES (906, 't', 9)
UPDATE paper SET size = 4 WHERE id IN (10, 60) RETURNING twice
SELECT id, m, (p).b, (p).a FROM odd ORDER BY id
SELECT id FROM odd WHERE (p).a = 0 OR m = 'mid'
SELECT id FROM odd WHERE m > 'low' ORDER BY id
SELECT id FROM odd WHERE r && '[2024-01-01,2024-01-02)'
SELECT id FROM odd WHERE xs @> '{0}' OR b = '\xff'
SELECT id FROM odd WHERE 10 / f > 0 ORDER BY id
SELECT xs[1:2], i, iv FROM odd ORDER BY id
UPDATE odd SET p.a = 5 WHERE s = 7 RETURNING p
UPDATE odd SET xs[2] = 9 RETURNING xs
SELECT unnest(xs) FROM odd ORDER BY 1
SELECT o.id, x FROM odd o, unnest(o.xs) WITH ORDINALITY u(x, n) ORDER BY 1, 2
SELECT id FROM booking WHERE slot @> 25
UPDATE booking SET slot = '[100,200)' WHERE id = 51
INSERT INTO booking(id, slot) VALUES (9, '[40,50)') RETURNING *

-- set operations, windows, grouping
SELECT id FROM person UNION SELECT id FROM paper ORDER BY 1
SELECT name FROM person INTERSECT SELECT 'Ann'
SELECT id FROM person EXCEPT SELECT 1 ORDER BY 1
(SELECT id FROM person ORDER BY id DESC LIMIT 1) UNION ALL (SELECT id FROM paper ORDER BY id DESC LIMIT 1)
TABLE tariff
TABLE memo
SELECT org, count(*) FROM person GROUP BY ROLLUP (org) ORDER BY 1
SELECT org, level, count(*) FROM paper GROUP BY GROUPING SETS ((org), (level), ()) ORDER BY 2, 3, grouping(org)
SELECT id, sum(pay) OVER (ORDER BY id), count(*) OVER () FROM person ORDER BY id
SELECT id, rank() OVER w, lag(id) OVER w FROM paper WINDOW w AS (PARTITION BY owner ORDER BY level) ORDER BY id
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY pay) FROM person
SELECT p.id, x.n FROM person p, LATERAL (SELECT count(*) AS n FROM paper q WHERE q.owner = p.id) x ORDER BY 1
SELECT p.id, x.title FROM person p LEFT JOIN LATERAL (SELECT title FROM paper q WHERE q.owner = p.id ORDER BY id LIMIT 1) x ON true ORDER BY 1
SELECT t.code, p.id FROM tariff t FULL JOIN person p ON p.id::text = t.code ORDER BY 1, 2
SELECT coalesce(a.id, b.id) FROM person a FULL JOIN paper b ON a.id + 9 = b.id ORDER BY 1

-- grouping sets of what a condition makes equal to the tenant
BEGIN
INSERT INTO memo(id, text) VALUES (90, 'acme'), (91, 'other')
SELECT m.text, count(*) FROM memo m JOIN person p ON m.text = p.org GROUP BY ROLLUP (m.text) ORDER BY 1 DESC LIMIT 1
SELECT m.text FROM memo m, person p WHERE p.id = m.id - 89 AND (m.text, 1) = (p.org, p.id) GROUP BY CUBE (m.text, p.id) ORDER BY 1 DESC, 2 DESC LIMIT 1
SELECT m.text FROM memo m WHERE m.text IN (SELECT org FROM person) GROUP BY ROLLUP (m.text) ORDER BY 1 DESC LIMIT 1
SELECT m.text FROM memo m WHERE EXISTS (SELECT 1 FROM person p WHERE p.org = m.text) GROUP BY ROLLUP (m.text) ORDER BY 1 DESC LIMIT 1
SELECT m.text FROM memo m WHERE m.text IN (SELECT p.org FROM person p JOIN paper USING (org)) GROUP BY ROLLUP (m.text) ORDER BY 1 DESC LIMIT 1
SELECT m.text FROM paper LEFT JOIN person USING (id) JOIN memo m ON m.text = paper.org GROUP BY ROLLUP (m.text) ORDER BY 1 DESC LIMIT 1
WITH p AS (SELECT org AS o FROM person) SELECT m.text FROM p JOIN memo m ON m.text = p.o GROUP BY ROLLUP (m.text) ORDER BY 1 DESC LIMIT 1
SELECT m.text FROM memo m JOIN staff ON m.text = company GROUP BY ROLLUP (m.text) ORDER BY 1 DESC LIMIT 1
SELECT m.text FROM memo m JOIN person p ON m.text = p.org AND m.text = 'acme' GROUP BY ROLLUP (m.text) ORDER BY 1 DESC NULLS LAST LIMIT 1
ROLLBACK

-- cursors on what is partitioned by the tenant, or inherited
BEGIN
DECLARE c CURSOR FOR SELECT * FROM reading FOR UPDATE
FETCH c
DELETE FROM reading WHERE CURRENT OF c RETURNING *
FETCH c
UPDATE reading SET value = 5 WHERE CURRENT OF c RETURNING *
DECLARE d CURSOR FOR SELECT * FROM reading_24 r WHERE r.id > 0
FETCH d
UPDATE reading_24 SET value = 6 WHERE CURRENT OF d RETURNING *
DECLARE e CURSOR FOR SELECT a.* FROM asset a FOR UPDATE
FETCH e
UPDATE asset SET label = 'x' WHERE CURRENT OF e RETURNING *
DECLARE f CURSOR FOR SELECT r.*, p.name FROM reading r JOIN person p ON p.id = r.id AND upper(p.name) > '' FOR UPDATE OF r
FETCH f
UPDATE reading SET value = 7 WHERE CURRENT OF f RETURNING *
SELECT * FROM reading ORDER BY id, day
ROLLBACK
