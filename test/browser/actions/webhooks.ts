import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { BROKEN, type Somebody } from '../../support/stage.ts'
import { emitSample, makeWebhook } from '../../support/furnish.ts'
import type { DriveArea, Scenarios } from './scenario.ts'

const choose = async ({ page }: Somebody, name: RegExp) => page.getByRole('checkbox', { name }).check()

/** What the signature file that this button brings down holds. */
async function download(who: Somebody): Promise<Record<string, unknown>> {
  const arrives = who.page.waitForEvent('download')
  await who.page.getByRole('button', { name: 'Download signature (JSON)' }).click()
  return JSON.parse(readFileSync(await (await arrives).path(), 'utf8')) as Record<string, unknown>
}

export const webhooks: Scenarios<DriveArea> = {
  async 'a webhook is tried out and added'({ receiver }, { base, who }) {
    await who.go(`${base}/webhooks/new`)
    await who.type({ Name: 'Payments' })
    await who.press('Catch it here')
    expect(await who.page.getByLabel('Target URL').inputValue()).toContain('/bin/')
    await who.page.getByRole('radio', { name: 'Zapier' }).check()
    await who.press('Apply')
    expect(await who.page.getByRole('radio', { name: 'Flat' }).isChecked()).toBe(true)
    await choose(who, /^Payment Received/)
    await who.press('Update the preview')
    await who.press(/^Remove Payment Received/)
    expect(await who.page.getByRole('checkbox', { name: /^Payment Received/ }).isChecked()).toBe(false)
    await choose(who, /^Payment Received/)
    await who.type({ 'Target URL': `${receiver.url}/in` })
    await who.page.getByRole('radio', { name: 'Signature', exact: true }).check()
    await who.press('Generate signature')
    await who.press('Show')
    expect(await who.page.locator('#shown-secret').innerText()).toMatch(/^whsec_/)
    expect(await download(who)).toMatchObject({ algorithm: 'HMAC-SHA256' })
    const before = receiver.requests.length
    await who.press('Send Test Event')
    expect(receiver.requests.length).toBe(before + 1)
    expect(await who.page.locator('#test').innerText()).toContain('200')
    await who.press('Add New Webhook')
    await who.sees('Webhook saved.')
  },

  async 'a webhook is changed, tried out and signed anew'({ receiver, server: { deps } }, { base, owner, who }) {
    const id = await makeWebhook(deps, { url: `${receiver.url}/in`, events: ['payment_received'], name: 'Desk' }, owner)
    await who.go(`${base}/webhooks/${id}`)
    await who.page.getByRole('radio', { name: 'Zapier' }).check()
    await who.press('Apply')
    await who.press('Update the preview')
    await who.press(/^Remove Payment Received/)
    await choose(who, /^Payment Failed/)
    await who.press('Catch it here')
    await who.type({ 'Target URL': `${receiver.url}/in` })
    await who.page.getByRole('radio', { name: 'Signature', exact: true }).check()
    await who.press('Generate signature')
    await who.press('Send Test Event')
    expect(await who.page.locator('#test').innerText()).toContain('200')
    await who.press('Show')
    await who.press('Save')
    await who.sees('Webhook saved.')
    await who.press('Show')
    expect(await who.page.locator('#shown-secret').innerText()).toMatch(/^whsec_/)
    expect(await download(who)).toMatchObject({ webhookId: id })
    await who.press('Rotate signature')
    await who.sees('Signature rotated.')
    await who.press('Retire')
    await who.sees('Desk is retired.')
    await who.press('Activate')
    await who.sees('Desk is active.')
    await who.click(who.page.locator('main').getByRole('link', { name: 'Delete' }))
    await who.press('Delete')
    await who.sees('Desk is deleted.')
  },

  async 'a batch leaves before its time'({ receiver, server: { deps } }, { base, owner, site, who }) {
    const delivery = { mode: 'batched', everyMinutes: 60, at: [], maxEvents: 100 } as const
    const id = await makeWebhook(deps, { url: `${receiver.url}/in`, name: 'Gathers', delivery }, owner)
    await emitSample(deps, { site })
    await who.go(`${base}/webhooks/${id}`)
    await who.press('Flush now')
    await who.sees('1 event leaves in a batch now.')
  },

  async 'what is held for a retired webhook is sent or discarded'(
    { receiver, server: { deps } },
    { base, owner, site, who },
  ) {
    const id = await makeWebhook(
      deps,
      { url: `${receiver.url}${BROKEN}`, name: 'Broken', retrySchedule: [3600] },
      owner,
    )
    for (const button of ['Activate and send', 'Activate and discard']) {
      await emitSample(deps, { site })
      await who.go(`${base}/webhooks/${id}`)
      await who.press('Retire')
      await who.press('Activate')
      await who.press(button)
      await who.sees('Broken')
    }
    await who.press('Retire')
    await who.go(`${base}/webhooks/${id}/activate`)
    await who.press('Activate')
    await who.sees('Broken is active.')
  },

  async 'webhooks are tested, retired, activated and deleted from the list'({ receiver, server: { deps } }, area) {
    const { base, owner, who } = area
    const id = await makeWebhook(deps, { url: `${receiver.url}/in`, name: 'Listed' }, owner)
    await who.go(`${base}/webhooks?q=Listed`)
    const row = who.page.getByRole('row', { name: /Listed/ })
    const act = async (action: string) => {
      await who.page.getByRole('checkbox', { name: 'Select Listed' }).check()
      await who.page.getByLabel('Bulk action').selectOption(action)
      await who.press('Apply', who.page.locator(`form[method=post]`))
    }
    await who.press('Retire', row)
    await who.sees('Listed is retired.')
    await who.press('Activate', row)
    await who.sees('Listed is active.')
    await who.press('Apply', who.page.locator('main form[method=post].stack:has(table)'))
    await who.sees('Nothing was done.')
    await act('Retire')
    await who.sees('Webhooks retired: 1.')
    await act('Activate')
    await who.sees('Webhooks activated: 1.')
    await who.press('Send Test Event', row)
    expect(await who.page.locator('main').innerText()).toContain('200')
    await who.press('Send Test Event')
    await who.go(`${base}/webhooks?q=Listed`)
    await act('Delete')
    await who.press('Delete')
    await who.sees('Webhooks deleted: 1.')
    await who.go(`${base}/webhooks`)
    expect(await who.page.locator(`input[value="${id}"]`).count()).toBe(0)
  },
}
