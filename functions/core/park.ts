/** Parking: what never can succeed goes to the dead-letter topic with its reason, and only then is acknowledged. */

import { carried, DETAIL, FROM, IDENTITY, REASON } from './event/attributes.ts';
import { ACKNOWLEDGED, type Answer, nack } from './http.ts';
import type { WriteLog } from './log.ts';
import type { Observe } from './observe.ts';
import { boundedBy } from './plain.ts';
import type { Clock, Topics } from './ports.ts';
import type { ReasonCode } from './reasons.ts';

/** https://cloud.google.com/pubsub/quotas#resource_limits: of an attribute's value. */
const MAX_VALUE_BYTES = 1_024;

export interface Parked {
  from: 'ingest' | 'escalate' | 'notify' | 'sweep';
  reason: ReasonCode;
  /** One sentence, without payload. */
  detail: string;
  data: Uint8Array | string;
  attributes: Readonly<Record<string, string>>;
  messageId: string;
  uuid?: string;
}

export type Park = (parked: Parked) => Promise<void>;

/** The returned function throws when the dead-letter topic can't be reached: then the message must not be acknowledged. */
export function createPark(deps: { topics: Topics; log: WriteLog; clock: Clock; observe?: Observe | undefined }): Park {
  return async ({ from, reason, detail, data, attributes, messageId, uuid }) => {
    const own = {
      [REASON]: reason,
      [DETAIL]: boundedBy(Buffer.byteLength, detail, MAX_VALUE_BYTES),
      [FROM]: from,
      ...(uuid === undefined ? {} : { [IDENTITY]: boundedBy(Buffer.byteLength, uuid, MAX_VALUE_BYTES) }),
    };
    try {
      await deps.topics.publish('dead-letter', { data, attributes: carried(attributes, own) });
    } catch (error) {
      const message = `not parked (${reason}): ${(error as Error).message}`;
      deps.log({ severity: 'ERROR', message, reason: 'pubsub-unavailable', labels: { from, messageId } });
      throw error;
    }
    deps.log({ severity: 'WARNING', message: `parked: ${own[DETAIL]}`, reason, labels: { from, messageId } });
    deps.observe?.({ kind: 'parked', at: deps.clock(), messageId, uuid, from, reason, detail });
  };
}

/** A message of which nothing more can be made: acknowledged once it is parked, nacked where it can't be. */
export async function parkOrNack(
  park: Park,
  { from, reason, detail }: Pick<Parked, 'from' | 'reason' | 'detail'>,
  { data, attributes, messageId = '' }: Pick<Parked, 'data' | 'attributes'> & { messageId?: string },
): Promise<Answer> {
  try {
    await park({ from, reason, detail, data, attributes, messageId });
    return ACKNOWLEDGED;
  } catch {
    return nack('pubsub-unavailable');
  }
}
