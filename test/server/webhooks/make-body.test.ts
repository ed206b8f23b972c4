import { expect, onTestFinished, test } from 'vitest'
import { definePlugin, type FormatEvent } from 'hookline/plugin'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

const mood = { broken: false, huge: false }
const line = ({ id, data }: FormatEvent) => `${id},${String(data['payment_total'])}\r\n`

const till = definePlugin(
  { slug: 'till', version: '1.0.0', title: 'Till', requires: { host: '^1.0' }, scope: 'site', defaultActive: true },
  ({ format }) => {
    format('csv', {
      title: 'Lines of CSV',
      contentType: 'text/csv; charset=utf-8',
      one: (event) => {
        if (mood.broken) throw new Error('No paper.')
        if (mood.huge) return 'x'.repeat(10_000_000)
        return line(event)
      },
      many: (events) => {
        if (mood.broken) throw new Error('No paper.')
        return events.map(line).join('')
      },
    })
    format('pairs', {
      title: 'Pairs',
      contentType: 'application/json',
      one: async ({ data }) => Object.entries(data),
      many: (events) => events.map(({ data }) => Object.entries(data)),
    })
  },
)

async function begin() {
  Object.assign(mood, { broken: false, huge: false })
  const receiver = await startReceiver()
  onTestFinished(() => receiver.stop())
  const app = await testApp({ plugins: [till] })
  const states = async () => {
    const rows = await app.deps.db.q
      .selectFrom('delivery')
      .select(['state', 'reason', 'attempts'])
      .orderBy('id')
      .execute()
    return rows.map(({ state, reason, attempts }) => [state, reason, attempts])
  }
  const later = async () => {
    app.clock.advance(61_000)
    await app.tidy()
    await app.deliver()
  }
  return { app, receiver, states, later }
}

