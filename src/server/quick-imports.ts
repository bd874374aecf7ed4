import { enableCompileCache, registerHooks } from 'node:module';
import path from 'node:path';

// Loaded before the program (`node --import`), it halves the time of a start and saves 40 MB. All works without it.

// Most of what is left of a start is compiling the modules.
enableCompileCache(path.join(import.meta.dirname, '../../node_modules/.cache/compiled'));

// For each file of a package, Node.js parses the "exports" of its package.json anew. Drizzle's have 170 kB, which makes
// a third of a start. Drizzle names its own files in full, so nothing has to be looked up.
registerHooks({
  resolve(specifier, context, next) {
    const { parentURL } = context;
    if (!specifier.startsWith('.') || !parentURL?.includes('/node_modules/drizzle-orm/'))
      return next(specifier, context);
    return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true };
  },
});
