import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { start, type Running } from '../../server/node/start.ts'
import { axe, faultsOf, openBrowser, openPage, overflow, type View } from '../support/browser.ts'
import { temporaryFolders } from '../support/folder.ts'
import { quiet } from '../support/log.ts'
import { startReceiver, type Receiver } from '../support/receiver.ts'

const folder = temporaryFolders()
const EMAIL = 'ingrid@nordlys.example'
const PASSWORD = 'correct horse battery'

let browser: Browser
let server: Running
let receiver: Receiver
beforeAll(async () => {
  browser = await openBrowser()
  receiver = await startReceiver()
  const env = { PORT: '0', DATA_DIR: folder(), OUTBOUND_ALLOW: '127.0.0.0/8' }
  server = await start(readConfig({ ...env, SETUP_EMAIL: EMAIL, SETUP_PASSWORD: PASSWORD }), { log: quiet })
})
afterAll(async () => {
  await browser.close()
  await server.stop()
  await receiver.stop()
})

async function logIn(view: View): Promise<Page> {
  const page = await openPage(browser, view)
  await page.goto(`${server.url}/login?next=/network/webhooks/new`)
  await page.getByLabel('E-mail address').fill(EMAIL)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log In' }).click()
  await page.waitForURL(/webhooks\/new$/)
  return page
}

const views = [
  { width: 1280, scheme: 'light' },
  { width: 1280, scheme: 'dark' },
  { width: 360, scheme: 'light' },
  { width: 320, scheme: 'dark' },
] as const

describe.each(views)('at $width px, $scheme', (view) => {
  test('every page of a webhook is accessible and scrolls one way only', async () => {
    const page = await logIn(view)
    const faults = faultsOf(page)
    const look = async (where: string) => {
      expect(await axe(page), where).toEqual([])
      expect(await overflow(page), where).toBe(0)
    }
    const press = (name: string) => page.getByRole('button', { name, exact: true }).first().click()
    await look('new')
    await page.getByLabel('Name', { exact: true }).fill('A name that goes on and on, so that it has to break somewhere')
    await page.getByLabel('Target URL').fill(`${receiver.url}/in`)
    await page.getByRole('radio', { name: 'Signature' }).check()
    await press('Generate signature')
    await press('Show')
    await look('with a secret')
    await page.getByRole('checkbox', { name: /^Payment Received/ }).check()
    await press('Send Test Event')
    await look('tested')
    await page.getByLabel('Name', { exact: true }).press('Enter')
    await page.waitForURL(/whk_/)
    const path = page.url()
    await look('saved')
    for (const url of [`${path}/delete`, `${path}/activate`, `${server.url}/network/webhooks`]) {
      await page.goto(url)
      await look(url)
    }
    await press('Send Test Event')
    await look('tested from the list')
    expect(faults).toEqual([])
    await page.context().close()
  })

  test('batches, headers and a pair of keys are filled in by hand, rotated, and accessible with all folds open', async () => {
    const page = await logIn(view)
    const faults = faultsOf(page)
    const look = async (where: string) => {
      // Under the bar, which stays in sight, a button may be half covered by chance.
      await page.evaluate(() => scrollTo(0, 0))
      expect(await axe(page), where).toEqual([])
      expect(await overflow(page), where).toBe(0)
    }
    const press = (name: string) => page.getByRole('button', { name, exact: true }).first().click()
    await page.getByLabel('Name', { exact: true }).fill('Nightly books')
    await page.getByLabel('Target URL').fill(`${receiver.url}/batched`)
    await page.getByRole('checkbox', { name: /^Payment Received/ }).check()
    for (const fold of ['Which events exactly', 'Custom headers', 'Order, rate and retries'])
      await page.getByText(fold, { exact: true }).click()
    await page.getByLabel('Condition').fill('{"path":"payment_currency","equals":"SEK"}')
    await press('Try the condition')
    expect(await page.getByText('The sample of payment_received meets it.').isVisible()).toBe(true)
    await page.getByText('Custom headers', { exact: true }).click()
    await page.getByLabel('Headers to add to each request').fill('X-Api-Key: key-1')
    await page.getByRole('radio', { name: 'Batched' }).check()
    await page.getByRole('radio', { name: 'At times of the day' }).check()
    await page.getByLabel('Times of the day', { exact: true }).fill('06:30, 18:00')
    await page.getByRole('radio', { name: 'Bearer' }).check()
    await page.getByLabel('Token').fill('tok-1')
    await page.getByRole('checkbox', { name: 'Sign each request as well' }).and(page.locator(':visible')).check()
    await look('filled in')
    await page.getByLabel('Name', { exact: true }).press('Enter')
    await page.waitForURL(/whk_/)
    await press('Show')
    await page.getByText('How it is signed').click()
    await look('saved, with its secret')
    await press('Rotate signature')
    expect(await page.getByText('Signature rotated.').isVisible()).toBe(true)
    await page.getByText('How it is signed').click()
    await page.getByRole('radio', { name: 'Public key (Ed25519, v1a)' }).check()
    await press('Generate signature')
    expect(await page.getByText(/^whpk_/).isVisible()).toBe(true)
    expect(await page.getByLabel('Headers to add to each request').inputValue()).toBe('X-Api-Key: …')
    expect(await page.getByLabel('Times of the day', { exact: true }).inputValue()).toBe('06:30, 18:00')
    await look('with a pair of keys')
    await page.getByLabel('Name', { exact: true }).press('Enter')
    await page.waitForURL(/whk_\w+$/)
    expect(await page.getByText('Webhook saved.').isVisible()).toBe(true)
    expect(faults).toEqual([])
    await page.context().close()
  })

  test('a form with faults names them at their fields', async () => {
    const page = await logIn(view)
    await page.getByRole('radio', { name: 'Basic' }).check()
    await page.getByLabel('Name', { exact: true }).press('Enter')
    const alert = page.getByRole('alert')
    expect(await alert.evaluate((element) => element === document.activeElement)).toBe(true)
    await alert.getByRole('link', { name: 'Basic authentication needs a user name.' }).click()
    expect(await page.getByLabel('Username').getAttribute('aria-invalid')).toBe('true')
    expect(await axe(page)).toEqual([])
    expect(await overflow(page)).toBe(0)
    await page.context().close()
  })
})

