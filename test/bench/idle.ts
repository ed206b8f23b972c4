import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { median, milliseconds, pause, ratio, row } from './figures.ts'
import { payload } from './payload.ts'
import { startProduct } from './product.ts'
import { startClock } from './receive.ts'

const TIMES = 200

/** With nothing else to do: from `emit` until the request arrives, and from a bare post until it arrives. */
export async function idle(): Promise<void> {
  let arrive = (_at: number) => {}
  const clock = await startClock((_path, _body, at) => arrive(at))
  const product = await startProduct([`${clock.url}/0`])
  const { host } = product.deps
  const dispatcher = new Agent({ connections: 1 })
  const took = async (begin: () => Promise<unknown>): Promise<number> => {
    const arrival = new Promise<number>((resolve) => (arrive = resolve))
    const began = performance.now()
    const [at] = await Promise.all([arrival, begin()])
    await pause(10)
    return at - began
  }
  const emits: number[] = []
  const posts: number[] = []
  for (let n = 0; n < TIMES; n++) {
    const data = payload(n)
    emits.push(
      await took(() => host.emit([{ type: 'payment_received', site: 'sit_main', data, source: 'plugin:bench' }])),
    )
    const post = { method: 'POST' as const, dispatcher, body: JSON.stringify(data) }
    posts.push(await took(async () => (await request(`${clock.url}/bare`, post)).body.dump()))
  }
  row('one at a time, median until it arrives', 'time', 'to bare')
  row('bare undici.request', milliseconds(median(posts)))
  row('a flush of the disk', milliseconds(await flushTime(product.folder)))
  row('emit', milliseconds(median(emits)), ratio(median(emits) / median(posts)))
  await product.stop()
  await dispatcher.close()
  clock.stop()
}

/** What durable costs before anything can be sent: a page written and flushed, alone. */
async function flushTime(folder: string): Promise<number> {
  const file = await open(join(folder, 'flush'), 'w')
  const times: number[] = []
  for (let n = 0; n < TIMES; n++) {
    await pause(10)
    const began = performance.now()
    await file.write(Buffer.alloc(4096))
    await file.datasync()
    times.push(performance.now() - began)
  }
  await file.close()
  return median(times)
}
