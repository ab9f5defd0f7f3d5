/** The entry points, registered with functions-framework: ingest, escalate, notify, sweep, callback. */

import { parseArgs } from 'node:util';
import { http as registerHttp } from '@google-cloud/functions-framework';
import { loadConfig } from './config.ts';
import { installDrain } from './drain.ts';
import { createLog } from './log.ts';
import { takeOver } from './serve.ts';
import { createRelay, FUNCTIONS, listenersOf } from './wire.ts';

// Or functions-framework tells of itself in prose, in a log that is JSON line by line.
process.env.NODE_ENV ??= 'production';

const writeLog = createLog((line) => void process.stdout.write(`${line}\n`));

const listeners = listenersOf(
  createRelay({
    config: loadConfig(process.env),
    clock: Date.now,
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    writeLog,
  }),
);

for (const name of FUNCTIONS) {
  registerHttp(name, () => {
    throw new Error(`${name}: a request went past serve.ts`);
  });
}
const { target } = parseArgs({ options: { target: { type: 'string' } }, strict: false }).values;
const served = FUNCTIONS.find((name) => name === (target ?? process.env.FUNCTION_TARGET));
if (served) takeOver(listeners[served]);
installDrain({
  onCut: (requests) =>
    writeLog({ severity: 'ERROR', message: `${requests} request(s) were cut off by the end of the instance` }),
});
