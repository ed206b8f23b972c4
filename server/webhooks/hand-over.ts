import type { Deliver } from './deliver.ts'
import type { Easy } from './easy.ts'
import type { Born, HandOver, Lease } from './engine.ts'
import { readyFrom, type Ready } from './ready.ts'
import type { Limits } from './sending.ts'
import type { Slots } from './slots.ts'

/** The short way of new deliveries: from the commit that stores them straight to a slot. */
export function createHandOver({
  easy,
  slots,
  ...dispatcher
}: {
  readonly easy: Easy
  readonly slots: Slots
  readonly limits: Limits
  readonly lease: () => Lease
  /** Whether what is known of the webhooks is what stood at this revision. */
  readonly knows: (revision: number) => boolean
  readonly isStopping: () => boolean
  readonly sign: Deliver['sign']
  readonly giveBack: (deliveries: readonly string[]) => void
}): HandOver {
  /** What is being stored, signed already. Where its commit fails, it is forgotten with it. */
  const signed = new WeakMap<Born, Ready>()

  return {
    lease(webhook, revision) {
      if (!dispatcher.knows(revision) || dispatcher.isStopping() || slots.isFull()) return null
      return easy.promise(webhook, slots.of(webhook)) ? dispatcher.lease() : null
    },

    expect(born) {
      const free = Math.max(0, dispatcher.limits.concurrency - slots.size())
      for (const one of born.slice(0, free)) {
        const webhook = easy.row(one.webhookId)
        if (webhook) signed.set(one, dispatcher.sign(readyFrom(one, webhook)))
      }
    },

    take(born) {
      const list: Ready[] = []
      const strays: string[] = []
      for (const one of born) {
        easy.kept(one.webhookId)
        const webhook = dispatcher.isStopping() ? undefined : easy.row(one.webhookId)
        const ahead = signed.get(one)
        if (webhook) list.push(ahead?.webhook === webhook ? ahead : readyFrom(one, webhook))
        else strays.push(one.id)
      }
      slots.add(list)
      dispatcher.giveBack(strays)
    },
  }
}
