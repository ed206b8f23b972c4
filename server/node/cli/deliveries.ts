import type { Command } from 'commander'
import { add, addList, answered } from './command.ts'
import { note, record, table } from './print.ts'

interface Delivery extends Readonly<Record<string, unknown>> {
  readonly id: string
  readonly type: string
  readonly webhook: string
  readonly state: string
  readonly attempt_count: number
  readonly last_status: number | null
  readonly created_at: string
}

interface Attempt {
  readonly number: number
  readonly started_at: string
  readonly duration_ms: number
  readonly outcome: string
  readonly status: number | null
  readonly error: string | null
}

const at = (id: string | undefined) => `/api/v1/deliveries/${encodeURIComponent(id ?? '')}`

export function addDeliveries(hookline: Command): void {
  const delivery = hookline.command('delivery').description('an event on its way to a webhook')
  addList<Delivery>(delivery, {
    summary: 'list deliveries, the newest first',
    example: 'delivery list --state failed --webhook whk_01k8z0c7v5q3m9x2t4h6n8p0rs',
    path: '/api/v1/deliveries',
    filters: {
      webhook: 'id of a webhook',
      event: 'id of an event',
      type: 'name of an event',
      state: 'pending, delivering, delivered, retrying, failed, cancelled or held',
      site: 'slug of a site',
      since: 'a time such as 2026-01-31T12:00:00Z',
      until: 'a time',
      test: 'true: only tests, false: none',
    },
    columns: [
      ['ID', ({ id }) => id],
      ['TYPE', ({ type }) => type],
      ['WEBHOOK', ({ webhook }) => webhook],
      ['STATE', ({ state }) => state],
      ['ATTEMPTS', ({ attempt_count: count }) => count],
      ['STATUS', ({ last_status: status }) => status],
      ['MADE', ({ created_at }) => created_at],
    ],
  })
  add(delivery, 'show <id>', {
    summary: 'show a delivery with its attempts; --json has requests and answers whole',
    example: 'delivery show dlv_01k8z0c7v5q3m9x2t4h6n8p0rs',
    run: async (session, id) => {
      const answer = await session.ask('GET', at(id))
      answered<Delivery & { attempts: readonly Attempt[] }>(session, answer, ({ attempts, ...fields }) => {
        record(fields)
        if (attempts.length === 0) return
        table(attempts, [
          ['ATTEMPT', ({ number }) => number],
          ['STARTED', ({ started_at }) => started_at],
          ['MS', ({ duration_ms: duration }) => duration],
          ['OUTCOME', ({ outcome }) => outcome],
          ['STATUS', ({ status }) => status],
          ['ERROR', ({ error }) => error],
        ])
      })
    },
  })
  for (const [word, summary] of [
    ['redeliver', 'send a delivery once more, now'],
    ['cancel', 'cancel a delivery that waits'],
  ] as const) {
    add(delivery, `${word} <id>`, {
      summary,
      example: `delivery ${word} dlv_01k8z0c7v5q3m9x2t4h6n8p0rs`,
      run: async (session, id) => {
        const answer = await session.ask('POST', `${at(id)}/${word}`, { body: {} })
        answered<Delivery>(session, answer, ({ state }) => note(`It is ${state}.`))
      },
    })
  }
}
