import Database from 'better-sqlite3'
import { sql } from 'kysely'
import { existsSync } from 'node:fs'
import { readdir, stat, writeFile } from 'node:fs/promises'
import type { Worker } from 'node:worker_threads'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Db, Lasting } from '../../../db/db.ts'
import { migrate } from '../../../db/migrate.ts'
import { readMigrations } from '../../../server/node/migrations.ts'
import { openSqlite } from '../../../server/node/sqlite.ts'
import { temporaryFolders } from '../../support/folder.ts'
import { quiet } from '../../support/log.ts'

const newFolder = temporaryFolders()
const newFile = () => join(newFolder(), 'test.db')

async function openFile(file: string): Promise<Db> {
  const db = await openSqlite({ file, log: quiet })
  onTestFinished(() => db.close())
  await migrate(db, await readMigrations())
  return db
}

const put = (db: Db, name: string, value = '') => db.commit([db.q.insertInto('setting').values({ name, value })])
const namesIn = async (db: Db) =>
  (await db.q.selectFrom('setting').select('name').orderBy('name').execute()).map(({ name }) => name)
const pragma = (db: Db, text: string) => db.commit([sql.raw(`pragma ${text}`).compile(db.q)])

/** What became of each: `saved`, or the kind of its refusal. */
async function outcomes(commits: readonly Promise<unknown>[]): Promise<readonly string[]> {
  const settled = await Promise.allSettled(commits)
  return settled.map((one) => (one.status === 'fulfilled' ? 'saved' : (one.reason as { kind: string }).kind))
}

test('refuses only the failing item of a group, and saves its neighbours', async () => {
  const db = await openFile(newFile())
  await put(db, 'taken')
  expect(await outcomes(['a', 'taken', 'b', 'taken', 'c'].map((name) => put(db, name)))).toEqual([
    'saved',
    'constraint',
    'saved',
    'constraint',
    'saved',
  ])
  expect(await namesIn(db)).toEqual(['a', 'b', 'c', 'taken'])
})

test('undoes the first half of a failing item in a group', async () => {
  const db = await openFile(newFile())
  const half = db.commit([
    db.q.insertInto('setting').values({ name: 'half', value: '' }),
    db.q.insertInto('must').values({ ok: 0 }),
  ])
  expect(await outcomes([put(db, 'before'), half, put(db, 'after')])).toEqual(['saved', 'constraint', 'saved'])
  expect(await namesIn(db)).toEqual(['after', 'before'])
})

test('lets a later item of a group see what an earlier one wrote', async () => {
  const db = await openFile(newFile())
  expect(await outcomes([put(db, 'same'), put(db, 'same')])).toEqual(['saved', 'constraint'])
})

test('acknowledges nothing of a group that met a full disk, and keeps all that it acknowledged', async () => {
  const file = newFile()
  const db = await openFile(file)
  const [size] = await pragma(db, 'page_count')
  await pragma(db, `max_page_count = ${Number(size?.rows[0]?.['page_count']) + 20}`)
  const saved: string[] = []
  const refused: string[][] = []
  for (let round = 0; refused.length < 2; round++) {
    const names = Array.from({ length: 10 }, (_, i) => `${round}-${i}`)
    const results = await outcomes(names.map((name) => put(db, name, 'x'.repeat(2000))))
    if (results.includes('saved')) saved.push(...names)
    else refused.push([...results])
    expect(new Set(results).size).toBe(1)
  }
  expect(saved.length).toBeGreaterThan(0)
  expect(refused.flat()).toEqual(Array.from({ length: 20 }, () => 'busy'))
  await db.close()
  expect(await namesIn(await openFile(file))).toEqual(saved.sort())
})

test('keeps the main thread free while another program holds the lock, and goes on when it lets go', async () => {
  const file = newFile()
  const db = await openFile(file)
  const other = new Database(file)
  other.exec('begin immediate')
  let saved = false
  const waiting = put(db, 'patient').then(() => (saved = true))
  const started = performance.now()
  for (let i = 0; i < 100; i++) await namesIn(db)
  expect(performance.now() - started).toBeLessThan(1000)
  expect(saved).toBe(false)
  other.exec('rollback')
  other.close()
  await waiting
  expect(await namesIn(db)).toEqual(['patient'])
})

