// Ends the process where Node.js is too old. Such a Node.js may not run TypeScript, nor wait for one module before the next.
const { engines } = require('../../package.json');

const oldest = engines.node.replace('>=', '');
const { node } = process.versions;

if (node.localeCompare(oldest, 'en', { numeric: true }) < 0) {
  process.stderr.write(`AI Sessions needs Node.js ${oldest} or newer, and this is ${node} (${process.execPath}).\n`);
  process.exit(1);
}
