// Ends the process where Node.js is too old. It is JavaScript because such a Node.js may not run TypeScript.
import { readFileSync } from 'node:fs';

const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const oldest = engines.node.replace('>=', '');
const { node } = process.versions;

if (node.localeCompare(oldest, 'en', { numeric: true }) < 0) {
  process.stderr.write(`AI Sessions needs Node.js ${oldest} or newer, and this is ${node} (${process.execPath}).\n`);
  process.exit(1);
}
