import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test, vi } from 'vitest'
import { HOUR, SECOND } from '../../../server/lib/clock.ts'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

test('as the reference library sees it: both secrets hold to the end of the overlap, and only the new one a second later', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.stop())
  const app = await testApp()
  const api = await app.client()
  const draft = { name: 'Books', url: receiver.url, events: ['payment_received'], auth: { type: 'signature' } }
  const { body: made } = await api('POST', '/webhooks', draft)
  const first = String(made.secret)

  /** Which of the secrets the next delivery is signed by. The library looks at the clock of the machine. */
  async function sentWith(...secrets: readonly string[]): Promise<readonly boolean[]> {
    await app.emit()
    await app.deliver()
    const request = receiver.requests.at(-1)
    vi.useFakeTimers({ toFake: ['Date'], now: app.clock.now() })
    try {
      return secrets.map((secret) => verifies(secret, request?.body ?? '', { ...request?.headers }))
    } finally {
      vi.useRealTimers()
    }
  }

  expect(await sentWith(first)).toEqual([true])
  const { body: rotated } = await api('POST', `/webhooks/${String(made.id)}/rotate-secret`, { overlap_hours: 1 })
  const second = String(rotated.secret)
  expect(await sentWith(first, second)).toEqual([true, true])
  app.clock.advance(HOUR - SECOND)
  expect(await sentWith(first, second)).toEqual([true, true])
  app.clock.advance(2 * SECOND)
  expect(await sentWith(first, second)).toEqual([false, true])
})

function verifies(secret: string, body: string, headers: Record<string, string>): boolean {
  try {
    new Webhook(secret).verify(body, headers)
    return true
  } catch (error) {
    if (error instanceof Error && error.message === 'No matching signature found') return false
    throw error
  }
}
