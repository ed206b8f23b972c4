import { z } from 'zod'
import { event } from 'hookline/plugin'
import { billing, customer, text } from './fields.ts'

const payload = z.looseObject({ ...customer.fields, ...billing.fields })
const sample = { ...customer.sample, ...billing.sample }

export const customerCreated = event('customer_created', {
  title: 'Customer Created',
  sentence: 'Somebody became a customer',
  description: 'Happens when a customer is added, by signing up or by an administrator.',
  lane: 'realtime',
  payload,
  sample,
})

export const customerUpdated = event('customer_updated', {
  title: 'Customer Updated',
  sentence: 'A customer was saved again',
  description: 'Happens each time a customer is saved, at every login too. Expect many.',
  lane: 'realtime',
  payload,
  sample,
})

export const confirmEmailAddress = event('confirm_email_address', {
  title: 'Email Verification Needed',
  sentence: 'A customer has to confirm an e-mail address',
  description:
    'Happens when a link for confirming goes out. Whoever has the link can confirm, so mind who receives it.',
  lane: 'realtime',
  payload: z.looseObject({ verification_link: text, ...customer.fields }),
  sample: {
    verification_link: 'https://network.example.com/?email-verification-key=OOOB3M6BM6&customer=888N3A9QAI',
    ...customer.sample,
    customer_email_verification: 'pending',
  },
})
