import { moveDeliveries, movingSites, nextMove, type MovingSite } from '../../db/queries/site-state.ts'
import type { Engine } from './engine.ts'

type Deps = Pick<Engine, 'db' | 'clock'>

/** Steps of all sites in one run: what is left waits for the next run. */
const MOST_STEPS = 20

/**
 * Lets the deliveries of sites follow what became of their site: held, sent again, or cancelled. Where it stopped stands in
 * the site's row, so that a crash in between loses nothing.
 */
export async function moveSites(deps: Deps): Promise<void> {
  let steps = 0
  for (const site of await movingSites(deps.db)) {
    let next: MovingSite | null = site
    while (next !== null && steps++ < MOST_STEPS) next = await step(deps, next)
  }
}

async function step({ db, clock }: Deps, site: MovingSite): Promise<MovingSite | null> {
  const from = await nextMove(db, site)
  await db.commit(moveDeliveries(db, site, from, clock()))
  return from === null ? null : { ...site, moving_below: from }
}
