/** The schema of `nodes` in pipeline.yaml: after what silence somebody is told. */

import * as z from 'zod';
import { duration } from '../duration.ts';
import { isOwnRule } from '../event/own-names.ts';

/** What a cluster and the flow were is kept for 31 days after the last word: nobody is expected for longer. */
const LONGEST_EXPECTED = '30d';

export const watchOptions = z
  .strictObject({
    watch: z.boolean().default(true).describe('Whether silence and loss upstream are alerts at all.'),
    silent_after: duration('24h', 'A node that was silent for so long is an alert.').prefault('16m'),
    cluster_silent_after: duration(
      '24h',
      "Half of a cluster's nodes, two at least, or its canary, silent for so long while others are heard is a page.",
    ).prefault('11m'),
    all_silent_after: duration(
      '24h',
      'Nothing at all arrived for so long: one page for everything, which the only cluster there is counts as.',
    ).prefault('30m'),
    grace: duration('24h', 'A node that spoke for less than this is not missed.').prefault('10m'),
    forget_after: duration(LONGEST_EXPECTED, 'A node that was silent for so long is no longer expected.').prefault(
      '24h',
    ),
    canary_rule: z
      .string()
      .min(1)
      .max(256)
      .refine(
        (rule) => !isOwnRule(rule),
        'names of the relay\'s own alerts ("Falco Relay: ...") are taken from no event',
      )
      .default('Falco Relay canary')
      .describe('The rule that trips on purpose in each cluster; it never escalates.'),
  })
  .superRefine(({ silent_after, cluster_silent_after, forget_after }, context) => {
    const problem = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (silent_after < cluster_silent_after) problem('silent_after', 'is shorter than cluster_silent_after');
    if (forget_after <= silent_after) problem('forget_after', 'is not longer than silent_after');
  });

export type WatchOptions = z.output<typeof watchOptions>;
