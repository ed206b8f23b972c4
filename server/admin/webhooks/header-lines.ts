import type { FieldError } from '../../lib/errors.ts'
import { msg } from '../../lib/message.ts'
import type { CustomHeaders } from '../../webhooks/custom-headers.ts'
import { MASK } from '../../webhooks/redact.ts'

/** Headers as somebody types them: one `Name: value` a line. */
export const writtenHeaders = (headers: CustomHeaders): string =>
  headers.map(([name, value]) => `${name}: ${value}`).join('\n')

/** The lines as the API takes them. What is no such line, or names a header once more, is told by its number. */
export function readHeaderLines(text: string): {
  readonly headers: Readonly<Record<string, string>>
  readonly errors: readonly FieldError[]
} {
  const headers = new Map<string, string>()
  const errors: FieldError[] = []
  for (const [n, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const [, name = '', value = ''] = /^([^:]*):(.*)$/.exec(line) ?? []
    if (name.trim() === '')
      errors.push({ path: 'headers', message: msg('Line {line} is not written as Name: value.', { line: n + 1 }) })
    else if (headers.has(name.trim()))
      errors.push({ path: 'headers', message: msg('{name} is there twice.', { name: name.trim() }) })
    else headers.set(name.trim(), value.trim())
  }
  return { headers: Object.fromEntries(headers), errors }
}

/** The same lines for a page: a value that was typed is a secret, and its place stays empty. */
export const withoutValues = (text: string): string =>
  text
    .split('\n')
    .map((line) => {
      const colon = line.indexOf(':')
      return colon < 0 || line.slice(colon + 1).trim() === MASK ? line : line.slice(0, colon + 1)
    })
    .join('\n')
