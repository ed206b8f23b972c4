import { describe, expect, test } from 'vitest'
import { testHost } from 'hookline/plugin/test'
import payments from '../../plugins/payments/plugin.ts'
import stripe from '../../plugins/stripe/plugin.ts'
import { stripeSignature } from '../support/hmac.ts'
import { recorded, recordedBy } from '../support/recorded.ts'

const SECRET = 'whsec_c3RyaXBlIG9mIGEgdGVzdA'
const NOW = new Date('2026-01-15T09:30:05Z')
const SECONDS = NOW.getTime() / 1000

const host = () => testHost(stripe, { beside: [payments], now: NOW })
async function sent(name: string, change: (text: string) => string = (text) => text) {
  const { headers, body } = recorded(name)
  const text = change(body)
  return {
    body: text,
    headers: { ...headers, 'stripe-signature': await stripeSignature(SECRET, text, SECONDS) },
    secret: SECRET,
  }
}

describe('the source stripe', () => {
  test.each([
    [
      'stripe-payment_intent.succeeded',
      'payment_received',
      {
        payment_id: 'pi_3PqX1a2eZvKYlo2C0000aaaa',
        payment_status: 'completed',
        payment_total: 'SEK 249.00',
        payment_total_raw: 249,
        payment_currency: 'SEK',
        payment_gateway: 'stripe',
        payment_date_created: '2026-01-15T09:29:50.000Z',
        customer_id: 'cus_Q1aBcDeFgHiJkL',
        customer_user_email: 'mary@example.com',
        membership_id: '7',
        amount_minor: 24900,
      },
    ],
    [
      'stripe-charge.succeeded',
      'payment_received',
      { payment_id: 'pi_3PqX1a2eZvKYlo2C0000aaaa', customer_name: 'Mary Roe' },
    ],
    [
      'stripe-payment_intent.payment_failed',
      'payment_failed',
      {
        payment_status: 'failed',
        amount_minor: 24900,
        failure_reason: 'Your card was declined.',
        customer_name: 'Mary Roe',
      },
    ],
    [
      'stripe-charge.refunded',
      'payment_refunded',
      { payment_status: 'partially-refunded', amount_minor: 6000, payment_total: 'SEK 60.00' },
    ],
    [
      'stripe-invoice.paid',
      'payment_received',
      {
        payment_total: 'JPY 1200',
        amount_minor: 1200,
        membership_id: 'sub_1PqX1a2eZvKYlo2C',
        invoice_number: 'A1B2C3-0001',
      },
    ],
  ])('makes of %s %s', async (name, type, payload) => {
    const { receive, emitted, faults } = await host()
    expect(await receive('stripe', await sent(name))).toMatchObject({ status: 200 })
    expect(emitted).toMatchObject([{ name: type, payload }])
    expect(faults).toEqual([])
  })

  test('tells of a payment once, whichever of its events comes, and however often', async () => {
    const { receive, emitted } = await host()
    const names = ['stripe-payment_intent.succeeded', 'stripe-charge.succeeded', 'stripe-payment_intent.succeeded']
    const answers = []
    for (const name of names) answers.push(await receive('stripe', await sent(name)))
    expect(emitted).toHaveLength(1)
    expect(new Set(answers.map(({ events }) => events[0]?.id)).size).toBe(1)
  })

  test('takes what it has no words for, and tells nothing', async () => {
    const { receive } = await host()
    const nothing = { status: 200, events: [] }
    expect(await receive('stripe', await sent('stripe-customer.created'))).toMatchObject(nothing)
    const free = await sent('stripe-invoice.paid', (text) => text.replace('"amount_paid": 1200', '"amount_paid": 0'))
    expect(await receive('stripe', free)).toMatchObject(nothing)
    const tests = { ...(await sent('stripe-charge.refunded')), settings: { test_mode: false } }
    expect(await receive('stripe', tests)).toMatchObject(nothing)
  })

  test('knows the signatures of two secrets while one is being rolled', async () => {
    const { receive } = await host()
    const arrival = await sent('stripe-charge.refunded')
    const old = await stripeSignature('whsec_old', arrival.body, SECONDS)
    const both = `${old},${arrival.headers['stripe-signature'].split(',')[1]}`
    expect(await receive('stripe', { ...arrival, headers: { 'stripe-signature': both } })).toMatchObject({
      status: 200,
    })
  })

  test.each([
    ['made with another secret', async (body: string) => stripeSignature('whsec_other', body, SECONDS), 'does not fit'],
    ['over another body', async (body: string) => stripeSignature(SECRET, `${body} `, SECONDS), 'does not fit'],
    [
      'more than 5 minutes old',
      async (body: string) => stripeSignature(SECRET, body, SECONDS - 301),
      'more than 5 minutes old',
    ],
    [
      'more than 5 minutes ahead',
      async (body: string) => stripeSignature(SECRET, body, SECONDS + 301),
      'more than 5 minutes old',
    ],
    ['without a time', async () => 'v1=00', 'says no time'],
    ['of another scheme only', async () => `t=${SECONDS},v0=00`, 'does not fit'],
    ['that is missing', async () => null, 'There is no stripe-signature'],
  ])('refuses a signature %s', async (_, sign, reason) => {
    const { receive, emitted } = await host()
    const { body } = recorded('stripe-charge.refunded')
    const signature = await sign(body)
    const headers = signature === null ? {} : { 'stripe-signature': signature }
    const answer = await receive('stripe', { body, headers, secret: SECRET })
    expect(answer.status).toBe(401)
    expect(answer.reason).toContain(reason)
    expect(emitted).toEqual([])
  })

  test('every fixture satisfies its event', async () => {
    const { receive, faults } = await host()
    for (const { name } of recordedBy('stripe'))
      expect(await receive('stripe', await sent(name)), name).toMatchObject({ status: 200 })
    expect(faults).toEqual([])
  })
})
