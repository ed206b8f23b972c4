import { deliveredSoFar, type Product } from './product.ts'
import { payload } from './payload.ts'

/** As many plugins emit at once. */
const EMITTERS = 128
/** So far emitting may run ahead of sending. */
const MOST_WAITING = 1000

/** Deliveries a second, from `emit` in a plugin to the recorded answer of the receiver. */
export async function emitted(product: Product, ms: number): Promise<number> {
  const { host } = product.deps
  const before = await deliveredSoFar(product)
  const began = performance.now()
  let emits = 0
  const waiting = async () => emits * product.deliveriesPerEvent - ((await deliveredSoFar(product)) - before)
  // One look at a time, for all emitters.
  let room: Promise<void> | null = null
  const makeRoom = async () => {
    while ((await waiting()) > MOST_WAITING) await new Promise((resolve) => setTimeout(resolve, 2))
    room = null
  }
  const emit = async () => {
    while (performance.now() - began < ms) {
      if (emits % 16 === 0) room ??= makeRoom()
      await room
      const n = emits++
      const site = product.sites[n % product.sites.length] ?? ''
      await host.emit([{ type: 'payment_received', site, data: payload(n), source: 'plugin:bench' }])
    }
  }
  await Promise.all(Array.from({ length: EMITTERS }, emit))
  await product.dispatcher.drain(Date.now() + 60_000)
  const seconds = (performance.now() - began) / 1000
  return ((await deliveredSoFar(product)) - before) / seconds
}
