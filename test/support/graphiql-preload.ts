import { registerHooks } from 'node:module';

// GraphiQL's package is missing at its first import, and cannot be read at the second, as while packages are installed.

const isGraphiQL = (name: string) => name.includes('render-graphiql');
let imports = 0;

registerHooks({
  resolve(specifier, context, next) {
    if (isGraphiQL(specifier) && (imports += 1) === 1) throw new Error(`${specifier} is missing`);
    return next(specifier, context);
  },
  load(url, context, next) {
    if (isGraphiQL(url) && imports === 2) throw new Error(`${url} cannot be read`);
    return next(url, context);
  },
});
