-- The small company that shapes.py and sqlsmith.py ask about: two tenants (-v multi=1), or acme alone (multi=0).
-- Globex's rows hold what makes careless conditions fail: zeros, texts that are no numbers, broken patterns.
CREATE TABLE org(id text PRIMARY KEY, name text NOT NULL, plan text);
CREATE TABLE tariff(code text PRIMARY KEY, rate numeric(6,2) NOT NULL);
CREATE TABLE person(
  id int PRIMARY KEY, org text NOT NULL REFERENCES org, name text NOT NULL, mail text NOT NULL,
  age int CHECK (age < 150), boss int REFERENCES person, pay numeric(10,2), born date, tags text[],
  info jsonb NOT NULL DEFAULT '{}', secret text, UNIQUE (org, mail));
CREATE INDEX ON person(org);
CREATE TABLE paper(
  id int PRIMARY KEY, org text NOT NULL REFERENCES org,
  owner int REFERENCES person ON DELETE CASCADE ON UPDATE CASCADE, title text NOT NULL, body text,
  level int NOT NULL DEFAULT 0 CHECK (level BETWEEN 0 AND 9), made timestamptz NOT NULL DEFAULT '2024-05-01 00:00:00+00',
  size int NOT NULL DEFAULT 1, twice int GENERATED ALWAYS AS (size * 2) STORED);
CREATE INDEX ON paper(org, level);
CREATE TABLE remark(
  id int PRIMARY KEY, paper int NOT NULL REFERENCES paper ON DELETE CASCADE, text text NOT NULL, stars int);
CREATE TABLE reply(id int PRIMARY KEY, remark int NOT NULL REFERENCES remark ON DELETE CASCADE, text text);
CREATE TABLE memo(id int PRIMARY KEY, org text, text text NOT NULL);
CREATE TABLE reading(id int, org text NOT NULL, day date NOT NULL, value numeric, note text CHECK (length(note) < 40))
  PARTITION BY RANGE (day);
CREATE TABLE reading_23 PARTITION OF reading FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE reading_24 PARTITION OF reading FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (org);
CREATE TABLE reading_24_acme PARTITION OF reading_24 FOR VALUES IN ('acme');
CREATE TABLE reading_24_rest PARTITION OF reading_24 DEFAULT;
CREATE TABLE asset(id int NOT NULL, org text NOT NULL, label text, worth int);
CREATE TABLE vehicle(wheels int) INHERITS (asset);
CREATE TABLE truck(load int) INHERITS (vehicle);
CREATE TABLE booking(
  id int PRIMARY KEY, org text NOT NULL, slot int4range NOT NULL, who text, EXCLUDE USING gist (slot WITH &&));
CREATE TYPE mood AS ENUM ('low', 'mid', 'high');
CREATE DOMAIN small AS int CHECK (VALUE < 100);
CREATE TYPE pair AS (a int, b text);
CREATE TABLE odd(id uuid PRIMARY KEY, org text NOT NULL, m mood, s small, p pair, b bytea, i inet, t time, iv interval,
  f float8, big bigint, flag boolean, xs int[], r tsrange);
CREATE TABLE journal(id int, org text, what text, who text);
CREATE VIEW staff AS SELECT id, name, org AS company, age, boss FROM person;
CREATE VIEW staff_safe WITH (security_barrier) AS SELECT id, name, org, secret FROM person WHERE age IS NOT NULL;
CREATE VIEW adults AS SELECT id, name, org, mail, age FROM person WHERE age >= 18 WITH CASCADED CHECK OPTION;
CREATE VIEW per_org AS SELECT org, count(*) AS n, max(pay) AS top FROM person GROUP BY org;
CREATE VIEW blind AS SELECT id, name FROM person;
CREATE MATERIALIZED VIEW paper_count AS SELECT org, count(*) AS n FROM paper GROUP BY org;
CREATE SEQUENCE ticket;
CREATE TABLE numbered(id int GENERATED ALWAYS AS IDENTITY, code serial, org text NOT NULL, text text);
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO journal(org, what, who) VALUES (coalesce(NEW.org, OLD.org), TG_OP, coalesce(NEW.name, OLD.name));
  RAISE NOTICE '% %', TG_OP, coalesce(NEW, OLD);
  RETURN NULL;
