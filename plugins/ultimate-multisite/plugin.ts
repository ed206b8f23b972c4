import { definePlugin } from 'hookline/plugin'
import { accountCreated, accountDeleted } from '../accounts/plugin.ts'
import { paymentFailed, paymentReceived, paymentRefunded } from '../payments/events.ts'
import * as checkout from './checkout.ts'
import * as customers from './customers.ts'
import * as memberships from './memberships.ts'
import * as payments from './payments.ts'
import * as sites from './sites.ts'
import * as subsites from './subsites.ts'

/** All that Ultimate Multisite can tell. Names that are older than this plugin belong to `payments` and `accounts`. */
export default definePlugin({
  slug: 'ultimate-multisite',
  version: '1.0.0',
  title: 'Ultimate Multisite',
  description: 'The events of Ultimate Multisite, and of its version 1, WP Ultimo.',
  requires: { host: '^1.0' },
  scope: 'network',
  defaultActive: true,
  events: [customers, memberships, payments, sites, checkout, subsites].flatMap((area) => Object.values(area)),
  emits: [paymentReceived, paymentFailed, paymentRefunded, accountCreated, accountDeleted],
})
