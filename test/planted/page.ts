/** The tables of docs/planted-bugs.md. */

import type { Fault } from './fault.ts';
import type { Simulated, Verdict } from './nursery.ts';

/** The heads of the two tables: by the suites, and by the simulation alone. */
export const BY_SUITES = '| fault | rule | what the code then does | caught by |\n|---|---|---|---|\n';
export const BY_SIMULATION = '| fault | seeds | the promise that broke |\n|---|---|---|\n';

/** The page with a row for each fault that was caught; those that were not planted this time keep theirs. */
export function withVerdicts(page: string, verdicts: ReadonlyMap<Fault, Verdict>): string {
  const fresh = [...verdicts].flatMap(([{ id, rule, does }, { failed }]) =>
    failed ? [[id, `| \`${id}\` | ${rule} | ${does} | ${failed.file}: ${cell(failed.test)} |`] as const] : [],
  );
  return withRows(page, BY_SUITES, new Map(fresh));
}

/** The page with what the simulation made of each fault. */
export function withSimulated(page: string, simulated: ReadonlyMap<Fault, Simulated>): string {
  const fresh = [...simulated].map(([{ id }, { seeds, promise }]) => {
    const words =
      promise === undefined ? `none in ${seeds} | not noticed` : `${seeds} | ${cell(promise).slice(0, 120)}`;
    return [id, `| \`${id}\` | ${words} |`] as const;
  });
  return withRows(page, BY_SIMULATION, new Map(fresh));
}

/** The rows of one of the tables, by the fault's id. */
export function rowsOf(page: string, head: string): Map<string, string> {
  const [, after = ''] = page.split(head);
  const [table = ''] = after.split('\n\n', 1);
  return new Map([...table.matchAll(/^\| `([a-z0-9-]+)` \|.*$/gm)].map(([row, id = '']) => [id, row]));
}

function withRows(page: string, head: string, fresh: ReadonlyMap<string, string>): string {
  const [before = '', after = ''] = page.split(head);
  const end = after.indexOf('\n\n');
  const rest = end < 0 ? '\n' : after.slice(end);
  const rows = new Map([...rowsOf(page, head), ...fresh]);
  return `${before}${head}${[...rows.values()].join('\n')}${rest}`;
}

function cell(text: string): string {
  return text.replaceAll('\n', ' ').replaceAll('|', '\\|');
}
