/** The address of a server that listens there; one of IPv6 stands in brackets. */
export const urlAt = (host: string, port: number): string => `http://${host.includes(':') ? `[${host}]` : host}:${port}`
