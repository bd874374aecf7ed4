import { defineConfig } from 'drizzle-kit';

// Read by `npx drizzle-kit generate`, which writes a migration for every change of the tables.
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/database/tables.ts',
  out: './src/database/migrations',
});
