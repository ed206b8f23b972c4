import { expect, test } from 'vitest'
import { HOUR, SECOND } from '../../server/lib/clock.ts'
import type { Flow } from './flow.ts'
import { hexHmac, isSignedBy, isSignedFor } from './verify.ts'

/** Who we are to a receiver: tokens, headers, signatures, rotation. */
export function signing(flow: Flow): void {
  const { api, box, addWebhook, payment } = flow

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
    await flow.subject.deliver()
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
      await flow.subject.deliver()
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
    flow.subject.advance(HOUR + SECOND)
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
    await flow.subject.deliver()
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
}
