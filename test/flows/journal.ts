import { expect, test } from 'vitest'
import { DAY, HOUR } from '../../server/lib/clock.ts'
import type { Flow } from './flow.ts'
import { FLOW_KEY } from './key.ts'

/** Events are pulled instead of pushed. */
export function journal(flow: Flow): void {
  const { api, payment } = flow

  test('the journal gives each event once, in order, and says when there are no more', async () => {
    flow.subject.advance(HOUR)
    const send = async (n: number) =>
      (await api('POST', '/events', { type: 'payment_received', data: payment(n) })).body.id as string
    const sent: string[] = []
    for (let n = 20; n < 25; n++) sent.push(await send(n))
    const pulled: string[] = []
    let path = '/journal?limit=2&seek=-PT10M'
    for (;;) {
      const { status, body } = await api('GET', path)
      if (status === 204) break
      pulled.push(...(body.data as { id: string }[]).map(({ id }) => id))
      path = `/journal?limit=2&cursor=${String(body.next_cursor)}`
    }
    expect(pulled).toEqual(sent)
    const later = await send(25)
    expect((await api('GET', path)).body.data).toMatchObject([{ id: later, type: 'payment_received' }])
    expect((await api('GET', `${path}&seek=-PT1H`)).body).toMatchObject({ code: 'bad_request' })
    expect((await api('GET', '/journal?seek=yesterday')).body).toMatchObject({ code: 'bad_request' })
  })

  test('the link of an empty journal goes on from its end, and a cursor does not outlive the events', async () => {
    const ask = (path: string) => flow.subject.fetch(path, { headers: { authorization: `Bearer ${FLOW_KEY}` } })
    const end = await ask('/api/v1/journal?seek=-PT0S')
    expect({ status: end.status, wait: end.headers.get('retry-after') }).toEqual({ status: 204, wait: '10' })
    const link = /^<([^>]+)>; rel="next"$/.exec(end.headers.get('link') ?? '')?.[1] ?? ''
    const { pathname, search } = new URL(link)
    expect((await ask(pathname + search)).status).toBe(204)
    flow.subject.advance(31 * DAY)
    const late = await ask(pathname + search)
    expect(late.status).toBe(410)
    expect(await late.json()).toMatchObject({ code: 'cursor_expired' })
  })
}
