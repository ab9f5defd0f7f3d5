/** What docs/callbacks.md tells to paste is right, and its tables say what the code does. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { messageOf } from '../../functions/adapters/receivers/slack-message.ts';
import { parsePipeline } from '../../functions/config.ts';
import { REASONS } from '../../functions/core/reasons.ts';
import { shellNotification } from '../fixtures/notifications.ts';

const page = readFileSync(new URL('../../docs/callbacks.md', import.meta.url), 'utf8');
const [pipeline = '', manifest = ''] = [...page.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm)].map(
  ([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
);

test('the pipeline is right', () => {
  const problems: string[] = [];
  expect(parsePipeline(pipeline, problems)?.callbacks).toMatchObject({ slack: {}, pagerduty: {} });
  expect(problems).toEqual([]);
});

describe("Slack's manifest", () => {
  const { oauth_config, settings, ...rest } = parse(manifest, { strict: true, uniqueKeys: true });

  test('asks for the one scope that is needed', () => {
    expect(oauth_config).toEqual({ scopes: { bot: ['chat:write'] } });
  });

  test('sends presses to the function, over https', () => {
    expect(settings.interactivity).toEqual({
      is_enabled: true,
      request_url: expect.stringMatching(/^https:\/\/\S+\/callback$/),
    });
    // With a socket Slack would call no address at all.
    expect(settings.socket_mode_enabled).toBe(false);
  });

  test('has a name and a bot', () => {
    expect(rest).toMatchObject({ display_information: { name: 'Falco Relay' }, features: { bot_user: {} } });
  });
});

test('each button of a page has its line', () => {
  const drawn = messageOf(shellNotification, true).blocks.flatMap((block) =>
    block.type === 'actions' ? block.elements.map(({ text }) => text.text) : [],
  );
  const told = [...page.matchAll(/^\| ([^|]+) \| [^|]+ \|$/gm)].map(([, names]) => names).join('\n');
  expect(drawn.filter((name) => !told.includes(name))).toEqual([]);
});

test('each reason exists, and each refusal is told', () => {
  const named = new Set([...page.matchAll(/`([a-z]+-[a-z-]+)`/g)].map(([, code = '']) => code));
  expect([...named].filter((code) => !(code in REASONS))).toEqual([]);
  const quiet = ['callback-done'];
  const missing = Object.keys(REASONS).filter((code) => code.startsWith('callback-') && !named.has(code));
  expect(missing.sort()).toEqual(quiet.sort());
});
