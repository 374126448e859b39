// MikroORM: its schema generator's creation, differences, and way back.  usage: node migrate_mikro.mjs DATABASE_URL
import { EntitySchema, MikroORM } from "@mikro-orm/postgresql";
import { checkpoint, step, url } from "./checkpoint.mjs";

const entity = (name, properties, more) => new EntitySchema({ name, tableName: name.toLowerCase(), properties, ...more });
const id = { type: "integer", primary: true, autoincrement: true };

const account = (properties, more) => entity("Account", {
  id: { type: "uuid", primary: true, defaultRaw: "gen_random_uuid()" },
  email: { type: "string", length: 120, unique: true },
  plan: { enum: true, items: ["free", "it's"], default: "free" },
  state: { enum: true, items: ["new", "live", "gone"], nativeEnumName: "account_state", default: "new" },
  since: { type: "datetime", defaultRaw: "now()" },
  changed: { type: "datetime", length: 3, nullable: true },
  parent: { kind: "m:1", entity: "Account", nullable: true, deleteRule: "set null" },
  ...properties }, { comment: "who pays", ...more });
const kinds = (properties, more) => entity("Kinds", {
  id: { type: "bigint", primary: true, autoincrement: true },
  small: { type: "smallint", default: -1 }, int: { type: "integer", default: 7, comment: "it's a number" }, big: { type: "bigint", nullable: true },
  real4: { type: "float", default: 1.5 }, real8: { type: "double", nullable: true }, money: { type: "decimal", precision: 12, scale: 4, default: 0 },
  yes: { type: "boolean", default: true }, text: { type: "text", default: "a one" }, short: { type: "string", nullable: true }, code: { type: "character", length: 4, nullable: true },
  bytes: { type: "blob", nullable: true }, day: { type: "date", nullable: true }, hour: { type: "time", length: 3, nullable: true }, plain: { type: "datetime", columnType: "timestamp(6)", nullable: true },
  span: { type: "interval", nullable: true }, doc: { type: "json", nullable: true }, docb: { type: "json", default: "{}" }, key: { type: "uuid", default: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" },
  tags: { type: "string[]", default: [] }, numbers: { type: "array", columnType: "int[]", nullable: true }, ip: { type: "string", columnType: "inet", nullable: true },
  moods: { type: "enum", enum: true, array: true, items: ["a", "b"], nullable: true }, twice: { type: "integer", generated: "(id * 2) stored", nullable: true },
  ...properties }, { indexes: [{ properties: ["int", "big"] }, { name: "kinds_lower", expression: "create index kinds_lower on kinds (lower(short))" }],
  checks: [{ name: "kinds_positive", expression: "money >= 0 and small < 10" }], ...more });
const member = (properties, more) => entity("Member", { id, role: { type: "string", length: 20 },
  account: { kind: "m:1", entity: "Account", deleteRule: "cascade", updateRule: "restrict" }, kind: { kind: "m:1", entity: "Kinds", nullable: true, deferMode: "deferred" },
  friends: { kind: "m:n", entity: "Member", owner: true }, ...properties }, { uniques: [{ name: "member_once", properties: ["role", "account"] }], ...more });
const note = (properties) => entity("Note", { a: { type: "integer", primary: true }, b: { type: "string", primary: true }, text: { type: "text", nullable: true }, ...properties }, { schema: "side" });
const gone = entity("Gone", { id, text: { type: "text", index: true } });

const before = [account({}), kinds({}), member({}), note({}), gone];
const after = [
  account({ email: { type: "text", nullable: true }, plan: { enum: true, items: ["free", "it's", "team"], default: "team" }, name: { type: "string", length: 50, default: "", unique: true },
    state: { enum: true, items: ["new", "live", "gone", "back"], nativeEnumName: "account_state", default: "live" }, since: { type: "datetime", length: 0 }, parent: { type: "uuid", nullable: true } }, { comment: "who paid" }),
  kinds({ int: { type: "bigint", default: 8, nullable: true }, small: { type: "integer" }, money: { type: "decimal", precision: 14, scale: 2, default: 1 }, text: { type: "string", length: 200, nullable: true }, twice: { type: "integer", generated: "(id * 3) stored", nullable: true },
    code: { type: "character", length: 6, default: "ab" }, tags: { type: "string[]", nullable: true }, real4: { type: "double" }, extra: { type: "json", default: "[]" }, yes: { type: "boolean", fieldName: "yes", nullable: true, comment: "or no" }, plain: { type: "datetime", nullable: true } },
  { indexes: [{ properties: ["big"] }], checks: [{ name: "kinds_positive", expression: "money > 0" }] }),
  member({ rank: { type: "integer", default: 1 }, account: { kind: "m:1", entity: "Account", nullable: true, deleteRule: "set null" }, kind: { kind: "1:1", entity: "Kinds", nullable: true } }, { uniques: [], indexes: [{ name: "member_role", properties: ["role", "rank"] }] }),
  note({ member: { kind: "m:1", entity: "Member", nullable: true } }),
];

const open = (entities) => MikroORM.init({ clientUrl: url, entities, discovery: { disableDynamicFileAccess: true }, pool: { min: 0, max: 2 }, debug: false, colors: false });
const rows = (orm, text) => step(text, async () => JSON.parse(JSON.stringify(await orm.em.getConnection().execute(text))));

let orm = await open(before);
await step("create", () => orm.schema.createSchema());
checkpoint("created");
await step("nothing to do", () => orm.schema.getUpdateSchemaSQL({ wrap: false }));
await rows(orm, "insert into account (email) values ('a@test') returning email, plan, state, changed");
await rows(orm, "insert into kinds (short, big, moods, code, money) values ('S', 5, '{a}', 'x', 3) returning id, small, money, text, docb, key, tags, moods, twice");
await rows(orm, "insert into member (role, account_id, kind_id) select 'r', a.id, k.id from account a, kinds k returning id, role");
await rows(orm, "insert into account (email, plan) values ('b@test', 'none')");
await orm.close();

orm = await open(after);
const change = await orm.schema.getUpdateSchemaMigrationSQL({ wrap: false });
const sorted = (text) => text.split("\n").filter(Boolean).sort();
await step("differences", () => sorted(change.up));
await step("the way back", () => sorted(change.down));
await step("update", () => orm.schema.updateSchema({ wrap: false }));
checkpoint("updated");
await step("nothing to do", () => orm.schema.getUpdateSchemaSQL({ wrap: false }));
await rows(orm, "select email, plan, state, name from account");
await rows(orm, `select "int", small, money, text, twice, extra from kinds`);
await step("back", () => orm.schema.execute(change.down, { wrap: false }));
checkpoint("back");
await orm.close();

orm = await open(before);
await step("left to do", () => orm.schema.getUpdateSchemaSQL({ wrap: false }).then(sorted));
await step("drop", () => orm.schema.dropSchema({ wrap: false, dropMigrationsTable: true }));
checkpoint("dropped");
await step("refresh", () => orm.schema.refreshDatabase());
checkpoint("refreshed");
await orm.close();
console.log("done");
