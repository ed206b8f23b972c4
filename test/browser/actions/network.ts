import { expect } from 'vitest'
import type { Drive, Scenarios } from './scenario.ts'

/** What only Network Admin has: sites, plugins for all of them, settings. */
export const network: Scenarios<Drive> = {
  async 'a site is added, named anew, archived, brought back and deleted'({ admin }) {
    await admin.go('/network/sites/new')
    await admin.type({ Name: 'Kafé Fjord', Slug: 'fjord' })
    await admin.press('Add New Site')
    await admin.sees('Kafé Fjord was added.')
    await admin.go('/network/sites?q=fjord')
    await admin.press('Archive Kafé Fjord')
    await admin.sees('Kafé Fjord is archived.')
    await admin.press('Bring back Kafé Fjord')
    await admin.sees('Kafé Fjord is back.')
    const list = admin.page.locator('form:has(table)')
    await admin.press('Apply', list)
    await admin.sees('Nothing was done.')
    for (const [action, done] of [
      ['Archive', 'Sites archived: 1.'],
      ['Bring back', 'Sites brought back: 1.'],
    ] as const) {
      await list.getByRole('checkbox', { name: 'Select Kafé Fjord' }).check()
      await list.getByLabel('Bulk action').selectOption(action)
      await admin.press('Apply', list)
      await admin.sees(done)
    }
    await admin.go('/network/sites/fjord')
    await admin.type({ Name: 'Kafé' })
    await admin.press('Save')
    await admin.sees('Kafé saved.')
    await admin.press('Archive')
    await admin.sees('Kafé is archived.')
    await admin.press('Bring back')
    await admin.sees('Kafé is back.')
    await admin.click(admin.page.locator('main').getByRole('link', { name: 'Delete' }))
    await admin.type({ 'Type fjord to delete it': 'fjord' })
    await admin.press('Delete')
    await admin.sees('Kafé is deleted.')
  },

  async 'a plugin is set, switched off and on, and uninstalled'({ admin }) {
    await admin.go('/network/plugins')
    await admin.press('Deactivate Example')
    await admin.sees('Example is inactive.')
    await admin.press('Activate Example')
    await admin.sees('Example is active.')
    const list = admin.page.locator('form:has(table)')
    await admin.press('Apply', list)
    await admin.sees('Nothing was done.')
    for (const [action, done] of [
      ['Deactivate', 'Plugins deactivated: 1.'],
      ['Activate', 'Plugins activated: 1.'],
    ] as const) {
      await list.getByRole('checkbox', { name: 'Select Example' }).check()
      await list.getByLabel('Bulk action').selectOption(action)
      await admin.press('Apply', list)
      await admin.sees(done)
    }
    await admin.press('Safe mode')
    await admin.sees('Your pages show nothing of plugins now.')
    await admin.press('Leave safe mode')
    await admin.sees('Your pages show plugins again.')
    await admin.go('/network/plugins/example')
    await admin.type({ 'Greet each morning': 'Kari' })
    await admin.press('Save')
    await admin.sees('Settings saved.')
    await admin.press('Deactivate')
    await admin.sees('Example is inactive.')
    await admin.go('/network/plugins/example/uninstall')
    await admin.type({ 'Type example to uninstall it': 'example' })
    await admin.press('Uninstall')
    await admin.sees('Example is uninstalled.')
  },

  async 'a plugin is paused, and runs again'({ admin }) {
    await admin.go('/network/plugins')
    await admin.click(admin.page.locator('main').getByRole('link', { name: 'Pause Payments' }))
    await admin.press('Pause')
    await admin.sees('Payments is paused.')
    await admin.press('Resume Payments')
    await admin.sees('Payments runs again.')
  },

  async 'a plugin that is paused by its faults runs again'({ admin, server: { deps } }) {
    for (let n = 0; n < 5; n++) await deps.host.blame('payments/page:/payments', null, new Error('It fell over.'))
    await admin.go('/network/plugins')
    await admin.press('Resume Payments')
    await admin.sees('Payments runs again.')
  },

  async 'a handler is muted and runs again'({ admin }) {
    await admin.go('/network/hooks')
    await admin.press(/^Mute/)
    await admin.sees('is muted.')
    await admin.press(/^Unmute/)
    await admin.sees('runs again.')
  },

  async 'the settings are saved, and a test mail is sent'({ admin, mails }) {
    const before = mails.length
    await admin.go('/network/settings')
    await admin.type({ 'Network name': 'Nordlys AS' })
    await admin.press('Save')
    await admin.sees('Settings saved.')
    await admin.press('Send a test mail')
    await admin.sees('The mail server took the test mail.')
    expect(mails.length).toBeGreaterThan(before)
  },

  async 'sending is switched off and on'({ admin }) {
    await admin.go('/network/health')
    await admin.press('Switch sending off')
    await admin.sees('Sending is switched off.')
    await admin.press('Switch sending on')
    await admin.sees('Sending is on.')
  },

  async 'the database is backed up'({ admin }) {
    await admin.go('/network/health')
    await admin.press('Back up now')
    await admin.sees('The backup is')
  },

  async 'the audit log is checked'({ admin }) {
    await admin.go('/network/audit')
    await admin.press('Check the chain')
    await admin.sees('The audit log is intact.')
  },
}
