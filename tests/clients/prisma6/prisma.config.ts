import { PrismaPg } from "@prisma/adapter-pg";
import { defineConfig } from "prisma/config";

// With an adapter the command line needs no engine of its own.
export default defineConfig({
  schema: "schema.prisma",
  experimental: { adapter: true },
  engine: "js",
  adapter: async () => new PrismaPg({ connectionString: process.env.DATABASE_URL }),
});
