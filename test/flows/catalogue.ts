import { expect, test } from 'vitest'
import { HOUR } from '../../server/lib/clock.ts'
import type { Flow } from './flow.ts'

type Fields = Record<string, unknown>
interface Type {
  readonly name: string
  readonly plugin: string
  readonly sample: Fields
}

/** Each format's way to write events, read back: the name of each event of a body, with what it carries. */
const readers: Record<string, (body: unknown) => [unknown, Fields][]> = {
  standard: (body) => {
    const { type, data } = body as { type: string; data: Fields | Fields[] }
    return type === 'batch' ? (data as Fields[]).map((one) => [one.type, one.data as Fields]) : [[type, data as Fields]]
  },
  flat: (body) => [body as Fields].flat().map((one) => [one.type, one]),
  envelope: (body) => (body as { events: Fields[] }).events.map((one) => [one.eventName, one.data as Fields]),
  cloudevents: (body) => [body as Fields].flat().map((one) => [one.type, one.data as Fields]),
}

/** What of a payload stands unchanged in a flat one: nested objects are spread there, and names of our own make way. */
const plain = (data: Fields): Fields =>
  Object.fromEntries(
    Object.entries(data)
      .filter(([, value]) => typeof value !== 'object' || value === null)
      .map(([name, value]) => [/^(id|type|timestamp|site)$/.test(name) ? `data_${name}` : name, value]),
  )

/** Every type of event that a plugin brings and that others may emit. */
export function catalogue(flow: Flow): void {
  const { api, box, addWebhook, submit } = flow

  test('all event types come at once, or in pages where pages are asked for', async () => {
    const all = (await api('GET', '/event-types')).body
    expect(all.next_cursor).toBe(null)
    const names: string[] = []
    let cursor = ''
    do {
      const page = (await api('GET', `/event-types?limit=30${cursor}`)).body
      names.push(...(page.data as Type[]).map(({ name }) => name))
      cursor = page.next_cursor === null ? '' : `&cursor=${String(page.next_cursor)}`
    } while (cursor !== '')
    expect(names).toEqual((all.data as Type[]).map(({ name }) => name))
    for (const [search, code] of [
      ['limit=9999', 'bad_request'],
      ['cursor=zzz', 'bad_cursor'],
    ]) {
      const wrong = await api('GET', `/event-types?${search}`)
      expect([wrong.status, wrong.body.code]).toEqual([400, code])
    }
  })

  test('every event type there is can be emitted and is delivered, in every format', async () => {
    for (const plugin of ['learning-manager', 'woocommerce'])
      expect((await submit(`/network/plugins/${plugin}/activate`, {})).status).toBe(303)
    const all = (await api('GET', '/event-types')).body.data as Type[]
    // What the network tells of itself is made by its own doing.
    const types = all.filter(({ plugin }) => plugin !== 'hookline')
    expect(types.length).toBeGreaterThan(60)
    const receivers = await Promise.all(
      Object.keys(readers).map(async (format) => {
        const { url, kept } = box()
        const events = types.map(({ name }) => name)
        return { format, kept, ...(await addWebhook(url, { format, events, delivery: { every_minutes: 5 } })) }
      }),
    )

    const sent = await api(
      'POST',
      '/events/batch',
      types.map(({ name, sample }) => ({ type: name, data: sample })),
    )
    expect(sent.status, JSON.stringify(sent.body)).toBe(202)
    expect(sent.body.data).toEqual(
      types.map(() => expect.objectContaining({ deliveries: receivers.length }) as unknown),
    )
    await flow.subject.deliver()
    flow.subject.advance(HOUR)
    await flow.subject.deliver()

    for (const { format, kept, id } of receivers) {
      const read = readers[format] ?? (() => [])
      const got = new Map((await kept()).flatMap(({ body }) => read(JSON.parse(body))))
      expect([...got.keys()].sort(), format).toEqual(types.map(({ name }) => name).sort())
      for (const { name, sample } of types) {
        if (format === 'flat') expect(got.get(name)).toMatchObject(plain(sample))
        else expect(got.get(name)).toEqual(sample)
      }
      await api('DELETE', `/webhooks/${id}`)
    }
    await submit('/network/plugins/learning-manager/deactivate', {})
  })

  test('a name with capitals and a colon works wherever a name stands', async () => {
    // Who wants all events wants those that nobody knows yet, too.
    const all = box()
    const everything = await addWebhook(all.url, { all_events: true, events: [] })
    expect((await submit('/network/plugins/learning-manager/activate', {})).status).toBe(303)
    const name = 'RESPONSE:ASYNCAPI_USERGROUP_USER_ADDED'
    const inUrl = encodeURIComponent(name)
    expect((await api('GET', `/event-types/${inUrl}`)).body).toMatchObject({ name, plugin: 'learning-manager' })
    const sample = (await api('GET', `/event-types/${inUrl}/sample`)).body as unknown as Record<string, unknown>[]
    expect(sample).toMatchObject([{ type: name, status: 'SUCCESS', request__metadata__event_id: 'group-of-january' }])

    const { url, kept } = box()
    const { id } = await addWebhook(url, { events: [name], auth: { type: 'signature' } })
    const trial = await api('POST', `/webhooks/${id}/test`, { event: name })
    expect(trial.body).toMatchObject({ ok: true, request: { headers: { 'hookline-event': name } } })
    const data = { status: 'SUCCESS', request: { data: [{ type: 'user', id: 7 }] } }
    const sent = await api('POST', '/events', { type: name, data })
    await flow.subject.deliver()
    expect((await kept()).map(({ headers }) => headers['hookline-event'])).toEqual([name, name])
    expect((await all.kept()).map(({ headers }) => headers['hookline-event'])).toEqual([name])
    expect((await api('GET', `/webhooks/${id}`)).body.events).toEqual([name])
    expect((await api('GET', `/events?type=${inUrl}&limit=1`)).body.data).toMatchObject([{ id: sent.body.id }])
    expect((await api('GET', `/deliveries?type=${inUrl}&webhook=${id}`)).body.data).toMatchObject([
      { type: name },
      { type: name },
    ])
    const hook = await api('POST', '/hooks', { target_url: url, event: name })
    expect(hook).toMatchObject({ status: 201, body: { event: name } })
    for (const path of [`/webhooks/${id}`, `/webhooks/${everything.id}`, `/hooks/${String(hook.body.id)}`])
      await api('DELETE', path)
    await submit('/network/plugins/learning-manager/deactivate', {})
  })
}
