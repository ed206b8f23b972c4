import { accessSync, constants, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { program } from '../../../../server/node/cli/program.ts'

const page = readFileSync(new URL('../../../../docs/cli.md', import.meta.url), 'utf8')
const documented = Array.from(page.matchAll(/^(?:npx )?hookline (.+)$/gm), ([, line = '']) => line)

/** Every command that does something, with the words that call it. */
function leaves(command: Command, words: readonly string[] = []): { words: string; command: Command }[] {
  if (command.commands.length === 0) return [{ words: words.join(' '), command }]
  return command.commands.flatMap((inner) => leaves(inner, [...words, inner.name()]))
}
const all = leaves(program())

describe.each(all)('hookline $words', ({ words, command }) => {
  test('is in the docs, and shows an example of itself in its help', () => {
    expect(documented.filter((line) => `${line} `.startsWith(`${words} `))).not.toEqual([])
    let help = ''
    command.configureOutput({ writeOut: (text) => void (help += text) }).outputHelp()
    expect(help).toContain(`\nExample:\n  hookline ${words}`)
    expect(command.description()).not.toBe('')
  })
})

test.each(documented)('the docs call hookline %s, which there is, with options that it has', (line) => {
  const known = all
    .filter(({ words }) => `${line} `.startsWith(`${words} `))
    .sort((a, b) => b.words.length - a.words.length)[0]
  expect(known).toBeDefined()
  const options = [...program().options, ...(known?.command.options ?? [])].map(({ long }) => long)
  const used = Array.from(line.matchAll(/ (--[\w-]+)/g), ([, option]) => option)
  expect(used.filter((option) => !options.includes(option))).toEqual([])
})

test('the exit codes of the docs are those that there are', async () => {
  const { exit } = await import('../../../../server/node/cli/exit.ts')
  const told = Array.from(page.matchAll(/^\| (\d+) +\|/gm), ([, code]) => Number(code))
  expect(told).toEqual(Object.values(exit))
})

test('npx finds the command, as a file that can be run', () => {
  const root = new URL('../../../../', import.meta.url)
  const { bin } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { bin: { hookline: string } }
  const file = new URL(bin.hookline, root)
  accessSync(file, constants.X_OK)
  expect(readFileSync(file, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
})
