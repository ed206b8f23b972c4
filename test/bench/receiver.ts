import { createServer, type AddressInfo } from 'node:net'

// A receiver that costs as little as can be: it finds where a request ends and always says the same. It runs in a process
// of its own, so that what is measured does not share a thread with it.

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok'
const HEAD_END = '\r\n\r\n'

const server = createServer((socket) => {
  let seen = Buffer.alloc(0)
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    for (;;) {
      const head = seen.indexOf(HEAD_END)
      if (head < 0) return
      const length = Number(/content-length: (\d+)/i.exec(seen.toString('latin1', 0, head))?.[1] ?? 0)
      const end = head + HEAD_END.length + length
      if (seen.length < end) return
      seen = seen.subarray(end)
      socket.write(ANSWER)
    }
  })
})

server.listen(0, '127.0.0.1', () => process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
process.on('disconnect', () => process.exit())
