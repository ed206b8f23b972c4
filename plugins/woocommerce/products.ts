import { z } from 'zod'
import { event } from 'hookline/plugin'
import { id, onlyId, text, time } from './fields.ts'

const payload = z.looseObject({
  id,
  name: text,
  sku: text,
  status: text,
  type: text,
  price: text,
  permalink: text,
  date_created_gmt: time,
  date_modified_gmt: time,
})

const sample = {
  id: '5',
  name: 'Premium plan',
  sku: 'PREMIUM',
  status: 'publish',
  type: 'simple',
  price: '249.00',
  permalink: 'https://shop.example.com/product/premium-plan/',
  date_created_gmt: '2026-01-15T09:30:00Z',
  date_modified_gmt: '2026-01-15T09:30:00Z',
}

export const productCreated = event('woocommerce.product_created', {
  title: 'Product Created',
  sentence: 'A product was added to the shop',
  description: 'Happens for each new product.',
  lane: 'realtime',
  payload,
  sample,
})

export const productUpdated = event('woocommerce.product_updated', {
  title: 'Product Updated',
  sentence: 'A product of the shop changed',
  description: 'Happens each time a product is saved, its stock included.',
  lane: 'realtime',
  payload,
  sample,
})

export const productDeleted = event('woocommerce.product_deleted', {
  title: 'Product Deleted',
  sentence: 'A product of the shop was deleted',
  description: 'Happens when a product is moved to the bin or deleted. Only its id is left.',
  lane: 'realtime',
  payload: onlyId,
  sample: { id: '5' },
})

export const productRestored = event('woocommerce.product_restored', {
  title: 'Product Restored',
  sentence: 'A product of the shop came back from the bin',
  description: 'Happens when a product is taken out of the bin.',
  lane: 'realtime',
  payload,
  sample,
})

export const productPublished = event('woocommerce.product_published', {
  title: 'Product Published',
  sentence: 'A product of the shop was published',
  description: 'Happens when a product becomes visible in the shop.',
  lane: 'realtime',
  payload,
  sample,
})
