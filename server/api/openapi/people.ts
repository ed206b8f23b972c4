import { z } from 'zod'
import { roles } from '../../access/roles.ts'
import { keyRotation, newKey } from '../api-keys.ts'
import { addressed } from '../privacy.ts'
import { changedUser, invited } from '../users.ts'
import * as answers from './answers.ts'
import { nothing, page, type Operations } from './operation.ts'

export const peopleOperations = {
  'GET /api/v1/users': {
    summary: 'List users',
    query: { role: z.enum(roles), q: z.string().meta({ description: 'part of the name or e-mail address' }), ...page },
    status: 200,
    answer: answers.listOf(answers.user),
  },
  'GET /api/v1/users/:id': { summary: 'Read a user', status: 200, answer: answers.user },
  'POST /api/v1/users': {
    summary: 'Invite a user',
    description:
      'The link lets the person set a password, once. Only this answer has it; where e-mail is set up, it is also sent to the person. A key needs the scopes of the role, and cannot invite super admins.',
    body: invited,
    status: 201,
    answer: answers.invitedUser,
  },
  'PATCH /api/v1/users/:id': {
    summary: 'Change the name, role or site of a user',
    description:
      'A new role or site ends the sessions and links of the user. A key needs the scopes of the role that it gives, and can neither make nor change super admins.',
    body: changedUser,
    status: 200,
    answer: answers.user,
  },
  'DELETE /api/v1/users/:id': {
    summary: 'Delete a user',
    description:
      'The sessions and API keys of the user end, and the REST hooks of those keys are retired. A key cannot delete super admins.',
    ...nothing,
  },
  'POST /api/v1/users/:id/reset': {
    summary: 'Create a link that lets a user set a new password',
    description:
      'The link works once, and earlier links stop working. A key needs the scopes of the role of the user, and cannot create a link for super admins.',
    status: 200,
    answer: answers.resetLink,
  },
  'GET /api/v1/privacy': {
    summary: 'List requests for personal data',
    query: page,
    status: 200,
    answer: answers.listOf(answers.privacyRequest),
  },
  'POST /api/v1/privacy': {
    summary: 'Find all that is stored with an e-mail address in it',
    description: 'The search goes on by itself, place by place; read it until its state is found.',
    body: addressed,
    status: 201,
    answer: answers.privacyRequest,
  },
  'GET /api/v1/privacy/:id': {
    summary: 'Read a request for personal data',
    status: 200,
    answer: answers.privacyRequest,
  },
  'POST /api/v1/privacy/:id/export': {
    summary: 'Export what was found',
    description: 'A list of rows for each place, without secrets. In the audit log stands who took it.',
    status: 200,
    answer: answers.personalData,
  },
  'POST /api/v1/privacy/:id/erase': {
    summary: 'Erase what was found',
    description:
      'For good. The address has to be given once more. It goes on by itself: the state is erased at the end, and the address is forgotten here too. Places that are kept stay as they are.',
    body: addressed,
    status: 202,
    answer: answers.privacyRequest,
  },
  'POST /api/v1/privacy/:id/stop': {
    summary: 'Stop a search, or what is being erased',
    description: 'What was erased until then stays erased.',
    status: 200,
    answer: answers.privacyRequest,
  },
  'GET /api/v1/api-keys': {
    summary: 'List API keys',
    query: page,
    status: 200,
    answer: answers.listOf(answers.apiKey),
  },
  'GET /api/v1/api-keys/:id': { summary: 'Read an API key', status: 200, answer: answers.apiKey },
  'POST /api/v1/api-keys': {
    summary: 'Create an API key',
    description:
      'It can do no more than the key that creates it, cannot create keys itself, ends no later than that key, and ends with it. Only this answer has the key; it is not shown again.',
    body: newKey,
    status: 201,
    answer: answers.madeKey,
  },
  'DELETE /api/v1/api-keys/:id': {
    summary: 'Revoke an API key',
    description: 'The keys and REST hooks that it created end with it: the hooks are retired.',
    status: 200,
    answer: answers.revokedKey,
  },
  'POST /api/v1/api-keys/:id/rotate': {
    summary: 'Rotate an API key',
    description:
      'The id stays the same, and so does all that the key created. The old key works beside the new one until the overlap ends. A key can rotate itself.',
    body: keyRotation,
    status: 200,
    answer: answers.keyRotated,
  },
  'GET /api/v1/me': { summary: 'Read about the key of this request', status: 200, answer: answers.me },
} satisfies Operations
