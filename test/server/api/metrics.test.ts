import { expect, test } from 'vitest'
import { createKey } from '../../../server/access/api-keys.ts'
import { capabilities } from '../../../server/lib/actor.ts'
import { testApp, type TestApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

/** A key with these scopes. The visitors of a test come from elsewhere, not from the machine itself. */
async function keyWith({ deps }: TestApp, scopes: readonly string[]): Promise<Record<string, string>> {
  const [maker] = await deps.db.q.selectFrom('user').select('id').execute()
  const actor = {
    kind: 'user' as const,
    id: maker?.id ?? '',
    name: 'Ingrid Nord',
    owner: 'network',
    capabilities: new Set(capabilities),
    address: '192.0.2.7',
  }
  const { secret } = await createKey(deps, actor, { name: 'Prometheus', scopes, owner: 'network', expiresAt: null })
  return { authorization: `Bearer ${secret}` }
}

test('a key with the scope reads what Prometheus wants to know', async () => {
  const receiver = await startReceiver({ answer: (_, n) => ({ status: n === 1 ? 503 : 200 }) })
  const app = await testApp()
  await app.login()
  await app.webhook({ url: receiver.url, retrySchedule: [3600] })
  await app.emit()
  await app.deliver()
  await app.emit()
  await app.deliver()
  const headers = await keyWith(app, ['metrics:read'])
  app.clock.advance(90_000)
  const answer = await app.fetch('/metrics', { headers })
  expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4')
  const lines = (await answer.text()).split('\n')
  for (const line of [
    'hookline_info{version="1.0.0"} 1',
    'hookline_sending 1',
    'hookline_webhooks{state="active"} 1',
    'hookline_deliveries{state="retrying"} 1',
    'hookline_oldest_waiting_seconds 90',
    'hookline_attempts_this_hour{result="delivered"} 1',
    'hookline_attempts_this_hour{result="failed"} 1',
    'hookline_plugins_paused 0',
    '# TYPE hookline_webhooks gauge',
  ])
    expect(lines).toContain(line)
})

test('nobody else reads them, whatever a request says about where it comes from', async () => {
  const app = await testApp()
  await app.login()
  expect((await app.fetch('/metrics')).status).toBe(401)
  expect((await app.fetch('/metrics', { headers: await keyWith(app, ['events:read']) })).status).toBe(403)
  expect((await app.fetch('/metrics', { headers: { 'x-forwarded-for': '127.0.0.1' } })).status).toBe(401)
})
