/** The workload's name as the pod's name tells it: what Kubernetes generates is stripped, what people chose stays. */

/** Kubernetes' alphabet for generated names (k8s.io/apimachinery/pkg/util/rand): no vowels, so that no words come out. */
const RANDOM = '[bcdfghjklmnpqrstvwxz2456789]{5}';

// A ReplicaSet's hash is a 32-bit number in decimal, spelt in that alphabet: ten characters of it occur, nearly always
// eight to ten of them. Shorter ones count where a digit and a letter stand together. Other systems write hexadecimal;
// the whole alphabet is taken too, but both want a digit, since "deadbeef" or a word could be a name.
const HASH = [
  '[bcdf456789]{8,10}',
  '(?=[bcdf]*[456789])(?=[456789]*[bcdf])[bcdf456789]{4,7}',
  '(?=[a-f]*[0-9])[0-9a-f]{8,10}',
  '(?=[a-z]*[0-9])[bcdfghjklmnpqrstvwxz2456789]{8,10}',
].join('|');

const CRON_JOB = new RegExp(`^(.+)-[0-9]{8,}-${RANDOM}$`);
const DEPLOYMENT = new RegExp(`^(.+)-(?:${HASH})-${RANDOM}$`);
/** A static pod carries its node's name; GKE's are gke-CLUSTER-POOL-HASH-SUFFIX. */
const STATIC_POD = /^(.+?)-gke-.+-[0-9a-f]{8}-[a-z0-9]{4}$/;
const DAEMON_SET_OR_JOB = new RegExp(`^(.+)-${RANDOM}$`);
const STATEFUL_SET = /^(.+)-(?:0|[1-9][0-9]{0,3})$/;

/** Names people choose that Kubernetes' alphabet happens to spell. */
const WORDS = /-(?:dhcpd|grpcs|html5|httpd|https|mqtts|mssql|pgsql|smtpd|tftpd)$/;

/** An API server cuts the chosen part at 58 characters and appends five: past that the dash itself may be gone. */
const LONGEST = 63;
const CUT = /-[bcdf456789]{0,10}-?$/;

/** Kubernetes allows a pod no longer name; what is longer is none, and the patterns would take the square of its length. */
const LONGEST_NAME = 253;

/**
 * Strips what a Deployment, ReplicaSet, DaemonSet, Job, CronJob or StatefulSet appends to the names of its pods.
 * A trailing small number counts as a StatefulSet's ordinal: a lone pod `redis-7` reads as `redis`, while a Deployment
 * `redis-7` keeps its number, since only one kind of suffix is stripped.
 */
export function derivedWorkload(podName: string): string {
  if (podName.length > LONGEST_NAME || WORDS.test(podName)) return podName;
  for (const pattern of [CRON_JOB, DEPLOYMENT, STATIC_POD, DAEMON_SET_OR_JOB, STATEFUL_SET]) {
    const name = pattern.exec(podName)?.[1];
    if (name !== undefined) return name;
  }
  return podName.length === LONGEST ? podName.slice(0, -5).replace(CUT, '') : podName;
}
