// MikroORM.  usage: node mikro.mjs DATABASE_URL
import { EntitySchema, LockMode, MikroORM, raw } from "@mikro-orm/postgresql";
import { step, url } from "./transcript.mjs";

const User = new EntitySchema({ name: "User", tableName: "User", properties: {
  id: { type: "text", primary: true }, email: { type: "text" }, password: { type: "text", lazy: true }, level: { type: "integer", default: 0 },
  workflows: { kind: "1:m", entity: "Workflow", mappedBy: "user", orderBy: { id: "asc" } } } });
const Workflow = new EntitySchema({ name: "Workflow", tableName: "Workflow", properties: {
  id: { type: "text", primary: true }, name: { type: "text" }, config: { type: "json", default: "{}" }, status: { type: "text", default: "draft" },
  user: { kind: "m:1", entity: "User", fieldName: "userId", nullable: true }, steps: { kind: "1:m", entity: "Step", mappedBy: "workflow", orderBy: { id: "asc" }, orphanRemoval: true } } });
const Step = new EntitySchema({ name: "Step", tableName: "step", properties: {
  id: { type: "integer", primary: true, autoincrement: true }, title: { type: "text" }, done: { type: "boolean", default: false },
  workflow: { kind: "m:1", entity: "Workflow", fieldName: "workflowId" } } });
const Item = new EntitySchema({ name: "Item", tableName: "item", properties: {
  id: { type: "integer", primary: true, autoincrement: true }, app: { type: "text" }, n: { type: "integer" }, v: { type: "text", nullable: true } } });
const Types = new EntitySchema({ name: "Types", tableName: "types", properties: {
  id: { type: "integer", primary: true, autoincrement: true }, app: { type: "text" }, b: { type: "boolean", fieldName: "c_bool", nullable: true }, i: { type: "bigint", fieldName: "c_int8", nullable: true },
  d: { type: "decimal", fieldName: "c_numeric", nullable: true }, blob: { type: "blob", fieldName: "c_bytea", nullable: true }, u: { type: "uuid", fieldName: "c_uuid", nullable: true },
  t: { type: "datetime", columnType: "timestamptz", fieldName: "c_timestamptz", nullable: true }, j: { type: "json", fieldName: "c_jsonb", nullable: true },
  texts: { type: "string[]", fieldName: "c_texts", nullable: true }, mood: { enum: true, items: ["sad", "ok", "happy"], nativeEnumName: "mood", fieldName: "c_mood", nullable: true } } });

const orm = await MikroORM.init({ clientUrl: url, entities: [User, Workflow, Step, Item, Types], discovery: { disableDynamicFileAccess: true }, pool: { min: 0, max: 4 }, debug: false, colors: false });
const fork = () => orm.em.fork();
const plain = (rows) => JSON.parse(JSON.stringify(rows));

