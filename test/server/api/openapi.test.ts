import { describe, expect, test } from 'vitest'
import { rules, type RouteKey } from '../../../server/access/rules.ts'
import { testApp } from '../../support/app.ts'

type Node = Readonly<Record<string, unknown>>
interface Operation {
  readonly operationId: string
  readonly security: readonly { readonly key?: readonly string[] }[]
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[]
  readonly responses: Node
}
interface Document {
  readonly openapi: string
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly webhooks: Readonly<Record<string, { readonly post: { readonly requestBody: Node } }>>
}

async function read() {
  const app = await testApp()
  const { html, status } = await app.stranger.get('/api/v1/openapi.json')
  expect(status).toBe(200)
  return { app, document: JSON.parse(html) as Document }
}

const operationsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )

test('has every route of the API, with the scope that the rules ask for', async () => {
  const { document } = await read()
  expect(document.openapi).toBe('3.1.1')
  const told = operationsOf(document).map(({ method, path, operation }) => [
    `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
    operation.security.length === 0 ? 'public' : (operation.security[0]?.key?.[0] ?? 'session'),
  ])
  const wanted = (Object.keys(rules) as RouteKey[]).filter((key) => key.includes(' /api/v1/'))
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(wanted.map((key) => [key, rules[key]])))
})

test('refers to nothing that is not there, names each operation once, and declares each place of a path', async () => {
  const { document } = await read()
  const refs = Array.from(JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g), ([, found = '']) => found)
  const missing = refs.filter((found) => {
    const target = found
      .replace(/^#\//, '')
      .split('/')
      .reduce<unknown>((node, key) => (node as Node | undefined)?.[key], document)
    return !found.startsWith('#/') || target === undefined
  })
  expect(refs.length).toBeGreaterThan(40)
  expect(missing).toEqual([])
  const operations = operationsOf(document)
  const ids = operations.map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { path, operation } of operations) {
    const places = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name)
    const declared = (operation.parameters ?? []).filter((one) => one.in === 'path')
    expect(declared.map(({ name, required }) => required && name)).toEqual(places)
    expect(Object.keys(operation.responses)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^20\d$/), '4XX', '5XX']),
    )
  }
})

test('tells of every event as a webhook, with its schema and sample', async () => {
  const { app, document } = await read()
  const types = app.deps.host.eventTypes()
  expect(Object.keys(document.webhooks).sort()).toEqual(types.map(({ name }) => name).sort())
  const paid = types.find(({ name }) => name === 'payment_received')
  expect(document.webhooks['payment_received']?.post.requestBody).toMatchObject({
    content: {
      'application/json': {
        schema: {
          properties: { type: { const: 'payment_received' }, data: { ...paid?.schema, examples: [paid?.sample] } },
        },
      },
    },
  })
})

describe('the pages that anybody can read', () => {
  test('name every route, and lead to where it is told of', async () => {
    const { app, document } = await read()
    const { html, status } = await app.stranger.get('/api/docs')
    expect(status).toBe(200)
    const topics = new Map<string, string>()
    for (const { path, method, operation } of operationsOf(document)) {
      const shown = path.slice('/api/v1'.length).replaceAll(/\{(\w+)\}/g, ':$1')
      const [, topic = ''] =
        new RegExp(
          `<a href="(/api/docs/[\\w-]+)#${operation.operationId}"><code><span class="method">${method} </span>${shown}</code>`,
        ).exec(html) ?? []
      if (!topics.has(topic)) topics.set(topic, (await app.stranger.get(topic)).html)
      expect(topics.get(topic)).toContain(`<code><span class="method">${method} </span>${shown}</code>`)
      expect(topics.get(topic)).toContain(`id="${operation.operationId}"`)
    }
    expect(topics.get('/api/docs/webhooks')).toContain('Needs the scope webhooks:write.')
    for (const page of [html, ...topics.values()]) expect(page.length).toBeLessThan(60_000)
  })

  test('refer to no answer that they do not tell of', async () => {
    const { app } = await read()
    const { html } = await app.stranger.get('/api/docs/webhooks')
    const wanted = Array.from(html.matchAll(/href="#(answer-\w+)"/g), ([, id = '']) => `id="${id}"`)
    expect(wanted.length).toBeGreaterThan(3)
    for (const id of wanted) expect(html).toContain(id)
  })

  test('are not there for a topic that is none', async () => {
    const { app } = await read()
    const { status, headers } = await app.stranger.get('/api/docs/nonsense')
    expect({ status, type: headers.get('content-type') }).toEqual({ status: 404, type: 'text/html; charset=UTF-8' })
  })
})
