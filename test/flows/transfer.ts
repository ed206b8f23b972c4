import { expect, test } from 'vitest'
import type { SetUp } from '../../server/transfer/file.ts'
import type { Flow } from './flow.ts'
import { FLOW_ADMIN } from './key.ts'
import { isSignedBy } from './verify.ts'

const PASSPHRASE = 'four horses and a battery'

/** The set-up goes out as a file and comes back. */
export function transfer(flow: Flow): void {
  const { api, box, addWebhook, payment } = flow

  async function exported(): Promise<SetUp> {
    const fields = { passphrase: PASSPHRASE, passphrase_again: PASSPHRASE, password: FLOW_ADMIN.SETUP_PASSWORD }
    const answer = await flow.submit('/network/export', fields)
    expect(answer.status).toBe(200)
    return (await answer.json()) as SetUp
  }

  test('a webhook that was deleted comes back from the file, and signs with the secret that it had', async () => {
    const { url, kept } = box()
    const { id, secret } = await addWebhook(url, { name: 'Comes back', auth: { type: 'signature' } })
    const file = await exported()
    expect(JSON.stringify(file)).not.toContain(secret)
    expect((await api('POST', '/import', file)).body.counts).toMatchObject({ create: 0, change: 0, refuse: 0 })
    await api('DELETE', `/webhooks/${id}`)

    const look = await api('POST', '/import?dry_run=1', file)
    expect(look.body).toMatchObject({ dry_run: true, locked: true, counts: { create: 1, change: 0, refuse: 0 } })
    expect((await api('GET', `/webhooks/${id}`)).status).toBe(404)
    expect((await api('POST', '/import', { ...file, passphrase: PASSPHRASE })).status).toBe(200)
    expect((await api('GET', `/webhooks/${id}`)).body).toMatchObject({ name: 'Comes back', state: 'active' })

    await api('POST', '/events', { type: 'payment_received', data: payment(1) })
    await flow.subject.deliver()
    const [request, ...more] = await kept()
    if (!request) throw new Error('Nothing came.')
    expect(more).toEqual([])
    expect(await isSignedBy(request, secret)).toBe(true)
    await api('DELETE', `/webhooks/${id}`)
  })

  test('a whole network of sites, people and webhooks is one commit, or nothing at all', async () => {
    const { url } = box()
    const numbers = Array.from({ length: 60 }, (_, n) => n)
    const webhooks = numbers.map((n) => ({
      id: `whk_01m80z7jxbzsqbcsmq${String(n).padStart(8, '0')}`,
      owner: `import-${n % 12}`,
      name: `Orders ${n}`,
      url,
      events: ['payment_received', 'payment_failed'],
      auth: { type: 'signature' },
    }))
    const file = {
      hookline: 'set-up',
      version: 1,
      sites: numbers.slice(0, 12).map((n) => ({ slug: `import-${n}`, name: `Import ${n}` })),
      people: numbers.map((n) => ({
        email: `import-${n}@example.com`,
        name: `Person ${n}`,
        role: 'site_admin',
        site: `import-${n % 12}`,
      })),
      webhooks,
    }
    const broken = { ...file, webhooks: [...webhooks, { ...webhooks[0], id: undefined, url: 'http://10.0.0.1/' }] }
    expect((await api('POST', '/import', broken)).status).toBe(422)
    expect((await api('GET', '/sites/import-0')).status).toBe(404)
    const done = await api('POST', '/import', file)
    expect(done.body.counts).toEqual({ create: 132, change: 0, same: 0, skip: 0, refuse: 0 })
    const changed = {
      ...file,
      webhooks: webhooks.map((one) => ({ ...one, description: 'Books orders.', active: false })),
    }
    expect((await api('POST', '/import', changed)).body.counts).toEqual({
      create: 0,
      change: 60,
      same: 72,
      skip: 0,
      refuse: 0,
    })
    expect((await api('POST', '/import', changed)).body.counts).toMatchObject({ change: 0, same: 132 })
    const setUp = (await api('GET', '/export')).body as unknown as SetUp
    expect(setUp.webhooks.filter(({ name }) => name.startsWith('Orders '))).toHaveLength(60)
    for (const { slug } of file.sites) await api('DELETE', `/sites/${slug}`)
    for (const { id } of webhooks) await api('DELETE', `/webhooks/${id}`)
  })
}
