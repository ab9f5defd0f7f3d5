/** Outbound HTTP to addresses that people configure: guarded against reaching inside, bounded in time and size. */

import { lookup as dnsLookup } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { After } from '../core/ports.ts';
import type { HttpPool } from './http-pool.ts';

export interface HttpRequest {
  url: string;
  method: 'GET' | 'POST';
  headers?: Readonly<Record<string, string>>;
  body?: string;
  signal: AbortSignal;
  /** Permits http and private addresses, for endpoints in-house. Never link-local ones, where metadata servers are. */
  allowPrivate?: boolean;
  /** The answer is read up to this many bytes, the rest is not waited for. */
  maxResponseBytes?: number;
}

export interface HttpResponse {
  status: number;
  /** Names in lower case; of a repeated header the first. */
  headers: Readonly<Record<string, string>>;
  body: string;
  truncated: boolean;
}

export interface Http {
  /** Follows no redirect. Throws `HttpError` alone, whose message holds neither address nor payload. */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Destroys every socket. */
  close(): Promise<void>;
}

export interface HttpOptions {
  after: After;
  /** Every address of a name. Default: the system's resolver. */
  resolve?(hostname: string): Promise<readonly string[]>;
}

/** `forbidden`: the guard refused the address. `network`: no answer; `code` says what the system said. */
export type HttpErrorKind = 'forbidden' | 'timeout' | 'aborted' | 'network';

export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly kind: HttpErrorKind;
  readonly code: string;
  constructor(kind: HttpErrorKind, code: string) {
    super(`${kind}: ${code}`);
    this.kind = kind;
    this.code = code;
  }
}

/** Send and answer: shorter than the 20 s that notify gives a delivery. */
export const TIMEOUT_MS = 15_000;
const RESPONSE_BYTES = 64 * 1024;
const CONNECTIONS = 16;

export function createHttp(options: HttpOptions): Http {
  const resolve = options.resolve ?? systemResolve;
  // As many as pipeline.yaml names addresses. Guarded and unguarded sockets are kept apart, or one request would reuse
  // what another was allowed to open.
  const pools = new Map<string, Promise<HttpPool>>();

  function poolFor(origin: string, allowPrivate: boolean): Promise<HttpPool> {
    const key = `${allowPrivate ? 'private' : 'public'} ${origin}`;
    const known = pools.get(key);
    if (known) return known;
    const created = createPool(origin, guardedLookup(resolve, allowPrivate), options.after);
    pools.set(key, created);
    return created;
  }

  return {
    async request(request) {
      const { signal, method } = request;
      const allowPrivate = request.allowPrivate ?? false;
      const url = checkedUrl(request.url, allowPrivate);
      const credentials = url.username || url.password ? { authorization: basicOf(url) } : {};
      try {
        const pool = await poolFor(url.origin, allowPrivate);
        const { status, headers, body, cut } = await pool.request({
          method,
          path: `${url.pathname}${url.search}`,
          headers: { 'user-agent': 'falco-relay', ...credentials, ...request.headers },
          ...(request.body === undefined ? {} : { body: request.body }),
          timeoutMs: TIMEOUT_MS,
          signal,
          maxBodyBytes: request.maxResponseBytes ?? RESPONSE_BYTES,
        });
        return { status, headers: firstValues(headers), body: body.toString('utf8'), truncated: cut };
      } catch (error) {
        throw signal.aborted ? new HttpError('aborted', 'the caller gave up') : httpError(error);
      }
    },
    async close() {
      const open = await Promise.all(pools.values());
      pools.clear();
      await Promise.all(open.map((pool) => pool.destroy()));
    },
  };
}

/** Loaded on first use: it is a part of a cold start that most instances never need. */
async function createPool(origin: string, lookup: LookupFunction, after: After): Promise<HttpPool> {
  const { createHttpPool } = await import('./http-pool.ts');
  return createHttpPool({ origin, connections: CONNECTIONS, after, connect: { lookup } });
}

function basicOf({ username, password }: URL): string {
  return basicAuthorization(decodeURIComponent(username), decodeURIComponent(password));
}

/** The header's value: https://www.rfc-editor.org/rfc/rfc7617, in UTF-8. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

function firstValues(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const pairs = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]);
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}

const SAFE_CODE = /^[A-Z][A-Z0-9_]{1,50}$/;

/** Keeps the system's code alone: messages may hold addresses. */
function httpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if ((error as Error | undefined)?.name === 'HttpTimeoutError')
    return new HttpError('timeout', `no answer within ${TIMEOUT_MS} ms`);
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (cause instanceof HttpError) return cause;
  return new HttpError('network', typeof code === 'string' && SAFE_CODE.test(code) ? code : 'the connection failed');
}

