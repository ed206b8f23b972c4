import { expect, test } from 'vitest'
import { newId } from '../../../server/lib/ids.ts'
import { capabilities } from '../../../server/lib/actor.ts'
import { addSource } from '../../../server/sources/lifecycle.ts'
import { testApp } from '../../support/app.ts'
import { recordedBy, type Recorded } from '../../support/recorded.ts'
import { startReceiver } from '../../support/receiver.ts'

/** What stands behind the address: the path was `/hook/<event>`, but for the test of a webhook that was not saved. */
const nameOf = ({ path }: Recorded) => (path.split('/').at(-1) ?? '').replace('unsaved', 'site_published')
/** The test of an event that does not exist: it holds nothing but a version. */
const EMPTY = 'ultimate-multisite-test-event-unknown'

test('every request that Ultimate Multisite and WP Ultimo sent becomes an event that reaches a receiver', async () => {
  const receiver = await startReceiver()
  const app = await testApp()
  await app.webhook({ url: `${receiver.url}/in`, events: [], allEvents: true })
  const address = await addSource(
    app.deps,
    {
      kind: 'user',
      id: 'usr_test',
      name: 'Test',
      owner: 'network',
      capabilities: new Set(capabilities),
      address: '192.0.2.7',
    },
    {
      id: newId('src', app.deps),
      kind: 'ultimate-multisite',
      site: 'sit_main',
      name: 'Network',
      secret: null,
      settings: {},
      mapping: null,
    },
  )
  const post = async (request: Recorded, behind: string) => {
    const answer = await app.fetch(address + behind, { method: 'POST', headers: request.headers, body: request.body })
    return { status: answer.status, text: await answer.text() }
  }
  const requests = [...recordedBy('ultimate-multisite'), ...recordedBy('wp-ultimo-v1')].filter(
    ({ name }) => !name.includes('redirect'),
  )
  const ids = new Set<string>()
  for (const request of requests) {
    const behind = request.name.startsWith('wp-ultimo') ? '' : `/${nameOf(request)}`
    const first = await post(request, behind)
    if (request.name === EMPTY) {
      expect({ name: request.name, status: first.status }).toEqual({ name: EMPTY, status: 422 })
      continue
    }
    expect({ name: request.name, ...first }).toMatchObject({ name: request.name, status: 200 })
    // Sent again it is the same.
    expect(await post(request, behind)).toEqual(first)
    for (const { id } of (JSON.parse(first.text) as { events: { id: string }[] }).events) ids.add(id)
  }
  await app.deliver()
  const delivered = receiver.requests.map(({ headers }) => headers['webhook-id'])
  expect([...delivered].sort()).toEqual([...ids].sort())
  expect(ids.size).toBeGreaterThan(20)
  await receiver.stop()
})
