/** `allow_private` of pipeline.yaml: which addresses in-house the relay may call. Metadata servers are never among them. */

import * as z from 'zod';

/** True permits http and every private address; a list its networks, its addresses, and wherever its hosts' names lead. */
export type AllowPrivate = boolean | readonly string[];

const network = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);
/** The last part begins with a letter, or a mistyped address would pass for a name. */
const HOST = /^(?:[a-z0-9_-]{1,63}\.){0,20}[a-z][a-z0-9_-]{0,62}$/i;

export const allowPrivate = z
  .union([z.boolean(), z.array(z.string()).min(1).max(64)], { error: 'true, false, or a list of networks and hosts' })
  .superRefine((value, context) => {
    if (typeof value === 'boolean') return;
    for (const [index, entry] of value.entries()) {
      if (HOST.test(entry) || network.safeParse(entry).success) continue;
      const message = 'neither a network (10.20.0.0/16), nor an address, nor a name (hooks.internal)';
      context.addIssue({ code: 'custom', path: [index], message });
    }
  })
  .default(false)
  .describe('Permits http and private addresses: true for all of them, or the networks and hosts that it lists.');
