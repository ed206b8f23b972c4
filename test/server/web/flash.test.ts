import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { msg } from '../../../server/lib/message.ts'
import type { C, Env } from '../../../server/web/env.ts'
import { seeOther, takeNotice, type Notice } from '../../../server/web/flash.ts'

const notice: Notice = {
  tone: 'good',
  title: msg('{name} was saved.', { name: '<b>Order; desk</b> å' }),
  link: { href: '/network', label: msg('See it') },
}

function site(publicUrl: string): Hono<Env> {
  const home = { publicUrl: () => publicUrl }
  const app = new Hono<Env>()
  app.post('/save', (c) => seeOther(c as C, home, '/list', notice))
  app.post('/huge', (c) => seeOther(c as C, home, '/list', { tone: 'bad', title: msg('x'.repeat(5000)) }))
  app.get('/list', (c) => c.json(takeNotice(c as C, home)))
  return app
}
const cookieOf = (answer: Response): string => answer.headers.get('set-cookie') ?? ''
const show = async (app: Hono<Env>, cookie: string) => app.request('/list', { headers: { cookie } })

test('a notice waits for the page after the redirect, and only for that one', async () => {
  const app = site('http://127.0.0.1:3000')
  const saved = await app.request('/save', { method: 'POST' })
  expect(saved.status).toBe(303)
  expect(saved.headers.get('location')).toBe('/list')
  expect(cookieOf(saved)).toMatch(/^notice=.*Max-Age=60; Path=\/; HttpOnly; SameSite=Lax$/)

  const shown = await show(app, cookieOf(saved).split(';')[0] ?? '')
  expect(await shown.json()).toEqual(notice)
  expect(cookieOf(shown)).toMatch(/^notice=; Max-Age=0/)
})

test('with https its cookie cannot be set by a sister domain', async () => {
  const app = site('https://hooks.example.com')
  const saved = await app.request('/save', { method: 'POST' })
  expect(cookieOf(saved)).toMatch(/^__Host-notice=.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  expect(await (await show(app, cookieOf(saved).split(';')[0]?.slice('__Host-'.length) ?? '')).json()).toBe(null)
})

test('a notice too long for a cookie is left out, the redirect is not', async () => {
  const saved = await site('http://127.0.0.1:3000').request('/huge', { method: 'POST' })
  expect(saved.status).toBe(303)
  expect(cookieOf(saved)).toBe('')
})

test.each([
  'junk',
  '%7B',
  encodeURIComponent('null'),
  encodeURIComponent('{"tone":"loud","title":{"text":"x"}}'),
  encodeURIComponent('{"tone":"good","title":"x"}'),
  encodeURIComponent('{"tone":"good","title":{"text":"x","params":{"a":{}}}}'),
  encodeURIComponent('{"tone":"good","title":{"text":"x"},"link":{"href":1,"label":{"text":"x"}}}'),
])('a cookie that holds %s is no notice', async (value) => {
  expect(await (await show(site('http://127.0.0.1:3000'), `notice=${value}`)).json()).toBe(null)
})
