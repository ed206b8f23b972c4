import { cpSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { readConfig } from '../../../server/config.ts'
import { start } from '../../../server/node/start.ts'
import { copyOf } from '../../../server/webhooks/copy.ts'
import { isSending } from '../../../server/webhooks/sending.ts'
import { temporaryFolders } from '../../support/folder.ts'
import { quiet } from '../../support/log.ts'

const folder = temporaryFolders()
vi.setConfig({ testTimeout: 30_000 })

/** Starts a server in a data folder and tells what it takes its database for. */
async function seenAt(dataDir: string, during: () => void = () => {}) {
  const config = readConfig({ PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'error' })
  const server = await start(config, { log: quiet })
  const seen = { kind: (await copyOf(server.deps.db))?.kind ?? 'itself', sends: await isSending(server.deps) }
  during()
  await server.stop()
  return seen
}

test('a data folder that was copied while its server ran sends nothing; one that was moved, or started again, does', async () => {
  const [first, copied, moved] = [join(folder(), 'data'), join(folder(), 'data'), join(folder(), 'data')]
  const copyNow = () => cpSync(first, copied, { recursive: true })
  expect(await seenAt(first, copyNow)).toEqual({ kind: 'itself', sends: true })
  expect(await seenAt(copied)).toEqual({ kind: 'copied', sends: false })
  expect(await seenAt(first)).toEqual({ kind: 'itself', sends: true })
  renameSync(first, moved)
  expect(await seenAt(moved)).toEqual({ kind: 'itself', sends: true })
  cpSync(moved, first, { recursive: true })
  expect(await seenAt(first)).toEqual({ kind: 'moved', sends: true })
})
