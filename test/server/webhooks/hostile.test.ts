import { readFileSync } from 'node:fs'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { expect, onTestFinished, test, vi } from 'vitest'
import { SECOND } from '../../../server/lib/clock.ts'
import { testApp } from '../../support/app.ts'
import { hostile, INK, type Hostile } from './hostile.ts'

vi.setConfig({ testTimeout: 60_000 })

const KIB = 1024
/** A body of 64 KiB and one chunk more, as Node reads them, with a head; or 256 KiB of anything else, and two chunks. */
const MOST_READ = { ofBody: (64 + 64 + 16) * KIB, ofAll: (256 + 2 * 64) * KIB }

interface Stand {
  readonly url: string
  readonly port: number
  requests(): number
}

/** Stands there for one case. What it is asked for counts from the second request on, too. */
async function stand({ says, hasty, tls }: Hostile): Promise<Stand> {
  let requests = 0
  const speak = (socket: Socket) => {
    requests++
    if (typeof says === 'function') says(socket)
    else socket.end(says)
  }
  const sockets = new Set<Socket>()
  const listen = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    if (hasty) return speak(socket)
    let seen = ''
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1')
      const at = seen.indexOf('\r\n\r\n') + 4
      const length = Number(/content-length: (\d+)/i.exec(seen)?.[1] ?? 0)
      if (at < 4 || seen.length < at + length) return
      seen = seen.slice(at + length)
      speak(socket)
    })
  }
  const [cert, key] = [tls ?? '', 'tls-key.pem'].map((file) => file && readFileSync(`test/vectors/${file}`))
  const server = tls ? createTlsServer({ cert, key }, listen) : createServer(listen)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/`, port, requests: () => requests }
}

/** What our side of each connection has read, by the receiver's port. */
function countReading(): (port: number) => number {
  const sockets: { readonly port: number; readonly socket: Socket }[] = []
  const note = (message: unknown) => {
    const { connectParams, socket } = message as { connectParams: { port: string }; socket: Socket }
    sockets.push({ port: Number(connectParams.port), socket })
  }
  subscribe('undici:client:connected', note)
  onTestFinished(() => void unsubscribe('undici:client:connected', note))
  return (port) => sockets.filter((one) => one.port === port).reduce((sum, { socket }) => sum + socket.bytesRead, 0)
}

test('whatever a receiver does, its delivery ends in the state it should, and little is read', async () => {
  const readFrom = countReading()
  const app = await testApp()
  const { db } = app.deps
  const cases = await Promise.all(
    Object.entries(hostile).map(async ([name, one]) => {
      const there = await stand(one)
      // Only the slow ones end by time, and they go apart: where all begin at once, even a head may be late.
      const timed = one.slow
        ? { events: ['payment_failed'], timeoutSeconds: 3 }
        : { events: ['payment_received'], timeoutSeconds: 30 }
      const id = await app.webhook({ name, url: there.url, retrySchedule: [60], ...timed })
      return { name, one, there, id }
    }),
  )
  const heap = process.memoryUsage().arrayBuffers
  for (const type of ['payment_received', 'payment_failed']) {
    await app.emit({ type })
    await app.deliver()
  }

  const seen = new Map<string, object>()
  const wanted = new Map<string, object>()
  for (const { name, one, there, id } of cases) {
    const row = await db.q.selectFrom('delivery').selectAll().where('webhook_id', '=', id).executeTakeFirstOrThrow()
    const attempts = await db.q.selectFrom('attempt').selectAll().where('delivery_id', '=', row.id).execute()
    const [attempt] = attempts
    const webhook = await db.q.selectFrom('webhook').select('state').where('id', '=', id).executeTakeFirstOrThrow()
    const wait = row.due_at === null || !attempt ? null : row.due_at - attempt.started_at
    const { outcome, status, state, truncated = false, kept } = one
    const bytes = Buffer.from(attempt?.response_body ?? '', 'base64').length
    seen.set(name, {
      attempts: attempts.length,
      requests: there.requests(),
      outcome: attempt?.outcome,
      status: attempt?.status,
      state: row.state,
      truncated: attempt?.body_truncated === 1,
      kept: kept === undefined ? bytes <= 16 * KIB : bytes,
      // By the schedule a fifth more or less; asked for, to the millisecond.
      wait: one.wait === undefined && wait !== null ? Math.abs(wait - 60 * SECOND) <= 12 * SECOND : wait,
      reason: (attempt?.error ?? '') !== '',
      readLittle: readFrom(there.port) <= (one.kept === 16 * KIB ? MOST_READ.ofBody : MOST_READ.ofAll),
      leased: row.lease_owner !== null,
      webhook: webhook.state,
    })
    wanted.set(name, {
      attempts: 1,
      requests: one.requests ?? 1,
      outcome,
      status,
      state,
      truncated,
      kept: kept ?? true,
      wait: state === 'retrying' ? (one.wait ?? true) : null,
      reason: outcome !== 'ok',
      readLittle: true,
      leased: false,
      webhook: status === 410 ? 'disabled' : 'active',
    })
  }
  expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(wanted))
  expect(process.memoryUsage().arrayBuffers - heap).toBeLessThan(64 * KIB * KIB)
})

test('what a hostile receiver answered is shown as text, in pages and in the API', async () => {
  const app = await testApp()
  const { url } = await stand(hostile['sends ink for terminals and browsers'] as Hostile)
  await app.webhook({ url })
  await app.emit()
  await app.deliver()
  const { id } = await app.deps.db.q.selectFrom('delivery').select('id').executeTakeFirstOrThrow()
  const admin = await app.login()
  const { status, html } = await admin.get(`/network/deliveries/${id}`)
  expect(status).toBe(200)
  expect(html).toContain('&lt;script&gt;')
  // oxlint-disable-next-line no-control-regex
  expect(html).not.toMatch(/<script>|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u0080-\u009f]/)
  const { response_body: body } = await app.deps.db.q.selectFrom('attempt').selectAll().executeTakeFirstOrThrow()
  expect(Buffer.from(body, 'base64').equals(INK)).toBe(true)
})
