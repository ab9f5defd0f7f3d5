import { describe, expect, test } from '@jest/globals';
import { type Answer, classify, DETAIL_LIMIT } from '../../../functions/adapters/loki/classify.ts';

const BEHIND =
  "entry with timestamp 2026-11-23 10:00:00 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: 2026-11-23T10:00:00Z, oldest acceptable timestamp is: 2026-11-23T13:00:00Z',\nuser 'fake', total ignored: ";

const TABLE: readonly [name: string, status: number, body: string, expected: Partial<Answer>][] = [
  ['204 is stored', 204, '', { kind: 'stored' }],
  ['200 is not: no Loki answers a push so', 200, 'ok', { kind: 'unavailable', reason: 'loki-unavailable' }],
  ['202 is not', 202, '', { kind: 'unavailable', reason: 'loki-unavailable' }],
  ['260 is blocked ingestion', 260, '', { kind: 'unavailable', reason: 'loki-blocked' }],
  [
    'blocked ingestion with a status of the operator',
    400,
    "ingestion blocked for user 'a' until '2027' with status code '400'",
    { kind: 'unavailable', reason: 'loki-blocked' },
  ],
  ['a redirect', 302, '', { kind: 'unavailable', reason: 'loki-unavailable' }],
  ['400 with a bad entry', 400, "max entry size '262144' bytes exceeded", { kind: 'refused' }],
  ['400, all behind', 400, `${BEHIND}3 out of 3 for stream: {}`, { kind: 'behind', all: 3 }],
  ['400, some behind', 400, `${BEHIND}1 out of 3 for stream: {}`, { kind: 'behind', all: undefined }],
  ['400, out of order (an old Loki)', 400, 'entry out of order', { kind: 'behind', all: undefined }],
  [
    '400 from a Loki that takes no metadata',
    400,
    "stream '{}' includes structured metadata, but this feature is disallowed. Please see `limits_config.allow_structured_metadata`",
    { kind: 'unavailable', reason: 'loki-denied' },
  ],
  ['400 from a gateway', 400, '<html>\r\n<head><title>400', { kind: 'unavailable', reason: 'loki-denied' }],
  [
    '400 to plain HTTP',
    400,
    'Client sent an HTTP request to an HTTPS server.\n',
    { kind: 'unavailable', reason: 'loki-denied' },
  ],
  ['401', 401, 'no org id', { kind: 'unavailable', reason: 'loki-denied' }],
  ['403', 403, '', { kind: 'unavailable', reason: 'loki-denied' }],
  ['404', 404, '404 page not found', { kind: 'unavailable', reason: 'loki-denied' }],
  ['413', 413, 'request body too large', { kind: 'too-large' }],
  [
    '500 of a large message inside',
    500,
    'rpc error: code = ResourceExhausted desc = grpc: received message larger than max (5 vs. 4)',
    { kind: 'too-large' },
  ],
  ['500', 500, 'at least 2 live replicas required', { kind: 'unavailable', reason: 'loki-unavailable' }],
  ['503', 503, 'Service Unavailable', { kind: 'unavailable', reason: 'loki-unavailable' }],
  ['429 of the tenant', 429, 'ingestion rate limit exceeded for user fake', { kind: 'throttled', scope: 'tenant' }],
  [
    '429 of the stream',
    429,
    "reason: 'Per stream rate limit exceeded (limit: 3MB/sec)'",
    { kind: 'throttled', scope: 'stream' },
  ],
  ['429 of too many streams', 429, 'maximum active stream limit exceeded', { kind: 'throttled', scope: 'streams' }],
];

describe('classify', () => {
  test.each(TABLE)('%s', (_name, status, body, expected) => {
    expect(classify(status, body)).toMatchObject(expected);
  });

  test('what is kept of the words is bounded, on one line and without control characters', () => {
    const answer = classify(400, `bad\n\u0007 \t${'x'.repeat(10_000)}`);
    expect(answer).toEqual({ kind: 'refused', detail: expect.stringMatching(/^Loki answered 400: bad x+\.\.\.$/) });
    expect('detail' in answer && answer.detail.length).toBeLessThan(DETAIL_LIMIT + 30);
  });
});
