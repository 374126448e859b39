// Every operation of the application, as one tenant, which is never named.
// usage, in the folder of the Prisma to be used: node main.mjs DATABASE_URL TENANT OTHER   (OTHER's rows must have been made by a run before, or not)
// Prints one line per check; the last line is "N passed, M failed".
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const require = createRequire(process.cwd() + "/");
const { PrismaPg } = require("@prisma/adapter-pg");
const { PrismaClient, Prisma } = require("./generated");
const [url, tenant, other] = process.argv.slice(2);
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
const p = (name) => `${tenant}-${name}`; // keys are global in the demo's schema
let passed = 0;
let failed = 0;

async function check(name, body) {
  try {
    await body();
    passed++;
    console.log(`ok ${name}`);
  } catch (e) {
    failed++;
    console.log(`not ok ${name}: ${e.code ?? ""} ${String(e.message).replaceAll("\n", " | ")}`);
  }
}

async function rejects(code, promise) {
  await assert.rejects(promise, (e) => {
    assert.equal(e.code, code, `${e.code}: ${e.message}`);
    return true;
  });
}

// A clean start: only this tenant's rows can go.
await prisma.workflow.deleteMany();
await prisma.user.deleteMany();
await prisma.credential.deleteMany();
await prisma.installedPackage.deleteMany();
await prisma.packageData.deleteMany();
await prisma.passwordResetToken.deleteMany();
await prisma.systemConfig.deleteMany();

await check("the tenant sees itself only", async () => {
  const all = await prisma.tenant.findMany();
  assert.deepEqual(all.map((t) => t.id), [tenant]);
  assert.ok(all[0].createdAt instanceof Date);
  assert.equal(await prisma.tenant.findUnique({ where: { id: other } }), null);
});

await check("create without naming the tenant", async () => {
  const u = await prisma.user.create({
    data: { id: p("u1"), email: `${p("ann")}@x.test`, password: "pw", level: 3 },
  });
  assert.equal(u.tenantId, tenant);
  assert.equal(u.level, 3);
});

await check("create with a generated id", async () => {
  const u = await prisma.user.create({
    data: { email: `${p("gen")}@x.test`, password: "pw", level: 0 },
  });
  assert.ok(u.id.length > 20);
  await prisma.user.delete({ where: { id: u.id } });
});

await check("create with the tenant connected", async () => {
  const u = await prisma.user.create({
    data: {
      id: p("u2"), email: `${p("abe")}@x.test`, password: "pw", level: 1,
      tenant: { connect: { id: tenant } },
    },
  });
  assert.equal(u.tenantId, tenant);
});

await check("create with another tenant connected is refused", async () => {
  await assert.rejects(prisma.user.create({
    data: {
      id: p("evil"), email: `${p("evil")}@x.test`, password: "pw", level: 1,
      tenant: { connect: { id: other } },
    },
  }));
  assert.equal(await prisma.user.count({ where: { id: p("evil") } }), 0);
});

await check("create with another tenant's id given is refused", async () => {
  await assert.rejects(prisma.user.create({
    data: { id: p("evil"), email: `${p("evil")}@x.test`, password: "pw", level: 1, tenantId: other },
  }));
});

await check("createMany", async () => {
  const r = await prisma.workflow.createMany({
    data: [1, 2, 3, 4, 5].map((i) => ({
      id: p(`w${i}`), name: `flow ${i}`, config: "{}", userId: p(i < 4 ? "u1" : "u2"),
      status: i % 2 ? "active" : "draft",
    })),
  });
  assert.equal(r.count, 5);
});

await check("createManyAndReturn", async () => {
  const r = await prisma.systemConfig.createManyAndReturn({
    data: [{ key: p("a"), value: "1" }, { key: p("b"), value: "2" }],
  });
  assert.deepEqual(r.map((x) => x.tenantId), [tenant, tenant]);
});

await check("createMany skipDuplicates", async () => {
  const r = await prisma.systemConfig.createMany({
    data: [{ key: p("a"), value: "9" }, { key: p("c"), value: "3" }], skipDuplicates: true,
  });
  assert.equal(r.count, 1);
  assert.equal((await prisma.systemConfig.findUnique({ where: { key: p("a") } })).value, "1");
});

