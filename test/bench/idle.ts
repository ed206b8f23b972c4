import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { median, milliseconds, pause, ratio, row } from './figures.ts'
import { payload } from './payload.ts'
import { startProduct } from './product.ts'
import { startClock } from './receive.ts'

const TIMES = 200

/** With nothing else to do: from `emit` until the request arrives, beside a bare post until it arrives and until it is answered. */
export async function idle(): Promise<void> {
  let arrive = (_at: number) => {}
  const clock = await startClock((_path, _body, at) => arrive(at))
  const product = await startProduct([`${clock.url}/0`])
  const { host } = product.deps
  const dispatcher = new Agent({ connections: 1 })
  const timed = async (begin: () => Promise<unknown>): Promise<{ arrived: number; ended: number }> => {
    const arrival = new Promise<number>((resolve) => (arrive = resolve))
    const began = performance.now()
    const end = begin().then(() => performance.now())
    const [arrived, ended] = [(await arrival) - began, (await end) - began]
    await pause(10)
    return { arrived, ended }
  }
  const emits: number[] = []
  const posts: number[] = []
  const answers: number[] = []
  for (let n = 0; n < TIMES; n++) {
    const data = payload(n)
    const emission = { type: 'payment_received', site: 'sit_main', data, source: 'plugin:bench' }
    emits.push((await timed(() => host.emit([emission]))).arrived)
    const post = { method: 'POST' as const, dispatcher, body: JSON.stringify(data) }
    const { arrived, ended } = await timed(async () => (await request(`${clock.url}/bare`, post)).body.dump())
    posts.push(arrived)
    answers.push(ended)
  }
  const emit = median(emits)
  row('one at a time, medians', 'time', 'emit to it')
  row('emit, until it arrives', milliseconds(emit))
  row('bare undici.request', milliseconds(median(answers)), ratio(emit / median(answers)))
  row('  until it arrives', milliseconds(median(posts)), ratio(emit / median(posts)))
  row('a flush of the disk', milliseconds(await flushTime(product.folder)))
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
