// Kysely.  usage: node kysely.mjs DATABASE_URL
import { Kysely, PostgresDialect, sql } from "kysely";
import { jsonArrayFrom, jsonObjectFrom } from "kysely/helpers/postgres";
import pg from "pg";
import Cursor from "pg-cursor";
import { step, url } from "./transcript.mjs";

const db = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 4 }), cursor: Cursor }) });
const seed = (q) => q.where("app", "=", "seed");

await step("select", () => db.selectFrom("User").select(["id", "level"]).orderBy("id").execute());
await step("first", () => db.selectFrom("User").selectAll().where("email", "=", "ann@test").executeTakeFirst());
await step("others", async () => (await db.selectFrom("Workflow").selectAll().where("id", "=", "w51").executeTakeFirst()) ?? null);
await step("join", () => db.selectFrom("Workflow as w").leftJoin("User as u", "u.id", "w.userId").select(["w.id", "u.email as mail"]).orderBy("w.id").execute());
await step("right join", () => db.selectFrom("Workflow as w").rightJoin("User as u", "u.id", "w.userId").select(["w.id", "u.id as user"]).where("u.level", ">", 2).orderBy("u.id").execute());
await step("page", () => seed(db.selectFrom("item")).select("n").orderBy("n", "desc").limit(3).offset(2).execute());
await step("expressions", () => db.selectFrom("item").select(({ fn, eb }) => ["app", fn.countAll().as("c"), fn.sum("n").as("s"), eb.case().when("app", "=", "seed").then("s").else("m").end().as("k")])
  .where((eb) => eb.or([eb("n", "in", [1, 2]), eb.between("n", 5, 7)])).groupBy("app").having((eb) => eb.fn.countAll(), ">", 1).orderBy("app").execute());
await step("json helpers", () => db.selectFrom("User as u").select((eb) => ["u.id", jsonArrayFrom(eb.selectFrom("Workflow as w").select(["w.id", "w.name"]).whereRef("w.userId", "=", "u.id").orderBy("w.id")).as("w")]).orderBy("u.id").execute());
await step("json object", () => db.selectFrom("Workflow as w").select((eb) => ["w.id", jsonObjectFrom(eb.selectFrom("User as u").select("u.email").whereRef("u.id", "=", "w.userId")).as("u")]).orderBy("w.id").execute());
await step("json path", () => db.selectFrom("Workflow").select((eb) => ["id", eb.ref("config", "->>").key("every").as("every")]).orderBy("id").execute());
await step("with", () => db.with("c", (q) => seed(q.selectFrom("item").select("n")).where("n", "<", 3)).selectFrom("c").selectAll().orderBy("n").execute());
await step("recursive", () => db.withRecursive("r(i)", (q) => q.selectNoFrom(sql`1`.as("i")).unionAll(q.selectFrom("r").select(sql`i + 1`.as("i")).where("i", "<", 4)))
  .selectFrom("r").innerJoin("item", "item.n", "r.i").where("app", "=", "seed").select(["i", "v"]).orderBy("i").execute());
