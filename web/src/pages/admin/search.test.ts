import { expect, it } from 'vitest'

import { filterFrom, isWebhooks, listLink, logFilterFrom, orderFrom, orderLink, orderNumber, webhooksLink } from './search'

const none = { number: '', user: '', status: '', from: '', to: '' }

it.each([
  ['', none],
  ['?number=2026&user=%E8%BE%BE%E8%BE%BE&status=2&from=2026-11-01&to=2026-11-28', { number: '2026', user: '达达', status: '2', from: '2026-11-01', to: '2026-11-28' }],
  ['?number=abc&user=&status=9&from=yesterday&to=2026', none],
])('%s means a filter, and back', (search, filter) => {
  expect(filterFrom(search)).toEqual(filter)
  expect(filterFrom(listLink(filter).replace('admin.html', ''))).toEqual(filter)
})

it.each([
  ['?webhooks', { endpoint: '', number: '' }],
  ['?webhooks&endpoint=erp&number=2026', { endpoint: 'erp', number: '2026' }],
  ['?webhooks&endpoint=ERP&number=abc', { endpoint: '', number: '' }],
])('%s means what the delivery log is asked for, and back', (search, filter) => {
  expect(logFilterFrom(search)).toEqual(filter)
  const link = webhooksLink(filter).replace('admin.html', '')
  expect([isWebhooks(link), orderFrom(link), logFilterFrom(link)]).toEqual([true, undefined, filter])
})

it.each([
  [' 2026112510000001 ', '2026112510000001'],
  ['2026112510000001_2', '2026112510000001'],
  ['2026112510000001_12\t', '2026112510000001'],
  ['', ''],
])('%o is looked for as order %o', (typed, number) => {
  expect(orderNumber(typed)).toBe(number)
})

it('an order has an address of its own', () => {
  expect(listLink(none)).toBe('admin.html')
  expect(orderFrom('?order=2026112510000001')).toBe('2026112510000001')
  expect(orderFrom('?order=abc')).toBe('abc')
  expect(orderFrom('?order=')).toBeUndefined()
  expect(orderFrom(orderLink('a&b').replace('admin.html', ''))).toBe('a&b')
})
