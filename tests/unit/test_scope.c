/* link: policy */
#include "policy/policy.h"

#include "unit/deep_stack.h"
#include "unit/policy_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Golden rows: SQL in, text for the server or SQLSTATE out.  T(n) stands for the predicate's right side. */
#define T(n)     " OPERATOR(pg_catalog.=) $" #n "::text"
#define Q(r, n)  "\"" r "\".\"tenantId\"" T(n)
#define WF(n)    "(SELECT partywall_p0.\"id\" FROM ONLY \"public\".\"Workflow\" AS partywall_p0 WHERE " \
                 "\"partywall_p0\".\"tenantId\"" T(n) ")"
#define STEP(n)  "\"step\".\"workflowId\" IN " WF(n)
#define NOT_MINE(what) "(SELECT 'partywall:42501:" what "'::text)::int4::text"
#define NOT_IN_COPY "pg_catalog.concat('partywall:42501:"
#define NO_USER  "(SELECT 'partywall:23503:Workflow:Workflow_userId_fkey'::text)::int4"

#define NO_FLOW  "(SELECT 'partywall:23503:step:step_workflowId_fkey'::text)::int4"
#define ONCE(value, n) "(SELECT CASE WHEN (partywall_v.v)::integer IN " WF(n) " THEN (partywall_v.v) WHEN (partywall_v.v) IS NULL " \
                 "THEN NULL ELSE " NO_FLOW " END FROM (SELECT (" value ") AS v OFFSET 0) AS partywall_v)"
#define MADE(n)  "(SELECT partywall_p0.\"id\" FROM ONLY \"public\".\"Workflow\" AS partywall_p0 WHERE " \
                 "\"partywall_p0\".\"tenantId\"" T(n) " UNION ALL SELECT \"made\".\"k\" FROM \"made\")"

struct row {
    const char *sql;
    const char *want; /* five characters: SQLSTATE of a refusal */
};

