/** What pipeline.yaml says of storms. */

import * as z from 'zod';
import { duration } from '../duration.ts';
import { STORM_LIMITS, STORM_WITHIN_MS } from './storm.ts';

export const stormOptions = z.strictObject({
  incidents: z.int().min(1).max(1_000).default(STORM_LIMITS.incidents),
  within: duration(`${STORM_WITHIN_MS / 3_600_000}h`).prefault('5m'),
});
