import { expect, test } from 'vitest'
import { HOUR } from '../../../../server/lib/clock.ts'
import { SECRET_NOT_TAKEN } from '../../../../server/webhooks/lifecycle.ts'
import { testApp } from '../../../support/app.ts'
import { wordsOf } from '../../../support/form.ts'
import { startReceiver } from '../../../support/receiver.ts'

const ASK = 'Ask somebody who may change webhooks to see to it.'

test.each([
  [503, 'The last 5 attempts failed. The receiver answered 503 Service Unavailable.', 'send a test event.', 'See why'],
  [410, 'This webhook is switched off. The receiver answered 410 Gone', 'then activate it.', 'See its deliveries'],
])('who may only look is told of %i as who may change it is, and whom to ask', async (status, what, todo, link) => {
  const receiver = await startReceiver({ answer: () => ({ status }) })
  const app = await testApp()
  const id = await app.webhook({ url: receiver.url, retrySchedule: [HOUR / 1000] })
  for (let n = 0; n < 5; n++) await app.emit()
  await app.deliver()
  const [editor, viewer] = [await app.login(), await app.login('viewer')]
  const notice = async (who: typeof viewer) => {
    const { html } = await who.get(`/network/webhooks/${id}`)
    const part = /<div class="notice"[\s\S]*?<\/div>\s*<\/div>/.exec(html)?.[0] ?? ''
    const href = new RegExp(`href="([^"]+)">${link}`).exec(part)?.[1] ?? ''
    return { text: wordsOf(part), href }
  }
  const [edited, seen] = [await notice(editor), await notice(viewer)]
  expect(edited.text).toContain(what)
  expect(edited.text).toContain(todo)
  expect(seen.text).toContain(what)
  expect(seen.text).toContain(ASK)
  expect(seen.text).not.toContain(todo)
  expect(seen.href).toBe(edited.href)
  expect((await viewer.get(seen.href)).status).toBe(200)
})

test('who may not see secrets is not sent to one that nobody has taken', async () => {
  const app = await testApp()
  const id = await app.webhook({
    url: 'https://a.example/',
    auth: 'signature',
    signing: { scheme: 'v1', extra: [] },
  })
  await app.deps.db.commit([
    app.deps.db.q
      .updateTable('webhook')
      .set({ state: 'disabled', state_reason: SECRET_NOT_TAKEN })
      .where('id', '=', id),
  ])
  const { html } = await (await app.login('viewer')).get(`/network/webhooks/${id}`)
  expect(wordsOf(html)).toContain(`Nobody has taken the signing secret yet, so nothing is sent. ${ASK}`)
  expect(html).not.toContain('href="#secret"')
})
