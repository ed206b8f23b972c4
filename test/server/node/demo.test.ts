import { readdirSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { startChild, type Child } from '../../support/child.ts'
import { temporaryFolders } from '../../support/folder.ts'

const folder = temporaryFolders()
vi.setConfig({ testTimeout: 120_000 }) // a process takes its time to start

/** A demo, and where it listens. */
async function demo(env: Readonly<Record<string, string>>): Promise<{ readonly child: Child; readonly url: string }> {
  const child = startChild(env, [process.execPath, 'server/node/demo.ts'])
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await child.ended
  })
  const url = () => /^Hookline's demo listens on (\S+)$/m.exec(child.output())?.[1]
  await vi.waitFor(() => expect(url(), child.output()).toBeDefined(), 40_000)
  return { child, url: url() ?? '' }
}

test('a second demo takes another port, and neither leaves anything behind', async () => {
  const TMPDIR = folder()
  const first = await demo({ TMPDIR })
  const second = await demo({ TMPDIR, PORT: new URL(first.url).port })
  expect(second.url).not.toBe(first.url)
  for (const { child, url } of [first, second]) {
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    child.kill('SIGTERM')
    expect(await child.ended).toBe(0)
  }
  expect(readdirSync(TMPDIR)).toEqual([])
})
