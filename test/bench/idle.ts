import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { median, milliseconds, pause, ratio, row } from './figures.ts'
import { payload } from './payload.ts'
import { startProduct } from './product.ts'
import { startClock } from './receive.ts'

const TIMES = 200
const WARM = 1000

/**
 * With nothing else to do: from `emit` until the request arrives, beside a bare post until it arrives and until it is
 * answered. Once as a server begins, and once more when it has done so for a while and all of its code is compiled.
 */
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
  let number = 0
  const both = async () => {
    const data = payload(number++)
    const emission = { type: 'payment_received', site: 'sit_main', data, source: 'plugin:bench' }
    const emit = await timed(() => host.emit([emission]))
    const options = { method: 'POST' as const, dispatcher, body: JSON.stringify(data) }
    const post = await timed(async () => (await request(`${clock.url}/bare`, options)).body.dump())
    return { emit, post }
  }
  const measure = async (when: string) => {
    const runs = []
    for (let n = 0; n < TIMES; n++) runs.push(await both())
    const emit = median(runs.map((run) => run.emit.arrived))
    const answered = median(runs.map(({ post }) => post.ended))
    const arrived = median(runs.map(({ post }) => post.arrived))
    row(when, 'time', 'emit to it')
    row('emit, until it arrives', milliseconds(emit))
    row('bare undici.request', milliseconds(answered), ratio(emit / answered))
    row('  until it arrives', milliseconds(arrived), ratio(emit / arrived))
  }
  await measure(`the first ${TIMES}, one at a time, medians`)
  for (let n = 0; n < WARM; n++) await both()
  await measure(`after ${WARM} more`)
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
