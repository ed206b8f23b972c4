/** Headers by name. What stands several times is one value, joined as HTTP lets everybody on the way join it. */
export function byName(headers: readonly (readonly [string, string])[]): Map<string, string> {
  const values = new Map<string, string>()
  for (const [name, value] of headers) {
    const before = values.get(name)
    values.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return values
}
