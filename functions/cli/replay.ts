/** `npm run replay -- --project=PROJECT`: lists what is parked, by reason; with `--publish` it goes back to where it came from. */

import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { openParked } from '../adapters/pubsub-parked.ts';
import { plain } from '../core/plain.ts';
import { REASONS } from '../core/reasons.ts';
import { NO_REASON, replay, type Seen } from '../core/replay.ts';

const USAGE = `usage: npm run replay -- --project=PROJECT [--reason=REASON ...] [--limit=NUMBER] [--publish]

  --project       the relay's project
  --reason        only messages of this reason (docs/reasons.md; "none": Pub/Sub gave it up); may be given again
  --limit         so many messages at most; default 1000
  --publish       publish them again; without it nothing is changed
  --subscription  default falco-dead-letter`;

const LONGEST_PART = 200;

interface Arguments {
  project: string;
  subscription: string;
  reasons: string[];
  limit: number;
  publish: boolean;
}

function argumentsOf(given: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...given],
    options: {
      project: { type: 'string' },
      subscription: { type: 'string', default: 'falco-dead-letter' },
      reason: { type: 'string', multiple: true, default: [] },
      limit: { type: 'string', default: '1000' },
      publish: { type: 'boolean', default: false },
    },
  });
  const { project, subscription, reason: reasons, limit, publish } = values;
  if (!project) throw new Error('--project is missing');
  if (!/^[1-9]\d{0,6}$/.test(limit)) throw new Error('--limit is no number of messages');
  const unknown = reasons.find((reason) => reason !== NO_REASON && !Object.hasOwn(REASONS, reason));
  if (unknown !== undefined) throw new Error(`--reason=${unknown}: there is no such reason`);
  return { project, subscription, reasons, limit: Number(limit), publish };
}

/** What a publisher may have set can't act on a terminal. */
function lineOf({ reason, topic, why, messageId, identity, detail }: Seen): string {
  const to = topic ? `to ${topic}` : `no way back: ${why}`;
  return [reason, to, messageId, identity || '-', detail].map((part) => plain(part, LONGEST_PART)).join('\t');
}

async function main({ project, subscription, ...asked }: Arguments): Promise<number> {
  const messages = await openParked(project, subscription);
  const byReason = new Map<string, number>();
  try {
    const counts = await replay(messages, {
      ...asked,
      run: randomUUID(),
      say(seen) {
        console.log(lineOf(seen));
        byReason.set(seen.reason, (byReason.get(seen.reason) ?? 0) + 1);
      },
    });
    for (const [reason, n] of [...byReason].sort(([, a], [, b]) => b - a))
      console.log(`${n} of ${plain(reason, LONGEST_PART)}`);
    const { wanted, published, failed, unacknowledged, stuck, others, problems } = counts;
    for (const problem of new Set(problems)) console.error(plain(problem, LONGEST_PART));
    const rest = [
      ...(stuck > 0 ? [`${stuck} have no way back`] : []),
      ...(failed > 0 ? [`${failed} could not be published and stay parked`] : []),
      ...(unacknowledged > 0 ? [`${unacknowledged} were published and could not be acknowledged`] : []),
      ...(others > 0 ? [`${others} of other reasons were left alone`] : []),
    ];
    const done = asked.publish ? `${published} published again` : 'nothing was changed; --publish publishes them again';
    console.log([`${wanted} parked`, done, ...rest].join('; '));
    return failed + unacknowledged === 0 ? 0 : 1;
  } finally {
    await messages.close();
  }
}

let given: Arguments | undefined;
try {
  given = argumentsOf(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 2;
}
if (given) {
  try {
    process.exitCode = await main(given);
  } catch (error) {
    console.error(plain((error as Error).message, LONGEST_PART));
    process.exitCode = 1;
  }
}
