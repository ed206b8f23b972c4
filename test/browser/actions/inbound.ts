import { expect } from 'vitest'
import type { DriveArea, Scenarios } from './scenario.ts'

/** What takes requests in: bins and sources; and the pages that plugins bring along. */
export const inbound: Scenarios<DriveArea> = {
  async 'a bin is made, changed, looked into, cleared and deleted'({ receiver }, { base, who }) {
    await who.go(`${base}/bins`)
    await who.type({ 'Name of a new bin': 'Trial' })
    await who.press('Add New Bin')
    await who.sees('The bin is ready.')
    await who.type({ Name: 'Trials' })
    await who.press('Save')
    await who.sees('The bin is saved.')
    const url = await who.page.getByLabel('Send anything to').inputValue()
    await fetch(url, { method: 'POST', body: 'hello', headers: { authorization: 'Bearer secret-1' } })
    await who.page.reload()
    await who.press('Show credentials')
    expect(await who.page.locator('main').innerText()).toContain('Bearer secret-1')
    const before = receiver.requests.length
    await who.type({ 'Send the same to': `${receiver.url}/replayed` })
    await who.press('Send')
    expect(receiver.requests.length).toBe(before + 1)
    await who.click(who.page.locator('main').getByRole('link', { name: 'Clear' }))
    await who.press('Clear')
    await who.sees('The bin is empty.')
    await who.click(who.page.locator('main').getByRole('link', { name: 'Delete' }))
    await who.press('Delete')
    await who.sees('Trials is deleted.')
  },

  async 'bins are deleted from the list'(_, { base, who }) {
    await who.go(`${base}/bins`)
    await who.type({ 'Name of a new bin': 'Spare' })
    await who.press('Add New Bin')
    await who.go(`${base}/bins?q=Spare`)
    const list = who.page.locator('form:has(table)')
    await who.press('Apply', list)
    await who.sees('Nothing was done.')
    await list.getByRole('checkbox', { name: 'Select Spare' }).check()
    await list.getByLabel('Bulk action').selectOption('Delete')
    await who.press('Apply', list)
    await who.press('Delete')
    await who.sees('Bins deleted: 1.')
  },

  async 'a source is added, changed, given a new address, retired, activated and deleted'(_, { base, who }) {
    await who.go(`${base}/sources/new?kind=generic`)
    await who.type({ Name: 'Shop' })
    const event = who.page.getByLabel('Event', { exact: true })
    await event.selectOption('generic.request_received')
    await who.press('Show its fields')
    await who.type({ Sample: '{"no":1}' })
    await who.press('Preview')
    expect(await who.page.locator('#preview').innerText()).toContain('This fits the event.')
    await who.press('Add New Source')
    await who.sees('Shop was added.')
    await who.press('Show its fields')
    await who.press('Preview')
    await who.type({ Name: 'Web shop' })
    await who.press('Save')
    await who.sees('Web shop saved.')
    await who.press('Make a new address')
    await who.sees('Web shop has a new address.')
    await who.press('Retire')
    await who.sees('Web shop is retired.')
    await who.press('Activate')
    await who.sees('Web shop is active.')
    await who.click(who.page.locator('main').getByRole('link', { name: 'Delete' }))
    await who.press('Delete')
    await who.sees('Web shop is deleted.')
  },

  async 'sources are retired, activated and deleted from the list'(_, { base, who }) {
    await who.go(`${base}/sources/new?kind=stripe`)
    await who.type({ Name: 'Till' })
    await who.press('Add New Source')
    await who.go(`${base}/sources?q=Till`)
    await who.press('Retire Till')
    await who.sees('Till is retired.')
    await who.press('Activate Till')
    await who.sees('Till is active.')
    const list = who.page.locator('form:has(table)')
    await who.press('Apply', list)
    await who.sees('Nothing was done.')
    const act = async (action: string) => {
      await list.getByRole('checkbox', { name: 'Select Till' }).check()
      await list.getByLabel('Bulk action').selectOption(action)
      await who.press('Apply', list)
    }
    await act('Retire')
    await who.sees('Sources retired: 1.')
    await act('Activate')
    await who.sees('Sources activated: 1.')
    await act('Delete')
    await who.press('Delete')
    await who.sees('Sources deleted: 1.')
  },

  async 'an API key is made, rotated and revoked'(_, { base, who }) {
    await who.go(`${base}/api-keys/new`)
    await who.type({ Name: 'Shop' })
    await who.page.getByRole('group', { name: 'Scopes' }).getByRole('checkbox').first().check()
    await who.press('Add New API Key')
    await who.sees('API key created.')
    await who.go(`${base}/api-keys`)
    await who.click(who.page.getByRole('link', { name: 'Rotate Shop' }))
    await who.press('Rotate')
    await who.sees('API key rotated.')
    await who.go(`${base}/api-keys`)
    await who.click(who.page.getByRole('link', { name: 'Revoke Shop' }))
    await who.press('Revoke')
    await who.sees('Shop is revoked.')
  },

  async 'API keys are revoked from the list'(_, { base, who }) {
    await who.go(`${base}/api-keys/new`)
    await who.type({ Name: 'Till' })
    await who.page.getByRole('group', { name: 'Scopes' }).getByRole('checkbox').first().check()
    await who.press('Add New API Key')
    await who.go(`${base}/api-keys?q=Till`)
    const list = who.page.locator('form:has(table)')
    await who.press('Apply', list)
    await who.sees('Nothing was done.')
    await list.getByRole('checkbox', { name: 'Select Till' }).check()
    await list.getByLabel('Bulk action').selectOption('Revoke')
    await who.press('Apply', list)
    await who.press('Revoke')
    await who.sees('API keys revoked: 1.')
  },

  async 'a page of a plugin does what it says'(_, { base, who }) {
    await who.go(`${base}/plugins/payments/payments`)
    await who.type({ 'Customer name': 'Kari Nordmann', Amount: '249,00', Gateway: 'manual' })
    await who.press('Record payment')
    await who.sees('The payment was recorded.')
  },
}
