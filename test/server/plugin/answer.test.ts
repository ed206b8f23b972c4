import { expect, test } from 'vitest'
import { testHost } from 'hookline/plugin/test'
import { match } from '../../../server/plugin/answer.ts'
import { anybody, probe } from './probe.ts'

test('a route gets the request, its parameters and who asks', async () => {
  const host = await testHost(
    probe(({ route }) =>
      route('POST /things/:id/rename', async (request, { params, actor, site }) => {
        const form = await request.formData()
        return Response.json({ id: params.id, name: form.get('name'), by: actor?.name, site: site.slug })
      }),
    ),
  )
  const answer = await host.request('POST /things/a%20b/rename', { form: { name: 'Tea' }, actor: 'Mary' })
  expect(await answer.json()).toEqual({ id: 'a b', name: 'Tea', by: 'Mary', site: 'main' })
})

test('a route may answer with a page of its plugin', async () => {
  const host = await testHost(
    probe(({ route, page }) => {
      page('/things', {
        title: 'Things',
        template: 'things',
        load: ({ query }) => ({ error: null, asked: query.get('q') }),
      })
      route('POST /do', (_request, { render }) => render('/things', { error: 'No.' }))
    }),
  )
  const answer = await host.request('POST /do')
  expect(answer.status).toBe(422)
  expect(answer.view).toEqual({
    handler: 'probe/page:/things',
    title: 'Things',
    template: '@probe/things',
    data: { error: 'No.', asked: null },
  })
  const request = new Request('http://localhost/network/plugins/probe/things?q=tea')
  expect(await host.host.view('probe', '/things', 'sit_main', request, anybody)).toEqual({
    handler: 'probe/page:/things',
    title: 'Things',
    template: '@probe/things',
    data: { error: null, asked: 'tea' },
  })
})

test('a GET never reaches a route', async () => {
  const host = await testHost(probe(({ route }) => route('POST /do', () => new Response())))
  expect(await host.host.route('probe', '/do', 'sit_main', new Request('http://localhost/'), anybody)).toBeNull()
})

test.each([
  ['throws', () => Promise.reject(new Error('No tea.')), 'No tea.'],
  ['hangs', () => new Promise<never>(() => {}), 'It took longer than 20 ms.'],
  ['gives nothing', () => undefined as never, 'load has to give an object: what the template may see.'],
])('a page that %s leaves a fault whose id the answer names', async (_, load, message) => {
  const host = await testHost(
    probe(({ page }) => page('/things', { title: 'Things', template: 'things', load })),
    { limits: { page: 20 } },
  )
  const error = await host.page('/things').then(String, String)
  await host.settle()
  expect(host.faults).toMatchObject([{ handler: 'probe/page:/things', message }])
  expect(error).toContain(host.faults[0]?.id)
  expect(error).not.toContain(message)
})

test.each([
  ['/orders/:id', '/orders/7', { id: '7' }],
  ['/orders/:id', '/orders/', null],
  ['/orders/:id', '/orders/7/pay', null],
  ['/orders/:id', '/orders/%ff', null],
  ['/a/:b/c', '/a/x%2Fy/c', { b: 'x/y' }],
])('%s takes %s as %o', (pattern, path, params) => {
  expect(match(pattern, path)).toEqual(params)
})
