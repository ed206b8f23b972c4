import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { openBrowser, openPage } from '../support/browser.ts'

// `npm run screens`: makes docs/screens from the demo, so that the pictures show what there is.

const root = resolve(import.meta.dirname, '../..')
const PAGES = {
  dashboard: '/network',
  webhooks: '/network/webhooks',
  'webhook-new': '/network/webhooks/new',
  deliveries: '/network/deliveries',
  plugins: '/network/plugins',
  plugin: '/network/plugins/payments',
  hooks: '/network/hooks',
  events: '/network/events',
  'event-type': '/network/event-types/payment_received',
  'source-new': '/network/sources/new?kind=stripe',
  sites: '/network/sites',
  users: '/network/users',
  health: '/network/health',
  audit: '/network/audit',
  privacy: '/network/privacy',
  export: '/network/export',
  settings: '/network/settings',
  api: '/api/docs',
}
/** What has an address of its own in each demo: the first of a list. */
const FIRST_OF = { delivery: '/network/deliveries?state=retrying', event: '/network/events', bin: '/network/bins' }
/** So long the demo's stream runs before the camera comes. */
const WARM_UP = 40_000

const demo = spawn(process.execPath, [join(root, 'server/node/demo.ts')], { env: { ...process.env, PORT: '0' } })
try {
  const { url, email, password } = await loginOf(demo)
  await new Promise((done) => setTimeout(done, WARM_UP))
  const browser = await openBrowser()
  const page = await openPage(browser, { width: 1280 })
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.goto(`${url}/login`)
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log In' }).click()
  await page.waitForURL(`${url}/network`)
  for (const [name, path] of Object.entries(PAGES)) {
    await page.goto(url + path)
    await page.screenshot({ path: join(root, 'docs/screens', `${name}.png`) })
  }
  for (const [name, list] of Object.entries(FIRST_OF)) {
    await page.goto(url + list)
    await page.locator('th.primary > a').first().click()
    await page.waitForLoadState()
    await page.screenshot({ path: join(root, 'docs/screens', `${name}.png`) })
  }
  await browser.close()
} finally {
  const ended = once(demo, 'exit')
  demo.kill('SIGTERM')
  await ended
}

/** What the demo prints at its start. */
function loginOf(child: typeof demo): Promise<{ url: string; email: string; password: string }> {
  return new Promise((found, failed) => {
    let text = ''
    child.stdout.on('data', (chunk) => {
      text += String(chunk)
      const [, url, email, password] = /listens on (\S+)[\s\S]*Log in as (\S+) with the password (\S+)/.exec(text) ?? []
      if (url && email && password) found({ url, email, password })
    })
    child.on('exit', () => failed(new Error(`The demo ended: ${text}`)))
  })
}
