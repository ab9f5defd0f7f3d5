/** The entry points, registered with functions-framework: ingest, escalate, notify, sweep, callback. */

import { loadConfig } from './config.ts';
import { installDrain } from './drain.ts';
import { holdBodies } from './held-body.ts';
import { createLog } from './log.ts';
import { createRelay, register } from './wire.ts';

// Express puts the stack into what it answers to an error, unless it is told that this is production.
process.env.NODE_ENV ??= 'production';
// The one function that is open to all, and in the cloud the one of its process.
if (process.env.FUNCTION_TARGET === 'callback') holdBodies();

const writeLog = createLog((line) => void process.stdout.write(`${line}\n`));

register(
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
installDrain({
  onCut: (requests) =>
    writeLog({ severity: 'ERROR', message: `${requests} request(s) were cut off by the end of the instance` }),
});
