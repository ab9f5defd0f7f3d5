/** A fault to plant: one rule of docs/protocol.md, broken by one change of the code. */

export interface Fault {
  /** Kebab-case; names it on the command line and in the table. */
  id: string;
  /** The rule of docs/protocol.md that it breaks. */
  rule: string;
  /** What the code then does, in a few words. */
  does: string;
  /** Below the top of the project. */
  file: string;
  /** Stands in the file exactly once. */
  from: string;
  to: string;
  /** Suites that must notice, the quickest first: what jest takes as patterns of paths. */
  suites: readonly string[];
}
