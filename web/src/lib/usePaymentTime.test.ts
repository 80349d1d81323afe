import { effectScope, nextTick, ref } from 'vue'
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
  expect(vi.getTimerCount()).toBe(deadline === null ? 0 : 1)
  for (const state of states) {
    expect([time?.countdown.value, time?.canBegin.value, time?.isOver.value]).toEqual(state)
    vi.advanceTimersByTime(60_000)
  }
  scope.stop()
  expect(vi.getTimerCount()).toBe(0)
})

it('ticks from when there is a deadline until there is none', async () => {
  vi.useFakeTimers({ now: Date.parse('2026-11-25T12:00:00+08:00') })
  const scope = effectScope()
  const deadline = ref<string | null>(null)
  const time = scope.run(() => usePaymentTime(() => deadline.value))
  vi.advanceTimersByTime(60_000)
  deadline.value = '2026-11-25 12:02:00'
  await nextTick()
  expect(time?.countdown.value).toBe('01分00秒')
  vi.advanceTimersByTime(1000)
  expect(time?.countdown.value).toBe('00分59秒')
  deadline.value = null
  await nextTick()
  expect([time?.countdown.value, vi.getTimerCount()]).toEqual([undefined, 0])
  scope.stop()
})
