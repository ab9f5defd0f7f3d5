/**
 * A TCP link between two parts that can be made to fail as networks do. What it holds back is not thrown away: it arrives
 * once the link is mended, long after whoever waited for it gave up, as TCP's own retransmission brings it.
 */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * cut: connections are reset, and new ones are too. black-hole: nothing passes. half-open: what is asked passes, no
 * answer does. slow: each piece is late. reset: connections that exist are reset once.
 */
export const LINK_FAULTS = ['cut', 'black-hole', 'half-open', 'slow', 'reset'] as const;
export type LinkFault = (typeof LINK_FAULTS)[number];

export interface Link {
  port: number;
  begin(fault: LinkFault): void;
  mend(): void;
  close(): Promise<void>;
}

type Direction = 'there' | 'back';

/** How late each piece is on a slow link: a few of them are longer than a probe, none as long as a claim. */
const SLOW_MS = 400;
const HELD: Readonly<Record<Direction, readonly LinkFault[]>> = {
  there: ['black-hole'],
  back: ['black-hole', 'half-open'],
};

/** Leads to a port of this machine. */
export async function startLink(target: number): Promise<Link> {
  const sockets = new Set<Socket>();
  let fault: LinkFault | undefined;
  let mended = Promise.withResolvers<void>();

  const resetAll = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };

  async function forward(from: Socket, to: Socket, direction: Direction): Promise<void> {
    for await (const piece of from) {
      if (fault === 'slow') await sleep(SLOW_MS);
      while (fault !== undefined && HELD[direction].includes(fault)) await mended.promise;
      if (to.destroyed) return;
      if (!to.write(piece)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
    }
    to.end();
  }

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    client.on('error', () => {});
    if (fault === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.resetAndDestroy());
      socket.on('close', () => sockets.delete(socket));
    }
    forward(client, upstream, 'there').catch(() => upstream.destroy());
    forward(upstream, client, 'back').catch(() => client.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');

  function mend(): void {
    fault = undefined;
    mended.resolve();
    mended = Promise.withResolvers();
  }

  return {
    port: (server.address() as AddressInfo).port,
    begin(kind) {
      if (kind === 'cut' || kind === 'reset') resetAll();
      fault = kind === 'reset' ? undefined : kind;
    },
    mend,
    async close() {
      mend();
      resetAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
