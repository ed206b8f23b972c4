import { expect } from 'vitest'
import { codeAt, stepAt } from '../../../server/access/totp.ts'
import { PASSWORD, type Somebody } from '../../support/stage.ts'
import type { Drive, Scenarios } from './scenario.ts'

const EMAIL = 'ingrid@nordlys.example'
const CHANGED = 'correct horse battery staple'

/** Getting in, and what people do with their own account. */
export const access: Scenarios<Drive> = {
  async 'the network is set up'({ admin, server }) {
    await admin.go(server.setUp ?? '')
    await admin.type({
      'Network name': 'Nordlys',
      'Your name': 'Ingrid Nord',
      'E-mail address': EMAIL,
      Password: PASSWORD,
    })
    await admin.press('Set Up')
    await admin.sees('The network is set up.')
  },

  async 'a person logs out and in'({ admin }) {
    await logOut(admin)
    await admin.sees('You are logged out.')
    await logIn(admin, 'not the password')
    await admin.sees('That did not match.')
    await logIn(admin, PASSWORD)
    expect(new URL(admin.page.url()).pathname).toBe('/network')
  },

  async 'who forgot the password gets a link by mail'({ somebody, mails }) {
    const she = await somebody()
    await she.go('/forgot-password')
    await she.type({ 'E-mail address': EMAIL })
    await she.press('Send a link')
    await she.sees('A link is on its way.')
    await expect.poll(() => mails.length, { timeout: 10_000 }).toBeGreaterThan(0)
    const link = /http:\S+\/set-password\S+/.exec(mails.at(-1)?.text ?? '')?.[0] ?? ''
    await she.go(link)
    await she.type({ 'New password': PASSWORD })
    await she.press('Set the password')
    await she.sees('Your password is set.')
    await she.page.context().close()
  },

  async 'a person confirms the password'({ admin }) {
    await admin.go('/login')
    await logIn(admin, PASSWORD)
    await admin.go('/confirm-password?next=/account')
    await admin.type({ Password: PASSWORD })
    await admin.press('Confirm')
    expect(new URL(admin.page.url()).pathname).toBe('/account')
  },

  async 'a person changes name and password, and ends other sessions'({ admin, somebody }) {
    const elsewhere = await Promise.all([somebody(), somebody(), somebody()])
    for (const one of elsewhere) {
      await one.go('/login')
      await logIn(one, PASSWORD)
      await one.page.context().close()
    }
    await admin.go('/account')
    await admin.type({ Name: 'Ingrid N' })
    await admin.press('Save')
    await admin.sees('Account saved.')
    await admin.press(/^End/)
    await admin.sees('The session has ended.')
    await admin.press('Log out everywhere else')
    await admin.sees('You are logged out everywhere else.')
    await admin.type({ 'Current password': PASSWORD, 'New password': CHANGED })
    await admin.press('Change Password')
    await admin.sees('Password changed.')
    await admin.type({ 'Current password': CHANGED, 'New password': PASSWORD })
    await admin.press('Change Password')
    await admin.sees('Password changed.')
  },

  async 'a person chooses the columns of a list'({ admin }) {
    await admin.go('/network/webhooks')
    await admin.page.locator('summary', { hasText: 'Screen Options' }).click()
    await admin.press('Apply', admin.page.locator('.tools'))
    await admin.sees('Screen options saved.')
  },

  async 'a person is invited, uses two-factor, and is deleted'({ admin, somebody }) {
    await admin.go('/network/users/new')
    await admin.type({ Name: 'Vera Vik', 'E-mail address': 'vera@nordlys.example' })
    await admin.press('Add New User')
    const vera = await somebody()
    await vera.go(await admin.page.getByLabel('Link', { exact: true }).innerText())
    await vera.type({ 'New password': PASSWORD })
    await vera.press('Set the password')
    await logIn(vera, PASSWORD, 'vera@nordlys.example')
    const app = await twoFactorOn(vera)
    await logOut(vera)
    await logIn(vera, PASSWORD, 'vera@nordlys.example')
    await vera.type({ Code: await codeAt(app, stepAt(Date.now()) + 1) })
    await vera.press('Log In')
    await vera.go('/account/two-factor')
    const passwords = vera.page.getByLabel('Current password')
    await passwords.first().fill(PASSWORD)
    await vera.press('Make new codes')
    expect(await vera.page.getByLabel('Recovery codes').innerText()).toMatch(/\S+\n\S+/)
    await vera.go('/account/two-factor')
    await passwords.last().fill(PASSWORD)
    await vera.press('Switch two-factor off')
    await vera.sees('Two-factor is off.')
    await twoFactorOn(vera)
    await vera.page.context().close()

    await admin.go('/network/users')
    await admin.click(admin.page.getByRole('link', { name: 'Vera Vik', exact: true }))
    const page = admin.page.url()
    await admin.press('Log out everywhere')
    await admin.sees('Vera Vik is logged out everywhere.')
    await admin.press('Remove two-factor')
    await admin.sees('Vera Vik logs in without a code now.')
    await admin.press('Make a link')
    expect(await admin.page.getByLabel('Link', { exact: true }).innerText()).toContain('/set-password?token=')
    await admin.go(page)
    await admin.page.getByLabel('Role', { exact: true }).selectOption('Integration Admin')
    await admin.press('Save')
    await admin.sees('Vera Vik saved.')
    await admin.page.getByRole('checkbox', { name: 'Select Vera Vik' }).check()
    await admin.page.getByLabel('Bulk action').selectOption('Viewer')
    await admin.press('Apply', admin.page.locator('form[method=post]'))
    await admin.sees('Users with a new role: 1.')
    await admin.click(admin.page.getByRole('link', { name: 'Delete Vera Vik' }))
    await admin.press('Delete')
    await admin.sees('Vera Vik is deleted.')
  },
}

export async function logIn(who: Somebody, password: string, email = EMAIL): Promise<void> {
  await who.type({ 'E-mail address': email, Password: password })
  await who.press('Log In')
}

async function logOut(who: Somebody): Promise<void> {
  const menu = who.page.locator('header .dropdown').last()
  await menu.locator('summary').click()
  await who.press('Log Out', menu)
}

async function twoFactorOn(who: Somebody): Promise<string> {
  await who.go('/account/two-factor')
  await who.press('Set up')
  const secret = (await who.page.locator('dd code').innerText()).replaceAll(' ', '')
  await who.type({ Code: await codeAt(secret, stepAt(Date.now())), 'Current password': PASSWORD })
  await who.press('Switch on')
  await who.sees('Two-factor is on.')
  return secret
}
