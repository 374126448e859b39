// Knex: migrations and the schema builder.  usage: node migrate_knex.mjs DATABASE_URL
import makeKnex from "knex";
import { checkpoint, step, url } from "./checkpoint.mjs";

const db = makeKnex({ client: "pg", connection: url, pool: { min: 0, max: 2 } });

const first = {
  name: "1_first",
  async up(k) {
    await k.schema.createTable("account", (t) => {
      t.comment("who pays");
      t.increments("id");
      t.uuid("key").notNullable().defaultTo(k.raw("gen_random_uuid()")).unique();
      t.string("email", 120).notNullable().unique({ indexName: "account_email" });
      t.enu("plan", ["free", "paid"]).notNullable().defaultTo("free");
      t.enu("state", ["new", "live", "gone"], { useNative: true, enumName: "account_state" }).defaultTo("new");
      t.timestamps(true, true);
    });
    await k.schema.createTable("kinds", (t) => {
      t.bigIncrements("id", { primaryKey: true });
      t.integer("int").defaultTo(7).comment("a number");
      t.bigInteger("big").unsigned();
      t.tinyint("tiny");
      t.smallint("small").notNullable().defaultTo(-1);
      t.mediumint("medium");
      t.text("long").defaultTo("a 'quoted' one\\");
      t.string("short");
      t.float("real4");
      t.double("real8").defaultTo(1.5);
      t.decimal("money", 12, 4).defaultTo("0.5");
      t.decimal("any", null);
      t.boolean("yes").defaultTo(true);
      t.date("day");
      t.datetime("moment", { precision: 3 }).defaultTo(k.fn.now(3));
      t.timestamp("plain", { useTz: false });
      t.time("hour");
      t.binary("bytes");
      t.json("doc").defaultTo({ a: [1] });
      t.jsonb("docb").notNullable().defaultTo("{}");
      t.specificType("tags", "text[]").notNullable().defaultTo("{}");
      t.specificType("grid", "integer[][]");
      t.specificType("ip", "inet");
      t.specificType("span", "interval").defaultTo("1 day");
      t.specificType("mac", "macaddr");
      t.specificType("code", "char(4)").collate("C");
      t.specificType("total", "numeric(14,4) GENERATED ALWAYS AS (money * 2) STORED");
      t.index(["int", "big"]);
      t.index(["docb"], "kinds_docb", "gin");
      t.check("?? > ??", ["int", "tiny"], "int_above_tiny");
      t.integer("pos").checkPositive();
      t.integer("neg").checkNegative("is_negative");
      t.string("among").checkIn(["a", "b"]);
      t.string("not_among").checkNotIn(["x"]);
      t.integer("within").checkBetween([1, 10]);
      t.string("long_enough").checkLength(">=", 3);
      t.string("match").checkRegex("[0-9]{8}");
    });
    await k.schema.createTable("member", (t) => {
      t.integer("account_id").unsigned().notNullable().references("id").inTable("account").onDelete("CASCADE").onUpdate("RESTRICT");
      t.bigInteger("kind_id").references("kinds.id").onDelete("SET NULL").deferrable("deferred");
      t.string("role", 20);
      t.primary(["account_id", "role"], { constraintName: "member_key" });
      t.unique(["kind_id", "role"]);
      t.index(["role"], "member_role_partial", { predicate: k.whereNotNull("kind_id") });
      t.unique(["kind_id"], { indexName: "member_kind_once", useConstraint: false, predicate: k.whereRaw("role = 'chief'") });
    });
  },
  async down(k) {
    await k.schema.dropTableIfExists("member").dropTable("kinds").dropTable("account");
    await k.raw("DROP TYPE account_state");
  },
};

