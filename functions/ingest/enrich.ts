/**
 * Enrichment: an event becomes an alert with its context. It never throws, never costs an alert, and never takes longer
 * than its budget; what is cached is answered at once.
 */

import { LRUCache } from 'lru-cache';
import type { Context, FalcoEvent } from '../core/event/alert.ts';
import type { After, Clock } from '../core/ports.ts';
import { compose, type Draft } from './enrich/compose.ts';
import type { EnrichOptions } from './enrich/options.ts';
import { type Identity, identify, type Said, saidBy, teamFieldsOf } from './enrich/said.ts';
import { createViews, type Sources } from './enrich/views.ts';

export { type EnrichOptions, enrichOptions } from './enrich/options.ts';

export interface EnricherDependencies extends Sources {
  options: EnrichOptions;
  clock: Clock;
  after: After;
}

export interface Enricher {
  /**
   * The context of an event, at once where it is known, otherwise within the budget. Contexts are frozen and shared by
   * events that say the same.
   */
  enrich(event: FalcoEvent, attributes: Readonly<Record<string, string>>): Promise<Context> | Context;
}

export function createEnricher({ options, clock, after, ...sources }: EnricherDependencies): Enricher {
  const { team_labels: teamLabels, budget, entries } = options.enrich;
  const viewsOf = createViews(options, sources, { clock, after });
  const teamFields = teamFieldsOf(teamLabels);
  const known = new LRUCache<string, Draft>({ max: entries });

  function draftOf(said: Said, identity: Identity): Draft {
    return compose(said, identity, viewsOf, teamLabels);
  }

  function keep(key: string, draft: Draft): Context {
    if (draft.waiting.length === 0) known.set(key, draft);
    return draft.context;
  }

  async function withinBudget(key: string, said: Said, identity: Identity, first: Draft): Promise<Context> {
    let draft = first;
    let late = false;
    let cancel = (): void => {};
    const timeIsUp = new Promise<void>((resolve) => {
      cancel = after(budget, () => {
        late = true;
        resolve();
      });
    });
    // Each answer may lead to the next question: the pod names its ReplicaSet, the ReplicaSet its Deployment.
    while (draft.waiting.length > 0 && !late) {
      await Promise.race([...draft.waiting, timeIsUp]);
      draft = draftOf(said, identity);
    }
    cancel();
    return keep(key, draft);
  }

  return {
    enrich(event, attributes) {
      const said = saidBy(event, attributes, teamFields);
      const key = JSON.stringify(Object.values(said));
      const before = known.get(key);
      if (before && clock() < before.freshUntil) return before.context;
      const identity = identify(said, options.clusters);
      const draft = draftOf(said, identity);
      return draft.waiting.length === 0 ? keep(key, draft) : withinBudget(key, said, identity, draft);
    },
  };
}
