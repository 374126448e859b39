// Sequelize.  usage: node sequelize.mjs DATABASE_URL
import { DataTypes, literal, Op, Sequelize, Transaction } from "sequelize";
import { step, url } from "./transcript.mjs";

const db = new Sequelize(url, { logging: false, pool: { max: 4 }, define: { timestamps: false, freezeTableName: true } });
const text = (key) => ({ type: DataTypes.TEXT, primaryKey: key === true });
const User = db.define("User", { id: text(true), email: text(), password: text(), level: { type: DataTypes.INTEGER, defaultValue: 0 } });
const Workflow = db.define("Workflow", { id: text(true), name: text(), config: DataTypes.JSONB, status: text(), createdAt: DataTypes.DATE });
const Step = db.define("step", { id: { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: true }, title: text(), done: DataTypes.BOOLEAN });
const Item = db.define("item", { app: text(), n: DataTypes.INTEGER, v: text() });
const Types = db.define("types", { app: text(), c_bool: DataTypes.BOOLEAN, c_int8: DataTypes.BIGINT, c_float8: DataTypes.DOUBLE, c_numeric: DataTypes.DECIMAL, c_bytea: DataTypes.BLOB,
  c_uuid: DataTypes.UUID, c_date: DataTypes.DATEONLY, c_time: DataTypes.TIME, c_timestamptz: DataTypes.DATE, c_jsonb: DataTypes.JSONB, c_ints: DataTypes.ARRAY(DataTypes.INTEGER),
  c_texts: DataTypes.ARRAY(DataTypes.TEXT), c_mood: DataTypes.ENUM("sad", "ok", "happy"), c_range: DataTypes.RANGE(DataTypes.INTEGER), c_inet: DataTypes.INET });
User.hasMany(Workflow, { foreignKey: "userId", as: "workflows" });
Workflow.belongsTo(User, { foreignKey: "userId", as: "user" });
Workflow.hasMany(Step, { foreignKey: "workflowId", as: "steps" });
Step.belongsTo(Workflow, { foreignKey: "workflowId" });
const plain = (m) => (Array.isArray(m) ? m.map(plain) : m && m.get({ plain: true }));

await db.authenticate();
await step("version", async () => (await db.databaseVersion()).startsWith("15"));
await step("all", async () => plain(await User.findAll({ order: ["id"] })));
await step("by key", async () => [plain(await User.findByPk("u1")), await User.findByPk("u51")]);
await step("include", async () => plain(await Workflow.findAll({ include: ["user", { model: Step, as: "steps" }], order: ["id", ["steps", "id", "DESC"]] })));
await step("required include", async () => plain(await User.findAll({ include: [{ model: Workflow, as: "workflows", where: { status: "live" } }] })));
await step("limited include", async () => plain(await User.findAll({ include: ["workflows"], order: [["id", "DESC"]], limit: 2 })));
await step("separate include", async () => plain(await Workflow.findAll({ include: [{ model: Step, as: "steps", separate: true, order: ["id"], limit: 1 }], order: ["id"] })));
await step("operators", async () => plain(await Item.findAll({ attributes: ["app", "n"], where: { [Op.or]: [{ n: { [Op.between]: [2, 3] } }, { v: { [Op.iLike]: "%ME 4_" } }], app: { [Op.in]: ["seed", "more"] } },
  order: ["app", "n"], limit: 4, offset: 1 })));
