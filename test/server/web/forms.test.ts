import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { AppError } from '../../../server/lib/errors.ts'
import { msg } from '../../../server/lib/message.ts'
import type { C, Env } from '../../../server/web/env.ts'
import { errorsByPath, fieldId, readForm } from '../../../server/web/forms.ts'
import { translator } from '../../../server/web/i18n.ts'

const app = new Hono<Env>()
app.onError((error, c) =>
  c.text(error instanceof AppError ? error.code : error.message, error instanceof AppError ? error.status : 500),
)
app.post('/', async (c) => {
  const form = await readForm(c as C, 100)
  return c.json({
    name: form.get('name'),
    events: form.getAll('events'),
    active: form.has('active'),
    none: form.get('none'),
  })
})

const URLENCODED = 'application/x-www-form-urlencoded'
const send = (body: BodyInit, type: string | null = URLENCODED, more: object = {}) =>
  app.request('/', { method: 'POST', body, headers: type === null ? {} : { 'content-type': type }, ...more })

test('a form gives one value, all values, and whether a field was there', async () => {
  const answer = await send('name=%C3%85se+%26+co&events=a&events=b&active=', `${URLENCODED}; charset=UTF-8`)
  expect(await answer.json()).toEqual({ name: 'Åse & co', events: ['a', 'b'], active: true, none: '' })
})

test.each(['multipart/form-data; boundary=x', 'application/json', 'text/plain', ''])(
  'a form as %j is refused',
  async (type) => {
    const answer = await send('name=x', type)
    expect([answer.status, await answer.text()]).toEqual([415, 'unsupported_media_type'])
  },
)

test('a form that is too large is refused, whatever length it announces', async () => {
  const half = new TextEncoder().encode('a'.repeat(60))
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(half)
      controller.enqueue(half)
      controller.close()
    },
  })
  for (const answer of [await send('a'.repeat(101)), await send(stream, URLENCODED, { duplex: 'half' })]) {
    expect([answer.status, await answer.text()]).toEqual([413, 'too_large'])
  }
  expect((await send('a'.repeat(100))).status).toBe(200)
})

test('each field shows its first error, and is found by its id', () => {
  const errors = [
    { path: 'auth.username', message: msg('At most {max} letters.', { max: 191 }) },
    { path: 'auth.username', message: msg('No colon.') },
    { path: 'url', message: msg('Give an address.') },
  ]
  expect(errorsByPath(errors, translator('en'))).toEqual({
    'auth.username': 'At most 191 letters.',
    url: 'Give an address.',
  })
  expect(fieldId('auth.username')).toBe('auth-username')
})
