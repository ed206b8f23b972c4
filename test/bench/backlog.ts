import { rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { startChild } from '../support/child.ts'
import { figure, pause, row } from './figures.ts'
import { payload } from './payload.ts'
import { envOf, startProduct } from './product.ts'
import { startReceiver } from './receive.ts'
import manifest from '../../package.json' with { type: 'json' }

const BACKLOG = Number(process.env.BENCH_BACKLOG ?? 200_000)
const WEBHOOKS = 8
const AT_A_TIME = 100
/** What bounds the memory stands there: how eager Node is to collect garbage. */
const npmStart = manifest.scripts.start

/** How fast a backlog drains after a start, and the most memory that the process ever had. Reads /proc: Linux only. */
export async function backlog(): Promise<void> {
  const receiver = await startReceiver()
  const urls = Array.from({ length: WEBHOOKS }, (_, n) => `${receiver.url}/${n}`)
  const product = await startProduct(urls, { env: { DELIVERY: 'off' } })
  for (let n = 0; n * WEBHOOKS < BACKLOG; n += AT_A_TIME) {
    const events = Array.from({ length: AT_A_TIME }, (_, i) => {
      return { type: 'payment_received', site: 'sit_main', data: payload(n + i), source: 'plugin:bench' }
    })
    await product.deps.host.emit(events)
  }
  await product.stop(true)

  const db = new Database(join(product.folder, 'hookline.db'), { readonly: true })
  const left = db.prepare(`select 1 from delivery where state in ('held', 'pending', 'delivering') limit 1`).pluck()
  const began = performance.now()
  const child = startChild(envOf(product.folder), ['sh', '-c', npmStart])
  await child.url
  const pid = child.pid
  let most = ''
  while (left.get() === 1) {
    await pause(500)
    most = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => most)
  }
  const seconds = (performance.now() - began) / 1000
  row(`${figure(BACKLOG)} deliveries that wait at the start`, 'a second', 'most memory')
  row('drain', figure(BACKLOG / seconds), `${Math.round(Number(/VmHWM:\s+(\d+)/.exec(most)?.[1]) / 1024)} MB`)
  child.kill('SIGTERM')
  await child.ended
  db.close()
  rmSync(product.folder, { recursive: true })
  receiver.stop()
}
