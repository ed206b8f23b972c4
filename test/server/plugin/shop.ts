import { z } from 'zod'
import { definePlugin, event, reject, webhookPayload } from 'hookline/plugin'

/** The shop that the tests of the host share: it has a bit of everything. */
export const orderPaid = event('order_paid', {
  title: 'Order Paid',
  sentence: 'A customer paid an order',
  description: 'Happens once for each payment that a gateway has confirmed.',
  lane: 'realtime',
  payload: z.strictObject({
    order_id: z.string(),
    amount_minor: z.int(),
    currency: z.string().length(3),
    paid_at: z.iso.datetime(),
  }),
  sample: { order_id: 'ord_1001', amount_minor: 24900, currency: 'SEK', paid_at: '2026-01-15T09:30:00Z' },
})

const order = z.strictObject({ id: z.string(), total: z.int(), status: z.enum(['open', 'paid']) })

export const shop = definePlugin(
  {
    slug: 'shop',
    version: '1.1.0',
    title: 'Shop',
    requires: { host: '^1.0' },
    scope: 'site',
    http: ['api.acme-pay.example'],
    events: [orderPaid],
    storage: { orders: { schema: order, indexes: ['status'] } },
    settings: z.object({
      currency: z.enum(['SEK', 'EUR', 'XXX']).default('SEK').meta({ title: 'Currency' }),
      apiKey: z.string().default('').meta({ title: 'Acme Pay key', secret: true }),
    }),
  },
  ({ on, filter, cron, route, page, upgrade }) => {
    route('POST /orders/:id/pay', async (_request, { params, storage, emit, settings, now }) => {
      const found = await storage.orders.get(params.id)
      if (!found) return new Response(null, { status: 404 })
      storage.orders.put(found.id, { ...found, status: 'paid' })
      emit(orderPaid, {
        order_id: found.id,
        amount_minor: found.total,
        currency: settings.currency,
        paid_at: now().toISOString(),
      })
      return new Response(null, { status: 204 })
    })
    on(orderPaid, (payment, { log }) => log.info(`paid ${payment.order_id}`), { priority: 20 })
    filter(webhookPayload, (payload, { event }) =>
      event.type === 'order_paid' && payload.currency === 'XXX' ? reject('Play money is not sent.') : payload,
    )
    cron('*/15 * * * *', 'sync', async ({ http, settings, signal, storage }) => {
      const headers = { authorization: settings.apiKey }
      const answer = await http.fetch('https://api.acme-pay.example/orders', { signal, headers })
      for (const { id, ...row } of z.array(order).parse(await answer.json())) storage.orders.put(id, row)
    })
    page('/orders', {
      title: 'Orders',
      template: 'orders',
      load: async ({ storage }) => ({ orders: await storage.orders.list({ status: 'paid' }) }),
    })
    upgrade('1.1.0', async ({ storage }) => {
      for (const row of await storage.orders.list()) storage.orders.put(row.id, { ...row, total: row.total * 100 })
    })
  },
)
