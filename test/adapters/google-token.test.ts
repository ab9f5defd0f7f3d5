import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createGoogleToken } from '../../functions/adapters/google-token.ts';
import { openMetadata } from '../../functions/adapters/metadata.ts';
import { connectFirestore } from '../../functions/adapters/store/firestore-rest.ts';
import { manualTimers } from './timers.ts';

// What google-auth-library reads to find Google's metadata server, here one on loopback that answers when told.
const VARIABLES = [
  'GCE_METADATA_HOST',
  'METADATA_SERVER_DETECTION',
  'GOOGLE_APPLICATION_CREDENTIALS',
  'CLOUDSDK_CONFIG',
  'GOOGLE_CLOUD_PROJECT',
];
const before = new Map(VARIABLES.map((name) => [name, process.env[name]]));

let server: Server;
let answers: ServerResponse[];
/** What was asked for, as it came. */
let asked: string[];
let arrived: () => void;

beforeEach(async () => {
  answers = [];
  asked = [];
  server = createServer((request, response) => {
    if (!request.url?.includes('/token')) {
      response.writeHead(200, { connection: 'close', 'metadata-flavor': 'Google' }).end('ok');
      return;
    }
    answers.push(response);
    asked.push(new URL(request.url, 'http://metadata').searchParams.get('scopes') ?? '');
    arrived();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.GCE_METADATA_HOST = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env.METADATA_SERVER_DETECTION = 'assume-present';
  process.env.CLOUDSDK_CONFIG = '/nowhere';
  // Otherwise the library runs gcloud to learn it.
  process.env.GOOGLE_CLOUD_PROJECT = 'acme-prod';
  delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
});

afterEach(async () => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  // The library tries a request again that is cut, also after the test.
  for (const response of answers) if (!response.writableEnded) answerWith('too late', response);
  await new Promise((resolve) => server.close(resolve));
});

function nextRequest(): Promise<void> {
  return new Promise((resolve) => {
    arrived = resolve;
  });
}

function answerWith(token: string, response: ServerResponse | undefined): void {
  const body = JSON.stringify({ access_token: token, expires_in: 3_600, token_type: 'Bearer' });
  response
    ?.writeHead(200, { connection: 'close', 'metadata-flavor': 'Google', 'content-type': 'application/json' })
    .end(body);
}

test('a token is kept', async () => {
  const { after, waiting } = manualTimers();
  const token = createGoogleToken(['https://www.googleapis.com/auth/datastore'], after);
  const request = nextRequest();
  const first = token();
  await request;
  answerWith('a-token', answers[0]);
  expect([await first, await token()]).toEqual(['a-token', 'a-token']);
  expect(asked).toEqual(['https://www.googleapis.com/auth/datastore']);
  expect(waiting()).toEqual([]);
});

test('a metadata server that hangs is given up after 5 s, its late answer ignored, and asked anew', async () => {
  const { after, fire, waiting } = manualTimers();
  const token = createGoogleToken(['https://www.googleapis.com/auth/datastore'], after);
  const request = nextRequest();
  const hanging = token();
  await request;
  expect(waiting()).toEqual([5_000]);
  fire();
  await expect(hanging).rejects.toThrow('no access token within 5000 ms');

  const again = nextRequest();
  const second = token();
  await again;
  answerWith('late', answers[0]);
  answerWith('fresh', answers[1]);
  expect(await second).toBe('fresh');
});

test('a Kubernetes API is asked with a token that tells it the e-mail of the account', async () => {
  const { after } = manualTimers();
  const cluster = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1', kubernetes: 'dns' };
  const metadata = await openMetadata({ clusters: [cluster], timeoutMs: 1_000, after });
  const authorizations: (string | undefined)[] = [];
  const api = createServer(({ headers }, response) => {
    authorizations.push(headers.authorization);
    response.writeHead(404, { connection: 'close' }).end();
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  const request = nextRequest();
  const node = metadata.kubernetes?.node({ endpoint }, 'node-1', new AbortController().signal);
  await request;
  answerWith('a-token', answers[0]);
  await node;
  await metadata.close();
  await new Promise((resolve) => api.close(resolve));
  expect(asked).toEqual([
    'https://www.googleapis.com/auth/cloud-platform,https://www.googleapis.com/auth/userinfo.email',
  ]);
  expect(authorizations).toEqual(['Bearer a-token']);
});

test('Firestore is not asked without a token', async () => {
  const { after, fire } = manualTimers();
  const rest = await connectFirestore(
    { root: 'projects/p/databases/d/documents', prefix: '', emulator: undefined },
    after,
  );
  const request = nextRequest();
  const reading = rest.get(['documents/a']);
  await request;
  fire();
  await expect(reading).rejects.toThrow('no access token within 5000 ms');
  await rest.close();
});