test('a webhook sends in the format of a plugin, its own text or JSON, the same bytes each time', async () => {
  const { app, receiver } = await begin()
  await app.webhook({ url: receiver.url, format: 'till.csv' })
  await app.webhook({ url: receiver.url, format: 'till.pairs' })
  const id = await app.emit({ data: { payment_total: 'SEK 12.00' } })
  await app.deliver()
  const sent = receiver.requests.map(({ headers, body }) => [headers['content-type'], body.slice(0, 60)])
  expect(sent.toSorted()).toEqual([
    ['application/json', expect.stringMatching(/^\[\["payment_id",/)],
    ['text/csv; charset=utf-8', `${id},SEK 12.00\r\n`],
  ])
  const bodies = await app.deps.db.q.selectFrom('body').select('text').where('format_key', '=', 'till.csv').execute()
  expect(bodies).toEqual([{ text: `${id},SEK 12.00\r\n` }])
})

test.each([
  ['throws', 'broken', 'No paper.'],
  ['makes ten megabytes', 'huge', 'The body has more than 1024 KiB.'],
] as const)('a format that %s is a fault, and its delivery waits', async (_, how, why) => {
  const { app, receiver, states, later } = await begin()
  await app.webhook({ url: receiver.url, format: 'till.csv' })
  mood[how] = true
  await app.emit()
  await app.deliver()
  expect(await states()).toEqual([['held', `The payload format till.csv failed: ${why}`, 0]])
  expect((await app.deps.host.plugins({ faults: true })).find(({ slug }) => slug === 'till')?.faults).toMatchObject([
    { handler: 'till/format:csv', message: why },
  ])
  mood[how] = false
  await later()
  expect(receiver.requests).toHaveLength(1)
  expect(await states()).toEqual([['delivered', null, 1]])
})

test('when a format is there again, what is held for another reason or by its webhook stays where it is', async () => {
  const { app, receiver, states, later } = await begin()
  const { db } = app.deps
  await app.webhook({ url: receiver.url, format: 'till.csv' })
  const off = await app.webhook({ url: receiver.url, format: 'till.csv' })
  mood.broken = true
  await app.emit()
  await app.emit()
  await app.deliver()
  const [one] = await db.q.selectFrom('delivery').select('id').where('webhook_id', '<>', off).execute()
  await db.commit([
    db.q
      .updateTable('delivery')
      .set({ reason: 'For another reason.' })
      .where('id', '=', one?.id ?? ''),
    db.q.updateTable('webhook').set({ state: 'retired' }).where('id', '=', off),
  ])
  mood.broken = false
  await later()
  expect(receiver.requests).toHaveLength(1)
  expect((await states()).map(([state]) => state).sort()).toEqual(['delivered', 'held', 'held', 'held'])
})

test('a batch waits as well, and loses nothing', async () => {
  const { app, receiver, states, later } = await begin()
  await app.webhook({
    url: receiver.url,
    format: 'till.csv',
    delivery: { mode: 'batched', everyMinutes: 1, at: [], maxEvents: 100 },
  })
  mood.broken = true
  await app.emit()
  await app.emit()
  await later()
  const reason = 'The payload format till.csv failed: No paper.'
  expect(await states()).toEqual([
    ['held', reason, 0],
    ['held', reason, 0],
  ])
  mood.broken = false
  await later()
  expect(receiver.requests.map(({ body }) => body.split('\r\n').length)).toEqual([3])
})

test('what is sent in the format of a plugin that does not run is held until it does', async () => {
  const { app, receiver, states, later } = await begin()
  const { host, db } = app.deps
  await app.webhook({ url: receiver.url, format: 'till.csv' })
  await app.webhook({ url: receiver.url, format: 'gone.csv' })
  await db.commit(await host.deactivate('till'))
  await app.emit()
  await app.deliver()
  expect((await states()).map(([state, reason]) => [state, reason]).toSorted()).toEqual([
    ['held', 'The payload format gone.csv is not there: its plugin is missing or cannot run.'],
    ['held', 'The payload format till.csv is not to be had: its plugin is paused or inactive.'],
  ])
  await later()
  expect(receiver.requests).toHaveLength(0)
  await app.site('kiosk')
  await db.commit(
    await host.activate(
      'till',
      (await db.q.selectFrom('site').select('id').where('slug', '=', 'kiosk').executeTakeFirstOrThrow()).id,
    ),
  )
  await later()
  expect(receiver.requests).toHaveLength(1)
})

test('the form offers it with a preview, keeps it when it is gone, and the API takes it', async () => {
  const { app, receiver } = await begin()
  const { host, db } = app.deps
  const admin = await app.login()
  const { html } = await admin.get('/network/webhooks/new')
  expect(html).toContain('value="till.csv"')
  expect(html).toContain('Lines of CSV')
  expect(html).toContain('text/csv; charset=utf-8')
  mood.broken = true
  expect((await admin.get('/network/webhooks/new')).html).toContain('The payload format till.csv failed: No paper.')
  mood.broken = false
  const id = await app.webhook({ url: receiver.url, format: 'till.csv' })
  await db.commit(await host.deactivate('till'))
  expect((await admin.get('/network/webhooks/new')).html).not.toContain('value="till.csv"')
  const page = (await admin.get(`/network/webhooks/${id}`)).html
  expect(page).toMatch(/value="till\.csv" checked/)
})

test('a format with a wrong name or content type keeps its plugin from running', async () => {
  const wrong = (name: string, contentType: string) =>
    definePlugin({ ...till.manifest, slug: `bad-${name.length}` }, ({ format }) =>
      format(name, { title: 'Bad', contentType, one: () => '', many: () => '' }),
    )
  const app = await testApp({ plugins: [wrong('CSV file', 'text/csv'), wrong('csv', 'csv')] })
  const reasons = (await app.deps.host.plugins()).flatMap(({ reason }) =>
    reason ? String(reason.params?.['error']) : [],
  )
  expect(reasons).toEqual([
    expect.stringContaining('The content type csv of the format csv is not valid.'),
    expect.stringContaining('The format CSV file has to have'),
  ])
})
