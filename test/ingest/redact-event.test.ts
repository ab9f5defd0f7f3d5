/** Redaction over a whole event: numbers, and secrets that stand in many strings. */

import { expect, test } from '@jest/globals';
import { readEvent } from '../../functions/ingest/event.ts';
import { createRedactor } from '../../functions/ingest/redact.ts';
import { shellEvent, eventText as textOf } from '../support/events.ts';

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
