import { z } from 'zod'
import { event } from 'hookline/plugin'

const text = z.string().nullable()
const statuses = [
  'pending',
  'completed',
  'refunded',
  'partially-refunded',
  'partially-paid',
  'failed',
  'cancelled',
  'draft',
] as const

/**
 * Field names are those of Ultimate Multisite, so that what was built for it goes on working; further fields are kept.
 * Not every sender knows all of it: one that tells of a failed charge may name neither payment nor amount.
 */
const payload = z.looseObject({
  payment_id: z.string().min(1).nullable(),
  payment_status: z.enum(statuses).nullable(),
  payment_total: text,
  payment_total_raw: z.number().nullable(),
  payment_currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .nullable(),
  payment_gateway: text,
  payment_date_created: z.iso.datetime().nullable(),
  customer_id: text,
  customer_name: text,
  customer_user_email: text,
  membership_id: text,
  amount_minor: z.int().nonnegative().nullable(),
})
export type Payment = z.output<typeof payload>

const sample = {
  payment_id: 'pay_1001',
  payment_status: 'completed',
  payment_total: 'SEK 249.00',
  payment_total_raw: 249,
  payment_currency: 'SEK',
  payment_gateway: 'stripe',
  payment_date_created: '2026-01-15T09:30:00Z',
  customer_id: 'cus_1001',
  customer_name: 'Mary Roe',
  customer_user_email: 'mary@example.com',
  membership_id: 'mem_1001',
  amount_minor: 24900,
} as const

export const paymentReceived = event('payment_received', {
  title: 'Payment Received',
  sentence: 'A customer paid',
  description: 'Happens once for each payment that has gone through.',
  lane: 'realtime',
  shared: true,
  payload,
  sample,
})

export const paymentFailed = event('payment_failed', {
  title: 'Payment Failed',
  sentence: 'A payment did not go through',
  description: 'Happens for each attempt to charge a customer that failed.',
  lane: 'realtime',
  shared: true,
  payload,
  sample: { ...sample, payment_status: 'failed' },
})

export const paymentRefunded = event('payment_refunded', {
  title: 'Payment Refunded',
  sentence: 'A customer got money back',
  description: 'Happens for each refund, in full or in part. The amount is what was paid back.',
  lane: 'realtime',
  shared: true,
  payload,
  sample: { ...sample, payment_status: 'refunded' },
})
