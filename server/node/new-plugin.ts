import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { PLURALS } from './build/catalogs.ts'

/** What is wrong with the slug of a plugin that is to be made, as a sentence; null when it is free to take. */
export function wrongSlug(slug: string | undefined, root: string): string | null {
  if (slug === undefined) return 'Say how the plugin is called: npm run plugin:new my-shop'
  if (!/^[a-z][a-z0-9-]{1,39}$/.test(slug)) {
    return `${JSON.stringify(slug)} is no slug. It has 2 to 40 lower-case letters, digits and hyphens, a letter first: my-shop`
  }
  const taken = [folderOf(slug), testOf(slug)].find((path) => existsSync(join(root, path)))
  return taken === undefined ? null : `${taken} is there already. Take another slug.`
}

const folderOf = (slug: string) => `plugins/${slug}`
const testOf = (slug: string) => `test/plugins/${slug}.test.ts`

/** The files of a new plugin by their path: an event, a page with a form, its translations, and a test. */
export const newPlugin = (slug: string): Readonly<Record<string, string>> => ({
  [`${folderOf(slug)}/plugin.ts`]: pluginTs(slug, titleOf(slug)),
  [`${folderOf(slug)}/notes.eta`]: notesEta,
  ...Object.fromEntries(
    Object.entries(translations).map(([language, texts]) => [
      `${folderOf(slug)}/${language}.po`,
      poFile(language, { [titleOf(slug)]: titleOf(slug), ...texts }),
    ]),
  ),
  [`${folderOf(slug)}/readme.md`]: readme(slug, titleOf(slug)),
  [testOf(slug)]: testTs(slug),
})

/** `my-shop` is My Shop. */
const titleOf = (slug: string): string =>
  slug
    .split('-')
    .filter(Boolean)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join(' ')

/** `my-shop` is myShop, as a name in code. */
const nameOf = (slug: string): string => slug.replaceAll(/-+(\w?)/g, (_, letter: string) => letter.toUpperCase())

const pluginTs = (slug: string, title: string) => `import { z } from 'zod'
import { definePlugin, event, msg } from 'hookline/plugin'

export const noteWritten = event('${slug}.note_written', {
  title: 'Note Written',
  sentence: 'Somebody wrote a note',
  description: 'Happens when a note is saved.',
  lane: 'realtime',
  payload: z.looseObject({ note_id: z.string(), text: z.string().min(1) }),
  sample: { note_id: 'rec_1001', text: 'Call the printer' },
})

const note = z.strictObject({ id: z.string(), text: z.string() })

export default definePlugin(
  {
    slug: '${slug}',
    version: '0.1.0',
    title: '${title}',
    description: 'Keeps notes and tells of each new one.',
    requires: { host: '^1.0' },
    scope: 'site',
    defaultActive: true,
    events: [noteWritten],
    storage: { notes: { schema: note } },
  },
  ({ route, page }) => {
    route('POST /notes', async (request, { storage, emit, newId, render }) => {
      const text = String((await request.formData()).get('text') ?? '').trim()
      if (text === '') return render('/notes', { error: msg('Write something first.') })
      const id = newId()
      storage.notes.put(id, { text })
      emit(noteWritten, { note_id: id, text })
      return new Response(null, { status: 303, headers: { location: 'notes' } })
    })
    page('/notes', {
      title: 'Notes',
      template: 'notes',
      load: async ({ storage }) => ({ error: null, notes: await storage.notes.list() }),
    })
  },
)
`

const notesEta = `<section class="metabox" aria-labelledby="h-write">
  <header><h2 id="h-write"><%= t('Note') %></h2></header>
  <form class="inside" method="post" action="notes">
    <%~ include('partials/field', { name: 'text', label: t('Note'), error: it.error && t.say(it.error), attrs: { maxlength: 500 } }) %>
    <div class="actions"><button class="button primary"><%= t('Save') %></button></div>
  </form>
</section>
<section class="stack" aria-labelledby="h-notes">
  <h2 id="h-notes"><%= t('Notes') %></h2>
<% if (it.notes.length === 0) { %>
  <div class="metabox empty stack"><p><%= t('No notes yet.') %></p></div>
<% } else { %>
  <ul class="metabox feed">
<% for (const note of it.notes) { %>
    <li><div><%= note.text %></div></li>
<% } %>
  </ul>
<% } %>
</section>
`

