/** Routing: which receivers an alert goes to, by a tree with Alertmanager's semantics. */

import * as z from 'zod';
import type { Facts } from '../core/facts.ts';
import { GROUP_NAMES, type GroupName } from '../core/group.ts';
import { type Matcher, matchersSchema, matches } from '../core/matcher.ts';

export interface Route {
  /** Absent: the parent's. */
  receiver?: string | undefined;
  match: Matcher[];
  /** Also try the siblings that follow. */
  continue: boolean;
  /** Absent: the parent's; at the root: by the kind of alert. */
  group_by?: GroupName[] | undefined;
  routes: Route[];
}

/** The schema of `route` in pipeline.yaml. */
export const routeOptions: z.ZodType<Route> = z.strictObject({
  receiver: z.string().optional(),
  match: matchersSchema.default([]),
  continue: z.boolean().default(false),
  group_by: z.array(z.enum(GROUP_NAMES)).min(1).optional(),
  get routes() {
    return z.array(routeOptions).default([]);
  },
});

export interface Routed {
  receiver: string;
  groupBy: readonly GroupName[] | undefined;
}

/**
 * The routes an alert reaches, in order, as Alertmanager does it: the deepest matching node of each branch, siblings
 * in turn until one matches without `continue`, the parent itself where no child does. Unknown counts as a match: a
 * page too many is better than one too few.
 */
export function routeAlert(root: Route, facts: Facts): Routed[] {
  return reached(root, facts, { receiver: root.receiver ?? '', groupBy: root.group_by });
}

function reached(route: Route, facts: Facts, inherited: Routed): Routed[] {
  if (matches(route.match, facts) === 'no') return [];
  const here: Routed = { receiver: route.receiver ?? inherited.receiver, groupBy: route.group_by ?? inherited.groupBy };
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
  return [...(route.receiver === undefined ? [] : [route.receiver]), ...route.routes.flatMap(receiversOf)];
}
