import { sql } from 'kysely'
import { expect, test, vi } from 'vitest'
import type { Level, Log } from '../../server/lib/log.ts'
import { readConfig } from '../../server/config.ts'
import { start } from '../../server/node/start.ts'
import { temporaryFolders } from '../support/folder.ts'
import { startReceiver } from '../support/receiver.ts'
import { fiftyEvents } from './fifty-events.ts'
import { FLOW_KEY } from './key.ts'

const WRITERS = 16
const folder = temporaryFolders()
vi.setConfig({ testTimeout: 60_000 })

test('a full disk under many writers answers 503 and acknowledges nothing that is not stored; with room again all goes on', async () => {
  const lines: string[] = []
  const line = (level: Level) => (message: string) => void lines.push(`${level}: ${message}`)
  const log: Log = { debug: () => {}, info: line('info'), warn: line('warn'), error: line('error') }
  const receiver = await startReceiver()
  const env = { PORT: '0', DATA_DIR: folder(), OUTBOUND_ALLOW: '127.0.0.0/8', SETUP_API_KEY: FLOW_KEY }
  const server = await start(readConfig(env), { log })
  const { db } = server.deps
  const post = (path: string, body: object) =>
    fetch(`${server.url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${FLOW_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const postEvent = () => post('/events', { type: 'payment_received', data: fiftyEvents[0] })
  await post('/webhooks', { name: 'Orders', url: receiver.url, events: ['payment_received'] })

  const pragma = async (text: string) => {
    const [result] = await db.commit([sql.raw(`pragma ${text}`).compile(db.q)])
    return Number(Object.values(result?.rows[0] ?? {})[0])
  }
  const pages = await pragma('page_count')
  await pragma(`max_page_count = ${pages + 20}`)

  const acknowledged: string[] = []
  const refused: Response[] = []
  /** Each goes on until it was refused ten times, so that the disk is full under all of them. */
  const write = async () => {
    for (let refusals = 0; refusals < 10;) {
      const answer = await postEvent()
      if (answer.status === 202) acknowledged.push(((await answer.json()) as { id: string }).id)
      else {
        refused.push(answer)
        refusals++
      }
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, write))
  expect(acknowledged.length).toBeGreaterThan(0)
  expect(refused).toHaveLength(10 * WRITERS)
  for (const answer of refused) {
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await answer.json()).toMatchObject({ status: 503, code: 'unavailable' })
  }
  expect(lines).toContain('error: The database could not take a write')
  const stored = await db.q.selectFrom('event').select('id').execute()
  expect(stored.map(({ id }) => id).sort()).toEqual(acknowledged.sort())
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)

  await pragma(`max_page_count = ${pages + 10_000}`)
  const after = await postEvent()
  expect(after.status).toBe(202)
  acknowledged.push(((await after.json()) as { id: string }).id)
  await receiver.waitFor(acknowledged.length, 30_000)
  await server.stop()
  await receiver.stop()
  expect([...new Set(receiver.requests.map(({ headers }) => headers['webhook-id']))].sort()).toEqual(
    acknowledged.sort(),
  )
})
