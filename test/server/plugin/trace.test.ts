import { z } from 'zod'
import { expect, test } from 'vitest'
import { definePlugin, event, type HttpInit } from 'hookline/plugin'
import { testHost } from 'hookline/plugin/test'

const ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const step = (name: string) =>
  event(`walk_${name}`, {
    title: name,
    sentence: name,
    description: name,
    lane: 'realtime',
    payload: z.strictObject({}),
    sample: {},
  })
const first = step('first')
const second = step('second')

const walk = (init: HttpInit = {}) =>
  definePlugin(
    {
      slug: 'walk',
      version: '1.0.0',
      title: 'Walk',
      requires: { host: '^1.0' },
      scope: 'site',
      events: [first, second],
      http: ['api.example'],
    },
    ({ route, on }) => {
      route('POST /go', async (_request, ctx) => {
        await ctx.http.fetch('https://api.example/route')
        ctx.emit(first, {})
        return new Response()
      })
      on(first, (_data, ctx) => ctx.emit(second, {}))
      on(second, async (_data, ctx) => void (await ctx.http.fetch('https://api.example/listener', init)))
    },
  )

async function asked(init: HttpInit, headers: Record<string, string>): Promise<(string | null)[][]> {
  const requests: Request[] = []
  const host = await testHost(walk(init), { http: (request) => (requests.push(request), new Response()) })
  await host.request('POST /go', { headers })
  return requests.map((one) => [
    new URL(one.url).pathname,
    one.headers.get('traceparent'),
    one.headers.get('tracestate'),
  ])
}

test('what a plugin does because of a request belongs to its trace, however many events lie between', async () => {
  const found = await asked({}, { traceparent: `00-${ID}-00f067aa0ba902b7-01`, tracestate: 'rojo=1' })
  expect(found).toEqual([
    ['/route', expect.stringMatching(`^00-${ID}-\\w{16}-01$`), 'rojo=1'],
    ['/listener', expect.stringMatching(`^00-${ID}-\\w{16}-01$`), 'rojo=1'],
  ])
  expect(found[0]?.[1]).not.toBe(found[1]?.[1])
})

test('a plugin that traces by itself is left alone', async () => {
  const own = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`
  const found = await asked(
    { headers: { traceparent: own } },
    { traceparent: `00-${ID}-00f067aa0ba902b7-01`, tracestate: 'rojo=1' },
  )
  expect(found[1]).toEqual(['/listener', own, null])
})

test('without a trace none begins', async () => {
  expect(await asked({}, {})).toEqual([
    ['/route', null, null],
    ['/listener', null, null],
  ])
})
