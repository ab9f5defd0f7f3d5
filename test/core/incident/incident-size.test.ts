/** However long an attacker makes what an event says, its incident fits into a document of the store. */

import { describe, expect, test } from '@jest/globals';
import { groupOf } from '../../../functions/core/incident/group.ts';
import { type Incident, join, lead } from '../../../functions/core/incident/incident.ts';
import { INCIDENT_BYTES } from '../../../functions/core/incident/incident-size.ts';
import { MAX_BEYOND, MAX_RULES } from '../../../functions/core/incident/rules-seen.ts';
import type { AlertView } from '../../../functions/core/page/notification.ts';
import { alertLike, SHELL } from '../../support/alerts.ts';

const NOW = 1_795_424_402_500;

/** As large as viewOf and the schema of the escalations topic let an alert be, each letter `letter`. */
function large(rule: string, letter: string): AlertView {
  const fields = Object.fromEntries(Array.from({ length: 63 }, (_, i) => [`proc.field${i}`, letter.repeat(512)]));
  const labels = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`label${i}`, letter.repeat(63)]));
  const where = { ...SHELL.where, image: letter.repeat(1_024), namespaceLabels: labels, podLabels: labels };
  return alertLike(SHELL, {
    rule,
    output: letter.repeat(2_048),
    tags: Array.from({ length: 32 }, () => letter.repeat(64)),
    hostname: letter.repeat(256),
    fields: { ...fields, 'proc.cmdline': letter.repeat(512), 'container.id': 'a8871b35411b' },
    where,
  });
}

function incidentOf(alerts: readonly AlertView[]): Incident {
  let incident: Incident | undefined;
  for (const alert of alerts)
    incident = join(incident, alert, groupOf(SHELL), { receivers: ['oncall'], tiers: [] }, NOW).incident;
  if (!incident) throw new Error('no alert');
  return incident;
}

const bytesOf = (incident: Incident): number => Buffer.byteLength(JSON.stringify(incident));

describe('an incident', () => {
  const letters: [string, string][] = [
    ['plain letters', 'a'],
    ['letters of three bytes', '€'],
    ['control characters, six bytes in JSON', '\u0001'],
  ];
  test.each(letters)('of one alert and of %s fits', (_, letter) => {
    expect(bytesOf(incidentOf([large('rule', letter)]))).toBeLessThanOrEqual(INCIDENT_BYTES);
  });

  test.each(letters)('of as many rules as it describes and of %s fits', (_, letter) => {
    const alerts = Array.from({ length: MAX_RULES }, (_unused, i) => large(`${i} ${letter.repeat(250)}`, letter));
    const incident = incidentOf(alerts);
    expect(bytesOf(incident)).toBeLessThanOrEqual(INCIDENT_BYTES);
    expect(incident.rules).toHaveLength(MAX_RULES);
    expect(incident.count).toBe(MAX_RULES);
    // What a page is made of is still there.
    expect(lead(incident).alert).toMatchObject({ priority: 'Critical', timeNs: SHELL.timeNs });
    expect(lead(incident).alert.where.namespace).toBe('payments');
    expect(lead(incident).alert.fields['container.id']).toBe('a8871b35411b');
    expect(lead(incident).alert.fields['proc.cmdline']).toContain(letter);
  });

  test.each(letters)('of as many rules as it knows of and of %s fits', (_, letter) => {
    const alerts = Array.from({ length: MAX_RULES + MAX_BEYOND }, (_unused, i) => large(`${i}`, letter));
    const incident = incidentOf(alerts);
    expect(incident.rulesBeyond).toHaveLength(MAX_BEYOND);
    expect(bytesOf(incident)).toBeLessThanOrEqual(INCIDENT_BYTES);
  });

  test('of usual size keeps every byte', () => {
    const alert = alertLike(SHELL, { fields: { ...SHELL.fields, 'proc.cmdline': 'x'.repeat(512) } });
    expect(incidentOf([alert]).rules[0]?.alert).toEqual(alert);
  });
});
