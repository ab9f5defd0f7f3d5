/** What package-lock.json says of packages: which there are, and which of them one package brings along. */

import { readFileSync } from 'node:fs';

export interface LockedPackage {
  version: string;
  /** Subresource integrity of the package's archive. */
  integrity: string;
  /** An SPDX expression. */
  license: string;
  /** Only what development needs. */
  dev?: boolean;
  hasInstallScript?: boolean;
  dependencies?: Readonly<Record<string, string>>;
  optionalDependencies?: Readonly<Record<string, string>>;
}

interface Manifest {
  name: string;
  version: string;
  dependencies: Readonly<Record<string, string>>;
  engines: Readonly<Record<string, string>>;
}

/** By path, such as node_modules/a/node_modules/b; the project itself is not among them. */
export type Locked = Readonly<Record<string, LockedPackage>>;

export function readLockfile(path: string | URL): Locked {
  const { packages } = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, LockedPackage> };
  const { '': _, ...locked } = packages;
  return locked;
}

/** The package that a file belongs to, by its path; undefined for the project's own files. */
export const packagePathOf = (file: string): string | undefined =>
  /^((?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** The paths of a package and of all that it brings along, itself first. Throws where one is not locked. */
export function closureOf(locked: Locked, path: string): string[] {
  const paths = new Set([path]);
  for (const each of paths) {
    const { dependencies, optionalDependencies = {} } = packageAt(locked, each);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const found = resolved(locked, each, name);
      if (found !== undefined) paths.add(found);
      else if (!(name in optionalDependencies)) throw new Error(`${each} needs ${name}, which is not locked`);
    }
  }
  return [...paths];
}

/**
 * A lockfile for a package that needs some of what is locked here, so that it gets just those versions and bytes.
 * Takes its package.json; the paths stay, so what is found from where stays too.
 */
export function lockfileFor(manifest: Manifest, locked: Locked): string {
  const { name, version, dependencies, engines } = manifest;
  const paths = Object.keys(dependencies).flatMap((each) => closureOf(locked, `node_modules/${each}`));
  const packages = Object.fromEntries([...new Set(paths)].sort().map((path) => [path, packageAt(locked, path)]));
  const root = { name, version, dependencies, engines };
  const file = { name, version, lockfileVersion: 3, requires: true, packages: { '': root, ...packages } };
  return `${JSON.stringify(file, null, 2)}\n`;
}

export function packageAt(locked: Locked, path: string): LockedPackage {
  const found = locked[path];
  if (!found) throw new Error(`${path} is not locked`);
  return found;
}

/** As Node resolves: beside the package's own files, then one level up after another. */
function resolved(locked: Locked, from: string, name: string): string | undefined {
  for (let level = from; ; level = level.slice(0, Math.max(0, level.lastIndexOf('/node_modules/')))) {
    const path = level === '' ? `node_modules/${name}` : `${level}/node_modules/${name}`;
    if (locked[path]) return path;
    if (level === '') return undefined;
  }
}
