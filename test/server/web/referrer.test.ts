import { expect, test, vi } from 'vitest'
import { testApp } from '../../support/app.ts'
import { furnish, kindOf, routes } from '../../support/belongings.ts'

vi.setConfig({ testTimeout: 30_000 })

test('no page with a form keeps its origin from us', async () => {
  const app = await testApp()
  const admin = await app.login()
  const things = await furnish(app, 'network')
  const wrong: string[] = []
  let forms = 0
  for (const { method, path } of routes) {
    if (method !== 'GET' || !/^\/(network|account|login|forgot|confirm)/.test(path)) continue
    const { html, headers } = await admin.get(path.replace(':id', things[kindOf(path)] ?? 'none'))
    if (!/<form[^>]*method="post"/.test(html)) continue
    forms++
    if (headers.get('referrer-policy') !== 'same-origin') wrong.push(`${path}: ${headers.get('referrer-policy')}`)
  }
  expect(wrong).toEqual([])
  expect(forms).toBeGreaterThan(30)
})

test('on plain http away from this machine a form of ours is taken by its origin, and no other', async () => {
  const app = await testApp({ env: { HOST: '0.0.0.0', PUBLIC_URL: 'http://hooks.example' } })
  const send = async (headers: Record<string, string>) => {
    const body = new URLSearchParams({ email: 'nobody@example.com', password: 'wrong' })
    const type = { 'content-type': 'application/x-www-form-urlencoded', host: 'hooks.example' }
    return (await app.fetch('/login', { method: 'POST', body: body.toString(), headers: { ...type, ...headers } }))
      .status
  }
  expect(await send({ origin: 'http://hooks.example' })).toBe(422)
  for (const origin of ['null', 'http://evil.example', 'https://hooks.example', 'http://hooks.example.evil.example'])
    expect(await send({ origin }), origin).toBe(403)
  expect(await send({})).toBe(403)
})

test('an address that holds a token sends no referrer, whatever it answers', async () => {
  const app = await testApp()
  for (const path of ['/bin/none', '/ingest/generic/none', '/setup?token=none', '/set-password?token=none']) {
    const { headers } = await app.fetch(path, { method: path.startsWith('/ingest') ? 'POST' : 'GET' })
    expect(headers.get('referrer-policy'), path).toBe('no-referrer')
  }
})
