import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FLOW_ADMIN, FLOW_KEY } from '../../flows/key.ts'
import { onNode } from '../../flows/on-node.ts'
import type { Subject } from '../../flows/flow.ts'
import { temporaryFolders } from '../../support/folder.ts'

interface Recorded {
  readonly request: { method: string; path: string; headers: [string, string][]; body: string | null }
  readonly response: { status: number; headers: [string, string][]; body: string }
}
const recorded = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../../vectors/recorded/wu-v2-${name}.json`), 'utf8')) as Recorded

const THEIRS = { key: 'RECORDERKEY0000000000000', secret: 'RECORDERSECRET0000000000' }
const folder = temporaryFolders()
let subject: Subject
let keyId = ''
/** Their number of a webhook, and ours. */
const ids = new Map<string, string>()

beforeAll(async () => {
  subject = await onNode({ DATA_DIR: folder() })
  const me = await subject.fetch('/api/v1/me', { headers: { authorization: `Bearer ${FLOW_KEY}` } })
  keyId = String(((await me.json()) as { id: string }).id)
})
afterAll(() => subject.stop())

/** Sends a recorded request to us, with our credentials and numbers in the place of theirs. */
async function replay(name: string) {
  const { request, response } = recorded(name)
  const ours = (text: string) => text.replaceAll(THEIRS.key, keyId).replaceAll(THEIRS.secret, FLOW_KEY)
  const headers = request.headers
    .filter(([header]) => !/^(host|content-length|connection)$/i.test(header))
    .map(([header, value]): [string, string] => {
      const basic = /^Basic (.*)$/.exec(value)?.[1]
      return [header, basic === undefined ? value : `Basic ${btoa(ours(atob(basic)))}`]
    })
  const path = ours(request.path).replace(/(?<=\/webhook\/)\d+$/, (id) => ids.get(id) ?? id)
  const answer = await subject.fetch(path, {
    method: request.method,
    headers,
    ...(request.body === null ? {} : { body: ours(request.body) }),
  })
  const text = await answer.text()
  return {
    status: answer.status,
    headers: answer.headers,
    body: text === '' ? null : (JSON.parse(text) as unknown),
    theirs: { status: response.status, body: response.body === '' ? null : (JSON.parse(response.body) as unknown) },
  }
}

/** Names and types of what an answer holds, in their order; of a list, of its first element. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape)
  if (value === null || typeof value !== 'object') return typeof value
  return Object.entries(value).map(([key, inner]) => [key, typeof inner])
}

test.each([
  'auth-missing',
  'auth-wrong-key',
  'auth-wrong-secret',
  'webhook-list-missing-auth',
  'webhook-list-wrong-secret',
])('nobody comes in with %s', async (name) => {
  const { status, body, theirs } = await replay(name)
  expect([status, shape(body)]).toEqual([theirs.status, shape(theirs.body)])
  expect(body).toMatchObject({ code: 'rest_forbidden', data: { status: 401 } })
})

test.each([
  ['auth-ok', 200],
  ['auth-post', 404],
  ['webhook-list-empty', 200],
  ['webhook-create', 200],
  ['webhook-create-active', 200],
  ['webhook-create-unknown-field', 200],
  ['webhook-get', 200],
  ['webhook-list', 200],
  ['webhook-list-orderby', 200],
  ['webhook-list-search', 200],
  ['webhook-list-filter-event', 200],
  ['webhook-list-filter-active', 200],
  ['webhook-list-page-beyond', 200],
  ['webhook-update', 200],
  ['webhook-update-patch', 200],
  ['webhook-update-post', 200],
  ['webhook-get-404', 404],
  ['webhook-get-non-numeric', 404],
  ['webhook-plural-route', 404],
  ['webhook-delete-collection', 404],
  ['webhook-update-404', 404],
  ['webhook-delete', 200],
  ['webhook-delete-404', 404],
])('%s is answered as the original answers it', async (name, expected) => {
  if (name === 'webhook-delete') ids.set('5', ids.get('4') ?? '')
  const { status, body, theirs } = await replay(name)
  expect(status).toBe(expected)
  expect(theirs.status).toBe(expected)
  if (name === 'webhook-update-patch' || name === 'webhook-update-post') {
    // What only the original keeps, it shows as it was sent: its counts and its flag.
    expect(Object.keys(body as object)).toEqual(Object.keys(theirs.body as object))
  } else expect(shape(body)).toEqual(shape(theirs.body))
  if (status >= 400) expect(body).toMatchObject({ code: (theirs.body as { code: string }).code })
  const { id } = (theirs.body ?? {}) as { id?: number }
  if (typeof id === 'number') ids.set(String(id), String((body as { id: number }).id))
})

test.each([
  ['webhook-create-bad-json', 'rest_invalid_json'],
  ['webhook-create-bad-type', 'rest_invalid_param'],
  ['webhook-create-missing-all', 'rest_missing_callback_param'],
  ['webhook-create-missing-name', 'rest_missing_callback_param'],
  ['webhook-create-missing-integration', 'rest_missing_callback_param'],
  ['webhook-create-no-body', 'rest_missing_callback_param'],
  ['webhook-create-bad-url', 'webhook_url'],
  ['webhook-create-not-a-url', 'webhook_url'],
  ['webhook-create-short-name', 'name'],
  ['webhook-list-page-0', 'rest_invalid_param'],
  ['webhook-list-per-page-0', 'rest_invalid_param'],
  ['webhook-list-per-page-101', 'rest_invalid_param'],
  ['webhook-update-bad-url', 'webhook_url'],
  ['webhook-update-unknown-field', 'wu_rest_webhook_invalid_set_method'],
  ['webhook-update-date-last-failed', 'wu_rest_webhook_invalid_set_method'],
  ['webhook-update-empty-object', 'wu_rest_webhook'],
])('%s is a 400 with its code %s, even where it was a 500', async (name, code) => {
  const { status, body, theirs } = await replay(name)
  expect([400, 500]).toContain(theirs.status)
  expect((theirs.body as { code: string }).code).toBe(code)
  expect([status, (body as { code: string }).code]).toEqual([400, code])
  expect(Object.keys(body as object)).toEqual(Object.keys(theirs.body as object))
})

test('what the original lets pass or breaks on is refused with 400', async () => {
  const unknown = await replay('webhook-create-unknown-event')
  expect([unknown.status, unknown.body]).toMatchObject([400, { code: 'event' }])
  ids.set('4', ids.get('1') ?? '')
  const skipped = await replay('webhook-update-skip-validation')
  expect([skipped.status, skipped.body]).toMatchObject([400, { code: 'name' }])
  expect((await replay('webhook-update-id')).status).toBe(400)
  expect((await replay('webhook-update-no-body')).status).toBe(400)
})

test('lists count, and turn pages', async () => {
  const all = await replay('webhook-list')
  expect([all.headers.get('x-wp-total'), all.headers.get('x-wp-totalpages')]).toEqual(['2', '1'])
  const head = await replay('webhook-head')
  expect([head.status, head.body, head.headers.get('x-wp-total')]).toEqual([200, null, '2'])
  const names = (rows: unknown) => (rows as { name: string }[]).map(({ name }) => name)
  expect(names((await replay('webhook-list-orderby')).body)).toEqual(names(all.body).toReversed())
  expect(names((await replay('webhook-list-search')).body)).toEqual(['Recorder Zapier'])
  expect(names((await replay('webhook-list-page')).body)).toEqual([])
})

test('credentials in the query count only where a super admin allows it', async () => {
  for (const name of ['auth-ok-query', 'webhook-list-credentials-in-query']) {
    expect((await replay(name)).status).toBe(401)
  }
  const send = async (path: string, fields: Record<string, string>, cookie = '') =>
    subject.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', cookie },
      body: new URLSearchParams(fields).toString(),
    })
  const login = await send('/login', { email: FLOW_ADMIN.SETUP_EMAIL, password: FLOW_ADMIN.SETUP_PASSWORD })
  const cookie = login.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const html = await (await subject.fetch('/network/settings', { headers: { cookie } })).text()
  const fields = Object.fromEntries(
    [...html.matchAll(/<input type="(?:text|number|email|hidden)"[^>]*>/g)].map(([tag]) => [
      /name="([^"]*)"/.exec(tag)?.[1] ?? '',
      /value="([^"]*)"/.exec(tag)?.[1] ?? '',
    ]),
  )
  const more = { ...fields, revision: '0', time_zone: 'UTC', language: '', wu_query_credentials: 'on' }
  expect((await send('/network/settings', more, cookie)).status).toBe(303)
  for (const name of ['auth-ok-query', 'webhook-list-credentials-in-query']) {
    expect((await replay(name)).status).toBe(200)
  }
  expect((await replay('auth-query-wrong-secret')).status).toBe(401)
})

test('hooks names every event that can be chosen, with the fields that will arrive', async () => {
  const { status, body, theirs } = await replay('hooks')
  expect(status).toBe(200)
  const hooks = body as Record<string, { payload: Record<string, unknown> }>
  expect(Object.keys(hooks)).toEqual(expect.arrayContaining(Object.keys(theirs.body as object)))
  expect(Object.keys(hooks['site_published'] ?? {})).toEqual(
    Object.keys((theirs.body as Record<string, object>)['site_published'] ?? {}),
  )
  expect(hooks['site_published']?.payload).toMatchObject({ type: 'site_published', site_title: 'Acme Shop' })
  expect(hooks).not.toHaveProperty('COURSE_ENROLLMENT')
})
