/** Bytes of somebody else, for reading: as text where they are, else the first of them in hexadecimal. */
export function readable(bytes: Uint8Array): { readonly text: string; readonly binary: boolean } {
  try {
    // A byte order mark belongs to the bytes too, so it is left in place. A cut in the middle of a letter is not binary.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: true })
    if (!/[^\P{Cc}\t\r\n]/u.test(text)) return { text, binary: false }
  } catch {
    // not UTF-8, so it is shown as bytes
  }
  return { text: hexDump(bytes.subarray(0, MOST_SHOWN)), binary: true }
}

const MOST_SHOWN = 512
const IN_A_LINE = 16

function hexDump(bytes: Uint8Array): string {
  const lines = []
  for (let at = 0; at < bytes.length; at += IN_A_LINE) {
    const line = [...bytes.subarray(at, at + IN_A_LINE)]
    const hex = line.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const text = line.map((byte) => (byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${at.toString(16).padStart(4, '0')}  ${hex.padEnd(IN_A_LINE * 3 - 1)}  ${text}`)
  }
  return lines.join('\n')
}
