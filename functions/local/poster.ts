/** Calls our own server as Pub/Sub and Cloud Scheduler call the functions in the cloud. */

/** Pub/Sub's longest acknowledgement deadline is ten minutes; nothing in this process needs that long. */
const TIMEOUT_MS = 60_000;

/** Gives the status of `POST base+path` with a JSON body. Rejects when there is no answer. */
export type Post = (path: string, body: string, signal?: AbortSignal) => Promise<number>;

export function createPoster(base: string): Post {
  return async (path, body, signal) => {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`${base}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    // Read to its end, so that the connection can be used again.
    await response.arrayBuffer();
    return response.status;
  };
}
