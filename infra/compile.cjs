'use strict';

/**
 * Part of the bundle. Run once by the cloud's build, as `gcp-build` of dist/package.json, by the Node that will serve: a function is
 * started and ended here, and all that one may load is loaded, so that what Node compiled of it lies in NODE_COMPILE_CACHE
 * (infra/functions.tf) for each start. Nothing depends on it: another Node, or another user, compiles anew.
 */

const { spawn } = require('node:child_process');
const { readdirSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');

const framework = join(dirname(require.resolve('@google-cloud/functions-framework')), 'main.js');
// In development it says when it listens.
const env = { ...process.env, NODE_ENV: 'development' };
const child = spawn(process.execPath, [framework, '--target=sweep', '--port=0'], {
  cwd: __dirname,
  env,
  stdio: ['ignore', 'pipe', 'inherit'],
  timeout: 60_000,
});
child.stdout.on('data', (text) => {
  if (`${text}`.includes('URL:')) child.kill();
});
child.once('error', load);
child.once('exit', load);

/** Whatever fails here costs starts their time, and must not cost a deployment. */
function load() {
  for (const file of readdirSync(__dirname)) {
    if (!file.endsWith('.js') || file === basename(__filename)) continue;
    try {
      require(`./${file}`);
    } catch (error) {
      console.warn(`${file} is compiled at each start: ${error}`);
    }
  }
  process.exit(0);
}
