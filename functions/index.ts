/** The entry points, registered with functions-framework: ingest, escalate, notify, sweep, callback. */

import { loadConfig } from './config.ts';
import { installDrain } from './drain.ts';
import { createLog } from './log.ts';
import { createRelay, register } from './wire.ts';

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
