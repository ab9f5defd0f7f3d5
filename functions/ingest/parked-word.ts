/** Parked: what was set aside did arrive, so that the watch over losses counts it, as far as it says which node it is of. */

import type { Context, FalcoEvent } from '../core/event/alert.ts';
import type { Message } from '../core/event/message.ts';
import type { Answer } from '../core/http.ts';
import { parseTime } from '../core/time.ts';
import type { Origin } from './event.ts';
import type { LastWord } from './last-word.ts';

export interface ParkedWordDeps {
  enricher: { enrich(event: FalcoEvent, attributes: Readonly<Record<string, string>>): Promise<Context> | Context };
  lastWord: Pick<LastWord, 'arrived'>;
}

/**
 * Only what is parked by now: what is nacked comes again, and would count twice. Never throws: where not even its context
 * can be made, the event is one of a few that count as lost.
 */
export async function countParked(
  { enricher, lastWord }: ParkedWordDeps,
  answer: Answer,
  origin: Origin | undefined,
  { attributes, publishTime }: Message,
): Promise<Answer> {
  if (!origin || answer.status >= 300) return answer;
  const timeNs = origin.timeNs ?? parseTime(publishTime);
  if (timeNs === undefined) return answer;
  const { hostname, source } = origin;
  const event: FalcoEvent = {
    uuid: '',
    output: '',
    priority: 'Debug',
    rule: '',
    time: publishTime,
    timeNs,
    fields: {},
    source,
    tags: [],
    hostname,
  };
  try {
    lastWord.arrived(event, await enricher.enrich(event, attributes));
  } catch {
    // It is parked all the same.
  }
  return answer;
}
