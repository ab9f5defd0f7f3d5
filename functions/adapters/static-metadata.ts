/** A file that stands in for the APIs: what is known of clusters that may not be asked. YAML or JSON. */

import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import * as z from 'zod';
import type { ClusterRef } from '../core/event/alert.ts';
import { type ClusterStatics, isClusterName, isLocation, isProject } from '../core/event/metadata.ts';

const labels = z.record(z.string(), z.string()).default({});
const pattern = z.string().min(1).max(253);

/** The schema of a static file. `*` in a name stands for any characters; of several entries the first that fits wins. */
export const staticMetadata = z.strictObject({
  clusters: z.array(
    z.strictObject({
      project: z.string().refine(isProject, 'not a Google Cloud project id'),
      location: z.string().refine(isLocation, 'not a region or zone'),
      name: z.string().refine(isClusterName, 'not a GKE cluster name'),
      version: z.string().optional(),
      nodes: z
        .array(
          z.strictObject({
            name: pattern,
            pool: z.string().optional(),
            zone: z.string().optional(),
            machine_type: z.string().optional(),
            spot: z.boolean().default(false),
          }),
        )
        .default([]),
      namespaces: z.array(z.strictObject({ name: pattern, team: z.string().optional(), labels })).default([]),
      pods: z
        .array(
          z.strictObject({
            namespace: pattern,
            name: pattern,
            workload: z.strictObject({ kind: z.string().min(1), name: z.string().min(1) }).optional(),
            service_account: z.string().optional(),
            team: z.string().optional(),
            labels,
          }),
        )
        .default([]),
    }),
  ),
});

type StaticCluster = z.output<typeof staticMetadata>['clusters'][number];

/**
 * Reads a static file and gives what it says of one cluster. Throws when the file can't be read, is malformed (zod's
 * error names each place), or does not have the cluster.
 */
export async function readStaticMetadata(path: string, cluster: ClusterRef): Promise<ClusterStatics> {
  const { clusters } = staticMetadata.parse(parse(await readFile(path, 'utf8'), { stringKeys: true }));
  const { project, location, name } = cluster;
  const entry = clusters.find((one) => one.project === project && one.location === location && one.name === name);
  if (!entry) throw new Error(`${path} does not have the cluster ${project}/${location}/${name}`);
  return staticsOf(entry);
}

function staticsOf({ version, nodes, namespaces, pods }: StaticCluster): ClusterStatics {
  const nodeRules = nodes.map(({ name, machine_type: machineType, spot, pool, zone }) => ({
    fits: glob(name),
    facts: { spot, ...(pool && { pool }), ...(zone && { zone }), ...(machineType && { machineType }) },
  }));
  const namespaceRules = namespaces.map(({ name, team, labels: of }) => ({
    fits: glob(name),
    facts: { labels: of, ...(team && { team }) },
  }));
  const podRules = pods.map(({ namespace, name, workload, service_account: serviceAccount, team, labels: of }) => ({
    fitsNamespace: glob(namespace),
    fits: glob(name),
    facts: {
      labels: of,
      ...(workload && { workload }),
      ...(serviceAccount && { serviceAccount }),
      ...(team && { team }),
    },
  }));
  return {
    ...(version && { version }),
    node: (name) => nodeRules.find(({ fits }) => fits(name))?.facts,
    namespace: (name) => namespaceRules.find(({ fits }) => fits(name))?.facts,
    pod: (namespace, name) => podRules.find(({ fits, fitsNamespace }) => fitsNamespace(namespace) && fits(name))?.facts,
  };
}

/** Compares piece by piece, not by a pattern of `.*`, whose time can explode on a name made for it. */
function glob(written: string): (name: string) => boolean {
  const pieces = written.split('*');
  const first = pieces[0] ?? '';
  if (pieces.length === 1) return (name) => name === first;
  const last = pieces.at(-1) ?? '';
  const middle = pieces.slice(1, -1);
  return (name) => {
    if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
    const end = name.length - last.length;
    let at = first.length;
    for (const piece of middle) {
      const next = name.indexOf(piece, at);
      if (next < 0 || next + piece.length > end) return false;
      at = next + piece.length;
    }
    return true;
  };
}
