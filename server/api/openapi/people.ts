import { z } from 'zod'
import { roles } from '../../access/roles.ts'
import { keyRotation, newKey } from '../api-keys.ts'
import { changedUser, invited } from '../users.ts'
import * as answers from './answers.ts'
import { nothing, page, type Operations } from './operation.ts'

export const peopleOperations = {
  'GET /api/v1/users': {
    summary: 'List users',
    query: { role: z.enum(roles), q: z.string().meta({ description: 'part of a name or e-mail address' }), ...page },
    status: 200,
    answer: answers.listOf(answers.user),
  },
  'GET /api/v1/users/:id': { summary: 'Read a user', status: 200, answer: answers.user },
  'POST /api/v1/users': {
    summary: 'Invite a user',
    description:
      'The link lets the person set a password, once. It is in this answer alone, and mailed where mail is set up. A key needs the scopes of the role, and makes no super admins.',
    body: invited,
    status: 201,
    answer: answers.invitedUser,
  },
  'PATCH /api/v1/users/:id': {
    summary: 'Rename a user, or give another role or site',
    description:
      'With another role or site the sessions and links of the user end. A key needs the scopes of a role that it gives; it makes no super admins, and changes none.',
    body: changedUser,
    status: 200,
    answer: answers.user,
  },
  'DELETE /api/v1/users/:id': {
    summary: 'Delete a user',
    description:
      'The sessions and API keys of the user end, and the REST hooks of those keys are retired. A key deletes no super admins.',
    ...nothing,
  },
  'POST /api/v1/users/:id/reset': {
    summary: 'Make a link that lets a user set a new password',
    description:
      'It opens once, and links from before no longer open. A key needs the scopes of the role of the user; for super admins only a person can make one.',
    status: 200,
    answer: answers.resetLink,
  },
  'GET /api/v1/api-keys': {
    summary: 'List API keys',
    query: page,
    status: 200,
    answer: answers.listOf(answers.apiKey),
  },
  'GET /api/v1/api-keys/:id': { summary: 'Read an API key', status: 200, answer: answers.apiKey },
  'POST /api/v1/api-keys': {
    summary: 'Make an API key',
    description:
      'It can do no more than the key that asks, makes no keys itself, ends no later than that one, and ends with it. The key is in this answer alone.',
    body: newKey,
    status: 201,
    answer: answers.madeKey,
  },
  'DELETE /api/v1/api-keys/:id': {
    summary: 'Revoke an API key',
    description: 'The keys and the REST hooks that it made end with it: the hooks are retired.',
    status: 200,
    answer: answers.revokedKey,
  },
  'POST /api/v1/api-keys/:id/rotate': {
    summary: 'Rotate an API key',
    description:
      'The id stays, and with it all that the key made. What the key was opens beside the new one until the overlap ends. A key can rotate itself.',
    body: keyRotation,
    status: 200,
    answer: answers.keyRotated,
  },
  'GET /api/v1/me': { summary: 'Read whose key this is', status: 200, answer: answers.me },
} satisfies Operations
