import type { Command } from 'commander'
import { add, answered } from './command.ts'
import { readInput } from './connection.ts'
import { exit, Stop } from './exit.ts'
import { note, out, table } from './print.ts'

interface Import {
  readonly dryRun?: true
  readonly keep?: true
  readonly leaveOut?: true
  readonly passphraseFile?: string
}

interface Imported {
  readonly counts: Readonly<Record<'create' | 'change' | 'same' | 'skip' | 'refuse', number>>
  readonly items: readonly {
    readonly kind: string
    readonly outcome: string
    readonly name: string
    readonly site: string | null
    readonly errors: readonly { readonly path: string; readonly message: string }[]
  }[]
}

/** The set-up of a network as a file, and such a file into a network. */
export function addTransfer(hookline: Command): void {
  add(hookline, 'export', {
    summary: 'write the set-up to stdout: settings, sites, users, plugins, webhooks, sources; never with secrets',
    example: 'export > set-up.json',
    run: async ({ ask }) => out((await ask('GET', '/api/v1/export')).text.trimEnd()),
  })
  add<Import>(hookline, 'import <file>', {
    summary: 'bring in a set-up from a file, or from stdin for -: all of it or nothing',
    example: 'import set-up.json --dry-run',
    configure: (command) =>
      command
        .option('--dry-run', 'only say what would be done')
        .option('--keep', 'leave what is here as it is')
        .option('--leave-out', 'import the rest where something is refused')
        .option('--passphrase-file <file>', 'a file that holds the passphrase of the secrets in it'),
    run: async (session, file = '') => {
      const { dryRun, keep, leaveOut, passphraseFile } = session.options
      const answer = await session.ask('POST', '/api/v1/import', {
        body: {
          ...setUpOf(file),
          ...(passphraseFile !== undefined && { passphrase: readInput(passphraseFile).trimEnd() }),
        },
        query: { dry_run: dryRun ? 1 : 0, existing: keep ? 'keep' : 'change', leave_out: leaveOut ? 1 : 0 },
      })
      answered<Imported>(session, answer, (done) => show(done, dryRun === true))
      if ((answer.value as Imported).counts.refuse > 0 && !leaveOut) throw new Stop(exit.refused)
    },
  })
}

function setUpOf(file: string): object {
  try {
    const value: unknown = JSON.parse(readInput(file))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch (error) {
    if (error instanceof Stop) throw error
  }
  throw new Stop(exit.usage, `${file} is no set-up: it has to be one JSON object, as export writes it.`)
}

function show({ counts, items }: Imported, isDry: boolean): void {
  const told = items.filter(({ outcome }) => outcome !== 'same')
  if (told.length > 0) {
    table(told, [
      ['OUTCOME', ({ outcome }) => outcome],
      ['KIND', ({ kind }) => kind],
      ['NAME', ({ name }) => name],
      ['SITE', ({ site }) => site],
      ['WHY NOT', ({ errors }) => errors.map(({ path, message }) => `${path}: ${message}`)],
    ])
  }
  const sum = Object.entries(counts).map(([outcome, count]) => `${outcome} ${count}`)
  note(`${isDry ? 'Nothing is written. It would be' : 'Done'}: ${sum.join(', ')}.`)
}
