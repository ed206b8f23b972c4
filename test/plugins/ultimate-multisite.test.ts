import { describe, expect, test } from 'vitest'
import { testHost } from 'hookline/plugin/test'
import accounts from '../../plugins/accounts/plugin.ts'
import payments from '../../plugins/payments/plugin.ts'
import multisite from '../../plugins/ultimate-multisite/plugin.ts'
import { recorded, recordedBy } from '../support/recorded.ts'

const host = () => testHost(multisite, { beside: [accounts, payments], now: new Date('2026-11-21T22:40:00Z') })
const SOURCE = 'ultimate-multisite'

const paid = {
  payment_id: '2',
  payment_status: 'completed',
  payment_total: '$ 29.90',
  payment_total_raw: 29.9,
  payment_currency: 'USD',
  payment_gateway: 'paypal',
  payment_date_created: '2026-11-21T22:19:06Z',
  customer_id: '2',
  customer_user_email: 'mary@example.test',
  membership_id: '2',
  amount_minor: 2990,
}

describe('version 2', () => {
  test.each([
    ['payment_received', paid],
    [
      'payment_created',
      { payment_id: '4', payment_total_raw: 34.9, membership_status: 'pending', company_name: 'Acme Ltd' },
    ],
    ['payment_updated', { payment_id: '4', payment_total_raw: 34.9, payment_tax_total_raw: 0, customer_id: '4' }],
    ['renewal_payment_created', { payment_date_created: expect.stringMatching(/^2026-11-21T.*Z$/) as string }],
    ['invoice_sent', { payment_id: '1', payment_total_raw: 34.9, invoice_message: 'Please find your invoice.' }],
    [
      'membership_created',
      { membership_id: '4', membership_date_expiration: '2026-12-21T23:59:59Z', customer_id: '4' },
    ],
    ['membership_updated', { membership_id: '4', membership_status: 'active' }],
    ['membership_expired', { membership_id: '3', membership_status: 'expired' }],
    ['customer_created', { customer_id: '4', customer_user_id: '5', billing_city: 'Springfield' }],
    ['customer_updated', { customer_id: '4', customer_name: 'johndoe7' }],
    [
      'confirm_email_address',
      { customer_id: '1', verification_link: expect.stringContaining('verification') as string },
    ],
    ['domain_created', { domain_id: '1', domain_active: true, domain_secure: false, site_id: '2', membership_id: '1' }],
    ['demo_site_expiring', { site_id: '3', site_title: 'Demo Shop', membership_id: '1', customer_id: '1' }],
  ])('the recorded %s becomes that event', async (name, payload) => {
    const { receive, emitted, faults } = await host()
    const answer = await receive(SOURCE, { ...recorded(`ultimate-multisite-${name}`), event: name })
    expect(answer).toMatchObject({ status: 200, reason: null })
    expect(emitted).toMatchObject([{ name, payload }])
    expect(faults).toEqual([])
  })

  test('whether numbers come as numbers or as texts, it is the same payment, and tells once', async () => {
    const { receive, emitted, clock } = await host()
    const both = ['ultimate-multisite-payment_received', 'ultimate-multisite-payment_received-fsockopen']
    for (const name of [...both, ...both]) await receive(SOURCE, { ...recorded(name), event: 'payment_received' })
    expect(emitted).toMatchObject([{ name: 'payment_received', payload: paid }])
    clock.advance(21 * 60_000)
    await receive(SOURCE, { ...recorded(both[0] ?? ''), event: 'payment_received' })
    expect(emitted).toHaveLength(2)
  })

  test('test events come through with nulls where the sample has nothing', async () => {
    const { receive, emitted } = await host()
    await receive(SOURCE, { ...recorded('ultimate-multisite-test-event'), event: 'payment_received' })
    await receive(SOURCE, { ...recorded('ultimate-multisite-test-event-site_published'), event: 'site_published' })
    expect(emitted).toMatchObject([
      { payload: { payment_id: '0', payment_status: null, payment_currency: null, amount_minor: null } },
      { payload: { site_id: null, site_title: 'Example Site', membership_id: '0' } },
    ])
  })

  test('a payment that failed or was paid back is told as that, whatever the name', async () => {
    const { receive, emitted } = await host()
    const body = JSON.parse(recorded('ultimate-multisite-payment_received').body) as object
    for (const payment_status of ['failed', 'refunded', 'partially-refunded']) {
      await receive(SOURCE, { body: { ...body, payment_status }, event: 'payment_received' })
    }
    expect(emitted.map(({ name }) => name)).toEqual(['payment_failed', 'payment_refunded', 'payment_refunded'])
  })

  test('a failed renewal names neither payment nor amount', async () => {
    const { receive, emitted } = await host()
    const { membership_id, customer_id } = { membership_id: 7, customer_id: '12' }
    await receive(SOURCE, { body: { membership_id, customer_id, payment_gateway: 'stripe' }, event: 'payment_failed' })
    expect(emitted).toMatchObject([
      {
        name: 'payment_failed',
        payload: { payment_id: null, amount_minor: null, membership_id: '7', customer_id: '12' },
      },
    ])
  })
})