static const struct row rows[] = {
    /* qual, and the client's condition in parentheses, quals first */
    {"SELECT * FROM \"User\"", "SELECT * FROM \"User\" WHERE " Q("User", 1)},
    {"SELECT * FROM \"User\" -- tail", "SELECT * FROM \"User\" WHERE " Q("User", 1)},
    {"SELECT id FROM \"User\" WHERE id=$1 OR true ORDER BY 1",
     "SELECT id FROM \"User\" WHERE " Q("User", 2) " AND (id=$1 OR true) ORDER BY 1"},
    {"SELECT u.id FROM \"User\" u, \"Workflow\" AS w WHERE u.id = w.id",
     "SELECT u.id FROM \"User\" u, \"Workflow\" AS w WHERE " Q("u", 1) " AND " Q("w", 1)
     " AND (u.id = w.id)"},
    {"SELECT 1 FROM \"User\" u(a,b,c,d,e)",
     "SELECT 1 FROM \"User\" u(a,b,c,d,e) WHERE \"u\".\"e\"" T(1)},
    {"TABLE \"User\" ORDER BY 1", "SELECT * FROM \"User\" WHERE " Q("User", 1) " ORDER BY 1"},
    {"SELECT 1 WHERE 2 IN(TABLE ONLY \"User\")", "SELECT 1 WHERE 2 IN(SELECT * FROM ONLY \"User\" WHERE "
     Q("User", 1) " OFFSET 0)"},
    {"SELECT id FROM step WHERE id IN (TABLE ONLY \"User\")", "SELECT id FROM step WHERE " STEP(1)
     " AND (CASE WHEN " STEP(1) " THEN (id IN (SELECT * FROM ONLY \"User\" WHERE " Q("User", 1) ")) END)"},
    {"SELECT code FROM country", "SELECT code FROM country"},
    {"SELECT id FROM \"User\" x TABLESAMPLE BERNOULLI(10) FOR UPDATE SKIP LOCKED",
     "SELECT id FROM \"User\" x TABLESAMPLE BERNOULLI(10) WHERE " Q("x", 1) " FOR UPDATE SKIP LOCKED"},
    {"SELECT 1 FROM \"User\" TABLESAMPLE SYSTEM(10)", "0A000"},
    /* the climb rule */
    {"SELECT 1 FROM \"User\" u LEFT JOIN \"Workflow\" w ON w.id = u.id",
     "SELECT 1 FROM \"User\" u LEFT JOIN \"Workflow\" w ON " Q("w", 1) " AND (w.id = u.id) WHERE " Q("u", 1)},
    {"SELECT 1 FROM \"User\" u RIGHT JOIN \"Workflow\" w ON true WHERE w.id > 1",
     "SELECT 1 FROM \"User\" u RIGHT JOIN \"Workflow\" w ON " Q("u", 1) " AND (true) WHERE " Q("w", 1)
     " AND (w.id > 1)"},
    {"SELECT 1 FROM \"User\" u LEFT JOIN (\"Workflow\" a JOIN \"Workflow\" b ON a.id = b.id) ON a.id = u.id",
     "SELECT 1 FROM \"User\" u LEFT JOIN (\"Workflow\" a JOIN \"Workflow\" b ON a.id = b.id) ON "
     Q("a", 1) " AND " Q("b", 1) " AND (a.id = u.id) WHERE " Q("u", 1)},
    {"SELECT 1 FROM country c LEFT JOIN \"User\" u LEFT JOIN \"Workflow\" w ON w.id = u.id ON true",
     "SELECT 1 FROM country c LEFT JOIN \"User\" u LEFT JOIN \"Workflow\" w ON " Q("w", 1)
     " AND (w.id = u.id) ON " Q("u", 1) " AND (true)"},
    {"SELECT 1 FROM \"User\" u LEFT JOIN \"Workflow\" w USING (id)",
     "SELECT 1 FROM \"User\" u LEFT JOIN (SELECT * FROM \"Workflow\" WHERE " Q("Workflow", 1)
     ") w USING (id) WHERE " Q("u", 1)},
    {"SELECT 1 FROM \"User\" FULL JOIN ONLY \"Workflow\" USING (id)",
     "SELECT 1 FROM (SELECT * FROM \"User\" WHERE " Q("User", 1) ") AS \"User\" FULL JOIN "
     "(SELECT * FROM ONLY \"Workflow\" WHERE " Q("Workflow", 1) ") AS \"Workflow\" USING (id)"},
    /* what only a relation has */
    {"SELECT w.ctid FROM \"User\" u LEFT JOIN \"Workflow\" w USING (id)",
     "SELECT w.ctid FROM \"User\" u LEFT JOIN (\"Workflow\" w JOIN (SELECT) AS partywall_w0 ON " Q("w", 1)
     ") USING (id) WHERE " Q("u", 1)},
    {"SELECT 1 FROM \"User\" u FULL JOIN \"Workflow\" w ON w.id + 1 = lower(u.email)",
     "SELECT 1 FROM (SELECT * FROM \"User\" WHERE " Q("User", 1) ") u FULL JOIN (SELECT * FROM \"Workflow\" WHERE "
     Q("Workflow", 1) ") w ON CASE WHEN " Q("w", 1) " THEN (w.id + 1) END = CASE WHEN " Q("u", 1)
     " THEN (lower(u.email)) END"},
    {"SELECT 1 FROM \"User\" u FULL JOIN (country c CROSS JOIN (VALUES (1)) v(x)) ON email = c.code || 'x'",
     "SELECT 1 FROM (SELECT * FROM \"User\" WHERE " Q("User", 1) ") u FULL JOIN (country c CROSS JOIN (VALUES (1)) v(x)) "
     "ON CASE WHEN " Q("u", 1) " THEN (email) END = c.code || 'x'"},
    {"SELECT u FROM \"User\" AS u FULL JOIN \"Workflow\" w ON u.id = w.id AND length(w.name) > 1 AND w.ctid IS NULL",
     "SELECT u FROM (\"User\" AS u JOIN (SELECT) AS partywall_w0 ON " Q("u", 1) ") FULL JOIN (\"Workflow\" w JOIN "
     "(SELECT) AS partywall_w1 ON " Q("w", 1) ") ON u.id = w.id AND CASE WHEN " Q("w", 1)
     " THEN (length(w.name) > 1) END AND w.ctid IS NULL"},
    {"SELECT 1 FROM country LEFT JOIN \"User\" u(id,b,c,d,e) TABLESAMPLE BERNOULLI (5) USING (id)",
     "SELECT 1 FROM country LEFT JOIN (\"User\" u(id,b,c,d,e) TABLESAMPLE BERNOULLI (5) JOIN (SELECT) AS partywall_w0 ON "
     "\"u\".\"e\"" T(1) ") USING (id)"},
    {"SELECT x.id FROM \"User\" x(id, \"tenantId\")",
     "SELECT x.id FROM (SELECT * FROM \"User\" WHERE " Q("User", 1) " OFFSET 0) x(id, \"tenantId\")"},
    {"SELECT x.id FROM \"User\" x(id, \"tenantId\") FOR UPDATE", "0A000"},
    {"SELECT u.\"tenantId\" FROM \"User\" u TABLESAMPLE BERNOULLI (5) GROUP BY CUBE (u.\"tenantId\")", "0A000"},
    {"SELECT 1 FROM (country c JOIN \"User\" u TABLESAMPLE BERNOULLI (5) ON true) AS j", "0A000"},
    {"SELECT j.a FROM (\"User\" u JOIN country ON true) AS j(a)",
     "SELECT j.a FROM ((SELECT * FROM \"User\" WHERE " Q("User", 1) ") u JOIN country ON true) AS j(a)"},
    {"SELECT 1 FROM (\"User\" u JOIN country ON u.ctid IS NULL) AS j WHERE j.id > 0",
     "SELECT 1 FROM ((\"User\" u JOIN (SELECT) AS partywall_w0 ON " Q("u", 1) ") JOIN country ON u.ctid IS NULL) AS j "
     "WHERE j.id > 0"},
    {"WITH c AS MATERIALIZED (SELECT id FROM \"User\") SELECT 1 FROM c WHERE 1 / id > 0",
     "WITH c AS MATERIALIZED (SELECT id FROM \"User\" WHERE " Q("User", 1) " OFFSET 0) SELECT 1 FROM c WHERE 1 / id > 0"},
    {"SELECT j.a FROM (\"User\" u JOIN country ON true) AS j(a) WHERE 1 / j.a > 0",
     "SELECT j.a FROM ((SELECT * FROM \"User\" WHERE " Q("User", 1) " OFFSET 0) u JOIN country ON true) AS j(a) "
     "WHERE 1 / j.a > 0"},
    /* every query has its own */
    {"SELECT (SELECT max(id) FROM \"User\") FROM country LIMIT (SELECT 1 FROM \"Workflow\" LIMIT 1)",
     "SELECT (SELECT max(id) FROM \"User\" WHERE " Q("User", 1) ") FROM country LIMIT "
     "(SELECT 1 FROM \"Workflow\" WHERE " Q("Workflow", 1) " LIMIT 1)"},
    {"SELECT id FROM \"User\" UNION (SELECT id FROM \"Workflow\" WHERE id < 3)",
     "SELECT id FROM \"User\" WHERE " Q("User", 1) " UNION (SELECT id FROM \"Workflow\" WHERE "
     Q("Workflow", 1) " AND (id < 3))"},
    {"SELECT id FROM \"User\" WHERE id IN (SELECT \"userId\" FROM \"Workflow\") AND level = 3",
     "SELECT id FROM \"User\" WHERE " Q("User", 1) " AND (id IN (SELECT \"userId\" FROM \"Workflow\" WHERE "
     Q("Workflow", 1) ") AND level = 3)"},
    /* names */
    {"WITH \"User\" AS (SELECT 1 AS one) SELECT one FROM \"User\"",
     "WITH \"User\" AS (SELECT 1 AS one) SELECT one FROM \"User\""},
    {"WITH \"User\" AS (SELECT 1) SELECT 1 FROM public.\"User\"",
     "WITH \"User\" AS (SELECT 1) SELECT 1 FROM public.\"User\" WHERE " Q("User", 1)},
    {"WITH \"User\" AS (SELECT id FROM \"User\") SELECT id FROM \"User\"",
     "WITH \"User\" AS (SELECT id FROM \"User\" WHERE " Q("User", 1) ") SELECT id FROM \"User\""},
    {"WITH \"User\" AS (SELECT 1) DELETE FROM \"User\"",
     "WITH \"User\" AS (SELECT 1) DELETE FROM \"User\" WHERE " Q("User", 1)},
    {"SELECT 1 FROM (WITH x AS (SELECT 1) SELECT 1 FROM x) q, x", "42P01"},
    {"SELECT 1 FROM other.public.\"User\"", "0A000"},
    {"SELECT 1 FROM pg_temp.\"User\"", "42P01"},
    {"SELECT 1 FROM \"user\"", "42P01"},
    {"SELECT 1 FROM wf_log", "42501"},
    {"SELECT 1 FROM workflow_names", "42501"},
    {"SELECT 1 FROM event_2024", "SELECT 1 FROM event_2024 WHERE " Q("event_2024", 1)},
    {"SELECT * INTO x FROM \"User\"", "42501"},
    {"SELECT 1 FROM country FOR UPDATE", "42501"},
    {"SELECT 1 FROM (SELECT * FROM country) c FOR SHARE", "42501"},
    /* leaky conditions */
    {"SELECT id FROM \"User\" WHERE id = 1 AND password ~ 'x'",
     "SELECT id FROM \"User\" WHERE " Q("User", 1) " AND (id = 1 AND CASE WHEN " Q("User", 1)
     " THEN (password ~ 'x') END)"},
    {"SELECT id FROM \"User\" WHERE (id BETWEEN 1 AND 2 AND (level = 1 AND 1/level = 1))",
     "SELECT id FROM \"User\" WHERE " Q("User", 1) " AND ((id BETWEEN 1 AND 2 AND (level = 1 AND CASE WHEN "
     Q("User", 1) " THEN (1/level = 1) END)))"},
    {"SELECT 1 FROM country c LEFT JOIN \"User\" u ON true WHERE u.password LIKE 'a%'",
     "SELECT 1 FROM country c LEFT JOIN \"User\" u ON " Q("u", 1) " AND (true) WHERE CASE WHEN (" Q("u", 1)
     " OR \"u\".\"tenantId\" IS NULL) THEN (u.password LIKE 'a%') END"},
    {"SELECT 1 FROM country c LEFT JOIN all_workflows l ON true WHERE l.name LIKE 'a%'", /* rows may be nobody's */
     "SELECT 1 FROM country c LEFT JOIN all_workflows l ON " Q("l", 1) " AND (true) WHERE CASE WHEN (" Q("l", 1)
     " OR \"l\".* IS NOT DISTINCT FROM NULL) THEN (l.name LIKE 'a%') END"},
    {"SELECT 1 FROM (SELECT password AS p FROM \"User\") s WHERE p::int = 1",
     "SELECT 1 FROM (SELECT password AS p FROM \"User\" WHERE " Q("User", 1) " OFFSET 0) s WHERE p::int = 1"},
    {"WITH s AS (SELECT password AS p FROM \"User\") SELECT 1 FROM s WHERE p::int = 1",
     "WITH s AS (SELECT password AS p FROM \"User\" WHERE " Q("User", 1) " OFFSET 0) SELECT 1 FROM s WHERE p::int = 1"},
    {"SELECT level FROM \"User\" GROUP BY level HAVING 1/level = 1",
     "SELECT level FROM \"User\" WHERE " Q("User", 1) " GROUP BY level HAVING CASE WHEN count(*) >= 0 THEN (1/level = 1) END"},
    {"SELECT 1 FROM all_workflows v WHERE v.id = 1",
     "SELECT 1 FROM all_workflows v WHERE " Q("v", 1) " AND (CASE WHEN " Q("v", 1) " THEN (v.id = 1) END)"},
    /* through a parent */
    {"SELECT id FROM step WHERE id = 1", "SELECT id FROM step WHERE " STEP(1) " AND (id = 1)"},
    {"INSERT INTO step VALUES (1, $1, 'b')",
     "INSERT INTO step VALUES (1, COALESCE((SELECT partywall_p0.\"id\" FROM ONLY \"public\".\"Workflow\" AS partywall_p0 "
     "WHERE partywall_p0.\"id\" OPERATOR(pg_catalog.=) ($1) AND \"partywall_p0\".\"tenantId\"" T(2)
     "), CASE WHEN ($1) IS NULL THEN NULL ELSE " NO_FLOW " END), 'b')"},
    {"INSERT INTO step(id, body) VALUES (1, 'b')", "INSERT INTO step(id, body) VALUES (1, 'b')"},
    {"UPDATE step SET \"workflowId\" = id + 1",
     "UPDATE step SET \"workflowId\" = CASE WHEN (id + 1)::integer IN " WF(1) " THEN (id + 1) WHEN (id + 1) IS NULL "
     "THEN NULL ELSE " NO_FLOW " END WHERE " STEP(1)},
    /* what may differ each time it is read is read once */
    {"UPDATE step SET \"workflowId\" = (random()*9)::int",
     "UPDATE step SET \"workflowId\" = " ONCE("(random()*9)::int", 1) " WHERE " STEP(1)},
    {"UPDATE step SET (body, \"workflowId\") = ROW ('b', (SELECT max(id) FROM \"Workflow\"))",
     "UPDATE step SET (body, \"workflowId\") = ROW ('b', " ONCE("(SELECT max(id) FROM \"Workflow\" WHERE "
     Q("Workflow", 1) ")", 1) ") WHERE " STEP(1)},
    {"UPDATE step SET (body, \"workflowId\") = (SELECT name, id FROM \"Workflow\")",
     "UPDATE step SET (body, \"workflowId\") = (SELECT name, CASE WHEN (id)::integer IN " WF(1) " THEN (id) WHEN (id) IS NULL "
     "THEN NULL ELSE " NO_FLOW " END FROM \"Workflow\" WHERE " Q("Workflow", 1) ") WHERE " STEP(1)},
    {"INSERT INTO step SELECT 1, max(random())::int, 'b'", "0A000"},
    /* rows of the parent that the same statement makes */
    {"WITH made(k) AS (INSERT INTO \"Workflow\" (id, name) VALUES (1, 'n') RETURNING id) "
     "INSERT INTO step SELECT 1, k, 'b' FROM made",
     "WITH made(k) AS (INSERT INTO \"Workflow\" (id, name, \"tenantId\") VALUES (1, 'n', $1::text) RETURNING id) "
     "INSERT INTO step SELECT 1, CASE WHEN (k)::integer IN " MADE(1) " THEN (k) WHEN (k) IS NULL THEN NULL ELSE " NO_FLOW
     " END, 'b' FROM made"},
    {"WITH made AS (INSERT INTO \"Workflow\" (id, name) VALUES (1, 'n') RETURNING id) "
     "INSERT INTO step WITH made AS (SELECT 60 AS id) SELECT 1, id, 'b' FROM made",
     "WITH made AS (INSERT INTO \"Workflow\" (id, name, \"tenantId\") VALUES (1, 'n', $1::text) RETURNING id) "
     "INSERT INTO step WITH made AS (SELECT 60 AS id) SELECT 1, CASE WHEN (id)::integer IN " WF(1) " THEN (id) WHEN (id) IS NULL "
     "THEN NULL ELSE (SELECT 'partywall:0A000:step:step_workflowId_fkey'::text)::int4 END, 'b' FROM made"},
    /* INSERT */
    {"INSERT INTO \"User\"(id,email,password) VALUES ($1,$2,$3),(DEFAULT,'a','b') RETURNING *",
     "INSERT INTO \"User\"(id,email,password, \"tenantId\") VALUES ($1,$2,$3, $4::text),(DEFAULT,'a','b', $4::text) RETURNING *"},
    {"INSERT INTO \"User\" VALUES (1,'a')",
     "INSERT INTO \"User\" (\"id\", \"email\", \"tenantId\") VALUES (1,'a', $1::text)"},
    {"INSERT INTO \"User\" AS u VALUES (1,'a')",
     "INSERT INTO \"User\" AS u (\"id\", \"email\", \"tenantId\") VALUES (1,'a', $1::text)"},
    {"INSERT INTO \"User\"(\"tenantId\", id) VALUES ($1, 1), (DEFAULT, 2)",
     "INSERT INTO \"User\"(\"tenantId\", id) VALUES (CASE WHEN ($1)" T(2) " THEN $2::text ELSE "
     NOT_MINE("User:tenantId") " END, 1), ($2::text, 2)"},
    {"INSERT INTO \"User\" DEFAULT VALUES", "INSERT INTO \"User\" (\"tenantId\") VALUES ($1::text)"},
    {"INSERT INTO \"User\"(id) SELECT DISTINCT 1 UNION ALL VALUES (2) UNION SELECT id x FROM \"User\"",
     "INSERT INTO \"User\"(id, \"tenantId\") SELECT DISTINCT 1, $1::text UNION ALL VALUES (2, $1::text) "
     "UNION SELECT id x, $1::text FROM \"User\" WHERE " Q("User", 1)},
    {"INSERT INTO \"User\"(id, \"tenantId\") SELECT 1, name AS t FROM country",
     "INSERT INTO \"User\"(id, \"tenantId\") SELECT 1, CASE WHEN (name)" T(1) " THEN $1::text ELSE "
     NOT_MINE("User:tenantId") " END AS t FROM country"},
    {"INSERT INTO \"Workflow\"(id,name,\"userId\") VALUES (1,'n',NULL)",
     "INSERT INTO \"Workflow\"(id,name,\"userId\", \"tenantId\") VALUES (1,'n',COALESCE((SELECT partywall_p0.\"id\" "
     "FROM ONLY \"public\".\"User\" AS partywall_p0 WHERE partywall_p0.\"id\" OPERATOR(pg_catalog.=) (NULL) AND "
     "\"partywall_p0\".\"tenantId\"" T(1) "), CASE WHEN (NULL) IS NULL THEN NULL ELSE " NO_USER " END), $1::text)"},
    {"INSERT INTO \"User\"(id) VALUES (1) ON CONFLICT (id) DO UPDATE SET level = 1 WHERE \"User\".id = 2 RETURNING id",
     "INSERT INTO \"User\"(id, \"tenantId\") VALUES (1, $1::text) ON CONFLICT (id) DO UPDATE SET level = 1 WHERE CASE WHEN "
     Q("User", 1) " THEN (\"User\".id = 2) ELSE (SELECT 'partywall:23505:User:'::text)::bool END RETURNING id"},
    {"INSERT INTO \"User\"(id) VALUES (1) ON CONFLICT (id) DO UPDATE SET level = excluded.level",
     "INSERT INTO \"User\"(id, \"tenantId\") VALUES (1, $1::text) ON CONFLICT (id) DO UPDATE SET level = excluded.level "
     "WHERE CASE WHEN " Q("User", 1) " THEN true ELSE (SELECT 'partywall:23505:User:'::text)::bool END"},
    {"INSERT INTO country VALUES ('x','y')", "42501"},
    {"INSERT INTO \"Tenant\"(id,name) VALUES ('x','y')", "42501"},
    {"INSERT INTO all_workflows VALUES (1)", "42501"},
    {"INSERT INTO \"User\" SELECT *, 1 FROM \"User\"", "42601"},
    {"INSERT INTO \"User\" SELECT u.*, 1 FROM country u", "INSERT INTO \"User\" (\"id\", \"email\", \"password\", \"tenantId\") "
     "SELECT u.*, 1, $1::text FROM country u"},
    {"INSERT INTO \"Workflow\" SELECT DISTINCT w.* FROM \"Workflow\" w, country",
     "INSERT INTO \"Workflow\" SELECT DISTINCT \"w\".\"id\", \"w\".\"name\", \"w\".\"config\", CASE WHEN (\"w\".\"userId\")::integer IN "
     "(SELECT partywall_p0.\"id\" FROM ONLY \"public\".\"User\" AS partywall_p0 WHERE \"partywall_p0\".\"tenantId\"" T(1)
     ") THEN (\"w\".\"userId\") WHEN (\"w\".\"userId\") IS NULL THEN NULL ELSE " NO_USER " END, CASE WHEN (\"w\".\"tenantId\")"
     T(1) " THEN $1::text ELSE " NOT_MINE("Workflow:tenantId") " END FROM \"Workflow\" w, country WHERE " Q("w", 1)},
    {"INSERT INTO api_key SELECT * FROM \"User\"", "42501"},
    {"INSERT INTO step SELECT * FROM generate_series(1,2)", "0A000"},
    {"INSERT INTO \"User\" SELECT WHERE false", "0A000"},
    {"INSERT INTO \"User\"(nope) VALUES (1)", "42703"},
    {"INSERT INTO \"User\" VALUES (1,2,3,4,5,6)", "42601"},
    /* UPDATE, DELETE, COPY */
    {"UPDATE \"User\" SET \"tenantId\" = 'x', level = 2 WHERE id = 1",
     "UPDATE \"User\" SET \"tenantId\" = CASE WHEN ('x')" T(1) " THEN $1::text ELSE " NOT_MINE("User:tenantId")
     " END, level = 2 WHERE " Q("User", 1) " AND (id = 1)"},
    {"UPDATE \"User\" SET \"tenantId\" = DEFAULT", "UPDATE \"User\" SET \"tenantId\" = $1::text WHERE " Q("User", 1)},
    {"UPDATE \"User\" SET (level, \"tenantId\") = (1, 'x')",
     "UPDATE \"User\" SET (level, \"tenantId\") = (1, CASE WHEN ('x')" T(1) " THEN $1::text ELSE "
     NOT_MINE("User:tenantId") " END) WHERE " Q("User", 1)},
    {"UPDATE \"User\" u SET (level, email) = (SELECT 1, w.name FROM \"Workflow\" w) FROM \"Workflow\" x RETURNING x.id",
     "UPDATE \"User\" u SET (level, email) = (SELECT 1, w.name FROM \"Workflow\" w WHERE " Q("w", 1)
     ") FROM \"Workflow\" x WHERE " Q("u", 1) " AND " Q("x", 1) " RETURNING x.id"},
    {"DELETE FROM \"User\" USING \"Workflow\" w WHERE w.id = \"User\".id",
     "DELETE FROM \"User\" USING \"Workflow\" w WHERE " Q("User", 1) " AND " Q("w", 1) " AND (w.id = \"User\".id)"},
    {"DELETE FROM api_key", "42501"},
    {"COPY \"User\"(id, email) TO STDOUT", "COPY (SELECT \"id\", \"email\" FROM ONLY \"User\" WHERE " Q("User", 1) ") TO STDOUT"},
    {"COPY public.country TO STDOUT CSV", "COPY (SELECT \"code\", \"name\" FROM ONLY public.country) TO STDOUT CSV"},
    {"COPY (SELECT id FROM \"User\") TO STDOUT", "COPY (SELECT id FROM \"User\" WHERE " Q("User", 1) ") TO STDOUT"},
    {"COPY BINARY country TO STDOUT", "COPY  (SELECT \"code\", \"name\" FROM ONLY country) TO STDOUT BINARY"},
    {"COPY BINARY country TO STDOUT WITH NULL AS 'x'",
     "COPY  (SELECT \"code\", \"name\" FROM ONLY country) TO STDOUT BINARY  NULL AS 'x'"},
    {"COPY country (code) TO STDOUT USING DELIMITERS ',' WITH NULL 'x' CSV HEADER",
     "COPY (SELECT \"code\" FROM ONLY country)  TO STDOUT DELIMITER ','  NULL 'x' CSV HEADER"},
    {"COPY country TO STDOUT DELIMITERS ','", "COPY (SELECT \"code\", \"name\" FROM ONLY country) TO STDOUT DELIMITER ','"},
    {"COPY country TO STDOUT DELIMITERS ',' (FORMAT csv)", "0A000"},
    {"COPY BINARY country TO STDOUT (FORMAT csv)", "42601"},
    {"COPY country TO STDOUT (ENCODING 'LATIN1')", "COPY (SELECT \"code\", \"name\" FROM ONLY country) TO STDOUT (ENCODING 'LATIN1')"},
    {"COPY country TO STDOUT (FORMAT csv, FORCE_QUOTE *)",
     "COPY (SELECT \"code\", \"name\" FROM ONLY country) TO STDOUT (FORMAT csv, FORCE_QUOTE *)"},
    {"COPY all_workflows TO STDOUT", "42809"},
    {"COPY event TO STDOUT", "42809"},
    {"COPY wf_log TO STDOUT", "42501"},
    {"COPY \"User\" TO '/tmp/x'", "42501"},
    {"COPY \"User\" FROM STDIN", "COPY \"User\" FROM STDIN WHERE CASE WHEN " Q("User", 1) " THEN true ELSE " NOT_IN_COPY "User:tenantId'::text)::bool END"},
    {"COPY \"User\" (id, email) FROM STDIN -- tail",
     "COPY \"User\" (\"tenantId\", id, email) FROM STDIN WHERE CASE WHEN " Q("User", 1) " THEN true ELSE " NOT_IN_COPY
     "User:tenantId'::text)::bool END"},
    {"COPY \"User\" (\"tenantId\", id) FROM STDOUT (FORMAT csv, FORCE_NULL (\"tenantId\")) WHERE id > 1 OR level < 2",
     "COPY \"User\" (\"tenantId\", id) FROM STDOUT (FORMAT csv, FORCE_NULL (\"tenantId\")) WHERE CASE WHEN " Q("User", 1)
     " THEN (id > 1 OR level < 2) ELSE " NOT_IN_COPY "User:tenantId'::text)::bool END"},
    {"COPY BINARY public.\"User\"(id)FROM STDIN WITH NULL AS 'where'WHERE\"User\".id=1",
     "COPY BINARY public.\"User\"(\"tenantId\", id)FROM STDIN WITH NULL AS 'where'WHERE CASE WHEN " Q("User", 1)
     " THEN (\"User\".id=1) ELSE " NOT_IN_COPY "User:tenantId'::text)::bool END"},
    {"COPY event (id, at) FROM STDIN", "COPY event (\"tenantId\", id, at) FROM STDIN WHERE CASE WHEN " Q("event", 1)
     " THEN true ELSE " NOT_IN_COPY "event:tenantId'::text)::bool END"},
    {"COPY step FROM STDIN", "COPY step FROM STDIN"},
    {"COPY step (id, body) FROM STDIN", "COPY step (id, body) FROM STDIN"}, /* 23502: it is NOT NULL */
    {"COPY country FROM STDIN", "42501"},
    {"COPY \"Tenant\" FROM STDIN", "42501"},
    {"COPY wf_log FROM STDIN", "42501"},
    {"COPY api_key FROM STDIN", "42501"},
    {"COPY all_workflows FROM STDIN", "42501"},
    {"COPY pg_class FROM STDIN", "42501"},
    {"COPY nope FROM STDIN", "42P01"},
    {"COPY \"User\" (nope) FROM STDIN", "42703"},
    {"COPY \"User\" FROM STDIN WHERE id = (SELECT 1)", "0A000"},
    {"COPY \"User\" FROM STDIN WHERE pg_read_file('x') = ''", "42501"},
    {"COPY \"User\" FROM STDIN (ENCODING 'utf-8')", "COPY \"User\" FROM STDIN (ENCODING 'utf-8') WHERE CASE WHEN " Q("User", 1)
     " THEN true ELSE " NOT_IN_COPY "User:tenantId'::text)::bool END"},
    {"COPY \"User\" FROM STDIN (ENCODING 'SJIS')", "22023"},
    {"COPY \"User\" FROM STDIN ENCODING 'utf8x'", "22023"},
    {"COPY \"User\" FROM STDIN (FORMAT xml)", "22023"},
    {"COPY \"User\" FROM STDIN (FORMAT csv, FORMAT text)", "42601"},
    {"COPY \"User\" FROM STDIN (DEFAULT 'x')", "42601"},
    {"COPY \"User\" FROM STDIN (\"FORMAT\" csv)", "42601"},
    {"COPY \"User\" FROM STDIN (HEADER maybe)", "42601"},
    {"COPY \"User\" FROM STDIN (DELIMITER 'a')", "22023"},
    {"COPY \"User\" FROM STDIN (DELIMITER '||')", "0A000"},
    {"COPY \"User\" FROM STDIN CSV QUOTE ','", "22023"},
    {"COPY \"User\" (id) FROM STDIN CSV QUOTE '\\'", "0A000"},
    {"COPY \"User\" (id) FROM STDIN CSV FORCE NOT NULL \"tenantId\"", "42P10"},
    {"COPY \"User\" (id) FROM STDIN (FORMAT csv, FORCE_NULL (id, \"tenantId\"))", "42P10"},
    /* what hides in odd lexis */
    {"SELECT 1 FROM \"User\" AS \"WHERE\" /* WHERE */ ORDER /**/ BY 1",
     "SELECT 1 FROM \"User\" AS \"WHERE\" WHERE " Q("WHERE", 1) " /* WHERE */ ORDER /**/ BY 1"},
    {"SELECT 1 AS from FROM \"User\" x WHERE x.id IS DISTINCT FROM 2",
     "SELECT 1 AS from FROM \"User\" x WHERE " Q("x", 1) " AND (x.id IS DISTINCT FROM 2)"},
    {"SELECT 1 FROM (ROWS FROM (generate_series(1, 2)) AS f JOIN \"User\" x ON true) ORDER BY 1",
     "SELECT 1 FROM (ROWS FROM (generate_series(1, 2)) AS f JOIN \"User\" x ON true) WHERE " Q("x", 1) " ORDER BY 1"},
    {"SELECT U&'a!0041' /* ' */ UESCAPE --\n '!', U&\"!0069d\" -- \"\n uescape/**/'!' FROM \"User\" x",
     "SELECT U&'a!0041' /* ' */ UESCAPE --\n '!', U&\"!0069d\" -- \"\n uescape/**/'!' FROM \"User\" x WHERE " Q("x", 1)},
    {"SELECT 1 AS uescape FROM \"User\" x WHERE 'a' --\n = 'b'", "SELECT 1 AS uescape FROM \"User\" x WHERE " Q("x", 1) " AND ('a' --\n = 'b')"},
    {"SELECT 'a' /* no */\n 'b'", "42601"},
    {"SELECT 1 FROM \"User\" x WHERE x.id NOT /* IN */ IN ('a') AND x.id NOT --\n LIKE 'b'",
     "SELECT 1 FROM \"User\" x WHERE " Q("x", 1) " AND (x.id NOT /* IN */ IN ('a') AND CASE WHEN " Q("x", 1)
     " THEN (x.id NOT --\n LIKE 'b') END)"},
    {"SELECT 1 FROM \"User\" x ORDER BY x.id NULLS/**/FIRST",
     "SELECT 1 FROM \"User\" x WHERE " Q("x", 1) " ORDER BY x.id NULLS/**/FIRST"},
    {"SELECT s.t FROM (SELECT x.\"tenantId\" FROM \"User\" x) s(t) GROUP BY ROLLUP (s.t) ORDER BY 1 DESC",
     "SELECT s.t FROM (SELECT x.\"tenantId\" FROM \"User\" x WHERE " Q("x", 1) " OFFSET 0) s(t)"
     " GROUP BY ROLLUP (s.t) ORDER BY 1 DESC"},
    {"SELECT 1 FROM country GROUP BY ROLLUP (id) ORDER BY (TABLE ONLY \"User\")",
     "SELECT 1 FROM country GROUP BY ROLLUP (id) ORDER BY (SELECT * FROM (SELECT * FROM ONLY \"User\" WHERE "
     Q("User", 1) " OFFSET 0) AS \"User\")"},
    {"SELECT rows FROM (country CROSS JOIN LATERAL ROWS FROM (generate_series(1, 2)) AS rows CROSS JOIN \"User\" x)",
     "SELECT rows FROM (country CROSS JOIN LATERAL ROWS FROM (generate_series(1, 2)) AS rows CROSS JOIN \"User\" x)"
     " WHERE " Q("x", 1)},
    {"SELECT 1 FROM \"User\" \"a\"\"b\"", "SELECT 1 FROM \"User\" \"a\"\"b\" WHERE " Q("a\"\"b", 1)},
    {"SELECT 1 FROM \"User\" x WHERE!x.id='a'AND!x.level='b'ORDER BY 1",
     "SELECT 1 FROM \"User\" x WHERE " Q("x", 1) " AND (CASE WHEN " Q("x", 1) " THEN (!x.id='a') END AND CASE WHEN "
     Q("x", 1) " THEN (!x.level='b') END)ORDER BY 1"},
    {"SELECT 1 FROM u&\"\\0055ser\" x", "SELECT 1 FROM u&\"\\0055ser\" x WHERE " Q("x", 1)},
    {"SELECT $65536", "42P02"},
    {"SELECT $0", "42P02"},
    {"SELECT (SELECT", "42601"},
    /* MERGE */
    {"MERGE INTO \"User\" u USING \"Workflow\" AS w ON u.id = w.id WHEN MATCHED AND CASE WHEN true THEN true END "
     "THEN UPDATE SET \"tenantId\" = 'x', level = CASE WHEN true THEN 1 END WHEN NOT MATCHED THEN INSERT (id, email) VALUES (w.id, 'e')",
     "MERGE INTO \"User\" u USING (SELECT * FROM \"Workflow\" WHERE " Q("Workflow", 1) ") AS w ON " Q("u", 1)
     " AND (u.id = w.id) WHEN MATCHED AND CASE WHEN true THEN true END THEN UPDATE SET \"tenantId\" = CASE WHEN ('x')"
     T(1) " THEN $1::text ELSE " NOT_MINE("User:tenantId") " END, level = CASE WHEN true THEN 1 END WHEN NOT MATCHED "
     "THEN INSERT (id, email, \"tenantId\") VALUES (w.id, 'e', $1::text)"},
    {"MERGE INTO \"User\" u USING country c ON u.email = c.code WHEN NOT MATCHED THEN INSERT DEFAULT VALUES",
     "MERGE INTO \"User\" u USING country c ON " Q("u", 1) " AND (u.email = c.code) WHEN NOT MATCHED THEN "
     "INSERT (\"tenantId\") VALUES ($1::text)"},
    {"MERGE INTO \"User\" u USING country c ON 1/u.level = 1 WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN "
     "INSERT VALUES (1, c.code)",
     "MERGE INTO \"User\" u USING country c ON " Q("u", 1) " AND (CASE WHEN " Q("u", 1) " THEN (1/u.level = 1) END) "
     "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (\"id\", \"email\", \"tenantId\") VALUES (1, c.code, $1::text)"},
    {"MERGE INTO \"User\" u USING country c ON true WHEN NOT MATCHED THEN INSERT (id, \"tenantId\") VALUES (1, c.code)",
     "MERGE INTO \"User\" u USING country c ON " Q("u", 1) " AND (true) WHEN NOT MATCHED THEN INSERT (id, \"tenantId\") "
     "VALUES (1, CASE WHEN (c.code)" T(1) " THEN $1::text ELSE " NOT_MINE("User:tenantId") " END)"},
    {"MERGE INTO country c USING \"User\" u ON true WHEN MATCHED THEN DELETE", "42501"},
};

