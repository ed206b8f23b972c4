import { definePlugin } from 'hookline/plugin'
import * as completions from './completions.ts'
import * as enrolments from './enrolments.ts'
import * as objects from './objects.ts'
import * as progress from './progress.ts'
import * as responses from './responses.ts'
import * as unenrolments from './unenrolments.ts'

/** All that Adobe Learning Manager can tell, in its own names. Off until somebody has such an account to connect. */
export default definePlugin({
  slug: 'learning-manager',
  version: '1.0.0',
  title: 'Learning Manager',
  description: 'The events of Adobe Learning Manager.',
  requires: { host: '^1.0' },
  scope: 'site',
  events: [enrolments, completions, unenrolments, progress, objects, responses].flatMap((area) => Object.values(area)),
})