test('every other recording of version 2 is a test of payment_received', async () => {
  const { receive } = await host()
  const others = recordedBy(SOURCE).filter(({ name }) => name.includes('redirect'))
  expect(others).toHaveLength(3)
  for (const one of others) {
    expect(await receive(SOURCE, { ...one, event: 'payment_received' })).toMatchObject({ status: 200 })
  }
  const nothing = await receive(SOURCE, { ...recorded(`${SOURCE}-test-event-unknown`), event: 'payment_received' })
  expect(nothing.status).toBe(422)
})

describe('version 1', () => {
  const moved = { user_id: '2', amount: 9.99, date: '2026-11-21T22:25:34Z' }
  const payment = { payment_id: null, payment_total_raw: 9.99, payment_date_created: moved.date, amount_minor: null }

  test.each([
    ['account_created', 'account_created', { user_id: '2', created_at: '2026-11-21T22:25:14Z', plan_name: 'Medium' }],
    ['test-event', 'account_created', { user_id: '1', user_site_name: "John's Blog" }],
    ['account_deleted', 'account_deleted', { user_id: '3', user_name: 'janedoe', date: '2026-11-21T22:25:34Z' }],
    ['new_domain_mapping', 'new_domain_mapping', { user_id: '2', mapped_domain: 'shop.example.test' }],
    ['payment_received-successful', 'payment_received', { ...payment, payment_status: 'completed' }],
    ['payment_received-failed', 'payment_failed', { ...payment, payment_status: 'failed' }],
    ['payment_failed', 'payment_failed', { ...payment, payment_status: 'failed', payment_gateway: 'stripe' }],
    ['payment_successful', 'payment_successful', { ...moved, status: 'successful' }],
    ['refund_issued', 'refund_issued', { ...moved, status: 'refund' }],
  ])('the recorded %s becomes %s, by the form alone', async (name, event, payload) => {
    const { receive, emitted } = await host()
    expect(await receive(SOURCE, recorded(`wp-ultimo-v1-${name}`))).toMatchObject({ status: 200, reason: null })
    expect(emitted).toMatchObject([{ name: event, payload }])
  })

  test('a failure that it tells of twice, as received and as failed, is one', async () => {
    const { receive, emitted } = await host()
    for (const name of ['payment_received-failed', 'payment_failed'])
      await receive(SOURCE, recorded(`wp-ultimo-v1-${name}`))
    expect(emitted).toHaveLength(1)
  })

  test('a change of plan has numbers as numbers', async () => {
    const { receive, emitted } = await host()
    const body =
      'webhook_id=3&type=plan_change&data[user_id]=2&data[old_plan_id]=1&data[new_plan_id]=2&data[new_price]=19.99'
    await receive(SOURCE, { body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })
    expect(emitted).toMatchObject([
      { name: 'plan_change', payload: { new_plan_id: '2', new_price: 19.99, date: null } },
    ])
  })
})

test.each([
  ['an event that nobody registered', 'never_heard_of', {}, 'There is no event never_heard_of'],
  ['no event', undefined, {}, 'Write a slash and the name'],
  ['a body without a field of the event', 'payment_received', { wu_version: '2.4' }, 'none of the fields'],
  ['what is no object', 'site_published', [1], 'one JSON object'],
])('%s is refused with a reason', async (_, event, body, reason) => {
  const { receive, emitted, faults } = await host()
  const answer = await receive(SOURCE, { body, ...(event === undefined ? {} : { event }) })
  expect(answer.status).toBe(422)
  expect(answer.reason).toContain(reason)
  expect([...emitted, ...faults]).toEqual([])
})
