// Knex.  usage: node knex.mjs DATABASE_URL
import makeKnex from "knex";
import { step, url } from "./transcript.mjs";

const knex = makeKnex({ client: "pg", connection: { connectionString: url, application_name: "app-knex" }, pool: { min: 0, max: 4 } });

await step("raw", async () => (await knex.raw("SELECT ?::int AS a, ?? FROM (SELECT 2 AS b) x", [1, "b"])).rows);
await step("users", () => knex("User").select("id", "level").orderBy("id"));
await step("first", () => knex("User").where({ email: "ann@test" }).first());
await step("join", () => knex("Workflow as w").leftJoin("User as u", "u.id", "w.userId").select("w.id", "u.email as mail", "w.*").orderBy("w.id"));
await step("page", () => knex("item").where("app", "seed").andWhere("n", ">", 5).orderBy("n", "desc").limit(3).offset(2).select("n", "v"));
await step("where in", () => knex("item").whereIn("n", [1, 2, 3]).whereNotNull("v").count({ c: "*" }));
await step("like", () => knex("item").whereILike("v", "%ME 1%").orWhere((q) => q.where("n", 2).whereBetween("n", [1, 3])).count());
await step("group", () => knex("item").select("app").sum("n as s").groupBy("app").havingRaw("count(*) > ?", [1]).orderBy("app"));
await step("subquery", () => knex("User").whereIn("id", knex("Workflow").select("userId").where("status", "live")).select("id"));
await step("exists", () => knex("User as u").whereExists(knex("Workflow as w").whereRaw('w."userId" = u.id')).select("u.id").orderBy("u.id"));
await step("with", () => knex.with("c", knex("item").where("n", "<", 3)).select("n", "app").from("c").orderBy(["n", "app"]));
await step("union", () => knex("User").select("id").union([knex("Workflow").select("id")]).orderBy("id"));
await step("distinct on", () => knex("item").distinctOn("app").select("app", "n").orderBy([{ column: "app" }, { column: "n", order: "desc" }]));
await step("window", () => knex("item").where("n", ">", 38).select("n", "app").rowNumber("r", (q) => q.partitionBy("app").orderBy("n")).orderBy(["app", "n"]));
await step("json", () => knex("Workflow").whereJsonObject("config", {}).orWhereJsonPath("config", "$.every", "=", "day").select("id").orderBy("id"));
await step("json extract", () => knex("Workflow").jsonExtract("config", "$.every", "every").select("id").orderBy("id"));
await step("insert", () => knex("item").insert([{ app: "knex", n: 1, v: "a" }, { app: "knex", n: 2 }], ["n", "v", "tenantId"]));
await step("batch", async () => (await knex.batchInsert("item", Array.from({ length: 250 }, (_, i) => ({ app: "batch", n: i, v: `v${i}` })), 60).returning("n")).length);
await step("merge", () => knex("item").insert({ app: "knex", n: 1, v: "merged" }).onConflict(["tenantId", "app", "n"]).merge().returning("v"));
await step("merge where", () => knex("item").insert({ app: "knex", n: 1, v: "no" }).onConflict(["tenantId", "app", "n"]).merge(["v"]).where("item.v", "other").returning("v"));
await step("ignore", () => knex("item").insert({ app: "knex", n: 1 }).onConflict().ignore());
await step("update", () => knex("item").where({ app: "knex", n: 2 }).update({ v: knex.raw("upper(?)", ["x"]) }, ["n", "v"]));
await step("update from", () => knex("Workflow").update({ status: knex.ref("u.email") }).updateFrom("User as u").whereRaw('u.id = "Workflow"."userId"').where("u.level", ">", 3));
await step("increment", () => knex("User").where("id", "u1").increment("level", 2).returning("level"));
await step("delete", () => knex("item").where("app", "batch").andWhere("n", ">", 200).del());
await step("delete using", () => knex("step").using("Workflow as w").whereRaw('w.id = step."workflowId"').where("w.status", "draft").del());
await step("insert select", () => knex(knex.raw("?? (??, ??)", ["item", "app", "n"])).insert(knex("item").select(knex.raw("'copy'"), "n").where({ app: "seed" }).where("n", "<", 4).orderBy("n")));
await step("transaction", () => knex.transaction(async (t) => {
  await t("item").insert({ app: "tx", n: 1 });
  await step("nested", () => t.transaction(async (n) => {
    await n("item").insert({ app: "tx", n: 2 });
    await n("item").insert({ app: "tx", n: 1 });
  }));
  return (await t("item").where("app", "tx").forUpdate().skipLocked().select("n")).map((r) => r.n);
}, { isolationLevel: "repeatable read" }));
await step("rolled back", () => knex.transaction(async (t) => {
  await t("item").insert({ app: "gone", n: 1 });
  throw Object.assign(new Error("mine"), { code: "MINE1" });
}));
await step("read only", () => knex.transaction((t) => t("item").insert({ app: "gone", n: 1 }), { readOnly: true }));
await step("gone", () => knex("item").where("app", "gone").count());
await step("unique", () => knex("item").insert({ app: "seed", n: 1 }));
await step("foreign key", () => knex("Workflow").insert({ id: "f", name: "f", userId: "nobody" }));
await step("bad text", () => knex("types").where("c_uuid", "zz"));
await step("types", () => knex("types").where("app", "seed").first());
await step("insert types", () => knex("types").insert({ app: "knex", c_bool: true, c_int8: "9007199254740993", c_numeric: "1.5", c_text: "é'\\", c_bytea: Buffer.from([0, 1]),
  c_timestamptz: new Date(0), c_jsonb: JSON.stringify([1]), c_json: { a: 1 }, c_ints: [1, 2], c_texts: ["a", 'b"'], c_mood: "sad", c_moods: "{ok}" }).returning("*"));
await step("stream", async () => {
  let n = 0;
  for await (const row of knex("item").where("app", "batch").orderBy("n").stream({ highWaterMark: 20 })) n += row.n;
  return n;
});
await step("stream left early", async () => {
  for await (const row of knex("item").where("app", "batch").orderBy("n").stream({ highWaterMark: 20 })) return row.n;
});
await step("timeout", () => knex.raw("SELECT 1 FROM item a").timeout(30000).then((r) => r.rows.length));
await step("after", () => knex.raw("SELECT 1 AS one").then((r) => r.rows));
await step("column info", async () => Object.keys(await knex("item").columnInfo()).sort());
await step("has table", async () => [await knex.schema.hasTable("item"), await knex.schema.hasColumn("item", "n"), await knex.schema.hasTable("nothing")]);
await step("database", async () => [knex.client.database(), (await knex.raw("SELECT current_database(), current_catalog")).rows]);
await step("at once", async () => (await Promise.all(Array.from({ length: 20 }, (_, i) => knex("item").where({ app: "seed", n: i + 1 }).first("n")))).map((r) => r.n));
await knex.destroy();
console.log("done");
