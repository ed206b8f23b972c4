import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { insertRequest } from '../../../db/queries/privacy.ts'
import { createPerson } from '../../../server/access/people.ts'
import { newId } from '../../../server/lib/ids.ts'
import { PASSWORD, type Somebody } from '../../support/stage.ts'
import type { Drive, Scenarios } from './scenario.ts'

/** The text of the file that this button brings down. */
async function download({ page }: Somebody, button: string): Promise<string> {
  const arrives = page.waitForEvent('download')
  await page.locator('main').getByRole('button', { name: button }).click()
  return readFileSync(await (await arrives).path(), 'utf8')
}

/** What is done to the whole network now and then. */
export const operations: Scenarios<Drive> = {
  async 'users are changed, logged out and deleted together'({ admin, server: { deps } }) {
    const keeper = { name: 'Nils Berg', email: 'nils@nordlys.example', password: PASSWORD, siteId: 'network' }
    await createPerson(deps, null, { ...keeper, role: 'viewer' })
    await admin.go('/network/users?q=nils')
    const list = admin.page.locator('form:has(table)')
    await admin.press('Apply', list)
    await admin.sees('Nothing was done.')
    const act = async (action: string) => {
      await list.getByRole('checkbox', { name: 'Select Nils Berg' }).check()
      await list.getByLabel('Bulk action').selectOption(action)
      await admin.press('Apply', list)
    }
    for (const role of ['Super Admin', 'Integration Admin', 'Viewer']) {
      await act(role)
      await admin.sees('Users with a new role: 1.')
    }
    await act('Log out everywhere')
    await admin.sees('Users logged out everywhere: 1.')
    await act('Delete')
    await admin.press('Delete')
    await admin.sees('Users deleted: 1.')
  },

  async 'what is stored of somebody is found, taken along and erased'({ admin, server: { deps } }) {
    const address = 'olga@nordlys.example'
    const olga = { name: 'Olga', email: address, password: PASSWORD, siteId: 'network', role: 'viewer' } as const
    await createPerson(deps, null, olga)
    await admin.go('/network/privacy')
    await admin.type({ 'E-mail address': address })
    await admin.press('Search')
    await admin.sees('The search has begun.')
    const request = admin.page.url()
    const stateOf = async () =>
      (await deps.db.q.selectFrom('privacy_request').select('state').orderBy('created_at', 'desc').execute())[0]?.state
    await expect.poll(stateOf, { timeout: 20_000 }).toBe('found')
    await admin.go(request)
    expect(await download(admin, 'Export as JSON')).toContain(address)
    await admin.press('Search again')
    await admin.sees('The search has begun.')
    await expect.poll(stateOf, { timeout: 20_000 }).toBe('found')
    await admin.page.reload()
    await admin.type({ [`Type ${address} to erase it`]: address })
    await admin.press('Erase')
    await admin.sees('Erasing has begun.')
  },

  async 'a search is stopped'({ admin, server: { deps } }) {
    const id = newId('prv', deps)
    // It has nowhere to look, and so it does not end by itself.
    const progress = JSON.stringify({ at: null, after: null, waits: false, seen: {}, found: {} })
    const times = { created_at: deps.clock(), ended_at: null, steps: 0 }
    const whose = { address: 'a@example.com', masked: 'a…@example.com', created_by: 'usr_test' }
    await deps.db.commit([insertRequest(deps.db, { id, state: 'searching', progress, ...whose, ...times })])
    await admin.go(`/network/privacy/${id}`)
    await admin.press('Stop')
    await admin.sees('It is stopped.')
  },

  async 'the set-up is taken along and brought back'({ admin, server: { deps } }) {
    await admin.go('/network/export')
    const file = JSON.parse(await download(admin, 'Download the file')) as Record<string, unknown>
    await deps.db.commit([deps.db.q.deleteFrom('setting').where('name', '=', 'network_name')])
    await admin.go('/network/import')
    const buffer = Buffer.from(JSON.stringify(file))
    await admin.page
      .getByLabel('File', { exact: true })
      .setInputFiles({ name: 'set-up.json', mimeType: 'application/json', buffer })
    await admin.press('Preview the import')
    await admin.press('Import')
    await admin.sees('Imported:')
  },

  async 'a backup is made'({ admin }) {
    await admin.go('/network/health')
    await admin.press('Back up now')
    await admin.sees('The backup is')
  },
}
