/** One word to one receiver's adapter, against a server that answers as a test wants. */

import { afterEach } from '@jest/globals';
import { createHttp, type Http } from '../../../functions/adapters/http.ts';
import type { Notification } from '../../../functions/core/page/notification.ts';
import type { Receiver, SendOutcome } from '../../../functions/core/ports.ts';
import { type Answerer, type Loopback, startLoopback } from '../loopback.ts';
import { manualTimers } from '../timers.ts';

const never = new AbortController().signal;

export type Exchange = (
  notification: Notification,
  answer: Answerer,
) => Promise<{ outcome: SendOutcome; server: Loopback }>;

/** @param create the adapter for the server at `url`, which is closed after each test */
export function exchanging(create: (url: string, http: Http) => Receiver): Exchange {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
  });
  return async (notification, answer) => {
    const server = await startLoopback(answer);
    const http = createHttp({ after: manualTimers().after });
    open.push(server, http);
    return { outcome: await create(server.url, http).send(notification, never), server };
  };
}
