import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { snippets } from '../../../../server/admin/webhooks/snippets.ts'
import { createWebSign, newSecret } from '../../../../server/webhooks/sign.ts'

const folder = mkdtempSync(join(tmpdir(), 'hookline-'))
afterAll(() => rmSync(folder, { recursive: true }))

const randomBytes = (length: number) => crypto.getRandomValues(new Uint8Array(length))

const codeFor = (language: string): string => snippets.find((snippet) => snippet.language === language)?.code ?? ''

/** How each language is asked: it reads a list of cases as JSON, and prints the list of its verdicts. */
const languages = [
  {
    language: 'Node',
    command: [process.execPath, 'verify.mjs'],
    files: {
      'verify.mjs': `${codeFor('Node')}
import { readFileSync } from 'node:fs'
const cases = JSON.parse(readFileSync(0, 'utf8'))
console.log(JSON.stringify(cases.map(({ secret, headers, body }) => verify(secret, headers, body))))`,
    },
  },
  {
    language: 'PHP',
    command: ['php', 'verify.php'],
    files: {
      'verify.php': `${codeFor('PHP')}
$cases = json_decode(file_get_contents('php://stdin'), true);
echo json_encode(array_map(fn ($one) => verify($one['secret'], $one['headers'], $one['body']), $cases));`,
    },
  },
  {
    language: 'Python',
    command: ['python3', 'verify.py'],
    files: {
      'verify.py': `${codeFor('Python')}

import json, sys
print(json.dumps([verify(one["secret"], one["headers"], one["body"].encode()) for one in json.load(sys.stdin)]))`,
    },
  },
  {
    language: 'Go',
    command: ['go', 'run', '.'],
    files: {
      'go.mod': 'module example.com/receiver\n\ngo 1.19\n',
      'webhook/webhook.go': codeFor('Go'),
      'main.go': `package main

import (
	"encoding/json"
	"os"

	"example.com/receiver/webhook"
)

type Case struct {
	Secret  string
	Headers map[string]string
	Body    string
}

func main() {
	var cases []Case
	json.NewDecoder(os.Stdin).Decode(&cases)
	verdicts := []bool{}
	for _, one := range cases {
		verdicts = append(verdicts, webhook.Verify(one.Secret, one.Headers, []byte(one.Body)))
	}
	json.NewEncoder(os.Stdout).Encode(verdicts)
}`,
    },
  },
]

const isThere = (program: string): boolean => spawnSync(program, ['--version']).error === undefined

describe.each(languages.filter(({ command: [program = ''] }) => isThere(program)))(
  'the code for $language',
  ({ language, command: [program = '', ...args], files }) => {
    test('takes what we signed, also while two secrets sign, and nothing else', { timeout: 120_000 }, async () => {
      const [ours, other] = [newSecret(randomBytes), newSecret(randomBytes)]
      const now = Math.floor(Date.now() / 1000)
      const body = '{"type":"payment_received","data":{"customer_name":"Åse Ödmann"}}'
      const sign = createWebSign()
      const request = async (seconds: number, secrets: readonly string[], sent = body) => ({
        secret: ours,
        headers: {
          'webhook-id': 'evt_1',
          'webhook-timestamp': String(seconds),
          'webhook-signature': (await Promise.all(secrets.map((secret) => sign(secret, 'evt_1', seconds, body)))).join(
            ' ',
          ),
        },
        body: sent,
      })
      const cases = await Promise.all([
        request(now, [ours]),
        request(now, [other, ours]),
        request(now - 120, [ours]),
        request(now, [other]),
        request(now - 900, [ours]),
        request(now + 900, [ours]),
        request(now, [ours], `${body} `),
      ])
      const signed = await request(now, [ours])
      const lacking = Object.keys(signed.headers).map((name) => ({
        ...signed,
        headers: Object.fromEntries(Object.entries(signed.headers).filter(([other]) => other !== name)),
      }))
      const odd = [
        ['webhook-timestamp', '²'],
        ['webhook-signature', 'v1,*** v1,A v1, é'],
      ].map(([name = '', value]) => ({ ...signed, headers: { ...signed.headers, [name]: value } }))
      expect(run(language, files, program, args, cases)).toEqual([true, true, true, false, false, false, false])
      expect(run(language, files, program, args, [...lacking, ...odd])).toEqual([false, false, false, false, false])
    })
  },
)

function run(
  language: string,
  files: Readonly<Record<string, string | undefined>>,
  program: string,
  args: readonly string[],
  cases: unknown,
): unknown {
  const home = mkdtempSync(join(folder, language))
  for (const [name, text = ''] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true })
    writeFileSync(join(home, name), text)
  }
  const done = spawnSync(program, args, { cwd: home, input: JSON.stringify(cases), encoding: 'utf8' })
  if (done.status !== 0) throw new Error(done.stderr)
  return JSON.parse(done.stdout)
}
