import { openMigratedD1 } from '../support/d1.ts'
import { outboxContract } from './outbox.ts'

outboxContract('D1', openMigratedD1)
