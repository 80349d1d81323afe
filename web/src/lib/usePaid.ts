import { onScopeDispose } from 'vue'

import { order as readOrder, type Order } from '@/api/orders'

/** How long the page waits in between, in milliseconds, and how often it asks: for as long as an order can be paid mostly. */
export const PAUSE = 3000
export const TRIES = 600

/**
 * Reads the order again and again, until it is not as the page wants it; for a page that shows a code to be scanned elsewhere.
 * `isOver` is called where it was as wanted to the last.
 */
export function usePaid(number: string, isAsBefore: (now: Order) => boolean, isOver: () => void) {
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = (): void => {
    clearTimeout(timer)
    timer = undefined
  }

  async function ask(triesLeft: number): Promise<void> {
    // What fails once is asked again: nothing is lost but time.
    const mine = timer
    const now = await readOrder(number).catch(() => undefined)
    // The page may have stopped or begun anew meanwhile: what was asked for before that is of no use to it.
    if (mine !== timer || (now && !isAsBefore(now))) return
    if (triesLeft > 0) wait(triesLeft - 1)
    else isOver()
  }

  function wait(triesLeft: number): void {
    timer = setTimeout(() => void ask(triesLeft), PAUSE)
  }

  const start = (): void => {
    stop()
    wait(TRIES)
  }
  onScopeDispose(stop)
  return { start, stop }
}
