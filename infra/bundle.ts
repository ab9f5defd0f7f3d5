/**
 * `npm run bundle -- PIPELINE [ZIP]`: makes what the functions run of the code, pipeline.yaml and the files that it names, as
 * one zip (dist/falco-relay.zip), and beside it what the check of pipeline.yaml found, which Terraform reads at plan time, and
 * the SBOM of the zip (dist/falco-relay.cdx.json).
 */

import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize, resolve } from 'node:path';
import { bundle } from '../build.mjs';
import { type Pipeline, parsePipeline } from '../functions/config.ts';
import { lockfileFor, readLockfile } from './lockfile.ts';
import { sbomText } from './sbom.ts';
import { type Entry, zip } from './zip.ts';

/** What stands beside the zip; infra/pipeline.tf reads it. */
export interface Found {
  /** SHA-256 of pipeline.yaml and of the zip, by which Terraform knows that all three belong together. */
  pipeline: string;
  bundle: string;
  problems: readonly string[];
}

/** Where a function finds it: PIPELINE in infra/functions.tf. */
const PIPELINE = 'pipeline.yaml';

/** What of pipeline.yaml goes into the zip, and every problem: those of the check, and files that can't come along. */
export function pipelineFiles(path: string): { files: Entry[]; text: string; problems: string[] } {
  const text = readFileSync(path, 'utf8');
  const problems: string[] = [];
  const pipeline = parsePipeline(text, problems);
  const files: Entry[] = [{ path: PIPELINE, content: Buffer.from(text) }];
  for (const name of namedFiles(pipeline)) {
    const inside = normalize(name);
    if (isAbsolute(inside) || inside.startsWith('..')) {
      problems.push(`${name}: a bundle holds files beside pipeline.yaml or below it alone`);
      continue;
    }
    try {
      files.push({ path: inside, content: readFileSync(resolve(dirname(path), inside)) });
    } catch (error) {
      problems.push(`${name}: can't be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
    }
  }
  return { files, text, problems };
}

function namedFiles(pipeline: Pipeline | undefined): Set<string> {
  return new Set(
    (pipeline?.clusters ?? []).flatMap(({ metadata, kubernetes }) => {
      const ca = typeof kubernetes === 'object' ? kubernetes.ca : undefined;
      return [metadata, ca].filter((name) => name !== undefined);
    }),
  );
}

/** Of a pipeline.yaml that is not right there is no bundle. */
export function foundOf(text: string, problems: readonly string[], archive: Uint8Array | undefined): Found {
  return { pipeline: hash('sha256', text), bundle: archive ? hash('sha256', archive) : '', problems };
}

async function main([path, target = 'dist/falco-relay.zip']: readonly string[]): Promise<number> {
  if (path === undefined || !target.endsWith('.zip')) {
    console.error('usage: npm run bundle -- PIPELINE [ZIP]');
    return 2;
  }
  const { files, text, problems } = pipelineFiles(path);
  let archive: Buffer | undefined;
  let sbom = '';
  if (problems.length === 0) {
    const root = join(import.meta.dirname, '..');
    const dist = join(root, 'dist');
    sbom = sbomText(await bundle(dist));
    const code = readdirSync(dist).map((name) => ({ path: name, content: readFileSync(join(dist, name)) }));
    // Without it the cloud's build would take whatever versions are the newest on that day.
    const manifest = JSON.parse(readFileSync(join(dist, 'package.json'), 'utf8'));
    const lockfile = lockfileFor(manifest, readLockfile(join(root, 'package-lock.json')));
    archive = zip([...code, { path: 'package-lock.json', content: Buffer.from(lockfile) }, ...files]);
  }
  mkdirSync(dirname(target), { recursive: true });
  const sbomTarget = target.replace(/\.zip$/, '.cdx.json');
  if (archive) {
    writeFileSync(target, archive);
    writeFileSync(sbomTarget, sbom);
  } else {
    rmSync(target, { force: true });
    rmSync(sbomTarget, { force: true });
  }
  const found = foundOf(text, problems, archive);
  writeFileSync(target.replace(/\.zip$/, '.json'), `${JSON.stringify(found, null, 2)}\n`);
  for (const problem of problems) console.error(problem);
  if (archive) console.log(`${target}: ${archive.length} bytes, sha256 ${found.bundle}`);
  return archive ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