test('refuses as busy what a lock keeps waiting for too long', async () => {
  const file = newFile()
  const db = await openFile(file)
  await pragma(db, 'busy_timeout = 50')
  const other = new Database(file)
  onTestFinished(() => void other.close())
  other.exec('begin immediate')
  expect(await outcomes([put(db, 'a'), put(db, 'b')])).toEqual(['busy', 'busy'])
  other.exec('rollback')
  expect(await outcomes([put(db, 'a'), put(db, 'b')])).toEqual(['saved', 'saved'])
})

test('refuses as busy what comes when 5,000 writes are waiting, and saves the 5,000', async () => {
  const db = await openFile(newFile())
  const results = await outcomes(Array.from({ length: 5003 }, (_, i) => put(db, `n${i}`)))
  expect(results.filter((one) => one === 'saved')).toHaveLength(5000)
  expect(results.slice(-3)).toEqual(['busy', 'busy', 'busy'])
})

test('saves what is queued when it closes, refuses what comes later, and leaves one file', async () => {
  const file = newFile()
  const db = await openFile(file)
  const queued = outcomes(['a', 'b', 'c'].map((name) => put(db, name)))
  const closing = db.close()
  expect(await outcomes([put(db, 'late')])).toEqual(['busy'])
  expect(await queued).toEqual(['saved', 'saved', 'saved'])
  await closing
  expect(await readdir(join(file, '..'))).toEqual(['test.db'])
  expect(await namesIn(await openFile(file))).toEqual(['a', 'b', 'c'])
})

test('acknowledges a commit when it was flushed to disk, and what need not wait for that before', async () => {
  const flushes: (() => void)[] = []
  let isSlow = true
  const flush = () => (isSlow ? new Promise<void>((done) => flushes.push(done)) : Promise.resolve())
  const db = await openSqlite({ file: newFile(), log: quiet, flush })
  onTestFinished(() => db.close())
  const acknowledged: string[] = []
  const put = async (table: string, lasting: Lasting) => {
    await db.commit([sql.raw(`create table ${table} (id integer)`).compile(db.q)], lasting)
    acknowledged.push(table)
  }
  const first = put('a', 'flushed')
  await put('b', 'written')
  const second = put('c', 'flushed')
  await put('d', 'written')
  expect(acknowledged).toEqual(['b', 'd'])
  flushes.shift()?.()
  await first
  // What was written while a flush was on its way waits for the next one.
  expect(acknowledged).toEqual(['b', 'd', 'a'])
  isSlow = false
  flushes.shift()?.()
  await second
})

test('acknowledges nothing any more once the disk did not take what was written', async () => {
  const flush = () => Promise.reject(new Error('EIO'))
  const db = await openSqlite({ file: newFile(), log: quiet, flush })
  onTestFinished(() => db.close())
  const create = () => outcomes([db.commit([sql`create table if not exists a (id integer)`.compile(db.q)])])
  expect(await create()).toEqual(['busy'])
  expect(await create()).toEqual(['busy'])
})

test('says which file it cannot use, and why', async () => {
  const file = newFile()
  await writeFile(file, 'a letter, and no database at all'.repeat(100))
  await expect(openSqlite({ file, log: quiet })).rejects.toThrow(/test\.db cannot be used: .*not a database/)
  const nowhere = join(file, '..', 'nowhere', 'test.db')
  await expect(openSqlite({ file: nowhere, log: quiet })).rejects.toThrow('directory does not exist')
  expect(existsSync(nowhere)).toBe(false)
})

const LARGE = 'x'.repeat(20_000)
const fill = (db: Db, rows: number) =>
  db.commit(
    Array.from({ length: rows }, (_, i) => db.q.insertInto('setting').values({ name: `large-${i}`, value: LARGE })),
  )
