import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Db } from '../../db/db.ts'
import { migrate, type Migration } from '../../db/migrate.ts'
import { rowFields, steadyRead } from '../../db/prepared.ts'
import { raiseEventCounter } from '../../db/queries/outbox.ts'
import { insertRows } from '../../db/rows.ts'

/** What every engine has to do. `open` gives a database that the migrations have run on; it is closed at the end. */
export function dbContract(name: string, open: () => Promise<{ db: Db; migrations: readonly Migration[] }>): void {
  describe(`the database on ${name}`, () => {
    let db: Db
    let migrations: readonly Migration[]
    beforeAll(async () => void ({ db, migrations } = await open()))
    afterAll(() => db.close())

    const put = (name: string, value: string) => db.q.insertInto('setting').values({ name, value })
    const valueOf = async (name: string) =>
      (await db.q.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst())?.value
    const kindOf = async (work: Promise<unknown>) =>
      work.then(
        () => 'accepted',
        (error: { kind?: string }) => error.kind,
      )

    test('has run its migrations, and runs none of them twice', async () => {
      expect(await migrate(db, migrations)).toEqual([])
      const sites = await db.q.selectFrom('site').select(['id', 'created_at']).execute()
      expect(sites).toEqual([{ id: 'sit_main', created_at: 0 }])
    })

    describe('commit', () => {
      test('answers each statement with what it returned and how much it changed', async () => {
        const results = await db.commit([
          put('answer-1', 'one'),
          put('answer-2', 'two').returning('value'),
          db.q.updateTable('setting').set({ value: 'new' }).where('name', 'like', 'answer-%'),
          db.q.updateTable('setting').set({ value: 'new' }).where('name', '=', 'nobody').returning('name'),
          db.q.selectFrom('setting').select(['name', 'value']).where('name', 'like', 'answer-%').orderBy('name'),
        ])
        expect(results).toEqual([
          { rows: [], changes: 1 },
          { rows: [{ value: 'two' }], changes: 1 },
          { rows: [], changes: 2 },
          { rows: [], changes: 0 },
          {
            rows: [
              { name: 'answer-1', value: 'new' },
              { name: 'answer-2', value: 'new' },
            ],
            changes: 0,
          },
        ])
      })

      test('leaves nothing behind when a rule in its middle is broken', async () => {
        const rule = sql`insert into must (ok) select 0 where exists (select 1 from setting where name = ${'whole-1'})`
        const list = [put('whole-1', 'a'), rule.compile(db.q), put('whole-2', 'b')]
        expect(await kindOf(db.commit(list))).toBe('constraint')
        expect(await valueOf('whole-1')).toBeUndefined()
        expect(await valueOf('whole-2')).toBeUndefined()
      })

      test('goes through where the rule holds, and the rule leaves no row', async () => {
        const rule = sql`insert into must (ok) select 0 where exists (select 1 from setting where name = ${'nobody'})`
        await db.commit([rule.compile(db.q), put('kept-1', 'a')])
        expect(await valueOf('kept-1')).toBe('a')
        expect(await db.q.selectFrom('must').selectAll().execute()).toEqual([])
      })

      test('says what kind of failure it was', async () => {
        await db.commit([put('twice', 'a')])
        expect(await kindOf(db.commit([put('twice', 'b')]))).toBe('constraint')
        expect(await kindOf(db.commit([sql`insert into nowhere (x) values (1)`.compile(db.q)]))).toBe('broken')
        expect(await kindOf(sql`select nothing from setting`.execute(db.q))).toBe('broken')
        expect(await valueOf('twice')).toBe('a')
      })

      test('refuses parameters that the engines would read each in its own way', async () => {
        for (const value of [true, undefined, new Date(0), 1n, Number.NaN, new Uint8Array(1)]) {
          expect(await kindOf(db.commit([sql`select ${value} as value`.compile(db.q)]))).toBe('broken')
        }
      })

      test('of an empty list is nothing to do', async () => {
        expect(await db.commit([])).toEqual([])
      })

      test('numbers a hundred commits at once in their order, without a gap', async () => {
        const one = (id: string) =>
          db.commit([
            sql`update counter set value = value + 1 where name = 'audit'`.compile(db.q),
            sql`insert into audit (id, seq, at, actor_id, actor_name, address, action, target, owner)
              select ${id}, value, 0, '', '', '', '', '', '' from counter where name = 'audit'`.compile(db.q),
          ])
        await Promise.all(Array.from({ length: 100 }, (_, i) => one(`aud_${i}`)))
        const rows = await db.q.selectFrom('audit').select('seq').orderBy('seq').execute()
        expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
      })
    })

    describe('a steady read', () => {
      const nameOf = steadyRead<{ name: string }>((on, json) => {
        const id = rowFields(on, sql`r.value`)('id')
        return sql`select s.name as name from ${on.dialect.rows(json)} as r join site s on s.id = ${id}`
      })
      const name = async () => (await nameOf(db, [{ id: 'sit_steady' }]))[0]?.name
      const rename = (to: string) => db.q.updateTable('site').set({ name: to }).where('id', '=', 'sit_steady')

      test('tells what was committed last, in whatever way', async () => {
        expect(await name()).toBeUndefined()
        const site = { id: 'sit_steady', slug: 'steady', name: 'First', state: 'active' as const, created_at: 1 }
        await db.commit([db.q.insertInto('site').values(site)])
        expect(await name()).toBe('First')
        await db.commit([raiseEventCounter(db, [{ events: 0 }]), rename('Second')])
        expect(await name()).toBe('Second')
        await rename('Third').execute()
        expect(await name()).toBe('Third')
      })

      test('is asked anew when something else than hot statements was committed, where that can be known', async () => {
        const asked: string[] = []
        const told: Db = { ...db, read: (query) => (asked.push(query.sql), db.read(query)) }
        const read = () => nameOf(told, [{ id: 'sit_steady' }])
        const before = db.changes?.()
        await read()
        await told.commit([raiseEventCounter(told, [{ events: 0 }])])
        await read()
        expect(db.changes?.()).toBe(before)
        expect(asked).toHaveLength(before === undefined ? 2 : 1)
        await told.commit([rename('Fourth')])
        expect(await read()).toEqual([{ name: 'Fourth' }])
        expect(asked).toHaveLength(before === undefined ? 3 : 2)
      })
    })

    describe('q', () => {
      test('sees what was committed', async () => {
        await db.commit([put('seen', 'yes')])
        expect(await valueOf('seen')).toBe('yes')
      })

      test('takes single writes too, as the accounts library makes them', async () => {
        const inserted = await put('single', 'a').returningAll().executeTakeFirst()
        expect(inserted).toEqual({ name: 'single', value: 'a' })
        const where = db.q.updateTable('setting').set({ value: 'b' }).where('name', '=', 'single')
        expect((await where.executeTakeFirst()).numUpdatedRows).toBe(1n)
        const removed = await db.q.deleteFrom('setting').where('name', '=', 'single').executeTakeFirst()
        expect(removed.numDeletedRows).toBe(1n)
        expect(
          await kindOf(
            put('twice-by-q', 'a')
              .execute()
              .then(() => put('twice-by-q', 'a').execute()),
          ),
        ).toBe('constraint')
      })

      test('has no transactions to offer', async () => {
        await expect(db.q.transaction().execute(() => Promise.resolve())).rejects.toThrow('write with commit')
      })

      test('gives whole numbers as numbers: milliseconds, counts and sums', async () => {
        const at = 1_767_225_600_123
        await db.commit([
          db.q.insertInto('site').values({ id: 'sit_n', slug: 'n', name: 'N', state: 'active', created_at: at }),
        ])
        const row = await db.q
          .selectFrom('site')
          .select(({ fn }) => [
            fn.max('created_at').as('latest'),
            fn.countAll().as('count'),
            fn.sum('created_at').as('sum'),
          ])
          .where('id', '=', 'sit_n')
          .executeTakeFirst()
        expect(row).toEqual({ latest: at, count: 1, sum: at })
      })
    })

    describe('the dialect', () => {
      const read = (elements: readonly object[], kind: 'text' | 'number') => {
        const field =
          kind === 'text' ? db.dialect.field(sql`r.value`, 'x', kind) : db.dialect.field(sql`r.value`, 'x', kind)
        const rows = db.dialect.rows(JSON.stringify(elements))
        return sql<{ n: number; x: unknown }>`select r.n, ${field} as x from ${rows} as r order by r.n`.execute(db.q)
      }

      test('reads texts out of rows of JSON as they were written', async () => {
        const texts = ["it's", '"quoted"', 'back\\slash', 'å ß 漢 🪝', 'line\nbreak', '', '%_$.x', '{"inner": 1}']
        const { rows } = await read(
          texts.map((x) => ({ x })),
          'text',
        )
        expect(rows).toEqual(texts.map((x, n) => ({ n, x })))
      })

      test('reads whole numbers as integers, and what is null or missing as null', async () => {
        const { rows } = await read([{ x: 1_767_225_600_123 }, { x: 0 }, { x: -5 }, { x: null }, {}], 'number')
        expect(rows.map(({ x }) => x)).toEqual([1_767_225_600_123, 0, -5, null, null])
        expect((await read([{ x: null }, {}], 'text')).rows.map(({ x }) => x)).toEqual([null, null])
        const number = db.dialect.field(sql`r.value`, 'x', 'number')
        const rowsOf = db.dialect.rows('[{"x":1767225600123}]')
        const text = await sql`select cast(${number} as text) as x from ${rowsOf} as r`.execute(db.q)
        expect(text.rows).toEqual([{ x: '1767225600123' }])
      })

      test('takes no rows from an empty array, and keeps the order of many', async () => {
        expect((await read([], 'text')).rows).toEqual([])
        const many = Array.from({ length: 1000 }, (_, n) => ({ x: n }))
        expect((await read(many, 'number')).rows).toEqual(many.map(({ x }, n) => ({ n, x })))
      })

      test('hands an element on as JSON text, and reads a field of a stored text', async () => {
        const element = { z: 1, a: { deep: ['å', null] } }
        const rows = db.dialect.rows(JSON.stringify([element]))
        await db.commit([
          sql`insert into setting (name, value) select 'element', r.value from ${rows} as r`.compile(db.q),
        ])
        expect(JSON.parse((await valueOf('element')) ?? '')).toEqual(element)
        const field = db.dialect.field(sql`value`, 'z', 'number')
        expect((await sql`select ${field} as z from setting where name = 'element'`.execute(db.q)).rows).toEqual([
          { z: 1 },
        ])
      })

      test('refuses a field name that an engine could read as a path', () => {
        for (const name of ['a.b', '0', "it's", '$', '']) {
          expect(() => db.dialect.field(sql`value`, name, 'text')).toThrow('no field name')
        }
      })

      test('joins rows of JSON with a table in one insert', async () => {
        const field = (name: string) => db.dialect.field(sql`r.value`, name, 'text')
        const rows = db.dialect.rows(
          JSON.stringify([
            { site: 'sit_main', type: 'a' },
            { site: 'sit_none', type: 'b' },
          ]),
        )
        const [result] = await db.commit([
          sql`insert into webhook_event (webhook_id, event_type)
            select site.id, ${field('type')} from ${rows} as r join site on site.id = ${field('site')}
            returning webhook_id, event_type`.compile(db.q),
        ])
        expect(result).toEqual({ rows: [{ webhook_id: 'sit_main', event_type: 'a' }], changes: 1 })
      })

      test('finds text whatever its case, and takes wildcards literally', async () => {
        const names = ['100% Wool', '1000 wool', 'snake_case', 'snakeXcase', 'back\\slash', 'Åre']
        await db.commit(names.map((value, i) => put(`like-${i}`, value)))
        const find = async (text: string) => {
          const rows = await db.q
            .selectFrom('setting')
            .select('value')
            .where('name', 'like', 'like-%')
            .where(db.dialect.like(sql.ref('value'), text))
            .orderBy('name')
            .execute()
          return rows.map(({ value }) => value)
        }
        expect(await find('WOOL')).toEqual(['100% Wool', '1000 wool'])
        expect(await find('100%')).toEqual(['100% Wool'])
        expect(await find('e_c')).toEqual(['snake_case'])
        expect(await find('K\\S')).toEqual(['back\\slash'])
        expect(await find('Åre')).toEqual(['Åre'])
        expect(await find(`${'x'.repeat(200)}`)).toEqual([])
      })

      test('adds up in an upsert', async () => {
        const add = (delivered: number) =>
          db.q
            .insertInto('delivery_hour')
            .values({ webhook_id: 'whk_1', hour: 3_600_000, delivered, failed: 1 })
            .onConflict((on) =>
              on.columns(['webhook_id', 'hour']).doUpdateSet({
                delivered: sql<number>`delivery_hour.delivered + ${db.dialect.incoming('delivered')}`,
                failed: sql<number>`delivery_hour.failed + ${db.dialect.incoming('failed')}`,
              }),
            )
        await db.commit([add(2), add(3)])
        await db.commit([add(5)])
        const hours = await db.q.selectFrom('delivery_hour').select(['delivered', 'failed']).execute()
        expect(hours).toEqual([{ delivered: 10, failed: 3 }])
      })
    })

    test('takes many rows as they are: texts of digits, numbers, and what is null in all of them', async () => {
      const secrets = [
        { user_id: 'usr_1', cipher: '007', confirmed_at: null, last_step: 58_907_520 },
        { user_id: 'usr_2', cipher: '', confirmed_at: null, last_step: 0 },
      ]
      const mails = [
        { id: 'mal_1', user_id: 'usr_1', about: '1', created_at: 1_767_225_600_123, due_at: 2, tries: 0, error: null },
      ]
      await db.commit([...insertRows(db, 'two_factor', secrets), ...insertRows(db, 'mail', mails)])
      expect(await db.q.selectFrom('two_factor').selectAll().orderBy('user_id').execute()).toEqual(secrets)
      expect(await db.q.selectFrom('mail').selectAll().execute()).toEqual(mails)
    })

    test('lets a second event with the same key fall away, by a partial unique index', async () => {
      const event = (id: string, seq: number, key: string | null) =>
        sql`insert into event (id, seq, type, site_id, payload, source, test, hops, idempotency_key, fingerprint, occurred_at, created_at)
          values (${id}, ${seq}, 'a', 'sit_main', '{}', 'test', 0, 0, ${key}, '', 0, 0)
          on conflict (site_id, idempotency_key) where idempotency_key is not null do nothing returning id`.compile(
          db.q,
        )
      const results = await db.commit([
        event('evt_1', 1, 'key'),
        event('evt_2', 2, 'key'),
        event('evt_3', 3, null),
        event('evt_4', 4, null),
      ])
      expect(results.map(({ rows }) => rows)).toEqual([[{ id: 'evt_1' }], [], [{ id: 'evt_3' }], [{ id: 'evt_4' }]])
    })

    test('hands each due row to one claim only', async () => {
      await db.commit(Array.from({ length: 20 }, (_, i) => put(`due-${String(i).padStart(2, '0')}`, 'free')))
      const claim = (who: string) =>
        db.commit([
          sql`update setting set value = ${who} where name in
            (select name from setting where name like 'due-%' and value = 'free' order by name limit ${5} ${db.dialect.claimLock})
            returning name`.compile(db.q),
        ])
      const claims = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(claim))
      const names = claims.flatMap(([result]) => result?.rows.map(({ name }) => name) ?? [])
      expect(names).toHaveLength(20)
      expect(new Set(names).size).toBe(20)
    })
  })
}
