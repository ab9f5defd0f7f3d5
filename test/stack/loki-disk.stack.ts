/** What a full disk does to Loki, and how it is mended: docs/operate.md, "When something is down". */

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { notRun } from '../not-run.ts';
import { type SmallDisk, startSmallDisk } from '../torture/disk.ts';
import { type Loki, startLoki } from './programs/loki.ts';
import { closeWriters, countByUuid, entryOf, names, newCluster, pushAll, STORED, writerTo } from './support/loki.ts';

const DISK_MB = 64;

let disk: SmallDisk | undefined;
let loki: Loki;

beforeEach(async () => {
  disk = await startSmallDisk(DISK_MB);
  if (disk) loki = await startLoki({ config: { ingester: { wal: { flush_on_shutdown: true } } }, disk });
  else notRun("Loki's disk that is full", 'this machine permits no user namespaces');
});

afterEach(async () => {
  await closeWriters();
  await loki?.stop();
  await disk?.stop();
});

async function push(cluster: string, prefix: string, count: number): Promise<void> {
  const outcomes = await pushAll(
    writerTo(loki.url),
    names(count).map((name) => entryOf(cluster, `${prefix}-${name}`)),
  );
  expect(outcomes.filter(({ kind }) => kind !== STORED.kind)).toEqual([]);
}

test.each([
  { removed: false, left: 300 },
  { removed: true, left: 350 },
])(
  'of what it took since the disk was full, a kill leaves all only if its log was removed: $removed',
  async ({ removed, left }) => {
    if (!disk) return;
    const cluster = newCluster();
    await push(cluster, 'before', 50);
    await disk.fill();
    // It answers 204, and holds them in memory alone.
    await push(cluster, 'full', 250);
    await disk.free();
    await loki.end();
    if (removed) await disk.remove('wal');
    await loki.restart();
    expect(await countByUuid(loki.url, cluster)).toBe(300);
    await push(cluster, 'after', 50);
    await loki.restart('SIGKILL');
    expect(await countByUuid(loki.url, cluster)).toBe(left);
    await disk.remove('wal');
  },
);
