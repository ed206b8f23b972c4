import { expect, test } from 'vitest'
import { MINUTE } from '../../server/lib/clock.ts'
import type { Flow } from './flow.ts'
import { FLOW_KEY } from './key.ts'

type Row = readonly [what: string, patch: Readonly<Record<string, unknown>>, ...paths: readonly string[]]

const nested = (levels: number): object =>
  levels === 0 ? { path: 'payment_currency', equals: 'SEK' } : { not: nested(levels - 1) }
const header = (name: string, value = 'x'): Row => [
  `a header ${JSON.stringify(name)} of ${JSON.stringify(value).slice(0, 20)}`,
  { headers: { [name]: value } },
  `headers.${name}`,
]
const address = (url: string): Row => [`the address ${url.slice(0, 60)}`, { url }, 'url']
const basic = { type: 'basic', username: 'books', password: 'x' }
const own = btoa('a secret of 24 bytes: yes')

/** What is wrong with a webhook, and the paths that have to be named: these and no others. */
const webhooks: readonly Row[] = [
  ['no name', { name: '' }, 'name'],
  ['a blank name', { name: ' \t ' }, 'name'],
  ['a name of 192 letters', { name: 'x'.repeat(192) }, 'name'],
  ['a name with NUL', { name: 'Orders\0' }, 'name'],
  ['a name that turns the reading direction', { name: 'Orders \u202egnp.exe' }, 'name'],
  ['a name that is a number', { name: 7 }, 'name'],
  ['no text at all', { name: null }, 'name'],
  ['a description of 141 letters', { description: 'x'.repeat(141) }, 'description'],
  ['a description with an escape', { description: 'Red \u001b[31m' }, 'description'],

  ...[
    '',
    ' ',
    'example.com/hook',
    '//example.com/',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'ftp://example.com/',
    'https://anna:secret@example.com/',
    'https://exa mple.com/',
    'https://example.com/\r\nx: y',
    `https://example.com/${'a'.repeat(2048)}`,
    'http://10.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://metadata.google.internal/',
    'http://0xA9FEA9FE/',
    'http://2852039166/',
    'http://localhost/',
    'http://intranet/',
    'http://example.com:22/',
    'http://127.0.0.1:6379/',
  ].map(address),

  ['no event', { events: [] }, 'events'],
  ['an event that nobody sends', { events: ['payment_received', 'nothing_happened'] }, 'events.1'],
  ['500 events', { events: Array.from({ length: 500 }, (_, n) => `event_${n}`) }, 'events'],
  ['all events and a list', { all_events: true, events: ['payment_received'] }, 'events'],
  ['an event that is no text', { events: [{}] }, 'events.0'],
  ['a format that nobody has', { format: 'yaml' }, 'format'],
  ['a format that every object has', { format: 'constructor' }, 'format'],
  ['a timestamp that nobody has', { format: 'envelope', timestamp: 'stardate' }, 'timestamp'],
  ['a timestamp where there is no choice', { timestamp: 'iso' }, 'timestamp'],

  ['a user name with a colon', { auth: { ...basic, username: 'a:b' } }, 'auth.username'],
  ['a user name with a line end', { auth: { ...basic, username: 'a\r\nb' } }, 'auth.username'],
  ['no user name', { auth: { ...basic, username: '' } }, 'auth.username'],
  ['no password', { auth: { ...basic, password: null } }, 'auth.password'],
  ['a password with NUL', { auth: { ...basic, password: 'a\0b' } }, 'auth.password'],
  ['a token with a line end', { auth: { type: 'bearer', token: 'a\r\nb: c' } }, 'auth.token'],
  ['an authentication that nobody has', { auth: { type: 'kerberos' } }, 'auth.type'],
  ['more of an authentication', { auth: { type: 'none', realm: 'x' } }, 'auth.realm'],
  ['a scheme that nobody has', { signing: { scheme: 'v0' } }, 'signing.scheme'],
  ['a secret that is no base64', { signing: {}, secret: '%%%' }, 'secret'],
  ['a secret of 23 bytes', { signing: {}, secret: btoa('x'.repeat(23)) }, 'secret'],
  ['a secret of 65 bytes', { signing: {}, secret: btoa('x'.repeat(65)) }, 'secret'],
  ['a secret that signs nothing', { secret: own }, 'secret'],

  header('x', 'a\r\nx-more: b'),
  header('x', 'a\nb'),
  header('x', 'a\0b'),
  header('x', 'ü'),
  header('x', ''),
  header('x:y'),
  header('x y'),
  header('ü'),
  header(''),
  header('x\r\ny'),
  ...['Host', 'Content-Length', 'Content-Type', 'Content-Encoding', 'Transfer-Encoding', 'Connection', 'Keep-Alive']
    .concat('Expect', 'TE', 'Trailer', 'Upgrade', 'Proxy-Authorization', 'User-Agent', 'HTTP2-Settings')
    .concat('webhook-id', 'Webhook-Signature', 'hookline-event', 'Hookline-Test')
    .map((name) => header(name)),
  ['Authorization beside Basic', { auth: basic, headers: { Authorization: 'x' } }, 'headers.Authorization'],
  ['21 headers', { headers: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`x-${n}`, '1'])) }, 'headers'],
  ['headers of more than 8 KiB', { headers: { a: 'x'.repeat(5000), b: 'y'.repeat(5000) } }, 'headers'],
  ['headers that are a list', { headers: ['x: y'] }, 'headers'],

  ['a batch at no time', { delivery: { mode: 'batched', at: [] } }, 'delivery.at'],
  ['a batch at one time twice', { delivery: { mode: 'batched', at: ['06:30', '06:30'] } }, 'delivery.at.1'],
  ['a batch at 24:00', { delivery: { mode: 'batched', at: ['24:00'] } }, 'delivery.at.0'],
  ['a batch every 0 minutes', { delivery: { mode: 'batched', every_minutes: 0 } }, 'delivery.every_minutes'],
  ['a batch of 0 events', { delivery: { mode: 'batched', max_events: 0 } }, 'delivery.max_events'],
  ['a batch of 101 events', { delivery: { mode: 'batched', max_events: 101 } }, 'delivery.max_events'],
  ['a way that nobody has', { delivery: { mode: 'pigeon' } }, 'delivery.mode'],
  ['a condition that is a text', { condition: 'always' }, 'condition'],
  ['a condition of six levels', { condition: nested(5) }, 'condition.not.not.not.not.not'],
  ['a site that is not there', { sites: ['main', 'atlantis'] }, 'sites.1'],

  ...[0, -1, 1.5, 1e9].map((rate): Row => [`${rate} requests a second`, { rate_per_second: rate }, 'rate_per_second']),
  ...[0, 0.5, 31, -1].map((s): Row => [`a time-out of ${s} s`, { timeout_seconds: s }, 'timeout_seconds']),
  ['200 waits', { retry_schedule: Array<number>(200).fill(5) }, 'retry_schedule'],
  ['a wait of more than a day', { retry_schedule: [5, 86_401] }, 'retry_schedule'],
  ['a wait of no time', { retry_schedule: [0] }, 'retry_schedule'],
  ['a wait that is a text', { retry_schedule: ['5'] }, 'retry_schedule.0'],
  ['a field that nobody has', { colour: 'red' }, 'colour'],
  ['a switch that is a text', { ordered: 'yes' }, 'ordered'],
]

