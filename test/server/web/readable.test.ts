import { expect, test } from 'vitest'
import { readable } from '../../../server/web/readable.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('text is text, with its line ends and letters of any script', () => {
  for (const text of ['', 'OK', 'a\tb\r\nc', 'blåbærsyltetøy 漢字 🎣', '\ufeffmarked']) {
    expect(readable(bytes(text))).toEqual({ text, binary: false })
  }
})

test('text that was cut in the middle of a letter is still text', () => {
  expect(readable(bytes('fisk 🎣').subarray(0, -1))).toEqual({ text: 'fisk ', binary: false })
})

test('all else is shown as bytes', () => {
  expect(readable(Uint8Array.from([0x89, 0x50, 0x4e, 0x47])).text).toMatch(/^0000 {2}89 50 4e 47 +\.PNG$/)
  expect(readable(bytes('\u001b[31mred')).binary).toBe(true)
  expect(readable(new Uint8Array(5000)).text.split('\n')).toHaveLength(32)
})