await step("lateral", () => db.selectFrom("User as u").leftJoinLateral((eb) => eb.selectFrom("Workflow as w").select("w.name").whereRef("w.userId", "=", "u.id").limit(1).as("l"), (j) => j.onTrue()).select(["u.id", "l.name"]).orderBy("u.id").execute());
await step("union", () => db.selectFrom("User").select("id").unionAll(db.selectFrom("Workflow").select("id")).orderBy("id").execute());
await step("distinct on", () => db.selectFrom("item").distinctOn("app").select(["app", "n"]).orderBy("app").orderBy("n", "desc").execute());
await step("window", () => db.selectFrom("item").select((eb) => ["n", eb.fn.agg("row_number").over((o) => o.partitionBy("app").orderBy("n")).as("r")]).where("n", ">", 38).orderBy("app").orderBy("n").execute());
await step("insert", () => db.insertInto("item").values([{ app: "ky", n: 1, v: "a" }, { app: "ky", n: 2 }]).returning(["n", "v", "tenantId"]).execute());
await step("insert result", async () => (await db.insertInto("item").values(Array.from({ length: 80 }, (_, n) => ({ app: "many", n }))).executeTakeFirst()).numInsertedOrUpdatedRows);
await step("insert select", () => db.insertInto("item").columns(["app", "n"]).expression((eb) => eb.selectFrom("item").select((e) => [e.val("copy").as("app"), "n"]).where("app", "=", "seed").where("n", "<", 3).orderBy("n")).returning("n").execute());
await step("upsert", () => db.insertInto("item").values({ app: "ky", n: 1, v: "up" }).onConflict((c) => c.columns(["tenantId", "app", "n"]).doUpdateSet((eb) => ({ v: eb.ref("excluded.v") }))).returning("v").execute());
await step("do nothing", async () => (await db.insertInto("item").values({ app: "ky", n: 1 }).onConflict((c) => c.constraint("item_app_n_key").doNothing()).executeTakeFirst()).numInsertedOrUpdatedRows);
await step("update", () => db.updateTable("item").set((eb) => ({ v: eb.fn("upper", ["app"]) })).where("app", "=", "ky").where("n", "=", 1).returning(["n", "v"]).execute());
await step("update from", () => db.updateTable("Workflow as w").from("User as u").set((eb) => ({ status: eb.ref("u.email") })).whereRef("u.id", "=", "w.userId").where("u.level", ">", 3).returning(["w.id", "w.status"]).execute());
await step("delete using", () => db.deleteFrom("step").using("Workflow as w").whereRef("w.id", "=", "step.workflowId").where("w.status", "=", "draft").returning("step.title").execute());
await step("merge", () => db.mergeInto("item as t").using("User as s", (j) => j.onRef("s.level", "=", "t.n").on("t.app", "=", "seed").on("s.level", "<", 6))
  .whenMatched().thenUpdateSet((eb) => ({ v: eb.ref("s.email") })).whenNotMatched().thenInsertValues((eb) => ({ app: "merged", n: eb.ref("s.level") })).executeTakeFirst().then((r) => r.numChangedRows));
await step("transaction", () => db.transaction().setIsolationLevel("serializable").execute(async (t) => {
  await t.insertInto("item").values({ app: "tx", n: 1 }).execute();
  return seed(t.selectFrom("item")).select("n").where("n", "<", 3).orderBy("n").forUpdate().skipLocked().execute();
}));
await step("controlled", async () => {
  const t = await db.startTransaction().execute();
  await t.insertInto("item").values({ app: "ctl", n: 1 }).execute();
  const s = await t.savepoint("s").execute();
  await step("in it", () => s.insertInto("item").values({ app: "ctl", n: 1 }).execute());
  const back = await s.rollbackToSavepoint("s").execute();
  await back.insertInto("item").values({ app: "ctl", n: 2 }).execute();
  await t.commit().execute();
  return db.selectFrom("item").select("n").where("app", "=", "ctl").orderBy("n").execute();
});
await step("rolled back", () => db.transaction().execute(async (t) => {
  await t.insertInto("item").values({ app: "gone", n: 1 }).execute();
  throw Object.assign(new Error("mine"), { code: "MINE1" });
}));
await step("unique", () => db.insertInto("item").values({ app: "seed", n: 1 }).execute());
await step("foreign key", () => db.insertInto("Workflow").values({ id: "f", name: "f", userId: "nobody" }).execute());
await step("types", () => db.selectFrom("types").selectAll().where("app", "=", "seed").execute());
await step("stream", async () => {
  let sum = 0;
  for await (const row of db.selectFrom("item").select("n").where("app", "=", "many").stream(10)) sum += row.n;
  return sum;
});
await step("raw", async () => (await sql`SELECT ${sql.ref("id")} FROM ${sql.table("User")} WHERE level > ${2} ORDER BY 1`.execute(db)).rows);
await step("schemas", async () => (await db.introspection.getSchemas()).map((s) => s.name).filter((name) => !name.startsWith("pg_temp_") && !name.startsWith("pg_toast_temp_")).sort());
await step("tables", async () => (await db.introspection.getTables()).map((t) => [t.name, t.schema, t.isView, t.columns.filter((c) => c.name !== "tenantId").map((c) => [c.name, c.dataType, c.isNullable, c.isAutoIncrementing, c.hasDefaultValue])]).sort());
await db.destroy();
console.log("done");
