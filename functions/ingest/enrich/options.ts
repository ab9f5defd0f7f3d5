/** The part of pipeline.yaml that enrichment reads: which clusters may be asked, how, and how long it may take. */

import * as z from 'zod';
import { duration } from '../../core/duration.ts';
import { clusterKey, isClusterName, isLocation, isProject } from '../../core/event/metadata.ts';

/** Tokens of ours go to this address: https, or this machine. */
function isApiOrigin(text: string): boolean {
  const url = URL.parse(text);
  if (url?.pathname !== '/' || url.search || url.hash || url.username || url.password) return false;
  return (
    url.protocol === 'https:' || (url.protocol === 'http:' && /^(?:127\.0\.0\.1|localhost|\[::1\])$/.test(url.hostname))
  );
}

const kubernetes = z.union([
  z
    .literal('dns')
    .describe("The cluster's DNS endpoint: public certificate, IAM permission container.clusters.connect."),
  z.literal('ip').describe("The cluster's IP endpoint, with the cluster's own certificate authority."),
  z.strictObject({
    endpoint: z.string().refine(isApiOrigin, 'not an https origin such as https://10.0.0.2:6443'),
    ca: z.string().min(1).optional().describe('Path of a PEM file; without it the certificate must be a public one.'),
  }),
]);

const cluster = z.strictObject({
  project: z.string().refine(isProject, 'not a Google Cloud project id'),
  location: z.string().refine(isLocation, 'not a region or zone'),
  name: z.string().refine(isClusterName, 'not a GKE cluster name'),
  environment: z
    .string()
    .regex(/^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/, 'not a word of at most 32 lower-case letters, digits and dashes')
    .optional()
    .describe('What the cluster is for, as matchers ask for it: production, development, ...'),
  metadata: z.string().min(1).optional().describe('Path of a static file that stands in for the GKE API.'),
  kubernetes: kubernetes.optional().describe("Asks the cluster's Kubernetes API; off unless set."),
});

/** The schema of `clusters` and `enrich`. Durations are parsed to milliseconds. */
export const enrichOptions = z.strictObject({
  clusters: z
    .array(cluster)
    .default([])
    .check(({ value, issues }) => {
      const seen = new Set<string>();
      value.forEach((each, index) => {
        const key = clusterKey(each);
        if (seen.has(key)) issues.push({ code: 'custom', message: 'listed twice', path: [index], input: key });
        seen.add(key);
      });
    })
    .describe('Only these are asked for metadata; events of others pass without.'),
  enrich: z
    .strictObject({
      budget: duration('10s', 'The longest that one event waits for metadata.').prefault('300ms'),
      team_labels: z
        .array(z.string().min(1).max(317))
        .max(8)
        .default(['team', 'owner'])
        .describe('Labels of the pod, then of the namespace, that name the team; the first that is set wins.'),
      ttl: duration('24h', 'How long an answer is fresh.').prefault('10m'),
      missing_ttl: duration('1h', 'How long "not there" and "denied" are believed.').prefault('30s'),
      stale: duration('7d', 'How long an answer may stand in while its API fails.').prefault('6h'),
      request_timeout: duration('1m', 'When one request is given up; a late answer serves later events.').prefault(
        '5s',
      ),
      entries: z.int().min(16).max(1_000_000).default(5_000).describe('Objects of each kind that are remembered.'),
      breaker_failures: z.int().min(1).max(100).default(5).describe('Failures in a row until a cluster is left alone.'),
      breaker_pause: duration('1h', 'How long it is left alone.').prefault('30s'),
    })
    .prefault({}),
});

export type EnrichOptions = z.output<typeof enrichOptions>;
export type ListedCluster = EnrichOptions['clusters'][number];
