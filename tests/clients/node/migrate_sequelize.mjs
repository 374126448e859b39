// Sequelize: sync, and migrations with its query interface.  usage: node migrate_sequelize.mjs DATABASE_URL
import { DataTypes, Deferrable, literal, Op, Sequelize } from "sequelize";
import { checkpoint, step, url } from "./checkpoint.mjs";

const db = new Sequelize(url, { logging: false, pool: { max: 2 } });
const { fn, col } = Sequelize;

const Account = db.define("Account", {
  id: { type: DataTypes.UUID, primaryKey: true, defaultValue: literal("gen_random_uuid()") },
  email: { type: DataTypes.STRING(120), allowNull: false, unique: true },
  plan: { type: DataTypes.ENUM("free", "it's"), defaultValue: "free", allowNull: false },
}, { comment: "who pays", paranoid: true, version: true });
const Kinds = db.define("kinds", {
  id: { type: DataTypes.BIGINT, primaryKey: true, autoIncrement: true },
  small: DataTypes.SMALLINT, int: { type: DataTypes.INTEGER, defaultValue: 7, comment: "a number" }, big: DataTypes.BIGINT, real4: DataTypes.REAL, real8: { type: DataTypes.DOUBLE, defaultValue: 1.5 },
  float: DataTypes.FLOAT, money: { type: DataTypes.DECIMAL(12, 4), defaultValue: 0 }, yes: { type: DataTypes.BOOLEAN, defaultValue: true }, text: { type: DataTypes.TEXT, defaultValue: "a 'quoted' one" },
  short: DataTypes.STRING, code: DataTypes.CHAR(4), binary: DataTypes.STRING.BINARY, bytes: DataTypes.BLOB, day: { type: DataTypes.DATEONLY, defaultValue: literal("CURRENT_DATE") },
  hour: DataTypes.TIME, moment: { type: DataTypes.DATE(3), defaultValue: literal("now()") }, ip: DataTypes.INET, net: DataTypes.CIDR, mac: DataTypes.MACADDR,
  doc: DataTypes.JSON, docb: { type: DataTypes.JSONB, defaultValue: { a: [1] } }, key: { type: DataTypes.UUID, defaultValue: DataTypes.UUIDV4 },
  tags: { type: DataTypes.ARRAY(DataTypes.TEXT), defaultValue: [] }, numbers: DataTypes.ARRAY(DataTypes.INTEGER), span: DataTypes.RANGE(DataTypes.INTEGER), days: DataTypes.RANGE(DataTypes.DATEONLY),
}, { timestamps: false, freezeTableName: true, indexes: [{ fields: ["int", { name: "big", order: "DESC" }] }, { name: "kinds_docb", fields: ["docb"], using: "gin" },
  { name: "kinds_lower", fields: [fn("lower", col("short"))], unique: true }, { name: "kinds_some", fields: ["key"], where: { int: { [Op.gt]: 3 }, yes: true } }, { fields: ["text"], operator: "text_pattern_ops" }] });
const Member = db.define("member", { role: { type: DataTypes.STRING(20), allowNull: false, defaultValue: "" } }, { underscored: true, tableName: "members", indexes: [{ unique: true, fields: ["role", "account_id"] }] });
Account.hasMany(Member, { foreignKey: { name: "accountId", allowNull: false }, onDelete: "CASCADE", onUpdate: "RESTRICT" });
Member.belongsTo(Account, { foreignKey: { name: "accountId", allowNull: false } });
Member.belongsTo(Kinds, { foreignKey: "kindId", constraints: true, onDelete: "SET NULL" });
Account.belongsToMany(Kinds, { through: "AccountKinds" });
Kinds.belongsToMany(Account, { through: "AccountKinds" });

const q = db.getQueryInterface();
const column = ([name, c]) => [name, { ...c, special: c.special?.toSorted() }];
const seen = async (table) => [Object.entries(await q.describeTable(table)).map(column).sort(),
  (await q.showIndex(table)).map((i) => [i.name, i.primary, i.unique, i.fields.map((f) => f.attribute ?? f), i.definition]).sort(), (await q.showConstraint(table)).filter((c) => !/^\d/.test(c.constraintName)).map((c) => [c.constraintName, c.constraintType, c.definition]).sort(),
  (await q.getForeignKeyReferencesForTable(table)).map((k) => [k.constraintName, k.columnName, k.referencedTableName, k.referencedColumnName]).sort()];
const all = async () => {
  const names = (await q.showAllTables()).sort();
  return Promise.all(names.map(async (name) => [name, await seen(name)]));
};

await step("sync", () => db.sync().then(() => "made"));
checkpoint("sync");
await step("tables", all);
await step("sync again", () => db.sync().then(() => "made"));
await step("alter with nothing to do", () => db.sync({ alter: true }).then(() => "altered"));
checkpoint("altered");
await step("rows", async () => {
  const a = await Account.create({ email: "a@test", plan: "it's" });
  const k = await Kinds.create({ short: "S", tags: ["x"], docb: { b: 1 }, code: "ab", big: 5 });
  await Member.create({ role: "r", accountId: a.id, kindId: k.id });
});

