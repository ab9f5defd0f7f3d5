/** The page of what the relay itself has to say: its own lines, without where and when, and nothing to be done first. */

import { bounded } from '../plain.ts';
import type { Notification, ReportLine } from './notification.ts';
import type { Page } from './page.ts';
import { headlineOf } from './phrase.ts';

export function reportPage(
  { lead }: Pick<Notification, 'lead'>,
  report: readonly ReportLine[],
  { level, limit }: { level: { short: string; symbol: string }; limit: number },
): Page {
  const headline = headlineOf(lead);
  return {
    symbol: level.symbol,
    headline,
    summary: bounded(`${level.short} ${headline}: ${report[0]?.text ?? ''}`, limit),
    lines: report.map(({ text }) => ({ name: 'report', spans: [{ text }] })),
  };
}
