import { effectScope } from 'vue'
import { afterEach, expect, it, vi } from 'vitest'

import { usePaymentTime } from './usePaymentTime'

afterEach(() => {
  vi.useRealTimers()
})

it.each([
  ['2026-11-25 12:02:00', ['02分00秒', true, false], ['01分00秒', false, false], [undefined, false, true]],
  [null, [undefined, true, false], [undefined, true, false], [undefined, true, false]],
  ['some day', [undefined, false, true], [undefined, false, true], [undefined, false, true]],
])('paying by %s is begun until the last minute, and goes on until it is over', (deadline, ...states) => {
  vi.useFakeTimers({ now: Date.parse('2026-11-25T12:00:00+08:00') })
  const scope = effectScope()
  const time = scope.run(() => usePaymentTime(() => deadline))
  for (const state of states) {
    expect([time?.countdown.value, time?.canBegin.value, time?.isOver.value]).toEqual(state)
    vi.advanceTimersByTime(60_000)
  }
  scope.stop()
  expect(vi.getTimerCount()).toBe(0)
})
