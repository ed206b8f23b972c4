import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { bare } from './bare.ts'
import { emitted } from './emit.ts'
import { ingested } from './ingest.ts'
import { startProduct } from './product.ts'

// Figures, no judgement: pairs of Hookline and of what there is to be reached, one after the other, on the same machine
// against the same receiver, because only the ratio means something elsewhere.

const PAIRS = 3
const MS = Number(process.env.BENCH_SECONDS ?? 8) * 1000
const AT_ONCE = 64
const BATCH = 100

const child = fork(new URL('./receiver.ts', import.meta.url))
const [receiver] = (await once(child, 'message')) as [string]
const urls = Array.from({ length: 8 }, (_, n) => `${receiver}/${n}`)
const product = await startProduct(urls, process.env.SHAPE === 'own' ? 'own' : 'shared')

const figure = (n: number) => Math.round(n).toLocaleString('en')
const row = (...cells: readonly string[]) =>
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(34) : cell.padStart(12))).join(''))

console.log(
  `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, SQLite with every commit flushed to disk`,
)
console.log(`1 KB payloads, ${AT_ONCE} requests at once, ${MS / 1000} s each\n`)
row('', 'a second', 'of bare')
const ratios: number[] = []
for (let pair = 0; pair < PAIRS; pair++) {
  const most = await bare(receiver, MS, AT_ONCE)
  row('bare undici.request', figure(most))
  const rate = await emitted(product, MS)
  ratios.push(rate / most)
  row('emit to recorded delivery', figure(rate), (rate / most).toFixed(2))
}
if (process.env.QUICK) process.exit()
const single = await ingested(product, MS, AT_ONCE, 1)
row('POST /events, accepted', figure(single.accepted))
row('POST /events to delivery', figure(single.delivered))
const batched = await ingested(product, MS, 8, BATCH)
row(`POST /events/batch of ${BATCH}, accepted`, figure(batched.accepted))
row(`POST /events/batch to delivery`, figure(batched.delivered))
console.log(`\nA delivery costs ${(1 / (ratios.toSorted()[1] ?? 1)).toFixed(1)} bare posts (median of ${PAIRS} pairs).`)

await product.stop()
child.disconnect()
