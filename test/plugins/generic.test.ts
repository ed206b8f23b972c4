import { expect, test } from 'vitest'
import { testHost } from 'hookline/plugin/test'
import generic from '../../plugins/generic/plugin.ts'
import payments from '../../plugins/payments/plugin.ts'
import { hmac } from '../support/hmac.ts'

const NOW = new Date('2026-01-15T09:30:05Z')
const host = () => testHost(generic, { beside: [payments], now: NOW })
const whole = { event: 'generic.request_received', fields: { body: { from: '.' } }, key: null, occurred_at: null }
const body = '{"order":{"no":17,"sum":"249.00","buyer":"Mary"},"at":"2026-01-15T09:30:00+01:00"}'

test('passes on what came in, once for each body', async () => {
  const { receive, emitted } = await host()
  for (let n = 0; n < 2; n++) await receive('generic', { body, mapping: whole })
  expect(emitted).toMatchObject([{ name: 'generic.request_received', payload: { body: { order: { no: 17 } } } }])
})

test('makes a payment of it', async () => {
  const { receive, emitted } = await host()
  const fields = {
    payment_id: { from: 'order.no' },
    payment_status: { value: 'completed' },
    payment_total: { from: 'order.sum' },
    payment_total_raw: { from: 'order.sum' },
    payment_currency: { value: 'SEK' },
    payment_gateway: { value: 'desk' },
    payment_date_created: { from: 'at' },
    customer_id: { from: 'order.buyer_id' },
    customer_name: { from: 'order.buyer' },
    customer_user_email: { value: null },
    membership_id: { value: null },
    amount_minor: { from: 'order.sum', times: 100 },
  }
  const mapping = { event: 'payment_received', fields, key: 'order.no', occurred_at: 'at' }
  expect(await receive('generic', { body, mapping })).toMatchObject({ status: 200 })
  expect(emitted).toMatchObject([
    {
      name: 'payment_received',
      payload: {
        payment_id: '17',
        payment_total: '249.00',
        payment_total_raw: 249,
        payment_date_created: '2026-01-15T08:30:00.000Z',
        customer_id: null,
        amount_minor: 24900,
      },
    },
  ])
})

test('checks a signature in the header that was chosen, in hex or base64, where there is a secret', async () => {
  const { receive } = await host()
  const secret = 'a shared secret'
  const signed = async (header: string, value: string) =>
    (
      await receive('generic', {
        body,
        mapping: whole,
        secret,
        settings: { header: 'x-desk' },
        headers: { [header]: value },
      })
    ).status
  expect(await signed('x-desk', await hmac(secret, body))).toBe(200)
  expect(await signed('x-desk', `sha256=${await hmac(secret, body)}`)).toBe(200)
  expect(await signed('x-desk', await hmac(secret, body, 'base64'))).toBe(200)
  expect(await signed('x-desk', await hmac('another', body))).toBe(401)
  expect(await signed('x-other', await hmac(secret, body))).toBe(401)
})

test('checks the signature of Standard Webhooks, with its time', async () => {
  const { receive } = await host()
  const key = 'the bytes of the key, 24'
  const status = async (seconds: number, given = key) => {
    const signature = await hmac(given, `msg_1.${seconds}.${body}`, 'base64')
    const headers = {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(seconds),
      'webhook-signature': `v1,${signature}`,
    }
    return (await receive('generic', { body, mapping: whole, secret: `whsec_${btoa(key)}`, headers })).status
  }
  const now = NOW.getTime() / 1000
  expect([await status(now), await status(now - 301), await status(now, 'another')]).toEqual([200, 401, 401])
})