await step("connected", () => orm.isConnected());
await step("database", () => orm.schema.ensureDatabase());
await step("find", async () => plain(await fork().find("User", {}, { orderBy: { id: "asc" } })));
await step("one", async () => plain(await fork().findOne("User", { email: "ann@test" }, { populate: ["password"] })));
await step("others", () => fork().findOne("Workflow", "w51"));
await step("populate", async () => plain(await fork().find("Workflow", {}, { populate: ["user", "steps"], orderBy: { id: "asc" } })));
await step("populate joined", async () => plain(await fork().find("User", { workflows: { status: "live" } }, { populate: ["workflows.steps"], strategy: "joined", orderBy: { workflows: { steps: { id: "asc" } } } })));
await step("populate selected", async () => plain(await fork().find("User", {}, { populate: ["workflows"], strategy: "select-in", orderBy: { id: "asc" } })));
await step("page", async () => {
  const [rows, n] = await fork().findAndCount("Item", { app: "seed", $or: [{ n: { $gt: 30 } }, { v: { $ilike: "%ME 1%" } }] }, { orderBy: { n: "desc" }, limit: 3, offset: 2, fields: ["n"] });
  return [rows.map((r) => r.n), n];
});
await step("count", () => fork().count("Item", { n: { $in: [1, 2] }, v: { $ne: null } }));
await step("json", async () => (await fork().find("Workflow", { config: { every: "day" } })).map((w) => w.id));
await step("builder", () => fork().createQueryBuilder("Item", "i").select(["i.app", raw("count(*) as c")]).groupBy("i.app").having("count(*) > 2").orderBy({ app: "asc" }).execute());
await step("unit of work", async () => {
  const em = fork();
  const u = em.create("User", { id: "mi1", email: "mi@test", password: "it's \\", level: 1 });
  const w = em.create("Workflow", { id: "miw", name: "ü", config: { a: ["'"] }, status: "s", user: u });
  em.create("Step", { title: "a", done: false, workflow: w });
  em.create("Step", { title: "b", done: true, workflow: w });
  for (let n = 0; n < 30; n++) em.create("Item", { app: "mi", n, v: `v${n}` });
  await em.flush();
  u.level = 7;
  w.steps.remove(w.steps[0]);
  for (const i of await em.find("Item", { app: "mi", n: { $lt: 5 } })) i.v = `changed ${i.n}`;
  await em.flush();
  const other = await fork().findOne("Workflow", "miw", { populate: ["user", "steps"] });
  return plain([other.user.level, other.config, other.steps.getItems().map((s) => s.title)]);
});
await step("insert", async () => (await fork().insert("Item", { app: "mi", n: 100 })) > 0);
await step("insert many", async () => (await fork().insertMany("Item", [{ app: "mi", n: 101 }, { app: "mi", n: 102 }])).length);
await step("upsert", async () => (await fork().upsert("Item", { id: 3, app: "seed", n: 1, v: "up" })).v);
await step("upsert many", async () => (await fork().upsertMany("User", [{ id: "mi1", email: "m1@test", password: "x", level: 3 }, { id: "mi2", email: "m2@test", password: "y", level: 4 }])).map((u) => [u.id, u.level]));
await step("native update", () => fork().nativeUpdate("Item", { app: "mi", n: { $gte: 100 } }, { v: "n" }));
await step("native delete", () => fork().nativeDelete("Item", { app: "mi", n: { $gt: 101 } }));
await step("remove", async () => {
  const em = fork();
  em.remove(await em.findOneOrFail("Item", { app: "mi", n: 100 }));
  await em.flush();
  return em.count("Item", { app: "mi" });
});
await step("transaction", () => fork().transactional(async (em) => {
  em.create("Item", { app: "tx", n: 1 });
  await em.flush();
  await step("nested", () => em.transactional(async (inner) => {
    inner.create("Item", { app: "tx", n: 1 });
  }).catch((e) => [e.constructor.name, e.code]));
  return (await em.find("Item", { app: { $in: ["seed", "tx"] }, n: 1 }, { lockMode: LockMode.PESSIMISTIC_PARTIAL_WRITE, orderBy: { app: "asc" } })).map((i) => i.app);
}, { isolationLevel: "serializable" }));
await step("rolled back", () => fork().transactional(async (em) => {
  em.create("Item", { app: "gone", n: 1 });
  await em.flush();
  throw Object.assign(new Error("mine"), { code: "MINE1" });
}));
await step("gone", () => fork().count("Item", { app: "gone" }));
await step("unique", () => fork().insert("Item", { app: "seed", n: 2 }).catch((e) => [e.constructor.name, e.code, e.constraint]));
await step("foreign key", () => fork().insert("Workflow", { id: "f", name: "f", config: {}, status: "", user: "nobody" }).catch((e) => [e.constructor.name, e.code, e.constraint]));
await step("types", async () => plain(await fork().findOne("Types", { app: "seed" })));
await step("created types", async () => {
  const em = fork();
  const t = em.create("Types", { app: "mi", b: true, i: "9007199254740993", d: "1.5", blob: Buffer.from("ab"), u: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", t: new Date(0), j: { x: "'" }, texts: ["a,b", '"'], mood: "sad" });
  await em.flush();
  return plain(await fork().findOne("Types", t.id));
});
await step("raw", () => orm.em.getConnection().execute("SELECT n FROM item WHERE app = ? AND n < ? ORDER BY n", ["seed", 3]));
await orm.close();
console.log("done");
