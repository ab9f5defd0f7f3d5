/** Mark: what escalates as people see it, and in its entry why it tells nobody, should it be muted. */

import type { Context, FalcoEvent, LogEntry } from '../core/event/alert.ts';
import { type Facts, factsOf } from '../core/match/facts.ts';
import { type MuteVerdict, muteText } from '../core/mute/mute.ts';
import { viewOf } from '../core/page/alert-view.ts';
import type { AlertView } from '../core/page/notification.ts';
import type { Judgement } from './judge.ts';

/** Whether an alert tells nobody. Never throws. */
export type AskMuted = (alert: AlertView, facts: Facts) => Promise<MuteVerdict>;

export interface Marked {
  view: AlertView;
  entry: LogEntry;
}

/** Before the claim, which stores the entry's bytes for good. */
export async function mark(
  passage: { uuid: string; event: FalcoEvent; context: Context; judgement: Judgement; entry: LogEntry },
  muted: AskMuted,
): Promise<Marked> {
  const { event, context, judgement, entry } = passage;
  const view = judgedView(passage, judgement.fingerprint.fingerprint);
  const verdict = await muted(view, factsOf(event, context, judgement.priority));
  const shadows = verdict.shadows.map(({ id }) => id).join(',');
  const why = verdict.muted && muteText(verdict.muted);
  const metadata = { ...entry.metadata, ...(why && { muted: why }), ...(shadows && { would_mute: shadows }) };
  return {
    view: {
      ...view,
      ...(verdict.muted && { muted: verdict.muted }),
      ...(verdict.shadows.length > 0 && { shadows: verdict.shadows }),
    },
    entry: why || shadows ? { ...entry, metadata } : entry,
  };
}

/** The alert as people see it, before anybody asks whether it is muted. */
export function judgedView(
  { uuid, event, context, judgement }: { uuid: string; event: FalcoEvent; context: Context; judgement: Judgement },
  fingerprint: string,
): AlertView {
  const { priority, severityReason } = judgement;
  return viewOf({ uuid, fingerprint, event, context, priority, severityReason });
}
