/** A longer body stands in a file, so that the command stays one that can be read. */
const MOST_INLINE = 4096

/** The same request for a shell. What was masked stays masked. `file` is for a body that is long or no longer kept. */
export function curlCommand(request: {
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string | null
  readonly file: string
}): string {
  const { url, headers, body, file } = request
  const data = body === null || body.length > MOST_INLINE ? `@${file}` : body
  return [
    `curl -X POST ${quoted(url)}`,
    ...headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    `--data-binary ${quoted(data)}`,
  ].join(' \\\n  ')
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
