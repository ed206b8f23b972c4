import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { DAY, MINUTE } from '../../server/lib/clock.ts'
import { temporaryFolders } from '../support/folder.ts'
import { createFlow } from './flow.ts'
import { onNode } from './on-node.ts'

vi.setConfig({ testTimeout: 30_000 })

const folder = temporaryFolders()

test('what was purged leaves the file as well: it is small again after a while', async () => {
  const data = folder()
  const subject = await onNode({ DATA_DIR: data })
  const { api, box, addWebhook, payment } = createFlow('compaction', () => subject)
  const size = async () => (await stat(join(data, 'hookline.db'))).size / 1024 / 1024
  /** As often as it takes until all is done, and nobody writes meanwhile. */
  const settle = async () => {
    for (let ticks = 0; ticks < 30; ticks++) {
      subject.advance(MINUTE / 10)
      await subject.deliver()
    }
  }
  await addWebhook(box().url, { all_events: true, events: [], active: false })
  const wide = { ...payment(0), description: 'x'.repeat(30_000) }
  for (let n = 0; n < 6; n++) {
    const sent = await api(
      'POST',
      '/events/batch',
      Array.from({ length: 100 }, () => ({ type: 'payment_received', data: wide })),
    )
    expect(sent.status, JSON.stringify(sent.body)).toBe(202)
  }
  await settle()
  expect(await size()).toBeGreaterThan(15)
  subject.advance(31 * DAY)
  await settle()
  expect((await api('GET', '/events')).body.data).toEqual([])
  expect(await size()).toBeLessThan(6)
  await subject.stop()
})
