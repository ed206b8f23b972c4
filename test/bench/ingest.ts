import { Agent, request } from 'undici'
import { payload } from './payload.ts'
import { deliveredSoFar, type Product } from './product.ts'

export interface Ingested {
  /** Events acknowledged a second, while they were being posted. */
  readonly accepted: number
  /** Deliveries a second, from the first post to the last recorded answer. */
  readonly delivered: number
}

/** Posts events to the API: one by one, or in batches of `size`, with `atOnce` requests on the way. */
export async function ingested(product: Product, ms: number, atOnce: number, size: number): Promise<Ingested> {
  const dispatcher = new Agent({ connections: atOnce })
  const path = `${product.url}/api/v1/events${size > 1 ? '/batch' : ''}`
  const before = await deliveredSoFar(product)
  const began = performance.now()
  let next = 0
  let accepted = 0
  const post = async () => {
    while (performance.now() - began < ms) {
      const n = next++
      const events = Array.from({ length: size }, (_, i) => ({
        type: 'payment_received',
        data: payload(n * size + i),
      }))
      const answer = await request(path, {
        method: 'POST',
        dispatcher,
        headers: {
          authorization: `Bearer ${product.keys[n % product.keys.length]}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify(size > 1 ? events : events[0]),
      })
      const said = await answer.body.text()
      if (answer.statusCode !== 202) throw new Error(said)
      accepted += size
    }
  }
  await Promise.all(Array.from({ length: atOnce }, post))
  const posting = performance.now() - began
  await product.dispatcher.drain(Date.now() + 120_000)
  const seconds = (performance.now() - began) / 1000
  await dispatcher.close()
  return {
    accepted: accepted / (posting / 1000),
    delivered: ((await deliveredSoFar(product)) - before) / seconds,
  }
}
