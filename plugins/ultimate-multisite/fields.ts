import { z } from 'zod'

/** Ids are texts, money is a number, times are ISO 8601; what is not known is null. The source brings theirs into this. */
export const id = z.string().nullable()
export const text = z.string().nullable()
export const money = z.number().nullable()
export const count = z.int().nullable()
export const flag = z.boolean().nullable()
export const time = z.iso.datetime().nullable()

/** The fields that Ultimate Multisite sends about one thing, in its names, with a sample of them. */
export const customer = {
  fields: {
    customer_id: id,
    customer_name: text,
    customer_user_email: text,
    customer_user_id: id.optional(),
    customer_email_verification: text.optional(),
    customer_avatar: text.optional(),
    customer_billing_address: text.optional(),
    customer_manage_url: text.optional(),
  },
  sample: {
    customer_id: '12',
    customer_name: 'Mary Roe',
    customer_user_email: 'mary@example.com',
    customer_user_id: '34',
    customer_email_verification: 'verified',
    customer_billing_address: 'Acme Ltd\nbilling@example.com\n1 Main Street\nSE\nStockholm\n111 20',
    customer_manage_url: 'https://network.example.com/wp-admin/network/admin.php?page=wp-ultimo-edit-customer&id=12',
  },
} as const

export const membership = {
  fields: {
    membership_id: id,
    membership_status: text,
    membership_amount: text,
    membership_amount_raw: money,
    membership_currency: text,
    membership_reference_code: text.optional(),
    membership_initial_amount: text.optional(),
    membership_initial_amount_raw: money.optional(),
    membership_description: text.optional(),
    membership_gateway: text.optional(),
    membership_date_expiration: time.optional(),
    membership_manage_url: text.optional(),
  },
  sample: {
    membership_id: '7',
    membership_status: 'active',
    membership_amount: '€ 29.90',
    membership_amount_raw: 29.9,
    membership_currency: 'EUR',
    membership_reference_code: 'HHHHKND2WM',
    membership_initial_amount: '€ 34.90',
    membership_initial_amount_raw: 34.9,
    membership_description: '€ 29.90 / month',
    membership_gateway: 'stripe',
    membership_date_expiration: '2026-02-15T23:59:59Z',
    membership_manage_url: 'https://network.example.com/wp-admin/network/admin.php?page=wp-ultimo-edit-membership&id=7',
  },
} as const

export const payment = {
  fields: {
    payment_id: id,
    payment_status: text,
    payment_total: text,
    payment_total_raw: money,
    payment_currency: text,
    payment_gateway: text,
    payment_date_created: time,
    payment_reference_code: text.optional(),
    payment_subtotal: text.optional(),
    payment_subtotal_raw: money.optional(),
    payment_tax_total: text.optional(),
    payment_tax_total_raw: money.optional(),
    payment_product_names: text.optional(),
    payment_invoice_url: text.optional(),
    payment_manage_url: text.optional(),
  },
  sample: {
    payment_id: '56',
    payment_status: 'completed',
    payment_total: '€ 29.90',
    payment_total_raw: 29.9,
    payment_currency: 'EUR',
    payment_gateway: 'stripe',
    payment_date_created: '2026-01-15T09:30:00Z',
    payment_reference_code: 'JJJ3D44136',
    payment_subtotal: '€ 23.92',
    payment_subtotal_raw: 23.92,
    payment_tax_total: '€ 5.98',
    payment_tax_total_raw: 5.98,
    payment_product_names: 'Premium',
    payment_invoice_url: 'https://network.example.com/?action=invoice&reference=JJJ3D44136',
    payment_manage_url: 'https://network.example.com/wp-admin/network/admin.php?page=wp-ultimo-edit-payment&id=56',
  },
} as const

export const site = {
  fields: {
    site_id: id,
    site_title: text,
    site_url: text,
    site_description: text.optional(),
    site_admin_url: text.optional(),
    site_manage_url: text.optional(),
  },
  sample: {
    site_id: '3',
    site_title: 'Acme Shop',
    site_url: 'https://acme.network.example.com/',
    site_description: 'Anvils and more',
    site_admin_url: 'https://acme.network.example.com/wp-admin/',
    site_manage_url: 'https://network.example.com/wp-admin/network/admin.php?page=wp-ultimo-edit-site&id=3',
  },
} as const

/** Of an address only what the customer filled in is sent. */
export const billing = {
  fields: {
    company_name: text.optional(),
    billing_email: text.optional(),
    billing_address_line_1: text.optional(),
    billing_address_line_2: text.optional(),
    billing_country: text.optional(),
    billing_state: text.optional(),
    billing_city: text.optional(),
    billing_zip_code: text.optional(),
  },
  sample: {
    company_name: 'Acme Ltd',
    billing_email: 'billing@example.com',
    billing_address_line_1: '1 Main Street',
    billing_country: 'SE',
    billing_city: 'Stockholm',
    billing_zip_code: '111 20',
  },
} as const
