import { expect } from 'vitest'

/** What a Zap keeps and hands to each call of its app, in Zapier's own words. */
export interface Bundle {
  readonly inputData: { readonly event: string }
  readonly targetUrl: string
  subscribeData?: Readonly<Record<string, unknown>> | undefined
  cleanedRequest?: unknown
}

type Ask = (method: string, path: string, body?: unknown) => Promise<Response>

/** A Zapier app for Hookline as one would define it there: data, whose places are filled from the bundle. */
const app = {
  authentication: { test: { method: 'GET', url: '/api/v1/me' }, connectionLabel: '{{name}} ({{network}})' },
  trigger: {
    performSubscribe: {
      method: 'POST',
      url: '/api/v1/hooks',
      body: { target_url: '{{bundle.targetUrl}}', event: '{{bundle.inputData.event}}' },
    },
    performUnsubscribe: { method: 'DELETE', url: '/api/v1/hooks/{{bundle.subscribeData.id}}' },
    performList: { method: 'GET', url: '/api/v1/event-types/{{bundle.inputData.event}}/sample' },
    perform: (bundle: Bundle) => [bundle.cleanedRequest],
  },
}

/** Runs the app as Zapier's platform does, with the checks that it makes of every answer. */
export function zapier(ask: Ask) {
  async function call(request: { method: string; url: string; body?: object }, bundle?: Bundle): Promise<unknown> {
    const { method, url, body } = fill(request, { bundle })
    const response = await ask(method, url, body)
    const text = await response.text()
    if (!response.ok) throw new Error(`${response.status}: ${text}`)
    return response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined
  }

  return {
    /** Gives the label of the connection. */
    async authenticate(): Promise<string> {
      const user = await call(app.authentication.test)
      return fill(app.authentication.connectionLabel, user as object)
    },
    async subscribe(bundle: Bundle): Promise<void> {
      const data = await call(app.trigger.performSubscribe, bundle)
      expect(data).toBeTypeOf('object')
      for (const value of Object.values(data as object)) expect(value ?? '').not.toBeTypeOf('object')
      bundle.subscribeData = data as Record<string, unknown>
    },
    unsubscribe: (bundle: Bundle) => call(app.trigger.performUnsubscribe, bundle),
    samples: async (bundle: Bundle) => results(await call(app.trigger.performList, bundle)),
    /** What a caught request starts the Zap with. */
    perform: (bundle: Bundle, body: string) =>
      results(app.trigger.perform({ ...bundle, cleanedRequest: JSON.parse(body) as unknown })),
  }
}

/** An array of objects, each with an id of its own. */
function results(found: unknown): readonly Readonly<Record<string, unknown>>[] {
  expect(found).toBeInstanceOf(Array)
  const list = found as Record<string, unknown>[]
  for (const item of list) expect(item).toMatchObject({ id: expect.any(String) as string })
  expect(new Set(list.map(({ id }) => id)).size).toBe(list.length)
  return list
}

/** Fills `{{a.b}}` in every text of a value. */
const fill = <T>(value: T, from: object): T =>
  JSON.parse(JSON.stringify(value), (_key, part: unknown) =>
    typeof part === 'string'
      ? part.replaceAll(/\{\{([\w.]+)\}\}/g, (_place, path: string) => String(at(from, path.split('.'))))
      : part,
  ) as T

const at = (value: unknown, path: readonly string[]): unknown =>
  path.reduce((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value)