// --- The guard ---------------------------------------------------------------------------------------------

/** `public` is open to all, `private` to `allowPrivate`, `forbidden` to nobody. */
export type AddressClass = 'public' | 'private' | 'forbidden';

/** https://www.iana.org/assignments/iana-ipv4-special-registry: what is in neither list is public. */
const PRIVATE_4 = subnets('ipv4', ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']);
const FORBIDDEN_4 = subnets('ipv4', [
  '0.0.0.0/8',
  '169.254.0.0/16', // link-local: the metadata servers of all clouds
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24', // 6to4 relays
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3', // multicast, reserved, broadcast
]);

/** https://www.iana.org/assignments/iana-ipv6-special-registry: public is only what is in 2000::/3 and not in the last list. */
const PRIVATE_6 = subnets('ipv6', ['::1/128', 'fc00::/7']);
const GLOBAL_6 = subnets('ipv6', ['2000::/3']);
const FORBIDDEN_6 = subnets('ipv6', [
  'fd00:ec2::254/128', // metadata servers that live among the private addresses
  'fd20:ce::254/128',
  '2001::/23', // Teredo and other protocols' own
  '2001:db8::/32',
  '2002::/16', // 6to4 holds an IPv4 address of anyone's choice; so do ::ffff:0:0/96 and 64:ff9b::/96 outside of 2000::/3
  '3fff::/20',
]);

const METADATA_NAMES: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.goog',
  'metadata.google.internal',
  'instance-data',
  'instance-data.ec2.internal',
]);

/** Where an IP address literal leads, of either family, without brackets. What is no address is forbidden. */
export function classOf(address: string): AddressClass {
  const family = isIP(address);
  if (family === 4) {
    if (FORBIDDEN_4.check(address, 'ipv4')) return 'forbidden';
    return PRIVATE_4.check(address, 'ipv4') ? 'private' : 'public';
  }
  // A zone (fe80::1%eth0) or an embedded IPv4 address is of no use here; BlockList would read the latter as IPv4.
  if (family !== 6 || address.includes('%') || isMapped(address)) return 'forbidden';
  if (FORBIDDEN_6.check(address, 'ipv6')) return 'forbidden';
  if (PRIVATE_6.check(address, 'ipv6')) return 'private';
  return GLOBAL_6.check(address, 'ipv6') ? 'public' : 'forbidden';
}

/** The URL parser has one spelling for each address, in which a mapped one begins so. */
function isMapped(address: string): boolean {
  return new URL(`http://[${address}]/`).hostname.startsWith('[::ffff:');
}

function mayReach(address: string, allowPrivate: boolean): boolean {
  const found = classOf(address);
  return found === 'public' || (found === 'private' && allowPrivate);
}

/** Checks scheme, name and literal address: `net.connect` asks no resolver for a literal. */
function checkedUrl(text: string, allowPrivate: boolean): URL {
  const url = URL.parse(text);
  if (!url) throw new HttpError('forbidden', 'not a URL');
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:'))
    throw new HttpError('forbidden', 'not https');
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (METADATA_NAMES.has(host)) throw new HttpError('forbidden', 'a metadata server');
  if (isIP(host) !== 0 && !mayReach(host, allowPrivate)) throw new HttpError('forbidden', 'address not allowed');
  return url;
}

/** Resolves when the socket connects, and connects to what was checked: a second answer can't differ. */
function guardedLookup(
  resolve: (hostname: string) => Promise<readonly string[]>,
  allowPrivate: boolean,
): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        const first = found[0];
        // One bad address spoils the name: which one is dialled is not ours to choose.
        if (!first) callback(new HttpError('network', 'ENOTFOUND'), '', 0);
        else if (!addresses.every((address) => mayReach(address, allowPrivate)))
          callback(new HttpError('forbidden', 'the name leads to an address that is not allowed'), '', 0);
        else if (options.all) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}

async function systemResolve(hostname: string): Promise<readonly string[]> {
  const found = await dnsLookup(hostname, { all: true });
  return found.map(({ address }) => address);
}

function subnets(family: 'ipv4' | 'ipv6', list: readonly string[]): BlockList {
  const blocked = new BlockList();
  for (const subnet of list) {
    const [address = '', bits] = subnet.split('/');
    blocked.addSubnet(address, Number(bits), family);
  }
  return blocked;
}
