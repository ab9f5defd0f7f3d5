/** Every query that the chart's dashboards and rules have, with Grafana's variables filled in as Grafana does. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { CHART } from '../programs/helm.ts';

interface Target {
  refId: string;
  expr: string;
  queryType: 'instant' | 'range';
}

interface Panel {
  title: string;
  type: string;
  targets?: Target[];
  fieldConfig?: { defaults: { custom?: { drawStyle?: string } } };
}

interface Variable {
  name: string;
  type: string;
  query?: { label: string; stream: string };
  allValue?: string;
  current: { value?: string };
}

interface Dashboard {
  uid: string;
  title: string;
  panels: Panel[];
  templating: { list: Variable[] };
  annotations: { list: { name: string; target: Target }[] };
}

interface Rule {
  alert: string;
  expr: string;
  for?: string;
}

/** Something that Grafana or the ruler asks. */
export interface Asked {
  /** `dashboard: panel (query)`. */
  name: string;
  expr: string;
  kind: 'instant' | 'line' | 'bars';
}

const folder = (name: string): string[] => readdirSync(join(CHART, name)).sort();
const read = (...path: string[]): string => readFileSync(join(CHART, ...path), 'utf8');

export const dashboards = folder('dashboards').map((file) => ({
  file: file.replace('.json', ''),
  dashboard: JSON.parse(read('dashboards', file)) as Dashboard,
}));

export const rules: readonly Rule[] = folder('rules').flatMap((file) =>
  (parse(read('rules', file)) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules),
);

export const STEP = '1m';
/** A range of a day, in steps of a minute. */
const BUILT_IN: Readonly<Record<string, string>> = { __range: '24h', __interval: STEP };

/** With every variable at All, or as it stands. `values` are what a person chose instead. */
export function filled(text: string, { templating }: Dashboard, values: Readonly<Record<string, string>> = {}): string {
  return text.replace(/\$(\w+)/g, (whole, name: string) => {
    const variable = templating.list.find((each) => each.name === name);
    return BUILT_IN[name] ?? values[name] ?? variable?.allValue ?? variable?.current.value ?? whole;
  });
}

export function queriesOf(values: Readonly<Record<string, string>> = {}): Asked[] {
  return dashboards.flatMap(({ file, dashboard }) => {
    const ask = (name: string, { expr, queryType }: Target, style?: string): Asked => ({
      name: `${file}: ${name}`,
      expr: filled(expr, dashboard, values),
      kind: queryType === 'instant' ? 'instant' : style === 'bars' ? 'bars' : 'line',
    });
    return [
      ...dashboard.panels.flatMap(({ title, targets = [], fieldConfig }) =>
        targets.map((target) =>
          ask(
            targets.length > 1 ? `${title} (${target.refId})` : title,
            target,
            fieldConfig?.defaults.custom?.drawStyle,
          ),
        ),
      ),
      ...dashboard.annotations.list.map(({ name, target }) => ask(name, target)),
    ];
  });
}
