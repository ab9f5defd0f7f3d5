import { createMemoryStore } from '../../functions/adapters/store/memory.ts';
import { incidentScenarios } from './scenarios/all.ts';

incidentScenarios('the store in memory', async ({ clock }) => {
  // A pause before another attempt is over at once.
  const pauses = (_ms: number, run: () => void): (() => void) => {
    const turn = setImmediate(run);
    return () => clearImmediate(turn);
  };
  return createMemoryStore(clock, pauses);
});
