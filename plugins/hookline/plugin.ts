import { z } from 'zod'
import { definePlugin, event } from 'hookline/plugin'

const health = z.looseObject({
  webhook_id: z.string(),
  name: z.string(),
  reason: z.string().nullable(),
  failures: z.int(),
  since: z.iso.datetime().nullable(),
})
const sample = {
  webhook_id: 'whk_01k8zq3v5r7c2m9x0d4j6h8w1b',
  name: 'Payments to bookkeeping',
  reason: 'The last ten attempts have failed.',
  failures: 10,
  since: '2026-01-15T09:30:00.000Z',
}

export const webhookFailing = event('webhook_failing', {
  title: 'Webhook Failing',
  sentence: 'A webhook began to fail',
  description:
    'Happens when ten attempts in a row have failed, or all of an hour. Never sent to the webhook that it is about.',
  lane: 'realtime',
  payload: health,
  sample,
})

export const webhookDisabled = event('webhook_disabled', {
  title: 'Webhook Disabled',
  sentence: 'A webhook was switched off',
  description:
    'Happens when the receiver answered 410, or nothing has arrived for five days. Never sent to the webhook that it is about.',
  lane: 'realtime',
  payload: health,
  sample: { ...sample, reason: 'The receiver answered 410 Gone: it wants no more events.' },
})

export const webhookRecovered = event('webhook_recovered', {
  title: 'Webhook Recovered',
  sentence: 'A webhook works again',
  description:
    'Happens with the first delivery after a webhook was failing. Never sent to the webhook that it is about.',
  lane: 'realtime',
  payload: health,
  sample: { ...sample, reason: null, failures: 0, since: null },
})

/** What the network tells of itself. The delivery engine makes these events, in the commit of the change. */
export default definePlugin({
  slug: 'hookline',
  version: '1.0.0',
  title: 'Hookline',
  description: 'Tells when a webhook fails, is switched off, or works again.',
  requires: { host: '^1.0' },
  scope: 'network',
  mustUse: true,
  events: [webhookFailing, webhookDisabled, webhookRecovered],
})
