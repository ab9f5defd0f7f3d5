/** Does to the parts what the schedule says, and undoes it. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkFault } from './link.ts';
import type { Fault, FunctionName, Linked, Zone } from './schedule.ts';
import type { TortureWorld } from './world.ts';

/** Resolves when the part is well again. */
export async function strike({ kind, part, lastsMs }: Fault, world: TortureWorld): Promise<void> {
  const { fleet, store, loki, disk } = world;
  const [first = '', second] = part.split(' ');
  const zone: Zone = second === '0' || part.endsWith('zone 0') ? 0 : 1;
  const name = first as FunctionName;
  if (kind.startsWith('link ')) {
    const link = world.link(first as Linked, zone);
    link.begin(kind.slice('link '.length) as LinkFault);
    await sleep(lastsMs);
    link.mend();
    return;
  }
  switch (kind) {
    case 'kill -9':
      await fleet.kill9(name, zone);
      await sleep(lastsMs);
      return fleet.restart(name, zone);
    case 'stop':
      fleet.signal(name, zone, 'SIGSTOP');
      await sleep(lastsMs);
      return fleet.signal(name, zone, 'SIGCONT');
    case 'loki killed':
    case 'loki ended': {
      const signal = kind === 'loki killed' ? 'SIGKILL' : 'SIGTERM';
      await loki.end(signal);
      await sleep(lastsMs);
      return loki.restart(signal);
    }
    case 'loki disk full':
      await disk?.fill();
      await sleep(lastsMs);
      await disk?.free();
      // Only now can it write down what it took meanwhile; killed before, it would forget that. And what it writes behind
      // the record that the full disk tore it would not read again: so the log goes once all of it is in chunks.
      await loki.end('SIGTERM');
      await disk?.remove('wal');
      return loki.restart();
    case 'store killed':
      return store.kill(lastsMs);
    case 'store failed over':
      return store.failOver(lastsMs);
    case 'store stopped':
      store.signal('SIGSTOP');
      await sleep(lastsMs);
      return store.signal('SIGCONT');
    case 'pushed twice':
    case 'answers lost':
      fleet.misbehave(kind === 'pushed twice' ? 'twice' : 'lost');
      await sleep(lastsMs);
      return fleet.misbehave(undefined);
    default:
      throw new Error(`nobody knows how to do ${kind}`);
  }
}
