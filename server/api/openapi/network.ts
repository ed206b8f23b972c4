import { z } from 'zod'
import { changedBin } from '../bins.ts'
import { changedPlugin } from '../plugins.ts'
import { changedSite, newSite } from '../sites.ts'
import { changedSource, newAddress, newSource } from '../sources.ts'
import { existing } from '../../transfer/step.ts'
import { importBody } from '../transfer.ts'
import * as answers from './answers.ts'
import { nothing, page, type Operations } from './operation.ts'

/** A schema that holds itself cannot be written without a reference. */
const anyJson = { settings: z.record(z.string(), z.unknown()).optional(), mapping: z.unknown().optional() }

export const networkOperations = {
  'GET /api/v1/sites': {
    summary: 'List sites',
    query: { state: z.enum(['active', 'archived']), q: z.string().meta({ description: 'part of a name' }), ...page },
    status: 200,
    answer: answers.listOf(answers.site),
  },
  'POST /api/v1/sites': { summary: 'Add a site', body: newSite, status: 201, answer: answers.site },
  'GET /api/v1/sites/:id': { summary: 'Read a site', status: 200, answer: answers.site },
  'PATCH /api/v1/sites/:id': {
    summary: 'Rename, archive or bring back a site',
    body: changedSite,
    status: 200,
    answer: answers.site,
  },
  'DELETE /api/v1/sites/:id': { summary: 'Delete a site', ...nothing },
  'GET /api/v1/plugins': {
    summary: 'List plugins',
    query: page,
    status: 200,
    answer: answers.listOf(answers.plugin),
  },
  'GET /api/v1/plugins/:slug': {
    summary: 'Read a plugin and its settings',
    description: 'With site, as it is at that site. Of a secret it tells only whether there is one.',
    query: { site: z.string() },
    status: 200,
    answer: answers.pluginWithSettings,
  },
  'PATCH /api/v1/plugins/:slug': {
    summary: 'Switch, pause, resume or set a plugin',
    description:
      'With site, for that site alone. Paused, nothing of it runs anywhere, and what its guards watch over is held. A setting that is null is taken back.',
    body: changedPlugin.extend({ settings: z.record(z.string(), z.unknown()).optional() }),
    status: 200,
    answer: answers.pluginWithSettings,
  },
  'DELETE /api/v1/plugins/:slug': {
    summary: 'Uninstall a plugin: delete all that it stored',
    ...nothing,
  },

  'GET /api/v1/sources': {
    summary: 'List sources',
    query: { site: z.string(), ...page },
    status: 200,
    answer: answers.listOf(answers.source),
  },
  'POST /api/v1/sources': {
    summary: 'Add a source',
    description: 'The address to paste at the sender is given whole in this answer, and never again.',
    body: newSource.extend(anyJson),
    status: 201,
    answer: answers.source,
  },
  'GET /api/v1/sources/:id': { summary: 'Read a source', status: 200, answer: answers.source },
  'PATCH /api/v1/sources/:id': {
    summary: 'Change a source',
    description: 'Takes active as well.',
    body: changedSource.extend(anyJson),
    like: 'POST /api/v1/sources',
    status: 200,
    answer: answers.source,
  },
  'DELETE /api/v1/sources/:id': { summary: 'Delete a source', ...nothing },
  'POST /api/v1/sources/:id/rotate-address': {
    summary: 'Give a source another address',
    description: 'The old one is taken for a while longer, unless at_once.',
    body: newAddress,
    status: 200,
    answer: answers.source,
  },
  'GET /api/v1/bins': { summary: 'List bins', status: 200, answer: answers.listOf(answers.bin) },
  'POST /api/v1/bins': { summary: 'Add a bin', body: changedBin, status: 201, answer: answers.bin },
  'GET /api/v1/bins/:id': { summary: 'Read a bin', status: 200, answer: answers.bin },
  'GET /api/v1/bins/:id/captures': {
    summary: 'List what a bin caught',
    description: 'The newest hundred. Values of headers with credentials are masked.',
    status: 200,
    answer: answers.listOf(answers.capture),
  },
  'PATCH /api/v1/bins/:id': { summary: 'Change a bin', body: changedBin, status: 200, answer: answers.bin },
  'DELETE /api/v1/bins/:id': { summary: 'Delete a bin', ...nothing },

  'GET /api/v1/export': {
    summary: 'Export the set-up',
    description:
      'Settings, sites, people, plugins, webhooks and sources, in an order that does not change. Never with secrets: those a super admin exports under Tools. Webhooks stand in it for a key that has webhooks:read.',
    status: 200,
    answer: answers.setUp,
  },
  'POST /api/v1/import': {
    summary: 'Import a set-up',
    description:
      'Takes a file of an export, up to 8 MB; passphrase opens its secrets. With dry_run nothing is written. All of it is imported or nothing, unless leave_out says that what is refused shall stay behind. What is not in the file stays. For webhooks in the file it needs webhooks:write too.',
    query: {
      dry_run: z.enum(['1', '0']),
      existing: z.enum(existing).meta({ description: 'whether what is here becomes what the file says' }),
      leave_out: z.enum(['1', '0']),
    },
    body: importBody,
    status: 200,
    answer: answers.imported,
  },
  'GET /api/v1/openapi.json': {
    summary: 'Read this description',
    status: 200,
    answer: z.looseObject({ openapi: z.string() }),
  },
} satisfies Operations
