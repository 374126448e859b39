// postgres.js.  usage: node postgres.mjs DATABASE_URL
import postgres from "postgres";
import { step, url } from "./transcript.mjs";

const rows = async (q) => [...(await q)];
const sql = postgres(url, { max: 4, onnotice: () => {} });
const one = postgres(url, { max: 1, connection: { application_name: "app-pjs", statement_timeout: 3456 }, idle_timeout: 20, types: { bigint: postgres.BigInt } });

await step("settings", () => rows(one`SELECT current_setting('application_name') AS a, current_setting('statement_timeout') AS t, 5::bigint AS b`));
await step("users", () => rows(sql`SELECT id, level FROM "User" ORDER BY id`));
await step("parameters", () => rows(sql`SELECT * FROM "User" WHERE email = ${"ann@test"} AND level > ${0}`));
await step("columns", () => rows(sql`SELECT ${sql(["id", "email"])} FROM ${sql("User")} WHERE id IN ${sql(["u1", "u2", "u51"])} ORDER BY id`));
await step("fragment", () => rows(sql`SELECT n FROM item WHERE app = 'seed' ${sql`AND n < ${4}`} ORDER BY n`));
await step("any", () => rows(sql`SELECT count(*) FROM item WHERE n = ANY(${[1, 2, 3]}::int[])`));
await step("join", () => rows(sql`SELECT w.id, u.email, array_agg(s.title ORDER BY s.id) AS steps FROM "Workflow" w LEFT JOIN "User" u ON u.id = w."userId"
  LEFT JOIN step s ON s."workflowId" = w.id GROUP BY w.id, u.id ORDER BY w.id`));
await step("values", () => sql`SELECT n, v FROM item WHERE app = 'seed' ORDER BY n LIMIT ${2} OFFSET ${5}`.values());
await step("describe", async () => {
  const d = await sql`SELECT n, v FROM item WHERE app = ${"x"} AND n = ${1}`.describe();
  return [d.types, d.columns.map((c) => [c.name, c.type])];
});
await step("insert", () => rows(sql`INSERT INTO item ${sql([{ app: "pjs", n: 1, v: "a" }, { app: "pjs", n: 2, v: null }])} RETURNING n, v, "tenantId"`));
await step("insert some columns", async () => (await sql`INSERT INTO "User" ${sql({ id: "pj1", email: "pj@test", password: "x", no: 1 }, "id", "email", "password")}`).count);
await step("update", async () => (await sql`UPDATE item SET ${sql({ v: "z" }, "v")} WHERE app = 'pjs'`).count);
await step("update from values", async () => (await rows(sql`UPDATE item SET v = d.v FROM (VALUES ${sql([["1", "one"], ["2", "two"]])}) AS d (n, v) WHERE item.n = d.n::int AND item.app = 'pjs' RETURNING item.n, item.v`)).sort((x, y) => x.n - y.n));
await step("upsert", () => rows(sql`INSERT INTO item (app, n, v) VALUES ('pjs', 1, 'up') ON CONFLICT ("tenantId", app, n) DO UPDATE SET v = EXCLUDED.v RETURNING v`));
await step("delete", async () => (await sql`DELETE FROM item WHERE app = 'more' AND n > ${30}`).count);
await step("begin", () => sql.begin(async (t) => {
  await t`INSERT INTO item (app, n) VALUES ('tx', 1)`;
  await step("savepoint", () => t.savepoint(async (s) => {
    await s`INSERT INTO item (app, n) VALUES ('tx', 2)`;
    await s`INSERT INTO item (app, n) VALUES ('tx', 1)`;
  }));
  return rows(t`SELECT n FROM item WHERE app = 'tx'`);
}));
await step("pipelined", () => sql.begin("isolation level serializable", (t) => [t`SELECT 1 AS a`, t`SHOW transaction_isolation`, t`SELECT count(*)::int FROM item`]));
await step("rolled back", () => sql.begin(async (t) => {
  await t`INSERT INTO item (app, n) VALUES ('gone', 1)`;
  throw new Error("mine");
}).catch((e) => e.message));
await step("read only", () => sql.begin("read only", (t) => t`DELETE FROM item`));
await step("unique", () => sql`INSERT INTO item (app, n) VALUES ('seed', 1)`);
await step("foreign key", () => sql`INSERT INTO "Workflow" (id, name, "userId") VALUES ('f', 'f', ${"nobody"})`);
await step("bad text", () => sql`SELECT ${"x"}::int`);
await step("syntax", () => sql`SELEC 1`);
await step("many at once", async () => (await Promise.all(Array.from({ length: 60 }, (_, i) => sql`SELECT n + ${i}::int AS s FROM item WHERE app = 'seed' AND n = ${1 + (i % 40)}`))).map((r) => r[0].s));
await step("types", () => rows(sql`SELECT * FROM types WHERE app = 'seed'`));
await step("insert types", () => rows(sql`INSERT INTO types ${sql({ app: "pjs", c_bool: false, c_int8: "5", c_text: "'\\ü", c_bytea: Buffer.from("ab"), c_timestamptz: new Date(1e12),
  c_jsonb: { a: [1] }, c_mood: "sad" })} RETURNING *`));
