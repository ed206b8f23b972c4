import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test, vi } from 'vitest'
import { ensureSetupKey } from '../../server/access/api-keys.ts'
import { readConfig } from '../../server/config.ts'
import { start } from '../../server/node/start.ts'
import { startChild, type Child } from '../support/child.ts'
import { temporaryFolders } from '../support/folder.ts'
import { quiet } from '../support/log.ts'
import { fiftyEvents } from './fifty-events.ts'

/** `npm run test:faults` asks for more. */
const ROUNDS = Number(process.env.KILL_ROUNDS ?? 5)
const EVENTS = 1000
const AT_ONCE = 32
/** What may be on the wire when the process dies, and so may arrive twice. */
const CONCURRENCY = 64

const PATHS = ['/one', '/two', '/three']
const OCCURRED = new Date(Date.now() - 60_000).toISOString()
// A key may ask 600 times a minute.
const keys = Array.from({ length: 4 }, (_, n) => `hk_kill_key_with_32_characters_or_more_${n}`)
const folder = temporaryFolders()

/** Luck that is the same in every run. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const dataOf = (name: string, n: number) => ({ ...fiftyEvents[n % fiftyEvents.length], payment_id: name })

/** Counts what arrives where, and compares every byte of it. */
async function startCounter() {
  const arrived = new Map<string, number>()
  const wrong: string[] = []
  let look = () => {}
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const id = String(request.headers['webhook-id'])
      if (body !== expectedBody(id, body)) wrong.push(body)
      const what = `${request.url} ${id}`
      arrived.set(what, (arrived.get(what) ?? 0) + 1)
      response.end()
      look()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    wrong,
    repeated: () => [...arrived.values()].reduce((sum, times) => sum + times - 1, 0),
    /** Resolves when all events have arrived on all paths; rejects after a minute with how many are missing. */
    all: (ids: ReadonlySet<string>) =>
      new Promise<void>((resolve, reject) => {
        const missing = new Set(PATHS.flatMap((path) => [...ids].map((id) => `${path} ${id}`)))
        const late = setTimeout(() => reject(new Error(`${missing.size} deliveries have not arrived.`)), 60_000)
        look = () => {
          for (const what of missing) if (arrived.has(what)) missing.delete(what)
          if (missing.size > 0) return
          clearTimeout(late)
          resolve()
        }
        look()
      }),
  }
}

/** The one right body of an event with this id; which one it is stands in the body itself. */
function expectedBody(id: string, body: string): string {
  const { data } = JSON.parse(body) as { data: { payment_id: string } }
  const expected = JSON.stringify(dataOf(data.payment_id, Number(data.payment_id.split('-')[1])))
  return `{"id":"${id}","type":"payment_received","timestamp":"${OCCURRED}","site":"main","data":${expected}}`
}

/** Sends all events of a round and kills the server at the given answer. Gives the ids that were acknowledged. */
async function postAndKill(child: Child, url: string, round: number, killAt: number): Promise<ReadonlySet<string>> {
  const acknowledged = new Set<string>()
  let next = 0
  const sendOn = async () => {
    for (let n = next++; n < EVENTS; n = next++) {
      const answer = await fetch(`${url}/api/v1/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${keys[n % keys.length]}`, 'content-type': 'application/json' },
        body: JSON.stringify({ type: 'payment_received', data: dataOf(`${round}-${n}`, n), occurred_at: OCCURRED }),
      })
      const { id } = (await answer.json()) as { id: string }
      expect(answer.status).toBe(202)
      acknowledged.add(id)
      if (acknowledged.size === killAt) child.kill('SIGKILL')
    }
  }
  const senders = await Promise.allSettled(Array.from({ length: AT_ONCE }, sendOn))
  expect(senders.every(({ status }) => status === 'rejected')).toBe(true)
  for (const sender of senders) expect((sender as PromiseRejectedResult).reason).toBeInstanceOf(TypeError)
  expect(await child.ended).toBe('SIGKILL')
  return acknowledged
}

vi.setConfig({ testTimeout: ROUNDS * 60_000 })

test(`killed ${ROUNDS} times under load, the server sends all that it acknowledged, and little twice`, async () => {
  const counter = await startCounter()
  const env = { PORT: '0', DATA_DIR: folder(), OUTBOUND_ALLOW: '127.0.0.0/8', LOG_LEVEL: 'error' }
  await prepare(env, counter.url)

  const chance = mulberry32(20260131)
  const acknowledged = new Set<string>()
  let child = startChild(env)
  onTestFinished(() => child.kill('SIGKILL'))
  for (let round = 0; round < ROUNDS; round++) {
    const ids = await postAndKill(child, await child.url, round, 200 + Math.floor(chance() * 600))
    for (const id of ids) acknowledged.add(id)
    const before = counter.repeated()
    child = startChild(env)
    await child.url
    await counter.all(acknowledged)
    expect(counter.repeated() - before).toBeLessThanOrEqual(CONCURRENCY)
  }
  child.kill('SIGTERM')
  expect(await child.ended).toBe(0)
  expect(child.output()).not.toContain('"level":"error"')
  expect(counter.wrong).toEqual([])

  // Nothing is half stored, and nobody holds anything any more. What had no answer was stored as a whole or not at all.
  const db = new Database(join(env.DATA_DIR, 'hookline.db'), { readonly: true })
  onTestFinished(() => void db.close())
  const count = (what: string) => Number(db.prepare(`select count(*) from ${what}`).pluck().get())
  expect(count('event')).toBeGreaterThanOrEqual(acknowledged.size)
  expect(count('delivery')).toBe(count('event') * PATHS.length)
  expect(count(`delivery where state not in ('delivered', 'pending') or lease_owner is not null`)).toBe(0)
  expect(count('attempt')).toBe(count(`delivery where state = 'delivered'`))
})

/** Makes the keys, and a webhook for each path. */
async function prepare(env: Record<string, string>, receiver: string): Promise<void> {
  const server = await start(readConfig(env), { log: quiet })
  for (const key of keys) await ensureSetupKey({ ...server.deps, config: readConfig({ SETUP_API_KEY: key }) })
  for (const path of PATHS) {
    const made = await fetch(`${server.url}/api/v1/webhooks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys[0]}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: path, url: receiver + path, events: ['payment_received'] }),
    })
    expect(made.status).toBe(201)
  }
  await server.stop()
}
