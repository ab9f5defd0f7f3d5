/** Secrets in pipeline.yaml are named, never written; what takes them sees the values alone. */

import * as z from 'zod';

/** Where a secret is: config puts its value in the place of this object. */
export const secretRef = z.union(
  [z.strictObject({ env: z.string().regex(/^[A-Za-z_]\w*$/) }), z.strictObject({ file: z.string().min(1) })],
  { error: 'name where the secret is: { env: NAME } or { file: PATH }' },
);

export type SecretRef = z.output<typeof secretRef>;

/** The options as they are used: each secret in the place of its reference. */
export type Resolved<T> = T extends SecretRef
  ? string
  : T extends object
    ? { [Name in keyof T]: Resolved<T[Name]> }
    : T;
