import { definePlugin, type PluginEvent } from 'hookline/plugin'
import * as completions from './completions.ts'
import * as enrolments from './enrolments.ts'
import * as objects from './objects.ts'
import * as progress from './progress.ts'
import * as responses from './responses.ts'
import { isKnown, steps, told } from './source.ts'
import * as unenrolments from './unenrolments.ts'

const areas = [enrolments, completions, unenrolments, progress, objects, responses]
const events: readonly PluginEvent[] = areas.flatMap((area) => Object.values(area))

/** All that Adobe Learning Manager can tell, in its own names. Off until somebody has such an account to connect. */
export default definePlugin(
  {
    slug: 'learning-manager',
    version: '1.0.0',
    title: 'Learning Manager',
    description: 'The events of Adobe Learning Manager.',
    requires: { host: '^1.0' },
    scope: 'site',
    events,
  },
  ({ source }) =>
    source('learning-manager', {
      title: 'Learning Manager',
      description: 'Enrolments, completions, progress and learning objects of an account of Adobe Learning Manager.',
      steps,
      secret: {
        title: 'User name and password',
        help: 'As user:password. Without them the address alone is trusted.',
        required: false,
      },
      verify: isKnown,
      toEvents: (request) => told(request, events),
    }),
)
