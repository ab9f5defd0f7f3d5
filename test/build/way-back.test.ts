/** infra/build/apply.yaml when a step fails: what is taken back, and what is said of what is not. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  APPLY,
  ASK,
  BACK,
  credentials,
  type Deployment,
  deploymentOf,
  EARLIER,
  KEEP,
  PLACES,
  type Planned,
  planTwice,
  remove,
  rollback,
  sumOf,
} from './calls.ts';

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

describe('what fails is taken back', () => {
  interface Case {
    name: string;
    failing: string;
    step: string;
    /** Of the releases, by the numbers of their clusters. */
    back: readonly number[];
    terraform: boolean;
    removed?: boolean;
  }
  const CASES: readonly Case[] = [
    { name: 'the backend', failing: APPLY[0] ?? '', step: 'apply', back: [], terraform: false },
    { name: 'the state', failing: APPLY[1] ?? '', step: 'apply', back: [], terraform: false },
    { name: 'the plan', failing: APPLY[2] ?? '', step: 'apply', back: [], terraform: true },
    { name: 'the first cluster', failing: credentials(PLACES[0] ?? ''), step: 'upgrade', back: [], terraform: true },
    {
      name: 'the second cluster',
      failing: credentials(PLACES[1] ?? ''),
      step: 'upgrade',
      back: [0],
      terraform: true,
    },
    {
      name: 'asking for a revision',
      failing: 'kubectl --namespace=falco get',
      step: 'upgrade',
      back: [],
      terraform: true,
    },
    { name: 'the first release', failing: 'helm upgrade', step: 'upgrade', back: [0], terraform: true },
    {
      name: 'a canary that there is not',
      failing: 'kubectl --namespace=falco create job',
      step: 'canary',
      back: [0, 1],
      terraform: true,
      removed: true,
    },
    {
      name: 'a canary that does not end',
      failing: 'kubectl --namespace=falco wait',
      step: 'canary',
      back: [0, 1],
      terraform: true,
      removed: true,
    },
    { name: 'Loki without it', failing: ASK, step: 'loki', back: [0, 1], terraform: true, removed: true },
  ];

  test.each(CASES)('$name', ({ failing, step, back, terraform, removed }) => {
    deployment.deployEarlier();
    const before = sumOf(deployment.deployed);
    const { status, calls, codes, output } = deployment.apply({ failing: [failing] });
    expect(status).toBe('FAILURE');
    expect(codes).toMatchObject({ [step]: 1, finish: 1 });
    const end = calls.slice(calls.findLastIndex((call) => call.startsWith(failing)) + 1);
    expect([...end]).toEqual([
      ...(removed ? PLACES.flatMap(remove) : []),
      ...back.flatMap((index) => rollback(PLACES[index] ?? '')),
      ...(terraform ? BACK : []),
    ]);
    expect(output).toContain(`The step "${step}" failed. Going back.`);
    expect(output.trimEnd().split('\n').at(-1)).toBe(`== The step "${step}" failed. All is as it was before.`);
    expect(sumOf(deployment.deployed)).toBe(before);
  });
});

describe('what does not go back is named, and the rest goes back all the same', () => {
  const [first = '', second = ''] = PLACES;
  const end = (output: string): string[] => output.trimEnd().split('\n').slice(-3);
  const LAST = '== The step "loki" failed, and not all is as it was before: see docs/deploy.md, "The way back".';

  test('a release', () => {
    deployment.deployEarlier();
    const { calls, output } = deployment.apply({ failing: [ASK, 'helm rollback'] });
    expect(calls.slice(-7)).toEqual([...rollback(first), ...rollback(second), ...BACK]);
    expect(end(output)).toEqual([
      `== The release in ${first} did NOT go back to revision 7.`,
      `== The release in ${second} did NOT go back to revision 7.`,
      LAST,
    ]);
  });

  test('a release that was not there before', () => {
    deployment.deployEarlier();
    const { calls, output } = deployment.apply({ failing: [ASK], cases: "'kubectl '*' get secrets '*) ;;" });
    expect(calls.filter((call) => call.startsWith('helm rollback'))).toEqual([]);
    expect(calls.slice(-3)).toEqual(BACK);
    expect(end(output)[1]).toBe(`== The release in ${second} has no revision before this one, and stays as it is.`);
  });

  test('what Terraform made, when it fails again', () => {
    deployment.deployEarlier();
    const { output, status } = deployment.apply({ failing: [ASK, BACK[1] ?? ''] });
    expect(end(output).slice(1)).toEqual([`== Terraform did NOT go back to commit ${EARLIER}.`, LAST]);
    expect(status).toBe('FAILURE');
  });

  test('what Terraform made, when nothing was deployed before', () => {
    const { output, calls } = deployment.apply({ failing: [ASK] });
    expect(calls.slice(-5)).toEqual([...rollback(first), ...rollback(second), BACK[0]]);
    expect(end(output).slice(1)).toEqual([
      '== Nothing was deployed by this trigger before: what Terraform has made stays as it is.',
      LAST,
    ]);
  });
});

test('what Terraform did not change is left alone: what others have applied since is not taken back', () => {
  deployment.deployEarlier();
  const { calls, output } = deployment.apply({
    failing: [APPLY[2] ?? ''],
    cases: "terraform*' state pull') echo theirs ;;",
  });
  expect(calls.at(-1)).toBe(BACK[0]);
  expect(output).toContain('Terraform had changed nothing.');
  expect(output.trimEnd().split('\n').at(-1)).toBe('== The step "apply" failed. All is as it was before.');
});

test('of several revisions that count as deployed the last one is gone back to', () => {
  const { calls } = deployment.apply({ failing: [ASK], cases: "'kubectl '*' get secrets '*) echo 5 6 ;;" });
  expect(calls).toContain('helm rollback falco-relay 6 --namespace=falco --wait --timeout=10m');
});

test('a deployment that can not be kept fails, and takes nothing back', () => {
  const { status, calls, output } = deployment.apply({ failing: [KEEP] });
  expect(status).toBe('FAILURE');
  expect(calls.at(-1)).toBe(KEEP);
  expect(output).toContain('Deployed, and every canary arrived. But it could not be kept');
});
