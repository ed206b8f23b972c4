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
    // One more than the two payments: somebody was created.
    'hookline_events_total 3',
    'hookline_attempts_total{outcome="ok"} 1',
    'hookline_attempts_total{outcome="http_error"} 1',
    '# TYPE hookline_attempts_total counter',
    'hookline_attempt_duration_seconds_bucket{le="30"} 2',
    'hookline_attempt_duration_seconds_bucket{le="+Inf"} 2',
    'hookline_attempt_duration_seconds_count 2',
    '# TYPE hookline_attempt_duration_seconds histogram',
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

test('how long writes take and when the last backup was made are told where they are known', async () => {
  const last = { file: '/data/backups/hookline.db', bytes: 1, at: 1_790_000_000_000 }
  const state = { last, isRunning: false, failed: null }
  const backups = { state: () => state, make: () => Promise.resolve(state) }
  const app = await testApp({ writes: () => ({ p50: 4, p95: 12, count: 500 }), backups })
  await app.login()
  const text = await (await app.fetch('/metrics', { headers: await keyWith(app, ['metrics:read']) })).text()
  expect(text).toContain('hookline_write_seconds{quantile="0.5"} 0.004\n')
  expect(text).toContain('hookline_write_seconds{quantile="0.95"} 0.012\n')
  expect(text).toContain('hookline_last_backup_timestamp_seconds 1790000000\n')
})

test('nobody else reads them, whatever a request says about where it comes from', async () => {
  const app = await testApp()
  await app.login()
  expect((await app.fetch('/metrics')).status).toBe(401)
  expect((await app.fetch('/metrics', { headers: await keyWith(app, ['events:read']) })).status).toBe(403)
  expect((await app.fetch('/metrics', { headers: { 'x-forwarded-for': '127.0.0.1' } })).status).toBe(401)
})
