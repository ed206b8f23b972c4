import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { SECOND } from '../lib/clock.ts'
import type { C } from './env.ts'

/** Where this server answers, which says whether its cookies come by https. */
export interface Home {
  readonly publicUrl: () => string
}

export interface Cookie {
  read(c: C, home: Home): string | undefined
  /** `lifetime` in milliseconds; without one it ends with the browser. */
  set(c: C, home: Home, value: string, lifetime?: number): void
  drop(c: C, home: Home): void
}

/** A cookie of ours: no script reads it, forms of other sites do not bring it along, and with https it is for this host alone. */
export function cookieOf(name: string): Cookie {
  const isHttps = (home: Home) => home.publicUrl().startsWith('https:')
  const nameAt = (home: Home) => (isHttps(home) ? `__Host-${name}` : name)
  const optionsAt = (home: Home) => ({ path: '/', httpOnly: true, sameSite: 'Lax', secure: isHttps(home) }) as const
  return {
    read: (c, home) => getCookie(c, nameAt(home)),
    set(c, home, value, lifetime) {
      setCookie(c, nameAt(home), value, {
        ...optionsAt(home),
        ...(lifetime !== undefined && { maxAge: lifetime / SECOND }),
      })
    },
    drop(c, home) {
      deleteCookie(c, nameAt(home), optionsAt(home))
    },
  }
}
