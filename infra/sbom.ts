/**
 * `npm run sbom [-- FILE]`: what the functions run of others' code, as CycloneDX (dist/falco-relay.cdx.json).
 *
 * It is taken from the bundle, not from package.json: esbuild leaves out what nothing imports, and would take in what only
 * development names. The functions framework is in no bundle: the cloud's build installs it with all that it brings along.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bundle, type Metafile } from '../build.mjs';
import { closureOf, type Locked, nameOf, packageAt, packagePathOf, readLockfile } from './lockfile.ts';

const ROOT = join(import.meta.dirname, '..');

export interface Component {
  type: 'library';
  'bom-ref': string;
  name: string;
  version: string;
  scope: 'required';
  purl: string;
  licenses: readonly [{ expression: string }];
  hashes: readonly [{ alg: 'SHA-512'; content: string }];
  properties: readonly [{ name: 'falco-relay:comes'; value: Comes }];
}

/** How it comes to run: inside the bundle, or installed beside it by the cloud's build. */
type Comes = 'bundled' | 'installed';

/** What https://cyclonedx.org/docs/1.5/json/ asks for. No date and no serial number: the same bundle has the same bytes. */
export interface Sbom {
  bomFormat: 'CycloneDX';
  specVersion: '1.5';
  version: 1;
  metadata: { component: { type: 'application'; 'bom-ref': string; name: string; version: string } };
  components: readonly Component[];
}

/** Throws where the bundle holds a package that the lockfile does not name. */
export function sbomOf(metafile: Metafile, locked: Locked, version: string): Sbom {
  const { inputs, external } = contentsOf(metafile);
  const bundled = new Set(inputs.map(packagePathOf).filter((path) => path !== undefined));
  // What only development has is not there where the functions run.
  const wanted = external.map((name) => `node_modules/${name}`).filter((path) => !packageAt(locked, path).dev);
  const installed = new Set(wanted.flatMap((path) => closureOf(locked, path)));
  const components = new Map<string, Component>();
  // A package that comes both ways is in the bundle, and one name and version at two paths is one component.
  for (const [paths, comes] of [
    [installed, 'installed'],
    [bundled, 'bundled'],
  ] as const) {
    for (const path of paths) {
      const component = componentOf(locked, path, comes);
      components.set(component['bom-ref'], component);
    }
  }
  const name = 'falco-relay';
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'application', 'bom-ref': `${name}@${version}`, name, version } },
    components: [...components.values()].sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)),
  };
}

/** The files that went into the bundle, and the packages that it only names. */
function contentsOf({ outputs }: Metafile): { inputs: string[]; external: string[] } {
  const each = Object.values(outputs);
  return {
    inputs: each.flatMap(({ inputs }) => Object.keys(inputs)),
    external: each.flatMap(({ imports }) =>
      imports.flatMap(({ path, external }) => (external && !isBuiltin(path) ? path : [])),
    ),
  };
}

function componentOf(locked: Locked, path: string, comes: Comes): Component {
  const { version, integrity, license } = packageAt(locked, path);
  const name = nameOf(path);
  return {
    type: 'library',
    'bom-ref': `${name}@${version}`,
    name,
    version,
    scope: 'required',
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    licenses: [{ expression: license }],
    hashes: [{ alg: 'SHA-512', content: hexOf(path, integrity) }],
    properties: [{ name: 'falco-relay:comes', value: comes }],
  };
}

function hexOf(path: string, integrity: string): string {
  const [, base64] = /^sha512-([\w+/]+=*)$/.exec(integrity) ?? [];
  if (base64 === undefined) throw new Error(`${path} has no SHA-512`);
  return Buffer.from(base64, 'base64').toString('hex');
}

/** The text of the SBOM of a bundle of this project. */
export function sbomText(metafile: Metafile): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return `${JSON.stringify(sbomOf(metafile, readLockfile(join(ROOT, 'package-lock.json')), version), null, 2)}\n`;
}

async function main([target = 'dist/falco-relay.cdx.json']: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'falco-relay-sbom-'));
  try {
    const text = sbomText(await bundle(folder));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await main(process.argv.slice(2));
