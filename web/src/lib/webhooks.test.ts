import { expect, test } from 'vitest'

import { eventType, outcomeInWords } from './webhooks'

test('outcomes are told with what was answered', () => {
  expect(outcomeInWords({ outcome: 'delivered', httpStatus: 204 })).toBe('成功（HTTP 204）')
  expect(outcomeInWords({ outcome: 'unreachable', httpStatus: null })).toBe('无法连接')
  expect(outcomeInWords({ outcome: 'new', httpStatus: null })).toBe('new')
})

test('types that are not known are shown as they are', () => {
  expect(eventType('order.refund')).toBe('退款')
  expect(eventType('order.new')).toBe('order.new')
})
