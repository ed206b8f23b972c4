import type { PlaceName, Row } from '../../../db/queries/privacy-places.ts'
import type { Translator } from '../../web/i18n.ts'

/** What stands in a place, and what erasing does with it. */
interface PlaceWords {
  readonly label: string
  readonly erasing: string
}

export function placesInWords(t: Translator): Readonly<Record<PlaceName, PlaceWords>> {
  const byHand = t('Kept: change them by hand.')
  return {
    event: { label: t('Events'), erasing: t('Emptied. What waits of them is cancelled.') },
    body: { label: t('Request bodies'), erasing: t('Removed, and their events emptied.') },
    attempt: { label: t('Attempts'), erasing: t('Headers masked, answers removed.') },
    capture: { label: t('Requests in bins'), erasing: t('Emptied.') },
    source_log: { label: t('Requests at sources'), erasing: t('The reason is removed.') },
    plugin_record: { label: t('Records of plugins'), erasing: t('Deleted.') },
    plugin_fault: { label: t('Faults of plugins'), erasing: t('The error is removed.') },
    mail: { label: t('Mails that wait'), erasing: t('The error is removed.') },
    user: {
      label: t('Users'),
      erasing: t('Kept: delete the account first, as that is an event which names it.'),
    },
    webhook: { label: t('Webhooks'), erasing: byHand },
    source: { label: t('Sources'), erasing: byHand },
    bin: { label: t('Bins'), erasing: byHand },
    api_key: { label: t('API Keys'), erasing: byHand },
    site: { label: t('Sites'), erasing: byHand },
    setting: { label: t('Settings'), erasing: byHand },
    plugin_state: { label: t('Settings of plugins'), erasing: byHand },
    plugin_site: { label: t('Settings of plugins on sites'), erasing: byHand },
    audit: {
      label: t('Audit log'),
      erasing: t('Kept: it has to show who did what, until it is too old. Its chain tells if a row is changed.'),
    },
  }
}

type PathOf = (of: (column: string) => string) => string
const ofPlugin: PathOf = (of) => `plugins/${of('slug')}`
const paths: Readonly<Record<PlaceName, PathOf>> = {
  event: (of) => `events/${of('id')}`,
  body: (of) => `${of('owner_id').startsWith('bat_') ? 'deliveries' : 'events'}/${of('owner_id')}`,
  attempt: (of) => `deliveries/${of('delivery_id')}?attempt=${of('number')}#exchange`,
  capture: (of) => `bins/${of('bin_id')}?capture=${of('id')}`,
  source_log: (of) => `sources/${of('source_id')}`,
  plugin_record: ofPlugin,
  plugin_fault: ofPlugin,
  mail: (of) => `users/${of('user_id')}`,
  user: (of) => `users/${of('id')}`,
  webhook: (of) => `webhooks/${of('id')}`,
  source: (of) => `sources/${of('id')}`,
  bin: (of) => `bins/${of('id')}`,
  api_key: () => 'api-keys',
  site: (of) => `sites/${of('id')}`,
  setting: () => 'settings',
  plugin_state: ofPlugin,
  plugin_site: ofPlugin,
  audit: (of) => `audit/${of('id')}`,
}

/** Where a row can be seen. */
export const pathOfRow = (place: PlaceName, row: Row): string =>
  `/network/${paths[place]((column) => encodeURIComponent(String(row[column] ?? '')))}`
