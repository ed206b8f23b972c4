import { applyD1Migrations, createScheduledController } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest'
import worker, { type Bindings } from '../../../server/worker/main.ts'
import { createFlow } from '../../flows/flow.ts'
import { askWorker } from '../../support/worker.ts'

vi.setConfig({ testTimeout: 30_000 })

const MIB = 1024 * 1024
const bindings: Bindings = { ...env, QUEUE: undefined }
beforeAll(() => applyD1Migrations(env.DB, inject('migrations')))

const flow = createFlow('workerd-large', () => ({
  fetch: askWorker(bindings),
  deliver: () => worker.scheduled(createScheduledController(), bindings),
  advance: () => {},
  now: () => Date.now(),
  stop: () => Promise.resolve(),
}))
const { api, box } = flow

const added: string[] = []
async function addWebhook(more: object = {}) {
  const receiver = box()
  const { id } = await flow.addWebhook(receiver.url, { events: ['greeting_sent'], ...more })
  added.push(id)
  return { ...receiver, id }
}
const switchSending = (to: 'on' | 'off') =>
  env.DB.prepare("insert into setting (name, value) values ('sending', ?1) on conflict (name) do update set value = ?1")
    .bind(to)
    .run()
// What is stored matters here, and to send hundreds of large events takes its time.
beforeEach(() => switchSending('off'))
afterEach(async () => {
  for (const id of added.splice(0)) await api('DELETE', `/webhooks/${id}`)
})

const FORMATS = [
  { format: 'standard' },
  { format: 'flat' },
  { format: 'cloudevents' },
  { format: 'envelope', timestamp: 'milliseconds' },
  { format: 'envelope', timestamp: 'seconds' },
  { format: 'envelope', timestamp: 'iso' },
]

const inAllFormats = async () => {
  const webhooks = []
  for (const format of FORMATS) webhooks.push(await addWebhook(format))
  return webhooks
}

const greeting = (n: number, text: string, more: object = {}) => ({
  type: 'greeting_sent',
  data: { greeting_id: String(n), name: 'Kari', text },
  ...more,
})
const greetings = (count: number, bytesEach: number) =>
  Array.from({ length: count }, (_, n) => greeting(n, 'x'.repeat(bytesEach), { id: `large-${count}-${n}` }))

/** Greetings whose request body has exactly so many bytes. */
function greetingsOf(bytes: number) {
  const list = [...Array.from({ length: 4 }, (_, n) => greeting(n, 'x'.repeat(200_000))), greeting(4, '')]
  const left = bytes - JSON.stringify(list).length
  return [...list.slice(0, 4), greeting(4, 'x'.repeat(left))]
}

const stored = async () => {
  const counts = await env.DB.prepare(
    `select (select count(*) from event) as events, (select count(*) from delivery where type <> 'batch') as deliveries,
      (select count(*) from body where owner_id in (select id from event)) as bodies`,
  ).first()
  return counts as Record<'events' | 'deliveries' | 'bodies', number>
}

test('500 events of 5 KB are more than a request may bring, and nothing of them is stored', async () => {
  await addWebhook()
  const before = await stored()
  const { status, body } = await api('POST', '/events/batch', greetings(500, 5000))
  expect({ status, code: body.code }).toEqual({ status: 413, code: 'too_large' })
  expect(await stored()).toEqual(before)
})

test('0.9 MB of events go to six webhooks in four formats, in order, and a second time are duplicates', async () => {
  await inAllFormats()
  const before = await stored()
  const list = greetings(60, 15_000)
  const first = await api('POST', '/events/batch', list)
  expect(first.status, JSON.stringify(first.body)).toBe(202)
  const made = first.body.data as { id: string; deliveries: number; duplicate: boolean }[]
  expect(made.every(({ deliveries, duplicate }) => deliveries === 6 && !duplicate)).toBe(true)
  expect(await stored()).toEqual({
    events: before.events + 60,
    deliveries: before.deliveries + 6 * 60,
    bodies: before.bodies + 6 * 60,
  })
  const rows = await env.DB.prepare('select id, payload from event order by seq desc limit 60').all()
  expect(rows.results.toReversed()).toEqual(made.map(({ id }, n) => ({ id, payload: JSON.stringify(list[n]?.data) })))
  const again = await api('POST', '/events/batch', list)
  expect(again.body.data).toEqual(made.map((one) => ({ ...one, duplicate: true })))
})

test('an event of 120,000 quotation marks arrives at six webhooks in four formats', async () => {
  await switchSending('on')
  const webhooks = await inAllFormats()
  const text = '"'.repeat(120_000)
  const sent = await api('POST', '/events', greeting(1, text))
  expect(sent).toMatchObject({ status: 202, body: { deliveries: 6 } })
  await flow.subject.deliver()
  for (const { kept } of webhooks) {
    const [request, ...more] = await kept()
    expect(more).toEqual([])
    expect(JSON.parse(request?.body ?? '')).toSatisfy((body) => JSON.stringify(body).includes(JSON.stringify(text)))
  }
})

test.each([
  ['1 MiB is taken', MIB, 202],
  ['one byte more is not', MIB + 1, 413],
])('%s', async (_, bytes, status) => {
  const list = greetingsOf(bytes)
  expect(JSON.stringify(list)).toHaveLength(bytes)
  const before = await stored()
  expect((await api('POST', '/events/batch', list)).status).toBe(status)
  expect((await stored()).events - before.events).toBe(status === 202 ? 5 : 0)
})

/** Events that Flat makes much larger: it repeats a long name for each of the fields below. Each has a body of half a MiB. */
const repeating = (count: number) => {
  const fields = Object.fromEntries(Array.from({ length: 250 }, (_, n) => [`n${n}`, 1]))
  return Array.from({ length: count }, (_, n) =>
    greeting(n, '', { data: { greeting_id: `${n}`, name: 'Kari', ['"'.repeat(1000)]: fields } }),
  )
}

test.each([
  [
    'than may be made of one request',
    80,
    'What is sent of these events has more than 32 MiB together. Send fewer events at a time.',
  ],
  ['than one commit takes', 62, 'This is more than can be stored at once, so nothing was stored. Send less at a time.'],
])('events whose bodies are more %s are refused in a sentence', async (_, count, title) => {
  await addWebhook({ format: 'flat' })
  const before = await stored()
  const { status, body } = await api('POST', '/events/batch', repeating(count))
  expect({ status, code: body.code, title: body.title }).toEqual({ status: 413, code: 'too_large', title })
  expect(await stored()).toEqual(before)
})
