import type { SendEmail } from '@cloudflare/workers-types'
import type { Mailer } from '../webhooks/mail.ts'
import { senderOf } from '../webhooks/mail-text.ts'

/** Sends through a `send_email` binding. The sender's domain, by default that of PUBLIC_URL, has to be one that may send there. */
export const createMailer =
  (binding: Pick<SendEmail, 'send'>, publicUrl: () => string): Mailer =>
  async ({ to, from, subject, text }) => {
    await binding.send({ from: { name: 'Hookline', email: from ?? senderOf(publicUrl()) }, to, subject, text })
  }
