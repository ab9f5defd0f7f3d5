/** What happened, in a few plain words per behaviour: `ran /tmp/.x/kworker, not in image`. */

import { plain } from '../plain.ts';
import { watchPhrase, watchPlace } from '../watch/watch-words.ts';
import { type Behaviour, behaviourOf, isHost } from './behaviour.ts';
import type { AlertView } from './notification.ts';

const NAME_LIMIT = 60;
const PATH_LIMIT = 80;
const RULE_LIMIT = 120;

/** Directories from which a container's own programs run. */
const SYSTEM_BIN = /^\/(usr\/(local\/)?)?s?bin\//;

/** A field of the event as text, undefined where Falco had no value (`<NA>`, empty). */
export function fieldOf(alert: AlertView, name: string): string | undefined {
  const value = alert.fields[name];
  return value === undefined || value === '' || value === '<NA>' ? undefined : value;
}

/** The program's path, else its name. */
export function programOf(alert: AlertView): string {
  const path = fieldOf(alert, 'proc.exepath') ?? fieldOf(alert, 'proc.exe') ?? fieldOf(alert, 'proc.name');
  return plain(path ?? 'a program', PATH_LIMIT, 'end');
}

/** The process's name, short. */
export function processOf(alert: AlertView): string {
  return plain(fieldOf(alert, 'proc.name') ?? fieldOf(alert, 'proc.exepath') ?? 'a process', NAME_LIMIT, 'end');
}

/** The far end of a connection, `203.0.113.9:4444`, if the event names one. */
export function remoteOf(alert: AlertView): string | undefined {
  const name = fieldOf(alert, 'fd.name');
  const arrow = name?.lastIndexOf('->') ?? -1;
  if (name && arrow >= 0) return plain(name.slice(arrow + 2), NAME_LIMIT, 'end');
  const address = fieldOf(alert, 'fd.rip') ?? fieldOf(alert, 'fd.sip');
  if (!address) return undefined;
  const port = fieldOf(alert, 'fd.rport') ?? fieldOf(alert, 'fd.sport');
  return plain(port ? `${address}:${port}` : address, NAME_LIMIT, 'end');
}

/** The file that the event is about. A connection's name is none. */
export function fileOf(alert: AlertView): string | undefined {
  const name = fieldOf(alert, 'fd.name');
  return name?.startsWith('/') && !name.includes('->') ? plain(name, PATH_LIMIT, 'end') : undefined;
}

/** Who did it: the account of an audit event, else the process's user. */
export function userOf(alert: AlertView): string | undefined {
  const account = fieldOf(alert, 'ka.user.name');
  if (account) return plain(account, NAME_LIMIT, 'end');
  const name = fieldOf(alert, 'user.name');
  const uid = fieldOf(alert, 'user.uid');
  // 4294967295 is the kernel's "no such user".
  const known = uid !== undefined && uid !== '4294967295' ? plain(uid, 12) : undefined;
  if (!name) return known === undefined ? undefined : `uid ${known}`;
  const shown = plain(name, NAME_LIMIT);
  return known === '0' && name !== 'root' ? `${shown} (uid 0)` : shown;
}

/** What an audit event was done to: `payments/ledger-api-7c9d-x2x8k`. */
function targetOf(alert: AlertView): string {
  const namespace = fieldOf(alert, 'ka.target.namespace') ?? alert.where.namespace;
  const name = fieldOf(alert, 'ka.target.name') ?? alert.where.pod;
  return plain([namespace, name].filter(Boolean).join('/') || 'an object', PATH_LIMIT, 'end');
}

function actorOf(alert: AlertView): string {
  return userOf(alert) ?? 'somebody';
}

interface Words {
  /** After `in payments/ledger-api: `, lower case. */
  phrase(alert: AlertView): string;
  /** The rule in a list of what else happened. */
  short(alert: AlertView): string;
}

function words(phrase: (alert: AlertView) => string, short: string | ((alert: AlertView) => string)): Words {
  return { phrase, short: typeof short === 'string' ? () => short : short };
}

