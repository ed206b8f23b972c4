const names = ['Åsa Öberg', 'José Núñez', '李小龍', 'O’Brien "Bob"', 'Zoë \\ Zürich', '😀 Emoji', 'מרים', 'Line\nbreak']
const currencies = ['SEK', 'EUR', 'USD', 'NOK', 'DKK']

/** 50 payments that differ in every field, with names that bytes can go wrong in. */
export const fiftyEvents: readonly Record<string, unknown>[] = Array.from({ length: 50 }, (_, n) => {
  const minor = 995 + n * 1234
  return {
    payment_id: `pay_${n}`,
    payment_status: 'completed',
    payment_total: `${(minor / 100).toFixed(2)} ${currencies[n % currencies.length] ?? ''}`,
    payment_total_raw: minor / 100,
    payment_currency: currencies[n % currencies.length],
    payment_gateway: n % 2 === 0 ? 'manual' : 'stripe',
    payment_date_created: `2026-01-${String((n % 28) + 1).padStart(2, '0')}T09:30:00Z`,
    customer_id: `cus_${n}`,
    customer_name: names[n % names.length],
    customer_user_email: `customer.${n}@example.com`,
    membership_id: n % 3 === 0 ? null : `mem_${n}`,
    amount_minor: minor,
  }
})
