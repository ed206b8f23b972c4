import { z } from 'zod'
import { event } from 'hookline/plugin'
import { customer, flag, id, membership, site, text, time } from './fields.ts'

export const sitePublished = event('site_published', {
  title: 'Site Published',
  sentence: 'A site of a customer went online',
  description: 'Happens when a site that was waiting is made, after sign-up or by an administrator.',
  lane: 'realtime',
  payload: z.looseObject({ ...site.fields, ...customer.fields, ...membership.fields }),
  sample: { ...site.sample, ...customer.sample, ...membership.sample },
})

export const domainCreated = event('domain_created', {
  title: 'New Domain Mapping Added',
  sentence: 'A customer added a domain to a site',
  description: 'Happens when a customer maps a domain. Its checks are still to come then.',
  lane: 'realtime',
  payload: z.looseObject({
    domain_id: id,
    domain_domain: text,
    domain_site_id: id,
    domain_stage: text,
    domain_active: flag,
    domain_primary: flag,
    domain_secure: flag,
    domain_date_created: time,
    domain_manage_url: text.optional(),
    ...site.fields,
    ...membership.fields,
    ...customer.fields,
  }),
  sample: {
    domain_id: '9',
    domain_domain: 'shop.example.com',
    domain_site_id: '3',
    domain_stage: 'checking-dns',
    domain_active: true,
    domain_primary: true,
    domain_secure: false,
    domain_date_created: '2026-01-15T09:30:00Z',
    domain_manage_url: 'https://network.example.com/wp-admin/network/admin.php?page=wp-ultimo-edit-domain&id=9',
    ...site.sample,
    ...membership.sample,
    ...customer.sample,
  },
})

/** Of version 1. */
export const newDomainMapping = event('new_domain_mapping', {
  title: 'New Domain Mapping',
  sentence: 'A customer added a domain to a site',
  description: 'Happens when a customer maps a domain. Version 1 sends it.',
  lane: 'realtime',
  payload: z.looseObject({
    user_id: id,
    user_site_id: id,
    mapped_domain: text,
    user_site_url: text,
    network_ip: text,
  }),
  sample: {
    user_id: '34',
    user_site_id: '3',
    mapped_domain: 'shop.example.com',
    user_site_url: 'https://acme.network.example.com/',
    network_ip: '203.0.113.10',
  },
})

/** Besides these fields the whole of site, membership and customer is sent, as three objects. */
export const demoSiteExpiring = event('demo_site_expiring', {
  title: 'Demo Site Expiring',
  sentence: 'A demo site is close to its end',
  description: 'Happens once for each demo site, some hours before it is deleted.',
  lane: 'realtime',
  payload: z.looseObject({
    demo_expires_at: time,
    demo_time_remaining: text,
    site_id: id,
    site_title: text,
    site_url: text,
    site_admin_url: text,
    membership_id: id,
    customer_id: id,
  }),
  sample: {
    demo_expires_at: '2026-01-16T09:30:00Z',
    demo_time_remaining: '1 day',
    site_id: '3',
    site_title: 'Acme Shop',
    site_url: 'https://acme.network.example.com/',
    site_admin_url: 'https://acme.network.example.com/wp-admin/',
    membership_id: '7',
    customer_id: '12',
  },
})
