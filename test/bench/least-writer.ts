import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'

// Writes what least.ts sends, all that has come in one transaction, and tells when it is written.

/** A new event with its deliveries, or an attempt that ends one. */
export type Entry =
  | { readonly n: number; readonly event: readonly string[]; readonly deliveries: readonly (readonly string[])[] }
  | { readonly n: number; readonly attempt: readonly (string | number)[]; readonly delivery: string }

const sqlite = new Database(String(workerData))
sqlite.pragma('journal_mode = wal')
sqlite.pragma('synchronous = normal')
sqlite.pragma('wal_autocheckpoint = 4000')
sqlite.exec(`
  create table event (seq integer primary key, id text unique, payload text);
  create table delivery (id text primary key, event_id text, webhook_id text, state text, due_at integer);
  create index delivery_due on delivery (webhook_id, due_at) where due_at is not null;
  create table attempt (id text primary key, delivery_id text, status integer, request text, response text, body text);
`)
const [begin, commit] = [sqlite.prepare('begin immediate'), sqlite.prepare('commit')]
const event = sqlite.prepare('insert into event (id, payload) values (?, ?)')
const delivery = sqlite.prepare(`insert into delivery values (?, ?, ?, 'delivering', 1)`)
const attempt = sqlite.prepare('insert into attempt values (?, ?, ?, ?, ?, ?)')
const end = sqlite.prepare(`update delivery set state = 'delivered', due_at = null where id = ?`)

const port = parentPort
if (port === null) throw new Error('It runs in a thread of its own only.')
port.on('message', (first: readonly Entry[]) => {
  const entries = [...first]
  for (let next; (next = receiveMessageOnPort(port));) entries.push(...(next.message as Entry[]))
  begin.run()
  for (const entry of entries) {
    if ('event' in entry) {
      event.run(...entry.event)
      for (const row of entry.deliveries) delivery.run(...row)
    } else {
      attempt.run(...entry.attempt)
      end.run(entry.delivery)
    }
  }
  commit.run()
  port.postMessage(entries.map(({ n }) => n))
})
port.postMessage([])
