/** The part of the Workers runtime that tests use. The runtime's own types redeclare the globals that Node's declare. */
declare module 'cloudflare:workers' {
  export const env: { readonly DB: import('@cloudflare/workers-types').D1Database }
}

declare module 'cloudflare:test' {
  export function applyD1Migrations(
    db: import('@cloudflare/workers-types').D1Database,
    migrations: readonly { readonly name: string; readonly queries: readonly string[] }[],
  ): Promise<void>
}
