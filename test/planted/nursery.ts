/** A copy of the project in which faults are planted, one at a time, and suites run on them. */

import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fault } from './fault.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const LEFT_OUT: ReadonlySet<string> = new Set(['node_modules', '.git', 'dist']);
const JEST = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];
/** A fault may make a test wait for ever. */
const LONGEST_MS = 180_000;

export interface Verdict {
  /** Tests that ran. */
  tests: number;
  /** Of the first test that failed, its full name and its file; undefined where all passed. */
  failed?: { test: string; file: string };
  /** The code could not be loaded, or a test never ended: no proof that a test would have noticed. */
  broken?: string;
}

/** What the simulation made of a fault. */
export interface Simulated {
  /** That were run, the last of which broke a promise where there is one. */
  seeds: number;
  promise?: string;
  /** It never ended, or crashed. */
  broken?: string;
}

export interface Nursery {
  /** Plants the fault, runs its suites, and takes it out again. Throws where its text is not there exactly once. */
  plant(fault: Fault): Promise<Verdict>;
  /** Plants the fault, and runs up to `most` seeds of the simulation on it. */
  simulate(fault: Fault, most: number): Promise<Simulated>;
  /** Runs suites on the code as it is. */
  run(suites: readonly string[]): Promise<Verdict>;
  close(): Promise<void>;
}

/** The text with the fault in it. Throws where `from` does not stand in it exactly once. */
export function planted(text: string, { id, file, from, to }: Fault): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${id}: ${file} has its text ${parts.length - 1} times`);
  return parts.join(to);
}

export async function openNursery(): Promise<Nursery> {
  const folder = await mkdtemp(join(tmpdir(), 'falco-relay-planted-'));
  await cp(ROOT, folder, {
    recursive: true,
    filter: (path) =>
      !path
        .slice(ROOT.length)
        .split('/')
        .some((name) => LEFT_OUT.has(name)),
  });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));

  const run = async (suites: readonly string[]): Promise<Verdict> => {
    const report = join(folder, 'planted.json');
    await rm(report, { force: true });
    const { ended } = await node(folder, [...JEST, ...suites, '--forceExit', '--json', `--outputFile=${report}`]);
    if (!ended) return { tests: 0, broken: `not done within ${LONGEST_MS / 1_000} s` };
    const json = await readFile(report, 'utf8').catch(() => undefined);
    return json === undefined ? { tests: 0, broken: 'the run crashed' } : verdictOf(folder, json);
  };

  /** Takes the fault out again, whatever `act` does. */
  async function withFault<T>(fault: Fault, act: () => Promise<T>): Promise<T> {
    const path = join(folder, fault.file);
    const sound = await readFile(path, 'utf8');
    await writeFile(path, planted(sound, fault));
    try {
      return await act();
    } finally {
      await writeFile(path, sound);
    }
  }

  return {
    run,
    plant: (fault) =>
      withFault(fault, async () => {
        let verdict: Verdict = { tests: 0 };
        for (const suite of fault.suites) {
          verdict = await run([suite]);
          if (verdict.failed || verdict.broken) break;
        }
        return verdict;
      }),
    simulate: (fault, most) =>
      withFault(fault, async () => {
        const { ended, said } = await node(folder, ['test/planted/seeds.ts', String(most)]);
        if (!ended) return { seeds: 0, broken: `not done within ${LONGEST_MS / 1_000} s` };
        return said.startsWith('{') ? (JSON.parse(said) as Simulated) : { seeds: 0, broken: 'the run crashed' };
      }),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** What it printed, and whether it came to its end by itself. */
function node(folder: string, args: readonly string[]): Promise<{ ended: boolean; said: string }> {
  return new Promise((resolve, reject) => {
    // Said also where it is not so: this may run within the stack suites.
    const stack = { TEST_STACK: args.some((each) => each.startsWith('test/stack/')) ? '1' : '' };
    const child = spawn(process.execPath, [...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...stack },
    });
    let said = '';
    let ended = true;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const timer = setTimeout(() => {
      ended = false;
      child.kill('SIGKILL');
    }, LONGEST_MS);
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(timer);
      resolve({ ended, said });
    });
  });
}

interface Report {
  numTotalTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: readonly {
    name: string;
    message: string;
    assertionResults: readonly { fullName: string; status: string }[];
  }[];
}

function verdictOf(folder: string, json: string): Verdict {
  const report = JSON.parse(json) as Report;
  const tests = report.numTotalTests;
  for (const { name, assertionResults } of report.testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed');
    if (failed) return { tests, failed: { test: failed.fullName, file: name.slice(folder.length + 1) } };
  }
  if (report.numRuntimeErrorTestSuites === 0) return { tests };
  const message = report.testResults.find((each) => each.message !== '')?.message ?? '';
  return { tests, broken: message.split('\n').find((line) => line.includes('Error')) ?? 'a suite did not run' };
}
