// node-pg.  usage: node pg.mjs DATABASE_URL
import pg from "pg";
import Cursor from "pg-cursor";
import QueryStream from "pg-query-stream";
import { say, step, url } from "./transcript.mjs";

const config = { connectionString: url, application_name: "app pg ü", statement_timeout: 23456, lock_timeout: 1000, idle_in_transaction_session_timeout: 20000 };
const c = new pg.Client(config);
await c.connect();
const rows = async (...q) => (await c.query(...q)).rows;
const all = (text) => ({ text, rowMode: "array" });

for (const name of ["application_name", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "client_encoding", "standard_conforming_strings"])
  await step(name, async () => Object.values((await rows(`SHOW ${name}`))[0]));
const o = new pg.Client({ connectionString: url, options: "-c statement_timeout=12345 -c DateStyle=German\\,\\ DMY" });
await o.connect();
await step("options", async () => [(await o.query("SHOW statement_timeout")).rows, (await o.query("SHOW datestyle")).rows]);
await o.query("SET statement_timeout = 1; RESET statement_timeout");
await step("reset", async () => (await o.query("SHOW statement_timeout")).rows);
await step("reset in one", async () => (await o.query("SET statement_timeout = 99; RESET statement_timeout; SHOW statement_timeout")).map((r) => r.rows));
await step("reset in a transaction", async () => {
  await o.query("BEGIN");
  await o.query("SET statement_timeout = 5000");
  await o.query("RESET statement_timeout");
  const first = (await o.query("SHOW statement_timeout")).rows;
  await o.query("SET LOCAL statement_timeout = 6000");
  await o.query("SET LOCAL statement_timeout TO DEFAULT");
  const second = (await o.query("SHOW statement_timeout")).rows;
  await o.query("ROLLBACK");
  return [first, second];
});
await step("reset all", async () => {
  await o.query("SET extra_float_digits = 0");
  await o.query("RESET ALL");
  return [(await o.query("SHOW statement_timeout")).rows, (await o.query("SHOW extra_float_digits")).rows];
});
await o.end();
await step("fields", async () => {
  const r = await c.query('SELECT * FROM "User" ORDER BY id LIMIT 1');
  return [r.command, r.rowCount, r.fields.map((f) => [f.name, f.columnID, f.dataTypeID, f.format]), r.rows];
});
await step("array rows", () => rows(all("SELECT n, v FROM item WHERE app = 'seed' AND n < 3 ORDER BY n")));
await step("binary", () => rows({ text: "SELECT id, level FROM \"User\" WHERE id = $1", values: ["u1"], binary: true }));
await step("parameters", () => rows("SELECT $1::text AS t, $2::int AS i, $3::jsonb AS j, $4::int[] AS a, $5::timestamptz AS d, $6::bytea AS b", ["ü", 1, { a: 1 }, [1, null], new Date(0), Buffer.from("x")]));
for (let i = 0; i < 3; i++) await step(`named ${i}`, () => rows({ name: "by-n", text: "SELECT v FROM item WHERE app = $1 AND n = $2", values: ["seed", i + 1] }));
await step("same name, other text", () => rows({ name: "by-n", text: "SELECT 2", values: [] }).catch((e) => e.message));
await step("named insert", () => rows({ name: "ins", text: 'INSERT INTO item (app, n, v) VALUES ($1, $2, $3) RETURNING n, "tenantId"', values: ["pg", 1, "a"] }));
await step("deallocate", () => c.query("DEALLOCATE \"by-n\"").then((r) => r.command));
await step("sql prepare", async () => {
  await c.query("PREPARE sp (int) AS SELECT v FROM item WHERE app = 'seed' AND n = $1");
  const got = await rows("EXECUTE sp (4)");
  await c.query("DEALLOCATE sp");
  return got;
});
await step("deallocate all", () => c.query("DEALLOCATE ALL").then((r) => r.command));
await step("several", async () => (await c.query("SELECT 1 AS a; UPDATE item SET v = 'm' WHERE app = 'pg'; SELECT v FROM item WHERE app = 'pg'; ;")).map((r) => [r.command, r.rowCount, r.rows]));
await step("several, one fails", () => c.query("INSERT INTO item (app, n) VALUES ('several', 1); SELECT 1/0; INSERT INTO item (app, n) VALUES ('several', 2)"));
await step("nothing of them", () => rows("SELECT count(*) FROM item WHERE app = 'several'"));
await step("several with a transaction", async () => (await c.query("BEGIN; INSERT INTO item (app, n) VALUES ('several', 1); COMMIT; SELECT count(*) FROM item WHERE app = 'several'")).map((r) => r.command));
await step("empty", async () => [await rows(""), await rows("-- a comment"), await rows(";"), await rows("/* ping */")]);
await step("dollars and comments", () => rows(`SELECT $$a;b$$ AS a, 'x''; -- y' AS b, E'\\'\\n' AS c /* ; /* nested */ */ -- end
  , "n" FROM item WHERE app = 'seed' AND n = 1`));
