/** The rules under which the watch tells of silence and loss. */

export const SILENT_RULE = 'Falco Relay: node silent';
export const CLUSTER_RULE = 'Falco Relay: cluster silent';
export const ALL_RULE = 'Falco Relay: nothing arrives';
export const DROPS_RULE = 'Falco Relay: Falco drops events on a node';
export const GAP_RULE = 'Falco Relay: alerts lost before the relay';

export const WATCH_RULES: ReadonlySet<string> = new Set([SILENT_RULE, CLUSTER_RULE, ALL_RULE, DROPS_RULE, GAP_RULE]);
