import type { Command } from 'commander'
import { add, addList, answered, type Session } from './command.ts'
import { exit, Stop } from './exit.ts'
import { note, out } from './print.ts'

interface User {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly role: string
  readonly site: string | null
  readonly has_password: boolean
  readonly two_factor: boolean
}

interface Link {
  readonly kind: 'invite' | 'reset'
  readonly email: string
  readonly link: string
  readonly link_until: string
  readonly mailed: boolean
}

interface Invite {
  readonly name: string
  readonly role: string
  readonly site?: string
}

export function addUsers(hookline: Command): void {
  const user = hookline.command('user').description('who can log in')
  addList<User>(user, {
    summary: 'list users',
    example: 'user list --role site_admin',
    path: '/api/v1/users',
    filters: {
      role: 'super_admin, integration_admin, site_admin or viewer',
      q: 'part of a name or e-mail address',
    },
    columns: [
      ['ID', ({ id }) => id],
      ['NAME', ({ name }) => name],
      ['EMAIL', ({ email }) => email],
      ['ROLE', ({ role }) => role],
      ['SITE', ({ site }) => site],
      ['PASSWORD', ({ has_password: has }) => has],
      ['2FA', ({ two_factor: two }) => two],
    ],
  })
  add<Invite>(user, 'invite <email>', {
    summary: 'invite somebody; prints a link to set a password, which opens once',
    example: 'user invite bo@example.com --name "Bo Ek" --role site_admin --site shop',
    configure: (command) =>
      command
        .requiredOption('--name <name>', 'what the person is called')
        .requiredOption('--role <role>', 'integration_admin, site_admin or viewer')
        .option('--site <slug>', 'the site of a site admin'),
    run: async (session, email) => {
      const { name, role, site } = session.options
      const answer = await session.ask('POST', '/api/v1/users', { body: { name, email, role, site } })
      answered(session, answer, sayLink)
    },
  })
  add<Partial<Invite>>(user, 'change <email>', {
    summary: 'give somebody another name, role or site; another role or site logs them out',
    example: 'user change bo@example.com --role site_admin --site shop',
    configure: (command) =>
      command
        .option('--name <name>', 'what the person is called')
        .option('--role <role>', 'integration_admin, site_admin or viewer')
        .option('--site <slug>', 'the site of a site admin'),
    run: async (session, email = '') => {
      const { name, role, site } = session.options
      const { id } = await userOf(session, email)
      const answer = await session.ask('PATCH', `/api/v1/users/${id}`, { body: { name, role, site } })
      answered<User>(session, answer, ({ name, role, site }) => note(`${name}: ${role}${site ? ` of ${site}` : ''}.`))
    },
  })
  add(user, 'delete <email>', {
    summary: 'delete somebody; their sessions and API keys end',
    example: 'user delete bo@example.com',
    run: async (session, email = '') => {
      const { id } = await userOf(session, email)
      await session.ask('DELETE', `/api/v1/users/${id}`)
      note(`${email} is deleted.`)
    },
  })
  add(user, 'reset <email>', {
    summary: 'make a link that lets somebody set a new password, and print it; it opens once',
    example: 'user reset bo@example.com',
    run: async (session, email = '') => {
      const { id } = await userOf(session, email)
      answered(session, await session.ask('POST', `/api/v1/users/${id}/reset`, { body: {} }), sayLink)
    },
  })
}

async function userOf(session: Session<object>, email: string): Promise<User> {
  const wanted = email.trim().toLowerCase()
  const { value } = await session.ask('GET', '/api/v1/users', { query: { q: wanted, limit: 100 } })
  const found = (value as { data: readonly User[] }).data.find((one) => one.email === wanted)
  if (!found) throw new Stop(exit.refused, `Nobody has the e-mail address ${email}.`)
  return found
}

function sayLink({ email, link, link_until: until, mailed }: Link): void {
  note(`For ${email}, once, until ${until}.${mailed ? ' It is mailed as well.' : ''}`)
  out(link)
}
