import { msg, type Message } from '../lib/message.ts'
import { binToken } from './bins/address.ts'
import type { Engine } from './engine.ts'
import { inRange, isExactly, isMetadata, parseIp, parseRange, refusedKind, type Range } from './ranges.ts'

/** What may be called: `allow` is OUTBOUND_ALLOW, `ownHosts` are ours, as `URL.host` writes them. */
export interface UrlRules {
  readonly allow: readonly string[]
  readonly ownHosts: readonly string[]
}

export type CheckedUrl =
  | { readonly ok: true; readonly url: URL; /** Plain http: to be warned about. */ readonly insecure: boolean }
  | { readonly ok: false; readonly message: Message }

/** The addresses of a name. Rejects when there are none. Handed to whoever connects. */
export type Resolve = (name: string) => Promise<readonly string[]>

/** The rules of this installation. */
export const urlRules = (engine: Pick<Engine, 'config' | 'publicUrl'>): UrlRules => ({
  allow: engine.config.outboundAllow,
  ownHosts: [new URL(engine.publicUrl()).host],
})

const MOST_CHARACTERS = 2048
const MOST_ANSWERS = 16
const REFUSED_PORTS = new Set([2375, 2379, 3306, 5432, 5672, 6379, 9200, 11211, 27017])
const REFUSED_SUFFIXES =
  /(^|\.)(localhost|localdomain|local|internal|intranet|lan|home|corp|home\.arpa|onion|svc|cluster\.local)$/
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/

/**
 * Checks a URL before it is saved and before it is called: scheme, port, literal address, name. Looks nothing up: what a
 * name resolves to is for `checkAddresses`, at each connection. What it judges, and returns, is what `new URL` made of
 * the text, with one trailing dot of the host taken off; text that `new URL` would mend in silence is refused.
 */
export function checkUrl(raw: string, rules: UrlRules): CheckedUrl {
  if (raw.length > 4 * MOST_CHARACTERS) return tooLong
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  if (/[\u0000-\u0020\u007f\\]/.test(raw)) {
    return refuse(
      msg('The URL holds a space, a backslash or a control character. Write them percent-encoded, or leave them out.'),
    )
  }
  const authority = /^https?:\/\/([^/?#]+)/i.exec(raw)?.[1]
  const url = URL.parse(raw)
  if (authority === undefined || url === null) {
    return refuse(msg('This is not a complete http or https address. It has to look like https://example.com/hook.'))
  }
  if (authority.includes('@')) {
    return refuse(msg('The URL holds a user name or password. Leave them out and use Authentication instead.'))
  }
  if (url.hostname.endsWith('.')) url.hostname = url.hostname.slice(0, -1)
  if (url.href.length > MOST_CHARACTERS) return tooLong
  // What goes to a request bin of ours never leaves this process.
  if (binToken(url, rules.ownHosts)) return { ok: true, url, insecure: false }
  const wrong = wrongPort(url) ?? wrongHost(url, rules)
  return wrong ? refuse(wrong) : { ok: true, url, insecure: url.protocol === 'http:' }
}

/**
 * Checks what a name resolved to, before the connection: every answer has to be public (or allowed), or none is used.
 * A literal address is its own only answer.
 */
export function checkAddresses(hostname: string, answers: readonly string[], rules: UrlRules): boolean {
  if (answers.length === 0 || answers.length > MOST_ANSWERS) return false
  const allow = allowed(rules.allow)
  return answers.every((answer) => {
    const ip = parseIp(answer)
    return ip !== null && mayCall(ip, allow, allow.names.has(hostname))
  })
}

/** The literal address in a `URL.hostname`, without brackets; null when it is a name. */
export function literalAddress(hostname: string): string | null {
  if (hostname.startsWith('[')) return hostname.slice(1, -1)
  return parseIp(hostname) ? hostname : null
}

const refuse = (message: Message): CheckedUrl => ({ ok: false, message })

const tooLong = refuse(msg('The URL is too long. At most {max} characters are taken.', { max: MOST_CHARACTERS }))

function wrongPort(url: URL): Message | null {
  if (url.port === '') return null
  const port = Number(url.port)
  if (port === 80 || port === 443 || (port >= 1024 && !REFUSED_PORTS.has(port))) return null
  return msg('Port {port} is not one for web servers. 80, 443 and most from 1024 up may be called.', { port: url.port })
}

function wrongHost(url: URL, rules: UrlRules): Message | null {
  const allow = allowed(rules.allow)
  const literal = literalAddress(url.hostname)
  const ip = literal === null ? null : parseIp(literal)
  const named = allow.names.has(url.hostname)
  const isAllowed = named || (ip !== null && allow.ranges.some((range) => inRange(ip, range)))
  for (const own of rules.ownHosts) {
    const sameHost = own.replace(/:\d+$/, '') === url.hostname
    // Another port of our own host is another program, but only whoever runs us may say that it may be called.
    if (own === url.host || (sameHost && !isAllowed)) {
      return msg('{host} is this installation itself. Events cannot be sent to where they come from.', {
        host: url.host,
      })
    }
  }
  if (ip) {
    if (mayCall(ip, allow, named)) return null
    return msg(
      '{address} is not an address of the public internet ({kind}). Only the operator can allow it, with OUTBOUND_ALLOW.',
      {
        address: literal ?? '',
        kind: refusedKind(ip) ?? 'cloud metadata',
      },
    )
  }
  return named ? null : wrongName(url.hostname)
}

function wrongName(name: string): Message | null {
  if (!name.includes('.') || REFUSED_SUFFIXES.test(name)) {
    return msg('{name} is a name of an internal network. Only the operator can allow it, with OUTBOUND_ALLOW.', {
      name,
    })
  }
  if (name.length > 253 || !name.split('.').every((label) => LABEL.test(label))) {
    return msg('{name} is not a proper host name. Check it for typing errors.', { name })
  }
  return null
}

function mayCall(ip: NonNullable<ReturnType<typeof parseIp>>, allow: Allowed, named: boolean): boolean {
  if (isMetadata(ip)) return allow.ranges.some((range) => isExactly(ip, range))
  return named || refusedKind(ip) === null || allow.ranges.some((range) => inRange(ip, range))
}

interface Allowed {
  readonly names: ReadonlySet<string>
  readonly ranges: readonly Range[]
}
const parsed = new WeakMap<readonly string[], Allowed>()

/** OUTBOUND_ALLOW, parsed once: it is one list as long as the process lives. */
function allowed(allow: readonly string[]): Allowed {
  let known = parsed.get(allow)
  if (!known) {
    const names = new Set<string>()
    const ranges: Range[] = []
    for (const entry of allow) {
      const range = parseRange(entry)
      if (range) ranges.push(range)
      else names.add(entry.toLowerCase().replace(/\.$/, ''))
    }
    parsed.set(allow, (known = { names, ranges }))
  }
  return known
}
