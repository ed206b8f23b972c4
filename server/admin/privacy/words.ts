import type { PlaceName, Row } from '../../../db/queries/privacy-places.ts'
import type { Translator } from '../../web/i18n.ts'

/** What stands in a place, and what erasing does with it. */
export interface PlaceWords {
  readonly label: string
  readonly erasing: string
}

export function placeInWords(t: Translator, place: PlaceName): PlaceWords {
  switch (place) {
    case 'event':
      return { label: t('Events'), erasing: t('Emptied. What waits of them is cancelled.') }
    case 'body':
      return { label: t('Request bodies'), erasing: t('Removed, and their events emptied.') }
    case 'attempt':
      return { label: t('Attempts'), erasing: t('Headers masked, answers removed.') }
    case 'capture':
      return { label: t('Requests in bins'), erasing: t('Emptied.') }
    case 'source_log':
      return { label: t('Requests at sources'), erasing: t('The reason is removed.') }
    case 'plugin_record':
      return { label: t('Records of plugins'), erasing: t('Deleted.') }
    case 'plugin_fault':
      return { label: t('Faults of plugins'), erasing: t('The error is removed.') }
    case 'mail':
      return { label: t('Mails that wait'), erasing: t('The error is removed.') }
    case 'user':
      return { label: t('Users'), erasing: t('Kept: delete the account first, as that is an event which names it.') }
    case 'webhook':
      return { label: t('Webhooks'), erasing: t('Kept: change them by hand.') }
    case 'source':
      return { label: t('Sources'), erasing: t('Kept: change them by hand.') }
    case 'bin':
      return { label: t('Bins'), erasing: t('Kept: change them by hand.') }
    case 'api_key':
      return { label: t('API Keys'), erasing: t('Kept: change them by hand.') }
    case 'site':
      return { label: t('Sites'), erasing: t('Kept: change them by hand.') }
    case 'setting':
      return { label: t('Settings'), erasing: t('Kept: change them by hand.') }
    case 'plugin_state':
      return { label: t('Settings of plugins'), erasing: t('Kept: change them by hand.') }
    case 'plugin_site':
      return { label: t('Settings of plugins on sites'), erasing: t('Kept: change them by hand.') }
    case 'audit':
      return {
        label: t('Audit log'),
        erasing: t('Kept: it has to show who did what, until it is too old. Its chain tells if a row is changed.'),
      }
  }
}

/** Where a row can be seen. */
export function pathOfRow(place: PlaceName, row: Row): string {
  const of = (column: string): string => encodeURIComponent(String(row[column] ?? ''))
  switch (place) {
    case 'event':
      return `/network/events/${of('id')}`
    case 'body':
      return `/network/${String(row['owner_id']).startsWith('bat_') ? 'deliveries' : 'events'}/${of('owner_id')}`
    case 'attempt':
      return `/network/deliveries/${of('delivery_id')}?attempt=${of('number')}#exchange`
    case 'capture':
      return `/network/bins/${of('bin_id')}?capture=${of('id')}`
    case 'source_log':
      return `/network/sources/${of('source_id')}`
    case 'plugin_record':
    case 'plugin_fault':
    case 'plugin_state':
    case 'plugin_site':
      return `/network/plugins/${of('slug')}`
    case 'mail':
    case 'user':
      return `/network/users/${of(place === 'mail' ? 'user_id' : 'id')}`
    case 'webhook':
      return `/network/webhooks/${of('id')}`
    case 'source':
      return `/network/sources/${of('id')}`
    case 'bin':
      return `/network/bins/${of('id')}`
    case 'api_key':
      return '/network/api-keys'
    case 'site':
      return `/network/sites/${of('id')}`
    case 'setting':
      return '/network/settings'
    case 'audit':
      return `/network/audit/${of('id')}`
  }
}
