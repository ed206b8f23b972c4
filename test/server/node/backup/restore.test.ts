import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { migrate } from '../../../../db/migrate.ts'
import { readConfig } from '../../../../server/config.ts'
import { backUp, lastBackup, usualFile } from '../../../../server/node/backup/backup.ts'
import { restore } from '../../../../server/node/backup/restore.ts'
import { DataDirTaken, lockDataDir } from '../../../../server/node/lock.ts'
import { readMigrations } from '../../../../server/node/migrations.ts'
import { createRandom } from '../../../../server/node/random.ts'
import { openSqlite } from '../../../../server/node/sqlite.ts'
import { start } from '../../../../server/node/start.ts'
import { copyOf } from '../../../../server/webhooks/copy.ts'
import { isSending } from '../../../../server/webhooks/sending.ts'
import { temporaryFolders } from '../../../support/folder.ts'
import { quiet } from '../../../support/log.ts'

const folder = temporaryFolders()
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })
const NOW = Date.UTC(2026, 0, 31, 3)
const SECRET = 'the app secret of a test, 32 characters or more'
const configOf = (dataDir: string, more: Record<string, string> = {}) =>
  readConfig({ PORT: '0', DATA_DIR: dataDir, APP_SECRET: SECRET, LOG_LEVEL: 'error', ...more })
const around = { clock: () => NOW, random: createRandom(), log: quiet }

const template = folder()
beforeAll(async () => {
  const server = await start(configOf(template), { log: quiet })
  await server.stop()
})

/** A data folder in which a server ran once; with a setting of this name in its database. */
function used(name = 'a thing') {
  const config = configOf(folder())
  cpSync(template, config.dataDir, { recursive: true })
  const file = join(config.dataDir, 'hookline.db')
  inside(file, (db) => db.prepare(`insert into setting values (?, '')`).run(name))
  return { config, file }
}

function inside<T>(file: string, look: (db: Database.Database) => T): T {
  const db = new Database(file)
  try {
    return look(db)
  } finally {
    db.close()
  }
}
const has = (file: string, name: string) =>
  inside(file, (db) => db.prepare('select count(*) from setting where name = ?').pluck().get(name) === 1)

describe('a backup', () => {
  test('is one file that only its owner can read, is noted, and is marked as a copy that may not send', async () => {
    const { config } = used('a thing')
    const to = usualFile(config, NOW)
    expect(backUp(config, to, NOW)).toEqual({ file: to, bytes: statSync(to).size, at: NOW })
    expect(readdirSync(join(config.dataDir, 'backups')).sort()).toEqual(['hookline-20260131T030000Z.db', 'last.json'])
    expect(statSync(to).mode & 0o777).toBe(0o600)
    expect(lastBackup(config)).toMatchObject({ file: to, at: NOW })
    expect(has(to, 'a thing')).toBe(true)
    // Whoever puts it in place by hand is as safe as with `db restore`.
    const byHand = await start(configOf(folder(), { DATABASE_URL: `sqlite:${to}` }), { log: quiet })
    expect(await isSending(byHand.deps)).toBe(false)
    expect(await copyOf(byHand.deps.db)).toEqual({ kind: 'restored', since: NOW })
    await byHand.stop()
  })

  test('removes what one left that was ended in the middle, but neither one that is being made nor files of people', () => {
    const { config } = used()
    const dir = join(config.dataDir, 'backups')
    mkdirSync(dir)
    const put = (name: string, age: number) => {
      writeFileSync(join(dir, name), 'half')
      const at = (NOW - age) / 1000
      utimesSync(join(dir, name), at, at)
    }
    const stays = ['daily-20260131T021500Z.db.part', 'mine.db.part', 'hookline-20260101T030000Z.db']
    put('daily-20260131T021500Z.db.part', 45 * 60_000)
    for (const name of [
      ...stays.slice(1),
      'hookline-20260129T030000Z.db.part',
      'daily-20260129T030000Z.db.part-journal',
    ])
      put(name, 2 * 86_400_000)
    backUp(config, usualFile(config, NOW), NOW)
    expect(readdirSync(dir).sort()).toEqual([...stays, 'hookline-20260131T030000Z.db', 'last.json'].sort())
  })

  test('overwrites nothing, and leaves nothing behind when it fails', () => {
    const { config, file } = used()
    const letter = join(folder(), 'letter.db')
    writeFileSync(letter, 'A letter.')
    expect(() => backUp(config, letter, NOW)).toThrow(`There is a file ${letter} already. Give another name.`)
    const nowhere = configOf(folder())
    expect(() => backUp(nowhere, join(nowhere.dataDir, 'a.db'), NOW)).toThrow('There is no database')
    damage(file)
    const to = join(config.dataDir, 'damaged.db')
    expect(() => backUp(config, to, NOW)).toThrow(/damaged\.db could not be made|is not sound/)
    expect(readdirSync(config.dataDir).filter((name) => name.startsWith('damaged'))).toEqual([])
    expect(lastBackup(config)).toBeNull()
  })

  test('of PostgreSQL is for its own tools', () => {
    const config = configOf(folder(), { DATABASE_URL: 'postgres://localhost/hookline' })
    expect(() => backUp(config, join(config.dataDir, 'a.db'), NOW)).toThrow('back PostgreSQL up with pg_dump')
  })
})

