/** Routing: which receivers an alert goes to, by a tree with Alertmanager's semantics. */

import * as z from 'zod';
import { duration } from '../core/duration.ts';
import { GROUP_NAMES, type GroupName } from '../core/incident/group.ts';
import type { Tier } from '../core/incident/tiers.ts';
import type { Facts } from '../core/match/facts.ts';
import { type Matcher, matchersSchema, matches } from '../core/match/matcher.ts';

export interface Route {
  /** Absent: the parent's. */
  receiver?: string | undefined;
  match: Matcher[];
  /** Also try the siblings that follow. */
  continue: boolean;
  /** Absent: the parent's; at the root: by the kind of alert. */
  group_by?: GroupName[] | undefined;
  /** Who is told next while nobody acknowledges, counted from the page. Absent: the parent's. */
  escalate_after?: Tier[] | undefined;
  routes: Route[];
}

/** A day without an alert is quiet, and what is quiet pages nobody: a tier comes well before. */
const LAST_TIER = '12h';

/** The schema of `route` in pipeline.yaml. */
export const routeOptions: z.ZodType<Route> = z.strictObject({
  receiver: z.string().optional(),
  match: matchersSchema.default([]),
  continue: z.boolean().default(false),
  group_by: z.array(z.enum(GROUP_NAMES)).min(1).optional(),
  escalate_after: z.array(z.strictObject({ after: duration(LAST_TIER), receiver: z.string() })).optional(),
  get routes() {
    return z.array(routeOptions).default([]);
  },
});

export interface Routed {
  receiver: string;
  groupBy: readonly GroupName[] | undefined;
  tiers: readonly Tier[];
}

/**
 * The routes an alert reaches, in order, as Alertmanager does it: the deepest matching node of each branch, siblings
 * in turn until one matches without `continue`, the parent itself where no child does. Unknown counts as a match: a
 * page too many is better than one too few.
 */
export function routeAlert(root: Route, facts: Facts): Routed[] {
  return reached(root, facts, {
    receiver: root.receiver ?? '',
    groupBy: root.group_by,
    tiers: root.escalate_after ?? [],
  });
}

function reached(route: Route, facts: Facts, inherited: Routed): Routed[] {
  if (matches(route.match, facts) === 'no') return [];
  const here: Routed = {
    receiver: route.receiver ?? inherited.receiver,
    groupBy: route.group_by ?? inherited.groupBy,
    tiers: route.escalate_after ?? inherited.tiers,
  };
  const found: Routed[] = [];
  for (const child of route.routes) {
    const below = reached(child, facts, here);
    found.push(...below);
    if (below.length > 0 && !child.continue) break;
  }
  return found.length > 0 ? found : [here];
}

/** The names of every receiver a tree mentions, for the check that each of them exists. */
export function receiversOf(route: Route): string[] {
  const tiers = (route.escalate_after ?? []).map(({ receiver }) => receiver);
  return [...(route.receiver === undefined ? [] : [route.receiver]), ...tiers, ...route.routes.flatMap(receiversOf)];
}
