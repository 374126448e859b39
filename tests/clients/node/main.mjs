// node-pg as an application uses it, confined.  usage: node main.mjs DATABASE_URL
import assert from "node:assert/strict";
import pg from "pg";
import Cursor from "pg-cursor";

const url = process.argv[2];
let passed = 0;
let failed = 0;

async function check(name, body) {
  try {
    await body();
    passed++;
    console.log(`ok ${name}`);
  } catch (e) {
    failed++;
    console.log(`not ok ${name}: ${e.code ?? ""} ${String(e.message).replaceAll("\n", " | ")}`);
  }
}

const pool = new pg.Pool({ connectionString: url, max: 8 });
const client = new pg.Client({ connectionString: url, application_name: "kit pg ü", statement_timeout: 20000 });
await client.connect();

await check("simple query", async () => {
  const r = await client.query('SELECT id, level FROM "User" ORDER BY id');
  assert.deepEqual(r.rows, [{ id: "u1", level: 5 }, { id: "u2", level: 1 }]);
  assert.deepEqual(r.fields.map((f) => f.dataTypeID), [25, 23]);
});
await check("parameters", async () => {
  const r = await client.query('SELECT id FROM "User" WHERE email = $1 AND level > $2', ["ann@acme.test", 0]);
  assert.equal(r.rows[0].id, "u1");
});
await check("named statement, twice, and another client's of the same name", async () => {
  const q = (c, text, values) => c.query({ name: "same", text, values });
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  assert.equal((await q(client, 'SELECT id FROM "User" WHERE id = $1', ["u1"])).rows[0].id, "u1");
  assert.equal((await q(other, 'SELECT name FROM "Workflow" WHERE id = $1', ["w1"])).rows[0].name, "Send invoices");
  assert.equal((await q(client, 'SELECT id FROM "User" WHERE id = $1', ["u2"])).rows[0].id, "u2");
  await other.end();
});
await check("types", async () => {
  const r = await client.query('SELECT true AS b, 1::int AS i, 2::bigint AS n, $1::text AS t, NULL AS z, "createdAt" AS d FROM "Tenant"', ["ü"]);
  const { d, ...rest } = r.rows[0];
  assert.deepEqual(rest, { b: true, i: 1, n: "2", t: "ü", z: null });
  assert.ok(d instanceof Date);
});
await check("transaction", async () => {
  await client.query("BEGIN");
  await client.query(`INSERT INTO "User"(id, email, password) VALUES ($1, $2, $3)`, ["n1", "n1@acme.test", "x"]);
  await client.query("SAVEPOINT s");
  await assert.rejects(client.query(`INSERT INTO "User"(id, email, password) VALUES ('n1', 'n2@acme.test', 'x')`), { code: "23505" });
  await assert.rejects(client.query("SELECT 1"), { code: "25P02" });
  await client.query("ROLLBACK TO SAVEPOINT s");
  assert.equal((await client.query(`SELECT count(*) FROM "User" WHERE id = 'n1'`)).rows[0].count, "1");
  await client.query("ROLLBACK");
  assert.equal((await client.query(`SELECT count(*) FROM "User" WHERE id = 'n1'`)).rows[0].count, "0");
});
await check("error and life after it", async () => {
  await assert.rejects(client.query("SELECT pg_read_file($1)", ["PG_VERSION"]), { code: "42501" });
  await assert.rejects(client.query("SELECT nothing"), { code: "42703" });
  await assert.rejects(client.query("SELEC 1"), (e) => e.code === "42601" && e.position === "1");
  assert.equal((await client.query("SELECT 1 AS one")).rows[0].one, 1);
});
await check("several statements", async () => {
  const r = await client.query("SELECT 1 AS a; SELECT 2 AS b");
  assert.deepEqual(r.map((x) => x.rows[0]), [{ a: 1 }, { b: 2 }]);
});
await check("empty query", async () => {
  assert.deepEqual((await client.query("")).rows, []);
});
await check("cursor: rows a few at a time", async () => {
  const c = client.query(new Cursor('SELECT a.id FROM "User" a, "User" b, "Workflow" c ORDER BY a.id'));
  assert.equal((await c.read(3)).length, 3);
  assert.equal((await c.read(3)).length, 3);
  assert.equal((await c.read(30)).length, 2);
  await c.close();
  assert.equal((await client.query("SELECT 1 AS one")).rows[0].one, 1);
});
await check("cursor closed early", async () => {
  const c = client.query(new Cursor('SELECT a.id FROM "User" a, "User" b'));
  assert.equal((await c.read(1)).length, 1);
  await c.close();
  assert.equal((await client.query("SELECT 2 AS two")).rows[0].two, 2);
});
await check("a pool of clients", async () => {
  const r = await Promise.all(Array.from({ length: 200 }, (_, i) =>
    pool.query('SELECT $1::int AS i, count(*)::int AS n FROM "User"', [i])));
  assert.ok(r.every((x, i) => x.rows[0].i === i && x.rows[0].n === 2));
});
await check("large values", async () => {
  const big = "x".repeat(3_000_000);
  const r = await client.query("SELECT length($1::text) AS n, $1::text AS back", [big]);
  assert.equal(r.rows[0].n, 3_000_000);
  assert.ok(r.rows[0].back === big);
});
await client.end();
await pool.end();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
