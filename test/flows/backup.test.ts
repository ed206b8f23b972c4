import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test, vi } from 'vitest'
import { ensureSetupKey } from '../../server/access/api-keys.ts'
import { readConfig } from '../../server/config.ts'
import { start } from '../../server/node/start.ts'
import { startChild } from '../support/child.ts'
import { hookline } from '../support/cli.ts'
import { temporaryFolders } from '../support/folder.ts'
import { quiet } from '../support/log.ts'
import { startReceiver } from '../support/receiver.ts'
import { fiftyEvents } from './fifty-events.ts'
import { createFlow } from './flow.ts'
import { FLOW_ADMIN, FLOW_KEY } from './key.ts'
import { onNode } from './on-node.ts'

const WRITERS = 16
const BEFORE = 300
// A key may ask 600 times a minute.
const keys = [FLOW_KEY, ...Array.from({ length: 23 }, (_, n) => `hk_backup_key_with_32_characters_or_more_${n}`)]
const folder = temporaryFolders()
vi.setConfig({ testTimeout: 60_000 })

test('a backup while 16 writers run has all that was acknowledged before; restored elsewhere, it sends nothing until somebody says so', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.stop())
  const env = { DATA_DIR: folder(), OUTBOUND_ALLOW: '127.0.0.0/8', LOG_LEVEL: 'error', ...FLOW_ADMIN }
  const webhook = await prepare(env, receiver.url)

  const child = startChild(env)
  onTestFinished(() => child.kill('SIGKILL'))
  const url = await child.url
  const acknowledged = new Set<string>()
  const enoughWritten = new AbortController()
  const enough = Promise.withResolvers<void>()
  const write = async (_: unknown, writer: number) => {
    for (let n = writer; !enoughWritten.signal.aborted; n += WRITERS) {
      const answer = await fetch(`${url}/api/v1/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${keys[n % keys.length]}`, 'content-type': 'application/json' },
        body: JSON.stringify({ type: 'payment_received', data: fiftyEvents[n % fiftyEvents.length] }),
      })
      const { id } = (await answer.json()) as { id: string }
      expect(answer.status).toBe(202)
      acknowledged.add(id)
      if (acknowledged.size === BEFORE) enough.resolve()
    }
  }
  const writers = Promise.all(Array.from({ length: WRITERS }, write))
  await Promise.race([enough.promise, writers])
  const before = [...acknowledged]
  const backup = join(folder(), 'elsewhere', 'backup.db')
  const made = await hookline(['db', 'backup', backup, '--json'], { env })
  expect(made).toMatchObject({ code: 0, err: '' })
  expect(acknowledged.size).toBeGreaterThan(before.length)
  enoughWritten.abort()
  await writers
  child.kill('SIGTERM')
  expect(await child.ended).toBe(0)

  const there = { ...env, DATA_DIR: folder() }
  copyFileSync(join(env.DATA_DIR, 'app-secret'), join(there.DATA_DIR, 'app-secret'))
  const restored = await hookline(['db', 'restore', backup, '--json'], { env: there })
  expect(restored).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse(restored.out)).toMatchObject({ replaced: null, migrations: [], secret: 'fits' })
  const db = new Database(join(there.DATA_DIR, 'hookline.db'), { readonly: true })
  const column = (query: string) => db.prepare(query).pluck().all() as string[]
  const stored = new Set(column('select id from event'))
  const waiting = column(`select event_id from delivery where state = 'pending'`)
  const held = () => column(`select event_id from delivery where state = 'held'`)
  onTestFinished(() => void db.close())
  expect(before.filter((id) => !stored.has(id))).toEqual([])
  expect(waiting.length).toBeGreaterThan(BEFORE / 2)

  const copy = await onNode(there)
  onTestFinished(() => copy.stop())
  const { api, submit } = createFlow('copy', () => copy)
  const arrived = receiver.requests.length
  await copy.deliver()
  const { body } = await api('POST', '/events', { type: 'payment_received', data: fiftyEvents[0] })
  await copy.deliver()
  expect(held()).toEqual([body.id])
  expect((await api('POST', `/webhooks/${webhook}/test`, {})).status).toBe(409)
  expect(await (await copy.fetch('/readyz')).json()).toMatchObject({ dispatcher: 'off' })
  expect(receiver.requests).toHaveLength(arrived)

  expect((await submit('/network/health/sending', { sending: 'on' })).status).toBe(303)
  expect((await api('PATCH', `/webhooks/${webhook}`, { rate_per_second: null })).status).toBe(200)
  await copy.deliver()
  await copy.deliver()
  const sent = receiver.requests.slice(arrived).map(({ headers }) => headers['webhook-id'])
  expect(sent.sort()).toEqual([...waiting, body.id].sort())
})

/** Makes the keys, and a webhook that lets most of what is to be sent wait. Gives its id. */
async function prepare(env: Record<string, string>, receiver: string): Promise<string> {
  const server = await start(readConfig({ ...env, PORT: '0' }), { log: quiet })
  for (const key of keys) await ensureSetupKey({ ...server.deps, config: readConfig({ SETUP_API_KEY: key }) })
  const made = await fetch(`${server.url}/api/v1/webhooks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${FLOW_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Slow', url: receiver, events: ['payment_received'], rate_per_second: 1 }),
  })
  expect(made.status).toBe(201)
  await server.stop()
  return ((await made.json()) as { id: string }).id
}
