\set n random(1, 40)
BEGIN;
UPDATE item SET v = 'b' WHERE app = 'seed' AND n = :n;
SELECT v FROM item WHERE app = 'seed' AND n = :n;
INSERT INTO item (app, n) VALUES ('bench' || :client_id, :n) ON CONFLICT DO NOTHING;
DELETE FROM item WHERE app = 'bench' || :client_id AND n = :n;
COMMIT;
