// What a program saw, a line for each step.
export const url = process.argv[2];

function plain(v) {
  if (typeof v === "bigint") return `${v}n`;
  if (Buffer.isBuffer(v)) return v.toString("hex");
  if (v instanceof Date) return v.toISOString();
  if (Array.isArray(v)) return v.map(plain);
  if (v && typeof v === "object") return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, plain(x)]));
  return v;
}

export const say = (name, value) => console.log(`${name}: ${JSON.stringify(plain(value))}`);

// What of an error is to be the same; of a refusal, what to mend.
export function describe(e) {
  const d = e.code ? e : e.original ?? e.driverError ?? e.cause ?? e;
  if (d.code === "42501" || d.code === "0A000" || !/^[0-9A-Z]{5}$/.test(d.code ?? "")) return String(d.stack ?? d.message);
  return [d.code, d.constraint ?? d.constraint_name, d.table ?? d.table_name, d.code === "23505" ? d.detail : undefined];
}

export async function step(name, body) {
  try {
    say(name, await body());
  } catch (e) {
    say(name, { error: describe(e) });
  }
}
