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

export const pluginPaused = event('plugin_paused', {
  title: 'Plugin Paused',
  sentence: 'A plugin was paused',
  description:
    'Happens when a plugin fails too often. None of its code runs then, until somebody resumes it on the Plugins page.',
  lane: 'realtime',
  payload: z.looseObject({
    plugin: z.string(),
    title: z.string(),
    reason: z.string(),
    handler: z.string(),
    fault_id: z.string(),
    fault: z.string(),
    paused_at: z.iso.datetime(),
  }),
  sample: {
    plugin: 'payments',
    title: 'Payments',
    reason: 'One of its handlers failed 5 times in a row.',
    handler: 'payments/on:order_paid#0',
    fault_id: 'flt_01k8zq3v5r7c2m9x0d4j6h8w1b',
    fault: 'The payment has no currency.',
    paused_at: '2026-01-15T09:30:00.000Z',
  },
})

/** What the network tells of itself. The host and the delivery engine make these events; nobody else can. */
export default definePlugin({
  slug: 'hookline',
  version: '1.0.0',
  title: 'Hookline',
  description: 'Tells when a webhook fails, is switched off, or works again, and when a plugin is paused.',
  requires: { host: '^1.0' },
  scope: 'network',
  mustUse: true,
  events: [webhookFailing, webhookDisabled, webhookRecovered, pluginPaused],
})
