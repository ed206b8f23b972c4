import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { codeAt, stepAt } from '../../server/access/totp.ts'
import { start, type Running } from '../../server/node/start.ts'
import { axe, faultsOf, openBrowser, openPage, overflow, type View } from '../support/browser.ts'
import { temporaryFolders } from '../support/folder.ts'
import { quiet } from '../support/log.ts'

const folder = temporaryFolders()
const PASSWORD = 'correct horse battery'

let browser: Browser
let server: Running
beforeAll(async () => {
  browser = await openBrowser()
  server = await start(readConfig({ PORT: '0', DATA_DIR: folder() }), { log: quiet })
})
afterAll(async () => {
  await browser.close()
  await server.stop()
})

async function logIn(view: View): Promise<Page> {
  const page = await openPage(browser, view)
  await page.goto(`${server.url}/login?next=/account`)
  await page.getByLabel('E-mail address').fill('ingrid@nordlys.example')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Log In' }).click()
  return page
}

test('set-up starts at the printed link and ends inside, without JavaScript', async () => {
  const page = await openPage(browser, { javaScript: false })
  await page.goto(server.setUp ?? 'about:blank')
  expect(new URL(page.url()).search).toBe('')
  await page.getByLabel('Network name').fill('Nordlys')
  await page.getByLabel('Your name').fill('Ingrid Nord')
  await page.getByLabel('E-mail address').fill('ingrid@nordlys.example')
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Set Up' }).click()
  expect(new URL(page.url()).pathname).toBe('/network')
  await page.goto(`${server.url}/setup`)
  expect(await page.getByRole('heading', { name: 'Not found' }).count()).toBe(1)
  await page.context().close()
})

test('a new user is added, made a site admin and deleted, without JavaScript', async () => {
  const page = await logIn({ javaScript: false })
  await page.goto(`${server.url}/network/users`)
  await page.getByRole('link', { name: 'Add New User' }).click()
  await page.getByLabel('Name', { exact: true }).fill('Bo Ek')
  await page.getByLabel('E-mail address').fill('bo@nordlys.example')
  await page.getByLabel('By a password that you tell them').check()
  await page.getByLabel('Initial password').fill(PASSWORD)
  await page.getByLabel('Initial password').press('Enter')
  expect(await page.getByRole('status').innerText()).toContain('Bo Ek can log in now.')
  await page.getByRole('link', { name: 'Bo Ek', exact: true }).click()
  await page.getByLabel('Role', { exact: true }).selectOption('Site Admin')
  await page.getByLabel('Site', { exact: true }).selectOption('Main site')
  await page.getByRole('button', { name: 'Save' }).click()
  expect(await page.getByRole('row', { name: 'Bo Ek' }).innerText()).toContain('Main site')
  await page.getByRole('link', { name: 'Delete Bo Ek' }).click()
  await page.getByRole('button', { name: 'Delete' }).click()
  expect(await page.getByRole('row', { name: 'Bo Ek' }).count()).toBe(0)
  await page.context().close()
})

test('somebody is invited by a link, and chooses a password', async () => {
  const page = await logIn({})
  await page.goto(`${server.url}/network/users/new`)
  await page.getByLabel('Name', { exact: true }).fill('Vera Vik')
  await page.getByLabel('E-mail address').fill('vera@nordlys.example')
  await page.getByRole('button', { name: 'Add New User' }).click()
  expect([...(await axe(page)), await overflow(page)]).toEqual([0])
  const link = await page.getByLabel('Link', { exact: true }).innerText()
  await page.context().close()
  const vera = await openPage(browser, { width: 360 })
  await vera.goto(link)
  expect(vera.url()).toBe(`${server.url}/set-password`)
  expect([...(await axe(vera)), await overflow(vera)]).toEqual([0])
  await vera.getByLabel('New password').fill(PASSWORD)
  await vera.getByRole('button', { name: 'Set the password' }).click()
  expect(await vera.getByRole('status').innerText()).toContain('Your password is set.')
  await vera.getByLabel('E-mail address').fill('vera@nordlys.example')
  await vera.getByLabel('Password').fill(PASSWORD)
  await vera.getByRole('button', { name: 'Log In' }).click()
  expect(new URL(vera.url()).pathname).toBe('/network')
  await vera.context().close()
})