describe('a restore', () => {
  test('puts the backup in place, keeps what it replaced, and can be done again', async () => {
    const { config, file } = used('before')
    const backup = backUp(config, join(folder(), 'a.db'), NOW - 60_000)
    inside(file, (db) => db.prepare(`insert into setting values ('after', '')`).run())
    const first = await restore(config, backup.file, around)
    const replaced = join(config.dataDir, 'replaced-20260131T030000Z.db')
    expect(first).toEqual({ file, since: NOW - 60_000, replaced, migrations: [], secret: 'fits' })
    expect([has(file, 'before'), has(file, 'after'), has(replaced, 'after')]).toEqual([true, false, true])
    expect(statSync(file).mode & 0o777).toBe(0o600)

    const second = await restore(config, replaced, { ...around, clock: () => NOW + 1000 })
    expect(second.replaced).toBe(join(config.dataDir, 'replaced-20260131T030001Z.db'))
    expect([has(file, 'after'), existsSync(replaced)]).toEqual([true, true])
    expect(readdirSync(config.dataDir).sort()).toEqual([
      'backups',
      'hookline.db',
      'lock.db',
      'replaced-20260131T030000Z.db',
      'replaced-20260131T030001Z.db',
    ])
    const server = await start(config, { log: quiet })
    expect(await isSending(server.deps)).toBe(false)
    const rows = await server.deps.db.q.selectFrom('audit').select(['action', 'actor_name']).execute()
    expect(rows).toContainEqual({ action: 'database.restored', actor_name: 'hookline db restore' })
    await server.stop()
  })

  test('brings an older database to this version', async () => {
    const old = join(folder(), 'old.db')
    const db = await openSqlite({ file: old, log: quiet })
    const [first, ...later] = await readMigrations()
    await migrate(db, first ? [first] : [])
    await db.close()
    const { migrations, replaced } = await restore(configOf(folder()), old, around)
    expect([migrations, replaced]).toEqual([later.map(({ name }) => name), null])
  })

  test('that fails half way changes nothing', async () => {
    const { config, file } = used()
    // What it would have to make is there already.
    inside(file, (db) => db.exec(`delete from d1_migrations where name not like '0001%'`))
    const backup = backUp(config, join(folder(), 'a.db'), NOW)
    await expect(restore(config, backup.file, around)).rejects.toThrow(
      /could not be restored \(.*duplicate.*\)\. The database is as it was\./,
    )
    expect(readdirSync(config.dataDir).filter((name) => /incoming|replaced/.test(name))).toEqual([])
    expect(has(file, 'a thing')).toBe(true)
  })

  test('refuses while a server runs there', async () => {
    const { config } = used()
    const backup = backUp(config, join(folder(), 'a.db'), NOW)
    const lock = lockDataDir(config.dataDir)
    await expect(restore(config, backup.file, around)).rejects.toThrow(DataDirTaken)
    lock.release()
  })

  test.each<[string, (file: string, backup: () => unknown) => void, RegExp]>([
    ['a letter', (file) => writeFileSync(file, 'A letter. '.repeat(1000)), /cannot be read as a database/],
    [
      'a database of somebody else',
      (file) => inside(file, (db) => db.exec('create table recipe (name text)')),
      /is a database, but not one of Hookline/,
    ],
    [
      'one of a newer version',
      (file, backup) => {
        backup()
        inside(file, (db) => db.exec(`insert into d1_migrations (id, name) values (9999, '9999_later.sql')`))
      },
      /is of a newer version of Hookline \(9999_later\.sql\)\. Update Hookline first\./,
    ],
    [
      'a damaged one',
      (file, backup) => {
        backup()
        damage(file)
      },
      /is damaged: /,
    ],
  ])('refuses %s, and changes nothing', async (_, make, why) => {
    const { config, file } = used('mine')
    const other = used()
    const from = join(folder(), 'other.db')
    make(from, () => backUp(other.config, from, NOW))
    await expect(restore(config, from, around)).rejects.toThrow(why)
    expect(has(file, 'mine')).toBe(true)
    expect(readdirSync(config.dataDir).sort()).toEqual(['hookline.db', 'lock.db'])
  })

  test('refuses what is not there, and the database itself', async () => {
    const { config, file } = used()
    await expect(restore(config, join(folder(), 'none.db'), around)).rejects.toThrow('There is no file')
    await expect(restore(config, file, around)).rejects.toThrow('is the database itself')
  })

  test('replaces a database that is beyond repair', async () => {
    const { config, file } = used('mine')
    const backup = backUp(config, join(folder(), 'a.db'), NOW)
    writeFileSync(file, 'Nothing that SQLite knows. '.repeat(1000))
    const { replaced } = await restore(config, backup.file, around)
    expect(has(file, 'mine')).toBe(true)
    expect(statSync(replaced ?? '').size).toBe(27_000)
  })

  test('says whether APP_SECRET opens what is stored', async () => {
    const { config } = used()
    const { file } = backUp(config, join(folder(), 'a.db'), NOW)
    const secret = async (more: Record<string, string>) =>
      (await restore(configOf(folder(), more), file, around)).secret
    expect(await secret({})).toBe('fits')
    expect(await secret({ APP_SECRET: '' })).toBe('missing')
    expect(await secret({ APP_SECRET: 'another secret, which is as long as that' })).toBe('other')
    expect(await secret({ APP_SECRET: 'another secret, which is as long as that', APP_SECRET_PREVIOUS: SECRET })).toBe(
      'fits',
    )
  })
})

/** Writes over pages in the middle, as a bad disk does. */
function damage(file: string): void {
  const bytes = readFileSync(file)
  bytes.fill('x', bytes.length / 2, bytes.length / 2 + 40_960)
  writeFileSync(file, bytes)
}
