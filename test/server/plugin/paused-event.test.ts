import { z } from 'zod'
import { expect, onTestFinished, test } from 'vitest'
import { definePlugin, event } from 'hookline/plugin'
import { testApp } from '../../support/app.ts'
import { startReceiver } from '../../support/receiver.ts'

const bellRung = event('bell_rung', {
  title: 'Bell Rung',
  sentence: 'A bell was rung',
  description: 'Happens in this test.',
  lane: 'realtime',
  payload: z.looseObject({}),
  sample: {},
})
const bell = definePlugin(
  {
    slug: 'bell',
    version: '1.0.0',
    title: 'Bell',
    description: 'Rings, and breaks.',
    requires: { host: '^1.0' },
    scope: 'network',
    defaultActive: true,
    events: [bellRung],
  },
  ({ on }) =>
    on(bellRung, () => {
      throw new Error('The clapper fell off https://example.com/?token=secret.')
    }),
)

test('a plugin that is paused is told of once, to the webhooks that listen to it', async () => {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.stop())
  const app = await testApp({ plugins: [bell] })
  await app.webhook({ url: receiver.url, events: ['plugin_paused'] })
  for (let n = 0; n < 4; n++) {
    await app.emit({ type: 'bell_rung' })
    app.clock.advance(61_000)
  }
  await app.deliver()
  expect(receiver.requests).toEqual([])
  await app.emit({ type: 'bell_rung' })
  await app.deliver()
  await app.deliver()
  expect(receiver.requests.map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
    {
      type: 'plugin_paused',
      site: 'main',
      data: {
        plugin: 'bell',
        title: 'Bell',
        reason: 'One of its handlers failed 5 times in a row.',
        handler: 'bell/on:bell_rung#0',
        fault: expect.stringMatching(/^The clapper fell off https:\/\/example\.com/) as string,
      },
    },
  ])
  expect(receiver.requests[0]?.body).not.toContain('secret')
})
