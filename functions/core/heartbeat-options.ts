/** What pipeline.yaml says of the heartbeat. */

import * as z from 'zod';
import { allowPrivate } from './allow-private.ts';
import { type Resolved, secretRef } from './secret-ref.ts';

/** A dead-man's switch outside, told by every sweep that did its work. */
export const heartbeatOptions = z.strictObject({
  /** As healthchecks.io, Dead Man's Snitch and the like give it: whoever has it can beat, so it is a secret. */
  url: secretRef,
  allow_private: allowPrivate,
});

export type HeartbeatOptions = Resolved<z.output<typeof heartbeatOptions>>;
