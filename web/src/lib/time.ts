/** How far the service's clock is ahead of this browser's, in milliseconds. Buyers' clocks are often wrong. */
let ahead = 0

/** Learns the service's time from the `date` header of an answer. */
export function learnTime(date: string | null, now = Date.now()): void {
  const told = date ? Date.parse(date) : NaN
  // The header has whole seconds; below two of them the browser's own clock is the better one.
  if (!Number.isNaN(told)) ahead = Math.abs(told - now) < 2000 ? 0 : told - now
}

/** The service's time now, in milliseconds of the epoch. */
export const serverNow = (): number => Date.now() + ahead

/** Reads `YYYY-MM-DD HH:MM:SS`, which is always the time in Shanghai, into milliseconds of the epoch. */
export function fromShanghai(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)/.exec(text)
  if (!match) return undefined
  const time = Date.parse(`${match[1] ?? ''}T${match[2] ?? ''}+08:00`)
  return Number.isNaN(time) ? undefined : time
}

/** Paying is begun no later than so many milliseconds before the deadline: Alipay takes no deadline that is less than a minute ahead. */
export const SHORTEST_PAYMENT = 60_000

/** The day in Shanghai, `YYYY-MM-DD`. */
export function shanghaiDay(time: number): string {
  return new Date(time + 8 * 3600_000).toISOString().slice(0, 10)
}

/** What is left until a deadline, in words a countdown shows; nothing once it has passed. */
export function left(deadline: number, now: number): string | undefined {
  const seconds = Math.ceil((deadline - now) / 1000)
  if (seconds <= 0) return undefined
  const two = (count: number) => String(count).padStart(2, '0')
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const tail = `${two(minutes)}分${two(seconds % 60)}秒`
  return hours > 0 ? `${String(hours)}小时${tail}` : tail
}
