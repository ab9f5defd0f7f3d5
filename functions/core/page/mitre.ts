/** Names for the MITRE ATT&CK techniques and tactics that Falco's rules carry as tags. */

/** https://attack.mitre.org/tactics/enterprise/ */
const TACTICS: ReadonlyMap<string, string> = new Map([
  ['TA0043', 'reconnaissance'],
  ['TA0042', 'resource development'],
  ['TA0001', 'initial access'],
  ['TA0002', 'execution'],
  ['TA0003', 'persistence'],
  ['TA0004', 'privilege escalation'],
  ['TA0005', 'defense evasion'],
  ['TA0006', 'credential access'],
  ['TA0007', 'discovery'],
  ['TA0008', 'lateral movement'],
  ['TA0009', 'collection'],
  ['TA0011', 'command and control'],
  ['TA0010', 'exfiltration'],
  ['TA0040', 'impact'],
]);
const TACTIC_WORDS: ReadonlySet<string> = new Set(TACTICS.values());

/** Those of the upstream rule files; https://attack.mitre.org/techniques/ has the rest. */
const TECHNIQUES: ReadonlyMap<string, string> = new Map([
  ['T1005', 'Data from Local System'],
  ['T1020', 'Automated Exfiltration'],
  ['T1046', 'Network Service Discovery'],
  ['T1053.003', 'Cron'],
  ['T1055.008', 'Ptrace System Calls'],
  ['T1059', 'Command and Scripting Interpreter'],
  ['T1059.004', 'Unix Shell'],
  ['T1070', 'Indicator Removal'],
  ['T1072', 'Software Deployment Tools'],
  ['T1083', 'File and Directory Discovery'],
  ['T1098', 'Account Manipulation'],
  ['T1098.004', 'SSH Authorized Keys'],
  ['T1132', 'Data Encoding'],
  ['T1190', 'Exploit Public-Facing Application'],
  ['T1195.002', 'Compromise Software Supply Chain'],
  ['T1204', 'User Execution'],
  ['T1205.001', 'Port Knocking'],
  ['T1222.002', 'Linux and Mac Permissions Modification'],
  ['T1485', 'Data Destruction'],
  ['T1496', 'Resource Hijacking'],
  ['T1505', 'Server Software Component'],
  ['T1505.003', 'Web Shell'],
  ['T1543', 'Create or Modify System Process'],
  ['T1546.004', 'Unix Shell Configuration Modification'],
  ['T1548.001', 'Setuid and Setgid'],
  ['T1548.003', 'Sudo and Sudo Caching'],
  ['T1552', 'Unsecured Credentials'],
  ['T1552.001', 'Credentials In Files'],
  ['T1552.005', 'Cloud Instance Metadata API'],
  ['T1555', 'Credentials from Password Stores'],
  ['T1556', 'Modify Authentication Process'],
  ['T1557.002', 'ARP Cache Poisoning'],
  ['T1564.001', 'Hidden Files and Directories'],
  ['T1565', 'Data Manipulation'],
  ['T1609', 'Container Administration Command'],
  ['T1610', 'Deploy Container'],
  ['T1611', 'Escape to Host'],
  ['T1620', 'Reflective Code Loading'],
  ['T1622', 'Debugger Evasion'],
]);

export interface Attack {
  techniques: readonly { id: string; name?: string }[];
  /** Plain words, such as `privilege escalation`. */
  tactics: readonly string[];
}

/** Reads techniques (`T1059.004`) and tactics (`mitre_execution`, `TA0002`) from a rule's tags; other tags are skipped. */
export function attackOf(tags: readonly string[]): Attack {
  const techniques: { id: string; name?: string }[] = [];
  const tactics = new Set<string>();
  for (const tag of tags) {
    if (/^T\d{4}(\.\d{3})?$/.test(tag)) {
      const name = TECHNIQUES.get(tag);
      techniques.push(name === undefined ? { id: tag } : { id: tag, name });
    }
    const tactic = TACTICS.get(tag) ?? (tag.startsWith('mitre_') ? tag.slice(6).replaceAll('_', ' ') : '');
    if (TACTIC_WORDS.has(tactic)) tactics.add(tactic);
  }
  return { techniques, tactics: [...tactics] };
}

/** `T1059 Command and Scripting Interpreter · execution`, or the empty string where no tag says anything. */
export function attackText(tags: readonly string[]): string {
  const { techniques, tactics } = attackOf(tags);
  const named = techniques.map(({ id, name }) => (name ? `${id} ${name}` : id)).join(', ');
  return [named, tactics.join(', ')].filter(Boolean).join(' · ');
}
