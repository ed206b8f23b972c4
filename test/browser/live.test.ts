import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser } from '../support/browser.ts'
import { temporaryFolders } from '../support/folder.ts'
import { emitSample, makeWebhook } from '../support/furnish.ts'
import { BROKEN, openStage, type Stage } from '../support/stage.ts'
import { access } from './actions/access.ts'

/** Longer than any of these pages waits before it looks again. */
const WHILE = 7000
const PATIENT = { timeout: 20_000 }

const folder = temporaryFolders()
let browser: Browser
let stage: Stage
beforeAll(async () => {
  browser = await openBrowser()
  stage = await openStage(browser, folder(), true)
  await access['the network is set up']?.(stage)
  // Time in the pages goes as the tests say.
  await stage.admin.page.clock.install()
})
afterAll(async () => {
  await stage.stop()
  await browser.close()
})

/** Lets time go by in the page until the words stand there, or as often as that can take. */
const comes = (words: string) =>
  expect
    .poll(async () => {
      await stage.admin.page.clock.runFor(WHILE)
      return (await stage.admin.page.locator('main').innerText()).replaceAll(/\s+/g, ' ')
    }, PATIENT)
    .toContain(words)

test('what comes in shows up by itself: in an empty list, with its count, in an empty bin, and in a delivery', async () => {
  const { admin, server, receiver } = stage
  const main = admin.page.locator('main')
  await admin.go('/network/deliveries')
  expect(await main.innerText()).toContain('No deliveries yet')
  await makeWebhook(server.deps, { url: `${receiver.url}/in`, name: 'Desk' }, 'network')
  await emitSample(server.deps, { site: 'sit_main' })
  await comes('Delivered (1)')
  expect(await admin.page.getByRole('row', { name: /payment_received/ }).count()).toBe(1)

  await admin.go('/network/bins')
  await admin.type({ 'Name of a new bin': 'Trial' })
  await admin.press('Add New Bin')
  const url = await admin.page.getByLabel('Send anything to').inputValue()
  await fetch(url, { method: 'POST', body: 'the first' })
  await comes('the first')
  const caught = main.locator('#caught li')
  await fetch(url, { method: 'PUT', body: 'the second' })
  await comes('PUT')
  // The one that somebody reads stays, and stays marked.
  expect(await main.innerText()).toContain('the first')
  expect([await caught.count(), await caught.nth(1).locator('[aria-current]').count()]).toEqual([2, 1])

  const broken = { url: `${receiver.url}${BROKEN}`, name: 'Broken', retrySchedule: [1] }
  const webhook = await makeWebhook(server.deps, broken, 'network')
  await emitSample(server.deps, { site: 'sit_main' })
  const { id } = await server.deps.db.q
    .selectFrom('delivery')
    .select('id')
    .where('webhook_id', '=', webhook)
    .executeTakeFirstOrThrow()
  await admin.go(`/network/deliveries/${id}`)
  await comes('This delivery failed, and is not tried again.')
  expect(await main.innerText()).toContain('2 of 2')
  expect(await main.locator('.page-head').innerText()).toContain('Failed')
  expect(await main.locator('[data-live]').count()).toBe(0)
})

test('a list waits while somebody marks text in it, and goes on afterwards', async () => {
  const { admin, server } = stage
  const { page } = admin
  await admin.go('/network/events')
  await page
    .locator('#events tbody th small')
    .first()
    .evaluate((element) => getSelection()?.selectAllChildren(element))
  const event = await emitSample(server.deps, { site: 'sit_main' })
  const shown = () => page.locator(`#events a[href$="${event}"]`).count()
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  await page.clock.runFor(WHILE)
  expect([asked, await shown()]).toEqual([[], 0])
  await page.evaluate(() => getSelection()?.removeAllRanges())
  await expect
    .poll(async () => {
      await page.clock.runFor(WHILE)
      return shown()
    }, PATIENT)
    .toBe(1)
})
