/** callback: will take Slack's buttons and PagerDuty's webhooks; until then it says so, and changes nothing. */

import type { Handler } from '../core/http.ts';

export function createCallback(): Handler {
  return async () => ({ status: 501, body: { reason: 'callbacks are not implemented yet' } });
}
