/** What we build is what the vendors' own published types take; `tsc` is the judge, and running this only keeps it honest. */

import type { chat_v1 } from '@googleapis/chat';
import { describe, expect, test } from '@jest/globals';
import type { KnownBlock, MessageMetadata } from '@slack/types';
import { type ChatMessage, chatMessageOf } from '../../../functions/adapters/receivers/google-chat.ts';
import { messageOf, type SlackMessage } from '../../../functions/adapters/receivers/slack-message.ts';
import { binaryNotification } from '../../fixtures/notifications.ts';

type KeyOf<T> = T extends unknown ? keyof T : never;
type ValueOf<T, Key> = T extends unknown ? (Key extends keyof T ? NonNullable<T[Key]> : never) : never;

/** The names that ours has and theirs has not, at any depth: where all is optional, assigning alone finds no misspelling. */
type Unknown<Ours, Theirs> = Ours extends readonly (infer Item)[]
  ? Unknown<Item, Theirs extends readonly (infer Known)[] ? Known : never>
  : Ours extends object
    ? {
        [Key in KeyOf<Ours>]: Key extends KeyOf<Theirs> ? Unknown<ValueOf<Ours, Key>, ValueOf<Theirs, Key>> : Key;
      }[KeyOf<Ours>]
    : never;

/** Compiles for no names alone. */
const none = <_Names extends never>(): void => undefined;

describe("Slack's types", () => {
  test('take our blocks and our metadata', () => {
    const message = messageOf(binaryNotification, true);
    const blocks: KnownBlock[] = message.blocks;
    const metadata: MessageMetadata = message.metadata;
    none<Unknown<SlackMessage['blocks'], KnownBlock[]>>();
    none<Unknown<SlackMessage['metadata'], MessageMetadata>>();
    expect(blocks.map(({ type }) => type)).toEqual(['rich_text', 'actions']);
    expect(metadata.event_type).toBe('falco_relay_notification');
  });
});

describe("Google Chat's types", () => {
  test('take our message with its card', () => {
    const message: chat_v1.Schema$Message = chatMessageOf(binaryNotification);
    none<Unknown<ChatMessage, chat_v1.Schema$Message>>();
    expect(message.cardsV2?.[0]?.card?.sections?.[0]?.widgets?.length).toBeGreaterThan(5);
  });
});

test('a name that a vendor does not know is found, however deep', () => {
  interface Wrong {
    cardsV2: { card: { sections: { widgets: ({ textParagraph: { txt: string } } | { divider: object })[] }[] } }[];
  }
  const found: Unknown<Wrong, chat_v1.Schema$Message> = 'txt';
  expect(found).toBe('txt');
});