await check("findUnique, findFirst, findMany", async () => {
  assert.equal((await prisma.user.findUnique({ where: { id: p("u1") } })).email, `${p("ann")}@x.test`);
  assert.equal((await prisma.user.findUnique({ where: { email: `${p("abe")}@x.test` } })).id, p("u2"));
  assert.equal((await prisma.user.findUnique({
    where: { email_tenantId: { email: `${p("abe")}@x.test`, tenantId: tenant } },
  })).id, p("u2"));
  assert.equal((await prisma.user.findFirst({ where: { level: { gt: 1 } } })).id, p("u1"));
  assert.equal((await prisma.user.findMany()).length, 2);
  await rejects("P2025", prisma.user.findUniqueOrThrow({ where: { id: "nobody" } }));
});

await check("filters", async () => {
  const ids = async (where) =>
    (await prisma.workflow.findMany({ where, orderBy: { id: "asc" } })).map((w) => w.id.slice(-2));
  assert.deepEqual(await ids({ name: { contains: "flow" }, status: "active" }), ["w1", "w3", "w5"]);
  assert.deepEqual(await ids({ name: { startsWith: "flow 2" } }), ["w2"]);
  assert.deepEqual(await ids({ name: { endsWith: "3" } }), ["w3"]);
  assert.deepEqual(await ids({ name: { contains: "FLOW 4", mode: "insensitive" } }), ["w4"]);
  assert.deepEqual(await ids({ id: { in: [p("w1"), p("w5"), "x"] } }), ["w1", "w5"]);
  assert.deepEqual(await ids({ NOT: { status: "active" } }), ["w2", "w4"]);
  assert.deepEqual(await ids({ OR: [{ name: "flow 1" }, { name: "flow 5" }] }), ["w1", "w5"]);
  assert.deepEqual(await ids({ AND: [{ status: "active" }, { user: { level: { gte: 3 } } }] }), ["w1", "w3"]);
  assert.deepEqual(await ids({ createdAt: { lte: new Date(Date.now() + 3600e3) } }), ["w1", "w2", "w3", "w4", "w5"]);
  assert.deepEqual(await ids({ userId: null }), []);
  assert.deepEqual(await ids({ userId: { not: null }, user: { is: { email: { contains: "ann" } } } }), ["w1", "w2", "w3"]);
});

await check("orderBy, take, skip, cursor, distinct", async () => {
  const q = { orderBy: { name: "desc" }, take: 2, skip: 1 };
  assert.deepEqual((await prisma.workflow.findMany(q)).map((w) => w.name), ["flow 4", "flow 3"]);
  assert.deepEqual((await prisma.workflow.findMany({
    orderBy: { id: "asc" }, cursor: { id: p("w3") }, skip: 1, take: 2,
  })).map((w) => w.name), ["flow 4", "flow 5"]);
  assert.equal((await prisma.workflow.findMany({ distinct: ["status"] })).length, 2);
});

await check("select of fields", async () => {
  assert.deepEqual(await prisma.user.findFirst({ where: { id: p("u1") }, select: { email: true, level: true } }),
    { email: `${p("ann")}@x.test`, level: 3 });
});

await check("include of relations", async () => {
  const u = await prisma.user.findUnique({
    where: { id: p("u1") }, include: { workflows: { orderBy: { id: "asc" } }, tenant: true },
  });
  assert.deepEqual(u.workflows.map((w) => w.name), ["flow 1", "flow 2", "flow 3"]);
  assert.equal(u.tenant.id, tenant);
  const w = await prisma.workflow.findFirst({ where: { id: p("w4") }, include: { user: { select: { id: true } } } });
  assert.equal(w.user.id, p("u2"));
});

await check("relation filters and counts", async () => {
  assert.deepEqual((await prisma.user.findMany({ where: { workflows: { some: { name: "flow 5" } } } })).map((u) => u.id), [p("u2")]);
  assert.equal((await prisma.user.findMany({ where: { workflows: { none: {} } } })).length, 0);
  const u = await prisma.user.findMany({ orderBy: { id: "asc" }, include: { _count: { select: { workflows: true } } } });
  assert.deepEqual(u.map((x) => x._count.workflows), [3, 2]);
});

