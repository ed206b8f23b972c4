import { z } from 'zod'
import { msg, type Message } from 'hookline/plugin'
import { currencies, parseAmount } from './money.ts'

export const outcomes = ['received', 'failed', 'refunded'] as const

/** What the form sends, as text, so that it can be shown again as it was typed. */
export const fields = ['once', 'customer_name', 'customer_email', 'amount', 'currency', 'gateway', 'outcome'] as const
export type Values = Readonly<Record<(typeof fields)[number], string>>

export const blank = (once: string): Values => ({
  once,
  customer_name: '',
  customer_email: '',
  amount: '',
  currency: 'SEK',
  gateway: 'manual',
  outcome: 'received',
})

/** What of a payment is typed in. */
export interface Entry {
  readonly customer_name: string
  readonly customer_email: string | null
  readonly amount_minor: number
  readonly currency: (typeof currencies)[number]
  readonly gateway: string
  readonly outcome: (typeof outcomes)[number]
}

export type Errors = Readonly<Partial<Record<keyof Values, Message>>>

/** Reads the form. Every field that needs another value gets one sentence. */
export function readForm(form: FormData): { values: Values; errors: Errors; entry: Entry | null } {
  const get = (name: keyof Values): string => {
    const value = form.get(name)
    return typeof value === 'string' ? value.trim() : ''
  }
  const values: Values = {
    once: get('once'),
    customer_name: get('customer_name'),
    customer_email: get('customer_email'),
    amount: get('amount'),
    currency: get('currency'),
    gateway: get('gateway'),
    outcome: get('outcome'),
  }
  const amount = parseAmount(values.amount)
  const currency = currencies.find((code) => code === values.currency)
  const outcome = outcomes.find((word) => word === values.outcome)
  const email = values.customer_email === '' ? null : values.customer_email
  const errors: Partial<Record<keyof Values, Message>> = {}
  if (values.customer_name === '') errors.customer_name = msg('Write the name of the customer.')
  if (values.customer_name.length > 191) errors.customer_name = msg('Use at most 191 letters.')
  if (email !== null && !z.email().safeParse(email).success) {
    errors.customer_email = msg('This is no e-mail address. Write one such as mary@example.com, or leave it empty.')
  }
  if (amount === null || amount === 0) {
    errors.amount = msg('Write an amount above zero with at most two decimals, such as 249.00 or 249,00.')
  }
  if (!currency) errors.currency = msg('Choose one of the currencies.')
  if (!/^[\w .-]{1,60}$/.test(values.gateway)) {
    errors.gateway = msg('Write where the money went through, such as stripe or manual: at most 60 letters and digits.')
  }
  if (!outcome) errors.outcome = msg('Choose what became of the payment.')
  if (Object.keys(errors).length > 0 || amount === null || !currency || !outcome) return { values, errors, entry: null }
  const { customer_name, gateway } = values
  return {
    values,
    errors,
    entry: { customer_name, customer_email: email, amount_minor: amount, currency, gateway, outcome },
  }
}
