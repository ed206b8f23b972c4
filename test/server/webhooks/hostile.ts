import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { DeliveryState, Outcome } from '../../../db/schema.ts'
import { DAY, SECOND } from '../../../server/lib/clock.ts'

/** A receiver that means harm, or is broken, and what has to become of a delivery to it. */
export interface Hostile {
  /** Bytes to answer with, after which the connection is closed; or what to do with it. */
  readonly says: string | Buffer | ((socket: Socket) => void)
  /** Answers as soon as somebody connects, before it has read anything. */
  readonly hasty?: true
  /** Speaks TLS, and shows this certificate. */
  readonly tls?: string
  readonly outcome: Outcome
  readonly status: number | null
  readonly state: DeliveryState
  readonly truncated?: true
  /** How often it is asked; once where nothing is said. */
  readonly requests?: number
  /** How many bytes of its answer are in the log. */
  readonly kept?: number
  /** When the next attempt is due, in milliseconds from this one; 60 s by the schedule where nothing is said. */
  readonly wait?: number
  /** Runs until the time-out, which is a second. */
  readonly slow?: true
}

const BODY = 16 * 1024

const ok = (more: Partial<Hostile> = {}) => ({ outcome: 'ok', status: 200, state: 'delivered', ...more }) as const
const refused = (status: number, more: Partial<Hostile> = {}) =>
  ({ outcome: 'http_error', status, state: 'retrying', ...more }) as const
const silent = (outcome: Outcome, more: Partial<Hostile> = {}) =>
  ({ outcome, status: null, state: 'retrying', ...more }) as const
const protocol = silent('protocol')

const head = (status: number, ...lines: readonly string[]) =>
  `${[`HTTP/1.1 ${status} So`, ...lines].join('\r\n')}\r\n\r\n`
const empty = (status: number, ...lines: readonly string[]) => head(status, ...lines, 'content-length: 0')
const later = (header: string, status = 429) => empty(status, `retry-after: ${header}`)

/** Writes the same again and again, as fast as it is read. */
const endlessly = (start: string, again: string) => (socket: Socket) => {
  const more = () => {
    while (!socket.destroyed && socket.write(again)) continue
    socket.once('drain', more)
  }
  socket.write(start)
  more()
}

/** A byte now and then, without an end. */
const drips = (start: string, byte: string) => (socket: Socket) => {
  socket.write(start)
  const timer = setInterval(() => socket.write(byte), 50)
  socket.on('close', () => clearInterval(timer))
}

/** Says something and then resets the connection. */
const resets = (text: string) => (socket: Socket) => {
  socket.write(text, () => setImmediate(() => socket.resetAndDestroy()))
}

const CHUNK = `2000\r\n${'x'.repeat(0x2000)}\r\n`
const BOMB = gzipSync(Buffer.alloc(20_000_000))
/** A script, colours of a terminal, a NUL, and what is no UTF-8. */
export const INK = Buffer.from('<script>alert(1)</script>\u001b[31m\u0000\u0007\u0080\u00ff', 'latin1')

