import { expect } from 'vitest'
import { startRedelivery } from '../../../server/webhooks/redelivery.ts'
import { retireWebhook } from '../../../server/webhooks/lifecycle.ts'
import { emitSample, makeWebhook } from '../../support/furnish.ts'
import { BROKEN, type Stage } from '../../support/stage.ts'
import type { Area, DriveArea, Scenarios } from './scenario.ts'

/** A webhook whose receiver is broken, with one delivery that has failed there, for good or until it is tried again. */
async function failed(stage: Stage, area: Area, name: string, retrySchedule: readonly number[] = []) {
  const { deps } = stage.server
  const webhook = await makeWebhook(deps, { url: `${stage.receiver.url}${BROKEN}`, name, retrySchedule }, area.owner)
  const event = await emitSample(deps, { site: area.site })
  const { id } = await deps.db.q
    .selectFrom('delivery')
    .select('id')
    .where('webhook_id', '=', webhook)
    .executeTakeFirstOrThrow()
  await tried(stage, id, 1)
  return { webhook, event, delivery: id }
}

/** Waits until a delivery was tried so often. */
async function tried({ server: { deps } }: Stage, delivery: string, times: number): Promise<void> {
  const attempts = () => deps.db.q.selectFrom('attempt').select('id').where('delivery_id', '=', delivery).execute()
  await expect.poll(async () => (await attempts()).length, { timeout: 10_000 }).toBe(times)
}

export const deliveries: Scenarios<DriveArea> = {
  async 'a delivery is sent once more, from its page, its row and by its tick'(stage, area) {
    const { base, who } = area
    const { webhook, delivery } = await failed(stage, area, 'Once more')
    await who.go(`${base}/deliveries/${delivery}`)
    await who.press('Redeliver now')
    await who.sees('payment_received is being redelivered.')
    await tried(stage, delivery, 2)
    await who.go(`${base}/deliveries?webhook=${webhook}`)
    await who.press('Redeliver')
    await who.sees('payment_received is being redelivered.')
    await tried(stage, delivery, 3)
    const list = who.page.locator('#deliveries')
    await who.press('Apply', list)
    await who.sees('Nothing was done.')
    await list.getByRole('checkbox', { name: /^Select payment_received/ }).check()
    await list.getByLabel('Bulk action').selectOption('Redeliver')
    await who.press('Apply', list)
    await who.sees('1 delivery is being redelivered.')
  },

  async 'a delivery that waits is cancelled'(stage, area) {
    const { delivery } = await failed(stage, area, 'Waits', [3600])
    await area.who.go(`${area.base}/deliveries/${delivery}`)
    await area.who.press('Cancel delivery')
    await area.who.sees('The delivery is cancelled.')
  },

  async 'all that failed is sent once more, and stopped'(stage, area) {
    const { base, who } = area
    const { deps } = stage.server
    const { webhook } = await failed(stage, area, 'All of it')
    await who.go(`${base}/deliveries?webhook=${webhook}`)
    await who.press('Redeliver all failed')
    await who.sees('1 delivery is being redelivered.')
    // Goes on only when its webhook is active again: until then there is something to stop.
    const { statements } = await startRedelivery(deps, { id: webhook, owner: area.owner }, 0, 'usr_test')
    await deps.db.commit([...retireWebhook(deps, webhook), ...statements])
    await deps.db.commit([
      deps.db.q.updateTable('redelivery').set({ state: 'running' }).where('webhook_id', '=', webhook),
    ])
    await who.go(`${base}/deliveries?webhook=${webhook}`)
    await who.press(/^Stop/)
    await who.sees('It is stopped.')
  },

  async 'what the receiver gets is looked at in a bin'(stage, area) {
    const { base, who } = area
    const { delivery } = await failed(stage, area, 'To be looked at')
    await who.go(`${base}/deliveries/${delivery}`)
    await who.press('Send to a bin')
    await who.sees('This is what To be looked at gets.')
    expect(await who.page.locator('main').innerText()).toContain('hookline-event')
  },

  async 'an event goes to a webhook that did not get it'({ receiver, server: { deps } }, { base, owner, site, who }) {
    const event = await emitSample(deps, { site })
    await makeWebhook(deps, { url: `${receiver.url}/late`, name: 'Came late' }, owner)
    await who.go(`${base}/events/${event}`)
    await who.page.getByLabel('Send it to a webhook that did not get it').selectOption('Came late')
    await who.press('Send')
    await who.sees('The event goes to Came late.')
  },
}