END $$;
CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON person FOR EACH ROW EXECUTE FUNCTION noted();
-- What an application may have, and its policy allows: a leaky one, and one that runs with its owner's rights.
CREATE FUNCTION shout(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END $$;
CREATE FUNCTION half(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n / 2';
CREATE FUNCTION all_people() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS
  'SELECT count(*) FROM public.person';
CREATE OPERATOR <<< (PROCEDURE = texteq, LEFTARG = text, RIGHTARG = text);

INSERT INTO tariff VALUES ('a', 1.50), ('b', 2.25), ('c', 0);
INSERT INTO org VALUES ('acme', 'Acme Inc', 'gold');
INSERT INTO person VALUES
  (1, 'acme', 'Ann', 'ann@a.test', 41, NULL, 900, '1983-02-01', '{x,y}', '{"k": 1, "n": "10"}', 's-ann'),
  (2, 'acme', 'Bob', 'bob@a.test', 32, 1, 500, '1992-03-04', '{y}', '{"k": 2, "n": "20"}', 's-bob'),
  (3, 'acme', 'Cid', 'cid@a.test', 17, 1, 0, NULL, NULL, '{"k": null}', NULL),
  (4, 'acme', 'Dee', 'dee@a.test', NULL, 2, NULL, '2000-12-31', '{}', '{}', 's-dee');
INSERT INTO paper(id, org, owner, title, body, level, size) VALUES
  (10, 'acme', 1, 'alpha', '12', 1, 3), (11, 'acme', 2, 'beta', '7', 2, 5), (12, 'acme', NULL, 'common', NULL, 5, 8),
  (13, 'acme', 1, 'delta', '0', 0, 1);
INSERT INTO remark VALUES (100, 10, 'good', 5), (101, 10, 'bad', 1), (102, 11, 'fine', NULL), (103, 13, '4', 3);
INSERT INTO reply VALUES (1000, 100, 'thanks'), (1001, 102, NULL);
INSERT INTO memo VALUES (1, 'acme', 'mine');
INSERT INTO reading VALUES (1, 'acme', '2023-05-05', 1.5, 'x'), (2, 'acme', '2024-05-05', 2.5, 'y'),
  (3, 'acme', '2024-06-06', NULL, NULL);
INSERT INTO asset VALUES (1, 'acme', 'desk', 100);
INSERT INTO vehicle VALUES (2, 'acme', 'bike', 200, 2);
INSERT INTO truck VALUES (3, 'acme', 'lorry', 3000, 6, 12);
INSERT INTO booking VALUES (1, 'acme', '[1,5)', 'Ann'), (2, 'acme', '[10,12)', 'Bob');
INSERT INTO odd VALUES
  ('11111111-0000-4000-8000-000000000001', 'acme', 'low', 7, '(1,one)', '\x01ff', '10.0.0.1', '09:00', '1 day', 1.5, 9000000000,
   true, '{1,2,3}', '[2024-01-01,2024-02-01)'),
  ('11111111-0000-4000-8000-000000000002', 'acme', 'high', NULL, NULL, '\x', '::1', NULL, '-2 hours', 'NaN', -1, NULL, '{}', 'empty');
\if :multi
INSERT INTO org VALUES ('globex', 'Globex Corp', 'iron');
INSERT INTO person VALUES
  (51, 'globex', 'Gil', 'gil@g.test', 60, NULL, 0, '1964-02-01', '{x,globex}', '{"k": 9, "n": "globex"}', 's-gil'),
  (52, 'globex', 'Gus', 'ann@a.test', 0, 51, 7777, '1992-03-04', '{(}', '{"k": "x", "n": "("}', 's-gus'),
  (53, 'globex', 'Ann', 'gia@g.test', NULL, 52, NULL, 'infinity', NULL, '[1]', '(');
INSERT INTO paper(id, org, owner, title, body, level, size) VALUES
  (60, 'globex', 51, 'globex-a', 'not a number', 9, 1000000000), (61, 'globex', 52, 'common', '(', 0, 0),
  (62, 'globex', NULL, '\', '\', 3, 2);
INSERT INTO remark VALUES (150, 60, 'globex words', 9), (151, 61, '(', 0), (152, 62, '4', NULL);
INSERT INTO reply VALUES (1050, 150, 'globex reply'), (1051, 151, '\');
INSERT INTO memo VALUES (2, 'globex', 'theirs'), (3, NULL, 'nobody');
INSERT INTO reading VALUES (51, 'globex', '2023-05-05', 0, 'g'), (52, 'globex', '2024-05-05', 99, 'globex'), (53, 'globex', '2024-07-07', 0, '(');
INSERT INTO asset VALUES (51, 'globex', 'safe', 0);
INSERT INTO vehicle VALUES (52, 'globex', '(', 0, 0);
INSERT INTO truck VALUES (53, 'globex', 'globex', 0, 0, 0);
INSERT INTO booking VALUES (51, 'globex', '[20,30)', 'Gil');
INSERT INTO odd VALUES
  ('11111111-0000-4000-8000-000000000051', 'globex', 'mid', 0, '(0,globex)', '\xff', '192.168.0.1', '23:59', '1 year', 0, 0, false,
   '{0}', '[2024-01-01,2024-01-02)');
\else
ALTER TABLE person ALTER org SET DEFAULT 'acme';
ALTER TABLE paper ALTER org SET DEFAULT 'acme';
ALTER TABLE memo ALTER org SET DEFAULT 'acme';
ALTER TABLE reading ALTER org SET DEFAULT 'acme';
ALTER TABLE reading_23 ALTER org SET DEFAULT 'acme';
ALTER TABLE reading_24 ALTER org SET DEFAULT 'acme';
ALTER TABLE reading_24_acme ALTER org SET DEFAULT 'acme';
ALTER TABLE reading_24_rest ALTER org SET DEFAULT 'acme';
ALTER TABLE asset ALTER org SET DEFAULT 'acme';
ALTER TABLE vehicle ALTER org SET DEFAULT 'acme';
ALTER TABLE truck ALTER org SET DEFAULT 'acme';
ALTER TABLE booking ALTER org SET DEFAULT 'acme';
ALTER TABLE odd ALTER org SET DEFAULT 'acme';
ALTER TABLE journal ALTER org SET DEFAULT 'acme';
ALTER TABLE numbered ALTER org SET DEFAULT 'acme';
ALTER VIEW staff ALTER company SET DEFAULT 'acme';
ALTER VIEW adults ALTER org SET DEFAULT 'acme';
\endif
TRUNCATE journal;
REFRESH MATERIALIZED VIEW paper_count;
ANALYZE;
