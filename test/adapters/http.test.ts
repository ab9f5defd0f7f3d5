import { afterEach, describe, expect, test } from '@jest/globals';
import { createHttp, type Http, type HttpOptions, TIMEOUT_MS } from '../../functions/adapters/http.ts';
import { HttpError } from '../../functions/adapters/http-error.ts';
import { type Answerer, type Loopback, startLoopback } from './loopback.ts';
import { manualTimers } from './timers.ts';

const never = new AbortController().signal;
const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

function http(options: Partial<HttpOptions> = {}): Http {
  const created = createHttp({ after: manualTimers().after, ...options });
  open.push(created);
  return created;
}

async function loopback(answer: Answerer): Promise<Loopback> {
  const server = await startLoopback(answer);
  open.push(server);
  return server;
}

const ok: Answerer = (_request, response) => void response.end('fine');

async function refusal(promise: Promise<unknown>): Promise<HttpError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(HttpError);
  return error as HttpError;
}

describe('the guard', () => {
  test.each([
    ['http', 'http://example.com/'],
    ['another scheme', 'file:///etc/passwd'],
    ['no URL', 'not a url'],
    ['loopback', 'https://127.0.0.1/'],
    ['loopback, short', 'https://127.1/'],
    ['loopback, hexadecimal', 'https://0x7f000001/'],
    ['loopback, decimal', 'https://2130706433/'],
    ['loopback, octal', 'https://0177.0.0.1/'],
    ['loopback, full-width digits', 'https://１２７.０.０.１/'],
    ['loopback v6', 'https://[::1]/'],
    ['mapped', 'https://[::ffff:127.0.0.1]/'],
    ['mapped metadata', 'https://[::ffff:169.254.169.254]/'],
    ['metadata', 'https://169.254.169.254/computeMetadata/v1/'],
    ['metadata by name', 'https://metadata.google.internal/'],
    ['metadata by name, capitals and a final dot', 'https://METADATA.Google.Internal./'],
    ['private', 'https://10.0.0.1/'],
    ['shared', 'https://100.64.0.1/'],
    ['credentials in front of a private host', 'https://example.com@192.168.0.1/'],
  ])('refuses %s without asking a resolver', async (_name, url) => {
    const resolve = async (): Promise<string[]> => {
      throw new Error('asked');
    };
    const error = await refusal(http({ resolve }).request({ url, method: 'POST', signal: never }));
    expect(error.kind).toBe('forbidden');
  });

  test.each([
    ['metadata', 'http://169.254.169.254/'],
    ['metadata by name', 'http://metadata.google.internal/'],
    ['metadata by name, two final dots', 'http://metadata.google.internal../'],
    ['metadata v6', 'http://[fd20:ce::254]/'],
    ["Azure's", 'http://168.63.129.16/'],
    ["Alibaba's", 'http://100.100.100.200/'],
    ["Amazon's v6", 'http://[fd00:ec2::254]/'],
    ["Amazon's for pods, v6", 'http://[fd00:ec2::23]/'],
    ['link-local', 'http://169.254.170.23/'],
    ['link-local v6', 'http://[fe80::1]/'],
    ['any address', 'http://0.0.0.0/'],
    ['mapped loopback', 'http://[::ffff:127.0.0.1]/'],
    ['multicast', 'http://224.0.0.1/'],
  ])('refuses %s even where private addresses are allowed', async (_name, url) => {
    const { hostname } = new URL(url);
    const listed = hostname.replace(/^\[|\]$/g, '').replace(/\.+$/, '');
    for (const allowPrivate of [true, [listed]]) {
      const error = await refusal(http().request({ url, method: 'GET', signal: never, allowPrivate }));
      expect(error.kind).toBe('forbidden');
    }
  });

  test('refuses credentials that can not be decoded, and quotes nothing of them', async () => {
    const error = await refusal(
      http().request({ url: 'https://us%zz:s3cret@example.com/', method: 'GET', signal: never }),
    );
    expect([error.kind, error.message]).toEqual(['forbidden', expect.not.stringMatching(/zz|s3cret/)]);
  });

  test.each<[string, string, readonly string[], boolean]>([
    ['of a listed network', 'http://127.0.0.1/', ['127.0.0.0/8'], true],
    ['that is listed', 'http://127.0.0.1/', ['10.0.0.0/8', '127.0.0.1'], true],
    ['of a name that is listed', 'http://Hooks.internal/', ['hooks.Internal'], true],
    ['of a name that leads to a listed network', 'http://hooks.internal/', ['127.0.0.0/30'], true],
    ['of another network', 'http://127.0.0.1/', ['10.0.0.0/8', 'fc00::/7'], false],
    ['of another network, over https', 'https://127.0.0.1/', ['10.0.0.0/8'], false],
    ['of another name', 'http://hooks.internal/', ['internal', 'x.hooks.internal'], false],
    ['that is public, in the clear', 'http://8.8.8.8/', ['10.0.0.0/8'], false],
  ])('with a list takes an address %s, %s, %j: %s', async (_name, url, allowPrivate, taken) => {
    const server = await loopback(ok);
    const resolve = async (): Promise<string[]> => ['127.0.0.1'];
    const request = {
      url: url.replace(/\/$/, `:${server.port}/`),
      method: 'GET' as const,
      signal: never,
      allowPrivate,
    };
    const answer = http({ resolve }).request(request);
    if (taken) expect((await answer).body).toBe('fine');
    else expect((await refusal(answer)).kind).toBe('forbidden');
  });

  test('a socket that one list permitted serves no request of another', async () => {
    const server = await loopback(ok);
    const client = http({ resolve: async () => ['127.0.0.1'] });
    const request = { url: `http://hooks.internal:${server.port}/`, method: 'GET' as const, signal: never };
    await client.request({ ...request, allowPrivate: ['127.0.0.1'] });
    const other = await refusal(client.request({ ...request, allowPrivate: ['10.0.0.1'] }));
    expect(other.kind).toBe('forbidden');
  });

  test.each([
    ['a private address', ['10.0.0.1'], false],
    ['loopback', ['127.0.0.1'], false],
    ['a public and a private address', ['8.8.8.8', '127.0.0.1'], false],
    ['the metadata server', ['169.254.169.254'], false],
    ['the metadata server, private allowed', ['169.254.169.254'], true],
    ['a mapped address, private allowed', ['::ffff:169.254.169.254'], true],
  ])('refuses a name that leads to %s when it connects', async (_name, addresses, allowPrivate) => {
    const asked: string[] = [];
    const resolve = async (name: string): Promise<string[]> => {
      asked.push(name);
      return addresses;
    };
    const url = 'https://hooks.example.com/x';
    const error = await refusal(http({ resolve }).request({ url, method: 'POST', signal: never, allowPrivate }));
    expect([error.kind, asked]).toEqual(['forbidden', ['hooks.example.com']]);
  });

  test('connects to the address that was checked', async () => {
    const server = await loopback(ok);
    const resolve = async (): Promise<string[]> => ['127.0.0.1'];
    const url = `http://in-house.example:${server.port}/hook?a=1`;
    const response = await http({ resolve }).request({
      url,
      method: 'POST',
      body: 'x',
      signal: never,
      allowPrivate: true,
    });
    expect([response.status, response.body]).toEqual([200, 'fine']);
    expect(server.received[0]).toMatchObject({ method: 'POST', path: '/hook?a=1', body: 'x' });
    expect(server.received[0]?.headers.host).toBe(`in-house.example:${server.port}`);
  });
});

