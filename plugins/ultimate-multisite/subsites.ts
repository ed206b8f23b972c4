import { z } from 'zod'
import { event } from 'hookline/plugin'
import { count, id, membership, site, text } from './fields.ts'

const post = { post_id: id, post_title: text, post_type: text, post_status: text, post_author_id: id }

export const subsitePostCreated = event('subsite_post_created', {
  title: 'Subsite Post Created',
  sentence: 'A post or page was published on the site of a customer',
  description: 'Happens with the first publishing of a post or a page.',
  lane: 'realtime',
  payload: z.looseObject({ ...post, ...site.fields, ...membership.fields }),
  sample: {
    post_id: '21',
    post_title: 'We are open',
    post_type: 'post',
    post_status: 'publish',
    post_author_id: '34',
    ...site.sample,
    ...membership.sample,
  },
})

export const subsiteCptCreated = event('subsite_cpt_created', {
  title: 'Subsite Custom Post Type Entry Created',
  sentence: 'Something of a custom type was published on the site of a customer',
  description: 'Happens with the first publishing of an entry of a custom post type, such as a product.',
  lane: 'realtime',
  payload: z.looseObject({ ...post, ...site.fields, ...membership.fields }),
  sample: {
    post_id: '22',
    post_title: 'Anvil, 20 kg',
    post_type: 'product',
    post_status: 'publish',
    post_author_id: '34',
    ...site.sample,
    ...membership.sample,
  },
})

export const subsiteUserRegistered = event('subsite_user_registered', {
  title: 'Subsite User Registered',
  sentence: 'Somebody was added to the site of a customer',
  description: 'Happens when a user is added to a site of a customer, whatever the role.',
  lane: 'realtime',
  payload: z.looseObject({
    new_user_id: id,
    new_user_login: text,
    new_user_email: text,
    new_user_role: text,
    ...site.fields,
    ...membership.fields,
  }),
  sample: {
    new_user_id: '41',
    new_user_login: 'john',
    new_user_email: 'john@example.com',
    new_user_role: 'subscriber',
    ...site.sample,
    ...membership.sample,
  },
})

export const subsiteWoocommerceOrder = event('subsite_woocommerce_order', {
  title: 'Subsite WooCommerce Order Placed',
  sentence: 'An order came in at the shop of a customer',
  description: 'Happens for each new order of a WooCommerce shop on a site of a customer.',
  lane: 'realtime',
  payload: z.looseObject({
    order_id: id,
    order_total: text,
    order_status: text,
    order_items: count,
    ...site.fields,
    ...membership.fields,
  }),
  sample: {
    order_id: '1001',
    order_total: '99.00',
    order_status: 'processing',
    order_items: 2,
    ...site.sample,
    ...membership.sample,
  },
})
