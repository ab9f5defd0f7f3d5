/** Alerts and the dashboard: real codes, real metrics, and thresholds that the functions reach at their own pace. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { REASONS } from '../../functions/core/reasons.ts';
import { FUNCTIONS } from '../../functions/wire.ts';
import { INFRA, quoted } from './hcl.ts';

const file = (name: string): string => readFileSync(join(INFRA, name), 'utf8');
const OPERATE = readFileSync(join(INFRA, '../docs/operate.md'), 'utf8');
const group = (pattern: RegExp, text: string): string => pattern.exec(text)?.[1] ?? '';

describe('reason codes', () => {
  const silence = quoted(group(/silence_reasons = optional\(list\(string\), \[([^\]]*)\]/, file('variables.tf')));
  const alerted = [...file('monitoring.tf').matchAll(/^ {6}reasons +=\s\[(.*)\]$/gm)].flatMap(([, list = '']) =>
    quoted(list),
  );

  test('of alerts are all real', () => {
    expect(alerted.length).toBeGreaterThan(5);
    expect(alerted.filter((code) => !(code in REASONS))).toEqual([]);
  });

  test('of silence are real', () => {
    expect(silence).toContain('node-silent');
    expect(silence.filter((code) => !(code in REASONS))).toEqual([]);
  });

  test('that docs/operate.md wants an alert on have one', () => {
    const wanted = group(/Alert on `reason` being any of ([\s\S]*?)\.\n/, OPERATE);
    const codes = [...wanted.matchAll(/`([a-z-]+)`/g)].map(([, code = '']) => code);
    expect(codes.length).toBeGreaterThan(3);
    expect(codes.filter((code) => !alerted.includes(code))).toEqual([]);
  });

  test('of the dashboard each stand for one or more', () => {
    const patterns = [
      ...file('dashboard.json').matchAll(/metric\.labels\.reason!?=monitoring\.regex\.full_match\(\\"(.*?)\\"\)/g),
    ];
    expect(patterns.length).toBeGreaterThan(3);
    for (const each of patterns.flatMap(([, pattern = '']) => pattern.split('|'))) {
      expect(Object.keys(REASONS).filter((code) => new RegExp(`^(?:${each})$`).test(code))).not.toEqual([]);
    }
  });
});

interface Metric {
  resource: string;
  kind: 'GAUGE' | 'DELTA';
  value: 'INT64' | 'DISTRIBUTION';
  labels: readonly string[];
}

/** https://cloud.google.com/monitoring/api/metrics_gcp, those that are used; the last is our own. */
const METRICS: Readonly<Record<string, Metric>> = {
  'pubsub.googleapis.com/subscription/num_undelivered_messages': {
    resource: 'pubsub_subscription',
    kind: 'GAUGE',
    value: 'INT64',
    labels: [],
  },
  'pubsub.googleapis.com/subscription/oldest_unacked_message_age': {
    resource: 'pubsub_subscription',
    kind: 'GAUGE',
    value: 'INT64',
    labels: [],
  },
  'pubsub.googleapis.com/subscription/push_request_count': {
    resource: 'pubsub_subscription',
    kind: 'DELTA',
    value: 'INT64',
    labels: ['response_class', 'response_code', 'delivery_type'],
  },
  'pubsub.googleapis.com/subscription/push_request_latencies': {
    resource: 'pubsub_subscription',
    kind: 'DELTA',
    value: 'DISTRIBUTION',
    labels: ['response_code', 'delivery_type'],
  },
  'pubsub.googleapis.com/topic/send_message_operation_count': {
    resource: 'pubsub_topic',
    kind: 'DELTA',
    value: 'INT64',
    labels: ['response_class', 'response_code', 'has_ordering'],
  },
  'run.googleapis.com/request_count': {
    resource: 'cloud_run_revision',
    kind: 'DELTA',
    value: 'INT64',
    labels: ['response_code', 'response_code_class', 'route'],
  },
  'run.googleapis.com/request_latencies': {
    resource: 'cloud_run_revision',
    kind: 'DELTA',
    value: 'DISTRIBUTION',
    labels: ['response_code', 'response_code_class', 'route'],
  },
  'run.googleapis.com/container/instance_count': {
    resource: 'cloud_run_revision',
    kind: 'GAUGE',
    value: 'INT64',
    labels: ['state'],
  },
  'run.googleapis.com/container/memory/utilizations': {
    resource: 'cloud_run_revision',
    kind: 'DELTA',
    value: 'DISTRIBUTION',
    labels: ['container_name'],
  },
  'logging.googleapis.com/user/falco_relay_reasons': {
    resource: 'cloud_run_revision',
    kind: 'DELTA',
    value: 'INT64',
    labels: ['reason'],
  },
};

