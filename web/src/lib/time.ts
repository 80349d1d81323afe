/** How far the service's clock is ahead of the browser's, in milliseconds. Buyers' clocks are often wrong. */
let ahead = 0

/** Learns the service's time from the `date` header of a response. */
export function learnTime(date: string | null, now = Date.now()): void {
  const told = date ? Date.parse(date) : NaN
  // The header has whole seconds; for differences below two seconds, the browser's own clock is more precise.
  if (!Number.isNaN(told)) ahead = Math.abs(told - now) < 2000 ? 0 : told - now
}

/** The service's time now, in milliseconds of the epoch. */
export const serverNow = (): number => Date.now() + ahead

/** Parses `YYYY-MM-DD HH:MM:SS`, which is always Shanghai time, into milliseconds of the epoch. */
export function fromShanghai(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)/.exec(text)
  if (!match) return undefined
  const time = Date.parse(`${match[1] ?? ''}T${match[2] ?? ''}+08:00`)
  return Number.isNaN(time) ? undefined : time
}

/** A payment starts at least this many milliseconds before the deadline: Alipay accepts no deadline less than a minute ahead. */
export const SHORTEST_PAYMENT = 60_000

/** The day in Shanghai, `YYYY-MM-DD`. */
export function shanghaiDay(time: number): string {
  return new Date(time + 8 * 3600_000).toISOString().slice(0, 10)
}

/** The time until a deadline as the text of a countdown; empty after it. */
export function left(deadline: number, now: number): string | undefined {
  const seconds = Math.ceil((deadline - now) / 1000)
  if (seconds <= 0) return undefined
  const two = (count: number) => String(count).padStart(2, '0')
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const tail = `${two(minutes)}分${two(seconds % 60)}秒`
  return hours > 0 ? `${String(hours)}小时${tail}` : tail
}