test('two-factor is set up and asked for at the next log-in', async () => {
  const page = await logIn({})
  await page.goto(`${server.url}/account/two-factor`)
  await page.getByRole('button', { name: 'Set up' }).click()
  expect([...(await axe(page)), await overflow(page)]).toEqual([0])
  const secret = (await page.locator('dd code').innerText()).replaceAll(' ', '')
  await page.getByLabel('Code', { exact: true }).fill(await codeAt(secret, stepAt(Date.now())))
  await page.getByLabel('Current password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Switch on' }).click()
  expect(await page.getByRole('status').first().innerText()).toContain('Two-factor is on.')
  expect([...(await axe(page)), await overflow(page)]).toEqual([0])
  await page.context().close()

  const later = await logIn({ width: 360 })
  expect(new URL(later.url()).pathname).toBe('/login/code')
  expect([...(await axe(later)), await overflow(later)]).toEqual([0])
  await later.getByLabel('Code', { exact: true }).fill(await codeAt(secret, stepAt(Date.now()) + 1))
  await later.getByRole('button', { name: 'Log In' }).click()
  expect(new URL(later.url()).pathname).toBe('/account')
  await later.goto(`${server.url}/account/two-factor`)
  expect([...(await axe(later)), await overflow(later)]).toEqual([0])
  await later.getByLabel('Current password').last().fill(PASSWORD)
  await later.getByRole('button', { name: 'Switch two-factor off' }).click()
  expect(await later.getByRole('status').innerText()).toContain('Two-factor is off.')
  await later.context().close()
})

test('a key is made, shown once and revoked', async () => {
  const page = await logIn({})
  await page.goto(`${server.url}/network/api-keys`)
  await page.getByRole('link', { name: 'Add New API Key' }).first().click()
  await page.getByLabel('Name', { exact: true }).fill('Shop')
  await page.getByLabel('Send events').check()
  await page.getByRole('button', { name: 'Add New API Key' }).click()
  const secret = await page.getByLabel('Shop').inputValue()
  const me = () => fetch(`${server.url}/api/v1/me`, { headers: { authorization: `Bearer ${secret}` } })
  expect((await me()).status).toBe(200)
  await page.getByRole('link', { name: 'I have copied it' }).click()
  await page.getByRole('link', { name: 'Revoke Shop' }).click()
  await page.getByRole('button', { name: 'Revoke' }).click()
  expect((await me()).status).toBe(401)
  await page.context().close()
})

const PAGES = [
  '/account',
  '/account/two-factor',
  '/network/users',
  '/network/users/new',
  '/network/users/roles',
  '/network/api-keys',
  '/network/api-keys/new',
  '/confirm-password',
]

describe.each<View>([{ scheme: 'light' }, { scheme: 'dark' }, { width: 320 }])('seen as %j', (view) => {
  test('the pages of people are accessible, and fit', async () => {
    const page = await logIn(view)
    const faults = faultsOf(page)
    for (const path of PAGES) {
      await page.goto(server.url + path)
      expect([path, ...(await axe(page)), await overflow(page)]).toEqual([path, 0])
    }
    expect(faults).toEqual([])
    await page.context().close()
  })

  test('so are the pages before anybody is known, also with faults', async () => {
    const page = await openPage(browser, view)
    await page.goto(`${server.url}/login`)
    expect([...(await axe(page)), await overflow(page)]).toEqual([0])
    await page.getByLabel('E-mail address').fill(`${view.scheme ?? view.width}@example.com`)
    await page.getByLabel('Password').fill('not the password')
    await page.getByRole('button', { name: 'Log In' }).click()
    expect(await page.getByRole('alert').innerText()).toContain('That did not match.')
    expect([...(await axe(page)), await overflow(page)]).toEqual([0])
    for (const path of ['/forgot-password', '/set-password']) {
      await page.goto(server.url + path)
      expect([path, ...(await axe(page)), await overflow(page)]).toEqual([path, 0])
    }
    await page.context().close()
  })
})
