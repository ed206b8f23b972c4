import { definePlugin, type PluginEvent } from 'hookline/plugin'
import { accountCreated, accountDeleted } from '../accounts/plugin.ts'
import { paymentFailed, paymentReceived, paymentRefunded } from '../payments/events.ts'
import * as checkout from './checkout.ts'
import * as customers from './customers.ts'
import * as memberships from './memberships.ts'
import * as payments from './payments.ts'
import * as sites from './sites.ts'
import { steps, told } from './source.ts'
import * as subsites from './subsites.ts'

const areas = [customers, memberships, payments, sites, checkout, subsites]
const events: readonly PluginEvent[] = areas.flatMap((area) => Object.values(area))
const emits = [paymentReceived, paymentFailed, paymentRefunded, accountCreated, accountDeleted] as const

/** All that Ultimate Multisite can tell. Names that are older than this plugin belong to `payments` and `accounts`. */
export default definePlugin(
  {
    slug: 'ultimate-multisite',
    version: '1.0.0',
    title: 'Ultimate Multisite',
    description: 'The events of Ultimate Multisite, and of its version 1, WP Ultimo.',
    requires: { host: '^1.0' },
    scope: 'network',
    defaultActive: true,
    events,
    emits,
  },
  ({ source }) =>
    source('ultimate-multisite', {
      title: 'Ultimate Multisite',
      description: 'Customers, memberships, payments, sites and domains of a network with Ultimate Multisite.',
      steps,
      toEvents: (request) => told(request, [...events, ...emits]),
    }),
)