await check("count, aggregate, groupBy", async () => {
  assert.equal(await prisma.workflow.count(), 5);
  const a = await prisma.user.aggregate({ _sum: { level: true }, _max: { level: true }, _min: { level: true }, _count: true });
  assert.deepEqual([a._sum.level, a._max.level, a._min.level, a._count], [4, 3, 1, 2]);
  const g = await prisma.workflow.groupBy({ by: ["status"], _count: { _all: true }, orderBy: { status: "asc" } });
  assert.deepEqual(g.map((x) => [x.status, x._count._all]), [["active", 3], ["draft", 2]]);
});

await check("update, updateMany, updateManyAndReturn", async () => {
  const w = await prisma.workflow.update({ where: { id: p("w1") }, data: { name: "flow one", status: "paused" } });
  assert.equal(w.name, "flow one");
  const r = await prisma.workflow.updateMany({ where: { status: "draft" }, data: { status: "active" } });
  assert.equal(r.count, 2);
  const l = await prisma.user.update({ where: { id: p("u2") }, data: { level: { increment: 2 } } });
  assert.equal(l.level, 3);
  const m = await prisma.workflow.updateManyAndReturn({ where: { id: p("w1") }, data: { name: "flow 1" } });
  assert.deepEqual(m.map((x) => x.name), ["flow 1"]);
  await rejects("P2025", prisma.workflow.update({ where: { id: "nothing" }, data: { name: "x" } }));
});

await check("the tenant column can't be changed", async () => {
  await assert.rejects(prisma.user.update({ where: { id: p("u2") }, data: { tenantId: other } }));
  assert.equal((await prisma.user.findUnique({ where: { id: p("u2") } })).tenantId, tenant);
});

await check("upsert", async () => {
  const up = (level) => prisma.user.upsert({
    where: { id: p("u3") }, update: { level },
    create: { id: p("u3"), email: `${p("amy")}@x.test`, password: "pw", level },
  });
  assert.equal((await up(1)).level, 1);
  assert.equal((await up(7)).level, 7);
  assert.equal(await prisma.user.count(), 3);
});

await check("nested writes", async () => {
  const u = await prisma.user.create({
    data: {
      id: p("u4"), email: `${p("nest")}@x.test`, password: "pw", level: 0,
      workflows: { create: [{ id: p("n1"), name: "n1", config: "{}" }, { id: p("n2"), name: "n2", config: "{}" }] },
    },
    include: { workflows: true },
  });
  assert.equal(u.workflows.length, 2);
  const v = await prisma.user.update({
    where: { id: p("u4") },
    data: {
      level: 5,
      workflows: {
        update: { where: { id: p("n1") }, data: { status: "done" } }, delete: { id: p("n2") },
        connect: { id: p("w5") }, create: { id: p("n3"), name: "n3", config: "{}" },
      },
    },
    include: { workflows: { orderBy: { id: "asc" } } },
  });
  assert.deepEqual(v.workflows.map((w) => w.id), [p("n1"), p("n3"), p("w5")]);
  const d = await prisma.user.update({
    where: { id: p("u4") }, data: { workflows: { disconnect: { id: p("w5") } } }, include: { workflows: true },
  });
  assert.equal(d.workflows.length, 2);
});

await check("delete, deleteMany", async () => {
  assert.equal((await prisma.workflow.delete({ where: { id: p("n1") } })).id, p("n1"));
  assert.equal((await prisma.workflow.deleteMany({ where: { id: { in: [p("n3")] } } })).count, 1);
  await rejects("P2025", prisma.workflow.delete({ where: { id: p("n1") } }));
  await prisma.user.delete({ where: { id: p("u4") } });
});

await check("batch transaction: all succeed", async () => {
  const [a, b] = await prisma.$transaction([
    prisma.systemConfig.create({ data: { key: p("t1"), value: "1" } }), prisma.systemConfig.count(),
  ]);
  assert.equal(a.key, p("t1"));
  assert.equal(b, 4);
});

await check("batch transaction: all fail", async () => {
  await assert.rejects(prisma.$transaction([
    prisma.systemConfig.create({ data: { key: p("t2"), value: "1" } }),
    prisma.systemConfig.create({ data: { key: p("t1"), value: "1" } }),
  ]));
  assert.equal(await prisma.systemConfig.count({ where: { key: p("t2") } }), 0);
});

