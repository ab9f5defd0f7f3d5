import { describe, expect, test } from '@jest/globals';
import { enrichOptions } from '../../../functions/ingest/enrich.ts';
import { CLUSTER } from './support.ts';

test('the defaults', () => {
  expect(enrichOptions.parse({})).toEqual({
    clusters: [],
    enrich: {
      budget: 300,
      team_labels: ['team', 'owner'],
      ttl: 600_000,
      missing_ttl: 30_000,
      stale: 21_600_000,
      request_timeout: 5_000,
      entries: 5_000,
      breaker_failures: 5,
      breaker_pause: 30_000,
    },
  });
});

describe('a cluster', () => {
  test.each([
    ['three names', {}],
    ['an environment', { environment: 'pre-production' }],
    ['a static file', { metadata: './clusters.yaml' }],
    ['the DNS endpoint', { kubernetes: 'dns' }],
    ['the IP endpoint', { kubernetes: 'ip' }],
    ['an address', { kubernetes: { endpoint: 'https://10.0.0.2:6443', ca: './ca.pem' } }],
    ['this machine', { kubernetes: { endpoint: 'http://127.0.0.1:8001' } }],
  ])('with %s is accepted', (_name, more) => {
    expect(enrichOptions.safeParse({ clusters: [{ ...CLUSTER, ...more }] }).success).toBe(true);
  });

  test.each([
    ['a bad project', { project: 'Acme' }],
    ['a bad location', { location: 'everywhere' }],
    ['a bad name', { name: 'Payments' }],
    ['an environment that is no word', { environment: 'Production (EU)' }],
    ['an environment of 33 letters', { environment: 'e'.repeat(33) }],
    ['an empty environment', { environment: '' }],
    ['an unknown key', { kubernets: 'dns' }],
    ['a token over plain HTTP', { kubernetes: { endpoint: 'http://10.0.0.2' } }],
    ['a path in the address', { kubernetes: { endpoint: 'https://10.0.0.2/api' } }],
    ['a password in the address', { kubernetes: { endpoint: 'https://a:b@10.0.0.2' } }],
    ['no address', { kubernetes: { endpoint: 'cluster' } }],
  ])('with %s is refused', (_name, more) => {
    expect(enrichOptions.safeParse({ clusters: [{ ...CLUSTER, ...more }] }).success).toBe(false);
  });

  test('listed twice is refused', () => {
    const { error } = enrichOptions.safeParse({ clusters: [CLUSTER, CLUSTER] });
    expect(error?.issues).toMatchObject([{ message: 'listed twice', path: ['clusters', 1] }]);
  });
});
