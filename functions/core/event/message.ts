/** Reads Pub/Sub's push request into a message: https://cloud.google.com/pubsub/docs/push#receive_push */

import * as z from 'zod';
import type { ReasonCode } from '../reasons.ts';

export interface Message {
  /** The data, decoded. */
  text: string;
  attributes: Readonly<Record<string, string>>;
  messageId: string;
  /** RFC 3339, '' if absent. */
  publishTime: string;
  subscription: string;
  deliveryAttempt?: number;
}

/** What is parked of a message that can't be read. */
export interface Original {
  /** The bytes as far as they could be decoded, else the request's body; '' where there is none or too much to publish. */
  data: Uint8Array | '';
  attributes: Readonly<Record<string, string>>;
  messageId?: string;
}

export type MessageResult =
  | { ok: true; message: Message }
  /** `detail` holds nothing of the payload. */
  | { ok: false; reason: ReasonCode; detail: string; original: Original };

/** https://cloud.google.com/pubsub/quotas#resource_limits */
const MOST_BYTES = 10 * 1024 * 1024;
/** Of a body that is parked: leaves room for attributes in what Pub/Sub takes. */
const MOST_PARKED_BYTES = 9_500_000;

const pushSchema = z.object({
  message: z.object({
    data: z.unknown().optional(),
    attributes: z.unknown().optional(),
    messageId: z.unknown().optional(),
    message_id: z.unknown().optional(),
    publishTime: z.unknown().optional(),
    publish_time: z.unknown().optional(),
  }),
  subscription: z.unknown().optional(),
  deliveryAttempt: z.unknown().optional(),
});

/** Eventarc in structured mode, and functions-framework's own conversion, put the push under `data`. */
const cloudEventSchema = z.object({ data: pushSchema });

/**
 * @param body the parsed request body: a plain push, Eventarc's, or a CloudEvent around one
 * @param rawBody as it was received: parked where no data can be found in it
 */
export function readMessage(body: unknown, rawBody?: Uint8Array): MessageResult {
  const push = pushSchema.safeParse(body).data ?? cloudEventSchema.safeParse(body).data?.data;
  const whole = rawBody && rawBody.length <= MOST_PARKED_BYTES ? rawBody : '';
  if (!push) {
    const original: Original = { data: whole, attributes: {} };
    return { ok: false, reason: 'message-no-envelope', detail: 'the body has no object "message"', original };
  }
  const { message } = push;
  const original: Original = { data: '', attributes: attributesOf(message.attributes) };
  const messageId = textOf(message.messageId ?? message.message_id);
  if (messageId !== '') original.messageId = messageId;
  const refuse = (reason: ReasonCode, detail: string, data: Uint8Array | '' = ''): MessageResult => ({
    ok: false,
    reason,
    detail,
    original: { ...original, data },
  });

  const { data } = message;
  if (data === undefined || data === null || data === '') return refuse('message-no-data', 'message.data is absent');
  if (typeof data !== 'string') return refuse('message-bad-base64', 'message.data is not a string', whole);
  // Base64 takes four characters for three bytes: this refuses before anything is decoded.
  const length = data.length * 0.75 - 2;
  if (length > MOST_BYTES) return refuse('message-too-large', `message.data has about ${Math.floor(length)} bytes`);
  const bytes = decodeBase64(data);
  if (!bytes) return refuse('message-bad-base64', 'message.data is not base64', Buffer.from(data));
  const text = decodeUtf8(bytes);
  if (text === undefined) return refuse('message-not-utf8', 'message.data is not UTF-8', bytes);
  return {
    ok: true,
    message: {
      text,
      attributes: original.attributes,
      messageId,
      publishTime: textOf(message.publishTime ?? message.publish_time),
      subscription: textOf(push.subscription),
      ...(typeof push.deliveryAttempt === 'number' ? { deliveryAttempt: push.deliveryAttempt } : {}),
    },
  };
}

/** Strict, where Buffer skips what it does not know: wrong characters, missing padding, stray bits are refused. */
function decodeBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0 || text.includes('-') || text.includes('_')) return undefined;
  const bytes = Buffer.from(text, 'base64');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  if (bytes.length !== (text.length / 4) * 3 - padding) return undefined;
  const lastGroup = bytes.subarray(bytes.length - (3 - padding)).toString('base64');
  return text.endsWith(lastGroup) ? bytes : undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Without a prototype, so that an attribute may have any name. Pub/Sub's values are strings; others are left out. */
function attributesOf(value: unknown): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = Object.create(null);
  if (typeof value !== 'object' || value === null) return attributes;
  for (const [name, text] of Object.entries(value)) if (typeof text === 'string') attributes[name] = text;
  return attributes;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
