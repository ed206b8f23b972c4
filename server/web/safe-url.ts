/** A URL from data, fit for an `href`: web and mail addresses and places of our own; `#` instead of anything else. */
export function safeUrl(url: string): string {
  if (/^(?:[?#]|\/(?![/\\]))/.test(url)) return url
  const protocol = URL.parse(url)?.protocol
  return protocol === 'https:' || protocol === 'http:' || protocol === 'mailto:' ? url : '#'
}

/**
 * Where to go after a login or an act, as a path of our own; null when `next` leads anywhere else. The parsed URL is
 * judged, not the text, because browsers drop tabs and take backslashes for slashes.
 */
export function safeNext(next: string, publicUrl: string): string | null {
  const home = new URL(publicUrl)
  const url = URL.parse(next, home)
  if (!url || url.origin !== home.origin || url.username !== '' || url.password !== '') return null
  // `/x/..//evil.example` is ours as a URL, but its path alone would be read as another host.
  if (url.pathname.startsWith('//')) return null
  return url.pathname + url.search + url.hash
}