const events: readonly Row[] = [
  ['no type', { type: '' }, 'type'],
  ['a type that is a number', { type: 7 }, 'type'],
  ['a type of 256 letters', { type: 'x'.repeat(256) }, 'type'],
  ['a type that nobody sends', { type: 'nothing_happened' }, 'type'],
  ['what only the network may say', { type: 'webhook_disabled' }, 'type'],
  ['a pause that nobody made', { type: 'plugin_paused' }, 'type'],
  ['no data', { data: null }, 'data'],
  ['data that are a list', { data: [] }, 'data'],
  ['NUL deep in the data', { data: { payment_id: 'pay', list: ['a', { b: 'c\0' }] } }, 'data.list.1.b'],
  ['NUL in a key of the data', { data: { 'payment\0id': 1 } }, 'data'],
  ['a site that is not there', { site: 'atlantis' }, 'site'],
  ['an id of 256 letters', { id: 'x'.repeat(256) }, 'id'],
  ['a time that is none', { occurred_at: 'yesterday' }, 'occurred_at'],
  ['a time long ago', { occurred_at: '2001-01-01T00:00:00Z' }, 'occurred_at'],
  ['a time far ahead', { occurred_at: '9999-12-31T23:59:59Z' }, 'occurred_at'],
  ['a field that nobody has', { colour: 'red' }, 'colour'],
]

const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

