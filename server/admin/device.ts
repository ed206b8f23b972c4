import type { Translator } from '../web/i18n.ts'

/** Names in the order in which they are looked for: most browsers call themselves by the names of others too. */
const browsers = { Edg: 'Edge', OPR: 'Opera', Firefox: 'Firefox', Chrome: 'Chrome', Safari: 'Safari', curl: 'curl' }
const systems = {
  iPhone: 'iPhone',
  iPad: 'iPad',
  Android: 'Android',
  Windows: 'Windows',
  'Mac OS X': 'macOS',
  CrOS: 'ChromeOS',
  Linux: 'Linux',
}

/** What a person would call the device of a session, as far as its `user-agent` tells. */
export function deviceOf(t: Translator, userAgent: string): string {
  const named = (names: Readonly<Record<string, string>>): string | undefined =>
    Object.entries(names).find(([word]) => userAgent.includes(word))?.[1]
  const [browser, system] = [named(browsers), named(systems)]
  if (browser && system) return t('{browser} on {system}', { browser, system })
  return browser ?? system ?? t('An unknown device')
}
