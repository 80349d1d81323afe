import { expect, it } from 'vitest'

import { oneLine, refusal } from './line'

it('what is pasted becomes one line', () => {
  expect(oneLine('漕溪北路88号\r\n3单元\t502室\n')).toBe('漕溪北路88号 3单元 502室 ')
})

it.each([
  ['漕溪北路88号 (东门)', undefined],
  ['漕溪北路88号🏠', '不支持字符「🏠」，请换用其他文字'],
  ['𠮷田', '不支持字符「𠮷」，请换用其他文字'],
  ['漕溪北路\u0007', '不能有换行等控制字符'],
])('%s is refused as the service does', (text, why) => {
  expect(refusal(text)).toBe(why)
})
