import { expect, test } from 'vitest'
import { testHost } from 'hookline/plugin/test'
import example from '../../plugins/example/plugin.ts'

test('greeting somebody emits greeting_sent', async () => {
  const host = await testHost(example)
  await host.request('POST /greet', { form: { name: 'Mary' } })
  expect(host.emitted).toMatchObject([{ name: 'greeting_sent', payload: { name: 'Mary' } }])
})

test('the listener hears it, and the page shows it', async () => {
  const host = await testHost(example)
  await host.request('POST /greet', { form: { name: '' } })
  expect(host.stored.greetings).toMatchObject([{ name: 'World', heard: true }])
  expect(await host.page('/greetings')).toContain('Hello, World!')
})
