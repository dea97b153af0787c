import { createHash } from 'node:crypto';
import { ClientMessageId } from '@parley/protocol';

/** One alert of an Alertmanager webhook: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
export interface Alert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  /** The same for the same labels. */
  readonly fingerprint: string;
}

/** Returns the alerts of a webhook's body, or undefined when it is not one. */
export function parseWebhook(body: string): readonly Alert[] | undefined {
  try {
    const { alerts } = JSON.parse(body) as { alerts?: unknown };
    return Array.isArray(alerts) && alerts.every(isAlert) ? alerts : undefined;
  } catch {
    return undefined;
  }
}

function isAlert(value: unknown): value is Alert {
  const { status, labels, annotations, startsAt, fingerprint } = (value ?? {}) as Partial<Alert>;
  const isKnownStatus = status === 'firing' || status === 'resolved';
  return isKnownStatus && Boolean(labels && annotations && startsAt && fingerprint);
}

/** Returns the text of the chat message. */
export function textOf({ status, labels, annotations }: Alert): string {
  const name = labels.alertname ?? 'Alert';
  return `${status === 'firing' ? '🔥' : '✅'} ${name} ${status}: ${annotations.summary ?? 'no summary'}`;
}

/**
 * Returns an id that stays the same when Alertmanager repeats an alert. Parley accepts a `clientMessageId` once within 24
 * hours, so a webhook that is sent twice is posted once, even if this service restarted in between.
 */
export function clientMessageIdOf({ fingerprint, status, startsAt }: Alert): ClientMessageId {
  const digest = createHash('sha256').update(`${fingerprint} ${status} ${startsAt}`).digest('hex');
  return ClientMessageId.parse(`alert-${digest.slice(0, 32)}`);
}
