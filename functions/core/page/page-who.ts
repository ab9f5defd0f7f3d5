/** Who opened the shells of an incident, in words: by name, or that no audit record explains them. */

import { plain } from '../plain.ts';
import { millisecondsOf } from '../time.ts';
import { type Person, shellOf } from '../who/exec.ts';
import type { Shell } from '../who/who.ts';
import type { Notification } from './notification.ts';
import { timeText } from './page-state.ts';

const NAME_LIMIT = 160;
const SEPARATOR = ' · ';

const SERVICE_ACCOUNT = /^system:serviceaccount:([a-z0-9.-]+):([a-z0-9.-]+)$/;
const GOOGLE_SERVICE_ACCOUNT = /^[a-z0-9-]+@[a-z0-9.-]+\.gserviceaccount\.com$/;

/** `ana@acme.example from 203.0.113.7 by kubectl/v1.33.1`; undefined where there is nothing to say, as of a storm. */
export function whoText({ shells = [], lead, storm, firstNs }: Notification): string | undefined {
  if (storm) return undefined;
  // Beside another alert it must not read as if they had done that one.
  const isAbout = shellOf(lead) !== undefined;
  const people = [...new Set(shells.filter(({ by }) => by.length > 0).map(({ by }) => peopleText(by)))];
  const named = people.map((text) => (isAbout ? text : `Shell opened by ${text}`));
  const unexplained = unexplainedText(shells, isAbout, firstNs);
  return [...(unexplained ? [unexplained] : []), ...named].join(SEPARATOR) || undefined;
}

function unexplainedText(shells: readonly Shell[], isAbout: boolean, pageNs: string): string | undefined {
  const those = shells.filter(({ unexplained }) => unexplained);
  if (those.length === 0) return undefined;
  const places = those.map(({ pod, timeNs }) => placeOf(pod, timeNs, pageNs)).join(', ');
  const which = isAbout && shells.length === 1 ? 'this shell' : `the shell in ${places}`;
  return `No audit record explains ${which}: it was likely not opened through the Kubernetes API`;
}

function placeOf(pod: string, timeNs: string, pageNs: string): string {
  return `${plain(pod, NAME_LIMIT, 'end')} at ${timeText(millisecondsOf(timeNs), pageNs)}`;
}

function peopleText(people: readonly Person[]): string {
  return `${people.length > 1 ? 'one of: ' : ''}${people.map(personText).join('; ')}`;
}

function personText({ user, from, agent }: Person): string {
  return `${nameOf(user)}${from ? ` from ${quoted(from)}` : ''}${agent ? ` by ${quoted(productOf(agent))}` : ''}`;
}

function nameOf(user: string): string {
  const [, namespace, name] = SERVICE_ACCOUNT.exec(user) ?? [];
  if (name) return `service account ${namespace}/${name}`;
  return GOOGLE_SERVICE_ACCOUNT.test(user) ? `service account ${user}` : quoted(user);
}

/** Of `kubectl/v1.33.1 (linux/amd64) kubernetes/d2c1d6a` the first part says it. */
function productOf(agent: string): string {
  return plain(agent, NAME_LIMIT).split(' ', 1)[0] ?? '';
}

/** What could be read as more than one name, or as our own words, is in quotes, and has none itself. */
function quoted(text: string): string {
  const shown = plain(text, NAME_LIMIT, 'both');
  return /[\s;·"]/.test(shown) ? `"${shown.replaceAll('"', "'")}"` : shown;
}
