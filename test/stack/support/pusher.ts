/**
 * Pushes what a subscription of the Pub/Sub emulator holds, many at once as Pub/Sub does. The emulator's own push
 * subscriptions send two requests at a time (tried), and two are no storm.
 */

import type { Pubsub } from '../programs/pubsub.ts';

export interface PushedMessage {
  messageId: string;
  /** In base64, as in a push. */
  data: string;
  attributes: Readonly<Record<string, string>>;
}

export interface PusherOptions {
  pubsub: Pubsub;
  topic: string;
  /** Of the subscription, which is created. */
  name: string;
  /** Requests under way. */
  atOnce: number;
  /** A refused message comes again after that. */
  backoffSeconds: number;
  /** False where it was refused. */
  push(message: PushedMessage): Promise<boolean>;
}

export interface Pusher {
  stop(): Promise<void>;
}

interface Received {
  ackId: string;
  message: { messageId: string; data?: string; attributes?: Record<string, string> };
}

/** Longer than a function may take to answer. */
const ACK_DEADLINE_SECONDS = 60;

export async function startPusher({ pubsub, topic, name, ...options }: PusherOptions): Promise<Pusher> {
  const stopping = new AbortController();
  const project = `projects/${pubsub.projectId}`;
  async function call<T>(method: string, path: string, body: unknown): Promise<T> {
    const response = await fetch(`http://${pubsub.host}/v1/${project}/subscriptions/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: stopping.signal,
    });
    if (!response.ok) throw new Error(`Pub/Sub: ${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }
  await call('PUT', name, { topic: `${project}/topics/${topic}`, ackDeadlineSeconds: ACK_DEADLINE_SECONDS });

  const acknowledge = createGathering((ackIds) => call('POST', `${name}:acknowledge`, { ackIds }));
  const refuse = createGathering((ackIds) =>
    call('POST', `${name}:modifyAckDeadline`, { ackIds, ackDeadlineSeconds: options.backoffSeconds }),
  );
  let underWay = 0;
  let tell = (): void => {};

  async function handle({ ackId, message: { messageId, data = '', attributes = {} } }: Received): Promise<void> {
    underWay += 1;
    const done = await options.push({ messageId, data, attributes });
    underWay -= 1;
    tell();
    (done ? acknowledge : refuse)(ackId);
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const free = options.atOnce - underWay;
      if (free > 0) {
        const { receivedMessages = [] } = await call<{ receivedMessages?: Received[] }>('POST', `${name}:pull`, {
          maxMessages: free,
        });
        for (const received of receivedMessages) void handle(received);
      } else {
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      }
    }
  }
  const running = run().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  return {
    async stop() {
      stopping.abort();
      tell();
      await running;
    },
  };
}

/** Hands over what has gathered while the hand-over before was under way. Where one fails, the messages come again. */
function createGathering(handOver: (ids: string[]) => Promise<unknown>): (id: string) => void {
  let waiting: string[] = [];
  let busy = false;

  async function run(): Promise<void> {
    busy = true;
    while (waiting.length > 0) {
      const ids = waiting;
      waiting = [];
      await handOver(ids).catch(() => {});
    }
    busy = false;
  }

  return (id) => {
    waiting.push(id);
    if (!busy) void run();
  };
}
