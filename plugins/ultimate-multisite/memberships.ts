import { z } from 'zod'
import { event } from 'hookline/plugin'
import { billing, customer, id, membership, money, text, time } from './fields.ts'

const payload = z.looseObject({ ...membership.fields, ...customer.fields, ...billing.fields })
const sample = { ...membership.sample, ...customer.sample, ...billing.sample }

export const membershipCreated = event('membership_created', {
  title: 'Membership Created',
  sentence: 'A customer got a membership',
  description: 'Happens when a membership is added. It may still be waiting for its first payment.',
  lane: 'realtime',
  payload,
  sample: { ...sample, membership_status: 'pending' },
})

export const membershipUpdated = event('membership_updated', {
  title: 'Membership Updated',
  sentence: 'A membership was saved again',
  description: 'Happens each time a membership is saved, with or without a change.',
  lane: 'realtime',
  payload,
  sample,
})

export const membershipExpired = event('membership_expired', {
  title: 'Membership Expired',
  sentence: 'A membership ran out',
  description: 'Happens when a membership was not renewed, and its days of grace are over.',
  lane: 'realtime',
  payload: z.looseObject({ ...membership.fields, ...customer.fields }),
  sample: { ...membership.sample, membership_status: 'expired', ...customer.sample },
})

/** Of version 1. */
export const planChange = event('plan_change', {
  title: 'Plan Change (Upgrade & Downgrade)',
  sentence: 'A customer moved to another plan',
  description: 'Happens when a customer changes to a larger or a smaller plan. Version 1 sends it.',
  lane: 'realtime',
  payload: z.looseObject({
    user_id: id,
    old_plan_id: id,
    old_plan_name: text,
    new_plan_id: id,
    new_plan_name: text,
    new_price: money,
    new_billing_frequency: text,
    date: time,
  }),
  sample: {
    user_id: '34',
    old_plan_id: '12',
    old_plan_name: 'Medium',
    new_plan_id: '13',
    new_plan_name: 'Large',
    new_price: 19.99,
    new_billing_frequency: '1',
    date: '2026-01-15T09:30:00Z',
  },
})
