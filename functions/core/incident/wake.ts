/** Wake-ups: messages that make a due delivery fast. They carry no content; the delivery's record does. */

import * as z from 'zod';
import type { Topics } from '../ports.ts';
import type { DeliveryRef } from './delivery.ts';

/** What notify accepts from its topic. */
export const deliveryRef: z.ZodType<DeliveryRef> = z.object({
  groupKey: z.string().min(1).max(1_024),
  generation: z.int().min(1),
  receiver: z.string().min(1).max(256),
});

/** Publishes a wake-up for each; false when one of them could not be published. */
export async function wake(topics: Topics, due: readonly DeliveryRef[]): Promise<boolean> {
  const published = await Promise.allSettled(
    due.map(({ groupKey, generation, receiver }) =>
      // The attribute is what a receiver's own subscription filters by.
      topics.publish('notifications', {
        data: JSON.stringify({ groupKey, generation, receiver }),
        attributes: { receiver },
      }),
    ),
  );
  return published.every(({ status }) => status === 'fulfilled');
}
