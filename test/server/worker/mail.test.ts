import { expect, test } from 'vitest'
import { createMailer } from '../../../server/worker/mail.ts'

test('a mail goes to the binding with the sender of this installation', async () => {
  const sent: unknown[] = []
  const binding = {
    send: (mail: unknown) => {
      sent.push(mail)
      return Promise.resolve({ messageId: '1' })
    },
  }
  const mailer = createMailer(binding, () => 'https://hooks.example.com')
  await mailer({ to: 'anna@example.com', from: null, subject: 'Hello', text: 'Plain.' })
  expect(sent).toEqual([
    {
      from: { name: 'Hookline', email: 'hookline@hooks.example.com' },
      to: 'anna@example.com',
      subject: 'Hello',
      text: 'Plain.',
    },
  ])
})
