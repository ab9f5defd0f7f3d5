/** Identity: what makes two deliveries the same event. */

import { hash } from 'node:crypto';
import type { FalcoEvent } from '../core/alert.ts';
import { IDENTITY } from '../core/attributes.ts';
import type { Message } from '../core/message.ts';

/** What can be stored, queried and shown as it is. Anything else, which only a forged event has, is hashed. */
const PLAIN = /^[\w.:-]{1,128}$/;

/**
 * Falcosidekick's uuid; for audit events the auditID, since several plugin instances may read one log; where there is
 * neither, the messageId (without one, the content), which a message that we publish again carries along as an attribute. One audit record may
 * trip several rules, so its identity includes the rule.
 */
export function identityOf(event: FalcoEvent, message: Pick<Message, 'attributes' | 'messageId' | 'text'>): string {
  const auditId = event.source === 'k8s_audit' ? event.fields['ka.auditid'] : undefined;
  if (typeof auditId === 'string' && auditId !== '' && auditId !== '<NA>') {
    return plain(`${auditId}:${hash('sha256', event.rule, 'hex').slice(0, 8)}`);
  }
  return plain(event.uuid || message.attributes[IDENTITY] || message.messageId || message.text);
}

function plain(identity: string): string {
  return PLAIN.test(identity) ? identity : `h-${hash('sha256', identity, 'hex').slice(0, 32)}`;
}
