/** Silences: what begins, changes and ends is said, with how many alerts it kept quiet. */

import { readIncident, writeIncident } from '../core/incident/documents.ts';
import { readDeliveries, tell } from '../core/incident/tell.ts';
import { type Mute, type MuteOptions, muteText, type StoredSilence, silenceOf } from '../core/mute/mute.ts';
import {
  BEGUN_KIND,
  deleteSilence,
  readSaid,
  readSilence,
  readTally,
  type Said,
  SILENCE_KIND,
  saidIdOf,
  silencedGroupOf,
  writeSaid,
} from '../core/mute/mute-documents.ts';
import { bounded } from '../core/plain.ts';
import type { Transaction } from '../core/ports.ts';
import { alerts, each, momentText, type SayDeps, say, type Word } from './say.ts';

const BATCH = 500;
/** For so long sweeps by the old and by the new pipeline.yaml may both be at work. */
const ROLLOUT_MS = 10 * 60_000;
const GROUP_LIMIT = 200;

type Configured = MuteOptions['silences'][number] & { mute: Mute };

export interface SilenceDeps extends SayDeps {
  mute: MuteOptions;
}

export async function sweepSilences(deps: SilenceDeps): Promise<void> {
  const { store } = deps;
  const configured = deps.mute.silences.map((silence) => ({ mute: silenceOf(silence), ...silence }));
  const ids = new Set(configured.map(({ mute }) => mute.id));
  const [pressed, begun] = await Promise.all([store.list(SILENCE_KIND, BATCH), store.list(BEGUN_KIND, BATCH)]);
  await each([
    ...pressed.map((key) => sayPressed(deps, silencedGroupOf(key))),
    ...configured.map((silence) => sayConfigured(deps, silence)),
    ...begun
      .map(saidIdOf)
      .filter((id) => !ids.has(id))
      .map((id) => sayTakenOut(deps, id)),
  ]);
}

/** A silence that a button made. Its incident says the same, so that whoever is shown that one is told nothing else. */
function sayPressed(deps: SilenceDeps, groupKey: string): Promise<void> {
  return say(deps, async (tx) => {
    const silence = await readSilence(tx, groupKey);
    if (!silence) return undefined;
    const { id, until } = silence;
    const [said, tally, incident] = await Promise.all([
      readSaid(tx, id),
      readTally(tx, id),
      readIncident(tx, groupKey),
    ]);
    const isOver = until <= tx.now;
    const last = isOver ? 'ended' : `until-${until}`;
    if (said?.last === last) return undefined;
    const n = tally?.n ?? 0;
    const mine = incident?.mute?.id === id ? incident : undefined;
    const shown = mine ? await readDeliveries(tx, mine, mine.receivers) : new Map();
    const to = deps.announce.filter((name) => !shown.has(name));
    if (!isOver) writeSaid(tx, id, { last, n: said?.n ?? 0, at: tx.now });
    else {
      deleteSilence(tx, groupKey);
      if (mine?.mute) {
        const changed = { ...mine, mute: { ...mine.mute, until, n } };
        writeIncident(tx, changed);
        tell(tx, changed, shown, { update: true });
      }
    }
    return { ...pressedWord(silence, said, isOver ? n : undefined), id: `${id}.${last}`, to };
  });
}

/** @param n how many alerts it muted; undefined while it lasts */
function pressedWord(silence: StoredSilence, said: Said | undefined, n: number | undefined): Omit<Word, 'id'> {
  const what = `${muteText(silence)}. Of ${bounded(silence.groupKey, GROUP_LIMIT)}`;
  if (n !== undefined) return ended(`${what}: it ended at ${momentText(silence.until)}; ${alerts(n)} told nobody.`);
  const text = `${what}: until ${momentText(silence.until)} its alerts stay in Loki, marked, and tell nobody.`;
  return said
    ? { title: 'a silence ends at another time', text, reason: 'silence-extended' }
    : { title: 'a silence begins', text, reason: 'silence-begins' };
}

function sayConfigured(deps: SilenceDeps, { mute, from = 0, until }: Configured): Promise<void> {
  return say(deps, async (tx) => {
    const said = await readSaid(tx, mute.id);
    const isCurrent = tx.now >= from && tx.now < until;
    // One that was taken out and put back, unless it is the old configuration that has it still.
    const isBack = said?.last === 'taken-out' && tx.now - said.at >= ROLLOUT_MS;
    if (isCurrent && (!said || isBack)) {
      const times = (said?.times ?? 0) + 1;
      writeSaid(tx, mute.id, { last: 'begun', n: said?.n ?? 0, at: tx.now, times, begun: { mute, until } });
      const text = `${muteText(mute)}. Until ${momentText(until)} what it matches stays in Loki, marked, and tells nobody.`;
      return { title: 'a silence begins', text, reason: 'silence-begins', id: `${mute.id}.begun.${times}` };
    }
    return said?.last === 'begun' && tx.now >= until
      ? sayEnd(tx, mute, said, `It ended at ${momentText(until)}`)
      : undefined;
  });
}

/** One that pipeline.yaml names no more: what was said of it when it began is all that there is. */
function sayTakenOut(deps: SilenceDeps, id: string): Promise<void> {
  return say(deps, async (tx) => {
    const said = await readSaid(tx, id);
    if (!said?.begun) return undefined;
    const { mute, until } = said.begun;
    if (tx.now >= until) return sayEnd(tx, mute, said, `It ended at ${momentText(until)}`);
    if (tx.now - said.at < ROLLOUT_MS) return undefined;
    const how = `It was taken out of pipeline.yaml before its end at ${momentText(until)}`;
    return sayEnd(tx, mute, said, how, 'taken-out');
  });
}

async function sayEnd(tx: Transaction, mute: Mute, said: Said, how: string, last = 'ended'): Promise<Word> {
  const n = (await readTally(tx, mute.id))?.n ?? 0;
  writeSaid(tx, mute.id, { last, n, at: tx.now, times: said.times });
  const id = `${mute.id}.${last}.${said.times ?? 1}`;
  return { ...ended(`${muteText(mute)}. ${how}; ${alerts(n)} told nobody.`), id };
}

const ended = (text: string): Omit<Word, 'id'> => ({ title: 'a silence ended', text, reason: 'silence-ended' });
