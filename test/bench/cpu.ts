/** Starts to count; what it gives tells how many microseconds of CPU this thread and all others of this process took since. */
export function cpuClock(): () => { readonly here: number; readonly others: number } {
  const [process0, thread0] = [process.cpuUsage(), process.threadCpuUsage()]
  const sum = ({ user, system }: NodeJS.CpuUsage): number => user + system
  return () => {
    const here = sum(process.threadCpuUsage(thread0))
    return { here, others: sum(process.cpuUsage(process0)) - here }
  }
}

export const microseconds = (n: number): string => `${n.toFixed(0)} µs`
