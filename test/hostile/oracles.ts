/** What must hold of each thing that the relay says, whatever an event said. Each gives what is wrong, in words. */

import { alertOf } from '../../functions/adapters/receivers/alertmanager.ts';
import { chatMessageOf } from '../../functions/adapters/receivers/google-chat.ts';
import { eventsOf } from '../../functions/adapters/receivers/pagerduty.ts';
import { messageOf, plainMessageOf } from '../../functions/adapters/receivers/slack-message.ts';
import { bodyOf, signature } from '../../functions/adapters/receivers/webhook.ts';
import type { LogEntry } from '../../functions/core/event/alert.ts';
import type { Notification } from '../../functions/core/page/notification.ts';

/** Nothing that acts, hides or turns the direction of what follows. */
const ACTING = /\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}/u;
const HOSTS = ['grafana.acme.example', 'runbooks.acme.example', 'console.cloud.google.com'];

export type Oracle = (notification: Notification) => string[];

/** Every string within, with the path to it. */
function strings(value: unknown, path = ''): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => strings(inner, `${path}.${name}`));
}

/** @param exempt paths of what no person reads, or that is a query or an address */
function shownProblems(value: unknown, exempt: RegExp): string[] {
  return strings(value).flatMap(([path, text]) => {
    if (/url|href|link|\.logs|\.runbook|\.console/i.test(path)) return addressProblems(path, text);
    if (!text.isWellFormed()) return [`${path} has half a character`];
    return !exempt.test(path) && ACTING.test(text.replaceAll('\n', ''))
      ? [`${path} has what acts or hides: ${JSON.stringify(text)}`]
      : [];
  });
}

function addressProblems(path: string, address: string): string[] {
  if (address === '' || path.endsWith('.text')) return [];
  const url = URL.parse(address);
  if (!url) return [`${path} is no address`];
  const isConsole = url.host === 'console.cloud.google.com';
  const sound = url.protocol === 'https:' && HOSTS.includes(url.host) && !url.username && !url.password && !url.hash;
  const inConsole = /^\/kubernetes\/(?:pod(?:\/[^/]+){4}\/details|node(?:\/[^/]+){3}\/summary)$/.test(url.pathname);
  if (sound && (!isConsole || (inConsole && /^\?project=(?!unknown$)[a-z0-9-]+$/.test(url.search)))) return [];
  return [`${path} leads to ${url.href}`];
}

const longer = (what: string, length: number, most: number): string[] =>
  length > most ? [`${what} has ${length}, more than ${most}`] : [];

export const slack: Oracle = (notification) => {
  const message = messageOf(notification, true);
  const { text } = plainMessageOf(notification);
  const marked = [message.text, text].filter((each) => /[<>*_~`]|&(?!amp;|lt;|gt;)/.test(each));
  const elements = message.blocks.flatMap(
    (block) => block.elements as { type: string; elements?: { type: string }[] }[],
  );
  const kinds = new Set(
    elements.flatMap(({ type, elements: inner = [] }) => [type, ...inner.map((each) => each.type)]),
  );
  return [
    ...marked.map((each) => `the text is marked: ${each}`),
    ...longer('the text', text.length, 4_000),
    ...longer('blocks', message.blocks.length, 50),
    ...strings(message.blocks).flatMap(([path, each]) => longer(path, each.length, 3_000)),
    ...[...kinds].filter((kind) => !['rich_text_section', 'rich_text_preformatted', 'text', 'button'].includes(kind)),
    ...shownProblems({ text: message.text, plain: text, blocks: message.blocks }, /\.value$/),
  ];
};

export const pagerduty: Oracle = (notification) =>
  eventsOf(notification, { routing_key: 'R'.repeat(32), updates: true }).flatMap((event) => {
    const { payload, dedup_key: key } = event as { payload?: Record<string, string>; dedup_key: string };
    return [
      ...longer('the summary', payload?.summary?.length ?? 0, 1_024),
      ...longer('the key', key.length, 255),
      ...longer('the body', Buffer.byteLength(JSON.stringify(event)), 512 * 1_024),
      ...(payload && Number.isNaN(Date.parse(payload.timestamp ?? '')) ? ['no timestamp'] : []),
      ...shownProblems(event, /\.dedup_key|\.query$/),
    ];
  });

export const googleChat: Oracle = (notification) => {
  const message = chatMessageOf(notification);
  const widgets = strings(message.cardsV2).filter(([path]) => path.endsWith('.text') && !path.includes('button'));
  const tagged = widgets.filter(([, text]) => /[<>]/.test(text.replace(/^(?:\S+ )?<([bi])>([^<>]*)<\/\1>$/u, '$2')));
  return [
    ...longer('the body', Buffer.byteLength(JSON.stringify(message)), 32_000),
    ...tagged.map(([path, text]) => `${path} has a tag: ${text}`),
    ...strings(message).flatMap(([path, text]) => (/(?:<|lt;)\s*users\//i.test(text) ? [`${path} mentions`] : [])),
    ...shownProblems(message, /\.threadKey$/),
  ];
};

export const webhook: Oracle = (notification) => {
  const body = JSON.stringify(bodyOf(notification));
  const headers = signature(Buffer.alloc(32), notification.messageId, 1_795_424_405, body);
  return [
    ...longer('the body', Buffer.byteLength(body), 1_000_000),
    ...Object.values(headers).flatMap((value) => (/^[\x20-\x7e]{1,400}$/.test(value) ? [] : [`a header of ${value}`])),
    ...shownProblems(JSON.parse(body), /^\.groupKey$|\.fingerprint$/),
  ];
};

export const alertmanager: Oracle = (notification) => {
  const alert = alertOf(notification, Date.parse('2026-11-23T09:05:00Z'));
  const names = [...Object.keys(alert.labels), ...Object.keys(alert.annotations)];
  return [
    ...names.filter((name) => !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)).map((name) => `a label named ${name}`),
    ...strings(alert).flatMap(([path, text]) => longer(path, text.length, 8_192)),
    ...(Date.parse(alert.endsAt) >= Date.parse(alert.startsAt) ? [] : [`from ${alert.startsAt} to ${alert.endsAt}`]),
    ...shownProblems(alert, /^\.annotations\.query$/),
  ];
};

/** Loki's own limits: https://grafana.com/docs/loki/latest/configure/#limits_config */
export function entryProblems({ labels, metadata, line, timestampNs }: LogEntry): string[] {
  const foreign = Object.keys(labels).filter((name) => !['project', 'cluster', 'source', 'priority'].includes(name));
  const entries = Object.entries(metadata);
  const bytes = entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name + value), 0);
  let isJson = true;
  try {
    JSON.parse(line);
  } catch {
    isJson = false;
  }
  return [
    ...foreign.map((name) => `a label ${name}`),
    ...Object.entries(labels).flatMap(([name, value]) => longer(name, Buffer.byteLength(value), 2_048)),
    ...Object.entries(labels).flatMap(([name, value]) =>
      /^[\w.:-]{1,64}$/.test(value) ? [] : [`${name} is ${value}`],
    ),
    ...longer('metadata', entries.length, 128),
    ...longer('the metadata', bytes, 64 * 1_024),
    ...entries.filter(([name]) => !/^[a-z][a-z0-9_]*$/.test(name)).map(([name]) => `metadata named ${name}`),
    ...(isJson ? [] : ['the line is no JSON']),
    ...(/^-?\d{1,21}$/.test(timestampNs) ? [] : ['no timestamp']),
  ];
}
