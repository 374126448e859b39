// What a migration tool says, and where the test looks at the database.
import { readSync } from "node:fs";
import { say, url } from "./transcript.mjs";

export { url };

export function checkpoint(name) {
  console.log(`checkpoint ${name}`);
  readSync(0, Buffer.alloc(1));
}

export async function step(name, body) {
  try {
    say(name, await body());
  } catch (e) {
    const d = e.original ?? e.driverError ?? e.cause ?? e;
    say(name, { error: [d.code ?? d.stack, d.message, d.constraint, d.table, d.column, d.code === "23514" ? undefined : d.detail] });
  }
}
