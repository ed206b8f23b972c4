import type { Db } from '../../db/db.ts'
import { keepSetting, setting } from '../../db/queries/settings.ts'
import type { Random } from '../lib/clock.ts'
import type { Engine } from './engine.ts'
import type { FormatNetwork } from '../lib/format.ts'

/** Seven digits: `accountId` in the `envelope` format, different for every network so that receivers can tell two apart. */
const newNetworkNumber = (random: Random): number => {
  const [a = 0, b = 0, c = 0] = random(3)
  return 1_000_000 + ((a * 65_536 + b * 256 + c) % 9_000_000)
}

/** Settles at the first start what stays as it is from then on. */
export async function ensureNetwork(deps: { readonly db: Db; readonly random: Random }): Promise<void> {
  await deps.db.commit([keepSetting(deps.db, 'network_number', String(newNetworkNumber(deps.random)))])
}

const numbers = new WeakMap<Db, number>()

async function networkNumber(db: Db): Promise<number> {
  const known = numbers.get(db)
  if (known !== undefined) return known
  const number = Number(await setting(db, 'network_number'))
  if (number > 0) numbers.set(db, number)
  return number
}

/** The network as payload formats name it. */
export const formatNetwork = async (engine: Pick<Engine, 'db' | 'publicUrl'>): Promise<FormatNetwork> => ({
  accountId: await networkNumber(engine.db),
  publicUrl: engine.publicUrl(),
})
