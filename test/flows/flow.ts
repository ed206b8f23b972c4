import { expect, inject } from 'vitest'
import { conforms } from '../support/conforms.ts'
import type { Kept } from '../support/receiver-server.ts'
import { fiftyEvents } from './fifty-events.ts'
import { FLOW_ADMIN, FLOW_KEY } from './key.ts'

/** A running product, on whichever runtime. */
export interface Subject {
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Sends what is due, waits for the outcome, and tidies up, as the ticks of the runtime do. */
  deliver(): Promise<void>
  /** Moves the product's clock. */
  advance(ms: number): void
  /** What the product's clock says. */
  now(): number
  stop(): Promise<void>
}

const superAdmin = { email: FLOW_ADMIN.SETUP_EMAIL, password: FLOW_ADMIN.SETUP_PASSWORD }

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** What every flow is told with. `subject` is there once the product has started. */
export type Flow = ReturnType<typeof createFlow>

export function createFlow(runtime: string, running: () => Subject) {
  let boxes = 0

  async function api(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await running().fetch(`/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${FLOW_KEY}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const answer = { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
    conforms(method, `/api/v1${path}`, answer.status, answer.body)
    return answer
  }

  const send = (path: string, body: Record<string, string> | URLSearchParams, cookie = '') =>
    running().fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', cookie },
      body: new URLSearchParams(body).toString(),
    })

  async function cookieOf(who: typeof superAdmin): Promise<string> {
    const login = await send('/login', who)
    return login.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
  }

  return {
    runtime,
    get subject() {
      return running()
    },
    now: () => running().now(),
    api,

    /** A place of its own at the receiver, and what came in there. */
    box(answers = '200') {
      const path = `/box/${runtime}-${++boxes}`
      const url = `${inject('receiver')}${path}?answers=${answers}`
      const kept = async () => (await (await fetch(inject('receiver') + path)).json()) as Kept[]
      return { url, kept }
    },

    async addWebhook(url: string, more: Record<string, unknown> = {}): Promise<{ id: string; secret: string }> {
      const made = await api('POST', '/webhooks', { name: 'A flow', url, events: ['payment_received'], ...more })
      expect(made.status, JSON.stringify(made.body)).toBe(201)
      return { id: String(made.body.id), secret: String(made.body.secret ?? '') }
    },

    /** Sends a form as somebody does in a browser: the super admin, unless told. */
    async submit(path: string, fields: Record<string, string> | URLSearchParams, who = superAdmin): Promise<Response> {
      return send(path, fields, await cookieOf(who))
    },

    /** Logs the super admin in, to look at pages. */
    async reader(): Promise<(path: string) => Promise<string>> {
      const cookie = await cookieOf(superAdmin)
      return async (path) => (await running().fetch(path, { headers: { cookie } })).text()
    },

    payment: (n: number) => fiftyEvents[n % fiftyEvents.length] ?? {},
  }
}
