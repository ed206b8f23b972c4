const encoder = new TextEncoder()

/** How many bytes a text has in UTF-8. */
export const bytesOf = (text: string): number => encoder.encode(text).byteLength

/** Whether a text has more bytes than that. A UTF-16 unit makes at most three, so most texts need no encoding to know. */
export const isLonger = (text: string, most: number): boolean => text.length * 3 > most && bytesOf(text) > most
