/** All that is fuzzed. */

import type { Target } from './loop.ts';
import { READ } from './read.ts';
import { TOLD } from './told.ts';

export const TARGETS: readonly Target[] = [...READ, ...TOLD];