/** What is no request that anybody reads the fields of: the body, its headers, and the answer. */
const bodies: readonly (readonly [string, string, Record<string, string>, number, string])[] = [
  ['nothing', '', {}, 400, 'bad_json'],
  ['no JSON', '{name: 1}', {}, 400, 'bad_json'],
  ['a list', '[]', {}, 400, 'bad_json'],
  ['a key twice', '{"name":"a","name":"b"}', {}, 400, 'bad_json'],
  ['a byte order mark', '\ufeff{}', {}, 400, 'bad_json'],
  ['a number beyond numbers', '{"rate_per_second":1e400}', {}, 400, 'bad_json'],
  ['half a character', String.raw`{"name":"\ud800"}`, {}, 400, 'bad_json'],
  ['depth', deep(40), {}, 400, 'too_deep'],
  ['a depth that would end a stack', deep(30_000), {}, 400, 'too_deep'],
  ['another type', '{}', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
  ['a form', 'name=a', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'unsupported_media_type'],
  ['something packed', '{}', { 'content-encoding': 'gzip' }, 415, 'unsupported_media_type'],
  ['more than anybody reads', `{"name":"${'x'.repeat(600_000)}"}`, {}, 413, 'too_large'],
]

/** Whatever stands in a field: 422 with its path, and nothing is stored. */
export function hostileFields(flow: Flow): void {
  const { api, box, addWebhook, payment } = flow

  /** Sends each row. A key may ask 600 times a minute, so the clock goes on now and then. */
  async function pathsOf(rows: readonly Row[], send: (patch: object) => ReturnType<typeof api>) {
    const told: Record<string, unknown> = {}
    for (const [n, [what, patch]] of rows.entries()) {
      if (n % 100 === 0) flow.subject.advance(2 * MINUTE)
      const { status, body } = await send(patch)
      const errors = (body.errors ?? []) as { path: string; message: string }[]
      const isTold = errors.every(({ message }) => /[.?!]$|[.?!:] /.test(message))
      told[what] = [status, body.code, ...errors.map(({ path }) => path), ...(isTold ? [] : [errors])]
    }
    return told
  }
  const wanted = (rows: readonly Row[]) =>
    Object.fromEntries(rows.map(([what, , ...paths]) => [what, [422, 'invalid', ...paths]]))
  const right = { name: 'Orders', url: 'https://books.example/', events: ['payment_received'] }

  test('what is wrong with a webhook is told by path, and nothing is stored', async () => {
    expect(await pathsOf(webhooks, (patch) => api('POST', '/webhooks', { ...right, ...patch }))).toEqual(
      wanted(webhooks),
    )
    expect((await api('GET', '/webhooks')).body.data).toEqual([])
  })

  test('no more is taken by a change, or by a test before saving', async () => {
    const { url, kept } = box()
    const { id } = await addWebhook(url)
    const before = (await api('GET', `/webhooks/${id}`)).body
    // What a change leaves out stays: here the password.
    const changes = webhooks.filter(([what]) => what !== 'all events and a list')
    expect(await pathsOf(changes, (patch) => api('PATCH', `/webhooks/${id}`, patch))).toEqual(wanted(changes))
    expect((await api('GET', `/webhooks/${id}`)).body).toEqual(before)
    const trials = webhooks.filter(([, patch]) => 'url' in patch || 'headers' in patch)
    expect(await pathsOf(trials, (patch) => api('POST', '/webhooks/test', { ...right, ...patch }))).toEqual(
      wanted(trials),
    )
    expect(await kept()).toEqual([])
    await api('DELETE', `/webhooks/${id}`)
  })

  test('what is wrong with an event is told by path, and nothing is stored', async () => {
    const count = async () => ((await api('GET', '/events?limit=100')).body.data as unknown[]).length
    const before = await count()
    const event = { type: 'payment_received', data: payment(0) }
    expect(await pathsOf(events, (patch) => api('POST', '/events', { ...event, ...patch }))).toEqual(wanted(events))
    const third = (patch: object) => api('POST', '/events/batch', [event, event, { ...event, ...patch }])
    const inList = events.map(([what, patch, ...paths]): Row => [what, patch, ...paths.map((path) => `2.${path}`)])
    expect(await pathsOf(inList, third)).toEqual(wanted(inList))
    expect(await count()).toBe(before)
  })

  test('a body that is none has a code of its own', async () => {
    flow.subject.advance(2 * MINUTE)
    for (const [what, body, headers, status, code] of bodies) {
      const answer = await flow.subject.fetch('/api/v1/webhooks', {
        method: 'POST',
        headers: { authorization: `Bearer ${FLOW_KEY}`, 'content-type': 'application/json', ...headers },
        body,
      })
      const problem = (await answer.json()) as { code: string }
      expect([what, answer.status, problem.code]).toEqual([what, status, code])
      expect(answer.headers.get('content-type')).toContain('application/problem+json')
    }
  })
}
