import { figure, milliseconds, pause, quantile, ratio, row, SECONDS } from './figures.ts'
import { payload } from './payload.ts'
import { startProduct } from './product.ts'
import { startClock } from './receive.ts'

const WEBHOOKS = 50
const EVENTS_A_SECOND = 10

/** How late the other 49 webhooks get their events while one hangs, and while none does. */
export async function isolation(): Promise<void> {
  row(`${WEBHOOKS} webhooks, ${EVENTS_A_SECOND} events a second`, 'p99', 'deliveries')
  const well = await lateness(false)
  row('all answer', milliseconds(quantile(well, 0.99)), figure(well.length))
  const one = await lateness(true)
  row('one never answers', milliseconds(quantile(one, 0.99)), figure(one.length))
  row('', ratio(quantile(one, 0.99) / quantile(well, 0.99)))
}

async function lateness(oneHangs: boolean): Promise<readonly number[]> {
  const emittedAt = new Map<string, number>()
  const late: number[] = []
  const clock = await startClock(
    (path, body, at) => {
      if (path === '/0') return
      const { data } = JSON.parse(body) as { data: { payment_id: string } }
      late.push(at - (emittedAt.get(data.payment_id) ?? at))
    },
    (path) => oneHangs && path === '/0',
  )
  const product = await startProduct(Array.from({ length: WEBHOOKS }, (_, n) => `${clock.url}/${n}`))
  const began = performance.now()
  for (let n = 0; n < SECONDS * EVENTS_A_SECOND; n++) {
    await pause(began + (n * 1000) / EVENTS_A_SECOND - performance.now())
    const data = payload(n)
    emittedAt.set(data.payment_id, performance.now())
    void product.deps.host.emit([{ type: 'payment_received', site: 'sit_main', data, source: 'plugin:bench' }])
  }
  const all = SECONDS * EVENTS_A_SECOND * (WEBHOOKS - 1)
  for (const end = performance.now() + 30_000; late.length < all && performance.now() < end;) await pause(50)
  clock.stop()
  await product.stop()
  return late
}
