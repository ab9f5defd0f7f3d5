/** Our routing tree against Alertmanager's: the same receivers and the same grouping, in the same order, every time. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parsePipeline } from '../../functions/config.ts';
import { parseMatchers } from '../../functions/core/match/matcher.ts';
import { compileRegex } from '../../functions/core/match/regex.ts';
import { type Route, routeAlert } from '../../functions/escalate/route.ts';
import { askAmtool, type Labels, type Reached, type Routes, startRoutes } from './programs/routes.ts';
import { anyPattern, regex, VALUES } from './support/patterns.ts';
import { createRandom } from './support/random.ts';
import { alert, matcherText, ourYaml, theirYaml, tree } from './support/trees.ts';

const { seed } = createRandom();
let alertmanager: Routes;

beforeAll(() => {
  alertmanager = startRoutes();
});

afterAll(async () => {
  await alertmanager?.stop();
});

function ourRoute(yaml: string): Route {
  const problems: string[] = [];
  const route = parsePipeline(yaml, problems)?.route;
  if (!route || problems.length > 0) throw new Error(`refused by us:\n${problems.join('\n')}\n${yaml}`);
  return route;
}

function ourWay(route: Route, labels: Labels): Reached[] {
  return routeAlert(route, (name) => labels[name] ?? '').map(({ receiver, groupBy }) => ({
    receiver,
    groupBy: [...(groupBy ?? [])].sort(),
  }));
}

test('trees of every shape route as they do in Alertmanager', async () => {
  let below = 0;
  await fc.assert(
    fc.asyncProperty(tree, fc.array(alert, { minLength: 1, maxLength: 12 }), async (root, alerts) => {
      const route = ourRoute(ourYaml(root));
      const routed = alerts.map((labels) => ourWay(route, labels));
      expect(await alertmanager.route(theirYaml(root), alerts)).toEqual({ routed });
      below += routed.filter((reached) => reached.length > 1).length;
    }),
    { seed, numRuns: 2_000 },
  );
  expect(below).toBeGreaterThan(1_000);
});

/** A process for each alert: more of them where somebody asks for it. The library above is amtool's own. */
const AMTOOL_TREES = Number(process.env.AMTOOL_TREES ?? 150);

test('and as amtool says', async () => {
  await fc.assert(
    fc.asyncProperty(tree, fc.array(alert, { minLength: 2, maxLength: 2 }), async (root, alerts) => {
      const route = ourRoute(ourYaml(root));
      const ours = alerts.map((labels) => ourWay(route, labels).map(({ receiver }) => receiver));
      expect(await askAmtool(theirYaml(root), alerts)).toEqual(ours);
    }),
    { seed, numRuns: AMTOOL_TREES },
  );
});

test('patterns take the same texts', async () => {
  await fc.assert(
    fc.asyncProperty(regex, async (pattern) => {
      const whole = compileRegex(pattern);
      expect(await alertmanager.match(pattern, VALUES)).toEqual({ matches: VALUES.map((text) => whole(text)) });
    }),
    { seed, numRuns: 3_000 },
  );
});

test('what we take for a pattern, RE2 does too, and for the same', async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(anyPattern, async (pattern) => {
      const whole = orRefused(() => compileRegex(pattern));
      const said = await alertmanager.match(pattern, VALUES);
      // What Alertmanager puts around a pattern ends in the quotation that nothing else ends.
      if (whole === REFUSED || /\\Q/.test(pattern)) return;
      taken += 1;
      expect(said).toEqual({ matches: VALUES.map((text) => whole(text)) });
    }),
    { seed, numRuns: 20_000 },
  );
  expect(taken).toBeGreaterThan(2_000);
});

test('what we read as matchers, Alertmanager reads as the same matchers', async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(matcherText, async (text) => {
      const ours = orRefused(() => parseMatchers(text));
      const said = await alertmanager.read(text);
      if (ours === REFUSED) return;
      taken += 1;
      // The one thing that only we take: where its newer syntax holds, a backslash or a line break that is no escape.
      if ('error' in said) expect([text, said.error]).toEqual([expect.stringMatching(/\\|\n/), said.error]);
      else expect(said.matchers ?? []).toEqual(ours.map(({ name, operator, value }) => ({ name, operator, value })));
    }),
    { seed, numRuns: 20_000 },
  );
  expect(taken).toBeGreaterThan(2_000);
});

const REFUSED = Symbol('refused');

function orRefused<T>(read: () => T): T | typeof REFUSED {
  try {
    return read();
  } catch {
    return REFUSED;
  }
}
