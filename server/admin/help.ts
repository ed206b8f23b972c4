import type { Translator } from '../web/i18n.ts'

/** What the help tab says on a list and on the page of each of its rows: paragraphs. */

export const webhooksHelp = (t: Translator): readonly string[] => [
  t('A webhook sends events to an address of your choice as they happen. Its state tells how that goes.'),
  t(
    'Failing: the last attempts did not arrive; they are tried again. Disabled: switched off by us after five days without success, or because the receiver asked for it. Retired: switched off by a person.',
  ),
  t('Send Test Event sends a sample of its first event. Nothing of it counts for health or retries.'),
]

export const deliveriesHelp = (t: Translator): readonly string[] => [
  t(
    'A delivery is one event on its way to one webhook. What fails is tried again by itself, as the schedule of the webhook says.',
  ),
  t(
    'Redeliver sends the same bytes once more, under the same id, so that a receiver can tell that it has them already.',
  ),
  t('Held: the webhook or all sending is switched off. Nothing is lost; it goes out when that ends.'),
]

export const eventsHelp = (t: Translator): readonly string[] => [
  t(
    'An event is something that happened, as a plugin, a source or the API reported it. It is kept whether a webhook wanted it or not.',
  ),
  t('Open one to see what it carried and what became of it, or to send it to a webhook that did not get it.'),
]

export const eventTypesHelp = (t: Translator): readonly string[] => [
  t(
    'Event types come from plugins. One whose plugin is not active cannot be sent, but webhooks that chose it keep it.',
  ),
  t('Real time: sent as it happens. Batched: many go at once, and nobody waits for one of them.'),
]

export const binsHelp = (t: Translator): readonly string[] => [
  t('Give a webhook the address of a bin as its target, and look here at what it sends. Nothing leaves this network.'),
  t('A bin keeps the latest requests for some days. What stands in Authorization and Cookie is masked.'),
]
