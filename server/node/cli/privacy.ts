import { setTimeout as wait } from 'node:timers/promises'
import type { Command } from 'commander'
import { add, addList, answered, type Session } from './command.ts'
import type { Answer } from './api.ts'
import { exit, Stop } from './exit.ts'
import { note, out, table } from './print.ts'

interface Request {
  readonly id: string
  readonly address: string | null
  readonly masked: string
  readonly state: 'searching' | 'found' | 'erasing' | 'erased' | 'stopped'
  readonly created_at: string
  readonly places: readonly Place[]
}
interface Place {
  readonly place: string
  readonly looked: number | null
  readonly found: number
  readonly kept: boolean
}

const PATH = '/api/v1/privacy'
const at = (id = '') => `${PATH}/${encodeURIComponent(id)}`
const INTERVAL = 500

/** What is stored about somebody: found by address, then exported or erased by the id of the request. */
export function addPrivacy(hookline: Command): void {
  const privacy = hookline.command('privacy').description('personal data, by e-mail address')
  addList<Request>(privacy, {
    summary: 'list requests, the newest first',
    example: 'privacy list',
    path: PATH,
    columns: [
      ['ID', ({ id }) => id],
      ['ADDRESS', ({ address, masked }) => address ?? masked],
      ['STATE', ({ state }) => state],
      ['FOUND', ({ places }) => foundIn(places)],
      ['MADE', ({ created_at: made }) => made],
    ],
  })
  add(privacy, 'find <email>', {
    summary: 'find all that is stored with an address in it; nothing is changed',
    example: 'privacy find ann@example.com',
    run: async (session, address) => {
      const asked = await session.ask('POST', PATH, { body: { address } })
      answered<Request>(session, await ended(session, asked), ({ id, places }) => {
        show(places)
        note(`${id}: ${foundIn(places)} found. Export it with this id, or erase it.`)
      })
    },
  })
  add(privacy, 'export <request>', {
    summary: 'write what was found to stdout, as JSON',
    example: 'privacy export prv_01k8z0c7v5q3m9x2t4h6n8p0rs > ann.json',
    run: async (session, id) => out((await session.ask('POST', `${at(id)}/export`)).text.trimEnd()),
  })
  add<{ readonly address: string }>(privacy, 'erase <request>', {
    summary: 'erase what was found, for good',
    example: 'privacy erase prv_01k8z0c7v5q3m9x2t4h6n8p0rs --address ann@example.com',
    configure: (command) =>
      command.requiredOption('--address <email>', 'the address once more, so that it is nobody else by mistake'),
    run: async (session, id) => {
      const { address } = session.options
      const asked = await session.ask('POST', `${at(id)}/erase`, { body: { address } })
      answered<Request>(session, await ended(session, asked), ({ places }) => {
        show(places)
        const left = foundIn(places.filter(({ kept }) => kept))
        note(left === 0 ? 'It is erased.' : `It is erased, but for what is kept: ${left}. Change that by hand.`)
      })
    },
  })
  add(privacy, 'stop <request>', {
    summary: 'stop a search, or what is being erased',
    example: 'privacy stop prv_01k8z0c7v5q3m9x2t4h6n8p0rs',
    run: async (session, id) =>
      answered(session, await session.ask('POST', `${at(id)}/stop`), () => note('It is stopped.')),
  })
}

/** Looks again until a request runs no more. Throws a Stop where somebody stopped it. */
async function ended(session: Session<object>, asked: Answer): Promise<Answer> {
  let answer = asked
  for (;;) {
    const { id, state } = answer.value as Request
    if (state === 'stopped') throw new Stop(exit.refused, `${id} was stopped before its end.`)
    if (state !== 'searching' && state !== 'erasing') return answer
    await wait(INTERVAL)
    answer = await session.ask('GET', at(id))
  }
}

const foundIn = (places: readonly Place[]): number => places.reduce((sum, { found }) => sum + found, 0)

function show(places: readonly Place[]): void {
  const holding = places.filter(({ found }) => found > 0)
  if (holding.length === 0) return
  table(holding, [
    ['PLACE', ({ place }) => place],
    ['FOUND', ({ found }) => found],
    ['KEPT', ({ kept }) => kept],
  ])
}
