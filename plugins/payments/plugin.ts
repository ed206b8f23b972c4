import { z } from 'zod'
import { definePlugin, msg } from 'hookline/plugin'
import { amountFields } from './currency.ts'
import { paymentFailed, paymentReceived, paymentRefunded, type Payment } from './events.ts'
import { blank, outcomes, readForm, type Entry } from './form.ts'
import { currencies, formatAmount } from './money.ts'

export { paymentFailed, paymentReceived, paymentRefunded }

const payment = z.strictObject({
  id: z.string(),
  customer_name: z.string(),
  customer_email: z.string().nullable(),
  amount_minor: z.int(),
  currency: z.enum(currencies),
  gateway: z.string(),
  outcome: z.enum(outcomes),
  recorded_at: z.int(),
})

const events = { received: paymentReceived, failed: paymentFailed, refunded: paymentRefunded }
const statuses = { received: 'completed', failed: 'failed', refunded: 'refunded' } as const

const payloadOf = (id: string, entry: Entry, now: Date): Payment => ({
  payment_id: id,
  payment_status: statuses[entry.outcome],
  ...amountFields(entry.amount_minor, entry.currency),
  payment_gateway: entry.gateway,
  payment_date_created: now.toISOString(),
  customer_id: null,
  customer_name: entry.customer_name,
  customer_user_email: entry.customer_email,
  membership_id: null,
})

const same = (a: Entry, b: Entry): boolean =>
  a.customer_name === b.customer_name &&
  a.customer_email === b.customer_email &&
  a.amount_minor === b.amount_minor &&
  a.currency === b.currency &&
  a.gateway === b.gateway &&
  a.outcome === b.outcome

const seeList = (id: string) => new Response(null, { status: 303, headers: { location: `payments?recorded=${id}` } })

export default definePlugin(
  {
    slug: 'payments',
    version: '1.0.0',
    title: 'Payments',
    description: 'Keeps payments, and tells when one is received, fails or is refunded.',
    requires: { host: '^1.0' },
    scope: 'site',
    defaultActive: true,
    events: [paymentReceived, paymentFailed, paymentRefunded],
    storage: { payments: { schema: payment } },
  },
  ({ route, page }) => {
    route(
      'POST /payments',
      async (request, { storage, emit, render, now, newId }) => {
        const { values, errors, entry } = readForm(await request.formData())
        if (!entry) return render('/payments', { values, errors })
        // The form brings the id of what it makes, so that sending it twice makes one payment.
        const id = /^rec_[0-9a-z]{26}$/.test(values.once) ? values.once : newId()
        const earlier = await storage.payments.get(id)
        if (earlier && !same(earlier, entry)) {
          const once = msg('This form was sent before with other values. Send it again if this is one more payment.')
          return render('/payments', { values: { ...values, once: newId() }, errors: { once } }, 409)
        }
        if (!earlier) {
          storage.payments.add(id, { ...entry, recorded_at: now().getTime() })
          emit(events[entry.outcome], payloadOf(id, entry, now()))
        }
        return seeList(id)
      },
      { rule: 'webhooks:write' },
    )

    page('/payments', {
      title: 'Payments',
      template: 'payments',
      rule: 'webhooks:read',
      load: async ({ storage, query, newId, actor }) => ({
        mayRecord: actor?.may('webhooks:write') ?? false,
        values: blank(newId()),
        errors: {},
        currencies,
        recorded: await storage.payments.get(query.get('recorded') ?? ''),
        payments: (await storage.payments.list()).map((row) => ({ ...row, amount: formatAmount(row.amount_minor) })),
      }),
    })
  },
)
