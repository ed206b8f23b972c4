import { PREFIX, signedHeaders, TOLERANCE_SECONDS } from '../../webhooks/sign.ts'

/** Code that a receiver can take over as it stands: it checks a signature by v1 and needs no library. */
interface Snippet {
  readonly language: string
  readonly code: string
}

const { id, timestamp, signature } = signedHeaders

const node = `import { createHmac, timingSafeEqual } from 'node:crypto'

// headers: with names in small letters. rawBody: the bytes as they came, before any JSON parser.
export function verify(secret, headers, rawBody) {
  const seconds = headers['${timestamp}']
  if (!(Math.abs(Date.now() / 1000 - Number(seconds)) <= ${TOLERANCE_SECONDS})) return false
  const key = Buffer.from(secret.slice('${PREFIX}'.length), 'base64')
  const mac = createHmac('sha256', key).update(\`\${headers['${id}']}.\${seconds}.\`).update(rawBody).digest('base64')
  const expected = Buffer.from(\`v1,\${mac}\`)
  return (headers['${signature}'] ?? '').split(' ').some((one) => {
    const given = Buffer.from(one)
    return given.length === expected.length && timingSafeEqual(given, expected)
  })
}`

const php = `<?php
// $headers: with names in small letters. $rawBody: file_get_contents('php://input').
function verify(string $secret, array $headers, string $rawBody): bool
{
    $seconds = $headers['${timestamp}'] ?? '';
    if (!preg_match('/^[0-9]+$/', $seconds) || abs(time() - (int) $seconds) > ${TOLERANCE_SECONDS}) {
        return false;
    }
    $key = base64_decode(substr($secret, strlen('${PREFIX}')));
    $text = ($headers['${id}'] ?? '') . '.' . $seconds . '.' . $rawBody;
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', $text, $key, true));
    foreach (explode(' ', $headers['${signature}'] ?? '') as $given) {
        if (hash_equals($expected, $given)) {
            return true;
        }
    }
    return false;
}`

const python = `import base64, hashlib, hmac, time

# headers: with names in small letters. raw_body: the bytes as they came, before any JSON parser.
def verify(secret: str, headers: dict, raw_body: bytes) -> bool:
    seconds = headers.get("${timestamp}", "")
    if not seconds.isdecimal() or abs(time.time() - int(seconds)) > ${TOLERANCE_SECONDS}:
        return False
    key = base64.b64decode(secret[len("${PREFIX}"):])
    text = f"{headers.get('${id}')}.{seconds}.".encode() + raw_body
    expected = b"v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest())
    given = headers.get("${signature}", "").encode().split(b" ")
    return any(hmac.compare_digest(one, expected) for one in given)`

const go = `package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// Verify takes headers by their names in small letters, and the bytes of the body as they came.
func Verify(secret string, headers map[string]string, rawBody []byte) bool {
	seconds, err := strconv.ParseInt(headers["${timestamp}"], 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > ${TOLERANCE_SECONDS}*time.Second {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "${PREFIX}"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(headers["${id}"] + "." + headers["${timestamp}"] + "."))
	mac.Write(rawBody)
	expected := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, given := range strings.Split(headers["${signature}"], " ") {
		if hmac.Equal([]byte(given), []byte(expected)) {
			return true
		}
	}
	return false
}`

export const snippets: readonly Snippet[] = [
  { language: 'Node', code: node },
  { language: 'PHP', code: php },
  { language: 'Python', code: python },
  { language: 'Go', code: go },
]
