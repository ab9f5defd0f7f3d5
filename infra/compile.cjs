'use strict';

/**
 * Part of the bundle. Run once by the cloud's build, as `gcp-build` of dist/package.json, by the Node that will serve: `ingest` is
 * started, takes two events and is ended, and all that a function may load is loaded. What Node compiled of functions-framework lies
 * in NODE_COMPILE_CACHE (infra/functions.tf) then, what it compiled of the bundle beside its files (index.js), for each start. Nothing
 * depends on it: another Node, or another user, compiles anew.
 */

const { spawn } = require('node:child_process');
const { mkdtempSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const { createServer, request } = require('node:http');
const { tmpdir } = require('node:os');
const { basename, dirname, join } = require('node:path');
const { setFlagsFromString } = require('node:v8');

/** Has of all that a pipeline.yaml may have what every start reads. Lists no cluster, so that nobody is asked for metadata. */
const PIPELINE = `
dedupe: { rules: [{ match: ['rule="Terminal shell in container"'], by: [namespace, workload], window: 10m }] }
severity: [{ match: ['rule=~"Read sensitive .*"', 'namespace!~"a|b"'], priority: Notice }]
escalate: { match: ['priority=~"Emergency|Alert|Critical"'] }
`;

/** Does not escalate: Pub/Sub is not there. */
const EVENT = {
  hostname: 'gke-a-node',
  output: 'Notice A shell was spawned in a container | command=sh -c date',
  output_fields: {
    'container.id': '0123456789ab',
    'evt.time': 1,
    'k8s.ns.name': 'a',
    'k8s.pod.name': 'b',
    'proc.cmdline': 'sh',
  },
  priority: 'Notice',
  rule: 'Terminal shell in container',
  source: 'syscall',
  tags: ['T1059', 'container', 'mitre_execution'],
};

if (require.main === module) compile();
else process.once('exit', save);

/** Whatever fails here costs starts their time, and must not cost a deployment. */
async function compile() {
  const folder = mkdtempSync(join(tmpdir(), 'falco-relay-'));
  try {
    await serve(folder);
  } catch (error) {
    console.warn(`each start compiles the bundle: ${error}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.exit(0);
}

/** Runs `ingest` as functions-framework does, with this file loaded before it. */
async function serve(folder) {
  const pipeline = join(folder, 'pipeline.yaml');
  writeFileSync(pipeline, PIPELINE);
  const loki = await listening(createServer((_, response) => response.writeHead(204).end()));
  // Free a moment ago: functions-framework does not say which port it was given.
  const other = await listening(createServer());
  const { port } = other.address();
  other.close();
  const framework = join(dirname(require.resolve('@google-cloud/functions-framework')), 'main.js');
  // In development it says when it listens.
  const env = {
    ...process.env,
    NODE_ENV: 'development',
    FUNCTION_TARGET: 'ingest',
    GOOGLE_CLOUD_PROJECT: 'build',
    LOKI_URL: `http://127.0.0.1:${loki.address().port}`,
    PIPELINE: pipeline,
    PORT: String(port),
    STORE_URL: 'memory:',
  };
  const child = spawn(process.execPath, ['--require', __filename, framework], {
    cwd: __dirname,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 60_000,
  });
  const ended = new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject));
  child.stdout.on('data', (text) => {
    if (!`${text}`.includes('URL:')) return;
    void post(port, 'a')
      .then(() => post(port, 'b'))
      .catch((error) => console.warn(`no event was handled: ${error}`))
      .finally(() => child.kill());
  });
  await ended;
  loki.close();
}

function listening(server) {
  return new Promise((resolve, reject) => {
    server.listen(0, '127.0.0.1', () => resolve(server)).once('error', reject);
  });
}

/** Throws where the event was not taken. */
async function post(port, uuid) {
  const text = JSON.stringify({ ...EVENT, time: new Date().toISOString(), uuid });
  const message = { data: Buffer.from(text).toString('base64'), attributes: { cluster: 'a' }, messageId: uuid };
  const status = await new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    request({ host: '127.0.0.1', port, method: 'POST', headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    })
      .once('error', reject)
      .end(JSON.stringify({ message, subscription: 'projects/build/subscriptions/ingest' }));
  });
  if (status !== 204) throw new Error(`it was answered ${status}`);
}

/** In the function's process, at its end. */
function save() {
  const { load, loaded } = require('./index.js');
  for (const file of readdirSync(__dirname)) {
    if (!file.endsWith('.js') || ['index.js', basename(__filename)].includes(file)) continue;
    try {
      load(file);
    } catch (error) {
      console.warn(`${file} is compiled at each start: ${error}`);
    }
  }
  // What serve.ts set: V8 takes what was compiled under the same flags, and a start has this one as it was.
  setFlagsFromString('--allocation-site-pretenuring');
  for (const [file, { script }] of loaded) writeFileSync(join(__dirname, `${file}.cache`), script.createCachedData());
}
