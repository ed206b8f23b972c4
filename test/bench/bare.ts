import { Agent, request } from 'undici'
import { payload } from './payload.ts'

/** Posts a second of `undici.request` alone, with as many at once as Hookline sends: what there is to be reached. */
export async function bare(url: string, ms: number, atOnce: number): Promise<number> {
  const dispatcher = new Agent({ connections: atOnce })
  const body = JSON.stringify(payload(0))
  const end = performance.now() + ms
  let posts = 0
  const post = async () => {
    while (performance.now() < end) {
      const headers = { 'content-type': 'application/json' }
      const answer = await request(url, { method: 'POST', dispatcher, headers, body })
      await answer.body.dump()
      posts++
    }
  }
  await Promise.all(Array.from({ length: atOnce }, post))
  await dispatcher.close()
  return posts / (ms / 1000)
}
