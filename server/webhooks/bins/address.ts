/** 128 bits, as base64url writes them. */
const TOKEN = /^\/bin\/([\w-]{22})$/

/** Where a bin catches: what others send there is stored and answered. */
export const binUrl = (publicUrl: string, token: string): string => `${publicUrl}/bin/${token}`

/** The token in an address of one of our own bins; null for any other. `ownHosts` are ours, as `URL.host` writes them. */
export const binToken = (url: URL, ownHosts: readonly string[]): string | null =>
  ownHosts.includes(url.host) ? (TOKEN.exec(url.pathname)?.[1] ?? null) : null
