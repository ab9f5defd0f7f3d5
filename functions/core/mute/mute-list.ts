/** What is muted now: by buttons, by silences and by exceptions, with how much each kept quiet. */

import { readIncident } from '../incident/documents.ts';
import { printMatcher } from '../match/matcher.ts';
import type { DocumentStore } from '../ports.ts';
import { exceptionOf, type MuteOptions, silenceOf } from './mute.ts';
import { readTally, storedSilences } from './mute-documents.ts';

const MAX_SHOWN = 100;

export interface MuteView {
  id: string;
  /** shadow: an exception that only counts what it would mute. */
  kind: 'button' | 'silence' | 'exception' | 'shadow';
  owner: string;
  reason: string;
  /** What it covers: matchers, or a group of alerts. */
  covers: string;
  /** Milliseconds since the epoch; an exception has no end. */
  until?: number;
  /** Alerts that it muted, or would have. */
  n: number;
  /** The group that a button muted. */
  groupKey?: string;
  /** The incident whose button ends it; absent where that is another one by now. */
  generation?: number;
}

/**
 * Those in force at `now`: buttons first, the latest on top, then as pipeline.yaml has them.
 * @param now milliseconds since the epoch
 */
export async function readMutes(
  store: DocumentStore,
  { silences, exceptions }: MuteOptions,
  now: number,
): Promise<readonly MuteView[]> {
  const buttons = (await storedSilences(store)).filter(({ until }) => now < until).sort((a, b) => b.madeAt - a.madeAt);
  const current = silences.filter(({ from = 0, until }) => now >= from && now < until);
  const listed: Omit<MuteView, 'n'>[] = [
    ...buttons.map(({ id, owner, reason, groupKey, until }) => {
      return { id, kind: 'button' as const, owner, reason, covers: groupKey, until, groupKey };
    }),
    ...current.map((silence) => ({ ...silenceOf(silence), covers: textOf(silence), until: silence.until })),
    ...exceptions.map((exception) => {
      const kind = exception.mode === 'shadow' ? ('shadow' as const) : ('exception' as const);
      return { ...exceptionOf(exception), kind, covers: textOf(exception) };
    }),
  ].slice(0, MAX_SHOWN);
  if (listed.length === 0) return [];
  return store.transact((tx) =>
    Promise.all(
      listed.map(async (view) => {
        const [tally, incident] = await Promise.all([
          readTally(tx, view.id),
          view.groupKey === undefined ? undefined : readIncident(tx, view.groupKey),
        ]);
        const mine = incident?.mute?.id === view.id ? { generation: incident.generation } : {};
        return { ...view, n: tally?.n ?? 0, ...mine };
      }),
    ),
  );
}

const textOf = ({ match }: { match: MuteOptions['silences'][number]['match'] }): string =>
  `{${match.map(printMatcher).join(', ')}}`;
