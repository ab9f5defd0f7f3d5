import { describe, expect, test } from '@jest/globals';
import { attackOf, attackText } from '../../../functions/core/page/mitre.ts';

/** Every technique of the upstream rule files. */
const UPSTREAM =
  'T1005 T1020 T1046 T1053.003 T1055.008 T1059 T1059.004 T1070 T1072 T1083 T1098 T1098.004 T1132 T1190 T1195.002 T1204 ' +
  'T1205.001 T1222.002 T1485 T1496 T1505 T1505.003 T1543 T1546.004 T1548.001 T1548.003 T1552 T1552.001 T1552.005 T1555 ' +
  'T1556 T1557.002 T1564.001 T1565 T1610 T1611 T1620 T1622';

describe('attackOf', () => {
  test.each(UPSTREAM.split(' '))('%s has a name', (id) => {
    expect(attackOf([id]).techniques[0]?.name).toEqual(expect.stringMatching(/^[A-Z]/));
  });

  test.each([
    [
      'a technique and its tactic',
      ['T1059', 'container', 'mitre_execution'],
      'T1059 Command and Scripting Interpreter · execution',
    ],
    ['a technique unknown so far', ['T9999.001'], 'T9999.001'],
    ['a tactic by its id', ['TA0003', 'mitre_persistence'], 'persistence'],
    ['words of several parts', ['mitre_command_and_control'], 'command and control'],
    [
      'two of each',
      ['T1505.003', 'T1059', 'mitre_execution', 'mitre_persistence'],
      'T1505.003 Web Shell, T1059 Command and Scripting Interpreter · execution, persistence',
    ],
    ['other tags', ['PCI_DSS_11.5.1', 'maturity_stable', 'T12', 'TA9999', 'mitre_<!channel>', 'xT1059'], ''],
    ['none', [], ''],
  ])('%s', (_name, tags, expected) => {
    expect(attackText(tags)).toBe(expected);
  });
});