function ruleName(alert: AlertView): string {
  return plain(alert.rule, RULE_LIMIT);
}

const byRule = words(ruleName, ruleName);

/** Of the relay's own alerts the sender goes without saying. */
const OWN = /^Falco Relay: /;

/** What the relay says that is not about a silence: an announcement, a publisher that is not known. */
const isOwnWord = (alert: AlertView): boolean => alert.source === 'relay' && behaviourOf(alert) !== 'watch';

/** A terminal in a program that no image ships is no shell that somebody opened to look around. */
function shellPhrase(alert: AlertView): string {
  const path = fieldOf(alert, 'proc.exepath');
  if (path && !SYSTEM_BIN.test(path))
    return `ran ${programOf(alert)} with a terminal, outside the system's bin directories`;
  const user = userOf(alert);
  return `shell opened (${processOf(alert)}${user ? ` as ${user}` : ''})`;
}

function toRemote(alert: AlertView): string {
  const remote = remoteOf(alert);
  return remote ? ` to ${remote}` : '';
}

function minerPhrase(alert: AlertView): string {
  return alert.rule.startsWith('Known Cryptominer')
    ? `cryptominer ${programOf(alert)} running`
    : `${processOf(alert)} talks to a mining pool${toRemote(alert)}`;
}

function credentialsPhrase(alert: AlertView): string {
  const file = fileOf(alert);
  if (/^Create (Symlink|Hardlink)/.test(alert.rule)) return `${processOf(alert)} linked a sensitive file`;
  if (/^(Find|Search)/.test(alert.rule)) return `${processOf(alert)} searched for keys or credentials`;
  return `${processOf(alert)} read ${file ?? 'credentials'}`;
}

function execPhrase(alert: AlertView): string {
  const how = fieldOf(alert, 'ka.target.subresource');
  return `${actorOf(alert)} opened ${how ? plain(how, 20) : 'exec'} into ${targetOf(alert)}`;
}

function privilegedPhrase(alert: AlertView): string {
  const kind = /HostPid/i.test(alert.rule)
    ? 'hostPID'
    : /HostNetwork/i.test(alert.rule)
      ? 'hostNetwork'
      : /HostIPC/i.test(alert.rule)
        ? 'hostIPC'
        : /Sensitive Mount/i.test(alert.rule)
          ? 'sensitive-mount'
          : 'privileged';
  if (alert.source !== 'k8s_audit') return 'privileged container started';
  return `${actorOf(alert)} created ${kind} pod ${targetOf(alert)}`;
}

const WORDS: Readonly<Record<Behaviour, Words>> = {
  shell: words(shellPhrase, (alert) =>
    alert.rule === 'Terminal shell in container' ? 'Terminal shell' : ruleName(alert),
  ),
  'dropped-binary': words((alert) => `ran ${programOf(alert)}, not in image`, 'Dropped binary'),
  'memory-filesystem': words((alert) => `ran ${programOf(alert)} from shared memory`, 'Execution from /dev/shm'),
  fileless: words((alert) => `ran ${processOf(alert)} from memory, no file behind it`, 'Fileless execution'),
  netcat: words((alert) => `netcat opened for remote commands${toRemote(alert)}`, 'Netcat'),
  'reverse-shell': words(
    (alert) => `reverse shell, ${processOf(alert)} wired${toRemote(alert) || ' to the network'}`,
    'Reverse shell',
  ),
  miner: words(minerPhrase, 'Cryptominer'),
  'api-server': words(
    (alert) => `API server contacted by ${processOf(alert)}`,
    (alert) => `API contact by ${processOf(alert)}`,
  ),
  credentials: words(credentialsPhrase, credentialsPhrase),
  'package-manager': words(
    (alert) => `package manager ${processOf(alert)} ran`,
    (alert) => `Package manager ${processOf(alert)}`,
  ),
  escape: words((alert) => `container escape tried: ${ruleName(alert)}`, ruleName),
  'kernel-module': words((alert) => `kernel module loaded by ${processOf(alert)}`, 'Kernel module'),
  backdoor: words(() => 'sshd loaded a backdoored liblzma (CVE-2024-3094)', 'Backdoored liblzma'),
  ptrace: words((alert) => `${processOf(alert)} attached to another process`, 'ptrace attach'),
  'covering-tracks': words((alert) => `${processOf(alert)} cleared ${fileOf(alert) ?? 'logs or history'}`, ruleName),
  destruction: words((alert) => `${processOf(alert)} removed data in bulk`, 'Bulk data removal'),
  ssh: words((alert) => `SSH on a non-standard port${toRemote(alert)}`, 'SSH on a non-standard port'),
  'ssh-key': words((alert) => `SSH key added by ${processOf(alert)}`, 'SSH key added'),
  'packet-socket': words((alert) => `${processOf(alert)} opened a packet socket`, 'Packet socket'),
  'pod-exec': words(execPhrase, execPhrase),
  'cluster-admin': words((alert) => `${actorOf(alert)} bound cluster-admin`, 'cluster-admin bound'),
  'privileged-pod': words(privilegedPhrase, privilegedPhrase),
  falco: byRule,
  watch: words(watchPhrase, watchPhrase),
  'other-audit': words((alert) => `${actorOf(alert)}: ${ruleName(alert)}`, ruleName),
  'other-host': byRule,
  'other-container': byRule,
};

