import type { Command } from 'commander'
import { add } from './command.ts'
import { exit, Stop } from './exit.ts'
import { out, record } from './print.ts'

export function addHealth(hookline: Command): void {
  add(hookline, 'health', {
    summary: 'ask whether the server is ready; needs no key',
    example: 'health --url https://hooks.example.com',
    run: async ({ ask, json }) => {
      const { status, text, value } = await ask('GET', '/readyz', { takes: [503] })
      if (json) out(text)
      else record(value as Record<string, unknown>)
      if (status === 503) throw new Stop(exit.refused)
    },
  })
}
