import { z } from 'zod'
import { event } from 'hookline/plugin'

export const actionFired = event('woocommerce.action_fired', {
  title: 'Shop Action Fired',
  sentence: 'An action that was chosen in the shop happened',
  description:
    'Happens for webhooks of the shop whose topic is an action. It carries the name of the action and its argument.',
  lane: 'realtime',
  payload: z.looseObject({ action: z.string(), arg: z.unknown() }),
  sample: { action: 'woocommerce_low_stock', arg: '5' },
})
