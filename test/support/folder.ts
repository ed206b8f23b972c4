import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** For the top of a test file: gives fresh folders, which are all removed when the file is done. */
export function temporaryFolders(): () => string {
  const root = mkdtempSync(join(tmpdir(), 'hookline-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  return () => mkdtempSync(join(root, 'test-'))
}