test('the search in the list of events leaves what has the words', async () => {
  const page = await logIn({})
  await page.getByRole('searchbox', { name: 'Search events' }).fill('refund')
  expect(await page.getByRole('checkbox', { name: /^Payment Refunded/ }).isVisible()).toBe(true)
  expect(await page.getByRole('checkbox', { name: /^Account Created/ }).isVisible()).toBe(false)
  await page.context().close()
})

test('the preview follows what is chosen, and keeps what is typed', async () => {
  const page = await logIn({})
  const faults = faultsOf(page)
  await page.getByLabel('Name', { exact: true }).fill('Typed')
  await page.getByRole('checkbox', { name: /^Payment Failed/ }).check()
  await page.getByText('with a sample of payment_failed').waitFor()
  expect(await page.locator('#chips').innerText()).toContain('Payment Failed')
  expect(await page.getByText('1 chosen', { exact: true }).isVisible()).toBe(true)
  await page.getByRole('radio', { name: 'Envelope' }).check()
  await page.getByText('Envelope as a curl command').waitFor()
  await page.getByLabel('Timestamp').and(page.locator(':visible')).selectOption('iso')
  await expect.poll(() => page.locator('#preview-envelope').innerText()).toMatch(/"timestamp": "\d{4}-/)
  expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Typed')
  expect(await page.getByRole('checkbox', { name: /^Payment Failed/ }).isChecked()).toBe(true)
  expect(new URL(page.url()).pathname).toBe('/network/webhooks/new')
  expect(faults).toEqual([])
  await page.context().close()
})

test('the payload of an event opens at the bottom of the page, and nothing typed is lost', async () => {
  const page = await logIn({})
  const faults = faultsOf(page)
  await page.getByLabel('Name', { exact: true }).fill('Typed')
  const reference = page.locator('#reference')
  await reference.locator('summary', { hasText: /^\s*Payments/ }).click()
  await reference.getByText('Payload: Payment Refunded').click()
  await expect.poll(() => reference.getByRole('region').innerText()).toMatch(/"payment_status": "refunded"/)
  expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Typed')
  expect(await axe(page)).toEqual([])
  expect(faults).toEqual([])
  await page.context().close()
})
