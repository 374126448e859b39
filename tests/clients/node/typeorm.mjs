// TypeORM.  usage: node typeorm.mjs DATABASE_URL
import "reflect-metadata";
import { Between, DataSource, EntitySchema, ILike, In, IsNull, LessThan, Like, MoreThan, Not, Raw } from "typeorm";
import { step, url } from "./transcript.mjs";

const text = { type: "text" };
const User = new EntitySchema({ name: "User", tableName: "User", columns: {
  id: { type: "text", primary: true }, email: text, password: { type: "text", select: false }, level: { type: "integer", default: 0 } },
  relations: { workflows: { type: "one-to-many", target: "Workflow", inverseSide: "user" } } });
const Workflow = new EntitySchema({ name: "Workflow", tableName: "Workflow", columns: {
  id: { type: "text", primary: true }, name: text, config: { type: "jsonb", default: {} }, status: { type: "text", default: "draft" },
  createdAt: { type: "timestamp", default: () => "now()" } },
  relations: { user: { type: "many-to-one", target: "User", inverseSide: "workflows", nullable: true, joinColumn: { name: "userId" } },
    steps: { type: "one-to-many", target: "Step", inverseSide: "workflow", cascade: true } } });
const Step = new EntitySchema({ name: "Step", tableName: "step", columns: {
  id: { type: "integer", primary: true, generated: "identity" }, title: text, done: { type: "boolean", default: false } },
  relations: { workflow: { type: "many-to-one", target: "Workflow", inverseSide: "steps", joinColumn: { name: "workflowId" }, onDelete: "CASCADE" } } });
const Item = new EntitySchema({ name: "Item", tableName: "item", columns: {
  id: { type: "integer", primary: true, generated: true }, app: text, n: { type: "integer" }, v: { type: "text", nullable: true } } });
const nullable = (type, more) => ({ type, nullable: true, ...more });
const Types = new EntitySchema({ name: "Types", tableName: "types", columns: {
  id: { type: "integer", primary: true, generated: true }, app: text, c_bool: nullable("boolean"), c_int8: nullable("bigint"), c_numeric: nullable("numeric"),
  c_bytea: nullable("bytea"), c_uuid: nullable("uuid"), c_date: nullable("date"), c_timestamptz: nullable("timestamptz"), c_interval: nullable("interval"),
  c_json: nullable("json"), c_jsonb: nullable("jsonb"), c_ints: nullable("integer", { array: true }), c_texts: nullable("text", { array: true }),
  c_mood: nullable("enum", { enum: ["sad", "ok", "happy"], enumName: "mood" }) } });

const db = new DataSource({ type: "postgres", url, entities: [User, Workflow, Step, Item, Types], extra: { max: 4 }, logging: false, installExtensions: false });
await db.initialize();
const users = db.getRepository("User"), workflows = db.getRepository("Workflow"), items = db.getRepository("Item"), types = db.getRepository("Types");

