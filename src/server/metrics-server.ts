import { isIP } from 'node:net';
import type { Logger } from '../observability/log.ts';
import { startMeasuring, writeMetrics } from '../observability/metrics.ts';
import { createTimedServer, listen } from './http-server.ts';

/**
 * Serves /metrics on a port of its own: it is for operators, and asks for no token.
 * @returns its URL
 * @throws StartupError when the address is taken or not ours
 */
export async function serveMetrics(host: string, port: number, log: Logger): Promise<string> {
  const server = createTimedServer(async ({ method, url = '/', headers }, response) => {
    try {
      const isRefused = isLoopback(host) && !isOwnName(headers.host, host);
      const isFound = !isRefused && method === 'GET' && url.split('?', 1)[0] === '/metrics';
      const { contentType, text } = isFound ? await writeMetrics() : notFound;
      response.writeHead(isRefused ? 403 : isFound ? 200 : 404, { 'Content-Type': contentType }).end(text);
    } catch (error) {
      log.error({ err: error }, 'unexpected error');
      response.writeHead(500).end();
    }
  });
  server.maxConnections = 100;
  const url = await listen(server, host, port, 'METRICS_PORT');
  startMeasuring();
  return `${url}/metrics`;
}

const notFound = { contentType: 'text/plain; charset=utf-8', text: 'Metrics are at /metrics.\n' };

const isLoopback = (name: string) =>
  name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));

/** Whether a request is for this server. A page of a foreign name that leads here must not read it (DNS rebinding). */
function isOwnName(authority: string | undefined, host: string): boolean {
  if (!URL.canParse(`http://${authority}`)) return false;
  const name = new URL(`http://${authority}`).hostname.replace(/^\[|\]$/g, '');
  return isLoopback(name) || name === host.toLowerCase();
}
