import type { Metafile } from 'esbuild';

export type { Metafile };
export function bundle(outdir: string, entry?: string): Promise<Metafile>;
