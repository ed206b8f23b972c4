import type { Role } from '../../db/schema.ts'
import type { Translator } from '../web/i18n.ts'

export const roleNames = (t: Translator): Readonly<Record<Role, string>> => ({
  super_admin: t('Super Admin'),
  integration_admin: t('Integration Admin'),
  site_admin: t('Site Admin'),
  viewer: t('Viewer'),
})

export const roleName = (t: Translator, role: Role): string => roleNames(t)[role]
