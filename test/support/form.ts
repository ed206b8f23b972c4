/** What a browser would send of the form with this id, with the given fields filled in instead; null leaves one out. */
export function fillIn(
  html: string,
  id: string,
  fields: Readonly<Record<string, string | readonly string[] | null>> = {},
): URLSearchParams {
  const form = new RegExp(`<form\\b[^>]*\\bid="${id}"[^>]*>(.*?)</form>`, 's').exec(html)?.[1]
  if (form === undefined) throw new Error(`The page has no form ${id}.`)
  const sent = new URLSearchParams()
  for (const [, tag = '', inside = '', options] of form.matchAll(
    /<(?:input|textarea|select)\b([^>]*)>(?:([^<]*)<\/textarea>|((?:\s*<option\b[^>]*>[^<]*<\/option>)*)\s*<\/select>)?/g,
  )) {
    const attributes = attributesOf(tag)
    const { name, type, value = options && chosen(options) } = attributes
    if (name === undefined || 'disabled' in attributes) continue
    if ((type === 'checkbox' || type === 'radio') && !('checked' in attributes)) continue
    sent.append(name, value ?? text(inside).replace(/^\n/, ''))
  }
  for (const [name, value] of Object.entries(fields)) {
    sent.delete(name)
    for (const each of value === null ? [] : [value].flat()) sent.append(name, each)
  }
  return sent
}

/** The value of the option that is selected, else of the first. */
function chosen(options: string): string | undefined {
  const all = [...options.matchAll(/<option\b([^>]*)>/g)].map(([, tag = '']) => attributesOf(tag))
  return (all.find((option) => 'selected' in option) ?? all[0])?.['value']
}

function attributesOf(tag: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [, name = '', value = ''] of tag.matchAll(/([\w.-]+)(?:="([^"]*)")?/g)) found[name] = text(value)
  return found
}

const text = (html: string): string =>
  html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')

/** The words of a page, as somebody reads them: without tags, and with single spaces. */
export const wordsOf = (html: string): string =>
  text(html.replaceAll(/<wbr>/g, '').replaceAll(/<[^>]*>/g, ' ')).replaceAll(/\s+/g, ' ')
