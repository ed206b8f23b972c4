import type { Command } from 'commander'
import { add, addList, answered } from './command.ts'
import { readJson } from './input.ts'
import { note, out, pretty, record } from './print.ts'

interface Event extends Readonly<Record<string, unknown>> {
  readonly id: string
  readonly type: string
  readonly site: string | null
  readonly source: string
  readonly created_at: string
}

interface Emit {
  readonly data: string
  readonly site?: string
  readonly occurredAt?: string
  readonly idempotencyKey?: string
}

export function addEvents(hookline: Command): void {
  const event = hookline.command('event').description('what happened')
  add<Emit>(event, 'emit <type>', {
    summary: 'send an event; prints its id',
    example: `event emit payment_received --data @payment.json --idempotency-key order-1001`,
    configure: (command) =>
      command
        .requiredOption('--data <json>', 'the payload: JSON, @file, or - for stdin')
        .option('--site <slug>', 'where it happened (by default the main site)')
        .option('--occurred-at <time>', 'when it happened, such as 2026-01-31T12:00:00Z (by default now)')
        .option('--idempotency-key <key>', 'sent twice with the same key, it is one event'),
    run: async (session, type) => {
      const { data, site, occurredAt, idempotencyKey } = session.options
      const body = { type, data: readJson('--data', data), site, occurred_at: occurredAt }
      const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }
      const answer = await session.ask('POST', '/api/v1/events', { body, headers })
      answered<{ id: string; deliveries: number; duplicate: boolean }>(session, answer, (made) => {
        out(made.id)
        note(made.duplicate ? 'It was sent before: nothing was stored.' : `Deliveries: ${made.deliveries}.`)
      })
    },
  })
  addList<Event>(event, {
    summary: 'list events, the newest first',
    example: 'event list --type payment_received --since 2026-01-31T00:00:00Z',
    path: '/api/v1/events',
    filters: {
      type: 'its name',
      site: 'slug of a site',
      since: 'a time such as 2026-01-31T12:00:00Z',
      until: 'a time',
      test: 'true: only tests, false: none',
    },
    columns: [
      ['ID', ({ id }) => id],
      ['TYPE', ({ type }) => type],
      ['SITE', ({ site }) => site],
      ['SOURCE', ({ source }) => source],
      ['STORED', ({ created_at }) => created_at],
    ],
  })
  add(event, 'show <id>', {
    summary: 'show an event with its payload',
    example: 'event show evt_01k8z0c7v5q3m9x2t4h6n8p0rs',
    run: async (session, id) => {
      const answer = await session.ask('GET', `/api/v1/events/${encodeURIComponent(id ?? '')}`)
      answered<Event>(session, answer, ({ data, ...fields }) => {
        record(fields)
        pretty(data)
      })
    },
  })
  addList<{ readonly name: string; readonly plugin: string; readonly lane: string; readonly sentence: string }>(
    hookline.command('event-type').description('the events that there are'),
    {
      summary: 'list the events that can be sent and listened to',
      example: 'event-type list',
      path: '/api/v1/event-types',
      whole: true,
      columns: [
        ['NAME', ({ name }) => name],
        ['PLUGIN', ({ plugin }) => plugin],
        ['LANE', ({ lane }) => lane],
        ['WHEN', ({ sentence }) => sentence],
      ],
    },
  )
}
