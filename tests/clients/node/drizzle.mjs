// Drizzle on node-pg and on postgres.js.  usage: node drizzle.mjs DATABASE_URL
import { and, arrayContains, asc, avg, between, count, desc, eq, exists, gt, ilike, inArray, isNull, lt, ne, or, relations, sql, sum } from "drizzle-orm";
import { drizzle as onPg } from "drizzle-orm/node-postgres";
import { alias, bigint, boolean, doublePrecision, integer, jsonb, numeric, pgEnum, pgTable, serial, text, timestamp, union, uuid, date, inet } from "drizzle-orm/pg-core";
import { drizzle as onPostgres } from "drizzle-orm/postgres-js";
import pg from "pg";
import postgres from "postgres";
import { step, url } from "./transcript.mjs";

const mood = pgEnum("mood", ["sad", "ok", "happy"]);
const users = pgTable("User", { id: text().primaryKey(), email: text(), password: text(), level: integer().default(0) });
const workflows = pgTable("Workflow", { id: text().primaryKey(), name: text(), config: jsonb(), status: text().default("draft"), createdAt: timestamp({ precision: 3 }).defaultNow(), userId: text() });
const steps = pgTable("step", { id: integer().primaryKey().generatedByDefaultAsIdentity(), workflowId: text(), title: text(), done: boolean() });
const items = pgTable("item", { id: serial().primaryKey(), app: text(), n: integer(), v: text(), tenantId: text() });
const types = pgTable("types", { id: serial().primaryKey(), app: text(), c_bool: boolean(), c_int8: bigint({ mode: "bigint" }), c_float8: doublePrecision(), c_numeric: numeric(), c_uuid: uuid(), c_date: date(),
  c_timestamptz: timestamp({ withTimezone: true }), c_jsonb: jsonb(), c_ints: integer().array(), c_texts: text().array(), c_mood: mood(), c_inet: inet() });
const own = { id: items.id, app: items.app, n: items.n, v: items.v };
const schema = { users, workflows, steps, items, types,
  usersRelations: relations(users, ({ many }) => ({ workflows: many(workflows) })),
  workflowsRelations: relations(workflows, ({ one, many }) => ({ user: one(users, { fields: [workflows.userId], references: [users.id] }), steps: many(steps) })),
  stepsRelations: relations(steps, ({ one }) => ({ workflow: one(workflows, { fields: [steps.workflowId], references: [workflows.id] }) })) };

