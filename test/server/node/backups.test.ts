import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { setSetting } from '../../../db/queries/settings.ts'
import { readConfig } from '../../../server/config.ts'
import { DAY, HOUR, MINUTE } from '../../../server/lib/clock.ts'
import { createBackups } from '../../../server/node/backups.ts'
import { openSqlite } from '../../../server/node/sqlite.ts'
import { start } from '../../../server/node/start.ts'
import { temporaryFolders } from '../../support/folder.ts'
import { quiet } from '../../support/log.ts'

const folder = temporaryFolders()
vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 }) // each backup is a process
const configOf = (dataDir: string) => readConfig({ PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'error' })

const template = folder()
beforeAll(async () => (await start(configOf(template), { log: quiet })).stop())

/** What makes the backups of a data folder, with a clock that the test moves. */
async function backupsOf(kept: string) {
  const dataDir = folder()
  cpSync(template, dataDir, { recursive: true })
  const file = join(dataDir, 'hookline.db')
  const db = await openSqlite({ file, log: quiet })
  onTestFinished(() => db.close())
  await db.commit([setSetting(db, 'backups_kept', kept)])
  const time = { now: Date.now() } // which is also that of the process that makes them
  const backups = createBackups(configOf(dataDir), { db, clock: () => time.now, log: quiet, patience: MINUTE })
  const names = () =>
    readdirSync(join(dataDir, 'backups'))
      .filter((name) => name.endsWith('.db'))
      .sort()
  return { backups, db, time, file, names, dir: join(dataDir, 'backups') }
}

test('a backup is made once a day, so many are kept, and those of people are left alone', async () => {
  const { backups, time, names, dir } = await backupsOf('2')
  await backups.daily()
  const [first = ''] = names()
  expect(first).toMatch(/^daily-\d{8}T\d{6}Z\.db$/)
  time.now += DAY - MINUTE
  await backups.daily()
  expect(names()).toEqual([first])
  writeFileSync(join(dir, 'mine.db'), '')
  for (let n = 0; n < 2; n++) {
    time.now += DAY
    await backups.daily()
  }
  expect(names()).toEqual([expect.stringMatching(/^daily/), expect.stringMatching(/^daily/), 'mine.db'])
  expect(names()).not.toContain(first)
})

test('an old one that cannot be removed is no reason to end', async () => {
  const { backups, names, dir } = await backupsOf('1')
  const stuck = 'daily-20200101T000000Z.db'
  mkdirSync(join(dir, stuck, 'with something in it'), { recursive: true })
  await backups.daily()
  expect(names()).toEqual([stuck, expect.stringMatching(/^daily/)])
})

test('none is begun behind the end of the server', async () => {
  const { backups, dir } = await backupsOf('1')
  const daily = backups.daily()
  await backups.stop()
  await daily
  expect(existsSync(dir)).toBe(false)
})

test('none is made unless the settings want it', async () => {
  const { backups, dir } = await backupsOf('')
  await backups.daily()
  expect(existsSync(dir)).toBe(false)
})

test('one that cannot be made is told of, tried again after an hour, and forgotten when it could be', async () => {
  const { backups, time, names, dir } = await backupsOf('2')
  writeFileSync(dir, 'in the way')
  await backups.daily()
  expect(backups.state()).toEqual({
    last: null,
    isRunning: false,
    failed: expect.stringContaining('could not be made'),
  })
  rmSync(dir)
  time.now += HOUR - 1
  await backups.daily()
  expect(existsSync(dir)).toBe(false)
  time.now += 1
  await backups.daily()
  expect(names()).toHaveLength(1)
  expect(backups.state()).toMatchObject({ failed: null })
})

test('of several who press the button at once, all get the one backup', async () => {
  const { backups, names } = await backupsOf('')
  const states = await Promise.all([backups.make(), backups.make()])
  expect(names()).toHaveLength(1)
  const last = {
    file: expect.stringMatching(/hookline-\d{8}T\d{6}Z\.db$/),
    bytes: expect.any(Number),
    at: expect.any(Number),
  }
  expect(states).toEqual([
    { last, isRunning: false, failed: null },
    { last, isRunning: false, failed: null },
  ])
})

test('one that is being made ends with the server, and leaves nothing behind', async () => {
  const { backups, dir } = await backupsOf('')
  const made = backups.make()
  await backups.stop()
  expect(await made).toMatchObject({ last: null, failed: 'The process that made it was ended.' })
  expect(existsSync(dir) ? readdirSync(dir) : []).toEqual([])
})
