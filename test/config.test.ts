import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ConfigError, loadConfig, parsePipeline } from '../functions/config.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'falco-relay-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The problems of a pipeline.yaml. */
function problemsOf(text: string): string[] {
  const problems: string[] = [];
  parsePipeline(text, problems);
  return problems;
}

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const WHOLE = `
clusters:
  - { project: acme-prod, location: europe-west1, name: payments-eu1 }
dedupe:
  window: 10m
  rules:
    - match: ['rule="Contact K8S API Server From Container"']
      by: [namespace, workload, image, exepath]
      window: 1h
      keep: 20
redact: { loki: true, receivers: true }
severity:
  - { match: ['rule="Terminal shell in container"', 'namespace=~"payments|ledger"'], priority: critical }
escalate: { match: ['priority=~"Emergency|Alert|Critical"'] }
route:
  receiver: oncall
  group_by: [project, cluster, namespace, workload]
  routes:
    - { match: ['team="payments"'], receiver: payments-chat, continue: true }
receivers:
  - { name: oncall, fallback: leads, pagerduty: { routing_key: { env: PAGERDUTY_ROUTING_KEY } } }
  - { name: payments-chat, slack: { channel: C0123456, token: { file: TOKEN_FILE } } }
  - { name: leads, webhook: { url: { env: LEADS_WEBHOOK_URL }, secret: { env: LEADS_WEBHOOK_SECRET } } }
links: { grafana: 'https://grafana.acme.example', loki_datasource: loki, runbooks: 'https://runbooks.acme.example/falco/' }
`;

