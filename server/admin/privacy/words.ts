import type { PlaceName, Row } from '../../../db/queries/privacy-places.ts'
import type { Translator } from '../../web/i18n.ts'

/** What stands in a place, and what erasing does with it. */
export interface PlaceWords {
  readonly label: string
  readonly erasing: string
  readonly kept: boolean
}

export function placeInWords(t: Translator, place: PlaceName): PlaceWords {
  const erased = (label: string, erasing: string): PlaceWords => ({ label, erasing, kept: false })
  const kept = (label: string, erasing: string): PlaceWords => ({ label, erasing, kept: true })
  switch (place) {
    case 'event':
      return erased(t('Events'), t('Emptied. What waits of them is cancelled.'))
    case 'body':
      return erased(t('Request bodies'), t('Removed, and their events emptied.'))
    case 'attempt':
      return erased(t('Attempts'), t('Headers masked, answers removed.'))
    case 'capture':
      return erased(t('Requests in bins'), t('Emptied.'))
    case 'source_log':
      return erased(t('Requests at sources'), t('The reason is removed.'))
    case 'plugin_record':
      return erased(t('Records of plugins'), t('Deleted.'))
    case 'plugin_fault':
      return erased(t('Faults of plugins'), t('The error is removed.'))
    case 'mail':
      return erased(t('Mails that wait'), t('The error is removed.'))
    case 'user':
      return kept(t('Users'), t('Kept: delete the account first, as that is an event which names it.'))
    case 'webhook':
      return kept(t('Webhooks'), t('Kept: change them by hand.'))
    case 'source':
      return kept(t('Sources'), t('Kept: change them by hand.'))
    case 'bin':
      return kept(t('Bins'), t('Kept: change them by hand.'))
    case 'api_key':
      return kept(t('API Keys'), t('Kept: change them by hand.'))
    case 'site':
      return kept(t('Sites'), t('Kept: change them by hand.'))
    case 'setting':
      return kept(t('Settings'), t('Kept: change them by hand.'))
    case 'plugin_state':
      return kept(t('Settings of plugins'), t('Kept: change them by hand.'))
    case 'plugin_site':
      return kept(t('Settings of plugins on sites'), t('Kept: change them by hand.'))
    case 'audit':
      return kept(
        t('Audit log'),
        t('Kept: it has to show who did what, until it is too old. Its chain tells if a row is changed.'),
      )
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