/** https://cloud.google.com/monitoring/api/resources */
const RESOURCES: Readonly<Record<string, readonly string[]>> = {
  pubsub_subscription: ['project_id', 'subscription_id'],
  pubsub_topic: ['project_id', 'topic_id'],
  cloud_run_revision: ['project_id', 'service_name', 'revision_name', 'location', 'configuration_name'],
};

interface Asked {
  filter: string;
  aligners: readonly string[];
  reducers: readonly string[];
  groups: readonly string[];
}

function problemsOf({ filter, aligners, reducers, groups }: Asked): string[] {
  const type = group(/metric\.type="([^"]+)"/, filter);
  const metric = METRICS[type];
  if (!metric) return [`no metric ${type}`];
  const resource = group(/resource\.type="(\w+)"/, filter);
  const labels = [...`${filter} ${groups.join(' ')}`.matchAll(/\b(metric|resource)\.labels?\.(\w+)/g)];
  const known = { metric: metric.labels, resource: RESOURCES[metric.resource] ?? [] };
  const may = {
    GAUGE: ['ALIGN_MAX'],
    DELTA: metric.value === 'DISTRIBUTION' ? ['ALIGN_DELTA'] : ['ALIGN_DELTA', 'ALIGN_RATE'],
  }[metric.kind];
  const percentile = (reducer: string): boolean => reducer.startsWith('REDUCE_PERCENTILE');
  return [
    ...(resource === metric.resource ? [] : [`${type} is not of ${resource}`]),
    ...labels
      .filter(([, of, name = '']) => !known[of as 'metric'].includes(name))
      .map(([label]) => `${type}: ${label}`),
    ...aligners.filter((each) => !may.includes(each)).map((each) => `${type}: ${each}`),
    ...reducers
      .filter((each) => percentile(each) !== (metric.value === 'DISTRIBUTION'))
      .map((each) => `${type}: ${each}`),
  ];
}

const QUERY = (type: string, resource: string): string => `metric.type="${type}" AND resource.type="${resource}"`;

test.each([
  [QUERY('run.googleapis.com/requests', 'cloud_run_revision'), 'ALIGN_RATE', 'REDUCE_SUM'],
  [QUERY('run.googleapis.com/request_count', 'cloud_run_service'), 'ALIGN_RATE', 'REDUCE_SUM'],
  [
    `${QUERY('run.googleapis.com/request_count', 'cloud_run_revision')} AND metric.labels.code="5xx"`,
    'ALIGN_RATE',
    'REDUCE_SUM',
  ],
  [QUERY('run.googleapis.com/request_count', 'cloud_run_revision'), 'ALIGN_MAX', 'REDUCE_SUM'],
  [QUERY('run.googleapis.com/request_latencies', 'cloud_run_revision'), 'ALIGN_DELTA', 'REDUCE_SUM'],
])(
  'a question that Cloud Monitoring would refuse, or answer with nothing, is found: %s %s %s',
  (filter, align, reduce) => {
    expect(problemsOf({ filter, aligners: [align], reducers: [reduce], groups: [] })).toHaveLength(1);
  },
);

/** Each condition of an alert policy, with the names that stand in its filters put in. */
function conditions(): Asked[] {
  const text = readdirSync(INFRA)
    .filter((name) => name.endsWith('.tf'))
    .map((name) => file(name))
    .join('\n')
    .replaceAll(/\$\{local\.answers_of\.\w+\}|= local\.answers_of\.\w+$/gm, (found) => {
      const filter = group(/"(metric\.type=.*one_of\(%s\))"/, file('monitoring-functions.tf'));
      return found.startsWith('$') ? filter : `= "${filter}"`;
    })
    .replaceAll(
      /\$\{google_logging_metric\.reasons\.name\}/g,
      group(/reasons_metric = "(\w+)"/, file('monitoring.tf')),
    );
  return [...text.matchAll(/^ {4}condition_\w+ \{\n([\s\S]*?)^ {4}\}$/gm)].flatMap(([, body = '']) =>
    [...body.matchAll(/filter +=\s"(.*)"$/gm)].map(([, filter = '']) => ({
      filter: filter.replaceAll('\\"', '"'),
      aligners: [...body.matchAll(/per_series_aligner +=\s"(\w+)"/g)].map(([, each = '']) => each),
      reducers: [...body.matchAll(/cross_series_reducer +=\s"(\w+)"/g)].map(([, each = '']) => each),
      groups: quoted(group(/group_by_fields +=\s\[(.*)\]/, body)),
    })),
  );
}

