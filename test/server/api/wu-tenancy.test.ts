import { expect, test } from 'vitest'
import { insertSite } from '../../../db/queries/sites.ts'
import { createKey } from '../../../server/access/api-keys.ts'
import { createApp } from '../../../server/app.ts'
import { ADDRESS, addPerson, openWorld } from '../../support/people.ts'

test('a key of a site sees, changes and deletes what is its own, and nothing else', async () => {
  const world = await openWorld()
  const app = createApp({ ...world, dispatcher: () => 'on' }, () => ADDRESS)
  await world.db.commit([insertSite(world.db, { id: 'sit_kafe', slug: 'kafe', name: 'Kafé', created_at: 1 })])
  const maker = await addPerson(world, { email: 'maker@example.com' })
  const keyOf = async (owner: string) => {
    const scopes = ['webhooks:read', 'webhooks:write', 'events:read']
    const { id, secret } = await createKey(world, maker, { name: owner, scopes, owner, expiresAt: null })
    return async (method: string, path: string, body?: object) => {
      const answer = await app.request(`/wp-json/wu/v2${path}`, {
        method,
        headers: { host: '127.0.0.1:3000', authorization: `Basic ${btoa(`${id}:${secret}`)}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: answer.status, body: (await answer.json()) as { id: number; code?: string; name?: string }[] }
    }
  }
  const [network, kafe] = await Promise.all([keyOf('network'), keyOf('sit_kafe')])
  const wanted = { webhook_url: 'https://a.example/', event: 'payment_received', integration: 'manual' }
  const made = await network('POST', '/webhook', { ...wanted, name: 'Of the network' })
  const path = `/webhook/${String((made.body as unknown as { id: number }).id)}`

  expect((await kafe('GET', '/webhook')).body).toEqual([])
  for (const [method, body] of [['GET'], ['PUT', { name: 'Mine now' }], ['DELETE']] as const) {
    expect(await kafe(method, path, body)).toMatchObject({ status: 404, body: { code: 'wu_rest_webhook_invalid_id' } })
  }
  await kafe('POST', '/webhook', { ...wanted, name: 'Of the site' })
  expect((await kafe('GET', '/webhook')).body).toMatchObject([{ name: 'Of the site' }])
  expect((await network('GET', '/webhook?orderby=name&order=asc')).body.map(({ name }) => name)).toEqual([
    'Of the network',
    'Of the site',
  ])
  const changes = await world.db.q.selectFrom('audit').select('action').where('action', 'like', 'webhook.%').execute()
  expect(changes.map(({ action }) => action)).toEqual(['webhook.created', 'webhook.created'])
})
