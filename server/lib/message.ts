/**
 * A sentence for people, in English, with named places: `msg('At most {max} letters.', { max: 191 })`.
 * The English text is the key of its translations; the API shows it as it is, pages pass it through `t`.
 */
export interface Message {
  readonly text: string
  readonly params?: Params
}
export type Params = Readonly<Record<string, string | number>>

export const msg = (text: string, params?: Params): Message => (params ? { text, params } : { text })

/** Puts the values into the places. A place without a value stays as it is. */
export const fill = (text: string, params: Params = {}): string =>
  text.replace(/\{(\w+)\}/g, (place, name: string) => (name in params ? String(params[name]) : place))

export const inEnglish = (message: Message): string => fill(message.text, message.params)
