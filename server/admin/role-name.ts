import type { Role } from '../../db/schema.ts'
import type { Translator } from '../web/i18n.ts'

export function roleName(t: Translator, role: Role): string {
  switch (role) {
    case 'super_admin':
      return t('Super Admin')
    case 'integration_admin':
      return t('Integration Admin')
    case 'site_admin':
      return t('Site Admin')
    case 'viewer':
      return t('Viewer')
  }
}
