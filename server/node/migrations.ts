import { readdir, readFile } from 'node:fs/promises'
import type { Migration } from '../../db/migrate.ts'

const FOLDER = new URL('../../db/migrations/', import.meta.url)

/** The SQL files of db/migrations, in their order. */
export async function readMigrations(): Promise<readonly Migration[]> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(names.map(async (name) => ({ name, sql: await readFile(new URL(name, FOLDER), 'utf8') })))
}
