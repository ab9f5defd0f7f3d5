/** Reads of Terraform's language what tests ask for: which blocks there are, and what stands in them as text. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const INFRA = new URL('../../infra/', import.meta.url).pathname;

export interface Block {
  /** `resource`, `variable`, `output`, ... */
  kind: string;
  /** `["google_pubsub_topic", "topic"]` */
  labels: readonly string[];
  body: string;
}

/** The blocks at the top of all files of a folder; relies on the format that `terraform fmt` gives them. */
export function blocksOf(folder: string = INFRA): Block[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.tf'))
    .flatMap((name) => blocks(readFileSync(join(folder, name), 'utf8')));
}

function blocks(text: string): Block[] {
  return [...text.matchAll(/^(\w+)((?: "[^"]+")*) \{\n([\s\S]*?)^\}$/gm)].map(
    ([, kind = '', labels = '', body = '']) => ({
      kind,
      labels: [...labels.matchAll(/"([^"]+)"/g)].map(([, label = '']) => label),
      body,
    }),
  );
}

/** The text of the one block with this kind and these labels. */
export function bodyOf(all: readonly Block[], kind: string, ...labels: string[]): string {
  const [found, ...more] = all.filter((each) => each.kind === kind && each.labels.join() === labels.join());
  if (!found || more.length > 0) throw new Error(`there is not one ${kind} ${labels.join('.')}`);
  return found.body;
}

/** What is written in quotes, in order. */
export function quoted(text: string): string[] {
  return [...text.matchAll(/"([^"\n]*)"/g)].map(([, inside = '']) => inside);
}