await step("find", () => users.find({ order: { id: "ASC" } }));
await step("one", () => users.findOneBy({ email: "ann@test" }));
await step("others", () => workflows.findOneBy({ id: "w51" }));
await step("relations", () => workflows.find({ relations: { user: true, steps: true }, order: { id: "ASC", steps: { id: "ASC" } } }));
await step("by relation", () => workflows.find({ where: { user: { level: MoreThan(2) } }, select: { id: true, name: true } }));
await step("page with relations", () => users.findAndCount({ relations: { workflows: true }, order: { id: "DESC" }, skip: 1, take: 2 }));
await step("operators", () => items.find({ where: [{ app: "seed", n: Between(3, 5) }, { v: ILike("%ME 39"), n: Not(LessThan(3)) }, { v: IsNull(), n: In([7, 14]) }], order: { app: "ASC", n: "ASC" } }));
await step("like", () => items.countBy({ v: Like("acme 1%"), n: Raw((c) => `${c} % 2 = :two`, { two: 0 }) }));
await step("builder", () => items.createQueryBuilder("i").select("i.app", "app").addSelect("SUM(i.n)", "sum").groupBy("i.app").having("COUNT(*) > :n", { n: 3 }).orderBy("i.app").getRawMany());
await step("joined builder", () => users.createQueryBuilder("u").leftJoinAndSelect("u.workflows", "w", "w.status = :s", { s: "live" }).addSelect("u.password").orderBy("u.id").addOrderBy("w.id").getMany());
await step("limited builder", () => users.createQueryBuilder("u").leftJoinAndSelect("u.workflows", "w").orderBy("u.level", "DESC").take(2).getMany());
await step("count map", () => users.createQueryBuilder("u").select("u.id").addSelect((q) => q.select("COUNT(w.id)").from("Workflow", "w").where('w."userId" = u.id'), "c").orderBy("u.id").getRawMany());
await step("exists", () => users.createQueryBuilder("u").whereExists(workflows.createQueryBuilder("w").where('w."userId" = u.id')).getCount());
await step("cte", () => db.createQueryBuilder().addCommonTableExpression("SELECT n FROM item WHERE app = 'seed' AND n < 4", "c").select("c.n", "n").from("c", "c").orderBy("c.n").getRawMany());
await step("lock", () => db.transaction((m) => m.getRepository("Item").createQueryBuilder("i").setLock("pessimistic_write").setOnLocked("skip_locked").where("i.n = 3").orderBy("i.app").getMany()));
await step("aggregates", async () => [await items.sum("n", { app: "seed" }), await items.average("n", {}), await items.maximum("n"), await items.exists({ where: { n: 99 } })]);
await step("save", () => users.save({ id: "to1", email: "to@test", password: "x'\\" }));
await step("save graph", async () => {
  await workflows.save({ id: "tow", name: "näme", config: { a: [1] }, user: { id: "to1" }, steps: [{ title: "a" }, { title: "b", done: true }] });
  const w = await workflows.findOne({ where: { id: "tow" }, relations: { user: true, steps: true } });
  return [w.status, w.config, w.user.id, w.steps.map((s) => [s.title, s.done]).sort()];
});
await step("save again", async () => (await workflows.save({ id: "tow", name: "changed" })).name);
await step("insert", async () => (await items.insert([{ app: "to", n: 1 }, { app: "to", n: 2, v: "b" }])).identifiers.length);
await step("insert builder", async () => (await items.createQueryBuilder().insert().values({ app: "to", n: 3, v: () => "upper('x')" }).returning("n, v").execute()).raw);
await step("save many", async () => (await items.save(Array.from({ length: 120 }, (_, i) => ({ app: "many", n: i })), { chunk: 50 })).every((i) => i.id > 0));
await step("upsert", () => items.upsert([{ id: 3, app: "seed", n: 1, v: "up" }], ["id"]).then((r) => r.raw));
await step("or update", async () => (await items.createQueryBuilder().insert().values({ id: 3, app: "seed", n: 1, v: "up2" }).orUpdate(["v"], ["id"]).execute()).identifiers);
await step("or ignore", async () => (await items.createQueryBuilder().insert().values({ app: "to", n: 1 }).orIgnore().execute()).raw);
await step("update", async () => (await items.update({ app: "to" }, { v: "u" })).affected);
await step("update builder", async () => (await items.createQueryBuilder().update().set({ n: () => "n + 100" }).where("app = :a", { a: "to" }).returning("n").execute()).raw.map((r) => r.n).sort());
await step("increment", async () => (await users.increment({ id: "to1" }, "level", 3)).affected);
await step("delete", async () => (await items.delete({ app: "many", n: MoreThan(100) })).affected);
await step("remove", async () => (await workflows.remove(await workflows.findBy({ id: "tow" }))).length);
await step("transaction", () => db.transaction("REPEATABLE READ", async (m) => {
  await m.insert("Item", { app: "tx", n: 1 });
  await step("nested", () => m.transaction(async (n) => {
    await n.insert("Item", { app: "tx", n: 2 });
    await n.insert("Item", { app: "tx", n: 1 });
  }));
  return m.countBy("Item", { app: "tx" });
}));
await step("runner", async () => {
  const r = db.createQueryRunner();
  try {
    await r.startTransaction("SERIALIZABLE");
    await r.query("INSERT INTO item (app, n) VALUES ($1, $2)", ["gone", 1]);
    await r.rollbackTransaction();
    return await r.query("SELECT count(*) FROM item WHERE app = 'gone'");
  } finally {
    await r.release();
  }
});
await step("unique", () => items.insert({ app: "seed", n: 2 }));
await step("foreign key", () => workflows.insert({ id: "f", name: "f", user: { id: "nobody" } }));
await step("not null", () => items.insert({ app: "x" }));
await step("bad text", () => types.findBy({ c_uuid: "zz" }));
await step("types", () => types.findOneBy({ app: "seed" }));
await step("saved types", async () => types.findOneBy({ id: (await types.save({ app: "to", c_bool: true, c_int8: "12", c_numeric: "1.5", c_bytea: Buffer.from("ab"), c_date: "2020-01-01",
  c_timestamptz: new Date(0), c_interval: "1 day", c_json: { a: 1 }, c_jsonb: ["'"], c_ints: [1, 2], c_texts: ["a", "b,c"], c_mood: "sad" })).id }));
await step("stream", async () => {
  // without pg-query-stream's own types: the rows one by one
  let sum = 0;
  for await (const row of await items.createQueryBuilder("i").select("i.n", "n").where("i.app = 'many'").stream()) sum += row.n;
  return sum;
});
await step("raw", () => db.query('SELECT id FROM "User" WHERE level > $1 ORDER BY id', [2]));
await step("tables", async () => {
  const runner = db.createQueryRunner();
  try {
    const seen = (t) => [t.name, t.columns.filter((c) => c.name !== "tenantId").map((c) => [c.name, c.type, c.isNullable, c.isPrimary, c.isGenerated ? c.generationStrategy : c.default]).sort(), t.indices.map((i) => i.columnNames),
      t.uniques.map((u) => [u.name, u.columnNames.sort()]), t.foreignKeys.map((k) => [k.columnNames, k.referencedTableName, k.onDelete]).sort()];
    return [...(await runner.getTables(["item", "Workflow", "step", "types"])).map(seen).sort(), await runner.hasTable("item"), await runner.hasColumn("item", "n"), await runner.getCurrentDatabase(),
      await runner.getCurrentSchema(), await runner.hasDatabase("app")];
  } finally {
    await runner.release();
  }
});
await db.destroy();
console.log("done");
