import { z } from 'zod'
import { event } from 'hookline/plugin'
import { id, onlyId, text, time } from './fields.ts'

const payload = z.looseObject({
  id,
  email: text,
  first_name: text,
  last_name: text,
  username: text,
  role: text,
  date_created_gmt: time,
  date_modified_gmt: time,
})

const sample = {
  id: '12',
  email: 'mary@example.com',
  first_name: 'Mary',
  last_name: 'Roe',
  username: 'mary',
  role: 'customer',
  date_created_gmt: '2026-01-15T09:30:00Z',
  date_modified_gmt: '2026-01-15T09:30:00Z',
}

export const customerCreated = event('woocommerce.customer_created', {
  title: 'Shop Customer Created',
  sentence: 'Somebody became a customer of the shop',
  description: 'Happens for each new customer account of the shop.',
  lane: 'realtime',
  payload,
  sample,
})

export const customerUpdated = event('woocommerce.customer_updated', {
  title: 'Shop Customer Updated',
  sentence: 'A customer of the shop changed',
  description: 'Happens each time a customer account of the shop is saved.',
  lane: 'realtime',
  payload,
  sample,
})

export const customerDeleted = event('woocommerce.customer_deleted', {
  title: 'Shop Customer Deleted',
  sentence: 'A customer of the shop was deleted',
  description: 'Happens when a customer account of the shop is deleted. Only its id is left.',
  lane: 'realtime',
  payload: onlyId,
  sample: { id: '12' },
})
