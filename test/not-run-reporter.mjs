/** The last words of a run: all that was not run, and why. A green run without them ran everything. */

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export default class NotRunReporter {
  #own;

  /** Before any worker begins, since those inherit the name. A file that somebody named before is theirs to show. */
  constructor() {
    if (process.env.NOT_RUN) return;
    this.#own = join(mkdtempSync(join(tmpdir(), 'falco-relay-not-run-')), 'lines');
    process.env.NOT_RUN = this.#own;
  }

  /** As the process ends, since jest puts its own sum below every other reporter. */
  onRunComplete() {
    const file = this.#own;
    if (!file) return;
    process.once('exit', () => {
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      for (const line of new Set(text.split('\n').filter(Boolean))) process.stderr.write(`${line}\n`);
      rmSync(dirname(file), { recursive: true, force: true });
    });
  }
}
