/** What the incidents of a storm share: the user, the program, the far end, the image, the node. Pure and bounded. */

import type { AlertView } from '../page/notification.ts';
import { fieldOf, imageOf, programOf, remoteOf, userOf } from '../page/phrase.ts';
import { bounded, plain } from '../plain.ts';

/** Values of one trait that are counted; what comes after so many different ones is not, so that each count is exact. */
const VALUES_COUNTED = 16;
const VALUE_LIMIT = 48;

/** How a value is called, and where an alert has it. In the order in which equals are told. */
const TRAITS: readonly (readonly [name: string, of: (alert: AlertView) => string | undefined])[] = [
  ['user', userOf],
  ['remote', (alert) => remoteOf(alert) ?? plainly(fieldOf(alert, 'ka.sourceips'))],
  ['program', (alert) => (fieldOf(alert, 'proc.exepath') === undefined ? undefined : programOf(alert))],
  ['image', imageOf],
  ['node', ({ where }) => plainly(where.node)],
  ['namespace', ({ where }) => plainly(where.namespace)],
];

/** By trait: its values, and how many of the incidents have each. */
export type Traits = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Counts one further incident, by the alert that opened it. */
export function withTraits(before: Traits, alert: AlertView): Traits {
  const counted = TRAITS.map(([name, of]) => {
    const values = before[name] ?? {};
    const said = of(alert);
    const value = said === undefined ? '' : bounded(said, VALUE_LIMIT, 'end');
    const known = Object.hasOwn(values, value) ? values[value] : undefined;
    if (value === '' || (known === undefined && Object.keys(values).length >= VALUES_COUNTED)) return [name, values];
    return [name, Object.fromEntries([...Object.entries(values), [value, (known ?? 0) + 1]])];
  });
  return Object.fromEntries(counted);
}

/** `user root (28 of 30)` and the like, most shared first: of each trait the value that a third of them have or more. */
export function sharedTraits(traits: Traits, size: number): string[] {
  return TRAITS.flatMap(([name]) => {
    const most = Object.entries(traits[name] ?? {}).reduce<readonly [string, number]>(
      (best, each) => (each[1] > best[1] ? each : best),
      ['', 0],
    );
    const isShared = most[1] * 3 >= size && (most[1] > 1 || size === 1);
    return isShared ? [{ text: `${name} ${most[0]} (${most[1]} of ${size})`, n: most[1] }] : [];
  })
    .sort((a, b) => b.n - a.n)
    .map(({ text }) => text);
}

const plainly = (text: string | undefined): string | undefined => text && plain(text, VALUE_LIMIT, 'end');