await check("interactive transaction: transfer a workflow", async () => {
  await prisma.$transaction(async (tx) => {
    const w = await tx.workflow.findFirstOrThrow({ where: { id: p("w1"), userId: p("u1") } });
    await tx.workflow.update({ where: { id: w.id }, data: { userId: p("u2") } });
  });
  assert.equal((await prisma.workflow.findUnique({ where: { id: p("w1") } })).userId, p("u2"));
});

await check("interactive transaction: rolled back", async () => {
  await assert.rejects(prisma.$transaction(async (tx) => {
    await tx.workflow.deleteMany();
    throw new Error("no");
  }), /no/);
  assert.equal(await prisma.workflow.count(), 5);
});

await check("transaction with an isolation level", async () => {
  const n = await prisma.$transaction((tx) => tx.user.count(),
    { isolationLevel: Prisma.TransactionIsolationLevel.Serializable });
  assert.equal(n, 3);
});

await check("unique violation is P2002", async () => {
  await rejects("P2002", prisma.user.create({
    data: { email: `${p("ann")}@x.test`, password: "pw", level: 0 },
  }));
  await rejects("P2002", prisma.systemConfig.create({ data: { key: p("a"), value: "x" } }));
});

await check("foreign key violation is P2003", async () => {
  await rejects("P2003", prisma.workflow.create({
    data: { id: p("fk"), name: "fk", config: "{}", userId: "nobody" },
  }));
});

await check("another tenant's row as a parent is refused", async () => {
  await assert.rejects(prisma.workflow.create({
    data: { id: p("fk"), name: "fk", config: "{}", userId: `${other}-u1` },
  }));
  await assert.rejects(prisma.workflow.update({ where: { id: p("w1") }, data: { userId: `${other}-u1` } }));
});

await check("another tenant's rows are out of reach", async () => {
  assert.equal(await prisma.user.findUnique({ where: { id: `${other}-u1` } }), null);
  assert.equal((await prisma.user.updateMany({ where: { id: `${other}-u1` }, data: { level: 99 } })).count, 0);
  assert.equal((await prisma.user.deleteMany({ where: { id: `${other}-u1` } })).count, 0);
  assert.equal((await prisma.user.findMany({ where: { tenantId: other } })).length, 0);
  assert.equal(await prisma.workflow.count({ where: { tenantId: { not: tenant } } }), 0);
});

await check("tables whose primary key is not id", async () => {
  await prisma.credential.create({ data: { username: p("root"), passwordHash: "x" } });
  assert.equal((await prisma.credential.update({ where: { username: p("root") }, data: { passwordHash: "y" } })).passwordHash, "y");
  const i = await prisma.installedPackage.create({ data: { packageId: p("pkg"), version: "1.0" } });
  assert.equal(i.enabled, true);
  const off = await prisma.installedPackage.update({ where: { packageId: p("pkg") }, data: { enabled: false } });
  assert.equal(off.enabled, false);
  assert.equal(await prisma.installedPackage.count({ where: { enabled: false } }), 1);
  const d = await prisma.packageData.create({ data: { packageId: p("pkg"), data: { a: [1, "zwei", null], b: { c: true } } } });
  assert.deepEqual(d.data, { a: [1, "zwei", null], b: { c: true } });
  const when = new Date("2030-01-02T03:04:05.678Z");
  const t = await prisma.passwordResetToken.create({ data: { username: p("root"), token: p("tok"), expiresAt: when } });
  assert.equal(t.expiresAt.toISOString(), when.toISOString());
  assert.equal(await prisma.passwordResetToken.count({ where: { expiresAt: { gt: new Date() } } }), 1);
  assert.equal((await prisma.credential.findFirst({ where: { username: p("root") } })).tenantId, tenant);
});

await check("raw queries", async () => {
  const r = await prisma.$queryRaw`SELECT id, level FROM "User" WHERE level > ${2} ORDER BY id`;
  assert.deepEqual(r.map((x) => x.id), [p("u1"), p("u2"), p("u3")]);
  assert.equal(await prisma.$executeRaw`UPDATE "User" SET level = level + ${1} WHERE id = ${p("u3")}`, 1);
});

await check("concurrent queries", async () => {
  const r = await Promise.all(Array.from({ length: 40 }, (_, i) =>
    prisma.workflow.findMany({ where: { name: `flow ${(i % 5) + 1}` } })));
  assert.ok(r.every((x) => x.length === 1 && x[0].tenantId === tenant));
});

await prisma.$disconnect();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
