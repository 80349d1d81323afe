import { afterEach, describe, expect, it } from 'vitest'

import { fromShanghai, learnTime, left, serverNow, shanghaiDay } from './time'

describe('times of the service', () => {
  afterEach(() => {
    learnTime(new Date().toUTCString())
  })

  it('are those of Shanghai, wherever the browser is', () => {
    expect(fromShanghai('2026-11-25 12:30:00')).toBe(Date.UTC(2026, 10, 25, 4, 30))
    expect(fromShanghai('2026-11-25 00:00:00.123456')).toBe(Date.UTC(2026, 10, 24, 16))
  })

  it.each(['', 'soon', '2026-13-45 99:99:99', '25.11.2026 12:00'])('%o is none', (text) => {
    expect(fromShanghai(text)).toBeUndefined()
  })

  it('a day begins in Shanghai eight hours before Greenwich', () => {
    expect(shanghaiDay(Date.UTC(2026, 10, 24, 15, 59))).toBe('2026-11-24')
    expect(shanghaiDay(Date.UTC(2026, 10, 24, 16))).toBe('2026-11-25')
  })

  it('are counted by the service’s clock where the browser’s is wrong', () => {
    const hour = 3600_000
    learnTime(new Date(Date.now() + hour).toUTCString())
    expect(Math.abs(serverNow() - Date.now() - hour)).toBeLessThan(1500)
    learnTime(null)
    learnTime('not a date')
    expect(serverNow() - Date.now()).toBeGreaterThan(hour / 2)
  })
})

describe('what is left', () => {
  it.each([
    [1, '00分01秒'],
    [61, '01分01秒'],
    [1800, '30分00秒'],
    [3599, '59分59秒'],
    [3600, '1小时00分00秒'],
    [90_061, '25小时01分01秒'],
  ])('%i seconds are %s', (seconds, text) => {
    expect(left(seconds * 1000, 0)).toBe(text)
  })

  it('counts the second that has begun, and ends with the deadline', () => {
    expect(left(1000, 1)).toBe('00分01秒')
    expect(left(1000, 999)).toBe('00分01秒')
    expect(left(1000, 1000)).toBeUndefined()
    expect(left(1000, 5000)).toBeUndefined()
  })
})
