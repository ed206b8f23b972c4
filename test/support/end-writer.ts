/** Imported before a server: SIGUSR2 then ends its threads, as a fault in them would. */
process.on('worker', (worker) => process.on('SIGUSR2', () => void worker.terminate()))
