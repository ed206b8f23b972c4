import { openMigratedD1 } from '../support/d1.ts'
import { retentionContract } from './retention.ts'

retentionContract('D1', openMigratedD1)