const readme = (slug: string, title: string) => `# ${title}

Keeps notes, on the page _Notes_. It sends \`${slug}.note_written\` for each of them.
`

const testTs = (slug: string) => `import { expect, test } from 'vitest'
import { testHost } from 'hookline/plugin/test'
import ${nameOf(slug)} from '../../plugins/${slug}/plugin.ts'

test('writing a note emits ${slug}.note_written', async () => {
  const host = await testHost(${nameOf(slug)})
  await host.request('POST /notes', { form: { text: 'Call the printer' } })
  expect(host.emitted).toMatchObject([{ name: '${slug}.note_written', payload: { text: 'Call the printer' } }])
})
`

/** The English text of each is above. What the core translates already, such as "Save", is not here. */
const translations: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  sv: {
    'Keeps notes and tells of each new one.': 'Sparar anteckningar och berättar om varje ny.',
    'Note Written': 'Anteckning skriven',
    'Somebody wrote a note': 'Någon skrev en anteckning',
    'Happens when a note is saved.': 'Händer när en anteckning sparas.',
    Notes: 'Anteckningar',
    Note: 'Anteckning',
    'No notes yet.': 'Inga anteckningar ännu.',
    'Write something first.': 'Skriv något först.',
  },
  nl: {
    'Keeps notes and tells of each new one.': 'Bewaart notities en meldt elke nieuwe.',
    'Note Written': 'Notitie geschreven',
    'Somebody wrote a note': 'Iemand schreef een notitie',
    'Happens when a note is saved.': 'Gebeurt wanneer een notitie wordt opgeslagen.',
    Notes: 'Notities',
    Note: 'Notitie',
    'No notes yet.': 'Nog geen notities.',
    'Write something first.': 'Schrijf eerst iets.',
  },
  es: {
    'Keeps notes and tells of each new one.': 'Guarda notas y avisa de cada una nueva.',
    'Note Written': 'Nota escrita',
    'Somebody wrote a note': 'Alguien escribió una nota',
    'Happens when a note is saved.': 'Ocurre cuando se guarda una nota.',
    Notes: 'Notas',
    Note: 'Nota',
    'No notes yet.': 'Aún no hay notas.',
    'Write something first.': 'Escribe algo primero.',
  },
  nb: {
    'Keeps notes and tells of each new one.': 'Lagrer notater og forteller om hvert nytt.',
    'Note Written': 'Notat skrevet',
    'Somebody wrote a note': 'Noen skrev et notat',
    'Happens when a note is saved.': 'Skjer når et notat lagres.',
    Notes: 'Notater',
    Note: 'Notat',
    'No notes yet.': 'Ingen notater ennå.',
    'Write something first.': 'Skriv noe først.',
  },
}

const poFile = (language: string, texts: Readonly<Record<string, string>>): string =>
  [
    `msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Language: ${language}\\n"
"Plural-Forms: ${PLURALS}\\n"
`,
    ...Object.entries(texts).map(([one, translated]) => `msgid "${one}"\nmsgstr "${translated}"\n`),
  ].join('\n')

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '../..')
  const [slug = ''] = process.argv.slice(2)
  const wrong = wrongSlug(process.argv[2], root)
  if (wrong !== null) {
    console.error(wrong)
    process.exitCode = 1
  } else {
    for (const [path, text] of Object.entries(newPlugin(slug))) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text, { flag: 'wx' })
      console.log(`Made ${path}`)
    }
    console.log(`The next npm start finds it. Its test: npx vitest run ${testOf(slug)}`)
  }
}