const sizeOf = async (file: string) => (await stat(file)).size / 1024 / 1024

/** Asks for steps until nothing is left to do; the last commit waits for the steps before it. */
async function compact(db: Db, steps: number): Promise<void> {
  for (let i = 0; i < steps; i++) db.compact?.()
  await pragma(db, 'user_version')
}

test('gives the space of deleted rows back a megabyte at a time, and keeps a little to write on', async () => {
  const file = newFile()
  const db = await openFile(file)
  await fill(db, 1000)
  await compact(db, 3)
  expect(await sizeOf(file)).toBeGreaterThan(19)
  expect(await sizeOf(`${file}-wal`)).toBe(0)
  await db.commit([db.q.deleteFrom('setting').where('value', '=', LARGE)])
  const free = async () => Number((await pragma(db, 'freelist_count'))[0]?.rows[0]?.['freelist_count'])
  const before = await free()
  await compact(db, 1)
  expect(await free()).toBe(before - 256)
  await compact(db, 30)
  expect(await free()).toBeLessThanOrEqual(1024)
  expect(await free()).toBeGreaterThan(700)
  expect(await sizeOf(file)).toBeLessThan(5)
})

test('a reader that takes its time, as a backup does, holds up no write, and the log is emptied when it is done', async () => {
  const file = newFile()
  const db = await openFile(file)
  await fill(db, 100)
  const reader = new Database(file, { readonly: true })
  const rows = reader.prepare('select name from setting').iterate()
  rows.next()
  const began = performance.now()
  await compact(db, 3)
  await put(db, 'meanwhile')
  // SQLite would have waited five seconds for the reader, each time.
  expect(performance.now() - began).toBeLessThan(4000)
  expect(await sizeOf(`${file}-wal`)).toBeGreaterThan(1)
  rows.return?.()
  reader.close()
  await compact(db, 3)
  expect(await sizeOf(`${file}-wal`)).toBe(0)
})

test('a file from before learns to give space back when it is opened, and keeps what it holds', async () => {
  const file = newFile()
  const old = new Database(file)
  old.pragma('journal_mode = wal')
  old.exec('create table letter (text text)')
  old.exec("insert into letter values ('kept')")
  old.close()
  const db = await openFile(file)
  expect((await pragma(db, 'auto_vacuum'))[0]?.rows).toEqual([{ auto_vacuum: 2 }])
  expect((await sql<{ text: string }>`select text from letter`.execute(db.q)).rows).toEqual([{ text: 'kept' }])
})

/** The writers that are started from now on, to be ended as a fault in them would. */
function noteWriters(): readonly Worker[] {
  const writers: Worker[] = []
  const note = (worker: Worker) => void writers.push(worker)
  process.on('worker', note)
  onTestFinished(() => void process.off('worker', note))
  return writers
}

test('says when its writer is gone, and refuses from then on', async () => {
  const writers = noteWriters()
  const lost = Promise.withResolvers<string>()
  const db = await openSqlite({ file: newFile(), log: quiet, lost: lost.resolve })
  onTestFinished(() => db.close())
  await migrate(db, await readMigrations())
  const waiting = outcomes([put(db, 'a')])
  await writers[0]?.terminate()
  expect(await lost.promise).toBe('The thread that writes to the database has ended.')
  expect(['saved', 'busy']).toContain((await waiting)[0])
  expect(await outcomes([put(db, 'b')])).toEqual(['busy'])
  expect(await namesIn(db)).not.toContain('b')
})

test('leaves nobody waiting when its writer is gone before it has closed', async () => {
  const writers = noteWriters()
  const db = await openSqlite({ file: newFile(), log: quiet })
  await migrate(db, await readMigrations())
  const waiting = outcomes(Array.from({ length: 500 }, (_, n) => put(db, `name ${n}`, 'x'.repeat(10_000))))
  const closing = db.close()
  await writers[0]?.terminate()
  expect(new Set(await waiting)).toContain('busy')
  await closing
})
