const NONE = 'BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF'.split(' ')
const THREE = 'BHD JOD KWD OMR TND'.split(' ')

/** How many decimals amounts of a currency have: its smallest unit is 10 to minus that. */
export const decimalsOf = (currency: string): number => (NONE.includes(currency) ? 0 : THREE.includes(currency) ? 3 : 2)

/** The fields of a payment that say how much, of an amount in the smallest unit of its currency. */
export function amountFields(minor: number, currency: string) {
  const code = currency.toUpperCase()
  const decimals = decimalsOf(code)
  const digits = String(minor).padStart(decimals + 1, '0')
  const text = decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
  return {
    payment_total: `${code} ${text}`,
    payment_total_raw: Number(text),
    payment_currency: code,
    amount_minor: minor,
  }
}

/** An amount such as `59.80` in the smallest unit of its currency, or null; never through a floating-point number. */
export function minorOf(amount: string, currency: string): number | null {
  const [, whole = '', part = ''] = /^(\d{1,12})(?:\.(\d{1,6}))?$/.exec(amount.trim()) ?? []
  if (whole === '') return null
  const decimals = decimalsOf(currency.toUpperCase())
  // Shops may keep more decimals than the currency has; what is beyond is rounded.
  const more = Number(part.padEnd(6, '0').slice(decimals, decimals + 1)) >= 5 ? 1 : 0
  return Number(whole + part.padEnd(6, '0').slice(0, decimals)) + more
}
