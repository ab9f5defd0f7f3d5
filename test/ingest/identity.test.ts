import { describe, expect, test } from '@jest/globals';
import type { FalcoEvent, FieldValue } from '../../functions/core/event/alert.ts';
import { IDENTITY } from '../../functions/core/event/attributes.ts';
import { readEvent } from '../../functions/ingest/event.ts';
import { identityOf } from '../../functions/ingest/identity.ts';
import { eventText, shellEvent } from '../support/events.ts';

const UUID = '0b6a8f0e-3f57-4c64-9a53-0c9f4f6f7d01';

function eventOf(changes: Parameters<typeof shellEvent>[0]): FalcoEvent {
  const read = readEvent(eventText(shellEvent(changes)));
  if (!read.ok) throw new Error(read.detail);
  return read.event;
}

const audit = (auditId: FieldValue, rule = 'Attach/Exec Pod', uuid = UUID): FalcoEvent =>
  eventOf({ uuid, rule, source: 'k8s_audit', fields: { 'ka.auditid': auditId } });

const message = { attributes: {}, messageId: '77', text: '{}' };
const again = { ...message, attributes: { [IDENTITY]: '77' }, messageId: '78' };

describe('an event is known by', () => {
  test.each([
    ["Falcosidekick's uuid", eventOf({}), message, UUID],
    ['its uuid whatever its attributes say', eventOf({}), again, UUID],
    ['its messageId, without a uuid', eventOf({ uuid: '' }), message, '77'],
    ['the messageId under which it was first handled', eventOf({ uuid: '' }), again, '77'],
    ['its uuid, for an audit event whose auditID is null', audit(null), message, UUID],
    ['its uuid, for an audit event whose auditID is <NA>', audit('<NA>'), message, UUID],
    [
      'its uuid, whatever a field of another source is called',
      eventOf({ fields: { 'ka.auditid': 'a' } }),
      message,
      UUID,
    ],
  ])('%s', (_, event, from, identity) => {
    expect(identityOf(event, from)).toBe(identity);
  });

  test('its auditID and its rule, for an audit event: several plugins may read one log, several rules one record', () => {
    const one = identityOf(audit('a-1'), message);
    expect(one).toMatch(/^a-1:[0-9a-f]{16}$/);
    expect(identityOf(audit('a-1', 'Attach/Exec Pod', 'another uuid'), again)).toBe(one);
    expect(identityOf(audit('a-2'), message)).not.toBe(one);
    expect(identityOf(audit('a-1', 'Create HostPid Pod'), message)).not.toBe(one);
  });

  test.each([
    'ka.cluster.name',
    'ka.user.name',
    'ka.verb',
    'ka.target.namespace',
    'ka.target.name',
    'ka.target.subresource',
  ])('its %s too, since a client may choose the auditID of what it does', (name) => {
    const record = { 'ka.auditid': 'a-1', 'ka.verb': 'create', 'ka.target.name': 'harmless' };
    const of = (fields: Record<string, FieldValue>): string =>
      identityOf(eventOf({ source: 'k8s_audit', fields }), message);
    expect(of({ ...record, [name]: 'another' })).not.toBe(of(record));
    expect(of({ ...record, 'evt.time': 1 })).toBe(of(record));
  });

  test('its content, where there is neither uuid nor messageId', () => {
    const bare = eventOf({ uuid: '' });
    const identity = identityOf(bare, { ...message, messageId: '', text: 'one text' });
    expect(identityOf(bare, { ...message, messageId: '', text: 'one text' })).toBe(identity);
    expect(identityOf(bare, { ...message, messageId: '', text: 'another' })).not.toBe(identity);
  });
});

test.each([
  ['a path', '../../x'],
  ['LogQL', '"} or vector(1) #'],
  ['200 characters', 'x'.repeat(200)],
  ['a line feed', 'a\nb'],
  ['other alphabets', '日本'],
])('a uuid that is forged, %s, is hashed', (_, uuid) => {
  const identity = identityOf(eventOf({ uuid }), message);
  expect(identity).toMatch(/^h-[0-9a-f]{32}$/);
  expect(identityOf(eventOf({ uuid: `${uuid}!` }), message)).not.toBe(identity);
});
