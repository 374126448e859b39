-- The rows of two tenants, whose values overlap.
TRUNCATE "Tenant", "User", "Workflow", step, item, types RESTART IDENTITY;
INSERT INTO "Tenant" VALUES ('acme', 'Acme Inc'), ('globex', 'Globex Corp');
INSERT INTO "User" ("id", "email", "password", "level", "tenantId") VALUES
    ('u1', 'ann@test', 'secret-1', 5, 'acme'),
    ('u2', 'abe@test', 'secret-2', 1, 'acme'),
    ('u3', 'amy@test', 'secret-3', 3, 'acme'),
    ('u51', 'ann@test', 'secret-51', 5, 'globex'),
    ('u52', 'abe@test', 'secret-52', 1, 'globex');
INSERT INTO "Workflow" ("id", "name", "config", "status", "userId", "tenantId") VALUES
    ('w1', 'Send invoices', '{"every": "day", "tags": ["a", "b"]}', 'live', 'u1', 'acme'),
    ('w2', 'Welcome mail', '{}', 'draft', 'u2', 'acme'),
    ('w3', 'Orphan', '{"every": "week"}', 'draft', NULL, 'acme'),
    ('w51', 'Send invoices', '{"every": "day"}', 'live', 'u51', 'globex'),
    ('w52', 'Order parts', '{}', 'draft', 'u52', 'globex');
INSERT INTO step ("workflowId", title, done) VALUES
    ('w1', 'collect', true), ('w1', 'send', false), ('w51', 'collect', true), ('w2', 'greet', false), ('w52', 'pay', true);
INSERT INTO item (app, n, v, "tenantId")
    SELECT app, n, CASE WHEN n % 7 = 0 THEN NULL ELSE tenant || ' ' || n END, tenant
    FROM unnest(ARRAY['acme', 'globex']) tenant, unnest(ARRAY['seed', 'more']) app, generate_series(1, 40) n
    ORDER BY n, app, tenant;
INSERT INTO types (app, c_bool, c_int2, c_int8, c_float8, c_numeric, c_text, c_varchar, c_bytea, c_uuid, c_date, c_time,
                   c_timestamp, c_timestamptz, c_interval, c_json, c_jsonb, c_ints, c_texts, c_mood, c_moods, c_range,
                   c_inet, "tenantId")
    SELECT 'seed', true, -5, 9007199254740993, 0.1, 12345.67890, 'héllo "w"', 'short', '\x00ff10',
           'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2024-02-29', '13:14:15.16', '2024-02-29 13:14:15.161718',
           '2024-02-29 13:14:15.161718+02', '1 day 02:03:04', '{"a":  1}', '{"b": [1, null]}', '{1,NULL,3}',
           ARRAY['x', 'y,z', NULL, '"'], 'ok', '{happy,sad}', '[1,5)', '10.1.2.3/24', tenant
    FROM unnest(ARRAY['acme', 'globex']) tenant;
