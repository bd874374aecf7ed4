import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: '../../schema.graphql',
  documents: 'codegen/*.ts',
  generates: {
    'codegen/gql/': { preset: 'client', config: { scalars: { DateTime: 'string' }, useTypeImports: true } },
    // For urql's graphcache.
    'codegen/gql/introspection.json': { plugins: ['introspection'], config: { minify: true } },
  },
};

export default config;
