// TypeORM: synchronize, and migrations from what its schema builder finds.  usage: node migrate_typeorm.mjs DATABASE_URL
import "reflect-metadata";
import { DataSource, EntitySchema, Table, TableCheck, TableColumn, TableForeignKey, TableIndex, TableUnique } from "typeorm";
import { checkpoint, step, url } from "./checkpoint.mjs";

const entity = (name, columns, more) => new EntitySchema({ name, tableName: name.toLowerCase(), columns, ...more });
const id = { type: "integer", primary: true, generated: true };

const account = (columns, more) => entity("Account", {
  id: { type: "uuid", primary: true, generated: "uuid" },
  email: { type: "varchar", length: 120, unique: true, nullable: true },
  since: { type: "timestamptz", createDate: true },
  changed: { type: "timestamp", precision: 3, updateDate: true },
  gone: { type: "timestamp", deleteDate: true, nullable: true },
  version: { type: "int", version: true },
  ...columns }, { comment: "who pays", ...more });
const kinds = (columns, more) => entity("Kinds", {
  id: { type: "bigint", primary: true, generated: "identity", generatedIdentity: "ALWAYS" },
  small: { type: "smallint", default: -1 }, int: { type: "int", default: 7, comment: "it's a number" }, big: { type: "bigint", nullable: true },
  real4: { type: "real", default: 1.5 }, real8: { type: "double precision", nullable: true }, money: { type: "numeric", precision: 12, scale: 4, default: 0 },
  yes: { type: "boolean", default: true }, text: { type: "text", default: "a one" }, short: { type: "character varying", nullable: true },
  code: { type: "char", length: 4, default: "ab" }, bytes: { type: "bytea", nullable: true }, day: { type: "date", default: () => "CURRENT_DATE" },
  hour: { type: "time", precision: 3, nullable: true }, hourz: { type: "time with time zone", nullable: true }, moment: { type: "timestamptz", default: () => "now()" },
  span: { type: "interval", nullable: true }, ip: { type: "inet", nullable: true }, net: { type: "cidr", nullable: true }, mac: { type: "macaddr", nullable: true },
  doc: { type: "json", nullable: true }, docb: { type: "jsonb", default: { a: [1] } }, key: { type: "uuid", default: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" },
  tags: { type: "text", array: true, default: "{}" }, numbers: { type: "int", array: true, default: "{1,2}" }, range: { type: "int4range", nullable: true },
  mood: { type: "enum", enum: ["sad", "ok", "it's"], default: "ok" }, moods: { type: "enum", enum: ["a", "b"], enumName: "letters", array: true, nullable: true },
  simple: { type: "simple-array", nullable: true }, simpler: { type: "simple-json", nullable: true }, simplest: { type: "simple-enum", enum: [1, 2], nullable: true },
  twice: { type: "int", generatedType: "STORED", asExpression: `"small" * 2` },
  ...columns }, more);
const member = (columns, more) => entity("Member", { id, role: { type: "varchar", length: 20 }, ...columns }, {
  relations: { account: { type: "many-to-one", target: "Account", onDelete: "CASCADE", onUpdate: "RESTRICT", nullable: false },
    kind: { type: "many-to-one", target: "Kinds", onDelete: "SET NULL", deferrable: "INITIALLY DEFERRED", joinColumn: { name: "kind_id", foreignKeyConstraintName: "member_kind" } },
    friends: { type: "many-to-many", target: "Member", joinTable: { name: "friends" } }, ...more?.relations },
  uniques: [{ name: "member_once", columns: ["role", "account"] }], checks: [{ name: "role_ok", expression: `"role" <> ''` }],
  indices: [{ name: "member_role", columns: ["role"], where: `"accountId" IS NOT NULL` }, { columns: ["account", "role"], unique: true }, ...(more?.indices ?? [])] });
const gone = entity("Gone", { id, text: { type: "text" } });
const tree = entity("Tree", { id, name: { type: "text" } }, { trees: [{ type: "closure-table" }], relations: {
  parent: { type: "many-to-one", target: "Tree", treeParent: true, nullable: true }, children: { type: "one-to-many", target: "Tree", inverseSide: "parent", treeChildren: true } } });
const view = (expression) => new EntitySchema({ name: "Paying", type: "view", expression, columns: { id: { type: "uuid" }, email: { type: "varchar" } } });

const before = [account({}), kinds({}), member({}), gone, tree, view(`SELECT "id", "email" FROM "account"`)];
const after = [
  account({ email: { type: "text", nullable: true }, name: { type: "varchar", length: 50, default: "", unique: true }, version: { type: "int", version: true, comment: "counts" },
    since: { type: "timestamptz", precision: 0, createDate: true } }, { comment: "who paid" }),
  kinds({ int: { type: "bigint", default: 8, nullable: true }, small: { type: "smallint" }, money: { type: "numeric", precision: 14, scale: 2, default: 1 }, text: { type: "text", nullable: true },
    mood: { type: "enum", enum: ["ok", "it's", "happy"], default: "happy" }, moods: { type: "enum", enum: ["a", "b", "c"], enumName: "letters", array: true, nullable: true }, code: { type: "char", length: 6, nullable: true },
    tags: { type: "varchar", array: true, nullable: true }, twice: { type: "int", generatedType: "STORED", asExpression: `"small" * 3` }, yes: undefined, extra: { type: "jsonb", default: [] } }),
  member({ rank: { type: "int", default: 1 } }, { relations: { account: { type: "many-to-one", target: "Account", onDelete: "NO ACTION", nullable: true }, kind: { type: "one-to-one", target: "Kinds", joinColumn: true } },
    indices: [{ name: "member_rank", columns: ["rank"], synchronize: true }] }),
  tree, view(`SELECT "id", "email" FROM "account" WHERE "gone" IS NULL`),
];
for (const e of after) for (const [k, v] of Object.entries(e.options.columns)) if (!v) delete e.options.columns[k];

const source = (entities, migrations = []) => new DataSource({ type: "postgres", url, entities, migrations, logging: false, extra: { max: 2 }, migrationsTableName: "done" });
const pending = async (db) => (await db.driver.createSchemaBuilder().log()).upQueries.map((q) => q.query);
const describe = (t) => [t.name, t.comment, t.columns.map((c) => [c.name, c.type, c.length, c.precision, c.scale, c.default, c.isNullable, c.isArray, c.isPrimary, c.isUnique, c.isGenerated, c.generationStrategy,
  c.generatedIdentity, c.asExpression, c.enum, c.enumName, c.comment]).sort(), t.uniques.map((u) => [u.name, u.columnNames]).sort(), t.checks.map((c) => [c.name, c.expression]).sort(),
  t.indices.map((i) => [i.name, i.columnNames, i.isUnique, i.where]).sort(), t.foreignKeys.map((k) => [k.name, k.columnNames, k.referencedTableName, k.referencedColumnNames, k.onDelete, k.onUpdate, k.deferrable]).sort()];
const tables = async (db) => {
  const runner = db.createQueryRunner();
  try {
    const all = [...(await runner.getTables(["account", "kinds", "member", "friends", "gone", "tree", "tree_closure", "handmade"])), ...(await runner.getViews(["paying"]))];
    return all.sort((a, b) => (a.name < b.name ? -1 : 1)).map((t) => (t.expression ? [t.name, t.expression] : describe(t)));
  } finally {
    await runner.release();
  }
};

let db = await source(before).initialize();
await step("synchronize", () => db.synchronize());
checkpoint("synchronized");
await step("nothing to do", () => pending(db));
await step("tables", () => tables(db));
await step("rows", async () => {
  await db.getRepository("Account").save({ email: "a@test" });
  await db.getRepository("Kinds").insert({ text: "t", mood: "it's", moods: ["b"], twice: undefined });
  await db.query(`INSERT INTO member (role, "accountId", kind_id) SELECT 'r', a.id, k.id FROM account a, kinds k`);
});
let sql;
const find = await source(after).initialize();
await step("differences", async () => (sql = await find.driver.createSchemaBuilder().log()).upQueries.map((q) => [q.query, q.parameters]).sort());
await find.destroy();
await db.destroy();

class Change1700000000000 {
  async up(runner) {
    for (const q of sql.upQueries) await runner.query(q.query, q.parameters);
  }
  async down(runner) {
    for (const q of sql.downQueries.toReversed()) await runner.query(q.query, q.parameters);
  }
}
class ByHand1700000000001 {
  async up(runner) {
    await runner.createTable(new Table({ name: "hand", comment: "made by hand", columns: [{ name: "id", type: "int", isPrimary: true, isGenerated: true, generationStrategy: "increment" },
      { name: "a", type: "int", isNullable: true }, { name: "b", type: "varchar", length: "10", default: "'x'" }], indices: [{ columnNames: ["b"] }], uniques: [{ name: "hand_once", columnNames: ["a", "b"] }] }));
    await runner.addColumns("hand", [new TableColumn({ name: "c", type: "enum", enum: ["x", "y"], isNullable: true }), new TableColumn({ name: "d", type: "timestamp", default: "now()" })]);
    await runner.renameColumn("hand", "b", "bb");
    await runner.changeColumn("hand", "a", new TableColumn({ name: "aa", type: "bigint", isNullable: false, default: "5" }));
    await runner.createForeignKey("hand", new TableForeignKey({ columnNames: ["aa"], referencedTableName: "kinds", referencedColumnNames: ["id"], onDelete: "CASCADE" }));
    await runner.createIndex("hand", new TableIndex({ name: "hand_lower", columnNames: ["bb", "aa"], where: "bb > 'a'" }));
    await runner.createUniqueConstraint("hand", new TableUnique({ name: "hand_d", columnNames: ["d"] }));
    await runner.createCheckConstraint("hand", new TableCheck({ expression: "aa > 0 AND bb IS NOT NULL" }));
    await runner.renameTable("hand", "handmade");
    await runner.updatePrimaryKeys("handmade", [new TableColumn({ name: "id", type: "int" }), new TableColumn({ name: "d", type: "timestamp" })]);
    await runner.changeTableComment("handmade", "changed");
    await runner.createSchema("side", true);
    await runner.changeTableComment("handmade");
  }
  async down(runner) {
    await runner.dropSchema("side", true, true);
    await runner.dropPrimaryKey("handmade");
    await runner.dropColumn("handmade", "c");
    await runner.dropTable("handmade", true, true, true);
  }
}
class Failing1700000000002 {
  async up(runner) {
    await runner.query("CREATE TABLE never (id int)");
    await runner.query("ALTER TABLE account ADD CONSTRAINT no CHECK (email IS NOT NULL)");
  }
  async down() {}
}

db = await source(after, [Change1700000000000, ByHand1700000000001, Failing1700000000002]).initialize();
await step("failing", async () => (await db.runMigrations({ transaction: "each" })).map((m) => m.name));
checkpoint("failed");
await step("pending", () => db.showMigrations());
await db.destroy();
db = await source(after, [Change1700000000000, ByHand1700000000001]).initialize();
checkpoint("migrated");
await step("only the view", () => pending(db));
await step("tables", () => tables(db));
await step("rows", async () => [await db.query("SELECT email, name FROM account"), await db.query(`SELECT "int", money, mood, moods, twice, extra FROM kinds`)]);
await step("revert by hand", () => db.undoLastMigration());
checkpoint("reverted by hand");
await step("revert", () => db.undoLastMigration());
checkpoint("reverted");
await db.destroy();
db = await source(before).initialize();
await step("as before", () => pending(db));
await step("drop", () => db.dropDatabase());
checkpoint("dropped");
await db.destroy();
console.log("done");
