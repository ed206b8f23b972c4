import type { DriveArea, Scenarios } from './scenario.ts'

/** The plugins of one site. */
export const sitePlugins: Scenarios<DriveArea> = {
  async 'a plugin is set, switched on and off for one site'({ server: { deps } }, { base, who }) {
    await deps.db.commit(await deps.host.deactivate('example'))
    await who.go(`${base}/plugins`)
    await who.press('Activate Example')
    await who.sees('Example is active.')
    await who.press('Deactivate Example')
    await who.sees('Example is inactive.')
    const list = who.page.locator('form:has(table)')
    await who.press('Apply', list)
    await who.sees('Nothing was done.')
    for (const [action, done] of [
      ['Activate', 'Plugins activated: 1.'],
      ['Deactivate', 'Plugins deactivated: 1.'],
    ] as const) {
      await list.getByRole('checkbox', { name: 'Select Example' }).check()
      await list.getByLabel('Bulk action').selectOption(action)
      await who.press('Apply', list)
      await who.sees(done)
    }
    await who.go(`${base}/plugins/example`)
    await who.type({ 'Greet each morning': 'Kari' })
    await who.press('Save')
    await who.sees('Settings saved.')
    await who.press('Activate')
    await who.sees('Example is active.')
  },
}
