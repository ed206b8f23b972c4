import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { curlCommand } from '../../../server/admin/curl.ts'

/** The words that a shell makes of a command. */
const wordsOf = (command: string): string[] =>
  execFileSync('sh', ['-c', command.replace(/^curl/, "printf '%s\\0'")], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1)

test('a shell reads the same bytes back, whatever stands in them', () => {
  const body = `{"name":"O'Brien $(id) \`id\` \\\\ \\n & ; ''"}\n`
  const command = curlCommand({ url: 'https://a.example/?x=1&y=$z', headers: [['x-a', "it's"]], body, file: 'e.json' })
  expect(wordsOf(command)).toEqual([
    '-X',
    'POST',
    'https://a.example/?x=1&y=$z',
    '-H',
    "x-a: it's",
    '--data-binary',
    body,
  ])
})

test('a long body, or one that is no longer kept, comes from a file', () => {
  for (const body of ['x'.repeat(5000), null]) {
    expect(curlCommand({ url: 'https://a.example/', headers: [], body, file: 'evt_1.json' })).toContain("'@evt_1.json'")
  }
})
