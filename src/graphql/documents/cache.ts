import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';

/** Caches 500 documents, 2 MB in all, and no errors. Yoga's default bounds neither. */
export function createDocumentCache() {
  return {
    documentCache: new LRUCache<string, DocumentNode>({
      max: 500,
      maxSize: 2_000_000,
      maxEntrySize: 10_000,
      sizeCalculation: (_document, query) => query.length,
    }),
    errorCache: { get: () => undefined, set: () => {} },
  };
}
