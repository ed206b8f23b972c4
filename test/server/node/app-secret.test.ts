import { existsSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { readConfig } from '../../../server/config.ts'
import { start } from '../../../server/node/start.ts'
import { temporaryFolders } from '../../support/folder.ts'
import { quiet } from '../../support/log.ts'

const folder = temporaryFolders()
vi.setConfig({ testTimeout: 30_000 })

test('a secret is made once for a new database, and never for one that has lost its own', async () => {
  const dataDir = folder()
  const file = join(dataDir, 'app-secret')
  const config = readConfig({ PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'error' })
  await (await start(config, { log: quiet })).stop()
  expect(statSync(file).mode & 0o777).toBe(0o600)

  const elsewhere = join(folder(), 'app-secret')
  renameSync(file, elsewhere)
  await expect(start(config, { log: quiet })).rejects.toThrow(
    'The APP_SECRET that this database was made with is missing',
  )
  expect(existsSync(file)).toBe(false)
  renameSync(elsewhere, file)
  await (await start(config, { log: quiet })).stop()
})
