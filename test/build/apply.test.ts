/** infra/build/apply.yaml when all goes well, and when it does not begin: what is called, in which order. */

import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  APPLY,
  ASK,
  canary,
  credentials,
  type Deployment,
  deploymentOf,
  EARLIER,
  FETCH,
  FETCH_EARLIER,
  KEEP,
  PLACES,
  type Planned,
  planTwice,
  remove,
  sumOf,
  upgrade,
} from './calls.ts';
import { COMMIT, type Outcome, PLAN, SECRET } from './support.ts';

jest.setTimeout(60_000);

let planned: Planned;
let deployment: Deployment;
beforeAll(() => {
  planned = planTwice();
});
beforeEach(() => {
  deployment = deploymentOf(planned);
});
afterEach(() => deployment.remove());
afterAll(() => planned.remove());

describe('when all goes well', () => {
  test('the plan is applied, releases are upgraded, canaries arrive, and what is deployed is kept', () => {
    const { status, calls, codes, output } = deployment.apply();
    expect(calls).toEqual([
      ...FETCH,
      ...APPLY,
      ...PLACES.flatMap(upgrade),
      ...PLACES.flatMap(canary),
      ASK,
      ...PLACES.flatMap(remove),
      KEEP,
    ]);
    expect(status).toBe('SUCCESS');
    expect(Object.keys(codes)).toEqual(['terraform', 'helm', 'fetch', 'apply', 'upgrade', 'canary', 'loki', 'finish']);
    expect(output).toContain(`Deployed: plan ${PLAN} of commit ${COMMIT}.`);
    expect(sumOf(deployment.deployed)).toBe(planned.sum);
  });

  test('the next one has it for its way back', () => {
    deployment.apply();
    const { calls, output } = deployment.apply();
    expect(calls.slice(0, 3)).toEqual([...FETCH, FETCH_EARLIER]);
    expect(output).toContain(`the way back is to ${COMMIT}`);
  });

  test('values of the repository are given to the chart, as they were when it was planned', () => {
    // No step looks at what it is called by, so the folder of sources stands in for one of values.
    const { calls } = deployment.apply(
      {
        cases:
          "'terraform '*' apply '*) mkdir -p .build/planned/v && touch .build/planned/v/common.yaml .build/planned/v/acme-dev_us-central1_dev-us1.yaml ;;",
      },
      { _HELM_VALUES: 'v', _DNS_ENDPOINT: 'yes' },
    );
    const [first, second] = calls.filter((call) => call.startsWith('helm upgrade'));
    expect(first).toContain('--timeout=10m --values=.build/planned/v/common.yaml --set=');
    expect(second).toContain(
      '--values=.build/planned/v/common.yaml --values=.build/planned/v/acme-dev_us-central1_dev-us1.yaml --set=',
    );
    expect(calls).toContain(`${credentials(PLACES[0] ?? '')} --dns-endpoint`);
  });
});

describe('nothing is changed', () => {
  const unchanged = ({ status, calls, codes }: Outcome): void => {
    expect(status).toBe('FAILURE');
    expect(Object.entries(codes).at(-1)).toEqual(['fetch', 1]);
    expect(calls.filter((call) => !call.startsWith('gcloud storage'))).toEqual([]);
    expect(calls).not.toContain(KEEP);
  };

  test.each([
    ['no plan is named', { _PLAN: '' }, 'Say which plan'],
    ['the plan is no name of one', { _PLAN: '../deployed/current' }, 'Say which plan'],
    ['no checksum is given', { _PLAN_SHA256: '' }, 'Say which plan'],
    [
      'the checksum is that of another archive',
      { _PLAN_SHA256: 'f'.repeat(64) },
      'is not the one whose checksum you gave',
    ],
    ['the build runs on another commit', { COMMIT_SHA: EARLIER }, `give --sha=${COMMIT}`],
    ['there is no such plan', { _PLAN: PLAN.replace('1a', 'ff') }, 'No such file'],
  ])('when %s', (_, given, words) => {
    const outcome = deployment.apply({}, given);
    unchanged(outcome);
    expect(outcome.output).toContain(words);
  });

  test('when a bit of the archive is another', () => {
    appendFileSync(deployment.archive, 'x');
    unchanged(deployment.apply());
  });

  test.each(['.build/relay.tfplan', 'dist/falco-relay.zip', 'dist/falco-relay.json'])(
    'when the archive lacks %s, though its checksum is right',
    (file) => {
      const tree = mkdtempSync(join(deployment.folder, 'tree-'));
      execFileSync('tar', ['-xzf', deployment.archive, '-C', tree]);
      rmSync(join(tree, file));
      execFileSync('tar', ['-czf', deployment.archive, '-C', tree, '.']);
      const outcome = deployment.apply({}, { _PLAN_SHA256: sumOf(deployment.archive) });
      unchanged(outcome);
      expect(outcome.output).toContain(`lacks ${file}: nothing was changed`);
    },
  );

  test.each(['gcloud storage cp gs://acme-plans/plans', 'gcloud storage ls', FETCH_EARLIER])(
    'when %s fails',
    (failing) => {
      deployment.deployEarlier();
      unchanged(deployment.apply({ failing: [failing] }));
    },
  );
});

test('no log has the password of Loki in it, and only the step that asks Loki is given it', () => {
  const echo = `'node infra/build/ask-loki.ts '*) [[ $LOKI_SECRET == ${SECRET} ]] || exit 9 ;; *) [[ -z \${LOKI_SECRET:-} ]] || exit 9 ;;`;
  const { status, output, calls } = deployment.apply({
    cases: echo.replace('*) [[ -z', "'gcloud container '*|'kubectl '*wait*) [[ -z"),
  });
  expect(status).toBe('SUCCESS');
  expect(output + calls.join()).not.toContain(SECRET);
});
