/** What things cost: the one table to change for another region, contract or year. docs/sizing.md shows it. */

export interface Price {
  what: string;
  usd: number;
  per: string;
  /** Where it stood. */
  source: string;
}

/** When they were looked up. Lists change: check them before a decision. */
export const PRICES_OF = '2026-11-25';

/** List prices in us-central1, without free allowances, discounts and taxes. */
export const PRICES = {
  cpu: { what: 'CPU of a function at work', usd: 0.000024, per: 'vCPU second', source: 'Cloud Run pricing, tier 1' },
  memory: { what: 'memory of a function', usd: 0.0000025, per: 'GiB second', source: 'Cloud Run pricing, tier 1' },
  idleCpu: {
    what: 'CPU of a function that waits (`min_instances`)',
    usd: 0.0000025,
    per: 'vCPU second',
    source: 'Cloud Run pricing, tier 1, unconfirmed',
  },
  requests: { what: 'requests to functions', usd: 0.4, per: 'million', source: 'Cloud Run pricing' },
  pubsub: { what: 'messages, published and pushed', usd: 40, per: 'TiB', source: 'Pub/Sub pricing' },
  reads: { what: 'Firestore reads', usd: 0.03, per: '100,000', source: 'Firestore pricing, one region' },
  writes: { what: 'Firestore writes', usd: 0.09, per: '100,000', source: 'Firestore pricing, one region' },
  deletes: {
    what: 'Firestore deletes, those of a TTL too',
    usd: 0.01,
    per: '100,000',
    source: 'Firestore pricing, one region, unconfirmed',
  },
  stored: {
    what: 'Firestore storage',
    usd: 0.15,
    per: 'GiB month',
    source: 'Firestore pricing, one region, unconfirmed',
  },
  redis1: {
    what: 'Memorystore, standard tier, to 4 GB',
    usd: 0.064,
    per: 'GB hour',
    source: 'unconfirmed',
  },
  redis5: {
    what: 'Memorystore, standard tier, to 10 GB',
    usd: 0.054,
    per: 'GB hour',
    source: 'unconfirmed',
  },
  redis11: {
    what: 'Memorystore, standard tier, to 35 GB',
    usd: 0.046,
    per: 'GB hour',
    source: 'unconfirmed',
  },
  loki: { what: 'a hosted Loki, 30 days', usd: 0.45, per: 'GB', source: 'Grafana Cloud: 0.05 processed, 0.40 written' },
  logging: { what: 'logs in Cloud Logging', usd: 0.5, per: 'GiB', source: 'Google Cloud Observability pricing' },
  scheduler: { what: 'the schedule of sweep', usd: 0.1, per: 'month', source: 'Cloud Scheduler pricing' },
} as const satisfies Record<string, Price>;

/** What was not measured in the cloud. */
export const ASSUMED = {
  ingest: { what: 'a request to ingest takes, most of it waiting', value: 0.15, unit: 's' },
  told: { what: 'a request to escalate or notify takes', value: 0.4, unit: 's' },
  sweep: { what: 'a sweep takes', value: 1, unit: 's' },
  full: { what: 'an instance is full at this share of its CPU', value: 0.6, unit: '' },
  requestLog: { what: "Cloud Run's own log line of a request", value: 1_000, unit: 'bytes' },
  spare: { what: 'Redis needs, beyond its records, times', value: 1.25, unit: '' },
} as const;

/** What was measured elsewhere. */
export const MEASURED = {
  cpu: {
    what: 'CPU of ingest for an event, ten and more at once',
    value: 0.0003,
    unit: 's',
    source: 'npm run bench -- --only ingest-cpu',
  },
  redisRecord: { what: 'a record in Redis', value: 224, unit: 'bytes', source: 'docs/operate.md' },
} as const;
