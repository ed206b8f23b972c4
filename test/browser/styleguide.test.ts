import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { styleguideRoutes } from '../../server/admin/styleguide.ts'
import { axe, faultsOf, openBrowser, openPage, overflow, type View } from '../support/browser.ts'
import { framed } from '../support/framed.ts'
import { openWorld, type World } from '../support/people.ts'

let browser: Browser
let world: World
let server: ReturnType<typeof createAdaptorServer>
let address: string

beforeAll(async () => {
  world = await openWorld()
  server = createAdaptorServer({ fetch: framed({ ...world, dispatcher: () => 'on' }, styleguideRoutes).fetch })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/network/styleguide`
  browser = await openBrowser()
})
afterAll(async () => {
  await browser.close()
  server.close()
  await world.db.close()
})

describe.each<View>([{ scheme: 'light' }, { scheme: 'dark' }, { width: 360 }])('seen as %j', (view) => {
  test('every component is accessible, and no part of our own policy is in the way', async () => {
    const page = await openPage(browser, view)
    const faults = faultsOf(page)
    await page.goto(address)
    expect(await axe(page)).toEqual([])
    expect(faults).toEqual([])
    await page.context().close()
  })
})

test('nothing scrolls sideways, however narrow', async () => {
  for (const width of [320, 360, 640, 960, 1920]) {
    const page = await openPage(browser, { width })
    await page.goto(address)
    expect([width, await overflow(page)]).toEqual([width, 0])
    await page.context().close()
  }
})

test('icons are drawn from the sprite, and only the arrow of an open list turns', async () => {
  const page = await openPage(browser)
  await page.goto(address)
  await page.locator('.adminbar summary').first().click()
  const turned = await page
    .locator('.adminbar [open] .icon')
    .evaluateAll((icons) => icons.map((icon) => getComputedStyle(icon).rotate))
  expect(turned).toEqual(['none', '180deg'])
  const box = await page.locator('.brand .icon use').boundingBox()
  expect(box?.width).toBeGreaterThan(4)
  await page.context().close()
})

test.each(['light', 'dark'] as const)('in forced colours, %s, a status keeps its icon and its word', async (scheme) => {
  const page = await openPage(browser, { scheme })
  await page.emulateMedia({ forcedColors: 'active' })
  await page.goto(address)
  const shown = await page.locator('main .status[data-tone]:visible').evaluateAll((statuses) =>
    statuses.map((status) => {
      const icon = status.querySelector('.icon')
      return {
        word: (status as HTMLElement).innerText.trim() !== '',
        icon: (icon?.getBoundingClientRect().width ?? 0) > 8,
        // The colours that the person chose, and none of ours that may not be seen on them.
        colour: icon !== null && getComputedStyle(icon).color === getComputedStyle(status).color,
      }
    }),
  )
  expect(shown.length).toBeGreaterThan(5)
  expect(shown.filter(({ word, icon, colour }) => !word || !icon || !colour)).toEqual([])
  await page.context().close()
})

describe('without JavaScript', () => {
  test('what only the script can do is not there, and all else is', async () => {
    const page = await openPage(browser, { javaScript: false })
    await page.goto(address)
    expect(await page.getByRole('button', { name: 'Copy' }).count()).toBe(0)
    expect(await page.getByRole('searchbox', { name: 'Search events' }).count()).toBe(0)
    await page.getByText('Basic', { exact: true }).click()
    expect(await page.getByLabel('Username').isVisible()).toBe(true)
    await page.getByText('Show the figures').click()
    expect(await page.getByRole('table', { name: 'Deliveries, last 24 hours' }).isVisible()).toBe(true)
    await page.context().close()
  })

  test('the menu opens from the bar of a narrow window', async () => {
    const page = await openPage(browser, { javaScript: false, width: 360 })
    await page.goto(address)
    const menu = page.getByRole('navigation', { name: 'Network Admin' })
    expect(await menu.isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Menu' }).click()
    expect(await menu.isVisible()).toBe(true)
    await page.context().close()
  })
})

describe('with JavaScript', () => {
  test('one box ticks all, and typing filters the events', async () => {
    const page = await openPage(browser)
    const faults = faultsOf(page)
    await page.goto(address)
    await page.getByLabel('Select all').check()
    expect(await page.locator('input[name=id]:checked').count()).toBe(2)

    await page.getByRole('searchbox', { name: 'Search events' }).fill('learner')
    expect(await page.getByRole('checkbox', { name: 'Learner Progress' }).isVisible()).toBe(true)
    expect(await page.getByRole('checkbox', { name: 'Payment Received' }).isVisible()).toBe(false)
    expect(faults).toEqual([])
    await page.context().close()
  })
})
