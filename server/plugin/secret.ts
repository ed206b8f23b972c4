import { MASK } from '../webhooks/redact.ts'

/** A shorter text stands in too many others to be taken for the secret. */
const SHORTEST = 6

/** The text with a mask for every secret in it. */
export const masked = (text: string, secrets: readonly string[]): string =>
  secrets.filter((secret) => secret.length >= SHORTEST).reduce((rest, secret) => rest.replaceAll(secret, MASK), text)

/** Throws if a value that is going to be shown or sent holds a secret setting. `what` names the value. */
export function demandNoSecret(value: unknown, secrets: readonly string[], what: string): void {
  const wanted = secrets.filter((secret) => secret.length >= SHORTEST)
  if (wanted.length === 0) return
  const seen = new Set<object>()
  for (const open = [value]; open.length > 0;) {
    const next = open.pop()
    if (typeof next === 'string' && wanted.some((secret) => next.includes(secret))) {
      throw new Error(`A secret setting stands in ${what}. Secrets are never shown and never sent on.`)
    }
    if (next === null || typeof next !== 'object' || seen.has(next)) continue
    seen.add(next)
    open.push(...Object.values(next))
  }
}
