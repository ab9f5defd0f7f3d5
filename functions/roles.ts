/** Who is who among the receivers: who takes what no route names, who stands in, who hears of silences, who is on call. */

import { IDEMPOTENT_KINDS } from './adapters/receivers/options.ts';
import type { Config } from './config.ts';
import { type DigestTime, USUAL_TIME } from './core/digest-options.ts';
import type { Receiver } from './core/ports.ts';
import type { Route } from './escalate/route.ts';

export interface Roles {
  config: Config;
  /** Further receivers by name; the first one takes what no route names. */
  receivers?: readonly Receiver[];
}

export const receiverNames = ({ config, receivers = [] }: Roles): readonly string[] => [
  ...new Set([...config.receivers, ...receivers].map(({ name }) => name)),
];

/** A delivery to a receiver that configuration no longer has goes to whoever takes what no route names. */
export function fallbackOf({ config, receivers }: Roles): (name: string) => string | undefined {
  return (name) => {
    const known = config.receivers.find((each) => each.name === name);
    if (known || receivers?.some((each) => each.name === name)) return known?.fallback;
    return config.pipeline.route?.receiver ?? config.receivers[0]?.name ?? receivers?.[0]?.name;
  };
}

/** Without a route, everything goes to the first receiver there is. */
export function rootRoute({ config, receivers }: Roles): Route {
  const { route } = config.pipeline;
  const [first] = receivers ?? [];
  if (route?.receiver !== undefined) return route;
  return { match: [], continue: false, routes: [], ...route, ...(first ? { receiver: first.name } : {}) };
}

/** Silences concern whoever reads along, and nobody's pager. */
export function announceTo({ config, receivers }: Roles): readonly string[] {
  const chats = config.pipeline.receivers.filter((each) => each.slack ?? each['google-chat']).map(({ name }) => name);
  return config.pipeline.announce ?? (chats.length > 0 ? chats : (receivers ?? []).slice(0, 1).map(({ name }) => name));
}

/** When they have the digest: unasked where `announce` names somebody, since a chat of incidents did not ask for more. */
export function digestTime({ config: { pipeline } }: Roles): DigestTime | undefined {
  const { digest, announce = [] } = pipeline;
  if (digest === 'off') return undefined;
  return digest ?? (announce.length > 0 ? USUAL_TIME : undefined);
}

/** Who "Page on-call" rings: the first pager there is, else whoever takes what no route names. */
export function oncallOf({ config, receivers }: Roles): string | undefined {
  const pager = config.pipeline.receivers.find(({ pagerduty }) => pagerduty)?.name;
  return config.pipeline.oncall ?? pager ?? config.pipeline.route?.receiver ?? receivers?.[0]?.name;
}

/** Whether a receiver drops a second send of the same page, so that it can be paged without a record. */
export function isIdempotent({ config, receivers }: Roles): (name: string) => boolean {
  return (name) => {
    const given = receivers?.find((each) => each.name === name);
    if (given) return given.idempotent;
    const known = config.receivers.find((each) => each.name === name);
    return IDEMPOTENT_KINDS.some((kind) => known?.[kind] !== undefined);
  };
}
