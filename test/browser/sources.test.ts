import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { start, type Running } from '../../server/node/start.ts'
import { axe, faultsOf, openBrowser, openPage } from '../support/browser.ts'
import { temporaryFolders } from '../support/folder.ts'
import { quiet } from '../support/log.ts'
import { startReceiver, type Receiver } from '../support/receiver.ts'

const folder = temporaryFolders()
const EMAIL = 'ingrid@nordlys.example'
const PASSWORD = 'correct horse battery'
const KEY = 'hk_sources_key_with_32_characters_or_more'

let browser: Browser
let server: Running
let receiver: Receiver
beforeAll(async () => {
  browser = await openBrowser()
  receiver = await startReceiver()
  const env = { SETUP_EMAIL: EMAIL, SETUP_PASSWORD: PASSWORD, SETUP_API_KEY: KEY, OUTBOUND_ALLOW: '127.0.0.0/8' }
  server = await start(readConfig({ PORT: '0', DATA_DIR: folder(), ...env }), { log: quiet })
  await fetch(`${server.url}/api/v1/webhooks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Desk', url: `${receiver.url}/in`, events: ['generic.request_received'] }),
  })
})
afterAll(async () => {
  await browser.close()
  await server.stop()
  await receiver.stop()
})

for (const javaScript of [true, false]) {
  test(`a source is added, pasted, heard and seen, ${javaScript ? 'with' : 'without'} JavaScript`, async () => {
    const page = await openPage(browser, { javaScript })
    const faults = faultsOf(page)
    await logIn(page)
    const before = receiver.requests.length
    const body = `{"order":{"no":"${javaScript ? 'A' : 'B'}-17"}}`

    await page.getByRole('navigation', { name: 'Network Admin' }).getByRole('link', { name: 'Sources' }).click()
    await page.locator('main').getByRole('link', { name: 'Add New Source' }).first().click()
    await page.getByRole('link', { name: 'Any JSON' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Order desk')
    await page.getByLabel('Event', { exact: true }).selectOption('generic.request_received')
    await page.getByRole('button', { name: 'Show its fields' }).click()
    await page.getByLabel('Sample').fill(body)
    await page.getByRole('button', { name: 'Preview' }).click()
    expect(await page.locator('#preview').innerText()).toContain('This fits the event.')
    if (javaScript) expect(await axe(page)).toEqual([])
    // Enter in Name saves.
    await page.getByLabel('Name', { exact: true }).press('Enter')
    await page.waitForURL(/\/network\/sources\/src_/)
    expect(await page.getByRole('status').first().innerText()).toContain('Order desk was added.')

    const address = await page.locator('#address').innerText()
    expect(await page.getByRole('button', { name: 'Copy' }).isVisible()).toBe(javaScript)
    for (let n = 0; n < 2; n++) expect((await fetch(address, { method: 'POST', body })).status).toBe(200)
    expect((await fetch(address, { method: 'POST', body: 'no JSON' })).status).toBe(400)
    const requests = await receiver.waitFor(before + 1)
    expect(JSON.parse(requests.at(-1)?.body ?? '')).toMatchObject({
      type: 'generic.request_received',
      data: { body: JSON.parse(body) as object },
    })

    await page.reload()
    const log = await page.locator('#log').innerText()
    expect(log).toContain('Request Received')
    expect(log).toContain('The body is not JSON')
    if (javaScript) expect(await axe(page)).toEqual([])
    expect(faults).toEqual([])
    await page.context().close()
  })
}

async function logIn(page: Page): Promise<void> {
  await page.goto(`${server.url}/login`)
  await page.getByLabel('E-mail address').fill(EMAIL)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log In' }).click()
  await page.waitForURL(`${server.url}/network`)
}
