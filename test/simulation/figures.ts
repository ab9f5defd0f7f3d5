/** The figures of many runs, as a line of JSON and as text. */

import type { Result } from './run.ts';

export interface Figures {
  seeds: number;
  failed: number;
  seconds: number;
  events: number;
  sends: number;
  /** Second copies of an entry in Loki, which every query counts once. */
  rawCopies: number;
  parked: number;
  /** Runs whose events were not each counted once. */
  lost: number;
  /** By what was hit and how. */
  faults: Record<string, number>;
}

export function noFigures(): Figures {
  return { seeds: 0, failed: 0, seconds: 0, events: 0, sends: 0, rawCopies: 0, parked: 0, lost: 0, faults: {} };
}

export function addResult(figures: Figures, result: Result): void {
  figures.seeds += 1;
  figures.failed += result.failure === undefined ? 0 : 1;
  figures.lost += result.failure?.startsWith('equation') ? 1 : 0;
  figures.events += result.events;
  figures.sends += result.sends;
  figures.rawCopies += result.rawCopies;
  figures.parked += result.parked;
  for (const [name, n] of Object.entries(result.faults)) figures.faults[name] = (figures.faults[name] ?? 0) + n;
}

export function addFigures(sum: Figures, more: Figures): void {
  for (const name of ['seeds', 'failed', 'events', 'sends', 'rawCopies', 'parked', 'lost'] as const)
    sum[name] += more[name];
  for (const [name, n] of Object.entries(more.faults)) sum.faults[name] = (sum.faults[name] ?? 0) + n;
}

export function textOf(figures: Figures): string {
  const { seeds, failed, seconds, events, sends, rawCopies, parked, lost, faults } = figures;
  const hourly = seconds > 0 ? Math.round((seeds / seconds) * 3_600) : 0;
  const injected = Object.values(faults).reduce((sum, n) => sum + n, 0);
  return [
    `${seeds} seeds in ${Math.round(seconds)} s (${hourly} an hour), ${failed} failed`,
    `${events} events, ${sends} messages to receivers, ${parked} parked, ${rawCopies} raw copies in Loki, lost ${lost}`,
    `${injected} faults: ${Object.entries(faults)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, n]) => `${name} ${n}`)
      .join(', ')}`,
  ].join('\n');
}
