/** Exceptions: on the day after, how many alerts each muted, or would have; and which have long matched nothing. */

import { dayOf, reportOf, UNUSED_DAYS } from '../core/mute/exception-report.ts';
import { exceptionOf, type MuteOptions, muteText } from '../core/mute/mute.ts';
import { readSaid, readTally, writeSaid } from '../core/mute/mute-documents.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { alerts, each, type SayDeps, say } from './say.ts';

type Exception = MuteOptions['exceptions'][number];

export interface ExceptionDeps extends SayDeps {
  mute: MuteOptions;
}

/** Where there is no digest, which has them. */
export function sweepExceptions(deps: ExceptionDeps): Promise<void> {
  return each(deps.mute.exceptions.map((exception) => tellOf(deps, exception)));
}

function tellOf(deps: SayDeps, exception: Exception): Promise<void> {
  const mute = exceptionOf(exception);
  return say(deps, async (tx) => {
    const [said, tally] = await Promise.all([readSaid(tx, mute.id), readTally(tx, mute.id)]);
    const report = reportOf(said, tally, tx.now);
    // Known from now on: its first word comes on a later day.
    if (!said) writeSaid(tx, mute.id, { ...report.said, n: 0 });
    if (!said || said.last === dayOf(tx.now)) return undefined;
    const word = wordOf(exception, report);
    if (!word) return undefined;
    writeSaid(tx, mute.id, report.said);
    return { ...word, id: `${mute.id}.${report.said.last}`, text: `${muteText(mute)}. ${word.text}` };
  });
}

function wordOf(
  { name, mode }: Exception,
  { more, unused }: ReturnType<typeof reportOf>,
): { title: string; text: string; reason: ReasonCode } | undefined {
  if (more > 0 && mode === 'shadow') {
    const text = `Exception ${name} would have muted ${alerts(more)} since the last report. If that is right, give it mode: mute.`;
    return { title: 'an exception in shadow mode', text, reason: 'exception-shadowed' };
  }
  if (more > 0) {
    const text = `Exception ${name} muted ${alerts(more)} since the last report.`;
    return { title: 'what an exception muted', text, reason: 'exception-muted' };
  }
  if (!unused) return undefined;
  const text = `Exception ${name} matched nothing for ${UNUSED_DAYS} days. If it is no longer needed, take it out of pipeline.yaml.`;
  return { title: 'an exception that matches nothing', text, reason: 'exception-unused' };
}
