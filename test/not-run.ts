/** What a test file leaves out where a program or a file is missing, so that the end of the run says so. */

import { appendFileSync } from 'node:fs';

/** `because` says what is missing. The reporter beside this file names the file in NOT_RUN, and reads it at the end. */
export function notRun(what: string, because: string): void {
  const { NOT_RUN } = process.env;
  if (NOT_RUN) appendFileSync(NOT_RUN, `not run: ${what}, because ${because}\n`);
}
