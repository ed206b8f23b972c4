/** HMAC-SHA256 as a sender makes it, on both runtimes. */
export async function hmac(secret: string, text: string, encoding: 'hex' | 'base64' = 'hex'): Promise<string> {
  const encoder = new TextEncoder()
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, ['sign'])
  const bytes = new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text)))
  return encoding === 'hex'
    ? Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
    : btoa(String.fromCharCode(...bytes))
}

/** The `stripe-signature` of a body, now or at another time in seconds. */
export const stripeSignature = async (secret: string, body: string, seconds: number): Promise<string> =>
  `t=${seconds},v1=${await hmac(secret, `${seconds}.${body}`)},v0=${'0'.repeat(64)}`
