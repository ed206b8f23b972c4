import { openMigratedD1 } from '../support/d1.ts'
import { healthContract } from './health.ts'

healthContract('D1', null, openMigratedD1)