await step("arrays", () => rows(sql`UPDATE types SET c_ints = ${sql.array([1, 2])}, c_texts = ${["a", 'b"', "c,d"]}, c_moods = ${["ok", "sad"]}::mood[] WHERE app = 'pjs' RETURNING c_ints, c_texts, c_moods`));
await step("json", () => rows(sql`SELECT id, config->>'every' AS e FROM "Workflow" WHERE config @> ${sql.json({ every: "day" })}`));
await step("simple", async () => (await sql.unsafe("SELECT 1 AS a; SELECT n FROM item WHERE app = 'seed' AND n = 3")).map((r) => [...r]));
await step("unsafe with parameters", () => rows(sql.unsafe("SELECT n FROM item WHERE app = $1 AND n = $2", ["seed", 4])));
await step("unsafe prepared", () => rows(sql.unsafe("SELECT n FROM item WHERE app = $1 AND n = $2", ["seed", 5], { prepare: true })));
await step("cursor", async () => {
  const seen = [];
  for await (const part of sql`SELECT n FROM item WHERE app = 'seed' ORDER BY n`.cursor(15)) seen.push(part.map((r) => r.n).reduce((a, b) => a + b));
  return seen;
});
await step("cursor left early", async () => {
  let seen = 0;
  await sql`SELECT n FROM item ORDER BY n`.cursor(10, (part) => { seen += part.length; return sql.CLOSE; });
  return seen;
});
await step("for each", async () => {
  let sum = 0;
  await sql`SELECT n FROM item WHERE app = 'seed'`.forEach((r) => { sum += r.n; });
  return sum;
});
await step("copy in", async () => {
  const stream = await one`COPY item (app, n, v) FROM STDIN`.writable();
  await new Promise((resolve, reject) => {
    stream.on("finish", resolve).on("error", reject);
    stream.write("copy\t1\tone\ncopy\t2\t\\N\n");
    stream.end();
  });
  return rows(one`SELECT n, v FROM item WHERE app = 'copy' ORDER BY n`);
});
await step("copy out", async () => {
  let text = "";
  for await (const chunk of await one`COPY (SELECT n, v FROM item WHERE app = 'pjs' ORDER BY n) TO STDOUT`.readable()) text += chunk;
  return text;
});
await step("cancel", async () => {
  const q = sql`SELECT count(*) FROM item a, item b, item c, item d, item e`;
  setTimeout(() => q.cancel(), 200);
  return q;
});
await step("statement timeout", async () => {
  await one`SET statement_timeout = 50`;
  return one`SELECT count(*) FROM item a, item b, item c, item d, item e`;
});
await step("reserved", async () => {
  const r = await sql.reserve();
  await r`SET application_name = 'mine'`;
  const got = await rows(r`SHOW application_name`);
  await r`RESET application_name`;
  r.release();
  return got;
});
await one.end();
await sql.end();
console.log("done");
