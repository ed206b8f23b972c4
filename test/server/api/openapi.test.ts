import { expect, test } from 'vitest'
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

test('is a page as well, which anybody can read', async () => {
  const { app, document } = await read()
  const { html, status } = await app.stranger.get('/api/docs')
  expect(status).toBe(200)
  for (const { path, method, operation } of operationsOf(document)) {
    expect(html).toContain(`<details class="fold" id="${operation.operationId}">`)
    const shown = path.slice('/api/v1'.length).replaceAll(/\{(\w+)\}/g, ':$1')
    expect(html).toContain(`<code>${method} ${shown}</code>`)
  }
  expect(html).toContain('Needs the scope webhooks:write.')
})
