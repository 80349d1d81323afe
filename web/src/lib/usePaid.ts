import { onScopeDispose } from 'vue'

import { order as readOrder } from '@/api/orders'

import { STATUS } from './status'

/** How long the page waits in between, in milliseconds, and how often it asks: for as long as an order can be paid mostly. */
export const PAUSE = 3000
export const TRIES = 600

/** Calls back once the order waits for its payment no more; for a page that shows a code to be scanned elsewhere. */
export function usePaid(number: string, onPaid: () => void) {
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = (): void => {
    clearTimeout(timer)
  }

  async function ask(triesLeft: number): Promise<void> {
    // What fails once is asked again: nothing is lost but time.
    const status = await readOrder(number).then(
      (order) => order.status,
      () => STATUS.unpaid,
    )
    if (status !== STATUS.unpaid) onPaid()
    else if (triesLeft > 0) wait(triesLeft - 1)
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
