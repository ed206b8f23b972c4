import { describe, expect, test } from 'vitest'
import { testHost } from 'hookline/plugin/test'
import payments from '../../plugins/payments/plugin.ts'

const form = {
  once: 'rec_01kf0fv2e00000000000000001',
  customer_name: 'Mary Roe',
  customer_email: 'mary@example.com',
  amount: '249,50',
  currency: 'SEK',
  gateway: 'manual',
  outcome: 'received',
}

describe('recording a payment', () => {
  test('keeps it and tells of it, in one commit', async () => {
    const host = await testHost(payments)
    const answer = await host.request('POST /payments', { form })
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe(`payments?recorded=${form.once}`)
    expect(host.stored.payments).toMatchObject([{ id: form.once, amount_minor: 24950, outcome: 'received' }])
    expect(host.emitted).toMatchObject([
      {
        name: 'payment_received',
        payload: {
          payment_id: form.once,
          payment_status: 'completed',
          payment_total: 'SEK 249.50',
          payment_total_raw: 249.5,
          payment_currency: 'SEK',
          payment_gateway: 'manual',
          payment_date_created: '2026-01-15T09:30:00.000Z',
          customer_id: null,
          customer_name: 'Mary Roe',
          customer_user_email: 'mary@example.com',
          membership_id: null,
          amount_minor: 24950,
        },
      },
    ])
  })

  test.each([
    ['failed', 'payment_failed', 'failed'],
    ['refunded', 'payment_refunded', 'refunded'],
  ])('that %s emits %s', async (outcome, name, status) => {
    const host = await testHost(payments)
    await host.request('POST /payments', { form: { ...form, outcome, customer_email: '' } })
    expect(host.emitted).toMatchObject([{ name, payload: { payment_status: status, customer_user_email: null } }])
  })

  test('twice with one form makes one payment, also at the same moment', async () => {
    const host = await testHost(payments)
    const answers = await Promise.all([
      host.request('POST /payments', { form }),
      host.request('POST /payments', { form }),
    ])
    host.clock.advance(1000)
    answers.push(await host.request('POST /payments', { form }))
    expect(answers.map(({ status }) => status)).toEqual([303, 303, 303])
    expect(host.stored.payments).toHaveLength(1)
    expect(host.emitted).toHaveLength(1)
    expect(host.faults).toEqual([])
  })

  test('with a form that was sent with other values asks first', async () => {
    const host = await testHost(payments)
    await host.request('POST /payments', { form })
    const answer = await host.request('POST /payments', { form: { ...form, amount: '1.00' } })
    expect(answer.status).toBe(409)
    const html = await host.html(answer)
    expect(html).toContain('This form was sent before with other values.')
    expect(html).not.toContain(form.once)
    expect(host.stored.payments).toHaveLength(1)
  })

  test('with wrong fields says what to write, beside each, and keeps what was typed', async () => {
    const host = await testHost(payments)
    const answer = await host.request('POST /payments', {
      form: {
        once: form.once,
        customer_name: ' ',
        customer_email: 'mary',
        amount: '1.234,50',
        currency: 'XXX',
        gateway: '<b>',
      },
    })
    expect(answer.status).toBe(422)
    const html = await host.html(answer)
    expect(html).toContain('The payment was not recorded.')
    for (const name of ['customer_name', 'customer_email', 'amount', 'currency', 'gateway', 'outcome']) {
      expect(html).toContain(`id="${name}-error"`)
    }
    expect(html).toContain('value="1.234,50"')
    expect(html).toContain(`name="once" value="${form.once}"`)
    expect(html).not.toContain('<b>')
    expect(host.stored.payments).toEqual([])
    expect(host.emitted).toEqual([])
  })
})

describe('the page of payments', () => {
  test('has a form with a label for each field, and says that nothing is there yet', async () => {
    const html = await (await testHost(payments)).page('/payments')
    for (const label of ['Customer name', 'Customer e-mail', 'Amount', 'Currency', 'Gateway', 'Outcome']) {
      expect(html).toContain(`>${label}</label>`)
    }
    expect(html).toContain('No payments yet')
  })

  test('lists payments, newest first, and confirms the one that was just recorded', async () => {
    const host = await testHost(payments)
    for (const [n, name] of ['Mary', 'John', '<script>'].entries()) {
      host.clock.advance(1000)
      await host.request('POST /payments', { form: { ...form, once: form.once.slice(0, -1) + n, customer_name: name } })
    }
    const html = await host.page(`/payments?recorded=${form.once.slice(0, -1)}1`)
    const names = Array.from(html.matchAll(/class="primary">([^<]+)</g), (found) => found[1])
    expect(names).toEqual(['&lt;script&gt;', 'John', 'Mary'])
    expect(html).toContain('The payment was recorded.')
    expect(await host.page('/payments?recorded=rec_made_up')).not.toContain('The payment was recorded.')
  })
})
