/** Who there is to be told, in the scenarios. */

export const RECEIVERS = `
receivers:
  - { name: oncall, fallback: leads, webhook: { url: 'https://oncall.acme.example/' } }
  - { name: chat, webhook: { url: 'https://chat.acme.example/' } }
  - { name: leads, webhook: { url: 'https://leads.acme.example/' } }
  - { name: chief, webhook: { url: 'https://chief.acme.example/' } }
`;
export const receivers = ['oncall', 'chat', 'leads', 'chief'];
/** Everything to one. */
export const ONE = `route: { receiver: oncall }${RECEIVERS}`;
export const TIERS = `
route:
  receiver: oncall
  escalate_after: [{ after: 15m, receiver: leads }, { after: 45m, receiver: chief }]
${RECEIVERS}`;
export const CHAT_AND_PAGER = `
route:
  receiver: chat
  routes:
    - { match: ['priority=~"Emergency|Alert|Critical"'], receiver: oncall, continue: true }
    - { match: [], receiver: chat }
${RECEIVERS}`;
export const DROPPED = 'Drop and execute new binary in container';
/** A rule that another receiver hears of, and nobody else. */
export const ROUTED_FURTHER = `
route:
  receiver: chat
  routes:
    - { match: ['rule=${JSON.stringify(DROPPED)}'], receiver: oncall, escalate_after: [{ after: 15m, receiver: leads }] }
${RECEIVERS}`;
