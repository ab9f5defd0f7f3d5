/**
 * Bundles the five functions into dist/: one small main.js, and each heavy client in a file of its own that loads on
 * first use, because a cold start pays for every byte that it parses. index.js runs them (infra/start.cjs).
 *
 * esbuild splits ESM only, and functions-framework loads CommonJS faster: so the bundle is split as ESM, and each file
 * of it is then rewritten to CommonJS. A module that two files need goes to a third one, so nothing with state (the
 * loop of core/lane.ts) exists twice.
 */

import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build, transform } from 'esbuild';

/** Two copies of it would keep two registries: "Function is not defined". The runtime installs it. */
const FRAMEWORK = '@google-cloud/functions-framework';
/** debug would colour a terminal with it where it is there; here only a tool of development brings it. */
const COLOURS = 'supports-color';
/** As infra/functions.tf sets it for each start. */
const COMPILED = 'NODE_COMPILE_CACHE=compiled';
const target = 'node24';

/** zod carries its messages in fifty languages, more than half of what the index would be; ours are English. */
const englishOnly = {
  name: 'english-only',
  setup({ onLoad }) {
    onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js'",
    }));
  },
};

/** Writes the bundle to `outdir`, emptied first. Gives esbuild's metafile: which module went to which file. */
export async function bundle(outdir, entry = 'functions/index.ts') {
  const root = import.meta.dirname;
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: entry },
    outdir,
    bundle: true,
    // A linked node_modules bundles as one that is there.
    preserveSymlinks: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target,
    minify: true,
    treeShaking: true,
    legalComments: 'none',
    external: [FRAMEWORK, COLOURS],
    plugins: [englishOnly],
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  await rm(outdir, { recursive: true, force: true });
  await mkdir(outdir, { recursive: true });
  const commonJs = outputsOfPackages(metafile);
  for (const { path, text } of outputFiles) {
    // `dynamic-import: false` turns import() into a require() that still happens on first use.
    const { code } = await transform(withNamedExports(text, commonJs), {
      format: 'cjs',
      platform: 'node',
      target,
      minify: true,
      supported: { 'dynamic-import': false },
    });
    await writeFile(join(outdir, basename(path)), code);
  }
  await copyFile(join(root, 'infra/start.cjs'), join(outdir, 'index.js'));
  await copyFile(join(root, 'infra/compile.cjs'), join(outdir, 'compile.js'));
  const { version, dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const manifest = {
    name: 'falco-relay-functions',
    version,
    private: true,
    type: 'commonjs',
    main: 'index.js',
    // https://docs.cloud.google.com/run/docs/runtimes/nodejs: run where the image is built, after the dependencies are there.
    scripts: { 'gcp-build': `${COMPILED} node compile.js` },
    engines: { node: '24' },
    dependencies: { [FRAMEWORK]: dependencies[FRAMEWORK] },
  };
  await writeFile(join(outdir, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return metafile;
}

/** Files that esbuild made of a CommonJS package: all that they export is `default`, the package's `module.exports`. */
function outputsOfPackages({ outputs }) {
  return Object.entries(outputs)
    .filter(([, { entryPoint, exports }]) => entryPoint?.startsWith('node_modules/') && exports.join() === 'default')
    .map(([path]) => basename(path));
}

/** Node gives an import() of a CommonJS package its named exports; esbuild's splitting leaves them out. */
function withNamedExports(text, commonJs) {
  return commonJs.reduce(
    (code, file) =>
      code.replaceAll(`import("./${file}")`, `import("./${file}").then(m=>({...m.default,default:m.default}))`),
    text,
  );
}

if (import.meta.main) await bundle(join(import.meta.dirname, 'dist'));
