import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { DataDirTaken, lockDataDir } from '../../../server/node/lock.ts'
import { temporaryFolders } from '../../support/folder.ts'

const newFolder = temporaryFolders()
const newDir = () => join(newFolder(), 'data')

test('makes the folder for its owner alone', async () => {
  const dir = newDir()
  const { release } = lockDataDir(dir)
  onTestFinished(release)
  expect((await stat(dir)).mode & 0o777).toBe(0o700)
})

test('refuses a second holder, and says what to do', () => {
  const dir = newDir()
  const { release } = lockDataDir(dir)
  expect(() => lockDataDir(dir)).toThrow(DataDirTaken)
  expect(() => lockDataDir(dir)).toThrow(`in the data folder ${dir}. Stop it`)
  release()
  lockDataDir(dir).release()
})

test('is held though nobody keeps the answer, and free at once after kill -9', async () => {
  const dir = newDir()
  const lock = new URL('../../../server/node/lock.ts', import.meta.url)
  const script = `const { lockDataDir } = await import(${JSON.stringify(lock.href)})
    lockDataDir(${JSON.stringify(dir)})
    gc()
    console.log('held')
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--expose-gc', '--input-type=module', '--eval', script])
  await once(holder.stdout, 'data')
  expect(() => lockDataDir(dir)).toThrow(DataDirTaken)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  lockDataDir(dir).release()
})
