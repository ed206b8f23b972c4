import { z } from 'zod'
import { event } from 'hookline/plugin'
import { id, onlyId, text, time } from './fields.ts'

const payload = z.looseObject({
  id,
  code: text,
  amount: text,
  discount_type: text,
  date_created_gmt: time,
  date_modified_gmt: time,
  date_expires_gmt: time,
})

const sample = {
  id: '31',
  code: 'spring',
  amount: '10.00',
  discount_type: 'percent',
  date_created_gmt: '2026-01-15T09:30:00Z',
  date_modified_gmt: '2026-01-15T09:30:00Z',
  date_expires_gmt: null,
}

export const couponCreated = event('woocommerce.coupon_created', {
  title: 'Coupon Created',
  sentence: 'A coupon was added to the shop',
  description: 'Happens for each new coupon.',
  lane: 'realtime',
  payload,
  sample,
})

export const couponUpdated = event('woocommerce.coupon_updated', {
  title: 'Coupon Updated',
  sentence: 'A coupon of the shop changed',
  description: 'Happens each time a coupon is saved.',
  lane: 'realtime',
  payload,
  sample,
})

export const couponDeleted = event('woocommerce.coupon_deleted', {
  title: 'Coupon Deleted',
  sentence: 'A coupon of the shop was deleted',
  description: 'Happens when a coupon is moved to the bin or deleted. Only its id is left.',
  lane: 'realtime',
  payload: onlyId,
  sample: { id: '31' },
})

export const couponRestored = event('woocommerce.coupon_restored', {
  title: 'Coupon Restored',
  sentence: 'A coupon of the shop came back from the bin',
  description: 'Happens when a coupon is taken out of the bin.',
  lane: 'realtime',
  payload,
  sample,
})