const second = {
  name: "2_changes",
  async up(k) {
    await k.schema.alterTable("account", (t) => t.renameColumn("email", "mail"));
    await k.schema.alterTable("account", (t) => {
      t.string("name", 50).notNullable().defaultTo("").after("mail");
      t.text("mail").notNullable().alter();
      t.dropChecks("account_plan_check");
      t.text("plan").defaultTo("team").checkIn(["free", "paid", "team"]).alter({ alterNullable: false });
      t.dropColumn("updated_at");
      t.setNullable("state");
      t.dropUnique(["key"]);
      t.unique(["name", "mail"], { nullsNotDistinct: false });
    });
    await k.schema.alterTable("kinds", (t) => {
      t.dropIndex(["int", "big"]);
      t.dropIndex("", "kinds_docb");
      t.bigInteger("int").notNullable().defaultTo(8).alter();
      t.decimal("real4", 8, 2).alter();
      t.string("long", 200).alter();
      t.dropNullable("short");
      t.dropColumns("tiny", "medium");
      t.dropChecks("is_negative");
      t.index([k.raw("lower(??)", ["short"])], "kinds_lower");
      t.renameColumn("day", "on");
      t.timestamp("plain", { useTz: true }).alter();
    });
    await k.schema.alterTable("member", (t) => {
      t.dropForeign(["account_id"]);
      t.dropPrimary("member_key");
      t.foreign("account_id", "member_account").references("account.id").onDelete("NO ACTION");
      t.dropIndex("role", "member_role_partial");
    });
    await k.schema.alterTable("member", (t) => t.bigIncrements("id"));
    await k.schema.renameTable("member", "membership");
    await k.schema.createTableLike("kinds_copy", "kinds", (t) => t.integer("extra"));
    await k.schema.createViewOrReplace("paying", (v) => {
      v.columns(["id", "mail"]);
      v.as(k("account").select("id", "mail").where("plan", "<>", "free"));
    });
    await k.schema.createSchemaIfNotExists("side");
    await k.schema.withSchema("side").createTable("note", (t) => {
      t.increments();
      t.integer("account").references("id").inTable("public.account");
      t.string("text").index();
    });
  },
  async down(k) {
    await k.schema.dropSchemaIfExists("side", true);
    await k.schema.dropViewIfExists("paying");
    await k.schema.dropTable("kinds_copy");
    await k.schema.renameTable("membership", "member");
    await k.schema.alterTable("member", (t) => {
      t.dropForeign("account_id", "member_account");
      t.dropColumn("id");
      t.primary(["account_id", "role"], { constraintName: "member_key" });
      t.foreign("account_id").references("id").inTable("account").onDelete("CASCADE").onUpdate("RESTRICT");
    });
    await k.schema.alterTable("kinds", (t) => {
      t.integer("int").nullable().defaultTo(7).alter();
      t.dropIndex("", "kinds_lower");
      t.setNullable("short");
      t.renameColumn("on", "day");
      t.integer("tiny");
    });
    await k.schema.alterTable("account", (t) => {
      t.dropUnique(["name", "mail"]);
      t.dropColumn("name");
      t.renameColumn("mail", "email");
    });
  },
};

const failing = {
  name: "3_failing",
  async up(k) {
    await k.schema.createTable("gone", (t) => t.increments());
    await k.schema.alterTable("account", (t) => t.dropColumn("nosuch"));
  },
  async down() {},
};

const source = (list) => ({ getMigrations: async () => list, getMigrationName: (m) => m.name, getMigration: async (m) => m });
const migrate = (what, ...list) => db.migrate[what]({ migrationSource: source(list) });
const seen = async (table) => {
  const columns = await db(table).columnInfo();
  return Object.entries(columns).sort();
};

await step("latest", () => migrate("latest", first));
checkpoint("first");
for (const table of ["account", "kinds", "member"]) await step(`columns of ${table}`, () => seen(table));
await step("rows", async () => {
  await db("account").insert({ id: 1, email: "a@test", plan: "paid" });
  await db("kinds").insert({ id: 1, int: 2, tiny: 1, day: "2024-01-02", plain: "2024-01-02 03:04:05", short: "S" });
  await db("member").insert({ account_id: 1, kind_id: 1, role: "chief" });
});
await step("plan", () => db("account").where({ id: 1 }).update({ plan: "none" }));
await step("up with a row against it", () => migrate("latest", first, second));
checkpoint("failed");
await db("account").update({ plan: "free" });
await step("up", () => migrate("latest", first, second));
checkpoint("second");
for (const table of ["account", "kinds", "membership", "kinds_copy", "paying"]) await step(`columns of ${table}`, () => seen(table));
await step("view", () => db("paying").select());
await step("failing", () => migrate("latest", first, second, failing));
checkpoint("rolled back");
await step("list", async () => (await migrate("list", first, second, failing)).map((l) => l.map((m) => m.name)));
await step("has", async () => [await db.schema.hasTable("kinds"), await db.schema.hasTable("gone"), await db.schema.hasColumn("kinds", "tiny")]);
await step("down", () => migrate("down", first, second));
checkpoint("down");
await step("version", () => migrate("currentVersion", first, second));
await step("rollback", () => migrate("rollback", first, second));
checkpoint("rollback");
await step("again", () => migrate("latest", first, second));
await step("rollback all", () => db.migrate.rollback({ migrationSource: source([first, second]) }, true));
checkpoint("all");
await db.destroy();
console.log("done");
