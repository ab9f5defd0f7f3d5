/** A TCP proxy on loopback: an address that stays while the server behind it changes, as a managed Redis has it. */

import { connect, createServer, type Server, type Socket } from 'node:net';

export interface Proxy {
  port: number;
  /** New connections go there; those that exist are cut unless `keep`. */
  lead(port: number, options?: { keep: boolean }): void;
  close(): Promise<void>;
}

/** Leads to `first` until it is told another port. */
export async function startProxy(first: number): Promise<Proxy> {
  let target = first;
  const sockets = new Set<Socket>();
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const server: Server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    lead(port, options) {
      target = port;
      if (!options?.keep) cut();
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
