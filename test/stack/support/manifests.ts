/** Finds things in what helm rendered. */

import type { Manifest } from '../programs/helm.ts';

// biome-ignore lint/suspicious/noExplicitAny: values of charts of others.
export type Any = any;

export const find = (manifests: readonly Manifest[], kind: string, name: string): Any => {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name} was rendered`);
  return found;
};

/** What a stand-in was given. */
export const given = (manifests: readonly Manifest[], name: string): Any =>
  JSON.parse(find(manifests, 'ConfigMap', `values-of-${name}`).data.values);

/** Every value by its path, lists whole. */
export function flattened(value: unknown, path = ''): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map([[path, value]]);
  const entries = Object.entries(value);
  if (entries.length === 0) return new Map([[path, value]]);
  return new Map(entries.flatMap(([name, inner]) => [...flattened(inner, path ? `${path}.${name}` : name)]));
}

/** A container's environment as Kubernetes makes it: whole Secrets first, then what is named. */
export function effective(manifests: readonly Manifest[], container: Any): Record<string, string | undefined> {
  const secrets = (container.envFrom ?? []).flatMap(({ secretRef }: Any) =>
    Object.entries<string>(find(manifests, 'Secret', secretRef.name).data ?? {}).map(([name, value]) => [
      name,
      Buffer.from(value ?? '', 'base64').toString(),
    ]),
  );
  const named = container.env.map(({ name, value, valueFrom }: Any) => {
    const { name: of, key } = valueFrom?.configMapKeyRef ?? {};
    return [name, of ? find(manifests, 'ConfigMap', of).data[key] : value];
  });
  return Object.fromEntries([...secrets, ...named]);
}