describe('request', () => {
  test('sends credentials of the URL as a header, and no part of them elsewhere', async () => {
    const server = await loopback(ok);
    const url = `http://us%65r:p%40ss@127.0.0.1:${server.port}/`;
    await http().request({ url, method: 'GET', signal: never, allowPrivate: true });
    expect(server.received[0]?.headers.authorization).toBe(`Basic ${btoa('user:p@ss')}`);
    expect(server.received[0]?.path).toBe('/');
  });

  test('follows no redirect', async () => {
    const server = await loopback((_request, response) => void response.writeHead(302, { location: '/other' }).end());
    const response = await http().request({ url: server.url, method: 'POST', signal: never, allowPrivate: true });
    expect([response.status, server.received.length]).toEqual([302, 1]);
  });

  test('reads a bounded part of an endless answer and drops the connection', async () => {
    const server = await loopback((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16_384)));
      };
      response.on('drain', more);
      more();
    });
    const request = {
      url: server.url,
      method: 'GET' as const,
      signal: never,
      allowPrivate: true,
      maxResponseBytes: 100_000,
    };
    const response = await http().request(request);
    expect([response.body.length, response.truncated]).toEqual([100_000, true]);
    await server.received[0]?.closed;
  });

  test('reads an answer of exactly the limit as whole', async () => {
    const server = await loopback((_request, response) => void response.end('y'.repeat(500)));
    const request = {
      url: server.url,
      method: 'GET' as const,
      signal: never,
      allowPrivate: true,
      maxResponseBytes: 500,
    };
    expect(await http().request(request)).toMatchObject({ truncated: false, body: 'y'.repeat(500) });
  });

  test('gives up after its time, and destroys the socket', async () => {
    const timers = manualTimers();
    const server = await loopback(() => {});
    const asked = server.next();
    const error = refusal(
      http({ after: timers.after }).request({ url: server.url, method: 'GET', signal: never, allowPrivate: true }),
    );
    const { closed } = await asked;
    expect(timers.waiting()).toEqual([TIMEOUT_MS]);
    timers.fire();
    expect((await error).kind).toBe('timeout');
    await closed;
  });

  test('gives up when the caller does, also in the middle of an answer', async () => {
    const abort = new AbortController();
    const timers = manualTimers();
    const server = await loopback((_request, response) => void response.write('half'));
    const asked = server.next();
    const error = refusal(
      http({ after: timers.after }).request({
        url: server.url,
        method: 'GET',
        signal: abort.signal,
        allowPrivate: true,
      }),
    );
    const { closed } = await asked;
    abort.abort();
    expect((await error).kind).toBe('aborted');
    await closed;
    expect(timers.waiting()).toEqual([]);
  });

  test('an error names a code and no address', async () => {
    const server = await loopback((_request, _response, raw) => void raw.socket.destroy());
    const url = `${server.url}/secret-path`;
    const error = await refusal(http().request({ url, method: 'GET', signal: never, allowPrivate: true }));
    expect([error.kind, error.message]).toEqual(['network', `network: ${error.code}`]);
    expect(error.message).not.toContain('secret-path');
    expect(error.message).not.toContain('127.0.0.1');
  });

  test('a name without addresses is a network error', async () => {
    const request = { url: 'https://nowhere.example/', method: 'GET' as const, signal: never };
    expect((await refusal(http({ resolve: async () => [] }).request(request))).code).toBe('ENOTFOUND');
  });
});
