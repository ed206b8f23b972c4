import type { AuthType } from '../../db/schema.ts'
import type { FieldError } from '../lib/errors.ts'
import { msg, type Message } from '../lib/message.ts'
import { checkSecret, plainSigning, type Signing } from './sign.ts'

/** How a webhook shows who it is. Secrets are plain. */
export interface AuthDraft {
  readonly auth: AuthType
  readonly username: string
  /** A new password for Basic; null keeps the stored one. */
  readonly password: string | null
  /** A new token for Bearer; null keeps the stored one. */
  readonly token: string | null
  /** Null: nothing is signed. With `auth` `signature` it is never null. */
  readonly signing: Signing | null
  /** A caller's own signing secret; null generates one, or keeps the stored one. */
  readonly secret: string | null
}

/** The fields as the API names them. */
interface AuthInput {
  readonly auth: { type: AuthType; username: string; password: string | null; token: string | null }
  readonly signing: Signing | null
  readonly secret: string | null
}

const isCredential = (text: string): boolean => text.length <= 191 && text.isWellFormed() && !/\p{Cc}/u.test(text)
const isToken = (text: string): boolean => /^[\x21-\x7e]{1,4096}$/.test(text)

/** `has`: what is stored already, so that it need not be given. Signing and no other authentication is `signature`. */
export function readAuth(
  { auth: sent, signing: signs, secret }: AuthInput,
  has: { readonly password: boolean; readonly token: boolean },
): { readonly draft: AuthDraft; readonly errors: readonly FieldError[] } {
  const errors: FieldError[] = []
  const wrong = (path: string, message: Message) => errors.push({ path, message })
  const signing = signs ?? (sent.type === 'signature' ? plainSigning : null)
  const auth = sent.type === 'none' && signing ? 'signature' : sent.type

  if (auth === 'basic') {
    const { username, password } = sent
    if (username === '') wrong('auth.username', msg('Basic authentication needs a user name.'))
    else if (username.includes(':'))
      wrong('auth.username', msg('A user name for Basic authentication cannot hold a colon.'))
    else if (!isCredential(username))
      wrong('auth.username', msg('A user name has up to 191 characters, none of them a control character.'))
    if (!password && !has.password) wrong('auth.password', msg('Basic authentication needs a password.'))
    else if (password && !isCredential(password))
      wrong('auth.password', msg('A password has up to 191 characters, none of them a control character.'))
  }
  if (auth === 'bearer') {
    if (!sent.token && !has.token) wrong('auth.token', msg('Bearer authentication needs a token.'))
    else if (sent.token && !isToken(sent.token))
      wrong('auth.token', msg('A token has up to 4096 letters, digits and signs of ASCII, without spaces.'))
  }
  if (signing?.scheme === 'v1a' && signing.extra.length > 0)
    wrong('signing.extra', msg('Signatures as GitHub and Stripe make them need a shared secret: choose the scheme v1.'))
  if (secret !== null) {
    const checked = checkSecret(secret)
    if (!signing) wrong('secret', msg('A secret belongs to a webhook that signs: choose Authentication: Signature.'))
    else if (signing.scheme === 'v1a')
      wrong('secret', msg('The pair of keys for v1a is made here. Leave the secret out.'))
    else if (!checked.ok) wrong('secret', checked.message)
  }
  const draft = {
    auth,
    username: auth === 'basic' ? sent.username : '',
    password: auth === 'basic' ? sent.password || null : null,
    token: auth === 'bearer' ? sent.token || null : null,
    signing: signing && { scheme: signing.scheme, extra: [...new Set(signing.extra)].sort() },
    secret,
  }
  return { draft, errors }
}
