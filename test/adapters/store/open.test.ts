import { describe, expect, test } from '@jest/globals';
import { keyOf } from '../../../functions/adapters/store/keys.ts';
import { openStore, StoreUrlError } from '../../../functions/adapters/store/open.ts';
import { claimOf } from './claims.ts';

const deps = { clock: () => 0 };

describe('openStore', () => {
  test.each([
    ['nothing', ''],
    ['no url', 'hunter2'],
    ['another scheme', 'postgres://user:hunter2@host/db'],
    ['a port that is none', 'redis://user:hunter2@host:99999999'],
    ['an unknown option', 'redis://user:hunter2@host?replica=1'],
    ['an option that is no number', 'redis://user:hunter2@host?replicas=hunter2'],
    ['a database that is no number', 'redis://user:hunter2@host/hunter2'],
    ['a certificate that is not there', 'rediss://user:hunter2@host?ca_file=/nowhere/hunter2'],
    ['no project', 'firestore:///hunter2'],
    ['a project that is no name', 'firestore://pro_ject!/hunter2'],
    ['a database that is no name', 'firestore://project/hunter2/other'],
    ['an unknown Firestore option', 'firestore://project/(default)?replicas=1'],
  ])('refuses %s without showing it', async (_, url) => {
    const error = await openStore(url, deps).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StoreUrlError);
    expect((error as Error).message).toContain('STORE_URL');
    expect((error as Error).message).not.toContain('hunter2');
  });

  test('a Redis that is not there fails its claims, one by one, and says so once', async () => {
    const warnings: string[] = [];
    let giveUp: (() => void)[] = [];
    const store = await openStore('redis://127.0.0.1:1', {
      clock: () => 0,
      after: (_ms, run) => {
        giveUp.push(run);
        return () => {
          giveUp = giveUp.filter((other) => other !== run);
        };
      },
      warn: (message) => warnings.push(message),
    });
    const claiming = store.claim([claimOf('a'), claimOf('b')]);
    while (warnings.length === 0 || giveUp.length === 0) await new Promise((resolve) => setImmediate(resolve));
    for (const run of giveUp) run();
    expect((await claiming).map((outcome) => outcome.ok)).toEqual([false, false]);
    expect(warnings).toEqual(['Redis: ECONNREFUSED']);
    await store.close();
    await expect(store.check()).rejects.toThrow('not connected');
  });
});

describe('keyOf', () => {
  test('leaves plain identities readable', () => {
    expect(keyOf('0d5c1c5e-4a3f-4bb1-9b4b-0a6fcb9e7d3e')).toBe('0d5c1c5e-4a3f-4bb1-9b4b-0a6fcb9e7d3e');
  });

  test('makes all the rest short, plain and distinct', () => {
    const hostile = [
      '',
      '.',
      '..',
      '__x__',
      '../x',
      '~',
      'a/b',
      'ü',
      '\ud800',
      '\ud801',
      '\ufffd',
      'x'.repeat(101),
      'a\0',
    ];
    const keys = hostile.map(keyOf);
    expect(new Set(keys).size).toBe(hostile.length);
    for (const key of keys) expect(key).toMatch(/^~[A-Za-z0-9_-]{43}$/);
  });
});
