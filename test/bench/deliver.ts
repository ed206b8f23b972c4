import { bare } from './bare.ts'
import { cpuClock, microseconds } from './cpu.ts'
import { emitted } from './emit.ts'
import { figure, median, PAIRS, ratio, row, SECONDS } from './figures.ts'
import { deliveredSoFar, startProduct, type Shape } from './product.ts'
import { startReceiver } from './receive.ts'

const AT_ONCE = 64
const WEBHOOKS = 8

/** `emit` to recorded delivery, and bare posts of the same size to the same receiver, in pairs one after the other. */
export async function deliver(shape: Shape): Promise<void> {
  const receiver = await startReceiver()
  const urls = Array.from({ length: WEBHOOKS }, (_, n) => `${receiver.url}/${n}`)
  const product = await startProduct(urls, { shape })
  await emitted(product, 1000)
  row(`${WEBHOOKS} webhooks, ${AT_ONCE} at once`, 'a second', 'of bare')
  const ratios: number[] = []
  for (let pair = 0; pair < PAIRS; pair++) {
    const most = await bare(receiver.url, SECONDS * 1000, AT_ONCE)
    row('bare undici.request', figure(most))
    const before = await deliveredSoFar(product)
    const spent = cpuClock()
    const rate = await emitted(product, SECONDS * 1000)
    const { here, others } = spent()
    const deliveries = (await deliveredSoFar(product)) - before
    ratios.push(rate / most)
    row('emit to recorded delivery', figure(rate), ratio(rate / most))
    row('  CPU of each: main thread, all others', microseconds(here / deliveries), microseconds(others / deliveries))
  }
  row(`median of ${PAIRS} pairs`, '', ratio(median(ratios)))
  await product.stop()
  receiver.stop()
}
