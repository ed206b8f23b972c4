import { createTransport } from 'nodemailer'
import { SECOND } from '../lib/clock.ts'
import { literalAddress } from '../webhooks/address.ts'
import type { Mailer } from '../webhooks/mail.ts'
import { senderOf } from '../webhooks/mail-text.ts'

const PATIENCE = 10 * SECOND

/**
 * Sends through the mail server of SMTP_URL: `smtp://` turns to TLS where the server offers it, `smtps://` begins with it.
 * A password goes over the net only behind TLS. `?from=` names the sender, unless the settings do.
 */
export function createMailer(smtpUrl: string, publicUrl: () => string): Mailer {
  const url = new URL(smtpUrl)
  const user = decodeURIComponent(url.username)
  const secure = url.protocol === 'smtps:'
  const literal = literalAddress(url.hostname)
  const host = literal ?? url.hostname
  const isHere = host === 'localhost' || host === '127.0.0.1' || host === '::1'
  const transport = createTransport({
    host,
    port: Number(url.port) || (secure ? 465 : 587),
    secure,
    ...(user !== '' && { auth: { user, pass: decodeURIComponent(url.password) }, requireTLS: !secure && !isHere }),
    connectionTimeout: PATIENCE,
    greetingTimeout: PATIENCE,
    socketTimeout: 2 * PATIENCE,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const usual = url.searchParams.get('from')
  return async ({ to, from, subject, text }) => {
    const sender = { name: 'Hookline', address: from ?? usual ?? senderOf(publicUrl()) }
    // As an object: an address is never read for further ones.
    await transport.sendMail({ from: sender, to: { name: '', address: to }, subject, text })
  }
}
