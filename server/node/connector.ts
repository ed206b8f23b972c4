import { lookup } from 'node:dns/promises'
import { isIP, type Socket } from 'node:net'
import { buildConnector } from 'undici'
import { checkAddresses, type Resolve, type UrlRules } from '../webhooks/address.ts'
import type { sentences } from '../webhooks/outcome.ts'

/** Opens a socket to `hostname`, which is an address that was checked. */
type Dial = buildConnector.connector

export interface ConnectorOptions {
  /** Asked at each request: our own address may not be known before we listen. */
  readonly rules: () => UrlRules
  readonly resolve?: Resolve
  readonly dial?: Dial
  readonly connectTimeoutMs?: number
  /** Certificates to trust instead of the system's. */
  readonly ca?: string
  /** What an answer may take on the wire, in bytes. */
  readonly mostOnWire?: number
}

const MOST_SESSIONS = 2000
/** undici bounds a head, and we the body: the lines between chunks have no bound. */
const MOST_ON_WIRE = 256 * 1024

/** Why there is no socket. */
export class Refusal extends Error {
  readonly outcome: keyof typeof sentences
  constructor(outcome: keyof typeof sentences, options?: ErrorOptions) {
    super(outcome, options)
    this.outcome = outcome
  }
}

/** Opens sockets: resolves, checks every address, and dials them in turn until one takes the connection. */
export function createConnector(options: ConnectorOptions) {
  const resolve = options.resolve ?? systemResolve
  const dial: Dial =
    options.dial ??
    buildConnector({
      allowH2: false,
      timeout: options.connectTimeoutMs ?? 5000,
      maxCachedSessions: MOST_SESSIONS,
      ...(options.ca ? { ca: options.ca } : null),
    })
  let opening = false

  const open = async (to: buildConnector.Options): Promise<Socket> => {
    const addresses = isIP(to.hostname) ? [to.hostname] : await resolve(to.hostname).catch(nameFault)
    if (!checkAddresses(to.hostname, addresses, options.rules())) throw new Refusal('blocked')
    let fault: unknown
    for (const hostname of addresses) {
      try {
        return await dialed(dial, { ...to, hostname })
      } catch (error) {
        fault = error
        // The time to connect is for all addresses together.
        if (codeOf(error) === 'UND_ERR_CONNECT_TIMEOUT') break
      }
    }
    throw new Refusal(to.protocol === 'https:' && isTlsError(fault) ? 'tls' : 'connect', { cause: fault })
  }

  const connect: Dial = (to, callback) => {
    const opened = (socket: Socket) => {
      boundAnswers(socket, options.mostOnWire ?? MOST_ON_WIRE)
      opening = true
      callback(null, socket)
      opening = false
    }
    void open(to).then(opened, (error: Error) => callback(error, null))
  }
  /** Whether the request that starts now is the first on its socket: undici starts it within the connector's callback. */
  return { connect, isOpening: () => opening }
}

/** Hangs up when an answer grows too long, counted from the last byte that we wrote. */
function boundAnswers(socket: Socket, most: number): void {
  let written = 0
  let before = 0
  socket.on('readable', () => {
    if (socket.bytesWritten !== written) {
      written = socket.bytesWritten
      before = socket.bytesRead
    } else if (socket.bytesRead - before > most) socket.destroy()
  })
}

const systemResolve: Resolve = async (name) =>
  (await lookup(name, { all: true, order: 'ipv4first' })).map(({ address }) => address)

const nameFault = (cause: unknown): never => {
  throw new Refusal('dns', { cause })
}

const dialed = (dial: Dial, to: buildConnector.Options): Promise<Socket> =>
  new Promise((resolve, reject) => {
    dial(to, (error, socket) => (error ? reject(error) : resolve(socket)))
  })

/** The code of an error of Node or undici; empty where it has none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** Everything but an errno (`ECONNREFUSED`) and a time-out: OpenSSL and Node have some fifty codes for certificates alone. */
const isTlsError = (error: unknown): boolean => !/^(E(?!PROTO|RR_)[A-Z0-9]+$|UND_)/.test(codeOf(error))
