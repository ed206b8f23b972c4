import { createHmac, createSecretKey } from 'node:crypto'
import { once } from 'node:events'
import { fdatasync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { Pool, type Dispatcher } from 'undici'
import { createFlusher } from '../../server/node/sqlite-flush.ts'
import { bare } from './bare.ts'
import { figure, median, PAIRS, pause, ratio, row, SECONDS } from './figures.ts'
import type { Entry } from './least-writer.ts'
import { payload } from './payload.ts'
import { startReceiver } from './receive.ts'

const AT_ONCE = 64
const WEBHOOKS = 8
const EMITTERS = 128
const MOST_WAITING = 1000

/** Ids sort by when they were made, so that tables grow at their end. */
let ids = 0
const newId = (): string => `id_${String(++ids).padStart(24, '0')}`

interface Delivery {
  readonly id: string
  readonly event: string
  readonly path: string
  readonly body: string
}

/**
 * What a delivery takes at the least that outlives a kill: event and delivery flushed to disk, signed, sent, and the attempt
 * written down, with 64 at once. Three tables, and nothing else that makes a product: no guard, plugins, health, figures,
 * search or fairness. What there is to be reached with SQLite and undici on this machine.
 */
export async function least(): Promise<void> {
  const receiver = await startReceiver()
  const folder = mkdtempSync(join(tmpdir(), 'hookline-bench-'))
  const file = join(folder, 'least.db')
  const writer = new Worker(new URL('./least-writer.ts', import.meta.url), { workerData: file })
  await once(writer, 'message')
  const log = openSync(`${file}-wal`, 'r+')
  const flush = promisify(fdatasync)
  const flushed = createFlusher(() => flush(log))
  const pool = new Pool(receiver.url, { connections: AT_ONCE })
  const key = createSecretKey(Buffer.alloc(24, 7))

  const told = new Map<number, () => void>()
  writer.on('message', (numbers: readonly number[]) => {
    for (const n of numbers) {
      told.get(n)?.()
      told.delete(n)
    }
  })
  let last = 0
  let outgoing: Entry[] = []
  const post = () => {
    writer.postMessage(outgoing)
    outgoing = []
  }
  const write = (entry: (n: number) => Entry): Promise<void> =>
    new Promise((resolve) => {
      told.set(++last, resolve)
      if (outgoing.push(entry(last)) === 1) setImmediate(post)
    })

  const ready: Delivery[] = []
  let free = AT_ONCE
  let recorded = 0
  let emitted = 0
  const begin = () => {
    while (free > 0) {
      const next = ready.shift()
      if (!next) return
      free--
      void fly(next)
    }
  }
  async function fly(delivery: Delivery): Promise<void> {
    const { status, headers, response, body } = await send(delivery)
    const attempt = [newId(), delivery.id, status, JSON.stringify(headers), JSON.stringify(response), body]
    await write((n) => ({ n, attempt, delivery: delivery.id }))
    free++
    recorded++
    begin()
  }
  function send({ id, event, path, body }: Delivery) {
    const seconds = String(Math.floor(Date.now() / 1000))
    const mac = createHmac('sha256', key).update(`${event}.${seconds}.${body}`).digest('base64')
    const headers = {
      'content-type': 'application/json',
      'webhook-id': event,
      'webhook-timestamp': seconds,
      'webhook-signature': `v1,${mac}`,
      'hookline-delivery': id,
    }
    const parts: Buffer[] = []
    let status = 0
    let response: readonly string[] = []
    const { promise, resolve, reject } = Promise.withResolvers<{
      status: number
      headers: object
      response: readonly string[]
      body: string
    }>()
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart(controller, code) {
        status = code
        response = (controller.rawHeaders as Buffer[]).map(String)
      },
      onResponseData: (_, chunk) => void parts.push(chunk),
      onResponseEnd: () => resolve({ status, headers, response, body: Buffer.concat(parts).toString('base64') }),
      onResponseError: (_, error) => reject(error),
    }
    pool.dispatch({ method: 'POST', path, headers, body }, handler)
    return promise
  }

  async function emit(): Promise<void> {
    const body = JSON.stringify(payload(emitted++))
    const event = newId()
    const list = Array.from({ length: WEBHOOKS }, (_, n) => ({ id: newId(), event, path: `/${n}`, body }))
    await write((n) => ({ n, event: [event, body], deliveries: list.map(({ id, path }) => [id, event, path]) }))
    await flushed()
    ready.push(...list)
    begin()
  }
  const waiting = () => emitted * WEBHOOKS - recorded
  async function run(ms: number): Promise<number> {
    const [began, before] = [performance.now(), recorded]
    const one = async () => {
      while (performance.now() - began < ms) {
        if (waiting() > MOST_WAITING) await pause(1)
        else await emit()
      }
    }
    await Promise.all(Array.from({ length: EMITTERS }, one))
    while (waiting() > 0) await pause(1)
    return (recorded - before) / ((performance.now() - began) / 1000)
  }

  await run(1000)
  row(`${WEBHOOKS} webhooks, ${AT_ONCE} at once`, 'a second', 'of bare')
  const ratios: number[] = []
  for (let pair = 0; pair < PAIRS; pair++) {
    const most = await bare(receiver.url, SECONDS * 1000, AT_ONCE)
    row('bare undici.request', figure(most))
    const rate = await run(SECONDS * 1000)
    ratios.push(rate / most)
    row('the least that is durable', figure(rate), ratio(rate / most))
  }
  row(`median of ${PAIRS} pairs`, '', ratio(median(ratios)))
  await pool.close()
  await writer.terminate()
  rmSync(folder, { recursive: true })
  receiver.stop()
}
