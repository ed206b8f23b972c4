import type { Somebody, Stage } from '../../support/stage.ts'

/** One thing that people do, through the forms that they do it with. */
export type Drive = (stage: Stage) => Promise<void>

/** The same in Network Admin and in the admin of a site. */
export interface Area {
  /** `/network` or `/sites/<slug>/admin`. */
  readonly base: string
  /** What owns the webhooks here: `network` or the id of the site. */
  readonly owner: string
  /** The id of the site where its events happen. */
  readonly site: string
  readonly who: Somebody
}

export type DriveArea = (stage: Stage, area: Area) => Promise<void>

/** By what they do, in this order. */
export type Scenarios<D> = Readonly<Record<string, D>>
