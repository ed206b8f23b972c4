import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { definePlugin, type HttpInit, type Http } from 'hookline/plugin'
import { testHost } from 'hookline/plugin/test'
import { createPost as createNodePost } from '../../../server/node/connect.ts'
import { createHttp } from '../../../server/plugin/http.ts'
import { createPost as createWorkerPost } from '../../../server/worker/fetch.ts'

const calls = (http: readonly string[], use: (http: Http) => Promise<unknown>) =>
  definePlugin(
    { slug: 'caller', version: '1.0.0', title: 'Caller', requires: { host: '^1.0' }, scope: 'site', http },
    ({ route }) => route('POST /do', async (_request, ctx) => Response.json((await use(ctx.http)) ?? null)),
  )

test('a plugin asks the hosts that it names, and no other', async () => {
  const asked: string[] = []
  const outside = async (request: Request) => {
    asked.push(`${request.method} ${request.url} ${await request.text()} ${request.headers.get('x-a')}`)
    return new Response('made', { status: 201, headers: { 'x-b': '2' } })
  }
  const seen: unknown[] = []
  const plugin = calls(['api.example', 'api.example:8443'], async (http) => {
    const made = await http.fetch('https://api.example/a?b=c', { method: 'put', body: 'text', headers: { 'x-a': '1' } })
    seen.push(made.status, await made.text(), made.headers.get('x-b'))
    await http.fetch(new URL('https://api.example:8443/'))
    for (const url of ['https://www.api.example/', 'https://api.example:444/', 'https://api.example.evil.test/', 'x'])
      seen.push(await http.fetch(url).catch((error: Error) => error.message))
  })
  const host = await testHost(plugin, { http: outside })
  await host.request('POST /do')
  expect(asked).toEqual(['PUT https://api.example/a?b=c text 1', 'GET https://api.example:8443/  null'])
  expect(seen).toEqual([
    201,
    'made',
    '2',
    "caller may not ask www.api.example: name it in the manifest's http.",
    "caller may not ask api.example:444: name it in the manifest's http.",
    "caller may not ask api.example.evil.test: name it in the manifest's http.",
    'x is no complete address.',
  ])
})

test.each([{}, { signal: new AbortController().signal }])(
  'what the handler no longer waits for ends: %o',
  async (init) => {
    const { promise: ended, resolve } = Promise.withResolvers<unknown>()
    const plugin = calls(['*'], (http) =>
      http.fetch('https://slow.example/', init).catch((error: unknown) => {
        resolve(error)
        throw error
      }),
    )
    const host = await testHost(plugin, { http: () => new Promise(() => {}), limits: { route: 20 } })
    await expect(host.request('POST /do')).rejects.toThrow('could not answer')
    expect(String(await ended)).toContain('longer than 20 ms')
  },
)

test('what the plugin itself has ended is not asked for', async () => {
  const asked: string[] = []
  const outside = async ({ url }: Request) => {
    asked.push(url)
    return new Response()
  }
  const plugin = calls(['*'], (http) =>
    http
      .fetch('https://api.example/', { signal: AbortSignal.abort(new Error('Enough.')) })
      .catch((error: Error) => error.message),
  )
  const host = await testHost(plugin, { http: outside })
  expect(await (await host.request('POST /do')).json()).toBe('Enough.')
  expect(asked).toEqual([])
})

test.each([
  ['https://api.example', 'without https://'],
  ['API.example', 'without https://'],
  ['api.example/path', 'without https://'],
])('the host %s is refused', async (name, why) => {
  await expect(testHost(calls([name], async () => {}))).rejects.toThrow(why)
})

const answers: Record<string, (url: URL) => { status: number; headers?: Record<string, string>; body?: string }> = {
  '/moved': () => ({ status: 302, headers: { location: 'http://127.0.0.1:1/' } }),
  '/large': () => ({ status: 200, body: 'x'.repeat(700 * 1024) }),
  '/too-large': () => ({ status: 200, body: 'x'.repeat(1024 * 1024 + 1) }),
  '/none': () => ({ status: 204 }),
  '/refused': () => ({ status: 403, body: 'no' }),
}
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => (body += String(chunk)))
  request.on('end', () => {
    const url = new URL(request.url ?? '', 'http://localhost')
    const known = answers[url.pathname]?.(url)
    const {
      status,
      headers,
      body: text,
    } = known ?? {
      status: 200,
      body: JSON.stringify({ method: request.method, headers: request.headers, body }),
    }
    response.writeHead(status, headers)
    response.end(text)
  })
})
let origin = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

const rules = (allow: readonly string[]) => () => ({ allow, ownHosts: [] })
const resolve = () => Promise.resolve(['127.0.0.1'])
const nodePost = (allow: readonly string[]) => createNodePost({ rules: rules(allow), resolve })
const workerPost = (allow: readonly string[]) => createWorkerPost({ rules: rules(allow), resolve, clock: Date.now })

test.each([
  ['Node', nodePost],
  ['a Worker', workerPost],
])('on %s requests go through the guard, and redirects are not followed', async (_, postFor) => {
  const { engine } = await testHost(calls(['*'], async () => {}))
  const open = (allow: readonly string[]) => {
    const core = { engine: { ...engine, post: postFor(allow) } } as unknown as Parameters<typeof createHttp>[0]
    const plugin = { slug: 'caller', manifest: { http: ['*'] } } as unknown as Parameters<typeof createHttp>[1]
    const http = createHttp(core, plugin, new AbortController().signal)
    return (path: string, init?: HttpInit) => http.fetch(origin + path, init)
  }
  const ask = open(['127.0.0.0/8'])
  const echo = (await (await ask('/echo', { method: 'PATCH', body: new URLSearchParams({ a: '1' }) })).json()) as {
    method: string
    headers: Record<string, string>
    body: string
  }
  expect(echo).toMatchObject({ method: 'PATCH', body: 'a=1' })
  expect(echo.headers).toMatchObject({
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': 'Hookline/0.0.0-test (+http://localhost:3000)',
  })
  expect(await (await ask('/echo')).json()).toMatchObject({ method: 'GET', body: '' })
  const moved = await ask('/moved')
  expect([moved.status, moved.headers.get('location')]).toEqual([302, 'http://127.0.0.1:1/'])
  expect((await ask('/none')).status).toBe(204)
  expect(await (await ask('/refused')).text()).toBe('no')
  expect((await (await ask('/large')).text()).length).toBe(700 * 1024)
  await expect(ask('/too-large')).rejects.toThrow('has more than 1024 KiB')
  await expect(open([])('/echo')).rejects.toThrow('may not be called from here')
})
