import { fiftyEvents } from '../flows/fifty-events.ts'

/** A payment of about 1 KB, as it goes over the wire. */
export const payload = (n: number) => ({
  ...fiftyEvents[n % fiftyEvents.length],
  payment_id: `pay_${n}`,
  customer_name: `Customer ${n} ${'of a very long name '.repeat(9)}`,
  membership_id: `mem_${'0123456789'.repeat(26)}`,
})
