/** The guard of outbound requests: which addresses they may go to, whatever those are called. */

import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { AllowPrivate } from '../core/allow-private.ts';
import { HttpError } from './http-error.ts';

/** `public` is open to all, `private` to what `allowPrivate` permits, `forbidden` to nobody. */
export type AddressClass = 'public' | 'private' | 'forbidden';

/** https://www.iana.org/assignments/iana-ipv4-special-registry: what is in neither list is public. */
const PRIVATE_4 = onDemand(['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']);
const FORBIDDEN_4 = onDemand([
  '0.0.0.0/8',
  '100.100.100.200/32', // Alibaba's metadata server, among the shared addresses
  '168.63.129.16/32', // Azure's own server for its machines, among the public ones
  '169.254.0.0/16', // link-local: the metadata servers of all other clouds
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24', // 6to4 relays
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3', // multicast, reserved, broadcast
]);

/** https://www.iana.org/assignments/iana-ipv6-special-registry: public is only what is in 2000::/3 and not in the last list. */
const PRIVATE_6 = onDemand(['::1/128', 'fc00::/7']);
const GLOBAL_6 = onDemand(['2000::/3']);
const FORBIDDEN_6 = onDemand([
  'fd00:ec2::/32', // Amazon's metadata server, and what else it gives its machines, among the private addresses
  'fd20:ce::254/128', // Google's
  '2001::/23', // Teredo and other protocols' own
  '2001:db8::/32',
  '2002::/16', // 6to4 holds an IPv4 address of anyone's choice; so do ::ffff:0:0/96 and 64:ff9b::/96 outside of 2000::/3
  '3fff::/20',
]);

const METADATA_NAMES: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.azure.internal',
  'metadata.goog',
  'metadata.google.internal',
  'instance-data',
  'instance-data.ec2.internal',
]);

/** Where an IP address literal leads, of either family, without brackets. What is no address is forbidden. */
export function classOf(address: string): AddressClass {
  const family = isIP(address);
  if (family === 4) {
    if (FORBIDDEN_4().check(address, 'ipv4')) return 'forbidden';
    return PRIVATE_4().check(address, 'ipv4') ? 'private' : 'public';
  }
  // A zone (fe80::1%eth0) or an embedded IPv4 address is of no use here; BlockList would read the latter as IPv4.
  if (family !== 6 || address.includes('%') || isMapped(address)) return 'forbidden';
  if (FORBIDDEN_6().check(address, 'ipv6')) return 'forbidden';
  if (PRIVATE_6().check(address, 'ipv6')) return 'private';
  return GLOBAL_6().check(address, 'ipv6') ? 'public' : 'forbidden';
}

/** The URL parser has one spelling for each address, in which a mapped one begins so. */
function isMapped(address: string): boolean {
  return new URL(`http://[${address}]/`).hostname.startsWith('[::ffff:');
}

/** In the clear a list leads nowhere but to what it names; `true` permits that for all. */
function mayReach(address: string, { protocol, hostname }: URL, allowed: AllowPrivate): boolean {
  const found = classOf(address);
  if (found === 'forbidden') return false;
  if (found === 'public' && protocol === 'https:') return true;
  if (typeof allowed === 'boolean') return allowed;
  return (
    isListed(hostOf(hostname), allowed) || networksOf(allowed).check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  );
}

function isListed(host: string, list: readonly string[]): boolean {
  return list.some((entry) => entry.toLowerCase() === host);
}

/** Made when it is first asked: a cold start that sends nothing out does not pay for it. */
function onDemand(list: readonly string[]): () => BlockList {
  let made: BlockList | undefined;
  return () => {
    made ??= networksOf(list);
    return made;
  };
}

/** The networks of a list, an address being one of itself alone; its names are none. */
function networksOf(list: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const entry of list) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address);
    if (family !== 0)
      networks.addSubnet(address, Number(bits ?? (family === 6 ? 128 : 32)), family === 6 ? 'ipv6' : 'ipv4');
  }
  return networks;
}

/** Without an IPv6 address's brackets and the root's dots. */
function hostOf(hostname: string): string {
  const bare = hostname.replace(/^\[|\]$/g, '');
  let end = bare.length;
  while (bare[end - 1] === '.') end -= 1;
  return bare.slice(0, end);
}

/** Checks scheme, name and literal address: `net.connect` asks no resolver for a literal. */
export function checkedUrl(text: string, allowed: AllowPrivate): URL {
  const url = URL.parse(text);
  if (!url) throw new HttpError('forbidden', 'not a URL');
  if (url.protocol !== 'https:' && !(allowed && url.protocol === 'http:'))
    throw new HttpError('forbidden', 'not https');
  const host = hostOf(url.hostname);
  if (METADATA_NAMES.has(host)) throw new HttpError('forbidden', 'a metadata server');
  if (isIP(host) !== 0 && !mayReach(host, url, allowed)) throw new HttpError('forbidden', 'address not allowed');
  return url;
}

/** Resolves when the socket connects, and connects to what was checked: a second answer can't differ. */
export function guardedLookup(
  resolve: (hostname: string) => Promise<readonly string[]>,
  origin: string,
  allowed: AllowPrivate,
): LookupFunction {
  const url = new URL(origin);
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        const first = found[0];
        // One bad address spoils the name: which one is dialled is not ours to choose.
        if (!first) callback(new HttpError('network', 'ENOTFOUND'), '', 0);
        else if (!addresses.every((address) => mayReach(address, url, allowed)))
          callback(new HttpError('forbidden', 'the name leads to an address that is not allowed'), '', 0);
        else if (options.all) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}
