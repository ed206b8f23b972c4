import { z } from 'zod'
import { event } from 'hookline/plugin'
import { id, onlyId, text, time } from './fields.ts'

const payload = z.looseObject({
  id,
  number: text,
  status: text,
  currency: text,
  total: text,
  customer_id: text,
  payment_method: text,
  transaction_id: text,
  date_created_gmt: time,
  date_modified_gmt: time,
  date_paid_gmt: time,
  billing: z.looseObject({ first_name: text, last_name: text, email: text }).nullable(),
  line_items: z.array(z.looseObject({ name: text, product_id: text, total: text })),
})

const sample = {
  id: '1001',
  number: '1001',
  status: 'processing',
  currency: 'SEK',
  total: '249.00',
  customer_id: '12',
  payment_method: 'stripe',
  transaction_id: 'pi_1001',
  date_created_gmt: '2026-01-15T09:29:00Z',
  date_modified_gmt: '2026-01-15T09:30:00Z',
  date_paid_gmt: '2026-01-15T09:30:00Z',
  billing: { first_name: 'Mary', last_name: 'Roe', email: 'mary@example.com' },
  line_items: [{ name: 'Premium plan', product_id: '5', total: '249.00', quantity: 1 }],
}

export const orderCreated = event('woocommerce.order_created', {
  title: 'Order Created',
  sentence: 'An order was placed in the shop',
  description: 'Happens for each new order, paid or not. Payment Received tells when it is paid.',
  lane: 'realtime',
  payload,
  sample: { ...sample, status: 'pending', date_paid_gmt: null },
})

export const orderUpdated = event('woocommerce.order_updated', {
  title: 'Order Updated',
  sentence: 'An order of the shop changed',
  description: 'Happens each time an order is saved, such as when its status changes.',
  lane: 'realtime',
  payload,
  sample,
})

export const orderDeleted = event('woocommerce.order_deleted', {
  title: 'Order Deleted',
  sentence: 'An order of the shop was deleted',
  description: 'Happens when an order is moved to the bin or deleted. Only its id is left.',
  lane: 'realtime',
  payload: onlyId,
  sample: { id: '1001' },
})

export const orderRestored = event('woocommerce.order_restored', {
  title: 'Order Restored',
  sentence: 'An order of the shop came back from the bin',
  description: 'Happens when an order is taken out of the bin.',
  lane: 'realtime',
  payload,
  sample,
})
