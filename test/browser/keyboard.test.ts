import type { Browser, Locator, Page } from 'playwright-core'
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
/** No page may ask for more presses of the Tab key than this to come to anything. */
const MOST_TABS = 150

let browser: Browser
let server: Running
let receiver: Receiver
beforeAll(async () => {
  browser = await openBrowser()
  receiver = await startReceiver()
  const env = { SETUP_EMAIL: EMAIL, SETUP_PASSWORD: PASSWORD, OUTBOUND_ALLOW: '127.0.0.0/8' }
  server = await start(readConfig({ PORT: '0', DATA_DIR: folder(), ...env }), { log: quiet })
})
afterAll(async () => {
  await browser.close()
  await server.stop()
  await receiver.stop()
})

test('the keyboard alone leads from log-in to a delivered payment, and the focus is always in sight', async () => {
  const page = await openPage(browser)
  const faults = faultsOf(page)
  const { keyboard } = page
  const main = page.locator('main')
  const menu = page.getByRole('navigation', { name: 'Network Admin' })
  const go = async (link: Locator, url: RegExp) => {
    await tabTo(page, link)
    await keyboard.press('Enter')
    await page.waitForURL(url)
  }
  const type = async (label: string, text: string) => {
    await tabTo(page, page.getByLabel(label, { exact: true }))
    await keyboard.type(text)
  }
  const press = async (button: string) => {
    await tabTo(page, page.getByRole('button', { name: button, exact: true }).first())
    await Promise.all([page.waitForEvent('load'), keyboard.press('Space')])
  }

  await page.goto(`${server.url}/login`)
  await type('E-mail address', EMAIL)
  await type('Password', PASSWORD)
  await keyboard.press('Enter')
  await page.waitForURL(/\/network$/)

  // The first stop of every page leads past the menu.
  await keyboard.press('Tab')
  await keyboard.press('Enter')
  expect(await main.evaluate((element) => element === document.activeElement)).toBe(true)

  await go(menu.getByRole('link', { name: 'Webhooks', exact: true }), /\/webhooks$/)
  await go(main.getByRole('link', { name: 'Add New Webhook' }).first(), /\/webhooks\/new$/)
  await type('Name', 'Payments to bookkeeping')
  await type('Target URL', `${receiver.url}/in`)
  await tabTo(page, page.getByRole('checkbox', { name: /^Payment Received/ }))
  await keyboard.press('Space')
  await press('Send Test Event')
  const [first] = await receiver.waitFor(1)
  expect(first?.headers['hookline-test']).toBe('1')
  expect(await main.innerText()).toContain('200')
  await tabTo(page, page.getByLabel('Name', { exact: true }))
  await keyboard.press('Enter')
  await page.waitForURL(/\/webhooks\/whk_/)

  await go(menu.getByRole('link', { name: 'Payments', exact: true }), /\/payments$/)
  await type('Customer name', 'Kari Nordmann')
  await type('Amount', '249,00')
  await press('Record payment')
  await receiver.waitFor(2)
  await expect
    .poll(async () => {
      await go(menu.getByRole('link', { name: 'Deliveries', exact: true }), /\/deliveries/)
      return page
        .getByRole('row', { name: /payment_received/ })
        .first()
        .innerText()
    })
    .toContain('Delivered')
  await go(main.getByRole('rowheader').first().getByRole('link').first(), /\/deliveries\/dlv_/)
  expect(await main.innerText()).toContain('Delivered')
  expect(faults).toEqual([])
  await page.context().close()
})

/** Presses Tab until the element has the focus; every stop on the way has to show where it is. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor()
  const isThere = () => target.evaluate((element) => element === document.activeElement)
  for (let n = 0; n < MOST_TABS && !(await isThere()); n++) {
    await page.keyboard.press('Tab')
    expect(await page.evaluate(unseenFocus)).toBeNull()
  }
  expect(await isThere(), `${String(target)} cannot be reached`).toBe(true)
}

/** The focused element, when nothing on the screen tells that it has the focus. */
function unseenFocus(): string | null {
  const element = document.activeElement
  if (!element || element === document.body) return null
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element)
  const { width, height, bottom, top } = element.getBoundingClientRect()
  const isMarked = (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none'
  const isInSight = width > 0 && height > 0 && bottom > 0 && top < innerHeight
  return isMarked && isInSight ? null : element.outerHTML.slice(0, 200)
}
