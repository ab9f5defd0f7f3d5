/** Tiers: who is told next while nobody acknowledges, and after how long. */

/** Who is told next while nobody acknowledges: `after` milliseconds, counted from the page. */
export interface Tier {
  after: number;
  receiver: string;
}

/**
 * Tiers with those of a further route: `told` of them were told and stay in front, since they are counted by their place;
 * what comes is told in its turn, however soon it is.
 */
export function withTiers(tiers: readonly Tier[], told: number, more: readonly Tier[]): readonly Tier[] {
  const before = tiers.slice(0, told);
  const ahead = mergedTiers(tiers.slice(told), more);
  return [...before, ...ahead.filter(({ receiver }) => !before.some((each) => each.receiver === receiver))];
}

/** The same tier may stand in several routes. The soonest comes first. */
export function mergedTiers(...lists: readonly (readonly Tier[])[]): readonly Tier[] {
  const soonest = new Map<string, Tier>();
  for (const tier of lists.flat()) {
    const known = soonest.get(tier.receiver);
    if (!known || tier.after < known.after) soonest.set(tier.receiver, tier);
  }
  return [...soonest.values()].sort((a, b) => a.after - b.after);
}
