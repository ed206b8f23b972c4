import { z } from 'zod'
import { definePlugin, event } from 'hookline/plugin'

const text = z.string().nullable()

export const accountCreated = event('account_created', {
  title: 'Account Created',
  sentence: 'Somebody got an account',
  description: 'Happens once for every account, whether a person or another system made it.',
  lane: 'realtime',
  shared: true,
  payload: z.looseObject({
    user_id: z.string().min(1),
    user_login: text,
    user_firstname: text,
    user_lastname: text,
    user_email: z.string().min(1),
    created_at: z.iso.datetime(),
    user_site_id: text,
    plan_name: text,
  }),
  sample: {
    user_id: 'usr_1001',
    user_login: 'mary',
    user_firstname: 'Mary',
    user_lastname: 'Roe',
    user_email: 'mary@example.com',
    created_at: '2026-01-15T09:30:00Z',
    user_site_id: 'sit_main',
    plan_name: 'Medium',
  },
})

export const accountDeleted = event('account_deleted', {
  title: 'Account Deleted',
  sentence: 'An account was deleted',
  description: 'Happens once when an account is gone for good. The name and the address are the last that were known.',
  lane: 'realtime',
  shared: true,
  payload: z.looseObject({
    user_id: z.string().min(1),
    user_name: text,
    user_email: text,
    date: z.iso.datetime(),
  }),
  sample: { user_id: 'usr_1001', user_name: 'mary', user_email: 'mary@example.com', date: '2026-01-15T09:30:00Z' },
})

export default definePlugin({
  slug: 'accounts',
  version: '1.0.0',
  title: 'Accounts',
  description: 'Tells when accounts are made and deleted.',
  requires: { host: '^1.0' },
  scope: 'network',
  defaultActive: true,
  events: [accountCreated, accountDeleted],
})
