/** One line of the benchmark's table. */

export interface Result {
  name: string;
  value: number;
  /** Absent where a figure is shown for comparison only. */
  limit?: { atMost: number } | { atLeast: number };
  /** What the ratio was made of. */
  raw: string;
}

export function holds({ value, limit }: Result): boolean {
  if (!limit) return true;
  return 'atMost' in limit ? value <= limit.atMost : value >= limit.atLeast;
}

export function table(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.name,
    result.value.toFixed(3),
    limitOf(result),
    result.limit ? (holds(result) ? 'ok' : 'NO') : '',
    result.raw,
  ]);
  const head = ['measured', 'value', 'limit', 'ok', 'raw medians'];
  const widths = head.map((title, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? title).length)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function limitOf({ limit }: Result): string {
  if (!limit) return '-';
  return 'atMost' in limit ? `<= ${limit.atMost}` : `>= ${limit.atLeast}`;
}
