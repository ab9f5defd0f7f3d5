import { describe, expect, test } from '@jest/globals';
import { derivedWorkload } from '../../../functions/core/event/workload.ts';

const long = 'payments-settlement-reconciliation-batch-worker-for-europe';

describe('derivedWorkload', () => {
  test.each([
    ['Deployment', 'ledger-api-7c9d5b8f6d-x2x8k', 'ledger-api'],
    ['Deployment, hash of 8', 'ledger-api-5d59d675-x2x8k', 'ledger-api'],
    ['Deployment, hash of letters', 'ledger-api-bcdfbcdf-x2x8k', 'ledger-api'],
    ['Deployment, hash of digits', 'ledger-api-4567894567-x2x8k', 'ledger-api'],
    ['Deployment, short hash', 'ledger-api-7c9d-x2x8k', 'ledger-api'],
    ['Deployment, hexadecimal hash', 'fluentbit-gke-ad1a4c01e-r4tw9', 'fluentbit-gke'],
    ['Deployment, random of digits', 'frontend-1ae9c78bd-96527', 'frontend'],
    ['Deployment, whole alphabet', 'api-zx2vq7hkwl-x2x8k', 'api'],
    ['Deployment named with a version', 'redis-7-7c9d5b8f6d-x2x8k', 'redis-7'],
    ['Deployment named with a hash-like word', 'api-v2-66b6c48dd5-bhbt4', 'api-v2'],
    ['DaemonSet', 'node-exporter-hrdlb', 'node-exporter'],
    ['DaemonSet named with a number', 'agent-2-m5vms', 'agent-2'],
    ['Job', 'migrate-schema-9qv4m', 'migrate-schema'],
    ['CronJob', 'cron-report-29384720-2rdlk', 'cron-report'],
    ['CronJob, a later century', 'cron-report-293847201-2rdlk', 'cron-report'],
    ['StatefulSet', 'kafka-0', 'kafka'],
    ['StatefulSet, ordinal past nine', 'kafka-12', 'kafka'],
    ['lone pod that ends in a number reads as a StatefulSet', 'redis-7', 'redis'],
    ['static pod on a GKE node', 'kube-proxy-gke-data-eu4-default-pool-e8e25d94-d0k6', 'kube-proxy'],
    ['cut at 58, dash kept', `${long.slice(0, 57)}-x2x8k`, long.slice(0, 57)],
    ['cut at 58, inside the hash', `${long.slice(0, 52)}-7c9d5x2x8k`, long.slice(0, 52)],
  ])('%s: %s', (_name, pod, workload) => {
    expect(derivedWorkload(pod)).toBe(workload);
  });

  test.each([
    ['lone pod', 'debug'],
    ['word with vowels', 'my-frontend'],
    ['five letters with a vowel', 'ledger-proxy'],
    ['word in the alphabet', 'static-httpd'],
    ['word in the alphabet', 'gateway-https'],
    ['year as a name', 'report-20261'],
    ['ordinal with a leading zero', 'shard-007'],
    ['only the suffix', 'x2x8k'],
    ['capital letters', 'ledger-X2X8K'],
    ['no name', ''],
  ])('%s stays: %s', (_name, pod) => {
    expect(derivedWorkload(pod)).toBe(pod);
  });

  test('a version that looks like a hash is kept where the random part is missing', () => {
    expect(derivedWorkload('app-7c9d5b8f6d')).toBe('app-7c9d5b8f6d');
  });

  test('what is longer than any name of Kubernetes stays, and costs nothing', () => {
    const longest = `a${'a-gke-'.repeat(41)}-x2x8k`;
    expect(derivedWorkload(longest)).toBe(longest.slice(0, -6));
    expect(derivedWorkload(`a${longest}`)).toBe(`a${longest}`);
    const endless = 'a-gke-'.repeat(100_000);
    expect(derivedWorkload(endless)).toBe(endless);
  });
});
