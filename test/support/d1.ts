import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { inject } from 'vitest'
import type { Db } from '../../db/db.ts'
import { openD1 } from '../../server/worker/d1.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The files of db/migrations: workerd cannot read them itself. */
    migrations: { name: string; queries: string[] }[]
  }
}

/** The database of this test file, migrated as wrangler does it. Works in files called `*.worker.test.ts`. */
export async function openMigratedD1(): Promise<Db> {
  await applyD1Migrations(env.DB, inject('migrations'))
  return openD1(env.DB)
}
