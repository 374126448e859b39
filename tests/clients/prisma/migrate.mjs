// Prisma's schema engine: diff, push, migrations and introspection.  usage: node migrate.mjs DATABASE_URL
import { readFileSync, readSync } from "node:fs";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import pg from "pg";
import * as glue from "./node_modules/@prisma/schema-engine-wasm/schema_engine_bg.js";

const url = process.argv[2];
const wasm = new WebAssembly.Module(readFileSync("node_modules/@prisma/schema-engine-wasm/schema_engine_bg.wasm"));
const instance = new WebAssembly.Instance(wasm, { "./schema_engine_bg.js": glue });
glue.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start();

function checkpoint(name) {
  console.log(`checkpoint ${name}`);
  readSync(0, Buffer.alloc(1));
}

async function step(name, body) {
  try {
    const value = await body();
    console.log(`${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
  } catch (e) {
    console.log(`${name}: ${String(e.message).split("\n").filter((l) => !/^\s+(at|\d+:) |^Location|^\s*$/.test(l)).join(" | ")}`);
  }
}

const head = 'datasource db {\n  provider = "postgresql"\n}\n';
const first = `${head}
enum Plan {
  FREE
  PAID @map("paid up")
}
model Account {
  id      String    @id @default(uuid()) @db.Uuid
  key     String    @unique @default(dbgenerated("gen_random_uuid()")) @db.Uuid
  email   String    @db.VarChar(120)
  plan    Plan      @default(FREE)
  plans   Plan[]    @default([FREE, PAID])
  since   DateTime  @default(now()) @db.Timestamptz(6)
  changed DateTime  @updatedAt
  members Member[]
  @@unique([email, plan])
  @@map("account")
}
model Kinds {
  id     BigInt    @id @default(autoincrement())
  serial Int       @default(autoincrement())
  small  Int       @default(-1) @db.SmallInt
  int    Int       @default(7)
  big    BigInt?
  real4  Float?    @db.Real
  real8  Float     @default(1.5)
  money  Decimal   @default(0) @db.Decimal(12, 4)
  any    Decimal?
  yes    Boolean   @default(true)
  text   String    @default("a 'quoted' one")
  short  String?   @db.VarChar(10)
  code   String?   @db.Char(4)
  bytes  Bytes?
  day    DateTime? @db.Date
  hour   DateTime? @db.Time(3)
  hourz  DateTime? @db.Timetz
  moment DateTime? @db.Timestamp(0)
  doc    Json?     @db.Json
  docb   Json      @default("{\\"a\\": [1]}")
  ip     String?   @db.Inet
  oid    Int?      @db.Oid
  tags   String[]  @default(["a", "b c"])
  counts Int[]
  days   DateTime[] @db.Date
  members Member[]
  @@index([int, big(sort: Desc)])
  @@index([docb], type: Gin)
  @@index([docb(ops: JsonbPathOps)], type: Gin, map: "kinds_paths")
  @@index([yes], type: Hash)
  @@index([day], type: Brin)
}
model Member {
  accountId String  @db.Uuid
  role      String
  kindId    BigInt?
  bossId    String? @db.Uuid
  bossRole  String?
  account   Account @relation(fields: [accountId], references: [id], onDelete: Cascade, onUpdate: Restrict)
  kind      Kinds?  @relation(fields: [kindId], references: [id], onDelete: SetNull, map: "member_kind")
  boss      Member? @relation("boss", fields: [bossId, bossRole], references: [accountId, role], onDelete: NoAction, onUpdate: NoAction)
  staff     Member[] @relation("boss")
  friends   Member[] @relation("friends")
  friendOf  Member[] @relation("friends")
  loose     Loose?
  @@id([accountId, role], map: "member_key")
}
model Loose {
  id        Int    @id
  accountId String @db.Uuid
  role      String
  member    Member @relation(fields: [accountId, role], references: [accountId, role])
  @@unique([accountId, role])
}
model Gone {
  id   Int @id @default(autoincrement())
  text String
}`.replace(/  friends .*\n  friendOf .*\n/, "");
const second = first
  .replace("FREE\n  PAID @map(\"paid up\")", "FREE\n  TEAM\n  PAID @map(\"paid up\")")
  .replace('@@map("account")', "@@index([since])\n  @@map(\"account\")")
  .replace("email   String    @db.VarChar(120)", "email   String?   @db.Text\n  name    String    @default(\"\") @unique @db.VarChar(50)")
  .replace("int    Int       @default(7)", "int    BigInt    @default(8)")
  .replace("money  Decimal   @default(0) @db.Decimal(12, 4)", "money  Decimal   @default(1.5) @db.Decimal(14, 2)")
  .replace("moment DateTime? @db.Timestamp(0)", "moment DateTime? @db.Timestamptz(3)")
  .replace("short  String?   @db.VarChar(10)", "short  String?   @db.VarChar(100)")
  .replace("small  Int       @default(-1) @db.SmallInt", "small  Int       @db.SmallInt")
  .replace("serial Int       @default(autoincrement())", "serial Int")
  .replace("  any    Decimal?\n", "  extra  Json      @default(\"[]\")\n")
  .replace("oid    Int?      @db.Oid", "oid    Int?")
  .replace('  @@index([docb(ops: JsonbPathOps)], type: Gin, map: "kinds_paths")\n', '  @@index([tags], type: Gin, map: "kinds_tags")\n')
  .replace("onDelete: Cascade, onUpdate: Restrict", "onDelete: Restrict, onUpdate: Cascade")
  .replace(', map: "member_kind"', "")
  .replace('@@id([accountId, role], map: "member_key")', '@@id([accountId, role])')
  .replace(/model Gone \{[^}]*\}/, "model Fresh {\n  id Int @id @default(autoincrement())\n  at DateTime @default(now())\n}");

// The adapter does not know "char", which catalogs have.
const { handleRowDescription } = pg.Query.prototype;
pg.Query.prototype.handleRowDescription = function (message) {
  for (const field of message.fields) if (field.dataTypeID === 18) field.dataTypeID = 1042;
  return handleRowDescription.call(this, message);
};
const engine = (schema) => {
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString: url }));
  return glue.SchemaEngine.new({ datamodels: [["schema.prisma", schema]] }, () => {}, adapter);
};
const files = (schema) => ({ files: [{ path: "schema.prisma", content: schema }] });
const filters = { externalTables: [], externalEnums: [] };
const target = (schema) => (schema ? { tag: "schemaDatamodel", ...files(schema) } : { tag: "empty" });
const diff = async (e, from, to) => (await e.diff({ from: target(from), to: target(to), shadowDatabaseUrl: null, script: true, exitCode: null, filters })).stdout;
const introspect = async (e) => {
  const result = await e.introspect({ schema: files(head), baseDirectoryPath: ".", force: true, compositeTypeDepth: -1, namespaces: null });
  return result.schema.files[0].content + (result.warnings ?? "");
};
const db = new pg.Client(url);
await db.connect();

const e = await engine(first);
await step("version", async () => /^PostgreSQL 15/.test(await e.version(null)));
const forth = await diff(e, null, first), change = await diff(e, first, second), back = await diff(e, second, first), away = await diff(e, first, null);
await step("first", () => db.query(forth).then(() => forth));
checkpoint("first");
await step("introspected", () => introspect(e));
await step("nothing to do", () => e.schemaPush({ schema: files(first), force: false, filters }));
await step("rows", async () => {
  await db.query("INSERT INTO account (id, email, changed) VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'a', now())");
  await db.query(`INSERT INTO "Kinds" (short, moment, oid) VALUES ('s', now(), 5)`);
  await db.query(`INSERT INTO "Member" ("accountId", role, "kindId") SELECT a.id, 'r', k.id FROM account a, "Kinds" k`);
});
await step("change", () => db.query(change).then(() => change));
checkpoint("changed");
await step("introspected", () => introspect(e));
await step("nothing to do", () => e.schemaPush({ schema: files(second), force: false, filters }));
await step("data loss", () => e.schemaPush({ schema: files(first), force: false, filters }));
await step("back", () => db.query(back).then(() => back));
checkpoint("back");
await step("away", () => db.query(away).then(() => away));
checkpoint("away");

const migrationsList = (...scripts) => ({ baseDir: "migrations", lockfile: { path: "migration_lock.toml", content: 'provider = "postgresql"' }, shadowDbInitScript: "",
  migrationDirectories: scripts.map(([name, content]) => ({ path: name, migrationFile: { path: "migration.sql", content: { tag: "ok", value: content } } })) });
const one = ["20240101000000_first", forth], two = ["20240102000000_change", change], bad = ["20240103000000_bad", "CREATE TABLE never (id int);\nALTER TABLE account ADD COLUMN email text;"];
await step("applied", () => e.applyMigrations({ migrationsList: migrationsList(one), filters }));
checkpoint("applied");
await step("diagnosis", () => e.diagnoseMigrationHistory({ migrationsList: migrationsList(one, two), optInToShadowDatabase: false, filters }));
await step("applied", () => e.applyMigrations({ migrationsList: migrationsList(one, two), filters }));
await step("failing", () => e.applyMigrations({ migrationsList: migrationsList(one, two, bad), filters }));
checkpoint("failed");
await step("rolled back", () => e.markMigrationRolledBack({ migrationName: bad[0] }));
await step("pushed", () => e.schemaPush({ schema: files(first), force: true, filters }));
checkpoint("pushed");
await step("reset", () => e.reset({ filter: filters }));
checkpoint("reset");
await db.end();
e.free();
console.log("done");
process.exit(0);