describe('a configuration', () => {
  test('of nothing has defaults that work', () => {
    const { env, pipeline, receivers } = loadConfig({});
    expect(env).toMatchObject({
      TOPIC_ESCALATIONS: 'escalations',
      TOPIC_RETRY: 'falco-retry',
      TOPIC_DEAD_LETTER: 'falco-dead-letter',
    });
    expect(pipeline.redact).toEqual({ loki: true, receivers: true });
    expect(pipeline.escalate.match).toHaveLength(1);
    expect(pipeline.nodes).toMatchObject({ watch: true, silent_after: 960_000, cluster_silent_after: 660_000 });
    expect(receivers).toEqual([]);
  });

  test('is read whole, with its secrets in place', () => {
    const PIPELINE = written('pipeline.yaml', WHOLE.replace('TOKEN_FILE', written('token', 'xoxb-1\n')));
    const { pipeline, receivers } = loadConfig({
      PIPELINE,
      PAGERDUTY_ROUTING_KEY: 'key-1',
      LEADS_WEBHOOK_URL: 'https://leads.acme.example/',
      LEADS_WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    });
    expect(pipeline.dedupe.rules[0]).toMatchObject({ window: 3_600_000, keep: 20 });
    expect(pipeline.severity[0]?.priority).toBe('Critical');
    expect(receivers).toMatchObject([
      { name: 'oncall', fallback: 'leads', pagerduty: { routing_key: 'key-1' } },
      { name: 'payments-chat', slack: { token: 'xoxb-1' } },
      { name: 'leads', webhook: { url: 'https://leads.acme.example/' } },
    ]);
  });

  test('names every problem at once, and shows no secret', () => {
    const PIPELINE = written(
      'broken.yaml',
      `
clusters: [{ project: acme-prod, location: 'x/../y', name: payments-eu1 }]
dedupe: { window: soon }
severity: [{ match: ['rule=~"("'], priority: Loud }]
receivers: [{ name: oncall, pagerduty: { routing_key: topsecret } }]
surprise: true
`,
    );
    const load = () =>
      loadConfig({ PIPELINE, LOKI_URL: 'ftp://loki', LOKI_USERNAME: 'relay', LOKI_BEARER_TOKEN: 'hush' });
    expect(load).toThrow(ConfigError);
    let message = '';
    try {
      load();
    } catch (error) {
      message = (error as Error).message;
    }
    for (const part of [
      'LOKI_URL',
      'clusters.0.location',
      'dedupe.window',
      'severity.0.match',
      'severity.0.priority',
      'routing_key',
      'surprise',
    ]) {
      expect(message).toContain(part);
    }
    expect(message).not.toMatch(/topsecret|hush/);
  });

  const wrong: [string, string, RegExp][] = [
    ['yaml that is none', 'receivers: [', /pipeline line 1/],
    ['a key twice', 'links: {}\nlinks: {}', /unique/],
    ['a list as a key', 'links: {}\n? [a, b]\n: 1', /^pipeline line 2: a list or an object where a name belongs$/],
    ['an object as a key', 'links: { ? { a: 1 } : 2 }', /^pipeline line 1: a list or an object where a name belongs$/],
    [
      'two receivers of one name',
      "receivers: [{ name: a, webhook: { url: 'https://a.example/' } }, { name: a, webhook: { url: 'https://a.example/' } }]\nroute: { receiver: a }",
      /two receivers are named "a"/,
    ],
    ['a root that does not take everything', `route: { match: ['team="a"'] }`, /pipeline.route.match: the root takes/],
    ['a root that goes on', 'route: { continue: true }', /pipeline.route.continue: nothing comes after/],
    ['a route to nobody', 'route: { receiver: ghost }', /no receiver "ghost"/],
    [
      'a fallback to nobody',
      "receivers: [{ name: a, fallback: b, webhook: { url: 'https://a.example/' } }]\nroute: { receiver: a }",
      /no receiver "b" to fall back to/,
    ],
    [
      'a fallback to itself',
      "receivers: [{ name: a, fallback: a, webhook: { url: 'https://a.example/' } }]\nroute: { receiver: a }",
      /its own fallback/,
    ],
    [
      'receivers without a root route',
      "receivers: [{ name: a, webhook: { url: 'https://a.example/' } }]",
      /pipeline.route.receiver/,
    ],
    [
      'a node that is silent before its cluster',
      'nodes: { silent_after: 10m }',
      /pipeline.nodes.silent_after: is shorter/,
    ],
    [
      'a node that is forgotten before it is told',
      'nodes: { forget_after: 16m }',
      /pipeline.nodes.forget_after: is not/,
    ],
    ['a matcher that is none', "escalate: { match: ['priority'] }", /escalate.match/],
    ['a matcher on a name that no alert has', 'escalate: { match: [\'prioritty="Critical"\'] }', /prioritty/],
    [
      'aliases that explode',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]`,
      /alias/i,
    ],
  ];
  test.each(wrong)('refuses %s', (_, text, problem) => {
    expect(problemsOf(text).join('\n')).toMatch(problem);
  });

  test('says which secret is missing', () => {
    const PIPELINE = written(
      'secret.yaml',
      'receivers: [{ name: a, pagerduty: { routing_key: { env: NOT_SET } } }]\nroute: { receiver: a }',
    );
    expect(() => loadConfig({ PIPELINE })).toThrow(
      /pipeline.receivers.0.pagerduty.routing_key: the secret variable NOT_SET/,
    );
  });

  describe('with secrets in place', () => {
    const secrets: [string, string, RegExp][] = [
      [
        'a signing secret that is not base64',
        "webhook: { url: 'https://a.example/', secret: { env: S } }",
        /a.webhook.secret: not base64/,
      ],
      ['an address that is none', 'webhook: { url: { env: S } }', /a.webhook.url: not an http/],
      ['a token of two lines', 'slack: { channel: C0123456, token: { env: S } }', /a.slack.token/],
      ['a routing key with a space', 'pagerduty: { routing_key: { env: S } }', /a.pagerduty.routing_key/],
    ];
    test.each(secrets)('refuses %s, and does not show it', (_, kind, problem) => {
      const PIPELINE = written('unusable.yaml', `receivers: [{ name: a, ${kind} }]\nroute: { receiver: a }`);
      const load = (): unknown => loadConfig({ PIPELINE, S: 'not a\nsecret' });
      expect(load).toThrow(problem);
      expect(load).not.toThrow(/not a\nsecret/);
    });

    test('refuses http where nobody allowed it', () => {
      const PIPELINE = written(
        'http.yaml',
        'receivers: [{ name: a, webhook: { url: { env: S } } }]\nroute: { receiver: a }',
      );
      expect(() => loadConfig({ PIPELINE, S: 'http://a.example/' })).toThrow(/allow_private/);
    });

    test('leaves out the line break at the end of a variable', () => {
      const PIPELINE = written(
        'trimmed.yaml',
        'receivers: [{ name: a, pagerduty: { routing_key: { env: S } } }]\nroute: { receiver: a }',
      );
      const { env, receivers } = loadConfig({ PIPELINE, S: 'R0UT1NG\n', LOKI_BEARER_TOKEN: 'token\n' });
      expect(receivers[0]?.pagerduty?.routing_key).toBe('R0UT1NG');
      expect(env.LOKI_BEARER_TOKEN).toBe('token');
    });
  });

  test('says that its file can not be read', () => {
    expect(() => loadConfig({ PIPELINE: join(folder, 'nowhere.yaml') })).toThrow(
      /PIPELINE: .*nowhere.yaml can't be read \(ENOENT\)/,
    );
  });
});

describe('heartbeat', () => {
  const text = 'heartbeat: { url: { env: HEARTBEAT_URL } }';

  test('gets its address from where the secret is', () => {
    const HEARTBEAT_URL = 'https://beats.example/S3CRET';
    const { heartbeat } = loadConfig({ PIPELINE: written('beat.yaml', text), HEARTBEAT_URL });
    expect(heartbeat).toEqual({ url: HEARTBEAT_URL, allow_private: false });
    expect(loadConfig({}).heartbeat).toBeUndefined();
  });

  test.each([
    [undefined, 'pipeline.heartbeat.url: the secret variable HEARTBEAT_URL is missing or empty'],
    ['S3CRET', 'pipeline.heartbeat.url: not an https address'],
    ['http://S3CRET.example/', 'pipeline.heartbeat.url: not an https address'],
  ])('with %j is refused without being shown', (HEARTBEAT_URL, problem) => {
    const PIPELINE = written('beat.yaml', text);
    expect(() => loadConfig({ PIPELINE, HEARTBEAT_URL })).toThrow(new ConfigError([problem]));
  });
});

describe('FUNCTION_TARGET', () => {
  const text = `
receivers: [{ name: a, slack: { channel: C0123456, token: { env: TOKEN } } }]
route: { receiver: a }
heartbeat: { url: { env: BEAT } }
callbacks: { allowed_users: ['*'], slack: { signing_secrets: [{ env: SIGNING }] } }
`;
  const SECRETS = { TOKEN: 'xoxb-1', BEAT: 'https://beats.example/', SIGNING: '8f742231b10e8888abcd99yyyzzz85a5' };
  const missing = (variables: Record<string, string>): string[] => {
    try {
      loadConfig({ PIPELINE: written('all.yaml', text), ...variables });
      return [];
    } catch (error) {
      return (error as ConfigError).problems.map((each) => /variable (\w+)/.exec(each)?.[1] ?? each);
    }
  };

  test.each<[string, (keyof typeof SECRETS)[]]>([
    ['ingest', []],
    ['escalate', []],
    ['notify', ['TOKEN']],
    ['sweep', ['BEAT']],
    ['callback', ['SIGNING']],
    ['', ['TOKEN', 'BEAT', 'SIGNING']],
  ])('%j needs of the secrets %j', (FUNCTION_TARGET, needed) => {
    expect(missing({ FUNCTION_TARGET })).toEqual(needed);
    expect(missing({ FUNCTION_TARGET, ...Object.fromEntries(needed.map((name) => [name, SECRETS[name]])) })).toEqual(
      [],
    );
  });

  test('a function without a secret knows all the same what there is', () => {
    const { receivers, callbacks } = loadConfig({
      PIPELINE: written('all.yaml', text),
      FUNCTION_TARGET: 'notify',
      TOKEN: 'xoxb-1',
    });
    expect(receivers[0]?.slack).toMatchObject({ token: 'xoxb-1', buttons: true });
    expect(callbacks?.slack?.signing_secrets).toEqual(['']);
  });
});
