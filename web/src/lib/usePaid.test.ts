import { effectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { order, type Order } from '@/api/orders'

import { PAUSE, TRIES, usePaid } from './usePaid'

vi.mock('@/api/orders', () => ({ order: vi.fn() }))

const answers = (status: number) => vi.mocked(order).mockResolvedValue({ status } as Order)
const isUnpaid = vi.fn(({ status }: Order) => status === 1)
const isOver = vi.fn()

describe('waiting for a scanned code', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.mocked(order).mockReset()
    isUnpaid.mockClear()
    isOver.mockClear()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('asks until the order is not as it was, also after a failure', async () => {
    const scope = effectScope()
    scope.run(() => {
      usePaid('1', isUnpaid, isOver).start()
    })
    vi.mocked(order).mockRejectedValueOnce(new Error('offline'))
    answers(1)
    await vi.advanceTimersByTimeAsync(3 * PAUSE)
    answers(2)
    await vi.advanceTimersByTimeAsync(PAUSE)
    expect(isUnpaid.mock.results.map(({ value }) => value as boolean)).toEqual([true, true, false])
    await vi.advanceTimersByTimeAsync(3 * PAUSE)
    expect(order).toHaveBeenCalledTimes(4)
    expect(isOver).not.toHaveBeenCalled()
    scope.stop()
  })

  it('asks a bounded number of times, and not at all once the page is left', async () => {
    answers(1)
    const scope = effectScope()
    const waiting = scope.run(() => usePaid('1', isUnpaid, isOver))
    waiting?.start()
    await vi.advanceTimersByTimeAsync((TRIES + 10) * PAUSE)
    expect(order).toHaveBeenCalledTimes(TRIES + 1)
    expect(isOver).toHaveBeenCalledOnce()
    waiting?.start()
    scope.stop()
    await vi.advanceTimersByTimeAsync(3 * PAUSE)
    expect(order).toHaveBeenCalledTimes(TRIES + 1)
  })

  it('goes on once where it begins anew while it asks', async () => {
    const scope = effectScope()
    const waiting = scope.run(() => usePaid('1', isUnpaid, isOver))
    waiting?.start()
    let answer: (order: Order) => void = () => undefined
    vi.mocked(order).mockImplementationOnce(() => new Promise((done) => (answer = done)))
    await vi.advanceTimersByTimeAsync(PAUSE)
    waiting?.start()
    answers(1)
    answer({ status: 1 } as Order)
    await vi.advanceTimersByTimeAsync(2 * PAUSE)
    expect(order).toHaveBeenCalledTimes(3)
    expect(isUnpaid, 'not of what was overtaken').toHaveBeenCalledTimes(2)
    scope.stop()
  })
})
