type Headers = readonly (readonly [string, string])[]

const SECRET_HEADERS = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie'])
/** What stands where a secret is. */
export const MASK = '…'

/**
 * The same headers with the values of those that carry credentials masked; a scheme such as `Basic` stays. `custom`: those
 * that a webhook adds itself, whose values are secrets too.
 */
export function maskHeaders(headers: Headers, custom: Headers = []): [string, string][] {
  const secret = new Set(custom.map(([name]) => name.toLowerCase()))
  return headers.map(([name, value]) => {
    const known = name.toLowerCase()
    if (SECRET_HEADERS.has(known)) return [name, maskValue(value)]
    return [name, secret.has(known) ? MASK : value]
  })
}

const maskValue = (value: string): string => {
  const scheme = /^(Basic|Bearer) /i.exec(value)
  return scheme ? scheme[0] + MASK : MASK
}

/**
 * A URL, or a path of ours, that may stand in logs, audit and faults: without user, query and fragment, and without what
 * looks like a secret in its path. Tokens stand in paths of ours (`/ingest/<source>/<token>`, `/bin/<token>`) and of many receivers.
 */
export function redactUrl(text: string): string {
  const relative = text.startsWith('/') && !text.startsWith('//')
  const url = URL.parse(text, relative ? 'http://relative.invalid' : undefined)
  if (url === null) return '(not a URL)'
  const parts = url.pathname.split('/')
  const hidden = parts.map((part, i) => (isToken(parts, i) || looksSecret(part) ? MASK : part))
  return `${relative ? '' : `${url.protocol}//${url.host}`}${hidden.join('/')}${url.search ? `?${MASK}` : ''}`
}

/** A URL for lists: the host, and whether more follows. */
export function shortUrl(text: string): string {
  const url = URL.parse(text)
  if (url === null) return '(not a URL)'
  return url.pathname === '/' && !url.search ? url.host : `${url.host}/${MASK}`
}

const isToken = (parts: readonly string[], i: number): boolean =>
  (parts[i - 1] === 'bin' && parts[i] !== '') || (parts[i - 2] === 'ingest' && parts[i] !== '')

/** Long enough to be random, and not a word: words have no digits and one case. */
const looksSecret = (part: string): boolean =>
  part.length >= 16 && (/\d/.test(part) || (/[a-z]/.test(part) && /[A-Z]/.test(part)))
