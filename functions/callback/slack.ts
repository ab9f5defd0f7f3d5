/** A press of a button in Slack: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload */

import * as z from 'zod';
import type { Action } from '../core/incident/action.ts';
import { jsonIn } from '../core/json.ts';
import { type Asked, ignored, malformed, nameOf } from './asked.ts';

const HOUR_MS = 3_600_000;

/** By the `action_id` of the buttons that act. */
const ACTIONS: ReadonlyMap<string, Pick<Action, 'kind' | 'forMs'>> = new Map([
  ['acknowledge', { kind: 'acknowledge' }],
  ['resolve', { kind: 'resolve' }],
  ['mute_1h', { kind: 'mute', forMs: HOUR_MS }],
  ['unmute', { kind: 'unmute' }],
  ['page_oncall', { kind: 'page' }],
  ['why', { kind: 'why' }],
]);

const envelope = z.object({ type: z.string() });

const pressed = z.object({
  user: z.object({
    id: z.string().regex(/^[A-Z0-9]{3,32}$/),
    username: z.string().nullish().catch(null),
    name: z.string().nullish().catch(null),
  }),
  /** One each press, in spite of the list. */
  actions: z.array(z.object({ action_id: z.string(), value: z.string().nullish() })).min(1),
  /** Another one each press; Slack sends none twice. */
  trigger_id: z.string().min(1).max(200),
  response_url: z.string().nullish(),
});

/** As the button was drawn by us; it comes back from outside all the same. */
const drawn = z.strictObject({
  groupKey: z.string().min(1).max(1_024),
  generation: z.int().min(1),
  /** Absent in messages of before. */
  round: z.int().min(1).optional(),
});

/** @param body of a verified request: a form whose field `payload` is JSON */
export function readSlack(body: Uint8Array): Asked {
  const payloads = new URLSearchParams(Buffer.from(body).toString('utf8')).getAll('payload');
  const [text, ...more] = payloads;
  if (text === undefined || more.length > 0) return malformed('a form with one field payload was expected');
  const payload = jsonIn(text);
  const type = envelope.safeParse(payload).data?.type;
  if (type === undefined) return malformed('the payload is no interaction');
  if (type !== 'block_actions') return ignored('an interaction of a kind that we never offer');
  const press = pressed.safeParse(payload).data;
  const [button] = press?.actions ?? [];
  if (!press || !button) return malformed('the payload is no press of a button');

  // A link is followed by the browser; Slack tells us all the same.
  if (button.action_id.startsWith('open_')) return ignored('a link was followed');
  const asked = ACTIONS.get(button.action_id);
  if (!asked) return ignored('a button that is not ours');
  const incident = drawn.safeParse(jsonIn(button.value ?? '')).data;
  if (!incident) return malformed("the button's value names no incident");
  const { user, trigger_id, response_url } = press;
  return {
    ok: true,
    action: {
      ...asked,
      incident,
      by: nameOf(user.username, user.name, user.id),
      via: 'slack',
      requestId: `slack:${trigger_id}`,
    },
    user: user.id,
    replyTo: response_url ?? undefined,
  };
}
