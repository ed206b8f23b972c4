import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A mail as a mail server takes it. */
export interface TakenMail {
  readonly from: string
  readonly to: readonly string[]
  /** Header lines, unfolded. */
  readonly headers: readonly string[]
  readonly text: string
}

/** A mail server on loopback. Ends with the test, unless `ends` takes that over. */
export async function startSmtp(ends: (end: () => void) => void = onTestFinished): Promise<{
  readonly url: string
  readonly mails: TakenMail[]
  /** Answers to all mails from now on; null: they are taken. */
  refuse(answer: string | null): void
}> {
  const mails: TakenMail[] = []
  const sockets = new Set<Socket>()
  let refusal: string | null = null
  const server = createServer((socket) => {
    sockets.add(socket)
    const say = (line: string) => socket.write(`${line}\r\n`)
    let [from, to, rest, inData] = ['', [] as string[], '', false]
    say('220 mail.test ESMTP')
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      rest += chunk.toString('utf8')
      for (;;) {
        const end = inData ? '\r\n.\r\n' : '\r\n'
        const at = rest.indexOf(end)
        if (at < 0) return
        const line = rest.slice(0, at)
        rest = rest.slice(at + end.length)
        if (inData) {
          inData = false
          mails.push(taken(from, to, line))
          say('250 taken')
        } else if (/^EHLO/i.test(line)) say('250 mail.test')
        else if (/^MAIL FROM:/i.test(line)) {
          ;[from, to] = [/<(.*?)>/.exec(line)?.[1] ?? '', []]
          say(refusal ?? '250 ok')
        } else if (/^RCPT TO:/i.test(line)) {
          to = [...to, /<(.*?)>/.exec(line)?.[1] ?? '']
          say('250 ok')
        } else if (/^DATA/i.test(line)) {
          inData = true
          say('354 go on')
        } else say(/^QUIT/i.test(line) ? '221 bye' : '250 ok')
      }
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  ends(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mails,
    refuse: (answer) => void (refusal = answer),
  }
}

function taken(from: string, to: readonly string[], raw: string): TakenMail {
  const [head = '', ...body] = raw.split('\r\n\r\n')
  const headers = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n')
  const coded = headers.some((line) => /^content-transfer-encoding: quoted-printable/i.test(line))
  const text = body.join('\n\n').replaceAll('\r\n', '\n')
  return { from, to, headers, text: coded ? decoded(text.replaceAll('=\n', '')) : text }
}

const decoded = (text: string): string =>
  Buffer.from(
    text.replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8')
