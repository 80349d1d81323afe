import { effectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { order } from '@/api/orders'

import { PAUSE, TRIES, usePaid } from './usePaid'

vi.mock('@/api/orders', () => ({ order: vi.fn() }))

const answers = (status: number) => vi.mocked(order).mockResolvedValue({ status } as Awaited<ReturnType<typeof order>>)

describe('waiting for a scanned code', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.mocked(order).mockReset()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('asks until the order is paid, also after a failure', async () => {
    const paid = vi.fn()
    const scope = effectScope()
    scope.run(() => {
      usePaid('1', paid).start()
    })
    vi.mocked(order).mockRejectedValueOnce(new Error('offline'))
    answers(1)
    await vi.advanceTimersByTimeAsync(3 * PAUSE)
    expect(paid).not.toHaveBeenCalled()
    answers(2)
    await vi.advanceTimersByTimeAsync(PAUSE)
    expect(paid).toHaveBeenCalledOnce()
    await vi.advanceTimersByTimeAsync(3 * PAUSE)
    expect(order).toHaveBeenCalledTimes(4)
    scope.stop()
  })

  it('asks a bounded number of times, and not at all once the page is left', async () => {
    answers(1)
    const scope = effectScope()
    const waiting = scope.run(() => usePaid('1', vi.fn()))
    waiting?.start()
    await vi.advanceTimersByTimeAsync((TRIES + 10) * PAUSE)
    expect(order).toHaveBeenCalledTimes(TRIES + 1)
    waiting?.start()
    scope.stop()
    await vi.advanceTimersByTimeAsync(3 * PAUSE)
    expect(order).toHaveBeenCalledTimes(TRIES + 1)
  })
})
