import { endSessions, passwordHash } from '../../../db/queries/access.ts'
import { personByEmail } from '../../../db/queries/people.ts'
import { insertLink } from '../../../db/queries/one-time-links.ts'
import { deleteTwoFactor } from '../../../db/queries/two-factor.ts'
import { auditEntry } from '../../access/audit.ts'
import { freshLink, LINK_MADE } from '../../access/links.ts'
import { normalEmail } from '../../access/person.ts'
import { isoTime } from '../../lib/clock.ts'
import { mustExist, sqliteFile } from '../backup/file.ts'
import { openDatabase } from '../database.ts'
import { createRandom } from '../random.ts'
import { urlAt } from '../url-at.ts'
import { withSettings } from './db-commands.ts'
import { exit, Stop } from './exit.ts'
import { note, out } from './print.ts'

/** Whoever may write to the database needs nobody's leave; the audit log says that it was done here. */
const OPERATOR = { id: 'operator', name: 'hookline db let-in', address: 'local' }

/** A way back for the only super admin, who has nobody to ask. */
export const letIn = (email: string, removeTwoFactor: boolean, json: boolean): Promise<void> =>
  withSettings(async (config, log) => {
    const file = sqliteFile(config)
    if (file !== null) mustExist(file)
    const { db, release } = await openDatabase(config, log)
    const deps = {
      db,
      clock: Date.now,
      random: createRandom(),
      publicUrl: () => config.publicUrl ?? urlAt(config.host, config.port),
    }
    try {
      const person = await personByEmail(db, normalEmail(email))
      if (!person) throw new Stop(exit.refused, `Nobody has the e-mail address ${email}.`)
      const kind = (await passwordHash(db, person.id)) === null ? 'invite' : 'reset'
      const { url, link } = await freshLink(deps, person.id, kind)
      const entry = (action: string) => auditEntry(deps, OPERATOR, { action, target: person.id, owner: person.siteId })
      const withoutCode = removeTwoFactor
        ? [...entry('user.two_factor_off'), ...deleteTwoFactor(db, person.id), endSessions(db, person.id)]
        : []
      await db.commit([...entry(LINK_MADE[kind]), ...insertLink(db, link), ...withoutCode])
      const until = isoTime(link.until)
      if (json) return out(JSON.stringify({ email: person.email, kind, link: url, link_until: until }))
      note(`For ${person.email}, once, until ${until}. Start the server first.`)
      out(url)
    } finally {
      await release()
    }
  })
