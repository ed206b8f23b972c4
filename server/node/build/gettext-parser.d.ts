/** The part of gettext-parser that the build uses. */
declare module 'gettext-parser' {
  export interface Entry {
    msgid: string
    msgid_plural?: string
    msgstr: string[]
    comments?: { reference?: string; flag?: string; translator?: string }
  }
  export interface Po {
    charset: string
    headers: Record<string, string>
    translations: Record<string, Record<string, Entry>>
  }
  export const po: {
    parse(text: string): Po
    compile(po: Po, options?: { foldLength?: number }): Uint8Array
  }
}
