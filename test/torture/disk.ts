/**
 * A small disk for Loki that can be filled, without being root: a tmpfs in a mount namespace of its own, which a program
 * that does nothing keeps while Loki comes and goes.
 */

import { existsSync } from 'node:fs';
import { type FileHandle, mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Program, startProgram } from '../stack/programs/program.ts';

export interface SmallDisk {
  /** As those see it that `enter` starts. */
  dir: string;
  /** What stands before a command that is to see the disk. */
  enter: readonly string[];
  /** Until not a block more fits. */
  fill(): Promise<void>;
  free(): Promise<void>;
  /** Removes a folder on it. */
  remove(folder: string): Promise<void>;
  stop(): Promise<void>;
}

/** Large ones fill it within a second, small ones what remains. */
const BLOCKS = [Buffer.alloc(4_194_304), Buffer.alloc(4_096)];

/** Gives nothing where this machine permits no user namespaces. */
export async function startSmallDisk(megabytes: number): Promise<SmallDisk | undefined> {
  const base = await mkdtemp(join(tmpdir(), 'falco-relay-disk-'));
  const dir = join(base, 'disk');
  const mounted = join(base, 'mounted');
  await mkdir(dir);
  const script = 'mount -t tmpfs -o "size=$1m" none "$0" && touch "$2" && exec sleep 1000000';
  let holder: Program;
  try {
    holder = await startProgram({
      command: 'unshare',
      args: ['--user', '--map-root-user', '--mount', 'sh', '-c', script, dir, String(megabytes), mounted],
      ready: async () => existsSync(mounted),
      timeoutMs: 5_000,
    });
  } catch {
    await rm(base, { recursive: true, force: true });
    return;
  }
  const seen = `/proc/${holder.pid}/root${dir}`;
  const ballast = join(seen, 'ballast');
  return {
    dir,
    enter: ['nsenter', '--user', '--mount', '--preserve-credentials', `--target=${holder.pid}`, '--'],
    async fill() {
      const file = await open(ballast, 'a');
      try {
        for (const block of BLOCKS) await writeUntilFull(file, block);
      } finally {
        await file.close();
      }
    },
    free: () => rm(ballast, { force: true }),
    remove: (folder) => rm(join(seen, folder), { recursive: true }),
    async stop() {
      await holder.stop();
      await rm(base, { recursive: true, force: true });
    },
  };
}

async function writeUntilFull(file: FileHandle, block: Buffer): Promise<void> {
  try {
    for (;;) await file.write(block);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
