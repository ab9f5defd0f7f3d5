import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  createMatcher,
  MatcherSyntaxError,
  matchersSchema,
  matches,
  parseMatchers,
  printMatcher,
} from '../../../functions/core/match/matcher.ts';

const plain = (text: string): [string, string, string][] =>
  parseMatchers(text).map(({ name, operator, value }) => [name, operator, value]);

describe('parseMatchers', () => {
  test.each([
    ['equal', 'rule="Terminal shell in container"', [['rule', '=', 'Terminal shell in container']]],
    ['not equal', 'namespace!="kube-system"', [['namespace', '!=', 'kube-system']]],
    ['regular expression', 'namespace=~"payments|ledger"', [['namespace', '=~', 'payments|ledger']]],
    ['negated', 'pod!~".*-[0-9]+"', [['pod', '!~', '.*-[0-9]+']]],
    ['unquoted value', 'team=payments', [['team', '=', 'payments']]],
    ['unquoted name with a dot', 'proc.name=bash', [['proc.name', '=', 'bash']]],
    ['quoted name', '"proc.aname[2]"="sh"', [['proc.aname[2]', '=', 'sh']]],
    ['quoted name of any script', '"größe 𝔘"="x"', [['größe 𝔘', '=', 'x']]],
    ['empty value', 'team=""', [['team', '=', '']]],
    [
      'blanks',
      '  team = "a" , pod != "b"  ',
      [
        ['team', '=', 'a'],
        ['pod', '!=', 'b'],
      ],
    ],
    [
      'braces',
      '{team="a",pod="b"}',
      [
        ['team', '=', 'a'],
        ['pod', '=', 'b'],
      ],
    ],
    ['trailing comma', '{team="a",}', [['team', '=', 'a']]],
    ['trailing comma without braces', 'team="a",', [['team', '=', 'a']]],
    ['nothing in braces', '{}', []],
    ['comma, brace and sign in quotes', 'output="a, b} != c"', [['output', '=', 'a, b} != c']]],
    ['escapes', 'output="a\\"b\\\\c\\nd"', [['output', '=', 'a"b\\c\nd']]],
    ['no more escapes where the name is plain', 'output="\\te\\u00e9\\x41"', [['output', '=', '\\te\\u00e9\\x41']]],
    [
      'more where it is not',
      '"proc.name"="a\\"b\\\\c\\nd\\te\\u00e9\\x41\\U0001f600"',
      [['proc.name', '=', 'a"b\\c\nd\teéA\u{1f600}']],
    ],
    ['more where the pattern needs them', 'output=~"\\u00e9"', [['output', '=~', 'é']]],
    ['a word boundary', 'output=~".*\\bnc\\b.*"', [['output', '=~', '.*\\bnc\\b.*']]],
    ['a word boundary of a Falco field', '"proc.cmdline"=~"\\\\bnc.*"', [['proc.cmdline', '=~', '\\bnc.*']]],
    ['an escaped dot of a Falco field', '"proc.name"=~"nc\\.x"', [['proc.name', '=~', 'nc\\.x']]],
    ['a backslash that escapes nothing', 'image=~"gcr\\.io/.*\\d"', [['image', '=~', 'gcr\\.io/.*\\d']]],
    ['other signs in an unquoted value', 'image=~gcr.io/(a|b)/.*', [['image', '=~', 'gcr.io/(a|b)/.*']]],
  ])('%s: %s', (_name, text, matchers) => {
    expect(plain(text)).toEqual(matchers);
  });

  test.each([
    ['', 'expected a matcher at position 1'],
    ['team', 'expected one of = != =~ !~ at position 5'],
    ['team=', 'expected a value at position 6'],
    ['="a"', 'expected a name at position 1'],
    ['""="a"', 'an empty name'],
    ['team="a', 'a quote that is never closed at position 6'],
    ['team="a" pod="b"', 'expected a comma or the end at position 10'],
    ['{team="a"', 'expected a comma or } at position 10'],
    ['team="a"}', 'expected a comma or the end at position 9'],
    ['{team="a"} x', 'expected the end at position 12'],
    ['team==a', 'expected a value at position 6'],
    ['team=a=b', 'expected a comma or the end at position 7'],
    ["team='a'", 'expected a value at position 6'],
    ['team="a",,pod="b"', 'expected a name at position 10'],
    ['team=~"("', 'a group that is never closed at position 1 of the regular expression, which begins at position 7'],
    ['team=~"(?!a)"', 'lookaround'],
    ['"a.b"="\\U00110000"', 'past U+10FFFF'],
    ['"a.b"="\\ud800"', 'half a surrogate pair at position 8'],
    ['"a.b"=~"\\bnc"', 'double the backslash to keep it'],
    ['"a.b"="\\xe9"', 'double the backslash to keep it'],
    ['team\u00a0="a"', 'expected one of'],
  ])('refuses %s', (text, message) => {
    expect(() => parseMatchers(text)).toThrow(MatcherSyntaxError);
    expect(() => parseMatchers(text)).toThrow(message);
  });

  test('what is printed is read back', () => {
    const operator = fc.constantFrom('=' as const, '!=' as const);
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            text.filter((name) => name !== ''),
            operator,
            text,
          ),
          { minLength: 1 },
        ),
        (parts) => {
          const printed = parts.map(([name, sign, value]) => printMatcher({ name, operator: sign, value })).join(', ');
          expect(plain(printed)).toEqual(parts);
          expect(plain(`{${printed}}`)).toEqual(parts);
        },
      ),
    );
  });

  test('any text is read or refused by its position', () => {
    const piece = fc.constantFrom(
      'a',
      '=',
      '~',
      '!',
      '"',
      '{',
      '}',
      ',',
      '\\',
      ' ',
      '(',
      '\n',
      'é',
      '\u{1f600}',
      '\ud800',
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join('');
        try {
          parseMatchers(text);
        } catch (error) {
          expect(error).toBeInstanceOf(MatcherSyntaxError);
          expect((error as MatcherSyntaxError).position).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('matches', () => {
  const known: Record<string, string | undefined> = {
    namespace: 'payments',
    pod: 'ledger-0',
    team: undefined,
    image: 'x'.repeat(5000),
  };
  const facts = (name: string): string | undefined => (name in known ? known[name] : '');

  test.each([
    ['all fit', 'namespace="payments",pod=~"ledger-[0-9]"', 'yes'],
    ['one does not', 'namespace="payments",pod="x"', 'no'],
    ['one is not known', 'namespace="payments",team="a"', 'unknown'],
    ['negation of what is not known', 'team!="a"', 'unknown'],
    ['regular expression on what is not known', 'team=~".*"', 'unknown'],
    ['no wins over unknown', 'team="a",namespace="x"', 'no'],
    ['no wins over unknown, the other way round', 'namespace="x",team="a"', 'no'],
    ['known to be empty', 'node=""', 'yes'],
    ['known to be empty, negated', 'node!="a"', 'yes'],
    ['anchored at the start', 'namespace=~"ayments"', 'no'],
    ['anchored at the end', 'namespace=~"payment"', 'no'],
    ['anchored with alternatives', 'namespace=~"x|pay"', 'no'],
    ['negated regular expression', 'namespace!~"x|pay"', 'yes'],
    ['no matcher', '{}', 'yes'],
    ['regular expression on more than 4 KiB', 'image=~"x+"', 'unknown'],
    ['equality on more than 4 KiB', 'image="x"', 'no'],
  ])('%s: %s is %s', (_name, text, verdict) => {
    expect(matches(parseMatchers(text), facts)).toBe(verdict);
  });

  test('a matcher can be made without text', () => {
    expect(createMatcher('a', '!~', 'b+').test('bb')).toBe(false);
  });
});

describe('matchersSchema', () => {
  test('all strings are conjoined', () => {
    const matchers = matchersSchema.parse(['rule="a", team="b"', '{proc.name="c"}', 'namespace_label_x="d"']);
    expect(matchers.map(({ name }) => name)).toEqual(['rule', 'team', 'proc.name', 'namespace_label_x']);
  });

  test('every problem is named with its place', () => {
    const result = matchersSchema.safeParse(['rule=', 'rule="a"', 'namespce="a"', 'rule=~"["']);
    expect(result.error?.issues.map(({ path, message }) => [path[0], message])).toEqual([
      [0, 'expected a value at position 6'],
      [2, 'no alert has "namespce": it is neither a fact nor a Falco field'],
      [3, 'a class that is never closed at position 1 of the regular expression, which begins at position 7'],
    ]);
  });

  test.each([[undefined], ['rule="a"'], [[1]]])('refuses %p', (value) => {
    expect(matchersSchema.safeParse(value).success).toBe(false);
  });
});
