import { onScopeDispose } from 'vue'

import { order as readOrder, type Order } from '@/api/orders'

/** The pause between two requests, in milliseconds, and their number: enough for most payment deadlines. */
export const PAUSE = 3000
export const TRIES = 600

/**
 * Reads the order repeatedly until `isAsBefore` returns false, for a page that shows a code to scan with another device.
 * `isOver` is called if the order was unchanged to the last request. */
export function usePaid(number: string, isAsBefore: (now: Order) => boolean, isOver: () => void) {
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = (): void => {
    clearTimeout(timer)
    timer = undefined
  }

  async function ask(triesLeft: number): Promise<void> {
    // A failed request is simply repeated.
    const mine = timer
    const now = await readOrder(number).catch(() => undefined)
    // The page may have stopped or restarted in the meantime: then this response is of no use.
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
