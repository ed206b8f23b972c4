import { z } from 'zod'
import { event } from 'hookline/plugin'
import { billing, customer, id, membership, money, payment, text, time } from './fields.ts'

const payload = z.looseObject({ ...payment.fields, ...membership.fields, ...customer.fields, ...billing.fields })
const sample = { ...payment.sample, ...membership.sample, ...customer.sample, ...billing.sample }

export const paymentCreated = event('payment_created', {
  title: 'Payment Created',
  sentence: 'A payment was entered',
  description: 'Happens when a payment is added, whether or not it is paid. Payment Received tells when it is.',
  lane: 'realtime',
  payload,
  sample: { ...sample, payment_status: 'pending' },
})

export const paymentUpdated = event('payment_updated', {
  title: 'Payment Updated',
  sentence: 'A payment was saved again',
  description: 'Happens each time a payment is saved, with or without a change. It may arrive before Payment Created.',
  lane: 'realtime',
  payload,
  sample,
})

export const renewalPaymentCreated = event('renewal_payment_created', {
  title: 'New Renewal Payment Created',
  sentence: 'A membership is due to be renewed',
  description: 'Happens when the invoice for the next period is made. It carries the address where it can be paid.',
  lane: 'realtime',
  payload: z.looseObject({
    default_payment_url: text,
    ...payment.fields,
    ...membership.fields,
    ...customer.fields,
  }),
  sample: {
    default_payment_url: 'https://network.example.com/register/?payment=JJJ3D44136',
    ...payment.sample,
    payment_status: 'pending',
    ...membership.sample,
    membership_status: 'on-hold',
    ...customer.sample,
  },
})

export const invoiceSent = event('invoice_sent', {
  title: 'Invoice Sent',
  sentence: 'An invoice went out to a customer',
  description: 'Happens when an administrator sends an invoice, for the first time or again.',
  lane: 'realtime',
  payload: z.looseObject({ payment_url: text, invoice_message: text, ...payment.fields, ...customer.fields }),
  sample: {
    payment_url: 'https://network.example.com/register/?payment=JJJ3D44136',
    invoice_message: 'Please find your invoice.',
    ...payment.sample,
    payment_status: 'pending',
    ...customer.sample,
  },
})

const moved = z.looseObject({ user_id: id, amount: money, date: time, gateway: text, status: text })
const movedSample = { user_id: '34', amount: 9.99, date: '2026-01-15T09:30:00Z', gateway: 'stripe' }

/** Of version 1. */
export const paymentSuccessful = event('payment_successful', {
  title: 'Payment Successful',
  sentence: 'A gateway has confirmed a payment',
  description: 'Happens beside Payment Received, for payments that went through. Version 1 sends it.',
  lane: 'realtime',
  payload: moved,
  sample: { ...movedSample, status: 'successful' },
})

/** Of version 1. */
export const refundIssued = event('refund_issued', {
  title: 'Refund Issued',
  sentence: 'A gateway has paid money back',
  description: 'Happens when a gateway reports a refund. Version 1 sends it.',
  lane: 'realtime',
  payload: moved,
  sample: { ...movedSample, status: 'refund' },
})
