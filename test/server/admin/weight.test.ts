import { expect, test } from 'vitest'
import { locales } from '../../../server/web/i18n.ts'
import { testApp, type TestApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

/** In bytes, before it is compressed. */
const MOST = 100_000

/** With every plugin that is shipped active, and a webhook that names each of their events. */
async function furnished(): Promise<{ app: TestApp; paths: readonly string[] }> {
  const app = await testApp()
  const plugins = await app.deps.host.plugins()
  for (const { slug, state } of plugins) {
    if (state === 'inactive') await app.deps.db.commit(await app.deps.host.activate(slug))
  }
  const receiver = await startReceiver()
  const events = app.deps.host.eventTypes().map(({ name }) => name)
  const webhook = await app.webhook({ url: `${receiver.url}/in`, events })
  for (let n = 0; n < 5; n++) await app.emit()
  await app.deliver()
  await receiver.stop()
  return {
    app,
    paths: [
      '/network/webhooks/new',
      `/network/webhooks/${webhook}`,
      '/network/event-types',
      '/network/plugins',
      '/network/hooks',
      '/network/sources/new',
      '/network/deliveries',
      '/network/styleguide',
      ...plugins.map(({ slug }) => `/network/plugins/${slug}`),
    ],
  }
}

test.each(locales)('no page is heavy while every plugin is active, in %s', async (locale) => {
  const { app, paths } = await furnished()
  const admin = await app.login()
  const sizes = []
  for (const path of paths) {
    const { status, html } = await admin.get(path, { 'accept-language': locale })
    sizes.push({ path, status, bytes: new TextEncoder().encode(html).length })
  }
  expect(sizes.filter(({ status, bytes }) => status !== 200 || bytes > MOST)).toEqual([])
})
