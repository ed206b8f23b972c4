import type { Capability } from '../lib/actor.ts'
import type { Translator } from '../web/i18n.ts'

/** What a capability allows, for people. */
export function capabilityInWords(t: Translator, capability: Capability): string {
  switch (capability) {
    case 'events:read':
      return t('See events and event types')
    case 'events:write':
      return t('Send events')
    case 'webhooks:read':
      return t('See webhooks')
    case 'webhooks:write':
      return t('Add, change and delete webhooks')
    case 'webhooks:secrets':
      return t('See signing secrets')
    case 'plugins:write':
      return t('Switch and set the plugins of a site')
    case 'deliveries:read':
      return t('See deliveries with their payloads')
    case 'deliveries:write':
      return t('Redeliver and cancel deliveries')
    case 'network:read':
      return t('See sites, users and plugins')
    case 'network:write':
      return t('Change sites, users and plugins')
    case 'keys:write':
      return t('Make, rotate and revoke API keys')
    case 'metrics:read':
      return t('Read metrics')
    case 'privacy:write':
      return t('Find, export and erase personal data')
  }
}