await step("count all", async () => plain((await Item.findAndCountAll({ where: { app: "seed", v: { [Op.ne]: null } }, limit: 2, order: ["n"] })).rows));
await step("aggregates", async () => [await Item.count(), await Item.sum("n"), await Item.max("n", { where: { app: "seed" } }), await Item.count({ distinct: true, col: "app" })]);
await step("group", () => Item.findAll({ attributes: ["app", [db.fn("COUNT", db.col("id")), "c"]], group: "app", having: literal("COUNT(id) > 2"), order: ["app"], raw: true }));
await step("json", () => Workflow.findAll({ where: { config: { every: "day" } }, attributes: ["id", [db.json("config.tags"), "tags"]], raw: true }));
await step("contains", () => Workflow.count({ where: { config: { [Op.contains]: { every: "week" } } } }));
await step("literal", () => User.findAll({ attributes: ["id", [literal('(SELECT count(*) FROM "Workflow" w WHERE w."userId" = "User".id)'), "c"]], order: ["id"], raw: true }));
await step("create", async () => plain(await User.create({ id: "sq1", email: "sq@test", password: "it's \\ $1 :x" })));
await step("create key", async () => plain(await Item.create({ app: "sq", n: 1 })).v ?? "null");
await step("create graph", async () => plain(await Workflow.create({ id: "sqw", name: "ü", config: { a: "'" }, status: "s", createdAt: new Date(0), userId: "sq1", steps: [{ title: "a", done: false }] }, { include: ["steps"] })).steps.length);
await step("bulk create", async () => (await Item.bulkCreate(Array.from({ length: 150 }, (_, i) => ({ app: "bulk", n: i, v: `v${i}` })))).length);
await step("returning", async () => (await Item.bulkCreate([{ app: "sq", n: 2 }, { app: "sq", n: 3 }], { returning: true })).every((i) => i.id > 0));
await step("ignore", async () => (await Item.bulkCreate([{ app: "sq", n: 2, v: "no" }], { ignoreDuplicates: true })).length);
await step("upsert", async () => plain((await Item.upsert({ id: 3, app: "seed", n: 1, v: "up" }))[0]));
await step("bulk update on duplicate", async () => (await Item.bulkCreate([{ id: 3, app: "seed", n: 1, v: "dup" }], { updateOnDuplicate: ["v"] })).length);
await step("find and create", async () => (await Item.findCreateFind({ where: { app: "sq", n: 50 }, defaults: { v: "x" } }))[1]);
await step("find and create again", async () => (await Item.findCreateFind({ where: { app: "sq", n: 50 } }))[1]);
await step("save", async () => {
  const u = await User.findByPk("sq1");
  u.level = 9;
  await u.save();
  await u.increment("level", { by: 2 });
  await u.reload();
  return plain(u);
});
await step("update", async () => (await Item.update({ v: "u" }, { where: { app: "sq" } }))[0]);
await step("update returning", async () => plain((await Item.update({ v: literal("v || '!'") }, { where: { app: "sq", n: 2 }, returning: true }))[1]));
await step("destroy", () => Item.destroy({ where: { app: "bulk", n: { [Op.gt]: 100 } } }));
await step("destroy limited", () => Item.destroy({ where: { app: "bulk" }, limit: 3 })); // any three of them
await step("destroy the others", () => Item.destroy({ where: { app: "bulk" } }));
await step("transaction", () => db.transaction({ isolationLevel: Transaction.ISOLATION_LEVELS.SERIALIZABLE }, async (transaction) => {
  await Item.create({ app: "tx", n: 1 }, { transaction });
  await step("nested", () => db.transaction({ transaction }, async (inner) => {
    await Item.create({ app: "tx", n: 2 }, { transaction: inner });
    await Item.create({ app: "tx", n: 1 }, { transaction: inner });
  }));
  return Item.count({ where: { app: "tx" }, transaction });
}));
await step("rolled back", () => db.transaction(async (transaction) => {
  await Item.create({ app: "gone", n: 1 }, { transaction });
  throw Object.assign(new Error("mine"), { code: "MINE1" });
}));
await step("locked", async () => db.transaction(async (transaction) => plain(await Item.findAll({ where: { n: 4 }, attributes: ["app"], order: ["app"], lock: transaction.LOCK.UPDATE, skipLocked: true, transaction }))));
await step("gone", () => Item.count({ where: { app: "gone" } }));
await step("unique", () => Item.create({ app: "seed", n: 2 }).catch((e) => [e.name, e.fields, e.parent.constraint]));
await step("foreign key", () => Workflow.create({ id: "f", name: "f", config: {}, status: "", createdAt: new Date(0), userId: "nobody" }).catch((e) => [e.name, e.index, e.table]));
await step("bad text", () => Types.findAll({ where: { c_uuid: "zz" } }).catch((e) => e.parent.code));
await step("types", async () => plain(await Types.findOne({ where: { app: "seed" } })));
await step("created types", async () => {
  const t = await Types.create({ app: "sq", c_bool: false, c_int8: "77", c_float8: 0.5, c_numeric: "1.25", c_bytea: Buffer.from("ab"), c_uuid: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", c_date: "2020-02-02",
    c_time: "01:02:03", c_timestamptz: new Date(0), c_jsonb: { x: [null] }, c_ints: [1, 2], c_texts: ["a'b", "c,d"], c_mood: "sad", c_range: [1, 5], c_inet: "10.0.0.1" });
  await t.reload();
  return plain(t);
});
await step("array", () => Types.count({ where: { c_ints: { [Op.contains]: [1] }, c_texts: { [Op.overlap]: ["x", "a'b"] }, c_mood: "sad" } }));
await step("replacements", () => db.query("SELECT n FROM item WHERE app = :app AND n IN (:ns) ORDER BY n", { replacements: { app: "seed", ns: [1, 2] }, type: "SELECT" }));
await step("bind", () => db.query("SELECT n FROM item WHERE app = $app AND n = $n", { bind: { app: "seed", n: 3 }, type: "SELECT" }));
await step("tables", async () => (await db.getQueryInterface().showAllTables()).sort());
await step("indexes", async () => (await db.getQueryInterface().showIndex("item")).map((i) => [i.name, i.unique, i.fields.map((f) => f.attribute)]));
const described = async (table) => Object.entries(await db.getQueryInterface().describeTable(table)).filter(([name]) => name !== "tenantId").sort();
await step("described", async () => [await described("item"), await described("Workflow")]);
await step("foreign keys", async () => (await db.getQueryInterface().getForeignKeyReferencesForTable("Workflow")).map((k) => [k.constraintName, k.tableCatalog, k.tableName, k.columnName, k.referencedTableName, k.referencedColumnName]).sort());
await step("foreign keys by table", async () => Object.entries(await db.getQueryInterface().getForeignKeysForTables(["Workflow", "step"])));
await step("constraints", async () => (await db.getQueryInterface().showConstraint("item")).map((c) => [c.constraintName, c.constraintType]).sort());
await step("table exists", () => db.getQueryInterface().tableExists("item"));
await db.close();
console.log("done");
