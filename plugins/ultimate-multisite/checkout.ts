import { z } from 'zod'
import { event } from 'hookline/plugin'
import { flag, id, money, text } from './fields.ts'

export const checkoutStarted = event('checkout_started', {
  title: 'Checkout Started',
  sentence: 'Somebody opened a checkout page',
  description: 'Happens when a checkout form is shown for the first time in a visit.',
  lane: 'realtime',
  payload: z.looseObject({ form_slug: text, user_id: id, ip_address: text, referrer: text }),
  sample: {
    form_slug: 'default-checkout',
    user_id: null,
    ip_address: '203.0.113.25',
    referrer: 'https://www.example.com/prices',
  },
})

export const checkoutStepCompleted = event('checkout_step_completed', {
  title: 'Checkout Step Completed',
  sentence: 'An order was put together',
  description: 'Happens when the order of a checkout is complete, before anything is paid.',
  lane: 'realtime',
  payload: z.looseObject({
    customer_id: id,
    membership_id: id,
    plan_id: id,
    plan_slug: text,
    cart_type: text,
    is_free: flag,
  }),
  sample: {
    customer_id: '12',
    membership_id: '7',
    plan_id: '2',
    plan_slug: 'premium',
    cart_type: 'new',
    is_free: false,
  },
})

export const checkoutCompleted = event('checkout_completed', {
  title: 'Checkout Completed',
  sentence: 'Somebody finished a checkout',
  description: 'Happens once a checkout is done, paid or free.',
  lane: 'realtime',
  payload: z.looseObject({
    payment_id: id,
    payment_total_raw: money,
    payment_currency: text,
    customer_id: id,
    membership_id: id,
    plan_id: id.optional(),
    plan_slug: text.optional(),
    cart_type: text,
    gateway: text,
    is_free: flag,
  }),
  sample: {
    payment_id: '56',
    payment_total_raw: 29.9,
    payment_currency: 'EUR',
    customer_id: '12',
    membership_id: '7',
    plan_id: '2',
    plan_slug: 'premium',
    cart_type: 'new',
    gateway: 'stripe',
    is_free: false,
  },
})

export const checkoutFailed = event('checkout_failed', {
  title: 'Checkout Failed',
  sentence: 'A checkout was stopped by errors',
  description: 'Happens when a checkout is refused. It carries the errors that the visitor was shown.',
  lane: 'realtime',
  payload: z.looseObject({
    error_codes: z.array(z.string()),
    error_messages: z.record(z.string(), z.string()),
    user_id: id,
    checkout_form: text.optional(),
  }),
  sample: {
    error_codes: ['email_exists'],
    error_messages: { email_exists: 'This e-mail address has an account already.' },
    user_id: null,
    checkout_form: 'default-checkout',
  },
})