/* What is read of a COPY FROM STDIN beside its text. */
static const struct copy_row {
    const char *sql;
    bool fills;
    struct copy_format format;
    const char *check; /* a part of it; NULL: there is none */
} copy_rows[] = {
    {"COPY \"User\" FROM STDIN", false, {0}, NULL},
    {"COPY \"User\" (id) FROM STDIN", true, {COPY_TEXT, COPY_NO_HEADER, '\t', '"', '"'}, NULL},
    {"COPY \"User\" (id) FROM STDIN (DELIMITER '|', HEADER)", true, {COPY_TEXT, COPY_HEADER, '|', '"', '"'}, NULL},
    {"COPY \"User\" (id) FROM STDIN CSV HEADER QUOTE AS ''''", true, {COPY_CSV, COPY_HEADER, ',', '\'', '\''}, NULL},
    {"COPY \"User\" (id) FROM STDIN (FORMAT csv, DELIMITER 1, HEADER Match, ESCAPE '\\')", true,
     {COPY_CSV, COPY_HEADER_MATCH, '1', '"', '\\'}, NULL},
    {"COPY \"User\" (id) FROM STDIN (HEADER off)", true, {COPY_TEXT, COPY_NO_HEADER, '\t', '"', '"'}, NULL},
    {"COPY BINARY \"User\" (id) FROM STDIN", true, {COPY_BINARY, COPY_NO_HEADER, '\t', '"', '"'}, NULL},
    {"COPY \"User\" (id) FROM STDIN DELIMITERS ';'", true, {COPY_TEXT, COPY_NO_HEADER, ';', '"', '"'}, NULL},
    {"COPY \"Workflow\" (id, name) FROM STDIN", true, {COPY_TEXT, COPY_NO_HEADER, '\t', '"', '"'}, NULL},
    {"COPY \"Workflow\" FROM STDIN", false, {0},
     "SELECT CASE WHEN EXISTS (SELECT 1 FROM \"public\".\"Workflow\" AS partywall_c WHERE \"partywall_c\".\"tenantId\"" T(1)
     " AND partywall_c.\"userId\" IS NOT NULL AND CASE WHEN "},
    {"COPY \"Workflow\" (id, \"userId\") FROM STDIN", true, {COPY_TEXT, COPY_NO_HEADER, '\t', '"', '"'},
     " AND NOT EXISTS (SELECT 1 FROM ONLY \"public\".\"User\" AS partywall_p0 WHERE partywall_p0.\"id\" OPERATOR(pg_catalog.=) "
     "partywall_c.\"userId\" AND \"partywall_p0\".\"tenantId\"" T(1) ")) THEN " NO_USER " END"},
    {"COPY step FROM STDIN", false, {0},
     " AND NOT EXISTS (SELECT 1 FROM ONLY \"public\".\"Workflow\" AS partywall_p0 WHERE partywall_p0.\"id\" "
     "OPERATOR(pg_catalog.=) partywall_c.\"workflowId\" AND \"partywall_p0\".\"tenantId\"" T(1)
     ")) THEN (SELECT 'partywall:23503:step:step_workflowId_fkey'::text)::int4 END"},
};