/** What happened, without where, beginning in lower case unless it begins with a name. */
export function phraseOf(alert: AlertView): string {
  if (isOwnWord(alert)) return ruleName(alert).replace(OWN, '');
  return WORDS[behaviourOf(alert)].phrase(alert);
}

/** The alert in a list, as short as it can be told. */
export function shortOf(alert: AlertView): string {
  return WORDS[behaviourOf(alert)].short(alert);
}

/** Where it happened: `payments/ledger-api`, a node for host events, the cluster for audit events. */
export function placeOf(alert: AlertView): string {
  const { where } = alert;
  const workload = where.workload?.name ?? where.derivedWorkload ?? where.pod;
  if (alert.source === 'k8s_audit') return plain(where.cluster?.name ?? 'an unknown cluster', PATH_LIMIT);
  if (where.namespace) return plain(workload ? `${where.namespace}/${workload}` : where.namespace, PATH_LIMIT, 'end');
  if (behaviourOf(alert) === 'watch') return plain(watchPlace(alert).place, PATH_LIMIT, 'end');
  if (!isHost(alert)) return plain(workload ?? imageOf(alert) ?? where.container ?? 'a container', PATH_LIMIT, 'end');
  return plain(where.node ?? (alert.hostname || 'an unknown node'), PATH_LIMIT, 'end');
}

/** `ledger-api:v41`: the image without its registry. */
export function imageOf(alert: AlertView): string | undefined {
  const { image, imageTag } = alert.where;
  if (!image) return undefined;
  const short = image.slice(image.lastIndexOf('/') + 1);
  return plain(imageTag ? `${short}:${imageTag}` : short, PATH_LIMIT, 'end');
}

/** `Shell in payments/ledger-api`, `Ran /tmp/.x/kworker, not in image, in payments/ledger-api`. */
export function headlineOf(alert: AlertView): string {
  const phrase = phraseOf(alert);
  if (isOwnWord(alert) && !alert.where.cluster) return phrase.charAt(0).toUpperCase() + phrase.slice(1);
  // The first line names who and how anyway: a headline says Shell and where.
  const title = phrase.startsWith('shell opened') ? 'Shell' : capital(phrase);
  const usual = isHost(alert) ? 'on' : 'in';
  const preposition = behaviourOf(alert) === 'watch' ? watchPlace(alert).preposition : usual;
  return `${title}${title.includes(', ') ? ',' : ''} ${preposition} ${placeOf(alert)}`;
}

/** Only our own words begin in capitals: a name from the event keeps its spelling. */
function capital(phrase: string): string {
  return /^(ran|netcat|reverse|cryptominer|package|container|kernel|privileged) /.test(phrase)
    ? phrase.charAt(0).toUpperCase() + phrase.slice(1)
    : phrase;
}
