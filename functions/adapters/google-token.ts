/** OAuth tokens of the function's own service account. */

import type { After } from '../core/ports.ts';

/** A metadata server answers within milliseconds; one that hangs must not hold up what waits for the token. */
const TIMEOUT_MS = 5_000;

interface Auth {
  getAccessToken(): Promise<string | null | undefined>;
}

/**
 * `scopes` are of https://developers.google.com/identity/protocols/oauth2/scopes. A token is kept until shortly
 * before it ends. What is returned throws when there is none within 5 s; an answer after that is ignored.
 */
export function createGoogleToken(scopes: readonly string[], after: After): () => Promise<string> {
  let opening: Promise<Auth> | undefined;
  return async () => {
    opening ??= import('google-auth-library').then(({ GoogleAuth }) => new GoogleAuth({ scopes: [...scopes] }));
    const used = opening;
    try {
      const token = await within(
        used.then((auth) => auth.getAccessToken()),
        after,
      );
      if (!token) throw new Error('no access token');
      return token;
    } catch (error) {
      // The library lets later callers wait for the request that hangs, so the next one starts afresh.
      if (opening === used) opening = undefined;
      throw error;
    }
  };
}

function within<T>(answer: Promise<T>, after: After): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = after(TIMEOUT_MS, () => reject(new Error(`no access token within ${TIMEOUT_MS} ms`)));
    answer.then(resolve, reject).finally(cancel);
  });
}
