import type { Db } from '../../db/db.ts'
import { readConfig } from '../../server/config.ts'
import type { Clock } from '../../server/lib/clock.ts'
import type { Engine } from '../../server/webhooks/engine.ts'
import { quiet } from './log.ts'

export const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

/** What a host of plugins needs in a test of it alone: nothing is sent, and secrets are stored as they are. */
export const bareEngine = (db: Db, clock: Clock): Engine => ({
  config: readConfig({}),
  publicUrl: () => 'http://localhost:3000',
  version: '0.0.0',
  db,
  clock,
  random,
  log: quiet,
  vault: { seal: async (plain) => plain, open: async (cipher) => cipher },
  post: () => Promise.reject(new Error('Nothing is sent here.')),
  wake: () => {},
})
