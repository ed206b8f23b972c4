import { rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Agent, request } from 'undici'
import { readMigrations } from '../../server/node/migrations.ts'
import { figure, median, PAIRS, ratio, row, SECONDS } from './figures.ts'
import { payload } from './payload.ts'
import { startProduct, type Product } from './product.ts'

const BATCH = 100
const AT_ONCE = 8

/** Events a second that `POST /events/batch` acknowledges, and that bare commits of the same rows take. Nothing is sent. */
export async function ingest(): Promise<void> {
  const product = await startProduct(['http://127.0.0.1:9999/'], { env: { DELIVERY: 'off' } })
  row(`events in batches of ${BATCH}, a delivery each`, 'a second', 'of bare')
  const ratios: number[] = []
  for (let pair = 0; pair < PAIRS; pair++) {
    const most = await commits(join(product.folder, 'bare.db'), SECONDS * 1000)
    row('bare commits of better-sqlite3', figure(most))
    const rate = await posted(product, SECONDS * 1000)
    ratios.push(rate / most)
    row('POST /events/batch, acknowledged', figure(rate), ratio(rate / most))
  }
  row(`median of ${PAIRS} pairs`, '', ratio(median(ratios)))
  await product.stop()
}

async function posted(product: Product, ms: number): Promise<number> {
  const dispatcher = new Agent({ connections: AT_ONCE })
  const began = performance.now()
  let next = 0
  let accepted = 0
  const post = async () => {
    while (performance.now() - began < ms) {
      const n = next++
      const events = Array.from({ length: BATCH }, (_, i) => ({
        type: 'payment_received',
        data: payload(n * BATCH + i),
      }))
      const authorization = `Bearer ${product.keys[n % product.keys.length]}`
      const answer = await request(`${product.url}/api/v1/events/batch`, {
        method: 'POST',
        dispatcher,
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(events),
      })
      const said = await answer.body.text()
      if (answer.statusCode !== 202) throw new Error(said)
      accepted += BATCH
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, post))
  const seconds = (performance.now() - began) / 1000
  await dispatcher.close()
  return accepted / seconds
}

/** One transaction for each batch, flushed to disk: the event, its delivery, its body. */
async function commits(file: string, ms: number): Promise<number> {
  const db = new Database(file)
  db.pragma('journal_mode = wal')
  db.pragma('synchronous = full')
  for (const { sql } of await readMigrations()) db.exec(sql)
  const event =
    db.prepare(`insert into event (id, seq, type, site_id, payload, source, test, hops, fingerprint, occurred_at,
    created_at, heard_at) values (?, ?, 'payment_received', 'sit_main', ?, 'api:key', 0, 0, '', ?, ?, ?)`)
  const body = db.prepare(`insert into body (owner_id, format_key, text) values (?, 'standard', ?)`)
  const delivery =
    db.prepare(`insert into delivery (id, seq, event_id, webhook_id, site_id, type, test, state, attempts,
    created_at) values (?, ?, ?, 'whk_1', 'sit_main', 'payment_received', 0, 'held', 0, ?)`)
  const commit = db.transaction((from: number, texts: readonly string[]) => {
    for (const [i, text] of texts.entries()) {
      const n = String(from + i).padStart(26, '0')
      event.run(`evt_${n}`, from + i, text, from, from, from)
      body.run(`evt_${n}`, text)
      delivery.run(`dlv_${n}`, from + i, `evt_${n}`, from)
    }
  })
  const began = performance.now()
  let n = 0
  for (; performance.now() - began < ms; n += BATCH) {
    const from = n
    commit(
      from,
      Array.from({ length: BATCH }, (_, i) => JSON.stringify(payload(from + i))),
    )
  }
  const seconds = (performance.now() - began) / 1000
  db.close()
  for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true })
  return n / seconds
}
