import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { start, type Running } from '../../server/node/start.ts'
import { faultsOf, openBrowser, openPage } from '../support/browser.ts'
import { temporaryFolders } from '../support/folder.ts'
import { quiet } from '../support/log.ts'
import { startReceiver, type Receiver } from '../support/receiver.ts'

const folder = temporaryFolders()
const EMAIL = 'ingrid@nordlys.example'
const PASSWORD = 'correct horse battery'

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

for (const javaScript of [true, false]) {
  test(`from set-up to a delivered payment, ${javaScript ? 'with' : 'without'} JavaScript`, async () => {
    const receiver = await startReceiver()
    const config = readConfig({ PORT: '0', DATA_DIR: folder(), OUTBOUND_ALLOW: '127.0.0.0/8' })
    const server = await start(config, { log: quiet })
    try {
      await mainJob(server, receiver, javaScript)
    } finally {
      await server.stop()
      await receiver.stop()
    }
  })
}

async function mainJob(server: Running, receiver: Receiver, javaScript: boolean): Promise<void> {
  const page = await openPage(browser, { javaScript })
  const faults = faultsOf(page)

  await page.goto(server.setUp ?? 'about:blank')
  await page.getByLabel('Network name').fill('Nordlys')
  await page.getByLabel('Your name').fill('Ingrid Nord')
  await page.getByLabel('E-mail address').fill(EMAIL)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Set Up' }).click()
  await logOutAndIn(page, server)

  // A webhook for Payment Received, signed; tested before it is saved.
  await page.goto(`${server.url}/network/webhooks`)
  await page.locator('main').getByRole('link', { name: 'Add New Webhook' }).first().click()
  await page.getByLabel('Name', { exact: true }).fill('Payments to bookkeeping')
  await page.getByLabel('Target URL').fill(`${receiver.url}/hooks/in`)
  await page.getByRole('checkbox', { name: /^Payment Received/ }).check()
  await page.getByRole('radio', { name: 'Signature' }).check()
  await page.getByRole('button', { name: 'Generate signature' }).click()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Download signature (JSON)' }).click()
  const { secret } = JSON.parse(readFileSync(await (await download).path(), 'utf8')) as { secret: string }
  await page.getByRole('button', { name: 'Send Test Event' }).click()
  const [first] = await receiver.waitFor(1)
  expect(first?.headers['hookline-test']).toBe('1')
  expect(await page.locator('main').innerText()).toContain('200')

  // Enter in Name saves.
  await page.getByLabel('Name', { exact: true }).press('Enter')
  await page.waitForURL(/\/network\/webhooks\/whk_/)
  expect(await page.getByRole('status').first().innerText()).toMatch(/Webhook/i)

  // A payment, on the page of the payments plugin.
  await page.getByRole('navigation', { name: 'Network Admin' }).getByRole('link', { name: 'Payments' }).click()
  await page.getByLabel('Customer name').fill('Kari Nordmann')
  await page.getByLabel('Amount').fill('249,00')
  await page.getByLabel('Gateway').fill('manual')
  await page.getByRole('button', { name: 'Record payment' }).click()
  expect(await page.getByRole('status').first().innerText()).toContain('The payment was recorded.')

  const [, second] = await receiver.waitFor(2)
  expect(new Webhook(secret).verify(second?.body ?? '', { ...second?.headers })).toBeTruthy()
  expect(JSON.parse(second?.body ?? '')).toMatchObject({
    type: 'payment_received',
    data: { customer_name: 'Kari Nordmann', amount_minor: 24900 },
  })

  await expect
    .poll(async () => {
      await page.goto(`${server.url}/network/deliveries`)
      return page
        .getByRole('row', { name: /payment_received/ })
        .first()
        .innerText()
    })
    .toContain('Delivered')
  expect(faults).toEqual([])
  await page.context().close()
}

async function logOutAndIn(page: Page, server: Running): Promise<void> {
  await page.locator('summary', { hasText: 'Ingrid Nord' }).click()
  await page.getByRole('button', { name: 'Log Out' }).click()
  await page.goto(`${server.url}/network`)
  expect(new URL(page.url()).pathname).toBe('/login')
  await page.getByLabel('E-mail address').fill(EMAIL)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log In' }).click()
  await page.waitForURL(`${server.url}/network`)
}
