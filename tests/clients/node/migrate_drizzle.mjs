// Drizzle: what its kit wrote (drizzle/, in four steps), run by its migrator.  usage: node migrate_drizzle.mjs DATABASE_URL
import { sql } from "drizzle-orm";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import pg from "pg";
import { checkpoint, step, url } from "./checkpoint.mjs";

const config = { migrationsFolder: "drizzle" };
const all = readMigrationFiles(config);
const pool = new pg.Pool({ connectionString: url, max: 2 });
const db = drizzle(pool);
// What migrate() does with a folder of the first ${n}.
const upTo = (n, ...more) => step(`up to ${n}`, () => db.dialect.migrate([...all.slice(0, n), ...more], db.session, config));
const failing = (...statements) => ({ sql: statements, bps: true, folderMillis: all.at(-1).folderMillis + 1, hash: "none" });
const rows = (text) => step(text, async () => (await db.execute(sql.raw(text))).rows);

await upTo(1);
checkpoint("first");
await rows(`INSERT INTO account (email, name) VALUES ('a@test.org', 'a'), ('it''s@test', 'b') RETURNING email, name, plan, plans, changed`);
await rows(`INSERT INTO kinds (short, doc, bytes, ip, grid) VALUES ('s', '{"a": "x"}', '\\x00ff', '10.1.2.3/24', '{{1,2},{3,NULL}}'), (NULL, NULL, NULL, NULL, NULL)
  RETURNING id, serial, small, big, int2, int8, "real", "double", money, yes, code, short, doc, docb, tags, grid, numbers, span, months, ip, net, bytes, level, twice, upper`);
await rows(`INSERT INTO member SELECT a.id, k.id, 'chief' FROM account a, kinds k WHERE a.name = 'a' AND k.short = 's' RETURNING kind, role`);
await rows(`INSERT INTO side.note (account, role) SELECT account, role FROM member RETURNING id, role, text, number`);
await rows("REFRESH MATERIALIZED VIEW counted");
await rows("INSERT INTO account (email) VALUES ('nobody')");
await upTo(2);
checkpoint("row against it");
await rows("UPDATE account SET email = 'b@test.org', changed = since WHERE name = 'b'");
await rows("UPDATE account SET changed = since RETURNING name");
await upTo(2);
checkpoint("altered");
await rows("INSERT INTO kinds (level, short) VALUES ('higher', 'later') RETURNING id, int2, real, money, yes, code, short, tags, level, extra, big2, twice");
await rows("INSERT INTO other.tag SELECT short, id FROM kinds WHERE id <> 12 ORDER BY id RETURNING kind");
await upTo(2, failing("CREATE TABLE never (id int)", `ALTER TABLE kinds ALTER COLUMN "money" SET DATA TYPE integer; ALTER TABLE kinds DROP COLUMN nosuch`));
checkpoint("failed");
await upTo(3);
checkpoint("renamed");
for (const view of ["payers", "counted", "other.tagged"]) await rows(`SELECT * FROM ${view} ORDER BY 1`);
await rows("SELECT title, plan, plans FROM account ORDER BY title");
await rows("SELECT level, brief, number FROM kinds, side.note ORDER BY kinds.id");
await step("all", () => migrate(db, config));
checkpoint("dropped");
await rows("UPDATE kinds SET day = NULL, hourz = NULL");
await rows("SELECT * FROM kinds ORDER BY id");
await rows("INSERT INTO side.note (id) VALUES (70) RETURNING id, number > 100 AS drawn");
await step("again", () => migrate(db, config));
await rows("SELECT id, hash, created_at FROM drizzle.__drizzle_migrations ORDER BY id");
await pool.end();
console.log("done");