test('every alert asks for a metric that there is, in a way that suits it', () => {
  expect(conditions().length).toBeGreaterThan(6);
  expect(conditions().flatMap(problemsOf)).toEqual([]);
});

interface Aggregation {
  perSeriesAligner: string;
  crossSeriesReducer: string;
  groupByFields?: string[];
}

interface Tile {
  xPos?: number;
  yPos?: number;
  width: number;
  height: number;
  widget: { title: string };
}

describe('the dashboard', () => {
  const dashboard = JSON.parse(file('dashboard.json')) as { mosaicLayout: { columns: number; tiles: Tile[] } };
  const { columns, tiles } = dashboard.mosaicLayout;

  /** Every object in it, at any depth. */
  const objects: Record<string, unknown>[] = [];
  JSON.parse(file('dashboard.json'), (_key, value) => {
    if (typeof value === 'object' && value !== null) objects.push(value);
    return value;
  });

  test('asks for metrics that there are, in ways that suit them', () => {
    const asked = objects.flatMap(({ filter, aggregation }): Asked[] => {
      if (typeof filter !== 'string') return [];
      const { perSeriesAligner, crossSeriesReducer, groupByFields = [] } = aggregation as Aggregation;
      return [{ filter, aligners: [perSeriesAligner], reducers: [crossSeriesReducer], groups: groupByFields }];
    });
    expect(asked.length).toBe(tiles.length);
    expect(asked.flatMap(problemsOf)).toEqual([]);
  });

  test('says nothing that the API leaves out when it is read again, or each plan would change it', () => {
    const empty = (value: unknown): boolean =>
      value === 0 || value === false || value === '' || value === null || (Array.isArray(value) && value.length === 0);
    const said = objects.flatMap((each) => Object.entries(each).filter(([, value]) => empty(value)));
    expect(said).toEqual([]);
  });

  test('has its tiles side by side, none over another', () => {
    const taken = new Set<string>();
    for (const { xPos = 0, yPos = 0, width, height } of tiles) {
      expect(xPos + width).toBeLessThanOrEqual(columns);
      for (let x = xPos; x < xPos + width; x += 1)
        for (let y = yPos; y < yPos + height; y += 1) {
          expect(taken.has(`${x} ${y}`)).toBe(false);
          taken.add(`${x} ${y}`);
        }
    }
  });

  test('has panels of functions and subscriptions that there are', () => {
    const patterns = objects.flatMap(({ filter }) =>
      [...String(filter).matchAll(/subscription_id=monitoring\.regex\.full_match\("(.*?)"\)/g)].map(
        ([, each = '']) => each,
      ),
    );
    expect(patterns.length).toBeGreaterThan(3);
    for (const each of patterns) expect('notifications-chat').toMatch(new RegExp(`^(?:${each})$`));
    for (const name of ['falco-events', 'falco-retry', 'escalations', 'falco-k8saudit'])
      expect(name).toMatch(new RegExp(`^(?:${patterns[0]})$`));
    const services = objects.flatMap(({ filter }) => [...String(filter).matchAll(/service_name="falco-relay-(\w+)"/g)]);
    for (const [, name] of services) expect(FUNCTIONS).toContain(name);
  });

  test.each([
    ['lag', /oldest_unacked_message_age/],
    ['lag', /push_request_latencies/],
    ['what is retried', /send_message_operation_count.*topic_id="falco-retry"/],
    ['what is retried', /push_request_count.*response_class!="ack"/],
    ['deliveries', /push_request_count.*notifications-\.\*.*response_class="ack"/],
    ['deliveries that fail', /falco_relay_reasons.*falco-relay-notify.*receiver-/],
    ['who acknowledges', /falco_relay_reasons.*falco-relay-callback.*callback-/],
    ['what is parked', /num_undelivered_messages.*falco-dead-letter/],
  ])('shows %s: %s', (_, pattern) => {
    expect(objects.filter(({ filter }) => pattern.test(String(filter)))).not.toEqual([]);
  });
});
