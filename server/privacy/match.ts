/** Finds one e-mail address in texts. */
export interface Match {
  /** Letters and digits that every text with the address in it holds, whatever it is escaped by; may be empty. */
  readonly part: string
  isIn(text: string): boolean
}

/** How often a text may be escaped: JSON in a field of JSON in a form is three. */
const MOST_ESCAPED = 3

/**
 * Matches the address as a whole, whatever its case, plain or escaped as JSON and forms escape: `ann@x.io` is neither in
 * `joann@x.io` nor in `ann@x.io.uk`, but in `"to":"Ann\u0040x.io"` and in `to=ann%40x.io`.
 */
export function matchOf(address: string): Match {
  const wanted = address.normalize('NFC').toLowerCase()
  const whole = new RegExp(
    `(?<![\\p{L}\\p{N}._%+-])${wanted.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}(?![\\p{L}\\p{N}]|[.-]+[\\p{L}\\p{N}])`,
    'u',
  )
  const part = (wanted.match(/[a-z0-9]+/g) ?? []).reduce((most, run) => (run.length > most.length ? run : most), '')
  return {
    part,
    isIn(text) {
      let reading = text.normalize('NFC').toLowerCase()
      for (let times = 0; times <= MOST_ESCAPED; times++) {
        if (whole.test(reading)) return true
        const next = unescaped(reading)
        if (next === reading) return false
        reading = next
      }
      return false
    },
  }
}

const CONTROL: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }

/** Escapes of JSON, of URLs and forms, and of HTML read once; what is none stays. */
const unescaped = (text: string): string =>
  text
    .replace(/\\(?:u([\da-f]{4})|(["\\/bfnrt]))/g, (_, hex?: string, char = '') =>
      hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (CONTROL[char] ?? char),
    )
    .replace(/(?:%[\da-f]{2})+/g, (run) => {
      try {
        return decodeURIComponent(run)
      } catch {
        return run
      }
    })
    .replace(/&#(?:x([\da-f]{1,6})|(\d{1,7}));/g, (all, hex?: string, digits = '') => {
      const code = hex ? Number.parseInt(hex, 16) : Number(digits)
      return code <= 0x10ffff ? String.fromCodePoint(code) : all
    })
    .toLowerCase()

/** What may be kept of an address: enough to tell two requests apart, too little to write to somebody. */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@')
  return `${[...address][0] ?? ''}…${address.slice(at)}`
}
