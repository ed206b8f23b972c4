import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { Webhook } from 'standardwebhooks'
import { DAY, HOUR, MINUTE, SECOND } from '../../server/lib/clock.ts'
import type { Kept } from '../support/receiver-server.ts'
import { fiftyEvents } from './fifty-events.ts'
import { FLOW_ADMIN, FLOW_KEY } from './key.ts'
import { hexHmac, isSignedBy, isSignedFor } from './verify.ts'

/** A running product, on whichever runtime. */
export interface Subject {
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Sends what is due, waits for the outcome, and tidies up, as the ticks of the runtime do. */
  deliver(): Promise<void>
  /** Moves the product's clock. */
  advance(ms: number): void
  stop(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** The main job end to end, word for word the same on Node and in workerd. */
export function flows(runtime: string, open: () => Promise<Subject>): void {
  describe(`on ${runtime}`, () => {
    let subject: Subject
    let boxes = 0
    beforeAll(async () => {
      subject = await open()
    })
    afterAll(() => subject.stop())

    async function api(
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ): Promise<Answer> {
      const response = await subject.fetch(`/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${FLOW_KEY}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
    }

    /** A place of its own at the receiver, and what came in there. */
    function box(answers = '200') {
      const path = `/box/${runtime}-${++boxes}`
      const url = `${inject('receiver')}${path}?answers=${answers}`
      const kept = async () => (await (await fetch(inject('receiver') + path)).json()) as Kept[]
      return { url, kept }
    }

    async function addWebhook(
      url: string,
      more: Record<string, unknown> = {},
    ): Promise<{ id: string; secret: string }> {
      const made = await api('POST', '/webhooks', { name: 'A flow', url, events: ['payment_received'], ...more })
      expect(made.status, JSON.stringify(made.body)).toBe(201)
      return { id: String(made.body.id), secret: String(made.body.secret ?? '') }
    }

    /** Sends a form as the super admin does in a browser. */
    async function submit(path: string, fields: Record<string, string>): Promise<Response> {
      const send = (to: string, body: Record<string, string>, cookie = '') =>
        subject.fetch(to, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', cookie },
          body: new URLSearchParams(body).toString(),
        })
      const { SETUP_EMAIL: email, SETUP_PASSWORD: password } = FLOW_ADMIN
      const login = await send('/login', { email, password })
      const cookies = login.headers.getSetCookie().map((line) => line.split(';')[0])
      return send(path, fields, cookies.join('; '))
    }

    const payment = (n: number) => fiftyEvents[n % fiftyEvents.length] ?? {}

    test('a payment reaches the receiver: signed, in the standard format, once', async () => {
      const { url, kept } = box()
      const webhook = await addWebhook(url, { auth: { type: 'signature' } })
      const sent = await api('POST', '/events', { type: 'payment_received', data: payment(0) })
      expect(sent).toMatchObject({ status: 202, body: { duplicate: false } })
      await subject.deliver()
      const [request, ...more] = await kept()
      expect(more).toEqual([])
      expect(request?.headers).toMatchObject({
        'content-type': 'application/json',
        'webhook-id': sent.body.id,
        'hookline-event': 'payment_received',
        'hookline-site': 'main',
        'hookline-attempt': '1',
      })
      expect(JSON.parse(request?.body ?? '')).toMatchObject({
        id: sent.body.id,
        type: 'payment_received',
        site: 'main',
        data: payment(0),
      })
      expect(new Webhook(webhook.secret).verify(request?.body ?? '', request?.headers ?? {})).toBeTruthy()
      const log = await api('GET', `/deliveries?webhook=${webhook.id}`)
      expect(log.body.data).toMatchObject([{ state: 'delivered', attempt_count: 1, last_status: 200 }])
      await api('DELETE', `/webhooks/${webhook.id}`)
    })

    test('500, 500, 200 on the schedule [1, 1]: three attempts, one id, three timestamps, three valid signatures', async () => {
      const { url, kept } = box('500,500,200')
      const { id, secret } = await addWebhook(url, { auth: { type: 'signature' }, retry_schedule: [1, 1] })
      const sent = await api('POST', '/events', { type: 'payment_received', data: payment(1) })
      for (let i = 0; i < 5; i++) {
        await subject.deliver()
        subject.advance(1300)
      }
      const requests = await kept()
      expect(requests.map(({ headers }) => headers['webhook-id'])).toEqual(Array(3).fill(sent.body.id))
      expect(requests.map(({ headers }) => headers['hookline-attempt'])).toEqual(['1', '2', '3'])
      expect(new Set(requests.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(3)
      expect(new Set(requests.map(({ body }) => body)).size).toBe(1)
      for (const { body, headers } of requests) expect(new Webhook(secret).verify(body, headers)).toBeTruthy()
      const log = await api('GET', `/deliveries?webhook=${id}`)
      expect(log.body.data).toMatchObject([{ state: 'delivered', attempt_count: 3 }])
      await api('DELETE', `/webhooks/${id}`)
    })

    test('50 events arrive byte for byte as the contract writes them; sent again they are duplicates and nothing moves', async () => {
      const { url, kept } = box()
      const { id } = await addWebhook(url)
      const occurred = new Date(Date.now() - 60_000).toISOString()
      const batch = fiftyEvents.map((data, n) => ({
        type: 'payment_received',
        data,
        id: `${runtime}-fifty-${n}`,
        occurred_at: occurred,
      }))
      const first = await api('POST', '/events/batch', batch)
      expect(first.status, JSON.stringify(first.body)).toBe(202)
      for (let i = 0; i < 12; i++) await subject.deliver()
      const stored = first.body.data as { id: string; deliveries: number; duplicate: boolean }[]
      const byId = new Map((await kept()).map(({ headers, body }) => [headers['webhook-id'], body]))
      expect(byId.size).toBe(50)
      for (const [n, { id: event, deliveries, duplicate }] of stored.entries()) {
        expect({ deliveries, duplicate }).toEqual({ deliveries: 1, duplicate: false })
        const data = JSON.stringify(fiftyEvents[n])
        expect(byId.get(event)).toBe(
          `{"id":"${event}","type":"payment_received","timestamp":"${occurred}","site":"main","data":${data}}`,
        )
      }
      const again = await api('POST', '/events/batch', batch)
      expect(again.body.data).toEqual(stored.map((one) => ({ ...one, duplicate: true })))
      await subject.deliver()
      expect(await kept()).toHaveLength(50)
      const other = await api('POST', '/events', {
        type: 'payment_received',
        id: `${runtime}-fifty-0`,
        data: payment(1),
      })
      expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_mismatch' } })
      await api('DELETE', `/webhooks/${id}`)
    })

    test('Basic authentication, the flat and the envelope format', async () => {
      const flat = box()
      const envelope = box()
      const one = await addWebhook(flat.url, {
        format: 'flat',
        auth: { type: 'basic', username: 'anna', password: 'pässword' },
      })
      const two = await addWebhook(envelope.url, { format: 'envelope' })
      const sent = await api('POST', '/events', { type: 'payment_received', data: payment(2) })
      await subject.deliver()
      const [asFlat] = await flat.kept()
      expect(asFlat?.headers.authorization).toBe(
        `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode('anna:pässword')))}`,
      )
      expect(JSON.parse(asFlat?.body ?? '')).toMatchObject({
        id: sent.body.id,
        type: 'payment_received',
        ...payment(2),
      })
      const [asEnvelope] = await envelope.kept()
      expect(JSON.parse(asEnvelope?.body ?? '')).toMatchObject({
        accountId: expect.any(Number) as number,
        events: [
          {
            eventId: sent.body.id,
            eventName: 'payment_received',
            eventInfo: `${String(sent.body.id)}-0`,
            data: payment(2),
          },
        ],
      })
      const shown = JSON.stringify((await api('GET', `/deliveries?webhook=${one.id}`)).body)
      expect(shown).not.toContain('pässword')
      for (const { id } of [one, two]) await api('DELETE', `/webhooks/${id}`)
    })

    test('a test event shows the whole exchange before and after saving, and changes no figures', async () => {
      const { url, kept } = box('500')
      const draft = { name: 'Not saved', url, events: ['payment_received'] }
      const before = await api('POST', '/webhooks/test', draft)
      expect(before.body).toMatchObject({
        ok: false,
        status: 500,
        request: { method: 'POST' },
        response: { body: 'taken' },
      })
      const { id } = await addWebhook(url)
      const after = await api('POST', `/webhooks/${id}/test`, { event: 'payment_received' })
      expect(after.body).toMatchObject({ ok: false, status: 500 })
      const [request] = await kept()
      expect(request?.headers['hookline-test']).toBe('1')
      expect((await api('GET', `/webhooks/${id}`)).body).toMatchObject({ state: 'active', last_delivered_at: null })
      await subject.deliver()
      expect(await kept()).toHaveLength(2)
      await api('DELETE', `/webhooks/${id}`)
    })

    test('a delivery that failed for good is redelivered by one request, with the same id and body', async () => {
      const { url, kept } = box('503,200')
      const { id } = await addWebhook(url, { retry_schedule: [] })
      await api('POST', '/events', { type: 'payment_received', data: payment(3) })
      await subject.deliver()
      const [failed] = (await api('GET', `/deliveries?webhook=${id}`)).body.data as { id: string; state: string }[]
      expect(failed?.state).toBe('failed')
      expect((await api('POST', `/deliveries/${failed?.id}/redeliver`)).status).toBe(202)
      await subject.deliver()
      const [first, second] = await kept()
      expect(second?.body).toBe(first?.body)
      expect(second?.headers).toMatchObject({
        'hookline-redelivery': '1',
        'hookline-attempt': '2',
        'webhook-id': first?.headers['webhook-id'],
      })
      expect((await api('GET', `/deliveries/${failed?.id}`)).body).toMatchObject({
        state: 'delivered',
        attempts: [{ status: 503 }, { status: 200 }],
      })
      await api('DELETE', `/webhooks/${id}`)
    })

    test('all that failed since a time is redelivered in steps, with progress, and can be stopped', async () => {
      const { url, kept } = box('500,500,500,200')
      const { id } = await addWebhook(url, { retry_schedule: [] })
      const since = new Date(Date.now() - 60_000).toISOString()
      for (const n of [10, 11, 12]) await api('POST', '/events', { type: 'payment_received', data: payment(n) })
      await subject.deliver()
      const run = await api('POST', `/webhooks/${id}/redeliver`, { since, state: 'failed' })
      expect(run).toMatchObject({ status: 202, body: { total: 3, done: 0, state: 'running' } })
      await subject.deliver()
      await subject.deliver()
      expect((await api('GET', `/redeliveries/${String(run.body.id)}`)).body).toMatchObject({
        done: 3,
        state: 'finished',
      })
      expect((await api('GET', `/deliveries?webhook=${id}&state=delivered`)).body.data).toHaveLength(3)
      expect(await kept()).toHaveLength(6)
      expect((await api('DELETE', `/redeliveries/${String(run.body.id)}`)).status).toBe(204)
      expect((await api('POST', `/webhooks/${id}/redeliver`, { since: 'yesterday' })).status).toBe(422)
      await api('DELETE', `/webhooks/${id}`)
    })

    test('what waits can be cancelled, what is held discarded, and an event sent to who did not get it', async () => {
      const first = box('500')
      const { id } = await addWebhook(first.url)
      const sent = await api('POST', '/events', { type: 'payment_received', data: payment(13) })
      await subject.deliver()
      const [waiting] = (await api('GET', `/deliveries?webhook=${id}`)).body.data as { id: string }[]
      expect((await api('POST', `/deliveries/${waiting?.id}/cancel`)).body).toMatchObject({ state: 'cancelled' })
      expect((await api('POST', `/deliveries/${waiting?.id}/cancel`)).status).toBe(409)

      const later = box()
      const other = await addWebhook(later.url, { events: ['payment_failed'], format: 'flat' })
      const replayed = await api('POST', `/events/${String(sent.body.id)}/deliver`, { webhook: other.id })
      expect(replayed).toMatchObject({ status: 202, body: { state: 'pending', event: sent.body.id } })
      await subject.deliver()
      expect(JSON.parse((await later.kept())[0]?.body ?? '')).toMatchObject({ id: sent.body.id, customer_id: 'cus_13' })
      expect((await api('POST', `/events/${String(sent.body.id)}/deliver`, { webhook: other.id })).status).toBe(409)

      const gone = box('410')
      const third = await addWebhook(gone.url)
      for (const n of [14, 15]) {
        await api('POST', '/events', { type: 'payment_received', data: payment(n) })
        await subject.deliver()
      }
      expect((await api('POST', `/webhooks/${third.id}/discard`)).body).toEqual({ discarded: 1 })
      expect((await api('GET', `/deliveries?webhook=${third.id}&state=cancelled`)).body.data).toHaveLength(1)
      for (const webhook of [id, other.id, third.id]) await api('DELETE', `/webhooks/${webhook}`)
    })

    test('410 switches the webhook off and says why; events go on being kept for it', async () => {
      const { url } = box('410')
      const { id } = await addWebhook(url)
      await api('POST', '/events', { type: 'payment_received', data: payment(4) })
      await subject.deliver()
      expect((await api('GET', `/webhooks/${id}`)).body).toMatchObject({
        state: 'disabled',
        state_reason: expect.stringContaining('410') as string,
      })
      await api('POST', '/events', { type: 'payment_received', data: payment(5) })
      const held = (await api('GET', `/deliveries?webhook=${id}&state=held`)).body.data
      expect(held).toHaveLength(1)
      await api('DELETE', `/webhooks/${id}`)
    })

    test('answers are forgotten after 7 days; events, deliveries and attempts go after 30', async () => {
      const { url } = box()
      const { id } = await addWebhook(url)
      const sent = await api('POST', '/events', { type: 'payment_received', data: payment(6) })
      await subject.deliver()
      const [delivery] = (await api('GET', `/deliveries?webhook=${id}`)).body.data as { id: string }[]
      const answer = async () => (await api('GET', `/deliveries/${delivery?.id}`)).body
      expect(await answer()).toMatchObject({ attempts: [{ status: 200, response: { body: 'taken' } }] })
      subject.advance(8 * DAY)
      await subject.deliver()
      expect(await answer()).toMatchObject({ attempts: [{ status: 200, response: { body: '' } }] })
      expect((await api('GET', `/events/${String(sent.body.id)}`)).status).toBe(200)
      subject.advance(23 * DAY)
      await subject.deliver()
      expect((await api('GET', `/events/${String(sent.body.id)}`)).status).toBe(404)
      expect((await api('GET', `/deliveries/${delivery?.id}`)).status).toBe(404)
      expect((await api('GET', '/events')).body.data).toEqual([])
      await api('DELETE', `/webhooks/${id}`)
    })

    test('a webhook that fails ten times is failing and told of; its breaker lets one through at a time; success heals it', async () => {
      const { url, kept } = box(`${'500,'.repeat(12)}200`)
      const { id } = await addWebhook(url, { retry_schedule: [] })
      const told = box()
      const watcher = await addWebhook(told.url, { events: ['webhook_failing', 'webhook_recovered'] })
      for (let n = 0; n < 30; n++) await api('POST', '/events', { type: 'payment_received', data: payment(n) })
      await subject.deliver()
      const first = (await kept()).length
      // The fifth failure opens the breaker, while at most ten are on the wire.
      expect(first).toBeLessThanOrEqual(14)
      await subject.deliver()
      expect(await kept()).toHaveLength(first)
      for (let n = 0; n < 12; n++) {
        subject.advance(16 * MINUTE)
        await subject.deliver()
      }
      expect((await api('GET', `/webhooks/${id}`)).body).toMatchObject({ state: 'active' })
      expect((await api('GET', `/deliveries?webhook=${id}&state=pending`)).body.data).toEqual([])
      expect((await kept()).length).toBe(30)
      await subject.deliver()
      const news = (await told.kept()).map(
        ({ body }) => JSON.parse(body) as { type: string; data: { webhook_id: string } },
      )
      expect(news.map(({ type, data }) => [type, data.webhook_id])).toEqual([
        ['webhook_failing', id],
        ['webhook_recovered', id],
      ])
      for (const webhook of [id, watcher.id]) await api('DELETE', `/webhooks/${webhook}`)
    })

    test('only what meets the condition, only some sites, and at most so many a second', async () => {
      await api('POST', '/sites', { slug: `shop-${runtime}`, name: 'Shop' })
      const { url, kept } = box()
      const condition = {
        and: [
          { path: 'payment_currency', equals: 'SEK' },
          { path: 'amount_minor', greater: 5000 },
        ],
      }
      const { id } = await addWebhook(url, { condition, sites: [`shop-${runtime}`], rate_per_second: 2 })
      for (const site of ['main', `shop-${runtime}`]) {
        for (let n = 0; n < 26; n++) await api('POST', '/events', { type: 'payment_received', site, data: payment(n) })
      }
      const wanted = fiftyEvents
        .slice(0, 26)
        .filter((data) => data.payment_currency === 'SEK' && Number(data.amount_minor) > 5000)
      expect((await api('GET', `/deliveries?webhook=${id}&limit=100`)).body.data).toHaveLength(wanted.length)
      await subject.deliver()
      expect(await kept()).toHaveLength(2)
      for (let n = 0; n < 4; n++) {
        subject.advance(1001)
        await subject.deliver()
      }
      expect((await kept()).length).toBe(wanted.length)
      const bad = await api('PATCH', `/webhooks/${id}`, {
        condition: { path: 'x', like: 'y' },
        rate_per_second: 0,
        sites: ['nowhere'],
      })
      const wrong = new Set((bad.body.errors as { path: string }[]).map(({ path }) => path.split('.')[0]))
      expect([...wrong].sort()).toEqual(['condition', 'rate_per_second', 'sites'])
      await api('DELETE', `/webhooks/${id}`)
    })

    test('Ordered sends strictly one after the other, and a failing head holds the line until it ends', async () => {
      const { url, kept } = box('500,500,200')
      const { id } = await addWebhook(url, { ordered: true, retry_schedule: [1] })
      for (let n = 0; n < 4; n++) await api('POST', '/events', { type: 'payment_received', data: payment(n) })
      await subject.deliver()
      expect(await kept()).toHaveLength(1)
      subject.advance(1300)
      for (let n = 0; n < 5; n++) await subject.deliver()
      const payments = (await kept()).map(
        ({ body }) => (JSON.parse(body) as { data: { payment_id: string } }).data.payment_id,
      )
      expect(payments).toEqual(['pay_0', 'pay_0', 'pay_1', 'pay_2', 'pay_3'])
      await api('DELETE', `/webhooks/${id}`)
    })

    test('the envelope can count in seconds, and CloudEvents are structured', async () => {
      const seconds = box()
      const cloud = box()
      const one = await addWebhook(seconds.url, { format: 'envelope', timestamp: 'seconds' })
      const two = await addWebhook(cloud.url, { format: 'cloudevents' })
      await api('POST', '/events', { type: 'payment_received', data: payment(7) })
      await subject.deliver()
      const [inSeconds] = (JSON.parse((await seconds.kept())[0]?.body ?? '') as { events: { timestamp: number }[] })
        .events
      expect(inSeconds?.timestamp).toBeLessThan(1e10)
      const [request] = await cloud.kept()
      expect(request?.headers['content-type']).toMatch(/^application\/cloudevents\+json/)
      expect(JSON.parse(request?.body ?? '')).toMatchObject({ specversion: '1.0', type: 'payment_received' })
      expect((await api('GET', `/webhooks/${one.id}`)).body).toMatchObject({ format: 'envelope', timestamp: 'seconds' })
      for (const { id } of [one, two]) await api('DELETE', `/webhooks/${id}`)
    })

    test('batched events go together: after N minutes, when full, or flushed; the batch retries and settles as one', async () => {
      const { url, kept } = box('500,200')
      const delivery = { mode: 'batched', every_minutes: 5, max_events: 4 }
      const { id } = await addWebhook(url, { delivery, retry_schedule: [1] })
      const ids: string[] = []
      for (let n = 0; n < 3; n++)
        ids.push(String((await api('POST', '/events', { type: 'payment_received', data: payment(n) })).body.id))
      await subject.deliver()
      expect(await kept()).toEqual([])
      subject.advance(5 * MINUTE)
      await subject.deliver()
      subject.advance(1300)
      await subject.deliver()
      const [first, second] = await kept()
      expect(first?.headers).toMatchObject({
        'hookline-event': 'batch',
        'webhook-id': expect.stringMatching(/^bat_/) as string,
      })
      expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
      expect(second?.body).toBe(first?.body)
      const body = JSON.parse(second?.body ?? '') as { id: string; type: string; data: { id: string }[] }
      expect(body).toMatchObject({ id: first?.headers['webhook-id'], type: 'batch' })
      expect(body.data.map((event) => event.id)).toEqual(ids)

      // Shown as one in the log, and each event knows its batch.
      const log = (await api('GET', `/deliveries?webhook=${id}`)).body.data
      expect(log).toMatchObject([{ id: body.id, type: 'batch', state: 'delivered', attempt_count: 2 }])
      const member = (await api('GET', `/deliveries?event=${ids[0] ?? ''}`)).body.data
      expect(member).toMatchObject([{ state: 'delivered', batch: body.id }])

      // Four are full and leave at once; the fifth waits until it is flushed.
      for (let n = 0; n < 5; n++) await api('POST', '/events', { type: 'payment_received', data: payment(n) })
      await subject.deliver()
      expect(await kept()).toHaveLength(3)
      expect((await api('POST', `/webhooks/${id}/flush`)).body).toEqual({ flushed: 1 })
      await subject.deliver()
      expect(await kept()).toHaveLength(4)

      // Switched off, what waits is held with the rest; switched on, it waits for its batch again.
      await api('POST', '/events', { type: 'payment_received', data: payment(9) })
      await api('PATCH', `/webhooks/${id}`, { active: false })
      expect((await api('GET', `/deliveries?webhook=${id}&state=held`)).body.data).toHaveLength(1)
      await api('PATCH', `/webhooks/${id}`, { active: true })
      subject.advance(5 * MINUTE)
      await subject.deliver()
      expect(await kept()).toHaveLength(5)
      await api('DELETE', `/webhooks/${id}`)
    })

    test('Bearer, headers of its own, and signatures as GitHub and Stripe make them; none of it is told again', async () => {
      const { url, kept } = box()
      const secret = `whsec_${btoa('a secret of 24 bytes: yes')}`
      const { id } = await addWebhook(url, {
        auth: { type: 'bearer', token: 'tok-1' },
        signing: { scheme: 'v1', extra: ['github', 'stripe'] },
        secret,
        headers: { 'X-Api-Key': 'key-1', 'x-team': 'orders' },
      })
      const shown = (await api('GET', `/webhooks/${id}`)).body
      expect(shown).toMatchObject({
        auth: { type: 'bearer' },
        signing: { scheme: 'v1', extra: ['github', 'stripe'] },
        headers: { 'X-Api-Key': '…', 'x-team': '…' },
      })
      // What is sent back masked keeps its value; null takes a header away.
      const patched = await api('PATCH', `/webhooks/${id}`, {
        headers: { 'X-Api-Key': '…', 'X-Team': null, 'x-more': 'a, b' },
      })
      expect(patched.body).toMatchObject({ headers: { 'X-Api-Key': '…', 'x-more': '…' } })
      await api('POST', '/events', { type: 'payment_received', data: payment(16) })
      await subject.deliver()
      const [request] = await kept()
      if (!request) throw new Error('Nothing came.')
      const { headers, body } = request
      const seconds = headers['webhook-timestamp'] ?? ''
      expect(headers).toMatchObject({
        authorization: 'Bearer tok-1',
        'x-api-key': 'key-1',
        'x-more': 'a, b',
        'x-hub-signature-256': `sha256=${await hexHmac(secret, body)}`,
        'stripe-signature': `t=${seconds},v1=${await hexHmac(secret, `${seconds}.${body}`)}`,
      })
      expect(headers).not.toHaveProperty('x-team')
      expect(await isSignedBy(request, secret)).toBe(true)
      const [delivery] = (await api('GET', `/deliveries?webhook=${id}`)).body.data as { id: string }[]
      const log = JSON.stringify((await api('GET', `/deliveries/${delivery?.id}`)).body)
      expect(log).toContain('Bearer …')
      for (const text of [log, JSON.stringify(shown)])
        for (const hidden of ['tok-1', 'key-1', 'a, b', secret]) expect(text).not.toContain(hidden)
      await api('DELETE', `/webhooks/${id}`)
    })

    test('a rotated secret signs beside the new one until the overlap ends, and not a second longer', async () => {
      const { url, kept } = box()
      const { id, secret: first } = await addWebhook(url, { auth: { type: 'signature' } })
      const send = async () => {
        await api('POST', '/events', { type: 'payment_received', data: payment(17) })
        await subject.deliver()
        const request = (await kept()).at(-1)
        if (!request) throw new Error('Nothing came.')
        return request
      }
      expect(await isSignedBy(await send(), first)).toBe(true)
      const rotated = await api('POST', `/webhooks/${id}/rotate-secret`, { overlap_hours: 1 })
      expect(rotated).toMatchObject({ status: 200, body: { id, overlap_hours: 1 } })
      const second = String(rotated.body.secret)
      expect(second).toMatch(/^whsec_/)
      const between = await send()
      expect([await isSignedBy(between, first), await isSignedBy(between, second)]).toEqual([true, true])
      subject.advance(HOUR + SECOND)
      const after = await send()
      expect([await isSignedBy(after, first), await isSignedBy(after, second)]).toEqual([false, true])

      const third = await api('POST', `/webhooks/${id}/rotate-secret`, { overlap_hours: 0 })
      const last = await send()
      expect(await isSignedBy(last, String(third.body.secret))).toBe(true)
      expect(await isSignedBy(last, second)).toBe(false)
      expect((await api('POST', `/webhooks/${id}/rotate-secret`, { overlap_hours: 2 })).status).toBe(422)
      await api('PATCH', `/webhooks/${id}`, { auth: { type: 'none' } })
      expect((await api('POST', `/webhooks/${id}/rotate-secret`, {})).status).toBe(409)
      await api('DELETE', `/webhooks/${id}`)
    })

    test('a public key checks what only we can sign, also beside Basic and after a rotation', async () => {
      const { url, kept } = box()
      const basic = { type: 'basic', username: 'anna', password: 'secret-1' }
      const made = await api('POST', '/webhooks', {
        name: 'A pair',
        url,
        events: ['payment_received'],
        auth: basic,
        signing: { scheme: 'v1a' },
      })
      expect(made.body).toMatchObject({ state: 'active', signing: { scheme: 'v1a', extra: [] } })
      expect(made.body).not.toHaveProperty('secret')
      const first = String(made.body.public_key)
      const id = String(made.body.id)
      const rotated = await api('POST', `/webhooks/${id}/rotate-secret`, {})
      expect(rotated.body).not.toHaveProperty('secret')
      const second = String(rotated.body.public_key)
      expect((await api('GET', `/webhooks/${id}`)).body.public_key).toBe(second)
      await api('POST', '/events', { type: 'payment_received', data: payment(18) })
      await subject.deliver()
      const [request] = await kept()
      if (!request) throw new Error('Nothing came.')
      expect(request.headers['authorization']).toMatch(/^Basic /)
      for (const key of [first, second]) {
        expect(key).toMatch(/^whpk_/)
        expect(await isSignedFor(request, key)).toBe(true)
        expect(await isSignedFor({ ...request, body: `${request.body} ` }, key)).toBe(false)
      }
      // One field of what it chose can be changed alone.
      const patched = await api('PATCH', `/webhooks/${id}`, { signing: { scheme: 'v1' }, auth: { username: 'bo' } })
      expect(patched.body).toMatchObject({ auth: { type: 'basic', username: 'bo' }, signing: { scheme: 'v1' } })
      expect(patched.body.secret).toMatch(/^whsec_/)
      expect(patched.body).not.toHaveProperty('public_key')
      const plain = await api('PATCH', `/webhooks/${id}`, { auth: { type: 'none' } })
      expect(plain.body).toMatchObject({ auth: { type: 'none' }, signing: null })
      await api('DELETE', `/webhooks/${id}`)
    })

    test('a test before saving takes token, headers and keys, and a batched webhook gets a batch of one', async () => {
      const { url, kept } = box()
      const tested = await api('POST', '/webhooks/test', {
        name: 'Not saved',
        url,
        events: ['payment_received'],
        format: 'cloudevents',
        auth: { type: 'bearer', token: 'tok-2' },
        signing: { scheme: 'v1a' },
        headers: { 'x-api-key': 'key-2' },
        delivery: { mode: 'batched' },
      })
      expect(tested.body).toMatchObject({ ok: true, request: { headers: { 'x-api-key': '…' } } })
      const [request] = await kept()
      expect(request?.headers).toMatchObject({
        authorization: 'Bearer tok-2',
        'x-api-key': 'key-2',
        'content-type': 'application/cloudevents-batch+json',
        'webhook-id': expect.stringMatching(/^bat_/) as string,
        'webhook-signature': expect.stringMatching(/^v1a,/) as string,
        'hookline-event': 'batch',
        'hookline-test': '1',
      })
      expect(JSON.parse(request?.body ?? '')).toHaveLength(1)
      expect((await api('GET', '/webhooks')).body.data).toEqual([])
    })

    test('a batch that is too large goes in two halves, once; one event of a batch can be taken out', async () => {
      const { url, kept } = box('413,413,500,200')
      const delivery = { mode: 'batched', every_minutes: 5, max_events: 3 }
      const { id } = await addWebhook(url, { delivery, retry_schedule: [60] })
      const send = async (n: number) =>
        String((await api('POST', '/events', { type: 'payment_received', data: payment(n) })).body.id)
      const batches = async () => {
        const log = (await api('GET', `/deliveries?webhook=${id}`)).body.data as Record<string, unknown>[]
        return log.filter(({ type }) => type === 'batch').map((row) => [String(row.id), String(row.state)])
      }
      const bodies = async () =>
        (await kept()).map(({ body }) => {
          const batch = JSON.parse(body) as { id: string; data: { id: string }[] }
          return { id: batch.id, events: batch.data.map((event) => event.id) }
        })
      const ids = [await send(0), await send(1), await send(2)]
      await subject.deliver()
      await subject.deliver()
      const [whole, first, second] = await bodies()
      expect(whole?.events).toEqual(ids)
      expect([first?.events, second?.events]).toEqual(
        first?.events.length === 2 ? [ids.slice(0, 2), ids.slice(2)] : [ids.slice(2), ids.slice(0, 2)],
      )
      expect(new Set([whole?.id, first?.id, second?.id]).size).toBe(3)
      // The half that was too large as well, and the one that met a 500, are tried again as they are.
      expect(await batches()).toHaveLength(3)
      expect((await batches()).map(([, state]) => state).sort()).toEqual(['cancelled', 'retrying', 'retrying'])
      const whose = async (event: string | undefined) =>
        (
          (await api('GET', `/deliveries?event=${event}`)).body.data as { id: string; state: string; batch: string }[]
        )[0]
      const [taken, left] = [await whose(ids[0]), await whose(ids[1])]
      expect(left?.batch).toBe(taken?.batch)
      expect((await api('POST', `/deliveries/${left?.id}/redeliver`)).status).toBe(409)

      expect((await api('POST', `/deliveries/${taken?.id}/cancel`)).body).toMatchObject({ state: 'cancelled' })
      expect((await api('POST', `/deliveries/${taken?.id}/cancel`)).status).toBe(409)
      const renewed = (await whose(ids[1]))?.batch
      expect([whole?.id, first?.id, second?.id]).not.toContain(renewed)
      subject.advance(2 * MINUTE)
      await subject.deliver()
      const sent = (await bodies()).slice(3)
      expect(sent.map((one) => one.events).sort()).toEqual([[ids[1]], [ids[2]]].sort())
      expect(sent.map((one) => one.id)).toContain(renewed)
      expect((await batches()).filter(([, state]) => state === 'delivered')).toHaveLength(2)
      expect(await whose(ids[1])).toMatchObject({ state: 'delivered' })
      expect(await whose(ids[0])).toMatchObject({ state: 'cancelled' })
      await api('DELETE', `/webhooks/${id}`)
    })

    test('what becomes of a batch as a whole becomes of its events: discarded, cancelled, deleted', async () => {
      for (const [n, end] of ['discard', 'cancel', 'delete'].entries()) {
        const { url } = box('500')
        const delivery = { mode: 'batched', every_minutes: 5, max_events: 2 }
        const { id } = await addWebhook(url, { delivery, retry_schedule: [60] })
        const ids: string[] = []
        for (const m of [2 * n, 2 * n + 1])
          ids.push(String((await api('POST', '/events', { type: 'payment_received', data: payment(m) })).body.id))
        await subject.deliver()
        const log = (await api('GET', `/deliveries?webhook=${id}`)).body.data as { id: string }[]
        expect(log).toMatchObject([{ type: 'batch', state: 'retrying' }])
        if (end === 'discard') {
          await api('PATCH', `/webhooks/${id}`, { active: false })
          await api('POST', `/webhooks/${id}/discard`)
        } else if (end === 'cancel') await api('POST', `/deliveries/${log[0]?.id}/cancel`)
        else await api('DELETE', `/webhooks/${id}`)
        for (const event of ids) {
          expect((await api('GET', `/deliveries?event=${event}`)).body.data).toMatchObject([{ state: 'cancelled' }])
        }
        await api('DELETE', `/webhooks/${id}`)
      }
    })

    test('one switch holds all sending; switched on, what was held goes out in order', async () => {
      const { url, kept } = box()
      const { id } = await addWebhook(url)
      const state = async () =>
        ((await api('GET', `/deliveries?webhook=${id}`)).body.data as { state: string }[]).map((row) => row.state)
      expect((await submit('/network/health/sending', { sending: 'off' })).status).toBe(303)
      for (const n of [20, 21, 22]) await api('POST', '/events', { type: 'payment_received', data: payment(n) })
      expect(await state()).toEqual(['held', 'held', 'held'])
      expect((await api('POST', `/webhooks/${id}/test`, {})).status).toBe(409)
      await subject.deliver()
      expect(await kept()).toEqual([])
      expect(await (await subject.fetch('/readyz')).json()).toMatchObject({ dispatcher: 'off' })

      await submit('/network/health/sending', { sending: 'on' })
      await api('POST', '/events', { type: 'payment_received', data: payment(23) })
      expect((await state())[0]).not.toBe('held')
      await subject.deliver()
      await subject.deliver()
      expect(await state()).toEqual(Array(4).fill('delivered'))
      expect(await kept()).toHaveLength(4)
      await api('DELETE', `/webhooks/${id}`)
    })

    test('bad input is told field by field, and nothing is stored', async () => {
      const bad = await api('POST', '/webhooks', {
        name: ' ',
        url: 'http://10.0.0.1/',
        events: ['nothing_happened'],
        auth: { type: 'basic', username: 'a:b' },
        colour: 'red',
      })
      expect(bad).toMatchObject({ status: 422, body: { code: 'invalid' } })
      const wrong = await api('POST', '/webhooks', {
        name: ' ',
        url: 'http://10.0.0.1/',
        events: ['nothing_happened'],
        auth: { type: 'basic', username: 'a:b' },
      })
      expect((wrong.body.errors as { path: string }[]).map(({ path }) => path)).toEqual([
        'name',
        'url',
        'events.0',
        'auth.username',
        'auth.password',
      ])
      const event = await api('POST', '/events', { type: 'payment_received', data: { payment_id: 7 } })
      expect(event.status).toBe(422)
      expect((event.body.errors as { path: string }[])[0]?.path).toMatch(/^data\./)
      expect((await api('GET', '/webhooks')).body.data).toEqual([])
    })

    test('without a key 401, with junk in the body 400, for what is not there 404', async () => {
      expect((await subject.fetch('/api/v1/me')).status).toBe(401)
      expect((await api('GET', '/me')).body).toMatchObject({ id: expect.stringMatching(/^key_/) as string })
      expect((await api('GET', '/webhooks/whk_00000000000000000000000000')).status).toBe(404)
      const junk = await subject.fetch('/api/v1/events', {
        method: 'POST',
        headers: { authorization: `Bearer ${FLOW_KEY}`, 'content-type': 'application/json' },
        body: '{"type":"payment_received","type":"x","data":{}}',
      })
      expect(junk.status).toBe(400)
      expect(await junk.json()).toMatchObject({ code: 'bad_json' })
    })

    test('ready, healthy, and a log-in page in Swedish for who asks in Swedish', async () => {
      expect((await subject.fetch('/healthz')).status).toBe(200)
      expect((await subject.fetch('/readyz')).status).toBe(200)
      const page = await (await subject.fetch('/login', { headers: { 'accept-language': 'sv-FI' } })).text()
      expect(page).toContain('<html lang="sv"')
    })
  })
}
