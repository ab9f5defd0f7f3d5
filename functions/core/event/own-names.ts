/**
 * Names that only the relay's own alerts bear. Whoever may publish events could speak in them: an event that came before
 * would take the real alert's incident, or its identity, and the real one would ring nobody.
 */

/** The source of the relay's own alerts. */
export const OWN_SOURCE = 'relay';
/** How the identities of its alerts begin; an event's never does. */
export const OWN_IDENTITY = 'relay-';
/** How the rules of its alerts begin. */
export const OWN_RULE = 'Falco Relay: ';

/** As a person would read them, in any case and with blanks before. */
const OWN_RULES = /^\s*falco relay\s*:/i;
const OWN_SOURCES = /^\s*relay\s*$/i;

export const isOwnRule = (rule: string): boolean => OWN_RULES.test(rule);

/** What an event from outside is called in its place. */
const CLAIMED_RULE = 'Claimed: ';
const CLAIMED_SOURCE = 'claimed-relay';

interface Names {
  uuid: string;
  rule: string;
  source: string;
}

/** What is said from outside, under names that are never the relay's own. */
export function outside({ uuid, rule, source }: Names): Pick<Names, 'rule' | 'source'> & { claimsRelay?: true } {
  const isRule = isOwnRule(rule);
  const isSource = OWN_SOURCES.test(source);
  if (!isRule && !isSource && !uuid.startsWith(OWN_IDENTITY)) return { rule, source };
  return {
    rule: isRule ? `${CLAIMED_RULE}${rule}` : rule,
    source: isSource ? CLAIMED_SOURCE : source,
    claimsRelay: true,
  };
}