await step("jsonb strings", () => rows(`SELECT config -> 'tags' ->> 0 AS tag, config ? 'every' AS has FROM "Workflow" WHERE id = 'w1'`));
await step("only and table", async () => [(await rows('SELECT id FROM ONLY "User" ORDER BY id')).length, (await rows('TABLE "User"')).length]);
await step("upsert", () => rows(`INSERT INTO item (app, n, v) SELECT 'pg', g, $1 FROM generate_series(1, 3) g
  ON CONFLICT ("tenantId", app, n) DO UPDATE SET v = EXCLUDED.v WHERE item.v IS DISTINCT FROM EXCLUDED.v RETURNING n, v`, ["up"]));
await step("writing CTE", () => rows(`WITH d AS (DELETE FROM item WHERE app = 'pg' AND n = 3 RETURNING *), i AS (INSERT INTO item (app, n) SELECT 'moved', n FROM d RETURNING app, n)
  SELECT * FROM i`));
await step("merge", async () => (await c.query(`MERGE INTO item t USING (VALUES ('pg', 1, 'm1'), ('pg', 9, 'm9')) s (app, n, v) ON t.app = s.app AND t.n = s.n
  WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT (app, n, v) VALUES (s.app, s.n, s.v)`)).rowCount);
await step("cursor", async () => {
  const k = c.query(new Cursor("SELECT n FROM item WHERE app = $1 ORDER BY n", ["seed"]));
  const got = [(await k.read(3)).map((r) => r.n), (await k.read(5)).map((r) => r.n), (await k.read(100)).length, (await k.read(5)).length];
  await k.close();
  return got;
});
await step("query stream", async () => {
  let sum = 0;
  for await (const row of c.query(new QueryStream("SELECT n FROM item WHERE app = 'seed'", [], { batchSize: 7 }))) sum += row.n;
  return sum;
});
await step("sql cursor", async () => {
  await c.query("BEGIN");
  try {
    await c.query("DECLARE k SCROLL CURSOR FOR SELECT n FROM item WHERE app = 'seed' ORDER BY n");
    const got = [await rows(all("FETCH 3 FROM k")), await rows(all("FETCH BACKWARD 1 FROM k")), (await c.query("MOVE ALL IN k")).rowCount];
    await c.query("CLOSE k");
    return got;
  } finally {
    await c.query("COMMIT");
  }
});
await step("transaction", async () => {
  await c.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const got = await rows("SHOW transaction_isolation");
  await step("read only", () => c.query("DELETE FROM item"));
  await step("failed", () => c.query("SELECT 1"));
  await c.query("ROLLBACK");
  return got;
});
await step("syntax", () => c.query("SELECT 1 FORM item").catch((e) => [e.code, e.position]));
await step("unknown column", () => c.query('SELECT nothing FROM "User"').catch((e) => [e.code, e.position, e.message]));
await step("unknown table", () => c.query("SELECT * FROM nothing").catch((e) => [e.code, e.position, e.message]));
await step("wrong count", () => c.query("SELECT $1::int", []).catch((e) => e.code));
await step("wrong type", () => c.query("SELECT n FROM item WHERE n = $1", ["x"]));
await step("cancel", async () => {
  const k = new pg.Client({ connectionString: url });
  await k.connect();
  const q = k.query("SELECT count(*) FROM item a, item b, item c, item d, item e").catch((e) => e.code);
  setTimeout(() => new pg.Client({ connectionString: url }).cancel(k, k.activeQuery ?? k._activeQuery), 200);
  const got = await q;
  await k.end();
  return got;
});
await step("timeout", async () => {
  await c.query("SET statement_timeout = 60");
  await step("timed out", () => c.query("SELECT count(*) FROM item a, item b, item c, item d, item e"));
  await c.query("SET statement_timeout TO DEFAULT");
  return rows("SHOW statement_timeout");
});
await step("lost in a transaction", async () => {
  const k = new pg.Client({ connectionString: url });
  k.on("error", () => {});
  await k.connect();
  await k.query("BEGIN");
  await k.query("INSERT INTO item (app, n) VALUES ('lost', 1)");
  k.connection.stream.destroy();
  const again = new pg.Client({ connectionString: url });
  await again.connect();
  const got = (await again.query("SELECT count(*) FROM item WHERE app = 'lost'")).rows;
  await again.end();
  return got;
});
const pool = new pg.Pool({ connectionString: url, max: 5 });
await step("pool", async () => (await Promise.all(Array.from({ length: 80 }, (_, i) => pool.query({ name: `s${i % 7}`, text: `SELECT n + ${i % 7} AS n FROM item WHERE app = 'seed' AND n = $1`, values: [1 + (i % 40)] })))).map((r) => r.rows[0].n));
await pool.end();
const big = "x".repeat(1_500_000);
await step("large", async () => {
  await c.query("INSERT INTO item (app, n, v) VALUES ('large', 1, $1)", [big]);
  return (await rows("SELECT v FROM item WHERE app = 'large'"))[0].v === big;
});
await step("many parameters", async () => (await c.query(`SELECT count(*) FROM item WHERE n IN (${Array.from({ length: 32767 }, (_, i) => `$${i + 1}`)})`, Array.from({ length: 32767 }, (_, i) => i))).rows);
await step("all parameters", async () => (await c.query(`SELECT count(*) FROM item WHERE n IN (${Array.from({ length: 65535 }, (_, i) => `$${i + 1}`)})`, Array.from({ length: 65535 }, (_, i) => i))).rows);
await c.end();
say("ended", c._ended);
console.log("done");
