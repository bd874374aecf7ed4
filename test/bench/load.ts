import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import autocannon from 'autocannon';

export interface Target {
  /** Without a slash at its end. */
  url: string;
  headers: Record<string, string>;
  /** Sent in turn, so that no work for one serves the next: by POST with a body, else by GET. */
  requests: { path: string; body?: string }[];
}

export interface Measurement {
  /** Requests a second. */
  rate: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  answered: number;
  failed: number;
}

export const loadGenerator = spawnSync('wrk', ['-v']).error ? 'autocannon' : 'wrk';

/** Sends requests over a number of connections, as fast as they are answered. */
export async function load(target: Target, connections: number, seconds: number): Promise<Measurement> {
  if (loadGenerator === 'wrk') return loadByWrk(target, connections, seconds);
  const { url, headers } = target;
  const requests = target.requests.map((request) => ({ ...request, method: methodOf(request), headers }));
  const result = await autocannon({ url, requests, connections, duration: seconds });
  return {
    rate: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
    answered: result['2xx'],
    failed: result.non2xx + result.errors,
  };
}

const methodOf = ({ body }: Target['requests'][number]): 'GET' | 'POST' => (body === undefined ? 'GET' : 'POST');

const inLua = (text: string | undefined) => (text === undefined ? 'nil' : JSON.stringify(text));

async function loadByWrk(target: Target, connections: number, seconds: number): Promise<Measurement> {
  const { url, headers, requests } = target;
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-'));
  const script = path.join(folder, 'request.lua');
  const lines = Object.entries(headers).map(
    ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
  );
  const texts = requests.map(
    (request) => `wrk.format("${methodOf(request)}", ${inLua(request.path)}, nil, ${inLua(request.body)})`,
  );
  writeFileSync(
    script,
    `${lines.join('\n')}
local requests = {}
local turn = 0
function init() requests = { ${texts.join(',\n')} } end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end`,
  );
  const parameters = ['-t1', `-c${connections}`, `-d${seconds}`, '--latency', '-s', script, url];
  const { stdout } = await promisify(execFile)('wrk', parameters);
  rmSync(folder, { recursive: true });
  const find = (pattern: RegExp) => pattern.exec(stdout)?.slice(1) ?? ['0', 'ms'];
  const failed = Number(find(/Non-2xx or 3xx responses: (\d+)/)[0]);
  return {
    rate: Number(find(/Requests\/sec:\s+([\d.]+)/)[0]),
    p50: milliseconds(find(/50%\s+([\d.]+)(us|ms|s|m)/)),
    p99: milliseconds(find(/99%\s+([\d.]+)(us|ms|s|m)/)),
    answered: Number(find(/(\d+) requests in/)[0]) - failed,
    failed,
  };
}

function milliseconds([amount, unit]: string[]): number {
  return Number(amount) * ({ us: 0.001, ms: 1, s: 1000 }[String(unit)] ?? 60_000);
}

export function median(numbers: number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0;
}