static struct decision *decide(const struct fixture *f, const char *sql, bool confined)
{
    struct policy_request req = {.rules = &f->rules,
                                 .catalog = f->catalog,
                                 .confined = confined,
                                 .sql = {sql, strlen(sql)}};
    struct err err;
    struct decision *d = policy_decide(NULL, &req, &err);
    assert_non_null(d);
    return d;
}

static int check(const struct fixture *f, const struct row *row)
{
    struct decision *d = decide(f, row->sql, true);
    const struct plan *p = d->plans[0];
    const char *got = p->refused ? p->err->sqlstate : p->text;
    int bad = strcmp(got, row->want) != 0;
    if (bad)
        print_error("%s\n  want %s\n  got  %s (%s)\n", row->sql, row->want, got,
                    p->refused ? p->err->message : "");
    decision_unref(d);
    return bad;
}

static void test_golden(void **state)
{
    (void)state;
    int bad = 0;
    struct fixture f = {0};
    fixture_attacks(&f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        bad += check(&f, &rows[i]);
    fixture_release(&f);
    assert_int_equal(bad, 0);
}

static bool same_format(const struct copy_format *a, const struct copy_format *b)
{
    return a->kind == b->kind && a->header == b->header && a->delimiter == b->delimiter &&
           a->quote == b->quote && a->escape == b->escape;
}

static void assert_copy(const struct copy_row *row, const struct plan *p)
{
    assert_false(p->refused);
    assert_true(p->literal);
    assert_non_null(p->copy);
    assert_int_equal(p->copy->fills, row->fills);
    if (row->fills) {
        assert_true(same_format(&p->copy->format, &row->format));
        assert_string_equal(p->copy->column, "tenantId");
        assert_int_equal(p->copy->type_oid, 25);
    }
    assert_int_equal(p->copy->check != NULL, row->check != NULL);
    if (row->check) {
        assert_non_null(strstr(p->copy->check->text, row->check));
        assert_true(p->copy->check->nplaces > 0);
    }
}

static void test_copy_in(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_attacks(&f);
    for (size_t i = 0; i < sizeof copy_rows / sizeof *copy_rows; i++) {
        struct decision *d = decide(&f, copy_rows[i].sql, true);
        assert_copy(&copy_rows[i], d->plans[0]);
        decision_unref(d);
    }
    struct decision *d = decide(&f, "COPY \"User\" FROM STDIN", false); /* an owner's */
    assert_non_null(d->plans[0]->copy);
    assert_false(d->plans[0]->copy->fills);
    assert_string_equal(d->plans[0]->text, "COPY \"User\" FROM STDIN");
    decision_unref(d);
    fixture_release(&f);
}

/* The places are the hidden parameter and nothing else, and a literal stays one. */
static void test_places(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_attacks(&f);
    struct decision *d = decide(&f, "SELECT '$2', $1, id FROM \"User\" WHERE id = $1", true);
    const struct plan *p = d->plans[0];
    assert_true(p->hidden);
    assert_int_equal(p->nparams, 1);
    assert_int_equal(p->nplaces, 1);
    struct buf b;
    buf_init(&b, 4096);
    plan_text_literal(p, (struct slice){"o'b\\c", 5}, &b);
    buf_append(&b, "", 1);
    assert_string_equal(buf_peek(&b).data,
                        "SELECT '$2', $1, id FROM \"User\" WHERE \"User\".\"tenantId\" "
                        "OPERATOR(pg_catalog.=)  E'o''b\\\\c'::text AND (id = $1)");
    buf_release(&b);
    decision_unref(d);
    fixture_release(&f);
}

static void test_statements(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_attacks(&f);
    static const char sql[] = ";; SELECT 1 -- one\n ; BEGIN; DELETE FROM country; /* x */ SELECT 2 /* y */ ;";
    struct decision *d = decide(&f, sql, true);
    assert_int_equal(d->nplans, 4);
    assert_string_equal(d->plans[0]->text, "SELECT 1");
    assert_int_equal(d->plans[0]->class, PLAN_READ);
    assert_int_equal(d->plans[1]->class, PLAN_BEGIN);
    assert_true(d->plans[2]->refused);
    assert_int_equal(d->plans[2]->err->position, 42);
    assert_string_equal(d->plans[3]->text, "SELECT 2");
    assert_memory_equal(sql + d->plans[3]->source_offset, "SELECT 2", d->plans[3]->source_len);
    decision_unref(d);

    d = decide(&f, " -- nothing\n ; ", true);
    assert_int_equal(d->nplans, 1);
    assert_int_equal(d->plans[0]->class, PLAN_EMPTY);
    decision_unref(d);

    d = decide(&f, "SELECT 'é', * FROM nowhere", true);
    assert_int_equal(d->plans[0]->err->position, 20); /* in characters */
    decision_unref(d);

    d = decide(&f, "SELECT * FROM \"User\" u FOR UPDATE", true);
    assert_int_equal(d->plans[0]->class, PLAN_WRITE);
    decision_unref(d);

    d = decide(&f, "SELECT * FROM \"User\" WHERE id = $1; DROP TABLE \"User\"", false);
    assert_int_equal(d->nplans, 2);
    assert_string_equal(d->plans[0]->text, "SELECT * FROM \"User\" WHERE id = $1");
    assert_int_equal(d->plans[0]->nparams, 1);
    assert_false(d->plans[0]->hidden);
    assert_int_equal(d->plans[1]->class, PLAN_DDL);
    decision_unref(d);
    fixture_release(&f);
}

/* Names that try to break out of quotes, and one as long as names can be. */
static void test_hostile_names(void **state)
{
    (void)state;
    static char table[] = "a\"b'c\\d$1--/*é;", tenant[] = "te\"n'a\\nt$2\n", parent[] = "p'\"\\:p";
    static char longest[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    struct catalog *c = catalog_new();
    struct catalog_column columns[] = {
        {.name = longest, .type_name = "text", .type_oid = 25, .typmod = -1, .attnum = 1},
        {.name = tenant, .type_name = "text", .type_oid = 25, .typmod = -1, .attnum = 2},
    };
    const int16_t key[] = {1};
    const char *const keys[] = {longest};
    struct catalog_relation *r = catalog_add_relation(c, 1, "public", parent, 'r');
    catalog_add_column(r, &columns[0]);
    catalog_add_column(r, &columns[1]);
    r = catalog_add_relation(c, 2, "public", table, 'r');
    catalog_add_column(r, &columns[0]);
    catalog_add_column(r, &columns[1]);
    catalog_add_foreign_key(r, "f'k\"\\", key, "public", parent, keys, 1);
    struct err err;
    assert_int_equal(catalog_seal(c, &err), 0);
    struct fixture f = {.catalog = c, .rules = rules_default};
    f.rules.tenant_column = tenant;
    static const char *const sqls[] = {
        "SELECT * FROM \"a\"\"b'c\\d$1--/*é;\" WHERE $1 = 'x' OR 1/length($2) = 1",
        "SELECT * FROM \"a\"\"b'c\\d$1--/*é;\" FULL JOIN \"p'\"\"\\:p\" USING (x)",
        "INSERT INTO \"a\"\"b'c\\d$1--/*é;\" VALUES ($1), ('b')",
        "INSERT INTO \"a\"\"b'c\\d$1--/*é;\" VALUES ($1, $2) ON CONFLICT (xx) DO UPDATE SET xx = 1",
        "UPDATE \"a\"\"b'c\\d$1--/*é;\" SET \"te\"\"n'a\\nt$2\n\" = $1",
        "COPY \"a\"\"b'c\\d$1--/*é;\" TO STDOUT",
    };
    for (size_t i = 0; i < sizeof sqls / sizeof *sqls; i++) {
        struct decision *d = decide(&f, sqls[i], true);
        const struct plan *p = d->plans[0];
        if (p->refused && strcmp(p->err->sqlstate, "42703") != 0)
            print_error("%s\n  %s %s\n", sqls[i], p->err->sqlstate, p->err->message);
        assert_true(!p->refused || !strcmp(p->err->sqlstate, "42703"));
        assert_true(p->refused || p->nplaces > 0);
        decision_unref(d);
    }
    catalog_unref(c);
}

/* comment -> step -> flow, whose tenant is an integer; note refers to comment by a key. */
static void test_chain(void **state)
{
    (void)state;
    struct fixture f = {.catalog = catalog_new(), .rules = rules_default, .next_oid = 100};
    static struct rule_table tables[] = {
        {.name = "comment", .kind = RULE_THROUGH, .through_column = "step", .parent_table = "step",
         .parent_column = "id"},
        {.name = "dated", .kind = RULE_SCOPED, .tenant_column = "org"},
        {.name = "flow", .kind = RULE_SCOPED, .tenant_column = "org"},
        {.name = "loop", .kind = RULE_THROUGH, .through_column = "id", .parent_table = "loop",
         .parent_column = "id"},
        {.name = "note", .kind = RULE_SCOPED, .tenant_column = "org"},
        {.name = "pair", .kind = RULE_SCOPED, .tenant_column = "org"},
        {.name = "step", .kind = RULE_THROUGH, .through_column = "flow", .parent_table = "flow",
         .parent_column = "id"},
        {.name = "stray", .kind = RULE_THROUGH, .through_column = "id", .parent_table = "step",
         .parent_column = "flow"}, /* no key: another tenant's row may have the same */
        {.name = "wide", .kind = RULE_SCOPED, .tenant_column = "org"},
    };
    f.rules.tables = tables;
    f.rules.ntables = sizeof tables / sizeof *tables;
    fixture_primary(fixture_table(&f, "flow", 'r', "id int4 n, org int4 n"), "flow_pkey", 1);
    fixture_primary(fixture_table(&f, "step", 'r', "id int4 n, flow int4 n"), "step_pkey", 1);
    fixture_primary(fixture_table(&f, "comment", 'r', "id uuid n, step int4 n"), "comment_pkey", 1);
    fixture_primary(fixture_table(&f, "loop", 'r', "id int4 n"), "loop_pkey", 1);
    fixture_table(&f, "stray", 'r', "id int4 n, flow int4 n");
    struct catalog_relation *note =
        fixture_table(&f, "note", 'r', "id int4 n, org int4 n, about uuid");
    fixture_foreign(note, "note_about", 3, "comment");
    struct catalog_relation *wide =
        fixture_table(&f, "wide", 'r', "id int4 n, org int4 n, up int8");
    fixture_foreign(wide, "wide_up", 3, "flow");
    struct catalog_relation *pair =
        fixture_table(&f, "pair", 'r', "id int4 n, org int4 n, a int4, b date");
    const char *keys[] = {"id", "day"};
    catalog_add_foreign_key(pair, "pair_fkey", (const int16_t[]){3, 4}, "public", "dated", keys, 2);
    fixture_table(&f, "dated", 'r', "id int4 n, day date n, org int4 n");
    struct err err;
    assert_int_equal(catalog_seal(f.catalog, &err), 0);
    static const struct row chain[] = {
        {"UPDATE pair AS x SET b = $1",
         "UPDATE pair AS x SET b = CASE WHEN ((\"x\".\"a\")::integer, ($1)::date) IN (SELECT partywall_p0.\"id\", partywall_p0.\"day\" "
         "FROM ONLY \"public\".\"dated\" AS partywall_p0 WHERE \"partywall_p0\".\"org\" OPERATOR(pg_catalog.=) $2::int4) "
         "THEN ($1) WHEN (\"x\".\"a\") IS NULL THEN ($1) WHEN ($1) IS NULL THEN NULL ELSE CASE WHEN "
         "(SELECT 'partywall:23503:pair:pair_fkey'::text)::bool THEN NULL::date END END WHERE \"x\".\"org\" "
         "OPERATOR(pg_catalog.=) $2::int4"},
        {"INSERT INTO pair(id, b, a) VALUES (1, $1, random())", "0A000"},
        {"INSERT INTO pair(id, b, a) VALUES (1, DEFAULT, $1)",
         "INSERT INTO pair(id, b, a, \"org\") VALUES (1, DEFAULT, $1, $2::int4)"},
        {"INSERT INTO pair(id, a) VALUES (1, 2)",
         "INSERT INTO pair(id, a, \"org\") VALUES (1, 2, $1::int4)"},
        {"SELECT 1 FROM comment c",
         "SELECT 1 FROM comment c WHERE \"c\".\"step\" IN (SELECT partywall_p0.\"id\" FROM ONLY \"public\".\"step\" AS "
         "partywall_p0 WHERE \"partywall_p0\".\"flow\" IN (SELECT partywall_p1.\"id\" FROM ONLY \"public\".\"flow\" AS "
         "partywall_p1 WHERE \"partywall_p1\".\"org\" OPERATOR(pg_catalog.=) $1::int4))"},
        {"INSERT INTO note(id, about, org) VALUES (1, $1, 7)",
         "INSERT INTO note(id, about, org) VALUES (1, COALESCE((SELECT partywall_p0.\"id\" FROM ONLY \"public\".\"comment\" AS "
         "partywall_p0 WHERE partywall_p0.\"id\" OPERATOR(pg_catalog.=) ($1) AND \"partywall_p0\".\"step\" IN (SELECT "
         "partywall_p1.\"id\" FROM ONLY \"public\".\"step\" AS partywall_p1 WHERE \"partywall_p1\".\"flow\" IN (SELECT "
         "partywall_p2.\"id\" FROM ONLY \"public\".\"flow\" AS partywall_p2 WHERE \"partywall_p2\".\"org\" "
         "OPERATOR(pg_catalog.=) $2::int4))), CASE WHEN ($1) IS NULL THEN NULL ELSE (SELECT "
         "'partywall:23503:note:note_about'::text)::uuid END), CASE WHEN (7) OPERATOR(pg_catalog.=) $2::int4 THEN "
         "$2::int4 ELSE (SELECT 'partywall:42501:note:org'::text)::int4 END)"},
        {"UPDATE wide SET up = $1", "UPDATE wide SET up = CASE WHEN EXISTS (SELECT partywall_v.v FROM (VALUES "
         "(($1)::bigint)) AS partywall_v(v) WHERE partywall_v.v IS NOT NULL AND NOT EXISTS (SELECT partywall_p0.\"id\" "
         "FROM ONLY \"public\".\"flow\" AS partywall_p0 WHERE partywall_p0.\"id\" OPERATOR(pg_catalog.=) "
         "(partywall_v.v) AND \"partywall_p0\".\"org\" OPERATOR(pg_catalog.=) $2::int4)) THEN (SELECT "
         "'partywall:23503:wide:wide_up'::text)::int8 ELSE ($1) END WHERE \"wide\".\"org\" OPERATOR(pg_catalog.=) "
         "$2::int4"},
        {"SELECT 1 FROM loop", "0A000"},
        {"SELECT 1 FROM stray", "42501"},
    };
    int bad = 0;
    for (size_t i = 0; i < sizeof chain / sizeof *chain; i++)
        bad += check(&f, &chain[i]);
    assert_int_equal(bad, 0);
    catalog_unref(f.catalog);
}

static int position_of(const char *text, const char *what)
{
    int n = 1;
    for (const char *at = strstr(text, what); text < at; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* An error's position in what was sent is one in what the client wrote. */
static void test_positions(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_attacks(&f);
    static const char sql[] = "SELECT 'é'; SELECT 'é', nope FROM \"User\" u LEFT JOIN \"Workflow\" w ON "
                              "u.id = w.idd WHERE u.level = 'ä' AND other";
    struct decision *d = decide(&f, sql, true);
    const struct plan *p = d->plans[1];
    const struct slice tenant = {"öö'", 5};
    struct buf b;
    buf_init(&b, 4096);
    plan_text_literal(p, tenant, &b);
    buf_append(&b, "", 1);
    static const char *const words[] = {"nope", "w.idd", "other", "'ä'"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        int want = position_of(sql, words[i]);
        assert_int_equal(plan_source_position(p, NULL, position_of(p->text, words[i])), want);
        assert_int_equal(
            plan_source_position(p, &tenant, position_of(buf_peek(&b).data, words[i])), want);
    }
    assert_int_equal(plan_source_position(p, NULL, 0), 0);
    int inside = plan_source_position(p, NULL, position_of(p->text, "OPERATOR"));
    assert_int_equal(inside, position_of(sql, "u.id = "));
    buf_release(&b);
    decision_unref(d);
    fixture_release(&f);
}

/* What a refusal says. */
static void test_hints(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_attacks(&f);
    struct decision *d = decide(&f, "DELETE FROM country", true);
    assert_non_null(strstr(d->plans[0]->err->hint, "rule policy.tables.country, "));
    decision_unref(d);
    static const struct {
        const char *sql, *rule;
    } rules[] = {
        {"SELECT * FROM wf_log", "rule policy.unlisted_tables, "},
        {"SELECT pg_sleep(1)", "rule policy.functions, "},
        {"SET work_mem = '8GB'", "rule policy.settings.allow, "},
        {"CREATE TABLE x (a int)", "rule policy, "},
        {"SELECT JSON_OBJECT('a' VALUE 1)", "PostgreSQL 15"}, /* of version 16 */
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        d = decide(&f, rules[i].sql, true);
        assert_non_null(strstr(d->plans[0]->err->hint, rules[i].rule));
        decision_unref(d);
    }
    f.rules.hints = false;
    d = decide(&f, "DELETE FROM country", true);
    assert_string_equal(d->plans[0]->err->hint, "");
    decision_unref(d);
    fixture_release(&f);
}

static void test_markers(void **state)
{
    (void)state;
    struct err err;
    assert_true(policy_check_failed(
        "invalid input syntax for type integer: \"partywall:23503:step:step_fk\"", &err));
    assert_string_equal(err.sqlstate, "23503");
    assert_string_equal(err.constraint, "step_fk");
    assert_string_equal(err.table, "step");
    assert_true(policy_check_failed("x \"partywall:42501:User:tenantId\"", &err));
    assert_string_equal(err.message,
                        "value of column \"tenantId\" of relation \"User\" is not the session's tenant");
    assert_true(policy_check_failed("x \"partywall:23505:User:\"", &err));
    assert_string_equal(err.sqlstate, "23505");
    assert_false(policy_check_failed("invalid input syntax for type integer: \"x\"", &err));
    assert_false(policy_check_failed("partywall:", &err));
    assert_false(policy_check_failed("partywall:2350", &err));
    assert_false(policy_check_failed("partywall:99999:a:b", &err));
    assert_false(policy_check_failed("partywall:23505:a", &err));
}

static void run(void *arg)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden), cmocka_unit_test(test_copy_in), cmocka_unit_test(test_places),
        cmocka_unit_test(test_statements), cmocka_unit_test(test_positions), cmocka_unit_test(test_hostile_names), cmocka_unit_test(test_chain),
        cmocka_unit_test(test_hints),
        cmocka_unit_test(test_markers),
    };
    *(int *)arg = cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    int failed = -1;
    deep_stack_run(run, &failed);
    return failed;
}
