/** Starts the official Firestore emulator, which comes with the gcloud command-line tool. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, type Program, startProgram } from './program.ts';

export interface FirestoreEmulator {
  /** HOST:PORT, as FIRESTORE_EMULATOR_HOST takes it. */
  host: string;
  program: Program;
}

const JAR = 'platform/cloud-firestore-emulator/cloud-firestore-emulator.jar';
const MAIN = 'com.google.cloud.datastore.emulator.firestore.CloudFirestore';

export async function startFirestore(): Promise<FirestoreEmulator> {
  const jar = join(await sdkRoot(), JAR);
  if (!existsSync(jar)) throw new Error('the Firestore emulator is missing: gcloud components install');
  const host = `127.0.0.1:${await freePort()}`;
  const program = await startProgram({
    command: 'java',
    args: ['-cp', jar, MAIN, '--host=127.0.0.1', `--port=${host.split(':')[1]}`],
    ready: async () => (await fetch(`http://${host}/`)).ok,
  });
  return { host, program };
}

async function sdkRoot(): Promise<string> {
  if (process.env.CLOUDSDK_ROOT) return process.env.CLOUDSDK_ROOT;
  const { stdout } = await promisify(execFile)('gcloud', ['info', '--format=value(installation.sdk_root)']);
  return stdout.trim();
}
