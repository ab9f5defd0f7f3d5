/** Identity: what makes two deliveries the same event. */

import { hash } from 'node:crypto';
import type { FalcoEvent } from '../core/event/alert.ts';
import { IDENTITY } from '../core/event/attributes.ts';
import type { Message } from '../core/event/message.ts';
import { OWN_IDENTITY } from '../core/event/own-names.ts';
import { fieldText } from '../core/match/facts.ts';

/** What can be stored, queried and shown as it is. Anything else, which only a forged event has, is hashed; so is what could be an alert of ours. */
const PLAIN = /^[\w.:-]{1,128}$/;

/**
 * What every instance of the plugin reads alike in one record. The API server takes the auditID that a client sends
 * in the header `Audit-ID` (k8s.io/apiserver/pkg/audit), so that by it alone an exec could pass for the redelivery of
 * something harmless.
 */
const OF_RECORD = [
  'ka.cluster.name',
  'ka.user.name',
  'ka.verb',
  'ka.target.namespace',
  'ka.target.resource',
  'ka.target.subresource',
  'ka.target.name',
] as const;

/**
 * Falcosidekick's uuid; for audit events the auditID, since several plugin instances may read one log; where there is
 * neither, the messageId (without one, the content), which a message that we publish again carries along as an attribute. One audit record may
 * trip several rules, so its identity includes the rule, and what was done to what.
 */
export function identityOf(event: FalcoEvent, message: Pick<Message, 'attributes' | 'messageId' | 'text'>): string {
  const auditId = event.source === 'k8s_audit' ? event.fields['ka.auditid'] : undefined;
  if (typeof auditId === 'string' && auditId !== '' && auditId !== '<NA>') {
    const record = JSON.stringify([event.rule, ...OF_RECORD.map((name) => fieldText(event.fields[name]))]);
    return plain(`${auditId}:${hash('sha256', record, 'hex').slice(0, 16)}`);
  }
  return plain(event.uuid || message.attributes[IDENTITY] || message.messageId || message.text);
}

function plain(identity: string): string {
  return PLAIN.test(identity) && !identity.startsWith(OWN_IDENTITY)
    ? identity
    : `h-${hash('sha256', identity, 'hex').slice(0, 32)}`;
}
