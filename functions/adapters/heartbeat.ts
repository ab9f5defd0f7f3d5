/** Heartbeat: a word to a dead-man's switch outside, which pages when the words stop. */

import type { HeartbeatOptions } from '../core/heartbeat-options.ts';
import type { Http } from './http.ts';

/** The returned function beats once; it throws, without the address, when nobody took it. */
export function createHeartbeat({ url, allow_private: allowPrivate }: HeartbeatOptions, http: Http) {
  return async (): Promise<void> => {
    const { signal } = new AbortController();
    const { status } = await http.request({ method: 'POST', url, headers: {}, body: '', signal, allowPrivate });
    if (status < 200 || status >= 300) throw new Error(`HTTP ${status}`);
  };
}
