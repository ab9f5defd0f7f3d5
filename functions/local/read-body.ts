/** A request's body, up to a limit. */

import type { IncomingMessage } from 'node:http';

/** Undefined for what is longer: that is read to its end, so that the connection can be used again. Throws if it breaks off. */
export async function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
  }
  return bytes <= maxBytes ? Buffer.concat(chunks) : undefined;
}

/** As text; undefined also for what breaks off. */
export async function readText(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  try {
    return (await readBytes(request, maxBytes))?.toString('utf8');
  } catch {
    return undefined;
  }
}
