import { expect, it } from 'vitest'

import { leaveNotice, takeNotice } from './notice'

it('a notice is told once', () => {
  expect(takeNotice()).toBeUndefined()
  leaveNotice('数量已调整')
  expect(takeNotice()).toBe('数量已调整')
  expect(takeNotice()).toBeUndefined()
})