db.define("Account", { ...Account.rawAttributes, email: { type: DataTypes.TEXT, allowNull: true }, plan: { type: DataTypes.ENUM("free", "it's", "team"), defaultValue: "team" }, name: { type: DataTypes.STRING(50), defaultValue: "" } },
  { comment: "who pays", paranoid: true, version: true });
await step("alter", () => db.models.Account.sync({ alter: true }).then(() => "altered"));
checkpoint("altered");
await step("alter dropping", () => {
  const attributes = { ...Kinds.rawAttributes, int: { type: DataTypes.BIGINT, allowNull: false, defaultValue: 8 }, extra: DataTypes.JSONB };
  delete attributes.small;
  return db.define("kinds", attributes, { timestamps: false, freezeTableName: true }).sync({ alter: { drop: true } }).then(() => "altered");
});
checkpoint("dropped columns");
await step("tables", all);

const up = async (transaction) => {
  const t = { transaction };
  await q.createTable("note", { id: { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: true }, text: { type: DataTypes.STRING, allowNull: false }, parent: { type: DataTypes.INTEGER, references: { model: "note", key: "id", deferrable: Deferrable.INITIALLY_DEFERRED } },
    kind: { type: DataTypes.ENUM("x", "y"), defaultValue: "x" }, kinds: { type: DataTypes.ARRAY(DataTypes.ENUM("a", "b")) }, at: { type: DataTypes.DATE, defaultValue: fn("now") } }, { ...t, comment: "notes", uniqueKeys: { note_text: { fields: ["text"] } } });
  await q.addColumn("note", "extra", { type: DataTypes.DECIMAL(6, 2), defaultValue: 1.5, allowNull: false, comment: "more" }, t);
  await q.addColumn("note", "kind2", { type: DataTypes.ENUM("p", "q") }, t);
  await q.changeColumn("note", "text", { type: DataTypes.TEXT, allowNull: true, defaultValue: "x" }, t);
  await q.changeColumn("note", "kind", { type: DataTypes.ENUM("x", "y"), defaultValue: "y" }, t);
  await q.changeColumn("note", "extra", { type: DataTypes.DOUBLE, unique: true }, t);
  await q.renameColumn("note", "at", "made", t);
  await q.addIndex("note", ["made", "text"], { ...t, name: "note_made", where: { extra: { [Op.lt]: 5 } } });
  await q.addIndex("note", { ...t, unique: true, fields: [{ name: "text", order: "DESC", collate: "C" }] });
  await q.addConstraint("note", { ...t, type: "check", fields: ["extra"], name: "note_extra", where: { extra: { [Op.gte]: 0 } } });
  await q.addConstraint("note", { ...t, type: "unique", fields: ["made", "extra"] });
  await q.addConstraint("note", { ...t, type: "foreign key", fields: ["parent"], name: "note_parent", references: { table: "note", field: "id" }, onDelete: "cascade", onUpdate: "no action" });
  await q.removeColumn("note", "kind2", t);
  await q.renameTable("note", "notes", t);
};
await step("rolled back", () => db.transaction(async (t) => {
  await up(t);
  await q.removeConstraint("notes", "nosuch", { transaction: t });
}));
checkpoint("rolled back");
await step("up", () => db.transaction(up));
await step("note", () => q.bulkInsert("notes", [{ text: "a" }, { text: "b", extra: 2 }]));
checkpoint("up");
await step("notes", () => seen("notes"));
await step("enums", async () => (await q.pgListEnums()).map((e) => [e.enum_name, e.enum_value]).sort());
await step("down", () => db.transaction(async (transaction) => {
  const t = { transaction };
  await q.removeConstraint("notes", "note_extra", t);
  await q.removeConstraint("notes", "note_parent", t);
  await q.removeIndex("notes", "note_made", t);
  await q.changeColumn("notes", "text", { type: DataTypes.STRING(30), allowNull: false }, t);
  await q.renameColumn("notes", "made", "at", t);
  await q.renameTable("notes", "note", t);
}));
checkpoint("down");
await step("schema", async () => {
  await q.createSchema("side");
  await q.createTable({ tableName: "note", schema: "side" }, { id: DataTypes.INTEGER, kind: DataTypes.ENUM("x") });
  return [await q.showAllSchemas(), await q.tableExists({ tableName: "note", schema: "side" })];
});
checkpoint("schema");
await step("force", () => db.sync({ force: true }).then(() => "made"));
checkpoint("forced");
await step("drop", async () => {
  await q.dropSchema("side");
  await q.dropTable("note");
  await db.drop({ cascade: true });
  await q.dropAllEnums();
});
checkpoint("dropped");
await db.close();
console.log("done");