/** By what they do. What takes two requests, or the right certificate of the wrong name, stands in connect.test.ts. */
export const hostile: Readonly<Record<string, Hostile>> = {
  // Time.
  'never answers': { says: () => {}, ...silent('timeout', { slow: true }) },
  'drips a head': { says: drips('HTTP/1.1 200 OK\r\nx: ', 'y'), ...silent('timeout', { slow: true }) },
  'drips a body': { says: drips(head(200, 'content-length: 100000'), 'y'), ...ok({ truncated: true, slow: true }) },
  'answers and never ends': {
    says: (socket) => void socket.write(head(500, 'transfer-encoding: chunked')),
    ...refused(500, { truncated: true, slow: true, kept: 0 }),
  },

  // Size.
  'sends a gigabyte': {
    says: endlessly(head(200, 'content-length: 1000000000'), 'x'.repeat(0x10000)),
    ...ok({ truncated: true, kept: BODY }),
  },
  'sends an endless body': {
    says: endlessly(head(200, 'transfer-encoding: chunked'), CHUNK),
    ...ok({ truncated: true, kept: BODY }),
  },
  'fails with an endless body': {
    says: endlessly(head(500, 'transfer-encoding: chunked'), CHUNK),
    ...refused(500, { truncated: true, kept: BODY }),
  },
  'sends a body without a length and without an end': {
    says: endlessly(head(200), 'x'.repeat(0x10000)),
    ...ok({ truncated: true, kept: BODY }),
  },
  'sends a gzip bomb': {
    says: Buffer.concat([Buffer.from(head(200, 'content-encoding: gzip', `content-length: ${BOMB.length}`)), BOMB]),
    ...ok({ truncated: true, kept: BODY }),
  },
  'sends endless headers': { says: endlessly('HTTP/1.1 200 OK\r\n', 'x-more: and more\r\n'), ...silent('too_large') },
  'sends one endless header': { says: endlessly('HTTP/1.1 200 OK\r\nx: ', 'y'.repeat(1000)), ...silent('too_large') },
  'sends a head over 16 KiB': { says: empty(200, `x: ${'y'.repeat(17_000)}`), ...silent('too_large') },
  'sends endless trailers': {
    says: endlessly(`${head(200, 'transfer-encoding: chunked')}0\r\n`, 'x-more: and more\r\n'),
    ...ok({ truncated: true, kept: 0 }),
  },
  'sends an endless chunk size': {
    says: endlessly(head(200, 'transfer-encoding: chunked'), '0'.repeat(1000)),
    ...ok({ truncated: true, kept: 0 }),
  },

  'sends an endless chunk extension': {
    says: endlessly(`${head(200, 'transfer-encoding: chunked')}1;`, 'x'.repeat(1000)),
    ...ok({ truncated: true, kept: 0 }),
  },

  // What is no proper HTTP.
  'sends junk': { says: 'SSH-2.0-OpenSSH_9.9\r\n\r\n', ...protocol },
  'speaks HTTP/0.9': { says: '<html>hello</html>', ...protocol },
  'speaks HTTP/2': { says: Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]), ...protocol },
  'speaks TLS where none is spoken': { says: Buffer.from([0x15, 3, 1, 0, 2, 2, 40]), ...protocol },
  'sends empty lines and closes': { says: '\r\n\r\n\r\n', ...silent('connect') },
  'sends empty lines for ever': { says: endlessly('', '\r\n'.repeat(1000)), ...silent('connect') },
  'closes in the middle of the head': { says: 'HTTP/1.1 200 OK\r\ncontent-le', ...protocol },
  'sends NUL in a header': { says: empty(200, 'x: a\0b'), ...protocol },
  'sends a header without a colon': { says: empty(200, 'there is no colon'), ...protocol },
  'sends two lengths': { says: `${head(200, 'content-length: 1', 'content-length: 2')}ab`, ...protocol },
  'sends a length and chunks': {
    says: `${head(200, 'content-length: 1', 'transfer-encoding: chunked')}0\r\n\r\n`,
    ...protocol,
  },
  'sends a negative length': { says: head(200, 'content-length: -1'), ...protocol },
  'changes the protocol': { says: head(101, 'upgrade: websocket', 'connection: upgrade'), ...protocol },
  'says 100 and nothing more': { says: head(100), ...protocol },
  'sends 103 for ever': { says: endlessly('', head(103, 'link: </a>')), ...protocol },
  'sends a status of two digits': { says: 'HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n', ...protocol },
  'sends a status that nobody knows': { says: empty(999), ...refused(999) },

  // The body says something else than the head: success is a head of 200 to 299.
  'sends 204 with a body': { says: `${head(204, 'content-length: 2')}ab`, ...ok({ status: 204, kept: 0 }) },
  'sends less than it said': {
    says: `${head(200, 'content-length: 100')}abc`,
    ...ok({ truncated: true, kept: 3 }),
  },
  'sends more than it said': { says: `${head(200, 'content-length: 1')}abc`, ...ok({ kept: 1 }) },
  'sends junk instead of chunks': {
    says: `${head(200, 'transfer-encoding: chunked')}this is no chunk`,
    ...ok({ truncated: true, kept: 0 }),
  },
  'resets in the middle of the body': {
    says: resets(`${head(200, 'content-length: 100')}abc`),
    ...ok({ truncated: true, kept: 3 }),
  },
  'sends a second answer along': { says: empty(200) + empty(500), ...ok({ kept: 0 }) },
  'sends ink for terminals and browsers': {
    says: Buffer.concat([Buffer.from(head(200, `content-length: ${INK.length}`)), INK]),
    ...ok({ kept: INK.length }),
  },

  // The connection.
  'closes without a word': { says: (socket) => socket.end(), ...silent('connect') },
  'resets without a word': { says: (socket) => void socket.resetAndDestroy(), ...silent('connect') },
  'closes at once': { hasty: true, says: (socket) => socket.end(), ...silent('connect') },
  'resets at once': { hasty: true, says: (socket) => void socket.resetAndDestroy(), ...silent('connect') },

  'answers before it has read anything': { hasty: true, says: empty(200), ...ok({ kept: 0 }) },
  'answers, reads nothing and resets': { hasty: true, says: resets(empty(200)), ...ok({ kept: 0 }) },
  'shows a certificate of its own making': { tls: 'tls-cert.pem', says: empty(200), ...silent('tls', { requests: 0 }) },
  'shows a certificate that has expired': {
    tls: 'tls-expired.pem',
    says: empty(200),
    ...silent('tls', { requests: 0 }),
  },

  // Elsewhere.
  ...Object.fromEntries(
    [300, 301, 302, 303, 304, 307, 308, 399].map((status) => [
      `points inside with ${status}`,
      {
        says: empty(status, 'location: http://127.0.0.1:1/'),
        outcome: 'redirect',
        status,
        state: 'retrying',
      } as const,
    ]),
  ),
  'points at itself': { says: empty(302, 'location: /'), outcome: 'redirect', status: 302, state: 'retrying' },
  'points at a script': {
    says: empty(301, 'location: javascript:alert(1)'),
    outcome: 'redirect',
    status: 301,
    state: 'retrying',
  },
  'asks to refresh': { says: empty(200, 'refresh: 0; url=http://127.0.0.1:1/'), ...ok() },

  // No, and when to come back.
  ...Object.fromEntries(
    [400, 401, 403, 404, 405, 407, 408, 413, 415, 421, 422, 426, 429, 451, 500, 501, 502, 503, 504, 511].map(
      (status) => [`answers ${status}`, { says: empty(status), ...refused(status) }] as const,
    ),
  ),
  'is gone': { says: empty(410), outcome: 'http_error', status: 410, state: 'failed' },
  'wants a minute and a half': { says: later('90'), ...refused(429, { wait: 90 * SECOND }) },
  'is down for a minute and a half': { says: later('90', 503), ...refused(503, { wait: 90 * SECOND }) },
  'wants to wait for ever': { says: later('99999999999'), ...refused(429, { wait: DAY }) },
  'wants to wait until the year 9999': {
    says: later('Fri, 31 Dec 9999 23:59:59 GMT', 503),
    ...refused(503, { wait: DAY }),
  },
  'wants it yesterday': { says: later('Tue, 01 Jan 2030 00:00:00 GMT').replace('2030', '2020'), ...refused(429) },
  'wants -1 s': { says: later('-1'), ...refused(429) },
  'wants 0 s': { says: later('0'), ...refused(429) },
  'wants NaN': { says: later('NaN'), ...refused(429) },
  'wants it soon': { says: later('soon'), ...refused(429) },
  'wants two things': { says: empty(429, 'retry-after: soon', 'retry-after: 90'), ...refused(429) },
  'fails and may not say when': { says: later('90', 500), ...refused(500) },
}
