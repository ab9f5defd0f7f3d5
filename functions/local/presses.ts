/** Presses of Slack's buttons on the live page: sent to our own callback, signed, just as Slack would send them. */

import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import type { Config } from '../config.ts';
import { jsonIn } from '../core/json.ts';
import type { Clock } from '../core/ports.ts';
import { readText } from './read-body.ts';

/** Whoever sits at this machine; nobody else may press. */
const LOCAL_USER = { id: 'U0LOCAL', username: 'you' };

const FORM = 'application/x-www-form-urlencoded';
const TIMEOUT_MS = 5_000;
const MAX_REPLY_BYTES = 64 * 1024;

/** What the page says of a button: Slack gives both back as they were drawn. */
const pressed = z.strictObject({ action_id: z.string().max(100), value: z.string().max(2_000) });

/** The ephemeral message, down to its words. */
const reply = z.object({
  blocks: z.tuple([
    z.object({ elements: z.tuple([z.object({ elements: z.tuple([z.object({ text: z.string() })]) })]) }),
  ]),
});

export interface PressesOptions {
  /** Our own address as we call it. */
  base: string;
  /** By which callback knows that a press is from here. */
  secret: string;
  /** Keeps presses apart from those of another run over the same store. */
  seed: string;
  clock: Clock;
}

export interface PressChoice {
  config: Pick<Config, 'callbacks'>;
  /** Receivers that are kept from sending. */
  outboxes: readonly string[];
  /** The server answers to this machine's own names alone. */
  ownNamesOnly: boolean;
}

export interface Presses {
  /** Resolves with what whoever pressed is told. Throws for what is no button. */
  press(button: unknown): Promise<string>;
  /** Answers `POST /replies/ID`, by which callback says what became of a press. */
  takeReply(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/**
 * Whether the page's buttons act. Whoever names their own callbacks keeps them; and where real people are told, only
 * those at this machine may press.
 */
export function canPress({ config, outboxes, ownNamesOnly }: PressChoice): boolean {
  return config.callbacks === undefined && (ownNamesOnly || outboxes.length > 0);
}

/** What takes these presses. */
export function localCallbacks({ base, secret }: Pick<PressesOptions, 'base' | 'secret'>): Config['callbacks'] {
  const { id } = LOCAL_USER;
  return { slack: { signing_secrets: [secret], allowed_users: [id], response_origin: base, allow_private: true } };
}

export function createPresses({ base, secret, seed, clock }: PressesOptions): Presses {
  /** Presses under way, with what was said to each. */
  const replies = new Map<string, string>();
  let presses = 0;

  function signed(body: string): Record<string, string> {
    const timestamp = String(Math.floor(clock() / 1_000));
    const digest = createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex');
    return { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${digest}` };
  }

  return {
    async press(button) {
      const { data: action } = pressed.safeParse(button);
      if (!action) throw new Error('not a button of ours');
      presses += 1;
      const id = `${seed}.${presses}`;
      const payload = {
        type: 'block_actions',
        user: LOCAL_USER,
        actions: [action],
        trigger_id: id,
        response_url: `${base}/replies/${id}`,
      };
      const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
      const headers = { 'content-type': FORM, ...signed(body) };
      replies.set(id, '');
      try {
        const signal = AbortSignal.timeout(TIMEOUT_MS);
        const { ok, status } = await fetch(`${base}/callback`, { method: 'POST', headers, body, signal });
        // The reply comes before the answer.
        return replies.get(id) || (ok ? 'Nothing was said.' : `Nothing was done: callback answered ${status}.`);
      } finally {
        replies.delete(id);
      }
    },
    async takeReply(request, response) {
      const id = request.url?.split('/').at(-1) ?? '';
      const said = reply.safeParse(jsonIn((await readText(request, MAX_REPLY_BYTES)) ?? ''));
      const status = !replies.has(id) ? 404 : said.success ? 200 : 400;
      if (status === 200 && said.success) replies.set(id, said.data.blocks[0].elements[0].elements[0].text);
      response.writeHead(status).end();
    },
  };
}
