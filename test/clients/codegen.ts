import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: 'src/**/*.{ts,tsx}',
  generates: {
    'src/gql/': { preset: 'client', config: { scalars: { DateTime: 'string' }, useTypeImports: true } },
    // For urql's graphcache.
    'src/gql/introspection.json': { plugins: ['introspection'], config: { minify: true } },
  },
};

export default config;
