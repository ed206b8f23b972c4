import { createServer, type AddressInfo, type Socket } from 'node:net'

/**
 * A receiver that says what it likes: `talk` gets each socket, with how many requests came over all of them, whenever a
 * whole request has come in.
 */
export async function startTcp(talk: (socket: Socket, request: number, onThisSocket: number) => void) {
  const sockets = new Set<Socket>()
  let requests = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    let seen = ''
    let here = 0
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1')
      const head = seen.indexOf('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(seen)?.[1] ?? 0)
      if (head < 0 || seen.length < head + 4 + length) return
      seen = seen.slice(head + 4 + length)
      talk(socket, ++requests, ++here)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    connections: () => sockets.size,
    /** Resolves when no socket is open. */
    quiet: async () => {
      await Promise.all([...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))))
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