async function work(db, app) {
  await step("select", () => db.select().from(users).orderBy(users.id));
  await step("where", () => db.select({ n: items.n, v: items.v }).from(items).where(and(eq(items.app, "seed"), or(between(items.n, 3, 5), ilike(items.v, "%ME 39")), ne(items.n, 4))).orderBy(asc(items.n)));
  await step("page", () => db.select({ n: items.n }).from(items).where(eq(items.app, "seed")).orderBy(desc(items.n)).limit(3).offset(2));
  await step("join", () => db.select().from(workflows).leftJoin(users, eq(users.id, workflows.userId)).orderBy(workflows.id));
  await step("self join", () => {
    const other = alias(items, "other");
    return db.select({ a: items.app, b: other.app }).from(items).innerJoin(other, and(eq(items.n, other.n), lt(items.id, other.id))).where(eq(items.n, 2)).orderBy(items.id, other.id);
  });
  await step("aggregate", () => db.select({ app: items.app, c: count(), s: sum(items.n), a: avg(items.n) }).from(items).groupBy(items.app).having(gt(count(), 3)).orderBy(items.app));
  await step("subquery", () => {
    const q = db.select({ userId: workflows.userId, c: count().as("c") }).from(workflows).groupBy(workflows.userId).as("q");
    return db.select({ id: users.id, c: q.c }).from(users).leftJoin(q, eq(q.userId, users.id)).orderBy(users.id);
  });
  await step("exists", () => db.select({ id: users.id }).from(users).where(exists(db.select({ one: sql`1` }).from(workflows).where(eq(workflows.userId, users.id)))).orderBy(users.id));
  await step("with", () => {
    const c = db.$with("c").as(db.select({ n: items.n }).from(items).where(and(eq(items.app, "seed"), lt(items.n, 3))));
    return db.with(c).select().from(c).orderBy(c.n);
  });
  await step("union", () => union(db.select({ id: users.id }).from(users), db.select({ id: workflows.id }).from(workflows)).orderBy(sql`id`));
  await step("distinct on", () => db.selectDistinctOn([items.app], { app: items.app, n: items.n }).from(items).orderBy(items.app, desc(items.n)));
  await step("relations", () => db.query.users.findMany({ with: { workflows: { with: { steps: { orderBy: steps.id } }, orderBy: workflows.id } }, orderBy: users.id }));
  await step("first relation", () => db.query.workflows.findFirst({ columns: { id: true }, with: { user: { columns: { email: true } } }, where: eq(workflows.id, "w1"), extras: { up: sql`upper(${workflows.name})`.as("up") } }));
  await step("others", () => db.query.workflows.findFirst({ where: eq(workflows.id, "w51") }).then((r) => r ?? null));
  await step("count", () => db.$count(items, isNull(items.v)));
  await step("insert", () => db.insert(items).values([{ app, n: 1, v: "a" }, { app, n: 2 }]).returning({ n: items.n, v: items.v, tenantId: items.tenantId }));
  await step("insert many", async () => (await db.insert(items).values(Array.from({ length: 100 }, (_, i) => ({ app, n: i + 100 }))).returning({ n: items.n })).length);
  await step("insert with default", () => db.insert(users).values({ id: app, email: `${app}@test`, password: "it's" }).returning({ level: users.level }));
  await step("insert select", () => db.insert(items).select(db.select({ id: sql`${items.id} + ${app === "dzpg" ? 100000 : 200000}`.as("id"), app: sql`${`${app}-copy`}`.as("app"), n: items.n, v: items.v, tenantId: items.tenantId }).from(items).where(and(eq(items.app, "seed"), lt(items.n, 3))).orderBy(items.n)).returning({ n: items.n, v: items.v }));
  await step("upsert", () => db.insert(items).values({ app, n: 1, v: "up" }).onConflictDoUpdate({ target: [items.tenantId, items.app, items.n], set: { v: sql`excluded.v || '!'` } }).returning({ v: items.v }));
  await step("do nothing", () => db.insert(items).values({ app, n: 1 }).onConflictDoNothing().returning());
  await step("update", async () => (await db.update(items).set({ v: "u" }).where(and(eq(items.app, app), lt(items.n, 3))).returning({ n: items.n, v: items.v })).sort((x, y) => x.n - y.n));
  await step("update from", async () => (await db.update(workflows).set({ status: sql`${users.email}` }).from(users).where(and(eq(users.id, workflows.userId), gt(users.level, 3))).returning({ id: workflows.id })));
  await step("delete", async () => (await db.delete(items).where(and(eq(items.app, app), gt(items.n, 150))).returning({ n: items.n })).length);
  await step("transaction", () => db.transaction(async (tx) => {
    await tx.insert(items).values({ app: `${app}-tx`, n: 1 });
    await step("nested", () => tx.transaction(async (inner) => {
      await inner.insert(items).values({ app: `${app}-tx`, n: 2 });
      await inner.insert(items).values({ app: `${app}-tx`, n: 1 });
    }));
    return tx.select({ n: items.n }).from(items).where(eq(items.app, `${app}-tx`)).for("update", { skipLocked: true });
  }, { isolationLevel: "repeatable read" }));
  await step("rolled back", () => db.transaction(async (tx) => {
    await tx.insert(items).values({ app: "gone", n: 1 });
    tx.rollback();
  }).catch((e) => e.message));
  await step("gone", () => db.$count(items, eq(items.app, "gone")));
  await step("unique", () => db.insert(items).values({ app: "seed", n: 1 }));
  await step("foreign key", () => db.insert(workflows).values({ id: "f", name: "f", config: {}, userId: "nobody" }));
  await step("bad text", () => db.select().from(types).where(eq(types.c_uuid, "zz")));
  await step("types", () => db.select().from(types).where(eq(types.app, "seed")));
  await step("insert types", () => db.insert(types).values({ app, c_bool: true, c_int8: 2n ** 60n, c_float8: 0.5, c_numeric: "1.5", c_date: "2020-01-01", c_timestamptz: new Date(0), c_jsonb: { a: ["'"] },
    c_ints: [1, 2], c_texts: ["a,b", '"'], c_mood: "sad", c_inet: "10.0.0.1" }).returning());
  await step("array", () => db.select({ app: types.app }).from(types).where(and(arrayContains(types.c_ints, [1]), inArray(types.c_mood, ["sad", "ok"]))).orderBy(types.id));
  await step("prepared", async () => {
    const p = db.select(own).from(items).where(and(eq(items.app, sql.placeholder("app")), eq(items.n, sql.placeholder("n")))).prepare(`p_${app}`);
    return [await p.execute({ app: "seed", n: 3 }), await p.execute({ app: "more", n: 4 })];
  });
  await step("raw", async () => {
    const r = await db.execute(sql`SELECT ${users.id} FROM ${users} WHERE ${users.level} > ${2} ORDER BY 1`);
    return r.rows ?? [...r];
  });
}

const pool = new pg.Pool({ connectionString: url, max: 4 });
await work(onPg(pool, { schema }), "dzpg");
await pool.end();
const client = postgres(url, { max: 4 });
await work(onPostgres(client, { schema }), "dzpjs");
await client.end();
console.log("done");
