import { expect, test } from '@jest/globals';
import { sharedTraits, type Traits, withTraits } from '../../../functions/core/incident/storm-traits.ts';
import { alertLike, SHELL } from '../../support/alerts.ts';

const alertBy = (user: string) => alertLike(SHELL, { fields: { ...SHELL.fields, 'user.name': user } });
const counted = (users: readonly string[]): Traits =>
  users.reduce((traits: Traits, user) => withTraits(traits, alertBy(user)), {});

test('counts who, with what, on which node and where', () => {
  const traits = counted(['root', 'root', 'app']);
  expect(sharedTraits(traits, 3)).toEqual(
    expect.arrayContaining(['user root (2 of 3)', 'namespace payments (3 of 3)']),
  );
});

test('a name that is a member of every object is a name', () => {
  expect(counted(['__proto__', 'constructor', '__proto__']).user).toEqual(
    Object.fromEntries([
      ['__proto__', 2],
      ['constructor', 1],
    ]),
  );
});

test('many different values take bounded room, and each count stays exact', () => {
  const users = Array.from({ length: 500 }, (_, index) => `u${index}`);
  const traits = counted(['root', ...users, 'root']);
  expect(Object.keys(traits.user ?? {}).length).toBeLessThanOrEqual(16);
  expect(traits.user?.root).toBe(2);
  expect(sharedTraits(traits, 502).join()).not.toContain('user');
});
