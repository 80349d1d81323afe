import { describe, expect, it } from 'vitest'

import { nextPage, signInPage } from './session'
import { orderFrom, skuFrom } from './page'

const round = (pathname: string, search = '') => nextPage(signInPage({ pathname, search }).replace('login.html', ''))

describe('sign-in', () => {
  it('leads back to where it was asked for', () => {
    expect(round('/cart.html')).toBe('cart.html')
    expect(round('/orderConfirm.html', '?settlement_type=1&sku_id=4&buy_num=2')).toBe('orderConfirm.html?settlement_type=1&sku_id=4&buy_num=2')
    expect(round('/')).toBe('index.html')
  })

  it.each([
    'https://evil.example/x.html',
    '//evil.example/x.html',
    'javascript:alert(1)',
    '\\\\evil.example',
    '/\\evil.example/a.html',
    'data:text/html,x',
    'evil.example/cart.html',
    'login.html?next=login.html',
    'cart.html#x',
  ])('never leads to %s', (next) => {
    expect(nextPage(`?next=${encodeURIComponent(next)}`)).toBe('index.html')
  })
})

describe('links', () => {
  it.each([
    ['?sku_id=6', 6],
    ['?id=6', 6],
    ['?6', 6],
    ['?sku_id=x', undefined],
    ['?sku_id=-1', undefined],
    ['', undefined],
  ])('%o is SKU %o', (search, sku) => {
    expect(skuFrom(search)).toBe(sku)
  })

  it('carry order numbers as digits that no number would hold', () => {
    expect(orderFrom('?order_id=2026112404262601')).toBe('2026112404262601')
    expect(orderFrom('?out_trade_no=202611240426260123')).toBe('202611240426260123')
    expect(orderFrom('?order_id=<img>')).toBeUndefined()
  })
})
