/** Server-sent events: everything once for who connects, then what changed, in batches, to each open page. */

import type { ServerResponse } from 'node:http';
import type { After } from '../core/ports.ts';

/** Changes of this long share a batch: quick to the eye, and at most ten repaints a second under load. */
const BATCH_MS = 100;
/** A comment this often keeps proxies from closing an idle connection. */
const HEARTBEAT_MS = 15_000;
const MAX_PAGES = 20;
/** A page that reads slower than this is disconnected; it reconnects by itself and gets everything anew. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024;

export interface FeedOptions {
  /** All there is to show, as JSON. */
  everything(): unknown;
  /** What is new since the last call. */
  changes(): unknown;
  after: After;
}

export interface Feed {
  /** Answers `GET /events`; 503 when too many pages are open. */
  open(response: ServerResponse): void;
  /** Something changed. */
  touch(): void;
  close(): void;
}

export function createFeed({ everything, changes, after }: FeedOptions): Feed {
  const pages = new Set<ServerResponse>();
  let cancelBatch: (() => void) | undefined;
  let cancelHeartbeat = after(HEARTBEAT_MS, beat);

  function send(page: ServerResponse, text: string): void {
    if (page.writableLength > MAX_UNSENT_BYTES) page.destroy();
    else page.write(text);
  }

  function beat(): void {
    for (const page of pages) send(page, ': still here\n\n');
    cancelHeartbeat = after(HEARTBEAT_MS, beat);
  }

  function flush(): void {
    if (!cancelBatch) return;
    cancelBatch();
    cancelBatch = undefined;
    const text = frame('changes', changes());
    for (const page of pages) send(page, text);
  }

  return {
    open(response) {
      if (pages.size >= MAX_PAGES) {
        response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8', 'retry-after': '10' });
        response.end('Too many live pages are open.\n');
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
      // The others get what is pending first, so that nobody sees a change twice.
      flush();
      response.write(`retry: 1000\n${frame('everything', everything())}`);
      pages.add(response);
      response.once('close', () => pages.delete(response));
    },
    touch() {
      cancelBatch ??= after(BATCH_MS, flush);
    },
    close() {
      cancelBatch?.();
      cancelHeartbeat();
      for (const page of pages) page.end();
    },
  };
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html: JSON holds no raw line break, so one data line. */
function frame(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
