import { expect, test } from 'vitest'
import { DAY } from '../../server/lib/clock.ts'
import type { Flow } from './flow.ts'
import { FLOW_KEY } from './key.ts'

/** What is refused, and what is forgotten. Comes late: it expects that nothing is left over. */
export function limits(flow: Flow): void {
  const { api, box, addWebhook, payment } = flow

  test('answers are forgotten after 7 days; events, deliveries and attempts go after 30', async () => {
    const { url } = box()
    const { id } = await addWebhook(url)
    const sent = await api('POST', '/events', { type: 'payment_received', data: payment(6) })
    await flow.subject.deliver()
    const [delivery] = (await api('GET', `/deliveries?webhook=${id}`)).body.data as { id: string }[]
    const answer = async () => (await api('GET', `/deliveries/${delivery?.id}`)).body
    expect(await answer()).toMatchObject({ attempts: [{ status: 200, response: { body: 'taken' } }] })
    flow.subject.advance(8 * DAY)
    await flow.subject.deliver()
    expect(await answer()).toMatchObject({ attempts: [{ status: 200, response: { body: '' } }] })
    expect((await api('GET', `/events/${String(sent.body.id)}`)).status).toBe(200)
    flow.subject.advance(23 * DAY)
    await flow.subject.deliver()
    expect((await api('GET', `/events/${String(sent.body.id)}`)).status).toBe(404)
    expect((await api('GET', `/deliveries/${delivery?.id}`)).status).toBe(404)
    expect((await api('GET', '/events')).body.data).toEqual([])
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
    expect((await flow.subject.fetch('/api/v1/me')).status).toBe(401)
    expect((await api('GET', '/me')).body).toMatchObject({ id: expect.stringMatching(/^key_/) as string })
    expect((await api('GET', '/webhooks/whk_00000000000000000000000000')).status).toBe(404)
    const junk = await flow.subject.fetch('/api/v1/events', {
      method: 'POST',
      headers: { authorization: `Bearer ${FLOW_KEY}`, 'content-type': 'application/json' },
      body: '{"type":"payment_received","type":"x","data":{}}',
    })
    expect(junk.status).toBe(400)
    expect(await junk.json()).toMatchObject({ code: 'bad_json' })
  })

  test('ready, healthy, and a log-in page in Swedish for who asks in Swedish', async () => {
    expect((await flow.subject.fetch('/healthz')).status).toBe(200)
    expect((await flow.subject.fetch('/readyz')).status).toBe(200)
    const page = await (await flow.subject.fetch('/login', { headers: { 'accept-language': 'sv-FI' } })).text()
    expect(page).toContain('<html lang="sv"')
  })
}
