/** The shipped policy, functions/pipeline.yaml, as tests and the page docs/policy.md see it: rule by rule. */

import { readFileSync } from 'node:fs';
import { type Pipeline, parsePipeline } from '../../functions/config.ts';
import { type Matcher, printMatcher } from '../../functions/core/match/matcher.ts';
import { type Priority, rank } from '../../functions/core/priority.ts';

export type Place = 'page' | 'chat' | 'log only';
export type Entry = Pipeline['severity'][number];

export interface RuleFile {
  /** On GitHub. */
  repository: string;
  file: string;
  /** The tag whose names these are. */
  version: string;
  maturity: string;
  rules: readonly string[];
}

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The names of the rules that people deploy; nothing else of them. */
export const UPSTREAM = JSON.parse(read('test/fixtures/upstream-rules.json')) as readonly RuleFile[];

export function shippedPolicy(): Pipeline {
  const problems: string[] = [];
  const pipeline = parsePipeline(read('functions/pipeline.yaml'), problems);
  if (!pipeline) throw new Error(problems.join('\n'));
  return pipeline;
}

/** As `escalate` and `route` of the shipped policy have it. */
export function placeOf(priority: Priority): Place {
  if (rank(priority) <= rank('Critical')) return 'page';
  return rank(priority) <= rank('Warning') ? 'chat' : 'log only';
}

const isOnRule = ({ name }: Matcher): boolean => name === 'rule';

/** What an entry asks for beside the rule. */
export const conditionsOf = ({ match }: Entry): readonly Matcher[] => match.filter((matcher) => !isOnRule(matcher));

/** The entries that are about a rule, in order. */
export function entriesFor(policy: Pipeline, rule: string): Entry[] {
  return policy.severity.filter(({ match }) => {
    const onRule = match.filter(isOnRule);
    return onRule.length > 0 && onRule.every((matcher) => matcher.test(rule));
  });
}

/** The rules that an entry writes out: `K8s (?:Role|ClusterRole) Created` are two. */
export function rulesNamed({ match }: Entry): string[] {
  return match.filter(isOnRule).flatMap(({ operator, value }) => (operator === '=~' ? spelt(value) : [value]));
}

/** Every text that a pattern of words, `|` and `(?:...)` stands for. */
function spelt(pattern: string): string[] {
  const group = /\(\?:([^()]*)\)/.exec(pattern);
  if (!group) return pattern.split('|');
  const [whole, inside = ''] = group;
  return inside.split('|').flatMap((word) => spelt(pattern.replace(whole, word)));
}

/** What docs/policy.md says instead of a matcher, by the matcher's beginning. */
const WORDS: readonly [beginning: string, words: string][] = [
  ['namespace!~"kube-system', "outside of Google's namespaces"],
  ['namespace!~"ci', 'outside of namespaces for CI'],
  ['environment!~"', 'in production'],
  ['family!="host"', 'in a container'],
  ['family="host"', 'on a node'],
  ['image!~"', 'not by a GPU installer'],
  ['proc.exepath=~"/usr/bin/google_', "by Google's agent"],
  ['proc.exepath!~"', "from outside of the system's folders for programs"],
  ['proc.pname!~"google_', "not by Google's agent"],
  ['proc.name=~"(?:a|ba|da|c', 'by a shell, an interpreter or netcat'],
  ['proc.name=~"curl|wget', 'by curl, wget, kubectl, Python or a shell'],
  ['proc.name=~"nmap', 'by a scanner or a listener'],
  ['proc.name=~"su|sudo', 'by a setuid program'],
  ['proc.cmdline=~"(?s)n(?:c', 'with an option that executes'],
  ['proc.cmdline=~"(?s).*/dev/(?:tcp', 'with `/dev/tcp` in the command'],
  ['proc.cmdline!~"(?s).*/dev/(?:tcp', 'to another machine'],
  ['proc.cmdline=~"(?s).*(?:\\\\bn(?:c', 'with a reverse shell as the command'],
  ['proc.cmdline=~"(?s).*(?:stratum', 'with a miner as the command'],
  ['proc.cmdline=~"(?s)bash -i', 'with `bash -i` as the command'],
  ['proc.cmdline=~"(?s)[a-z]*sh', 'with a script in `/dev/shm`'],
  ['fd.name="/proc/self/exe"', 'on `/proc/self/exe`'],
  ['ka.user.name!~"system:(?:addon', 'by a user that is not listed'],
  ['ka.user.name!~"system:.*"', 'by a user that is not of the system'],
  ['ka.uri=~"/version', 'for `/version`'],
];

/** In what case an entry counts, in words. */
function caseOf(entry: Entry, others: number): string {
  const conditions = conditionsOf(entry);
  if (conditions.length === 0) return others === 0 ? 'always' : 'otherwise';
  return conditions
    .map((matcher) => {
      const text = printMatcher(matcher);
      const found = WORDS.find(([beginning]) => text.startsWith(beginning));
      if (!found) throw new Error(`test/support/policy.ts has no words for ${text}`);
      return found[1];
    })
    .join(', ');
}

/** The tables of docs/policy.md, one a rule file. */
export function policyTables(policy: Pipeline): string {
  return UPSTREAM.map(({ maturity, repository, version, rules }) => {
    const rows = rules.flatMap((rule) => {
      const entries = entriesFor(policy, rule);
      return entries.map((entry, index) => {
        const name = index === 0 ? rule : '';
        return `| ${name} | ${placeOf(entry.priority)} | ${caseOf(entry, entries.length - 1)} | ${entry.reason} |`;
      });
    });
    const head = [
      `### ${maturity} (${repository}, ${version})`,
      '',
      '| rule | place | when | why |',
      '|---|---|---|---|',
    ];
    return [...head, ...rows, ''].join('\n');
  }).join('\n');
}
