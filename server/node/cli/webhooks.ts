import type { Command } from 'commander'
import { add, addList, answered, wholeNumber, type Session } from './command.ts'
import { exit, Stop } from './exit.ts'
import { readJson } from './input.ts'
import { note, out, record } from './print.ts'

interface Webhook extends Readonly<Record<string, unknown>> {
  readonly id: string
  readonly name: string
  readonly url: string
  readonly state: string
  readonly events: readonly string[]
  readonly all_events: boolean
  readonly secret?: string
}

interface Create {
  readonly name?: string
  readonly event?: readonly string[]
  readonly allEvents?: true
  readonly signature?: true
  readonly data?: string
}

const at = (id: string | undefined) => `/api/v1/webhooks/${encodeURIComponent(id ?? '')}`

export function addWebhooks(hookline: Command): void {
  const webhook = hookline.command('webhook').description('who is told of events')
  addList<Webhook>(webhook, {
    summary: 'list webhooks, the newest first',
    example: 'webhook list',
    path: '/api/v1/webhooks',
    columns: [
      ['ID', ({ id }) => id],
      ['NAME', ({ name }) => name],
      ['STATE', ({ state }) => state],
      ['EVENTS', ({ all_events: all, events }) => (all ? 'all' : events.length > 3 ? events.length : events)],
      ['URL', ({ url }) => url],
    ],
  })
  add(webhook, 'show <id>', {
    summary: 'show a webhook; of secrets, only that they are there',
    example: 'webhook show whk_01k8z0c7v5q3m9x2t4h6n8p0rs',
    run: async (session, id) => answered<Webhook>(session, await session.ask('GET', at(id)), record),
  })
  add<Create>(webhook, 'create <target-url>', {
    summary: 'add a webhook; prints its signing secret, which is shown this once, or its id where it has none',
    example: 'webhook create https://example.com/in --name "Order desk" --event payment_received --signature',
    configure: (command) =>
      command
        .option('--name <name>', 'its name (by default the host of the address)')
        .option('--event <name...>', 'what it wants to be told of')
        .option('--all-events', 'all events, also future ones')
        .option('--signature', 'sign each request with a secret of its own')
        .option('--data <json>', 'any other fields of the API: JSON, @file, or - for stdin'),
    run: create,
  })
  add<{ readonly event?: string }>(webhook, 'test <id>', {
    summary: 'send a test event and show what the receiver answers; ends with 1 where it refuses',
    example: 'webhook test whk_01k8z0c7v5q3m9x2t4h6n8p0rs --event payment_received',
    configure: (command) => command.option('--event <name>', 'which one (by default the first that it wants)'),
    run: async (session, id) => {
      const answer = await session.ask('POST', `${at(id)}/test`, { body: { event: session.options.event } })
      const exchange = answer.value as Exchange
      answered<Exchange>(session, answer, ({ ok, status, duration_ms: duration, error, event, response }) =>
        record({ ok, status, duration: `${duration} ms`, error, event, answer: response?.body }),
      )
      if (!exchange.ok) throw new Stop(exit.refused)
    },
  })
  add<{ readonly overlap: string }>(webhook, 'rotate <id>', {
    summary: 'give a webhook another signing secret, and print it: it is shown this once',
    example: 'webhook rotate whk_01k8z0c7v5q3m9x2t4h6n8p0rs --overlap 24',
    configure: (command) =>
      command.option('--overlap <hours>', 'for how long the old one signs too: 0, 1, 24 or 168', '24'),
    run: async (session, id) => {
      const body = { overlap_hours: hours(session.options.overlap) }
      const answer = await session.ask('POST', `${at(id)}/rotate-secret`, { body })
      answered<{ secret?: string; public_key?: string; old_until: string }>(session, answer, (made) => {
        note(`The old one signs until ${made.old_until}.`)
        out(made.secret ?? made.public_key ?? '')
      })
    },
  })
  for (const [word, active, summary] of [
    ['activate', true, 'let a webhook send (again); what was held goes out'],
    ['retire', false, 'let a webhook send no more; what waits is held'],
  ] as const) {
    add(webhook, `${word} <id>`, {
      summary,
      example: `webhook ${word} whk_01k8z0c7v5q3m9x2t4h6n8p0rs`,
      run: async (session, id) => {
        const answer = await session.ask('PATCH', at(id), { body: { active } })
        answered<Webhook>(session, answer, ({ name, state }) => note(`${name} is ${state}.`))
      },
    })
  }
  add(webhook, 'delete <id>', {
    summary: 'delete a webhook; its deliveries stay in the log',
    example: 'webhook delete whk_01k8z0c7v5q3m9x2t4h6n8p0rs',
    run: async (session, id) => {
      await session.ask('DELETE', at(id))
      note('It is deleted.')
    },
  })
}

interface Exchange {
  readonly ok: boolean
  readonly status: number | null
  readonly duration_ms: number
  readonly event: string
  readonly error?: string
  readonly response: { readonly body: string } | null
}

async function create(session: Session<Create>, url = ''): Promise<void> {
  const { name, event, allEvents, signature, data } = session.options
  const more = data === undefined ? {} : readJson('--data', data)
  if (typeof more !== 'object' || more === null) throw new Stop(exit.usage, '--data has to be one JSON object.')
  const body = {
    name: name ?? URL.parse(url)?.host,
    url,
    ...(event && { events: event }),
    ...(allEvents && { all_events: true }),
    ...(signature && { auth: { type: 'signature' } }),
    ...more,
  }
  const answer = await session.ask('POST', '/api/v1/webhooks', { body })
  answered<Webhook>(session, answer, (made) => {
    note(`Made ${made.id}: ${made.name}, ${made.state}.${made.secret ? ' Its secret is shown this once.' : ''}`)
    out(made.secret ?? made.id)
  })
}

/** Zero counts: the old one ends at once. */
export const hours = (text: string): number => (text === '0' ? 0 : wholeNumber('--overlap', text))
